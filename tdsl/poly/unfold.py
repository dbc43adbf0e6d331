"""From loops back to axes: every axis of a stage as an integer row over the leaf loops that its relations end in.

In: the relations of an arrangement in order (a name may be used again: `vectorize` keeps `a` for the loop over
vectors). Out: rows `[constant, parameters…, host's loops…, leaf loops…, bases…]` and the inequalities of the splits. A
split is `parent = base + factor * outer + inner`, never `//` and `%`; a fused loop is the order of its parents.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

from tdsl.poly.isl import Row
from tdsl.poly.model import Arrangement, AxisRelation, Fuse, Rename, Reverse, Shift, Skew, Split
from tdsl.records import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One relation. form: its parent as a combination of axes, or None where it derives from a split (starts at 0).

    live: the names of the loops right after it. opaque: it splits a fused loop, which is no arithmetic. offset: what
    shifts added to the form, or to 0.
    """

    relation: AxisRelation
    form: dict[str, int] | None
    live: frozenset[str]
    opaque: bool = False
    offset: int = 0


def steps_of(axes: tuple[str, ...], arrangement: Arrangement) -> tuple[Step, ...]:
    """The relations of a stage with what each one's parent is."""
    forms: dict[str, dict[str, int] | None] = {axis: {axis: 1} for axis in axes}
    offsets: dict[str, int] = {}
    fused: set[str] = set()
    steps: list[Step] = []
    for relation in arrangement.relations:
        if isinstance(relation, Fuse):
            form, opaque, offset = None, False, 0
            forms.pop(relation.outer)
            forms.pop(relation.inner)
            forms[relation.into] = None
            fused.add(relation.into)
        else:
            form, opaque = forms.pop(relation.parent), relation.parent in fused
            offset = offsets.pop(relation.parent, 0)
            children = (relation.outer, relation.inner) if isinstance(relation, Split) else (relation.into,)
            if opaque:
                fused.discard(relation.parent)
                fused.update(children)
            if not isinstance(relation, Split):
                offsets[relation.into] = _child_offset(relation, offset, offsets)
            forms |= dict.fromkeys(children, _child_form(relation, form, forms))
        steps.append(Step(relation, form, frozenset(forms), opaque, offset))
    return tuple(steps)


def _child_offset(relation: Skew | Reverse | Rename | Shift, offset: int, offsets: dict[str, int]) -> int:
    match relation:
        case Shift():
            return offset + relation.by
        case Reverse():
            return -offset
        case Skew():
            return offset + relation.factor * offsets.get(relation.by, 0)
        case Rename():
            return offset


def _child_form(
    relation: AxisRelation, form: dict[str, int] | None, forms: dict[str, dict[str, int] | None]
) -> dict[str, int] | None:
    match relation:
        case Rename() | Shift():
            return form
        case Reverse() if form is not None:
            return {axis: -factor for axis, factor in form.items()}
        case Skew() if form is not None:
            by = forms.get(relation.by, {relation.by: 1})
            if by is None:
                return None
            total = dict(form)
            for axis, factor in by.items():
                total[axis] = total.get(axis, 0) + relation.factor * factor
            return {axis: factor for axis, factor in total.items() if factor}
        case _:
            return None


@dataclass(slots=True)
class Unfolding:
    """Rows of one statement.

    columns: how many come before the leaf loops. base: where the split of a step starts, as a row over the columns
    before the leaf loops, or a new column at the end; None for 0. outside: loops that the statement is outside of.
    """

    steps: tuple[Step, ...]
    leaves: tuple[str, ...]
    columns: int
    base: Callable[[int], list[int] | None]
    outside: frozenset[str] = frozenset()
    inequalities: list[list[int]] = field(default_factory=list[list[int]])
    _known: dict[tuple[str, int], list[int]] = field(default_factory=dict[tuple[str, int], list[int]])

    def axis(self, name: str) -> list[int]:
        """An axis as a row."""
        return self._value(name, 0)

    def _value(self, name: str, start: int) -> list[int]:
        """What the loop `name` stands for before step `start`."""
        if name in self.outside:
            return []
        key = name, start
        if key not in self._known:
            self._known[key] = self._resolve(name, start)
        return self._known[key]

    def _resolve(self, name: str, start: int) -> list[int]:
        for place in range(start, len(self.steps)):
            step = self.steps[place]
            relation = step.relation
            if isinstance(relation, Fuse):
                if name in (relation.outer, relation.inner):
                    return self._leaf(name)
                continue
            if relation.parent != name:
                continue
            match relation:
                case Split():
                    return self._split(relation, place)
                case Skew():
                    by = self._value(relation.by, place + 1 if relation.by in step.live else 0)
                    return _combined(self._value(relation.into, place + 1), by, -relation.factor)
                case Reverse():
                    return _combined([], self._value(relation.into, place + 1), -1)
                case Rename():
                    return self._value(relation.into, place + 1)
                case Shift():
                    return _combined(self._value(relation.into, place + 1), [-relation.by], 1)
        return self._leaf(name)

    def _split(self, relation: Split, place: int) -> list[int]:
        inner = self._value(relation.inner, place + 1)
        outer = self._value(relation.outer, place + 1)
        last = _combined([relation.factor - 1], inner, -1)
        self.inequalities += [inner, last]
        return _combined(_combined(inner, outer, relation.factor), self.base(place) or [], 1)

    def _leaf(self, name: str) -> list[int]:
        """A leaf loop."""
        row = [0] * (self.columns + len(self.leaves))
        row[self.columns + self.leaves.index(name)] = 1
        return row


def _combined(one: list[int], other: list[int], factor: int) -> list[int]:
    """One + factor * other, the shorter filled with zeros."""
    length = max(len(one), len(other))
    padded = one + [0] * (length - len(one))
    return [
        value + factor * (other[place] if place < len(other) else 0) for place, value in enumerate(padded)
    ]


def with_outputs(row: Row, start: int, axes: int, extra: int, place: int | None) -> list[int]:
    """A row over inputs and bases as one over inputs and outputs (axes, then bases); `place`: minus that axis."""
    outputs = [0] * axes
    if place is not None:
        outputs[place] = -1
    bases = list(row[start : start + extra]) + [0] * (extra - len(row[start:]))
    return [*row[:start], *outputs, *bases]
