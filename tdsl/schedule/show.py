"""A schedule for people: the loop nest as text and HTML, storage, history, differences; a schedule in, text out.

The nest itself is `nest.py`'s. Where it cannot be built yet (a register tile that has no constant extent so far), the
loops are shown without bounds, and what is missing is listed as pending.
"""

from __future__ import annotations

import difflib
import html
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from tdsl.errors import TdslError
from tdsl.expr.build import mul
from tdsl.expr.node import Const, Node, Var, index_const
from tdsl.expr.printer import text
from tdsl.expr.reduction_groups import reduction_groups, reduction_key, replaced_reductions
from tdsl.expr.rewrite import reductions
from tdsl.expr.simplify import simplify
from tdsl.expr.tensor import Stage
from tdsl.schedule.bits import changed_sums, order_varying, step_labels
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.nest import Nest, Storage
from tdsl.schedule.nest_text import Line, accumulator_name, nest_lines
from tdsl.schedule.script import history_text
from tdsl.schedule.state import StageState, State
from tdsl.schedule.statements import is_bare

if TYPE_CHECKING:
    from tdsl.schedule.schedule import Schedule


Shown = tuple[Node | None, tuple[Line, ...], str]
"""A version: its condition (None for the schedule itself), the lines of its nest, why it cannot be built yet."""


def schedule_text(schedule: Schedule) -> str:
    """The loops, then what is pending, knobs, and what happens to the bits."""
    shown = _versions(schedule.state)
    lines = ["  " * line.level + line.text for line in _all_lines(shown)]
    return "\n".join((*lines, *_notes(schedule, shown)))


def _versions(state: State) -> list[Shown]:
    """Every version, the schedule itself last."""
    found: list[Shown] = [(version.condition, *_nest(version.state)) for version in state.versions]
    return [*found, (None, *_nest(state))]


def _all_lines(shown: Sequence[Shown]) -> Iterator[Line]:
    """The lines of every version under its condition, then those of the schedule itself."""
    for place, (condition, lines, _) in enumerate(shown):
        if condition is not None:
            yield Line(0, f"{'else if' if place else 'if'} {text(condition)}:", kind="guard")
        elif place:
            yield Line(0, "else:", kind="guard")
        level = 1 if len(shown) > 1 else 0
        yield from (replace(line, level=line.level + level) for line in lines)


def _nest(state: State) -> tuple[tuple[Line, ...], str]:
    """The lines of the nest; without bounds, and why, where it cannot be built yet."""
    try:
        return nest_lines(_built(state), bodies(state)), ""
    except TdslError as error:
        lines = [
            Line(0, line, entry.name, kind="loop") for entry in state.live() for line in loop_lines(entry)
        ]
        return tuple(lines), error.what


def _built(state: State) -> Nest:
    from tdsl.schedule.nest_build import build_nest

    return build_nest(state)


def bodies(state: State) -> dict[str, str]:
    """What the statement of each stage computes, as text."""
    bases = {
        f"{entry.name}.source": entry.stage.base.name
        for entry in state.live()
        if entry.stage.base is not None
    }
    found = {entry.name: _body(entry) for entry in state.live()} | bases
    for entry in state.live():
        if entry.stage.reduce_axes and not is_bare(entry.stage):
            found |= _of_sums(entry.stage)
    return found


def _of_sums(stage: Stage) -> dict[str, str]:
    """The terms of each nest and the rest of the expression, sums written as `accumulator_name` says."""
    groups = reduction_groups(stage)
    table: dict[tuple[object, ...], tuple[Node, ...]] = {}
    for group in groups:
        count = 0
        for node in group.nodes:
            names = [accumulator_name(group.number, count + place) for place in range(len(node.operands))]
            holders = zip(names, node.operands, strict=True)
            table[reduction_key(node)] = tuple(Var(name, one.dtype, "local") for name, one in holders)
            count += len(node.operands)
    index = ", ".join(map(text, stage.target))
    names = ", ".join(f"{name}[{index}]" for name in stage.tensor_names)
    values = ", ".join(text(replaced_reductions(value, table)) for value in stage.body)
    found = {f"{stage.name}.finish": f"{names} = {values}"}
    for group in groups:
        operands = [operand for node in group.nodes for operand in node.operands]
        terms = dict.fromkeys(text(replaced_reductions(operand, table)) for operand in operands)
        found[f"{stage.name}.update{group.number}"] = ", ".join(terms)
    return found


def _body(entry: StageState) -> str:
    stage = entry.stage
    found = reductions(*stage.body)
    if found:
        return ", ".join(dict.fromkeys(text(operand) for node in found for operand in node.operands))
    index = ", ".join(map(text, stage.target))
    names = ", ".join(f"{name}[{index}]" for name in stage.tensor_names)
    return f"{names} = {', '.join(map(text, stage.body))}"


