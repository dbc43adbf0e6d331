"""The entry that CPython calls: an Interface in, LLVM IR text out that checks a call's arguments and runs a body."""

from tdsl.codegen.entry.emit import emit_entry

__all__ = ["emit_entry"]
