"""A kernel as the user holds it: called with arrays, it checks them, chooses a body and runs it.

In: an Interface, something that runs checked calls, and where the kernel came from. Out: arrays. The object is called
through emitted code where that is possible (fast_call.py), else in Python; the checks are those of semantics C1-C8
either way. Counterparts: Halide's Callable, TVM's Module entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Protocol

from tdsl.codegen.interface import ArrayInterface, Interface, ScalarInterface
from tdsl.dtypes import DTYPES
from tdsl.errors import ArgumentError, TargetError
from tdsl.location import hide_internal_frames
from tdsl.runtime.kernel_timing import KernelTiming
from tdsl.runtime.prepare import Prepared, prepare
from tdsl.runtime.slow_call import ArrayCall
from tdsl.runtime.timing import measure

if TYPE_CHECKING:
    from pathlib import Path

    from tdsl.runtime.cuda.hazards import Hazards
    from tdsl.runtime.roofline import Roofline

Source = Literal["loops", "llvm", "asm", "cuda", "ptx", "sass"]


class Origin(Protocol):
    """Where a kernel came from: its texts, how it is built again, what can be saved of it."""

    @property
    def target_text(self) -> str: ...

    def source(self, what: Source) -> str: ...

    def reduce(self) -> tuple[object, ...]:
        """What pickle keeps: a function and its arguments."""
        ...

    def save(self, path: Path, cpus: Sequence[str] | None) -> tuple[Path, ...]: ...


class Kernel:
    """A compiled kernel: `f(a, b)`, `f(a, b, out=c)`, sizes that no array binds by keyword.

    Args:
        interface: what the caller must know.
        run: runs a prepared call (native code, or an interpreter).
        origin: where it came from.

    Calls take arrays in order of declaration, of the declared dtype and rank, with any strides and alignment:
    NumPy's, or anything with DLPack, `__array_interface__` or a buffer. Results are new arrays of the first one's
    type, or `out=` filled. Errors: C101-C115, C118, all `CallError`s that are also TypeError, ValueError or KeyError;
    nothing is written when they are raised, but for C115 (scratch memory ran out). Safe from several threads at once.
    """

    __slots__ = ("__weakref__", "_call", "_held", "_interface", "_origin", "_run")

    def __init__(self, interface: Interface, run: Callable[[Prepared], None], origin: Origin) -> None:
        self._interface = interface
        self._run = run
        self._origin = origin
        own = getattr(run, "array_call", None)
        self._call: Callable[..., object] = ArrayCall(interface, run) if own is None else own(interface)
        self._held: list[object] = []

    def hold(self, *things: object) -> None:
        """Keep what the kernel's entry needs as long as the kernel."""
        self._held.extend(things)

    @property
    def name(self) -> str:
        """The kernel's name: that of its first output."""
        return self._interface.name

    @property
    def interface(self) -> Interface:
        """Arguments, sizes and facts, as plain values."""
        return self._interface

    @property
    def inplace(self) -> Mapping[str, tuple[str, ...]]:
        """Input -> the outputs for which that very array may be passed as `out=`: the build proved it safe."""
        found: dict[str, tuple[str, ...]] = {}
        for name, output in self._interface.inplace:
            found[name] = (*found.get(name, ()), output)
        return MappingProxyType(found)

    def __repr__(self) -> str:
        inputs = ", ".join(_shown(argument) for argument in self._interface.inputs)
        outputs = ", ".join(_shown(argument) for argument in self._interface.outputs)
        return f"<kernel {self.name}({inputs}) -> {outputs} for {self._origin.target_text}>"

    def __call__(self, /, *args: object, out: object = None, **sizes: object) -> object:
        """Run the kernel; returns one array, or a tuple for several outputs."""
        return self._call(*args, out=out, **sizes)

    def __reduce__(self) -> tuple[object, ...]:
        return self._origin.reduce()

    @hide_internal_frames
    def source(self, what: Source = "loops") -> str:
        """The kernel's text: "loops" (Loop IR), "llvm" (LLVM IR of the contiguous body) or "asm"; on a GPU "cuda", "ptx"
        or "sass" (machine code; needs `tdsl[cuda-dev]`).

        Errors: G108 a text that this kernel does not have; G110 no such text; T103 T104 NVRTC; T105 no disassembler.
        """
        if what not in ("loops", "llvm", "asm", "cuda", "ptx", "sass"):
            raise ArgumentError(
                "G110",
                f"no source {what!r}",
                hint=['"loops", "llvm", "asm"', '"cuda", "ptx", "sass" on a GPU'],
            )
        return self._origin.source(what)

    @hide_internal_frames
    def resources(self) -> dict[str, object]:
        """What a kernel for a GPU needs, read from its compiled image: no device is asked.

        Returns: `registers` a thread, `spill_bytes` and `local_bytes` a thread, `shared_bytes` a block (dynamic memory
            included), `threads`, `code_bytes`, `occupancy` (the share of a multiprocessor's warps); of several launches
            the most (occupancy: the least), and each of them under `kernels`.

        Errors: G108 a kernel for a CPU; T103 T104 NVRTC; G141 an architecture it does not have.
        """
        found = getattr(self._origin, "resources", None)
        if found is None:
            raise TargetError(
                "G108",
                f"a kernel for {self._origin.target_text} has no resources to count",
                hint=['td.build(s, target="cuda:sm_90").resources()'],
            )
        return found()

    @hide_internal_frames
    def save(self, path: str | Path, *, cpus: Sequence[str] | None = None) -> tuple[Path, ...]:
        """Write machine code that needs neither Python nor tdsl, with a C header and a description beside it.

        Args:
            path: `matmul.so` (a shared library, linked by a C compiler found on PATH) or `matmul.o` (an object).
            cpus: CPU levels in one file, such as ``("x86-64-v2", "x86-64-v4")``: the best one for the machine is taken
                when it is loaded. Default: the kernel's own target.

        Returns: the files written: the code, `matmul.h`, `matmul.json`.

        Errors: C121 a path or levels that cannot be; T102 no C compiler; G1xx targets. `td.load` reads the code back.
        """
        from pathlib import Path  # three milliseconds of a process that finds its kernel

        return self._origin.save(Path(path), cpus)

    @hide_internal_frames
    def hazards(self, /, *args: object, out: object = None, **sizes: object) -> Hazards:
        """Run an emulated kernel and say what every access of every thread showed.

        Takes the arguments of a call; `out=` is filled.

        Returns: a frozen `Hazards`: `races`, `divergent_barriers`, `out_of_bounds`, `misaligned`, `uninitialised`
            (lists, empty when fine), `coalescing` and `bank_conflicts` by array; `print` shows it line by line.

        Errors: G161 a kernel that is not emulated; C101-C118 as a call; T110 no C++ compiler.
        Source: compute-sanitizer, Nsight Compute.
        """
        find = getattr(self._run, "hazards", None)
        if find is None:
            raise TargetError(
                "G161",
                f"{self.name} is not emulated, so its accesses cannot be watched",
                why=[f"it was built for {self._origin.target_text}"],
                hint=['td.build(s, target="cuda:sm_90", run="emulate")'],
            )
        return find(prepare(self._interface, args, out, sizes))

    @hide_internal_frames
    def time(
        self, /, *args: object, out: object = None, repeats: int = 9, budget_s: float = 2.0, **sizes: object
    ) -> KernelTiming:
        """Time calls with these arguments (checks once, then the kernel itself, into one output).

        Returns: median and spread in seconds, arithmetic operations and bytes of the arguments per second, and the share
            of the roofline, which is measured right after (about 0.3 s more). On a GPU whole calls, copies of NumPy
            arrays included, and no roofline.

        Errors: G165 an emulated kernel; those of a call.
        """
        if hasattr(self._run, "hazards"):
            raise TargetError(
                "G165",
                f"{self.name} is emulated: its time on this CPU says nothing about a GPU",
                hint=[
                    "f.hazards(…).coalescing, f.resources()",
                    'td.devices("cuda")[0].target where there is one',
                ],
            )
        call = prepare(self._interface, args, out, sizes)
        timing = measure(lambda: self._run(call), repeats=repeats, budget_s=budget_s)
        operations = self._interface.operations
        count = operations.value({**call.sizes, **call.scalar_values}) if operations is not None else 0
        size = sum(array.nbytes for array in (*call.arrays, *call.outputs))
        return KernelTiming(self.name, timing, count, size, self._roofline(size))

    def _roofline(self, size_bytes: int) -> Roofline | None:
        parallel = getattr(self._origin, "parallel", None)
        if parallel is None:
            return None
        from tdsl.runtime.pool import process_pool
        from tdsl.runtime.roofline import measure_roofline

        item = max((DTYPES[output.dtype].bits // 8 for output in self._interface.outputs), default=4)
        return measure_roofline(size_bytes, max(item, 1), process_pool().threads if parallel else 1)


def _shown(argument: ArrayInterface | ScalarInterface) -> str:
    if isinstance(argument, ScalarInterface):
        return f"{argument.name}: {argument.dtype}"
    return f"{argument.name}: {argument.dtype}[{', '.join(formula.text for formula in argument.extents)}]"
