"""The order a recurrence starts in: its written axes where that is legal, else the nearest permutation and reversal.

In: stages as declared. Out: the directives that put them into a legal order, the schedule's first steps (semantics E9);
or the error, on the line of the declaration, with the pair that no order of the axes serves and a skew that would.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, permutations, product

from tdsl.errors import IllegalSchedule, UnprovenSchedule
from tdsl.poly import answers
from tdsl.schedule import primitives
from tdsl.schedule.circles import circle
from tdsl.schedule.directive import Directive
from tdsl.schedule.legality import UNPROVEN, Case, is_legal, verdict_of, witness_of
from tdsl.schedule.state import StageState, State

ORDERS = 400
"""Orders tried: all of four axes and less; more would take seconds."""


def first_steps(entries: Iterable[StageState]) -> tuple[Directive, ...]:
    """The steps that put every recurrence into a legal order.

    Errors: S207 no order of the axes is legal; S210 the order of its reads is not decidable.
    """
    return tuple(
        step for entry in entries if entry.stage.own and entry.stage.base is None for step in _steps_of(entry)
    )


def _steps_of(entry: StageState) -> tuple[Directive, ...]:
    alone = State((entry,), tuple(entry.stage.tensors))
    written = verdict_of(alone)
    if isinstance(written, answers.Proved):
        return ()
    if isinstance(written, answers.Unknown):
        raise UnprovenSchedule(
            UNPROVEN,
            f"in which order {entry.name} can be computed is not decidable",
            where=entry.stage.where,
            why=(f"{written.access} is opaque to the proof",),
            hint=(written.fact,) if written.fact else (),
            access=written.access,
            fact=written.fact,
        )
    for steps in islice(_orders(entry), ORDERS):
        if _legal(alone, steps):
            return steps
    raise _refused(entry, alone, written)


def _orders(entry: StageState) -> Iterator[tuple[Directive, ...]]:
    """Permutations of the written axes in lexicographic order, each with every reversal."""
    axes = tuple(axis.name for axis in entry.stage.axes)
    for order in permutations(axes):
        moved = () if order == axes else (primitives.Reorder(entry.name, order, where=entry.stage.where),)
        for turned in product((False, True), repeat=len(axes)):
            reversed_axes = [axis for axis, turn in zip(order, turned, strict=True) if turn]
            yield (
                *moved,
                *(primitives.Reverse(entry.name, axis, where=entry.stage.where) for axis in reversed_axes),
            )


def _legal(state: State, steps: Sequence[Directive]) -> bool:
    for step in steps:
        state = replace(step.apply(state), steps=(*state.steps, step))
    return is_legal(state)


def _refused(entry: StageState, alone: State, found: answers.Refuted) -> IllegalSchedule:
    witness = None if found.witness is None else witness_of(found.witness, None, Case(alone, found))
    cycle = None if witness is None else circle(entry.stage, witness.sizes)
    if cycle is not None:
        what = f"elements of {entry.name} {'need' if cycle.surely else 'may need'} each other in a cycle"
        if len(cycle.elements) == 1:
            what = f"{entry.name} reads the element that it makes: a cycle"
        why = (cycle.text(), "no order makes one of them first")
    else:
        what = f"no order of the axes of {entry.name} makes every element before it is read"
        tried = f"tried: {', '.join(entry.axes)} in every order and direction"
        why = (tried,) if witness is None else (witness.text(), tried)
    return IllegalSchedule(
        "S207",
        what,
        where=entry.stage.where,
        why=why,
        hint=() if cycle is not None else _skews(entry, alone),
        witness=witness,
        condition=None,
    )


def _skews(entry: StageState, alone: State) -> tuple[str, ...]:
    """Coordinates in which some order would be legal."""
    axes = [axis.name for axis in entry.stage.axes]
    name = next(name for name in ("w", "wave", "skewed") if name not in axes)
    for axis, by in permutations(axes, 2):
        for factor in (1, -1, 2, -2):
            skew = primitives.Skew(entry.name, axis, by, name, factor)
            order = primitives.Reorder(entry.name, (name, *(each for each in axes if each != axis)))
            for turned in ((), (primitives.Reverse(entry.name, name),)):
                if _legal(alone, (skew, order, *turned)):
                    shown = by if abs(factor) == 1 else f"{abs(factor)} * {by}"
                    return (
                        f"axes {name} = {axis} {'+' if factor > 0 else '-'} {shown} and {by}, {name} outermost",
                    )
    return ()
