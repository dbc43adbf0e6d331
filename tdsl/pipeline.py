"""From a schedule to a kernel: the one place that strings nests, loops, code and the runtime together.

In: a `Schedule`, a target. Out: a `Kernel`. Nothing here decides anything; each step is a package of its own. What a
kernel from the disk cache does not need (nests, lowering, isl) is imported where it is first used.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Literal

from tdsl.codegen.interface import (
    ArrayInterface,
    Formula,
    Interface,
    ScalarInterface,
    SizeInterface,
)  # fmt: skip
from tdsl.codegen.loop_text import LoopText
from tdsl.declare.names import checked_name, shown
from tdsl.errors import ArgumentError, ArgumentTypeError, TargetError
from tdsl.expr.build import add, mul, sub
from tdsl.expr.node import INT64, Binary, Fma, Node, Reduce, Unary, Var, axis_var, index_const
from tdsl.expr.printer import text
from tdsl.expr.rewrite import variables, walk
from tdsl.expr.simplify import linear
from tdsl.expr.tensor import Param, Size, Stage, Tensor
from tdsl.location import Location, here, hide_internal_frames
from tdsl.records import dataclass
from tdsl.runtime.built import built_kernel
from tdsl.runtime.kernel import Kernel, Source
from tdsl.runtime.kernel_cache import KernelSlot, kernel_slot
from tdsl.runtime.prepare import Prepared
from tdsl.schedule.create import stages_of
from tdsl.schedule.fingerprint import NoFingerprint, fingerprint
from tdsl.schedule.legality import arranged_of
from tdsl.schedule.placement import inputs_of
from tdsl.schedule.schedule import Schedule, as_schedule
from tdsl.schedule.state import State
from tdsl.schedule.state import Version as ScheduleVersion
from tdsl.schedule.statements import sizes_named
from tdsl.settings import time_builds
from tdsl.target import Target, as_target

if TYPE_CHECKING:
    from pathlib import Path

    from tdsl.lower.build import Signature
    from tdsl.lower.ir import ArrayArgument, ScalarArgument
    from tdsl.lower.ir import Kernel as LoopKernel
    from tdsl.lower.pipeline import Version
    from tdsl.schedule.nest import Nest, Storage


@dataclass(slots=True)
class _Clock:
    """Where build time goes; printed to stderr where TDSL_TIME is set."""

    steps: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])
    last: float = field(default_factory=time.perf_counter)

    def mark(self, step: str) -> None:
        now = time.perf_counter()
        self.steps.append((step, now - self.last))
        self.last = now

    def report(self, name: str) -> None:
        if time_builds():
            total = sum(seconds for _, seconds in self.steps)
            parts = ", ".join(f"{step} {1e3 * seconds:.1f}" for step, seconds in self.steps)
            print(f"tdsl build {name}: {1e3 * total:.1f} ms ({parts})", file=sys.stderr)  # noqa: T201


@hide_internal_frames
def build(
    schedule: Schedule,
    target: Target | str | None = None,
    *,
    inputs: Sequence[Tensor | Param | object] | None = None,
    name: str | None = None,
    run: Literal["emulate"] | None = None,
) -> Kernel:
    """Compile a schedule into a callable kernel.

    Args:
        schedule: what and how.
        target: the schedule's own where None; "cpu" (this machine), a `Target`, or "interpret" (runs the loops in an
            interpreter, slowly, with the same results).
        inputs: order of the kernel's arguments; by creation where None (semantics C1).
        name: of the kernel; its first output's where None.
        run: "emulate": run the CUDA C of a cuda target on this CPU, every access checked (`f.hazards`); needs a C++
            compiler, no GPU.

    Returns: a `Kernel`: call it with NumPy arrays, ask for its `source`, `time` it.

    Errors: E108 a name that is none; G112 an argument that is no schedule; G109 inputs that are not the schedule's; L1xx
    what only a build can decide (constant extents, capacities); G1xx targets; G160, G162 a `run=`
    that cannot be. Source: Halide's compile_jit, TVM's
    tvm.build.
    """
    where = here()
    asked = as_schedule(schedule)
    if asked is None:
        raise ArgumentTypeError("G112", f"td.build takes a schedule, not {type(schedule).__name__}", where=where,
                                hint=["td.build(td.schedule(C))"])  # fmt: skip
    schedule = asked
    resolved = schedule.target if target is None else as_target(target, where=where)
    if name is not None:
        name = checked_name(name, "a kernel", where)
    _check_run(run, resolved, where)
    clock = _Clock()
    slot = _slot(schedule.state, resolved, inputs, name, where)
    kept = None if slot is None else slot.get()
    clock.mark("cache")
    if kept is not None:
        code = LoopText(kept.loops, resolved, shared=kept.interface.shared)
        kernel = built_kernel(code, kept.interface, kept.body, clock.mark)
        clock.report(kept.interface.name)
        return kernel
    if resolved.kind == "cuda":
        return _for_cuda(schedule, resolved, inputs, name, where, run)
    bound = any("." in loop.kind for entry in schedule.state.live() for loop in entry.loops)
    device = "sm_90" if resolved.kind == "interpret" and bound else None
    loops, interface = lowered(schedule, inputs=inputs, name=name, where=where, clock=clock, device=device)
    if resolved.kind == "interpret":
        interpreter = _Interpreted(loops, interface)
        return Kernel(interface, interpreter, interpreter)
    code = LoopText(loops, resolved, shared=interface.shared)
    kernel = built_kernel(code, interface, mark=clock.mark, slot=slot)
    clock.report(interface.name)
    return kernel


def _check_run(run: object, target: Target, where: Location | None) -> None:
    if run is not None and not (isinstance(run, str) and run == "emulate"):
        raise ArgumentError(
            "G160", f"run={shown(run)} is no way to run a kernel", where=where, hint=['run="emulate"']
        )
    if run is not None and target.kind != "cuda":
        raise TargetError(
            "G162",
            f"a kernel for {target.spelling} runs on this machine and is not emulated",
            where=where,
            hint=['target="cuda:sm_90", run="emulate"', "leave run= out"],
        )


def _for_cuda(
    schedule: Schedule,
    target: Target,
    inputs: Sequence[object] | None,
    name: str | None,
    where: Location | None,
    run: Literal["emulate"] | None,
) -> Kernel:
    """CUDA C of a schedule, as a kernel; nothing is compiled yet. Errors: L13x what no launch can be."""
    from tdsl.codegen.cuda.generate import generate
    from tdsl.lower.printer import kernel_text
    from tdsl.runtime.cuda_kernel import CudaBuilt

    architecture = target.mcpu or "sm_90"
    loops, interface = lowered(schedule, inputs=inputs, name=name, where=where, device=architecture)
    artifact = generate(loops, architecture, interface.inplace)
    built = CudaBuilt(artifact, kernel_text(loops), interface, "device" if run is None else run)
    return built.kernel()


def _launches(
    state: State,
    nest: Nest,
    stages: dict[str, Stage],
    storage: Sequence[Storage],
    signature: Signature,
    architecture: str,
) -> LoopKernel:
    """The loops of a schedule on a GPU, each item at root a launch that can be made. Errors: L133-L136; G144."""
    from tdsl.codegen.cuda.occupancy import DEPTH_OF_A_BLOCK, THREADS_OF_A_BLOCK, limits_of
    from tdsl.lower.device_limits import DeviceLimits, check_launches, check_nest, refuse_steps_of_a_cpu
    from tdsl.lower.pipeline import lower_for_device
    from tdsl.schedule.step_lines import lines_of

    refuse_steps_of_a_cpu(state)
    check_nest(nest, state)
    loops = replace(lower_for_device(nest, stages, storage, signature), lines=lines_of(state))
    shared = limits_of(architecture).block_shared_bytes
    return check_launches(
        loops, state, DeviceLimits(architecture, THREADS_OF_A_BLOCK, DEPTH_OF_A_BLOCK, shared)
    )


def _refuse_bound_loops(state: State) -> None:
    from tdsl.lower.device_limits import refuse_bound_loops

    refuse_bound_loops(state)


def _slot(
    state: State, target: Target, inputs: Sequence[object] | None, name: str | None, where: Location | None
) -> KernelSlot | None:
    """The kernel's place in the disk cache; None where it has none."""
    arguments = ordered_inputs(state, inputs, where)
    if target.kind != "cpu":
        return None
    try:
        digest = fingerprint(state, [one.name for one in arguments], name or state.outputs[0].name)
    except NoFingerprint:
        return None
    return kernel_slot(target, digest)


