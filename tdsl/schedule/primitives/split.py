"""`split`: one loop becomes two (or more); in: a stage, an axis, a factor; out: the state with a split relation."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import ClassVar

from tdsl.errors import ArgumentError
from tdsl.poly import model
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.knob import Knob
from tdsl.schedule.loops import (
    constant_extents,
    is_fused,
    moved_places,
    over_reduction,
    retired,
    split_loop,
)
from tdsl.schedule.state import StageState, State, Tail

Factor = int | Knob


@dataclass(frozen=True, slots=True)
class Split(Directive):
    """`axis` is walked in blocks of `factor`; several factors make a nest of blocks, outermost factor first.

    Args:
        factor: iterations of the inner loop, a positive constant or a knob; or a tuple, outermost first.
        parts: instead of it, iterations of the outer loop; the axis needs a constant extent.
        into: names of the new axes, outermost first; ``io, ii`` by default, ``i0, i1, …`` for several factors.
        tail: what happens to the last, partial block (language.md); the fastest legal one by default.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n,)); C = td.compute("C", (n,), lambda i: A[i] + 1)
        >>> td.schedule(C).axes(C), td.schedule(C).split(C, "i", 32).axes(C)
        (('i',), ('io', 'ii'))

    Legal when: always; the order of the iterations stays.
    Errors: S102–S105 stage or axis; S108 S109 factor; S110 tail; S111 S112 names; S114 a marked loop; S116 factor and
        parts, parts of a symbolic extent; S117 a fused loop; S118 tail "shift" of a reduction, "pad" over one.
    Source: Halide's `split`, TVM's `split`.
    """

    primitive: ClassVar[str] = "split"
    positional: ClassVar[tuple[str, ...]] = ("stage", "axis", "factor")

    stage: str
    axis: str
    factor: Factor | tuple[Factor, ...] | None = None
    parts: Factor | None = None
    into: tuple[str, ...] | None = None
    tail: str | None = None

    def apply(self, state: State) -> State:
        """The stage with `axis` replaced by its blocks."""
        entry = arguments.stage_named(self, state, self.stage)
        position = arguments.loop_named(self, state, entry, self.axis)
        arguments.unmarked(self, state, entry, position, "split")
        return split_axis(self, state, entry, self.axis, self._factors(entry), self.into, self.tail)

    def _factors(self, entry: StageState) -> tuple[object, ...]:
        if (self.factor is None) == (self.parts is None):
            raise self.refusal(
                ArgumentError,
                "S116",
                "split takes a factor or parts=" + (", not both" if self.factor is not None else ""),
                hint=(
                    f'split("{self.stage}", "{self.axis}", 32)',
                    f'split("{self.stage}", "{self.axis}", parts=4)',
                ),
            )
        if self.parts is None:
            return self.factor if isinstance(self.factor, tuple) else (self.factor,)
        parts = arguments.positive(self, "parts", self.parts)
        extent = constant_extents(entry)[self.axis]
        if extent is None:
            raise self.refusal(
                ArgumentError,
                "S116",
                f"parts= needs a constant extent, and {self.axis} of {entry.name} has none",
                why=("a block of a symbolic extent over a constant is no constant",),
                hint=(f'a constant factor: split("{self.stage}", "{self.axis}", 32)',),
            )
        return (max(1, -(-extent // parts)),)


def split_axis(
    step: Directive,
    state: State,
    entry: StageState,
    axis: str,
    given: tuple[object, ...],
    into: tuple[str, ...] | None,
    tail: str | None,
) -> State:
    """The state with a loop split by checked factors; shared by `split` and `tile`."""
    if not given:
        raise step.refusal(ArgumentError, "S116", f"{step.primitive} takes at least one factor")
    factors = [arguments.positive(step, "factor", value) for value in given]
    names = _names(step, axis, into, len(factors) + 1)
    arguments.fresh_axes(step, entry, names)
    refuse_fused(step, entry, axis)
    asked = tail_for(step, state, entry, tail, axis)
    outer = axis
    for index, name in enumerate(names[:-1]):
        inner = names[-1] if index == len(factors) - 1 else f"{axis}.{index + 1}"
        entry = split_loop(entry, model.Split(outer, name, inner, prod(factors[index:])))
        outer = inner
    entry = retired(entry, len(state.steps), axis)
    if asked is not None:
        entry = replace(entry, tails=(*entry.tails, *((name, asked) for name in names[1:])))
    return moved_places(state.with_stage(entry), entry.name, axis, names[-1])


def tail_for(step: Directive, state: State, entry: StageState, tail: str | None, axis: str) -> Tail | None:
    """The checked tail of a split.

    Errors: S110 an unknown one; S118 "shift" of a stage that is not pure, or over a parallel loop; "pad" over a
    reduction.
    """
    asked = arguments.tail(step, tail)
    if asked == "pad" and over_reduction(entry, axis):
        raise step.refusal(
            ArgumentError,
            "S118",
            'tail="pad" computes the last block whole into longer storage, and a reduction stores no terms',
            why=(f"{axis} of {entry.name} runs over a reduction: terms past its end would be added",),
            hint=('tail="guard"', 'tail="mask"', 'tail="peel"'),
        )
    if asked != "shift":
        return asked
    why = ""
    if entry.stage.reduce_axes:
        why = f"{entry.name} is a reduction: its overlapped terms would be added twice"
    elif entry.stage.base is not None:
        why = f"{entry.name} updates in place: its overlapped iterations would be done twice"
    elif entry.stage.own:
        why = f"{entry.name} reads its own elements: its overlapped iterations would read later ones"
    elif entry.loops[entry.axes.index(axis)].kind == "parallel":
        why = f"{axis} runs in parallel: two iterations would store one element at once"
    if why:
        raise step.refusal(
            ArgumentError,
            "S118",
            'tail="shift" overlaps the last block with the one before it, which only pure stages on serial and '
            "vector loops allow",
            why=(why,),
            hint=('tail="guard"', 'tail="mask"'),
        )
    return asked


def refuse_fused(step: Directive, entry: StageState, axis: str) -> None:
    """Checks that a loop is no fused one. Errors: S117."""
    if is_fused(entry, axis):
        raise step.refusal(
            ArgumentError,
            "S117",
            f"{axis} of {entry.name} is a fused loop: an order over its parents, which has no blocks",
            loops=loop_lines(entry, mark=axis),
            hint=("split the parents before they are fused", f'parallel("{entry.name}", "{axis}", chunk=4)'),
        )


def _names(step: Directive, axis: str, into: tuple[str, ...] | None, count: int) -> tuple[str, ...]:
    if into is None:
        return _defaults(axis, count)
    if len(into) != count:
        raise step.refusal(
            ArgumentError,
            "S119",
            f"{step.primitive} makes {count} axes of {axis}, and into= names {len(into)}",
            hint=(f"into=({', '.join(_quoted(axis, count))})",),
        )
    return into


def _defaults(axis: str, count: int) -> tuple[str, ...]:
    """``io, ii``, or ``i0, i1, …`` for more than two (N5)."""
    return (f"{axis}o", f"{axis}i") if count == 2 else tuple(f"{axis}{index}" for index in range(count))


def _quoted(axis: str, count: int) -> tuple[str, ...]:
    return tuple(f'"{name}"' for name in _defaults(axis, count))
