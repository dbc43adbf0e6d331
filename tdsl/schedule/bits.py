"""What a schedule does to the bits of its results (semantics P14): labels of steps, `exact=True`, `batch_invariant`.

In: states and steps. Out: the reduction axes whose terms change order, as ``k of C``; the error of a step that an exact
schedule refuses; whether sums of a row depend on a size. Orders are compared by `poly/labels.py` and
`poly/invariance.py`, never guessed from directives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tdsl.errors import ArgumentError, ArgumentTypeError, IllegalSchedule
from tdsl.expr.handles import Expr
from tdsl.expr.node import Read, Var
from tdsl.expr.printer import text
from tdsl.expr.reducers import keeps_every_bit
from tdsl.expr.rewrite import reductions, variables, walk
from tdsl.expr.tensor import Stage
from tdsl.location import Location
from tdsl.schedule.directive import Directive, step_text
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.knob import bound
from tdsl.schedule.legality import arranged_of, program_of
from tdsl.schedule.primitives import RFactor
from tdsl.schedule.primitives.atomic import order_varies
from tdsl.schedule.state import StageState, State
from tdsl.schedule.together import followed


def changed_sums(state: State, start: State) -> tuple[str, ...]:
    """The reduction axes whose terms are taken in another order than declared, as ``k of C``."""
    from tdsl.poly.labels import labels

    order = [
        f"{axis} of {label.stage}" for label in labels(arranged_of(state)) for axis in label.reassociates
    ]
    shared = [
        f"{_root(step, start)} of {step.stage}"
        for step in state.steps
        if isinstance(step, RFactor) and not _exact(state.stage(step.stage))
    ]
    own = dict.fromkeys((*shared, *order))
    for version in state.versions:
        own.update(
            (f"{part} where {text(version.condition)}", None)
            for part in changed_sums(version.state, start)
            if part not in own
        )
    return tuple(own)


def order_varying(state: State) -> tuple[str, ...]:
    """The stages whose bits depend on which thread comes first."""
    own = [entry.name for entry in state.live() if order_varies(entry)]
    inside = [name for version in state.versions for name in order_varying(version.state)]
    return tuple(dict.fromkeys((*own, *inside)))


def _root(step: RFactor, start: State) -> str:
    """The declared axis whose terms an `rfactor` shares out; its loop where several are declared."""
    declared = start.find(step.stage)
    axes = () if declared is None else declared.stage.reduce_axes
    return axes[0].name if len(axes) == 1 else step.axis


def _exact(entry: StageState) -> bool:
    return all(keeps_every_bit(node) for node in reductions(*entry.stage.body))


def step_labels(start: State, steps: Sequence[Directive], settings: Mapping[str, int]) -> tuple[str, ...]:
    """What each step does to the bits: ``exact``, or ``reassociates k of C`` or ``order varies in C`` where it first does."""
    state = start
    found: list[str] = []
    before: tuple[str, ...] = ()
    varied: tuple[str, ...] = ()
    for step in steps:
        state = replace(followed(bound(step, settings).apply(state)), steps=(*state.steps, step))
        after = changed_sums(state, start)
        more = [part for part in after if part not in before]
        varying = order_varying(state)
        fresh = [name for name in varying if name not in varied]
        changes = [f"order varies in {', '.join(fresh)}"] if fresh else []
        changes += [f"reassociates {', '.join(more)}"] if more else []
        found.append("; ".join(changes) or "exact")
        before, varied = after, varying
    return tuple(found)


def check_exact(step: Directive, state: State, start: State) -> None:
    """Raises where a schedule that shall keep every bit would not, after a step.

    Errors: S163 the terms of a sum would be taken in another order.
    """
    varying = order_varying(state)
    if varying:
        raise IllegalSchedule(
            "S163",
            f"the order of the terms of {', '.join(varying)} would vary, and this schedule is exact",
            where=step.where,
            why=(f"{step_text(step)} adds terms as threads come, so floats round differently each time",),
            hint=("data axes in parallel: they change no sum", "td.schedule without exact=True"),
        )
    changed = changed_sums(state, start)
    if not changed:
        return
    name = changed[0].partition(" where ")[0].rpartition(" of ")[2]
    entry = state.find(name)
    raise IllegalSchedule(
        "S163",
        f"{step.primitive} would reassociate {', '.join(changed)}, and this schedule is exact",
        where=step.where,
        why=(
            f"{step_text(step)} adds the terms in another order than declared, so floats round differently",
            "td.schedule(…, exact=True) keeps every bit of the declaration",
        ),
        loops=() if entry is None or entry.inlined else loop_lines(entry, mark=getattr(step, "axis", None)),
        hint=("data axes instead: their order changes no sum", "td.schedule without exact=True"),
    )


@dataclass(frozen=True, slots=True)
class Invariance:
    """Whether the sums of a row are the same whatever a size is; true or false as a condition, and printable.

    stage, axis: the first sum that is not, where one was found; why: what changes, in words.
    """

    size: str
    holds: bool
    stage: str = ""
    axis: str = ""
    why: str = ""

    def __bool__(self) -> bool:
        return self.holds

    def __str__(self) -> str:
        if self.holds:
            return f"no sum depends on {self.size}: terms and their order are the same for all its values"
        return f"sums depend on {self.size}: {self.why}"


def batch_invariance(state: State, size: object, place: Location) -> Invariance:
    """Whether terms and order of every sum are the same for all values of a size, all else unchanged.

    Errors: S164 no size of the schedule.
    """
    name = _size_name(state, size, place)
    for version in (state, *(each.state for each in state.versions)):
        found = _sums_invariant(version, name)
        if not found:
            return found
    choosing = [each for each in state.versions if any(var.name == name for var in variables(each.condition))]
    changed = changed_sums(state, state)
    if choosing and changed:
        axis, _, stage = changed[0].partition(" where ")[0].rpartition(" of ")
        condition = text(choosing[0].condition)
        why = (
            f"{condition} chooses between versions, and the terms along {axis} of {stage} change their order"
        )
        return Invariance(name, False, stage, axis, why)
    return Invariance(name, True)


def _sums_invariant(state: State, name: str) -> Invariance:
    """The answer for one version of a schedule."""
    from tdsl.poly.affine import NonAffine
    from tdsl.poly.invariance import dependent
    from tdsl.poly.isl import TooLarge

    varying = order_varying(state)
    if varying:
        why = f"threads add to {varying[0]} as they come, so that bits change from call to call (atomic)"
        return Invariance(name, False, varying[0], state.stage(varying[0]).axes[-1], why)
    rounded = [
        entry.name
        for entry in state.live()
        if entry.stage.base is not None and entry.stage.dtypes[0].is_float and _reads_itself(entry.stage)
    ]
    try:
        found = dependent(arranged_of(state), name, rounded)
    except (NonAffine, TooLarge):
        return Invariance(name, False, why="it is not decidable: a subscript or bound is opaque to the proof")
    if found is None:
        return Invariance(name, True)
    changing = found.stage in rounded
    why = {
        "terms": f"{found.axis} of {found.stage} runs over other {'changes' if changing else 'terms'}",
        "order": f"the terms along {found.axis} of {found.stage} are added in another order",
    }[found.what]
    return Invariance(name, False, found.stage, found.axis, f"for another {name}, {why}")


def _reads_itself(stage: Stage) -> bool:
    """Whether a change of an update starts from what was there: a chain of roundings, as a sum is."""
    return any(isinstance(node, Read) and node.tensor in stage.own for node in walk(*stage.body))


def _size_name(state: State, size: object, place: Location) -> str:
    node = size.node if isinstance(size, Expr) else None
    name = node.name if isinstance(node, Var) and node.kind == "size" else size
    if not isinstance(name, str):
        raise ArgumentTypeError(
            "S164", f"batch_invariant takes a size or its name, not {type(size).__name__}", where=place,
            hint=('s.batch_invariant("n")',),
        )  # fmt: skip
    known = tuple(each.name for each in program_of(state).sizes)
    if name not in known:
        raise ArgumentError(
            "S164", f"the schedule has no size {name}", where=place,
            why=(f"its sizes: {', '.join(known) or 'none'}",),
        )  # fmt: skip
    return name