def lowered(
    schedule: Schedule,
    *,
    inputs: Sequence[object] | None = None,
    name: str | None = None,
    where: Location | None = None,
    clock: _Clock | None = None,
    device: str | None = None,
) -> tuple[LoopKernel, Interface]:
    """The Loop IR of a schedule and what its callers must know. device: the CUDA architecture it is for."""
    from tdsl.lower.pipeline import lower
    from tdsl.schedule.nest_build import build_nest

    clock = clock or _Clock()
    state = schedule.state
    arguments = ordered_inputs(state, inputs, where)
    nest = build_nest(state)
    clock.mark("nest")
    sizes = sizes_named(stages_of(state.outputs))
    signature = _signature(state, arguments, sizes, name or state.outputs[0].name)
    stages = {entry.name: entry.stage for entry in state.live()}
    storage = [argument_storage(one) for one in arguments if isinstance(one, Tensor)]
    versions = [_version(one) for one in state.versions]
    if device is None:
        _refuse_bound_loops(state)
        loops = lower(nest, stages, storage, signature, versions=versions)
    else:
        loops = _launches(state, nest, stages, storage, signature, device)
    clock.mark("lower")
    interface = _interface(state, nest, loops, arguments, sizes)
    for made, version in zip(versions, state.versions, strict=True):
        pairs = _inplace(version.state, made.nest, arguments)
        interface = replace(interface, inplace=tuple(pair for pair in interface.inplace if pair in pairs))
    return loops, interface


