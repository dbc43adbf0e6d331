"""Of things to try for a refused step, those that the distances of the refuted values do not rule out, in one question.

In: the state before, the refutation, steps to try. Out: the ones worth judging. Only skews, splits and orders of the loops
of one stage are looked through; anything else is worth judging.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tdsl.errors import TdslError
from tdsl.poly import answers
from tdsl.poly.model import Skew, Split
from tdsl.schedule.directive import Directive
from tdsl.schedule.state import StageState, State

Try = tuple[tuple[Directive, ...], str]
"""(steps, what is said of them where they are legal)"""


def likely(before: State, stage: str, found: answers.Refuted, tries: Sequence[Try]) -> list[Try]:
    """The tries whose order does not run the refuted values backwards, as they came."""
    from tdsl.poly.distances import Order, promising
    from tdsl.schedule.legality import arranged_of

    entry = before.stage(stage)
    orders: list[Order] = []
    for steps, _ in tries:
        rows = _rows(entry, _after(before, steps, stage))
        if rows is None:
            return list(tries)
        orders.append(Order(*rows))
    kept = promising(arranged_of(before), stage, found, orders) if orders else []
    return [one for one, worth in zip(tries, kept, strict=True) if worth]


def _after(before: State, steps: Sequence[Directive], stage: str) -> StageState | None:
    state = before
    try:
        for step in steps:
            state = replace(step.apply(state), steps=(*state.steps, step))
    except TdslError:
        return None
    return state.stage(stage)


def _rows(
    before: StageState, after: StageState | None
) -> tuple[tuple[tuple[int, ...], ...], frozenset[int]] | None:
    """The loops after some steps as factors of those before, and which of them are blocks; None where that is not all."""
    if after is None or after.relations[: len(before.relations)] != before.relations:
        return None
    count = len(before.axes)
    table = {axis: tuple(int(place == at) for at in range(count)) for place, axis in enumerate(before.axes)}
    blocks: set[str] = set()
    for relation in after.relations[len(before.relations) :]:
        match relation:
            case Skew() if relation.by in table:
                by = table[relation.by]
                row = table.pop(relation.parent)
                table[relation.into] = tuple(
                    one + relation.factor * other for one, other in zip(row, by, strict=True)
                )
            case Split() if relation.parent in table:
                table[relation.outer] = table[relation.inner] = table.pop(relation.parent)
                blocks.add(relation.outer)
            case _:
                return None
    if any(axis not in table for axis in after.axes):
        return None
    rows = tuple(table[axis] for axis in after.axes)
    return rows, frozenset(place for place, axis in enumerate(after.axes) if axis in blocks)
