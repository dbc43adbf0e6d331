"""Kernels called through emitted code: an Interface and its bodies in, a `Kernel` that CPython calls directly out.

The entry of an interface is compiled once (and kept on disk) and shared by all kernels of that interface; each kernel has
a context of its own. Where CPython or NumPy lie in memory otherwise than known, or the entry has no code for the
interface, there is no fast kernel and the caller uses the Python way.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from tdsl.codegen.entry.emit import ENTRY, PYTHON_SYMBOLS, EntryText, emit_entry
from tdsl.codegen.entry.support import FUNCTIONS, support_text
from tdsl.codegen.entry.support import PYTHON_SYMBOLS as SUPPORT_SYMBOLS
from tdsl.codegen.interface import Interface
from tdsl.codegen.object_symbols import KERNEL_SYMBOLS
from tdsl.errors import MissingTool
from tdsl.runtime.fast_kernel import Context, attach, derive, vectorcall_offset
from tdsl.runtime.foreign_types import exchange_functions
from tdsl.runtime.jit import LoadedCode
from tdsl.runtime.kernel import Kernel, Origin
from tdsl.runtime.native_run import NativeRun
from tdsl.runtime.object_cache import object_for
from tdsl.runtime.object_layout import layout_is_known
from tdsl.runtime.once import process_lock
from tdsl.runtime.slow_call import ArrayCall, FailedCall, ForeignCall
from tdsl.target import Target

CODEGEN_LEVEL = 0
"""Of entries: level 1 makes a call 11 ns faster and a build 10 ms slower."""


def fast_kernel(interface: Interface, run: NativeRun, origin: Origin) -> Kernel | None:
    """A kernel with a fast entry; None where there is none."""
    kind = _kernel_type()
    text = None if kind is None else emit_entry(interface, vectorcall_offset(Kernel) + 8)
    if kind is None or text is None:
        return None
    code = _loaded(text, interface.name)
    plain, failed = ArrayCall(interface, run), FailedCall(interface.name)
    try:
        inner = Context(text.context, _support(), plain, failed)
    except MissingTool:  # a dtype that NumPy lacks: the slow path says so when it is called
        return None
    again = cast("Callable[..., object]", kind.__new__(kind))
    attach(again, Kernel, code.address(ENTRY), inner)
    lessons = _Lessons()
    slow = ForeignCall(plain, again, lessons, (inner, code))
    outer = Context(text.context, _support(), slow, failed)
    lessons.context = weakref.ref(outer)
    for context in (inner, outer):
        run.tell(context)
    kernel = cast(Kernel, kind(interface, run, origin))
    kernel.hold(outer, code)
    attach(kernel, Kernel, code.address(ENTRY), outer)
    return kernel


class _Lessons:
    """Tells a context of the first array type met that has DLPack's C functions."""

    __slots__ = ("_known", "context")

    def __init__(self) -> None:
        self.context: Callable[[], Context | None] = lambda: None
        self._known: set[type] = set()

    def __call__(self, kind: type) -> None:
        context = self.context()
        if context is None or kind in self._known:
            return
        self._known.add(kind)
        functions = exchange_functions(kind)
        if functions is not None:
            context.set_foreign(kind, functions)


@lru_cache(maxsize=1)
def _kernel_type() -> type | None:
    """The type of fast kernels; None where this Python or NumPy does not allow them."""
    if not layout_is_known():
        return None
    try:
        return derive(Kernel)
    except (SystemError, TypeError, ValueError, AttributeError):
        return None


_entries: weakref.WeakValueDictionary[str, LoadedCode] = weakref.WeakValueDictionary()


def _loaded(text: EntryText, name: str) -> LoadedCode:
    """The code of an entry, one for all kernels of the same interface."""
    with process_lock():
        found = _entries.get(text.text)
        if found is None:
            code = object_for(text.text, Target(), f"entry of {name}", opt=CODEGEN_LEVEL,
                              allowed=PYTHON_SYMBOLS | KERNEL_SYMBOLS)  # fmt: skip
            found = LoadedCode(code, (ENTRY,), _python_symbols())
            _entries[text.text] = found
    return found


@lru_cache(maxsize=1)
def _python_symbols() -> dict[str, int]:
    """Addresses of CPython's functions."""
    names = PYTHON_SYMBOLS | SUPPORT_SYMBOLS
    return {name: ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0 for name in names}


_support_code: list[LoadedCode] = []


def _support() -> dict[str, int]:
    """Context slot -> address of the function that all entries share."""
    with process_lock():
        if not _support_code:
            code = object_for(support_text(), Target(), "entries: shared functions", opt=CODEGEN_LEVEL,
                              allowed=SUPPORT_SYMBOLS | KERNEL_SYMBOLS)  # fmt: skip
            _support_code.append(LoadedCode(code, FUNCTIONS.values(), _python_symbols()))
    return {slot: _support_code[0].address(function) for slot, function in FUNCTIONS.items()}
