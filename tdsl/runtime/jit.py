"""Loads object code into this process: object bytes and entry names in, callable addresses out, until dropped.

On x86-64 Linux by our own loader (elf.py: no LLVM, 0.1 ms); elsewhere, and for an object that it does not know, by an
LLJIT of its own: everything it holds goes when the handle goes. (Measured over 1,000 compile-and-drop cycles: +0.2 MB;
one shared LLJIT +9 MB, one shared MCJIT +14 MB and 2,100 memory maps: shared/design/research/codegen.md, 5.)
An object may use no symbols but those named in `imports` and the C library's memory functions (LLJIT would find any of
the process): a kernel reaches the thread pool and the arena through `tdsl_env`, so that saved libraries share them.
"""

from __future__ import annotations

import ctypes
import platform
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Protocol

from tdsl.codegen.object_symbols import KERNEL_SYMBOLS, read_symbols
from tdsl.errors import InternalError
from tdsl.runtime.elf import CannotPlace
from tdsl.runtime.mapped import MappedCode


class _Loaded(Protocol):
    @property
    def closed(self) -> bool: ...
    def address(self, name: str) -> int | None: ...
    def close(self) -> None: ...


class LoadedCode:
    """Object code in memory. Addresses are valid as long as this object lives and is not closed.

    Args:
        object_code: the bytes of an object file for this machine.
        entries: the functions whose addresses are wanted.
        imports: addresses of what the object leaves undefined; the C library's memory functions are always there.

    Errors: I999 the object lacks an entry, needs a symbol that is not offered, or cannot be linked.
    """

    __slots__ = ("__weakref__", "_addresses", "_loaded")

    def __init__(
        self, object_code: bytes, entries: Iterable[str], imports: Mapping[str, int] | None = None
    ) -> None:
        wanted = tuple(entries)
        offered = {**process_symbols(KERNEL_SYMBOLS), **(imports or {})}
        missing = sorted(set(read_symbols(object_code).undefined) - set(offered))
        if missing:
            raise InternalError(
                f"the object with {', '.join(wanted)} needs {', '.join(missing)}", pass_name="runtime.jit"
            )
        self._loaded = _load(object_code, wanted, offered)
        found = {name: self._loaded.address(name) for name in wanted}
        self._addresses = {name: address for name, address in found.items() if address is not None}
        if lacking := sorted(set(wanted) - set(self._addresses)):
            self._loaded.close()
            raise InternalError(f"the object defines no {', '.join(lacking)}", pass_name="runtime.jit")

    def address(self, name: str) -> int:
        """Where entry `name` is in memory."""
        if self._loaded.closed:
            raise InternalError(f"{name} was unloaded", pass_name="runtime.jit")
        return self._addresses[name]

    def close(self) -> None:
        """Unload now rather than when the last reference goes; nothing of it may be running."""
        self._loaded.close()


def _load(object_code: bytes, wanted: tuple[str, ...], offered: Mapping[str, int]) -> _Loaded:
    if sys.platform == "linux" and platform.machine() == "x86_64":
        try:
            return MappedCode(object_code, offered)
        except CannotPlace:
            pass
    from tdsl.runtime.lljit import LinkedCode

    return LinkedCode(object_code, wanted, offered)


@lru_cache(maxsize=8)
def process_symbols(names: frozenset[str]) -> Mapping[str, int]:
    """The addresses of C library functions in this process, by name.

    Errors: I999 where the C library lacks one.
    """
    library = ctypes.CDLL(None)
    found: dict[str, int] = {}
    for name in sorted(names):
        try:
            found[name] = ctypes.addressof(ctypes.c_char.in_dll(library, name))
        except ValueError as absent:
            raise InternalError(f"the C library has no {name}", pass_name="runtime.jit") from absent
    return found
