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
from tdsl.errors import ArgumentError, CallMemoryError, CallTypeError, InternalError
from tdsl.location import hide_internal_frames
from tdsl.runtime.arguments import (
    as_array,
    as_scalar,
    check_keywords,
    check_output,
    check_overlap,
    check_ranges,
    data_pointer,
    is_contiguous,
    output_shape,
    packed_integers,
)  # fmt: skip
from tdsl.runtime.sizes import solve_sizes
from tdsl.runtime.timing import Timing, measure

if TYPE_CHECKING:
    from numpy.typing import NDArray

Source = Literal["loops", "llvm", "asm"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call whose arguments are checked: what runs, and what comes back."""

    arrays: tuple[NDArray[np.generic], ...]
    scalars: tuple[object, ...]
    outputs: tuple[NDArray[np.generic], ...]
    sizes: dict[str, int]
    scalar_values: dict[str, int | float | bool]


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
        interface = self._interface
        if len(args) != len(interface.inputs):
            names = ", ".join(argument.name for argument in interface.inputs)
            raise CallTypeError(
                "C101",
                f"{self.name} takes {len(interface.inputs)} arguments ({names}), {len(args)} were given",
            )
        given = check_keywords(interface, sizes)
        arrays: list[tuple[ArrayInterface, NDArray[np.generic]]] = []
        scalars: list[tuple[ScalarInterface, int | float | bool]] = []
        held: list[object] = []
        for argument, value in zip(interface.inputs, args, strict=True):
            if isinstance(argument, ArrayInterface):
                arrays.append((argument, as_array(value, argument)))
            else:
                number, memory = as_scalar(value, argument)
                scalars.append((argument, number))
                held.append(memory)
        values = {argument.name: value for argument, value in scalars}
        shapes = [(argument, array.shape) for argument, array in arrays]
        known = solve_sizes(interface, shapes, given, values)
        outputs = self._outputs(out, known)
        check_ranges(arrays, scalars, known)
        check_overlap(
            [(a.name, o) for a, o in zip(interface.outputs, outputs, strict=True)],
            [(a.name, array) for a, array in arrays],
        )
        return Prepared(tuple(array for _, array in arrays), tuple(held), outputs, known, values)

    def _outputs(self, out: object, known: dict[str, int]) -> tuple[NDArray[np.generic], ...]:
        arguments = self._interface.outputs
        shapes = [output_shape(argument, known) for argument in arguments]
        if out is None:
            try:
                return tuple(np.empty(shape, a.dtype) for shape, a in zip(shapes, arguments, strict=True))
            except MemoryError:
                raise CallMemoryError("C115", f"no memory for the outputs of {self.name}") from None
        given: tuple[object, ...] = (
            tuple(cast("Sequence[object]", out)) if isinstance(out, tuple | list) else (out,)
        )
        if len(given) != len(arguments):
            names = ", ".join(argument.name for argument in arguments)
            raise CallTypeError(
                "C101", f"out= takes {len(arguments)} arrays ({names}), {len(given)} were given"
            )
        arrays = tuple(as_array(one, argument) for one, argument in zip(given, arguments, strict=True))
        for argument, array, shape in zip(arguments, arrays, shapes, strict=True):
            check_output(argument, array, shape)
        return arrays

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
        kind: BodyKind = "contiguous" if all(is_contiguous(array) for array in arrays) else "general"
        if kind not in self._entries:
            self.load(kind)
        inputs, scalars, outputs = iter(call.arrays), iter(call.scalars), iter(call.outputs)
        pointers: list[int] = []
        strides: list[int] = []
        for argument in self._interface.arguments:
            if isinstance(argument, ScalarInterface):
                pointers.append(data_pointer(cast("NDArray[np.generic]", next(scalars))))
                continue
            array = next(inputs) if argument.role == "input" else next(outputs)
            pointers.append(data_pointer(array))
            strides += array.strides
        data = (ctypes.c_void_p * max(1, len(pointers)))(*pointers)
        sizes = [call.sizes[size.name] for size in self._interface.sizes]
        status = self._entries[kind](data, packed_integers([*sizes, *strides]), self._environment)
        if status == 1:
            raise CallMemoryError(
                "C115",
                f"{self._interface.name} ran out of scratch memory",
                why=["its outputs may be partly written"],
            )
        if status:
            raise InternalError(f"{self._interface.name} returned {status}", pass_name="runtime.kernel")
