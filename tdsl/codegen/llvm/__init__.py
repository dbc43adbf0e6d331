"""Loop IR in, LLVM IR text out: `emit(kernel, target)` walks the loops once and writes them vectorised and hoisted."""

from tdsl.codegen.llvm.entry import emit

__all__ = ["emit"]
