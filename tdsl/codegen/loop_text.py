"""The loops of a kernel as text, and what follows from them: LLVM IR and assembly for a target, made when asked for.

In: Loop IR, as a value or as the text that `lower/printer.py` writes; the text alone builds the kernel again, so it is
what pickles, caches and saved kernels keep. Out: LLVM IR text a body, the name of its entry. Reading and printing are
imported when they are asked for: a kernel from the cache or a file runs without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdsl.codegen.artifact import BodyKind
from tdsl.target import Target

if TYPE_CHECKING:
    from tdsl.lower.ir import Kernel


class LoopText:
    """Loops and a target; each text is made once.

    Args:
        loops: a verified kernel, or its text.
        target: what code is for.
        shared: arrays that a call may pass twice, as an input and as an output.
    """

    __slots__ = ("_kernel", "_llvm", "_text", "shared", "target")

    def __init__(self, loops: Kernel | str, target: Target, *, shared: frozenset[str] = frozenset()) -> None:
        self.target = target
        self.shared = shared
        self._kernel = None if isinstance(loops, str) else loops
        self._text = loops if isinstance(loops, str) else ""
        self._llvm: dict[BodyKind, str] = {}

    @property
    def text(self) -> str:
        """The loops as text."""
        if not self._text and self._kernel is not None:
            from tdsl.lower.printer import kernel_text

            self._text = kernel_text(self._kernel)
        return self._text

    @property
    def kernel(self) -> Kernel:
        """The loops as a value. Errors: L2xx text that is none."""
        if self._kernel is None:
            from tdsl.lower.parser import parse_kernel

            self._kernel = parse_kernel(self._text)
        return self._kernel

    def symbol(self, kind: BodyKind) -> str:
        """The name under which a body is found in its object."""
        from tdsl.codegen.llvm.entry import symbol

        return symbol(self.kernel, kind)

    def llvm(self, kind: BodyKind) -> str:
        """The LLVM IR of a body. Errors: G122, L12x what code generation refuses."""
        if kind not in self._llvm:
            from tdsl.codegen.llvm import emit

            self._llvm[kind] = emit(self.kernel, self.target, kind, self.shared)
        return self._llvm[kind]

    def assembly(self, kind: BodyKind) -> str:
        """The assembly of a body."""
        from tdsl.codegen.machine import assembly

        return assembly(self.llvm(kind), self.target)