def _notes(schedule: Schedule, shown: Sequence[Shown]) -> Iterator[str]:
    """The lines below the nest."""
    for entry in schedule.state.live():
        if entry.stage.options.text():
            yield f"options of {entry.name}: {entry.stage.options.text()}"
    for item in _pending(schedule.state, shown):
        yield f"pending: {item}"
    if schedule.knobs:
        yield "knobs: " + ", ".join(f"{name} = {value}" for name, value in schedule.knobs.items())
    changed = changed_sums(schedule.state, schedule.declared.start)
    if changed:
        yield f"bits: reassociates {', '.join(changed)}"
    varying = order_varying(schedule.state)
    if varying:
        yield f"bits: order varies in {', '.join(varying)}"
    for reason, steps in groupby(schedule.steps, key=lambda step: step.reason):
        if reason:
            yield f"{'; '.join(step.label for step in steps)}: {reason}"


def pending(schedule: Schedule) -> tuple[str, ...]:
    """What only a build can decide, or what it would refuse as the schedule stands."""
    return _pending(schedule.state, _versions(schedule.state))


def _pending(state: State, shown: Sequence[Shown]) -> tuple[str, ...]:
    why = next((why for _, _, why in reversed(shown) if why), "")
    if why:
        return (why,)
    held = [entry.name for entry in state.live() if entry.scope == "register"]
    held += [
        promote.name for entry in state.live() for promote in entry.promotes if promote.scope == "register"
    ]
    return tuple(f"whether {name} fits into the registers of the target" for name in held)


# storage


def storage(schedule: Schedule, entry: StageState, name: str) -> dict[str, object]:
    """`Schedule.storage` (P13): extents as text, bytes as a number where it is constant, else as text.

    name: of a tensor of the stage; of the stage itself it is its first tensor.
    """
    state = schedule.state
    names = entry.stage.tensor_names
    tensor = name if name in names else names[0]
    found = _storage_of(state, tensor)
    plain = found
    if entry.layout is not None or entry.aligns:
        plain = _storage_of(state.with_stage(replace(entry, layout=None, aligns=())), tensor)
    physical = _texts(plain.extents if entry.layout is None else found.extents)
    total: Node = index_const(found.dtype.bytes)
    for extent in found.extents:
        total = mul(total, extent)
    total = simplify(total, {})
    return {
        "dims": entry.dims,
        "shape": _texts(plain.extents),
        "physical": physical,
        "allocated": _texts(found.extents),
        "dtype": found.dtype.name,
        "scope": found.scope,
        "where": _where(entry, found),
        "bytes": int(total.value) if isinstance(total, Const) else text(total),
    }


def _storage_of(state: State, tensor: str) -> Storage:
    return next(storage for storage in _built(state).storage if storage.tensor == tensor)


def _texts(extents: tuple[Node, ...]) -> tuple[str, ...]:
    return tuple(text(simplify(extent, {})) for extent in extents)


def _where(entry: StageState, found: Storage) -> str:
    if found.argument:
        return "argument"
    place = entry.compute if entry.store is None else entry.store
    return "root" if place is None or isinstance(place, str) else f"{place.loop} of {place.stage}"


# history and differences


def history(schedule: Schedule) -> str:
    """`Schedule.history`: each step with what it does to the bits (P14)."""
    labels = step_labels(schedule.declared.start, schedule.steps, dict(schedule.settings))
    return history_text(schedule.steps, labels)


def difference(schedule: Schedule, other: Schedule) -> str:
    """`Schedule.diff`: a unified diff of the steps and of the printed loops; empty where the schedules are equal."""
    if schedule == other:
        return ""
    mine, theirs = ([step.label for step in each.steps] for each in (schedule, other))
    steps = list(difflib.unified_diff(mine, theirs, "steps", "steps of the other", lineterm="", n=1))
    loops = list(
        difflib.unified_diff(
            str(schedule).splitlines(),
            str(other).splitlines(),
            "loops",
            "loops of the other",
            lineterm="",
            n=1,
        )
    )
    return "\n".join((*steps, *loops))


# HTML


_COLOURS = {
    "loop": "#0b5394",
    "guard": "#7f6000",
    "storage": "#38761d",
    "statement": "inherit",
    "let": "#666666",
}


def schedule_html(schedule: Schedule) -> str:
    """The loops for a notebook: the same lines, coloured by what they are; self-contained."""
    shown = _versions(schedule.state)
    rows = [
        f'<span style="color:{_COLOURS.get(line.kind, "inherit")}">{"  " * line.level}{html.escape(line.text)}</span>'
        for line in _all_lines(shown)
    ]
    rows += [f'<span style="color:#666666">{html.escape(note)}</span>' for note in _notes(schedule, shown)]
    return '<pre class="tdsl-schedule" style="line-height:1.35">' + "\n".join(rows) + "</pre>"
