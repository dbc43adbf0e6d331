"""Object code linked by LLVM: object bytes and symbols in, addresses out; one LLJIT for each object (see jit.py)."""

from __future__ import annotations

from collections.abc import Mapping

import llvmlite.binding as llvm

from tdsl.codegen.machine import jit_machine
from tdsl.errors import InternalError


class LinkedCode:
    """An object linked into an LLJIT of its own. Errors: I999 it cannot be linked."""

    __slots__ = ("__weakref__", "_engine", "_tracker")

    def __init__(self, object_code: bytes, wanted: tuple[str, ...], offered: Mapping[str, int]) -> None:
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
                pass_name="runtime.lljit",
                why=str(refusal).splitlines()[:3],
            ) from refusal
        self._engine = engine

    @property
    def closed(self) -> bool:
        return bool(self._engine.closed)

    def address(self, name: str) -> int | None:
        """Where one of the wanted symbols is."""
        return self._tracker[name]

    def close(self) -> None:
        """Unload now; nothing of it may be running."""
        self._tracker.close()  # before its engine
        self._engine.close()
