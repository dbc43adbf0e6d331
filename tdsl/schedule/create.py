"""`td.schedule`: from output tensors to the schedule that every other one is made from; tensors in, a `Schedule` out.

Collects the stages that the outputs need, in order of declaration, gives operators' stages unique names (semantics N4),
and refuses two things of one name (N3). Every stage starts at root, its loops in order of declaration (P1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from tdsl.errors import ArgumentError, ArgumentTypeError, DuplicateNameError
from tdsl.expr.node import Node, Read, Var
from tdsl.expr.tensor import Param, Size, Stage, Tensor, tensors_of
from tdsl.location import Location, here
from tdsl.schedule.derive import fresh_state, redirected, renamed_tensors, rewritten
from tdsl.schedule.directive import Directive
from tdsl.schedule.identity import Signature, signature
from tdsl.schedule.placement import inputs_of
from tdsl.schedule.state import State


@dataclass(frozen=True, eq=False)
class Declarations:
    """What a schedule is about.

    outputs: as the user gave them. start: the state without any directive. names: handle -> its name in the schedule.
    first: the steps every schedule of them begins with, which put recurrences into a legal order (E9).
    """

    outputs: tuple[Tensor, ...]
    start: State
    names: Mapping[Tensor, str]
    first: tuple[Directive, ...] = ()

    @cached_property
    def begun(self) -> State:
        """The state after the first steps."""
        state = self.start
        for step in self.first:
            state = replace(step.apply(state), steps=(*state.steps, step))
        return state

    @cached_property
    def identity(self) -> Signature:
        """Equal exactly where two programs are (P16)."""
        return signature(self.start.outputs, (entry.stage for entry in self.start.stages))


def declarations(outputs: Sequence[object], where: Location | None = None) -> Declarations:
    """The program that computes some tensors.

    Errors: S133 no tensors, an input, or one twice; S134 two things of one name; S207 S210 a recurrence that no order of
    its axes serves.
    """
    from tdsl.schedule.first_order import first_steps

    place = where if where is not None else here()
    given = _checked(outputs, place)
    stages = stages_of(given)
    renamed, table = _named(stages, place)
    _check_names(renamed, place)
    names = {old: new.name for old, new in table.items()}
    for stage in renamed:
        for tensor in (*stage.tensors, *inputs_of(stage)):
            names.setdefault(tensor, tensor.name)
    entries = tuple(fresh_state(stage, dims_of(stage)) for stage in renamed)
    start = State(entries, tuple(table.get(tensor, tensor) for tensor in given))
    return Declarations(given, start, names, first_steps(entries))


def with_bits_kept(state: State, exact: object, place: Location) -> State:
    """The state that a schedule starts from. Errors: S164 `exact=` is no bool."""
    if not isinstance(exact, bool):
        raise ArgumentTypeError(
            "S164", f"exact= is True or False, not {type(exact).__name__}", where=place,
            hint=("td.schedule(C, exact=True)",),
        )  # fmt: skip
    return replace(state, keeps_bits=True) if exact else state


def dims_of(stage: Stage) -> tuple[str, ...]:
    """Names of the dims of a stage's array (N2): its data axes; of an update its base's dims where that is a stage, else
    its subscripts where each is a plain axis.
    """
    if stage.base is None:
        return tuple(axis.name for axis in stage.axes)
    if stage.base.producer is not None:
        return dims_of(stage.base.producer)
    names = [node.name if isinstance(node, Var) and node.kind == "axis" else "" for node in stage.at]
    if all(names) and len(set(names)) == len(names):
        return tuple(names)
    return tuple(f"d{place}" for place in range(len(stage.at)))


def _checked(outputs: Sequence[object], where: Location) -> tuple[Tensor, ...]:
    if not outputs:
        raise ArgumentTypeError(
            "S133", "td.schedule takes one or more tensors", where=where, hint=("td.schedule(C)",)
        )
    found: list[Tensor] = []
    for tensor in outputs:
        if not isinstance(tensor, Tensor):
            raise ArgumentTypeError(
                "S133",
                f"td.schedule takes tensors, not {type(tensor).__name__}",
                where=where,
                why=("an indexed tensor is one element, an expression",) if hasattr(tensor, "node") else (),
            )
        if tensor.producer is None:
            raise ArgumentError(
                "S133",
                f"{tensor.name} is an input: there is nothing to compute",
                where=where,
                hint=("a tensor that td.compute gave",),
            )
        if tensor in found:
            raise ArgumentError("S133", f"td.schedule names {tensor.name} twice", where=where)
        found.append(tensor)
    return tuple(found)


def stages_of(outputs: Sequence[Tensor]) -> list[Stage]:
    """Every stage that outputs need as they are declared; in order of declaration, which puts producers first."""
    found: dict[Stage, None] = {}
    stack = [tensor.producer for tensor in reversed(outputs)]
    while stack:
        stage = stack.pop()
        if stage is None or stage in found:
            continue
        found[stage] = None
        tensors_of(stage)
        stack += [tensor.producer for tensor in inputs_of(stage)]
    return sorted(found, key=lambda stage: stage.number)


def _named(stages: Sequence[Stage], where: Location) -> tuple[list[Stage], dict[Tensor, Tensor]]:
    """The stages with unique names: those of operators get ``matmul``, ``matmul_1``, …; old tensor -> new tensor."""
    taken = {name for stage in stages if stage.named_by_user for name in (stage.name, *stage.tensor_names)}
    taken |= {tensor.name for stage in stages for tensor in inputs_of(stage) if tensor.producer is None}
    table: dict[Tensor, Tensor] = {}
    made: list[Stage] = []
    for stage in stages:
        current = _reading(stage, table)
        if not stage.named_by_user:
            name = _unique_stage(stage, taken)
            names = _suffixed(stage, name)
            taken.update((name, *names))
            if name != stage.name:
                fresh = replace(current, name=name, tensor_names=names, tensors=[])
                if stage.own:
                    own = tuple(replace(one, name=new) for one, new in zip(stage.own, names, strict=True))
                    fresh = replace(redirected(fresh, stage.own, own), own=own)
                table |= dict(zip(stage.tensors, tensors_of(fresh), strict=True))
                current = fresh
        made.append(current)
    return made, table


def _reading(stage: Stage, table: Mapping[Tensor, Tensor]) -> Stage:
    def rule(node: Node) -> Node:
        return (
            Read(table[node.tensor], node.index) if isinstance(node, Read) and node.tensor in table else node
        )

    if not table:
        return stage
    if stage.base is not None:
        stage = replace(stage, base=table.get(stage.base, stage.base))
    return rewritten(stage, rule)


def _unique_stage(stage: Stage, taken: set[str]) -> str:
    """The stage's name, with the least number that makes it and the names of its tensors free."""
    found, count = stage.name, 0
    while not taken.isdisjoint((found, *_suffixed(stage, found))):
        count += 1
        found = f"{stage.name}_{count}"
    return found


