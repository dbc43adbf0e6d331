"""isl's C functions in the library that islpy brings: names and C types in, callables out; contexts and errors.

islpy's extension module exports isl's functions beside its own classes. Calling them directly loads the classes of
neither, and loses nothing (islpy 2026.2 loses 32 bytes for each argument that it hands over to isl). Calls keep the
interpreter's lock, as islpy's do. Source: isl's manual, "Initialization", "Error Handling".
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES, PathFinder
from typing import Any

POINTER, INT, LONG, TEXT = ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_char_p

_CONTINUE = 1
"""ISL_ON_ERROR_CONTINUE: an error is a result, and nothing is printed (include/isl/options.h)."""

Pointer = int
"""An address of an isl object."""


class CannotBind(ImportError):
    """islpy's library is not found, or does not show isl's functions."""


class Error(Exception):
    """isl could not do what was asked."""


def _library() -> ctypes.PyDLL:
    """The extension module of islpy as a C library, whether or not islpy is imported."""
    if "islpy" in sys.modules:
        folders = list(getattr(sys.modules["islpy"], "__path__", ()))
    else:
        spec = PathFinder.find_spec("islpy")
        folders = list((spec.submodule_search_locations if spec is not None else None) or ())
    for path in (f"{folder}/_isl{suffix}" for folder in folders for suffix in EXTENSION_SUFFIXES):
        if os.path.exists(path):
            try:
                return ctypes.PyDLL(path)
            except OSError as reason:
                raise CannotBind(str(reason)) from reason
    raise CannotBind("no library of islpy where Python finds islpy")


_isl = _library()


def c_function(name: str, result: object, *arguments: object) -> Callable[..., Any]:
    """A function of isl. Errors: CannotBind."""
    if None in arguments:  # the process ends, and modules have lost their names
        raise CannotBind(name)
    prototype: Any = ctypes.PYFUNCTYPE
    try:
        return prototype(result, *arguments)((name, _isl))
    except AttributeError as reason:
        raise CannotBind(name) from reason


def require(name: str) -> None:
    """Nothing, where isl has the function. Errors: CannotBind."""
    try:
        ctypes.c_char.in_dll(_isl, name)
    except ValueError as reason:
        raise CannotBind(name) from reason


_alloc = c_function("isl_ctx_alloc", POINTER)
_free = c_function("isl_ctx_free", None, POINTER)
_set_on_error = c_function("isl_options_set_on_error", INT, POINTER, INT)
_set_max_operations = c_function("isl_ctx_set_max_operations", None, POINTER, ctypes.c_ulong)
_reset_operations = c_function("isl_ctx_reset_operations", None, POINTER)
_last_message = c_function("isl_ctx_last_error_msg", TEXT, POINTER)
_reset_error = c_function("isl_ctx_reset_error", None, POINTER)
free_text: Callable[[Pointer], None] = ctypes.PYFUNCTYPE(None, POINTER)(("free", ctypes.pythonapi))
"""Gives back a text that isl made."""


class Context:
    """An isl context: what objects are made in. It goes after the last of them, which all hold it."""

    __slots__ = ("pointer",)

    def __init__(self) -> None:
        self.pointer: Pointer = _alloc()
        _set_on_error(self.pointer, _CONTINUE)

    def set_max_operations(self, count: int) -> None:
        """The most operations until isl refuses; 0 for any number."""
        _set_max_operations(self.pointer, count)

    def reset_operations(self) -> None:
        """Count from 0."""
        _reset_operations(self.pointer)

    def __del__(self, free: Callable[[Pointer], None] = _free) -> None:
        pointer, self.pointer = self.pointer, 0
        free(pointer)  # at the end of the process the module has lost its names

    def failure(self, name: str) -> Error:
        """The error that a function has left."""
        if not self.pointer:
            return Error(f"call to {name} failed: its context is gone")
        message: bytes | None = _last_message(self.pointer)
        _reset_error(self.pointer)
        return Error(f"call to {name} failed: {'' if message is None else message.decode()}")
