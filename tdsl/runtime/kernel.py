"""A kernel as the user holds it: called with arrays, it checks them, chooses a body and runs it.

In: an Artifact, its Interface, and a maker of further bodies. Out: NumPy arrays. This is the ctypes entry; the checks
are those of semantics C1-C8. Counterparts: Halide's Callable, TVM's Module entry.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from tdsl.codegen.artifact import BodyKind
from tdsl.codegen.interface import ArrayInterface, Interface, ScalarInterface
from tdsl.errors import ArgumentError, CallMemoryError, InternalError
from tdsl.location import hide_internal_frames
from tdsl.runtime.overlap import address
from tdsl.runtime.prepare import Prepared, prepare
from tdsl.runtime.timing import Timing, measure

if TYPE_CHECKING:
    from numpy.typing import NDArray

Source = Literal["loops", "llvm", "asm"]


class Kernel:
    """A compiled kernel: `f(a, b)`, `f(a, b, out=c)`, sizes that no array binds by keyword.

    Args:
        interface: what the caller must know.
        run: runs a prepared call (native code, or an interpreter).
        source: gives the kernel's text at one level.
        target: how the target prints.

    Calls take arrays in order of declaration, of the declared dtype and rank, with any strides and alignment; results
    are new NumPy arrays, or `out=` filled. Errors: C101-C115, all `CallError`s that are also TypeError, ValueError or
    KeyError; nothing is written when they are raised, but for C115 (scratch memory ran out).
    """

    def __init__(
        self,
        interface: Interface,
        run: Callable[[Prepared], None],
        source: Callable[[Source], str],
        target: str,
    ) -> None:
        self._interface = interface
        self._run = run
        self._source = source
        self._target = target

    @property
    def name(self) -> str:
        """The kernel's name: that of its first output."""
        return self._interface.name

    @property
    def inplace(self) -> tuple[str, ...]:
        """Inputs that may be passed as `out=` themselves."""
        return ()

    def __repr__(self) -> str:
        inputs = ", ".join(_shown(argument) for argument in self._interface.inputs)
        outputs = ", ".join(_shown(argument) for argument in self._interface.outputs)
        return f"<kernel {self.name}({inputs}) -> {outputs} for {self._target}>"

    @hide_internal_frames
    def __call__(self, *args: object, out: object = None, **sizes: object) -> object:
        """Run the kernel; returns one array, or a tuple for several outputs."""
        call = self.prepare(args, out, sizes)
        self._run(call)
        if len(call.outputs) == 1:
            return call.outputs[0] if out is None else out
        return call.outputs if out is None else out

    def prepare(self, args: Sequence[object], out: object, sizes: dict[str, object]) -> Prepared:
        """All checks; nothing runs yet."""
        return prepare(self._interface, args, out, sizes)

    @hide_internal_frames
    def source(self, what: Source = "loops") -> str:
        """The kernel's text: "loops" (Loop IR), "llvm" (LLVM IR of the contiguous body) or "asm"."""
        if what not in ("loops", "llvm", "asm"):
            raise ArgumentError("G110", f"no source {what!r}", hint=['"loops", "llvm" or "asm"'])
        return self._source(what)

    @hide_internal_frames
    def time(
        self, *args: object, out: object = None, repeats: int = 9, budget_s: float = 2.0, **sizes: object
    ) -> KernelTiming:
        """Time calls with these arguments (checks once, then the kernel itself, into one output).

        Returns: median and spread in seconds, arithmetic operations and bytes of the arguments per second.
        """
        call = self.prepare(args, out, sizes)
        timing = measure(lambda: self._run(call), repeats=repeats, budget_s=budget_s)
        operations = self._interface.operations
        count = operations.value({**call.sizes, **call.scalar_values}) if operations is not None else 0
        size = sum(array.nbytes for array in (*call.arrays, *call.outputs))
        return KernelTiming(self.name, timing, count, size)


def _shown(argument: ArrayInterface | ScalarInterface) -> str:
    if isinstance(argument, ScalarInterface):
        return f"{argument.name}: {argument.dtype}"
    return f"{argument.name}: {argument.dtype}[{', '.join(formula.text for formula in argument.extents)}]"


@dataclass(frozen=True, slots=True)
class KernelTiming:
    """How long a kernel takes. operations: arithmetic operations a call; bytes: of all arguments, each counted once."""

    name: str
    timing: Timing
    operations: int
    bytes: int

    @property
    def median_s(self) -> float:
        """Median seconds a call."""
        return self.timing.median_s

    @property
    def gflops(self) -> float:
        """10^9 arithmetic operations a second, at the median."""
        return self.operations / self.median_s / 1e9 if self.median_s else 0.0

    @property
    def gbytes(self) -> float:
        """10^9 bytes of arguments a second, at the median."""
        return self.bytes / self.median_s / 1e9 if self.median_s else 0.0

    def __str__(self) -> str:
        return f"{self.name}: {self.timing}, {self.gflops:.1f} GFLOP/s, {self.gbytes:.1f} GB/s"


class NativeRun:
    """Runs prepared calls on native code; loads each body when it is first needed."""

    def __init__(self, interface: Interface, make: Callable[[BodyKind], tuple[bytes, str]]) -> None:
        self._interface = interface
        self._make = make
        self._entries: dict[BodyKind, Callable[[object, object, int], int]] = {}
        self._loaded: list[object] = []
        self._environment = 0

    def load(self, kind: BodyKind) -> None:
        """Make a body ready; the contiguous one is loaded at build."""
        from tdsl.codegen.llvm_library import llvm_lock
        from tdsl.runtime.environment import process_environment
        from tdsl.runtime.jit import LoadedCode

        with llvm_lock():
            if kind in self._entries:
                return
            code, entry = self._make(kind)
            loaded = LoadedCode(code, [entry])
            prototype = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
            self._loaded.append(loaded)
            self._environment = process_environment().address
            self._entries[kind] = cast(
                "Callable[[object, object, int], int]", prototype(loaded.address(entry))
            )

    def __call__(self, call: Prepared) -> None:
        arrays = (*call.arrays, *call.outputs)
        kind: BodyKind = "contiguous" if all(array.flags.c_contiguous and array.flags.aligned for array in arrays) else "general"
        if kind not in self._entries:
            self.load(kind)
        inputs, scalars, outputs = iter(call.arrays), iter(call.scalars), iter(call.outputs)
        pointers: list[int] = []
        strides: list[int] = []
        for argument in self._interface.arguments:
            if isinstance(argument, ScalarInterface):
                pointers.append(ctypes.addressof(next(scalars)))
                continue
            array = next(inputs) if argument.role == "input" else next(outputs)
            pointers.append(address(array))
            strides += array.strides
        data = (ctypes.c_void_p * max(1, len(pointers)))(*pointers)
        sizes = [call.sizes[size.name] for size in self._interface.sizes]
        status = self._entries[kind](data, (ctypes.c_int64 * max(1, len(sizes) + len(strides)))(*sizes, *strides), self._environment)
        if status == 1:
            raise CallMemoryError(
                "C115",
                f"{self._interface.name} ran out of scratch memory",
                why=["its outputs may be partly written"],
            )
        if status:
            raise InternalError(f"{self._interface.name} returned {status}", pass_name="runtime.kernel")