def _version(version: ScheduleVersion) -> Version:
    """A version of a schedule, lowered as far as its nest."""
    from tdsl.lower.pipeline import Version
    from tdsl.schedule.nest_build import build_nest

    stages = {entry.name: entry.stage for entry in version.state.live()}
    return Version(version.condition, build_nest(version.state), stages)


# ---------------------------------------------------------------- the interpreter
class _Interpreted:
    """Runs the loops in the interpreter; the origin of such a kernel."""

    target_text = "interpret"

    def __init__(self, loops: LoopKernel, interface: Interface) -> None:
        self.loops = loops
        self.interface = interface

    def __call__(self, call: Prepared) -> None:
        from tdsl.lower.interpreter import interpret
        from tdsl.lower.ir import ArrayArgument

        arrays = iter((*call.arrays, *call.outputs))
        named = {a.name: next(arrays) for a in self.loops.arguments if isinstance(a, ArrayArgument)}
        interpret(self.loops, named, call.sizes, call.scalar_values)

    @property
    def text(self) -> str:
        """The loops as text."""
        from tdsl.lower.printer import kernel_text

        return kernel_text(self.loops)

    def source(self, what: Source) -> str:
        if what == "loops":
            return self.text
        raise TargetError("G108", f"the interpreter has no {what} source", hint=['f.source("loops")'])

    def reduce(self) -> tuple[object, ...]:
        return interpreted, (self.text, self.interface.to_json())

    def save(self, path: Path, cpus: Sequence[str] | None) -> tuple[Path, ...]:
        raise TargetError("G108", "the interpreter makes no code to save", hint=['td.build(s, target="cpu")'])


def interpreted(loops: str, interface: str) -> Kernel:
    """A kernel that interprets its loops, from their text and the interface as JSON: what pickle loads."""
    from tdsl.lower.parser import parse_kernel

    run = _Interpreted(parse_kernel(loops), Interface.from_json(interface))
    return Kernel(run.interface, run, run)


