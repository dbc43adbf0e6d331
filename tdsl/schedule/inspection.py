"""Questions about a schedule that are answered by trying: which loops could run in parallel, how deep a fold must be.

In: a state and names. Out: names and numbers, or a few lines about one loop. Every answer comes from the verdict that
directives get (`legality.py`), so what is offered is accepted.
"""

from __future__ import annotations

from dataclasses import replace

from tdsl.poly.answers import Proved
from tdsl.poly.model import Split
from tdsl.schedule.arguments import marked_by
from tdsl.schedule.directive import Directive, step_text
from tdsl.schedule.legality import arranged_of, verdict_of
from tdsl.schedule.loops import (
    children,
    constant_extents,
    marked,
    origins,
    over_reduction,
    parents,
    standing_at,
)
from tdsl.schedule.state import StageState, State

DEEPEST_FOLD = 64
"""Folds tried one by one; deeper ones save too little to be searched for."""


def parallel_axes(state: State, stage: str) -> tuple[str, ...]:
    """The loops of a stage that may run in parallel as the schedule stands, outermost first."""
    from tdsl.poly.verdict import parallel_loops

    lanes = {loop.name for loop in state.stage(stage).loops if loop.kind == "vector"}
    return tuple(loop for loop in parallel_loops(arranged_of(state), stage) if loop not in lanes)


def smallest_fold(state: State, stage: str, dim: str, deepest: int = DEEPEST_FOLD) -> int | None:
    """The least number of cells that a dim of a stage's array can be folded to; None where none up to `deepest` is."""
    entry = state.stage(stage)
    others = tuple(fold for fold in entry.folds if fold[0] != dim)
    for factor in range(1, deepest + 1):
        tried = state.with_stage(replace(entry, folds=(*others, (dim, factor)), layout=None))
        if isinstance(verdict_of(tried), Proved):
            return factor
    return None


def about_loop(state: State, entry: StageState, axis: str) -> str:
    """What a loop is, line by line: where it comes from, how it runs and who said so, what stands inside."""
    lines = [f"{axis} of {entry.name}: {_origin(entry, axis)}"]
    extent = constant_extents(entry)[axis]
    if extent is not None:
        lines.append(
            f"runs {extent} time{'s' * (extent != 1)}"
            + ("" if entry.compute is None else " or less, by its place")
        )
    kind = next(loop.kind for loop in entry.loops if loop.name == axis)
    words = {
        "serial": "in order",
        "parallel": "in parallel",
        "unroll": "unrolled",
        "vector": "as vector lanes",
    }
    lines.append(f"runs {words[kind]}" + (" over a reduction" if over_reduction(entry, axis) else ""))
    lines += [f"  by {step_text(step)}" for step in _makers(state, entry, axis)]
    inside = standing_at(state, entry.name, axis)
    if inside:
        lines.append(f"in its body: {', '.join(inside)}")
    if kind in ("serial", "unroll"):
        may = axis in parallel_axes(state, entry.name)
        lines.append(
            "may run in parallel" if may else f"may not run in parallel: {_why_not(state, entry, axis)}"
        )
    return "\n".join(lines)


def _origin(entry: StageState, axis: str) -> str:
    made = None
    for relation in entry.relations:
        if axis in children(relation):
            made = relation
    if made is None:
        reduced = axis in {each.name for each in entry.stage.reduce_axes}
        return "a reduction axis of the declaration" if reduced else "a data axis of the declaration"
    roots = ", ".join(origins(entry)[axis])
    if isinstance(made, Split):
        part = "blocks" if axis == made.outer else "points of a block"
        return f"{part} of {made.parent}, split by {made.factor} (from {roots})"
    return f"{type(made).__name__.lower()} of {', '.join(parents(made))} (from {roots})"


def _why_not(state: State, entry: StageState, axis: str) -> str:
    position = entry.axes.index(axis)
    tried = state.with_stage(marked(entry, position, replace(entry.loops[position], kind="parallel")))
    return str(getattr(verdict_of(tried), "text", "not decidable"))


def _makers(state: State, entry: StageState, axis: str) -> tuple[Directive, ...]:
    """The steps that made the loop and that marked it."""
    consumed = dict(entry.retired)
    made = [
        state.steps[consumed[parent]]
        for relation in entry.relations
        if axis in children(relation)
        for parent in parents(relation)
        if parent in consumed
    ]
    marking = marked_by(state, entry, axis)
    found = made[:1] + ([marking] if marking is not None else [])
    return tuple(
        step for place, step in enumerate(found) if all(step is not earlier for earlier in found[:place])
    )