def _suffixed(stage: Stage, name: str) -> tuple[str, ...]:
    """Names of the tensors of the stage called `name`: its own where it keeps its name."""
    return stage.tensor_names if name == stage.name else renamed_tensors(stage, name)


def _check_names(stages: Sequence[Stage], where: Location) -> None:
    """Two different things of one name would be one argument, one buffer or one size (N3)."""
    tensors: dict[str, Tensor] = {}
    sizes: dict[str, Size] = {}
    params: dict[str, Param] = {}
    for stage in stages:
        for tensor in (*inputs_of(stage), *stage.tensors):
            earlier = tensors.setdefault(tensor.name, tensor)
            if earlier is not tensor:
                _refuse(f"two tensors are called {tensor.name}", (earlier.where, tensor.where), where)
        for size in stage.sizes:
            known = sizes.setdefault(size.name, size)
            if (known.minimum, known.multiple_of) != (size.minimum, size.multiple_of):
                _refuse(f"two sizes are called {size.name} and differ in their facts", (), where)
        for param in stage.params:
            earlier_param = params.setdefault(param.name, param)
            if (earlier_param.dtype, earlier_param.value_range) != (param.dtype, param.value_range):
                what = f"two params are called {param.name} and differ in dtype or range"
                _refuse(what, (earlier_param.where, param.where), where)
    for name in (*sizes, *params):
        if name in tensors or (name in sizes and name in params):
            _refuse(f"a size or param and another thing are both called {name}", (), where)


def _refuse(what: str, places: Sequence[Location | None], where: Location) -> None:
    raise DuplicateNameError(
        "S134",
        what,
        where=where,
        why=tuple(f"declared at {place.brief()}" for place in places if place is not None),
        hint=("another name for one of them",),
    )