# ---------------------------------------------------------------- arguments
def ordered_inputs(
    state: State, inputs: Sequence[object] | None, where: Location | None
) -> tuple[Tensor | Param, ...]:
    """Arrays and scalars of the call, in order, as declared: no directive takes one away. A param is its name (N3)."""
    found: dict[str, Tensor | Param] = {}
    for stage in stages_of(state.outputs):
        for tensor in inputs_of(stage):
            if tensor.producer is None:
                found.setdefault(tensor.name, tensor)
        for param in stage.params:
            found.setdefault(param.name, param)
    needed = sorted(found.values(), key=lambda one: one.number)
    if inputs is None:
        return tuple(needed)
    return _as_asked(needed, inputs, where)


def _as_asked(
    needed: Sequence[Tensor | Param], inputs: Sequence[object], where: Location | None
) -> tuple[Tensor | Param, ...]:
    by_name = {one.name: one for one in needed}
    if isinstance(inputs, str) or not isinstance(inputs, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgumentTypeError(
            "G109",
            f"inputs= is a list of placeholders and params, not {shown(inputs)}",
            where=where,
            why=[f"they need {', '.join(by_name)}"],
        )
    result: list[Tensor | Param] = []
    for given in inputs:
        name = given if isinstance(given, str) else getattr(given, "name", None)
        if not isinstance(name, str) or name not in by_name:
            raise ArgumentError(
                "G109",
                f"inputs= names {shown(name if isinstance(name, str) else given)}, which the outputs do not need",
                where=where,
                why=[f"they need {', '.join(by_name)}"],
            )
        if by_name[name] in result:
            raise ArgumentError("G109", f"inputs= names {name} twice", where=where)
        result.append(by_name[name])
    missing = [one.name for one in needed if one not in result]
    if missing:
        raise ArgumentError("G109", f"inputs= leaves out {', '.join(missing)}", where=where)
    return tuple(result)


def argument_storage(tensor: Tensor) -> Storage:
    """Storage of an array of the caller: the array itself."""
    from tdsl.schedule.nest import Storage

    dims = tuple(f"d{position}" for position in range(len(tensor.extents)))
    zeros = tuple(index_const(0) for _ in dims)
    subscripts = tuple(axis_var(dim) for dim in dims)
    return Storage(
        tensor.name, tensor.name, tensor.dtype, "heap", dims, subscripts, zeros, tensor.extents, True
    )


def _signature(
    state: State, arguments: Sequence[Tensor | Param], sizes: Sequence[Size], name: str
) -> Signature:
    from tdsl.lower.build import Signature
    from tdsl.lower.ir import ArrayArgument, ScalarArgument

    listed: list[ArrayArgument | ScalarArgument] = []
    for one in arguments:
        if isinstance(one, Tensor):
            listed.append(ArrayArgument(one.name, one.dtype, one.extents, "input", one.value_range))
        else:
            listed.append(ScalarArgument(one.name, one.dtype))
    outputs = [ArrayArgument(one.name, one.dtype, one.extents, "output") for one in state.outputs]
    facts = dict.fromkeys(fact for entry in state.live() for fact in entry.stage.facts)
    known = tuple(_size_fact(size) for size in sizes if size.minimum > 0)
    return Signature(
        name, tuple(size.name for size in sizes), (*listed, *outputs), (*known, *facts, *state.assumptions)
    )


def _size_fact(size: Size) -> Node:
    from tdsl.expr.build import compare

    return compare("ge", Var(size.name, INT64, "size"), index_const(size.minimum))


# ---------------------------------------------------------------- interface
def _interface(
    state: State, nest: Nest, loops: LoopKernel, arguments: Sequence[Tensor | Param], sizes: Sequence[Size]
) -> Interface:
    from tdsl.lower.ir import ScalarArgument

    given = {one.name: one for one in arguments}
    listed: list[ArrayInterface | ScalarInterface] = []
    for argument in loops.arguments:
        one = given.get(argument.name)
        limits = None if one is None else one.value_range
        formulas = None if limits is None else (formula(limits[0]), formula(limits[1]))
        if isinstance(argument, ScalarArgument):
            listed.append(ScalarInterface(argument.name, argument.dtype.name, formulas))
        else:
            extents = tuple(formula(extent) for extent in argument.extents)
            strides, align = (one.strides, one.align) if isinstance(one, Tensor) else (None, None)
            listed.append(
                ArrayInterface(
                    argument.name, argument.dtype.name, extents, argument.role, formulas, strides, align
                )
            )
    facts = dict.fromkeys(fact for entry in state.live() for fact in entry.stage.facts)
    return Interface(
        loops.name,
        tuple(SizeInterface(size.name, size.minimum, size.multiple_of) for size in sizes),
        tuple(listed),
        tuple(formula(fact) for fact in (*facts, *state.assumptions)),
        _operations(state),
        _inplace(state, nest, arguments),
    )


def _inplace(state: State, nest: Nest, arguments: Sequence[Tensor | Param]) -> tuple[tuple[str, str], ...]:
    """(input, output) pairs that may be one array: proved from the accesses; a tail that computes twice is not (C6).

    What an update overwrites in place is in the output's array before.
    """
    from tdsl.poly.inplace import may_be_one

    if any(tail == "shift" for entry in state.live() for _, tail in entry.tails):
        return ()
    alike = [
        (one.name, output.name)
        for one in arguments
        for output in state.outputs
        if isinstance(one, Tensor) and one.extents == output.extents and one.dtype == output.dtype
    ]
    if not alike:
        return ()
    arranged = arranged_of(state)
    held = {
        output.name: [one.tensor for one in nest.storage if one.buffer == output.name]
        for output in state.outputs
    }
    return tuple(
        (name, output)
        for name, output in alike
        if all(may_be_one(arranged, name, one) for one in held[output])
    )


def formula(node: Node) -> Formula:
    """A node over sizes and params as the runtime evaluates it."""
    if node.dtype != INT64:
        return Formula(text(node))
    terms, constant = linear(node)
    pairs = [
        (term.name, count) for term, count in terms.items() if isinstance(term, Var) and term.kind == "size"
    ]
    return Formula(text(node), tuple(pairs) if len(pairs) == len(terms) else None, constant)


def _operations(state: State) -> Formula | None:
    """Floating-point and integer operations of all stages, recomputation left out; None where bounds depend on axes."""
    total: Node = index_const(0)
    for entry in state.live():
        stage = entry.stage
        points: Node = index_const(1)
        for axis in stage.axes:
            points = mul(points, sub(axis.upper, axis.lower))
        terms = points
        for axis in stage.reduce_axes:
            if any(var.kind == "axis" for bound in (axis.lower, axis.upper) for var in variables(bound)):
                return None
            terms = mul(terms, sub(axis.upper, axis.lower))
        outside, inside = _counts(stage)
        total = add(total, add(mul(points, index_const(outside)), mul(terms, index_const(inside))))
    return formula(total)


def _counts(stage: Stage) -> tuple[int, int]:
    """(operations a point, operations a term)."""
    reductions = [node for value in stage.body for node in walk(value) if isinstance(node, Reduce)]
    inner = {node for one in reductions for operand in one.operands for node in walk(operand)}
    every = {node for value in stage.body for node in walk(value)}
    inside = sum(map(_weight, inner)) + len(
        {(one.reducer.name, one.axes, one.operands) for one in reductions}
    )
    return sum(_weight(node) for node in every - inner), inside


def _weight(node: Node) -> int:
    """Operations of one node on values (subscripts, int64, count nothing)."""
    if node.dtype == INT64:
        return 0
    if isinstance(node, Fma):
        return 2
    return 1 if isinstance(node, Binary) or (isinstance(node, Unary) and node.op == "sqrt") else 0
