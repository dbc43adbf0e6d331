"""Loads object code into this process: object bytes and entry names in, callable addresses out, until dropped.

One LLJIT for each object: everything it holds goes when the handle goes. (Measured over 1,000 compile-and-drop cycles:
+0.2 MB; one shared LLJIT +9 MB, one shared MCJIT +14 MB and 2,100 memory maps: shared/design/research/codegen.md, 5.)
An object may use no symbols but those named in `imports` and the C library's memory functions (LLJIT would find any of
the process): a kernel reaches the thread pool and the arena through `tdsl_env`, so that saved libraries share them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Mapping
from functools import lru_cache

import llvmlite.binding as llvm

from tdsl.codegen.machine import KERNEL_SYMBOLS, jit_machine
from tdsl.codegen.object_symbols import read_symbols
from tdsl.errors import InternalError


class LoadedCode:
    """Object code in memory. Addresses are valid as long as this object lives and is not closed.

    Args:
        object_code: the bytes of an object file for this machine.
        entries: the functions whose addresses are wanted.
        imports: addresses of what the object leaves undefined; the C library's memory functions are always there.

    Errors: I999 the object lacks an entry, needs a symbol that is not offered, or cannot be linked.
    """

    __slots__ = ("__weakref__", "_addresses", "_engine", "_tracker")

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
        builder = llvm.JITLibraryBuilder().add_object_img(object_code)
        for name, address in offered.items():
            builder.import_symbol(name, address)
        for name in wanted:
            builder.export_symbol(name)
        machine = jit_machine()
        engine = llvm.create_lljit_compiler(machine, suppress_errors=True)
        machine.close()  # the engine made a copy of its settings
        try:
            self._tracker = builder.link(engine, "kernel")
        except RuntimeError as refusal:
            engine.close()
            raise InternalError(
                f"the object with {', '.join(wanted)} cannot be linked",
                pass_name="runtime.jit",
                why=str(refusal).splitlines()[:3],
            ) from refusal
        self._engine = engine
        self._addresses = {name: self._tracker[name] for name in wanted}

    def address(self, name: str) -> int:
        """Where entry `name` is in memory."""
        if self._engine.closed:
            raise InternalError(f"{name} was unloaded", pass_name="runtime.jit")
        return self._addresses[name]

    def close(self) -> None:
        """Unload now rather than when the last reference goes; nothing of it may be running."""
        self._tracker.close()  # before its engine
        self._engine.close()


@lru_cache(maxsize=8)
def process_symbols(names: frozenset[str]) -> Mapping[str, int]:
    """The addresses of C library functions in this process, by name.

    Errors: I999 where the C library lacks one.
    """
    library = ctypes.CDLL(None)
    found: dict[str, int] = {}
    for name in sorted(names):
        try:
            function = library[name]
        except AttributeError as absent:
            raise InternalError(f"the C library has no {name}", pass_name="runtime.jit") from absent
        found[name] = ctypes.cast(function, ctypes.c_void_p).value or 0
    return found
