"""What would be legal instead of a step that was refused: loops, skews, folds, places, conditions; each tried before named.

In: the step, the states before and after it, what poly found. Out: lines for the error's ``try:``, and the condition on
sizes under which the step is legal. Every line was judged like a directive: what is offered is accepted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from keyword import iskeyword

from tdsl.errors import TdslError
from tdsl.expr.build import logical_and
from tdsl.expr.node import Compare, Node
from tdsl.expr.printer import text
from tdsl.poly import answers
from tdsl.schedule.directive import Directive
from tdsl.schedule.likely import Try, likely
from tdsl.schedule.loops import over_reduction
from tdsl.schedule.placement import readers
from tdsl.schedule.primitives import (
    Atomic,
    Clone,
    ComputeAt,
    ComputeRoot,
    ComputeWith,
    Parallel,
    Reorder,
    RFactor,
    Shift,
    Skew,
    StoreAt,
    Tile,
    Vectorize,
)
from tdsl.schedule.state import StageState, State
from tdsl.schedule.together import followed

CONDITIONS = 4
"""Violations whose conditions are put together before a step counts as illegal for all sizes."""
FACTORS = (1, 2, -1, 3)
"""Skew factors tried, the likeliest first: stencils reach one or two places far."""
FURTHER = 3
"""Shifts tried: the smallest example may not show the value that is furthest away."""


def condition(state: State, found: answers.Refuted) -> Node | None:
    """What the sizes must satisfy for the whole schedule to be legal; None where nothing found does it."""
    from tdsl.poly.satisfied import simplified
    from tdsl.schedule.legality import program_of, verdict_of

    total: Node | None = None
    verdict: answers.Verdict = found
    for _ in range(CONDITIONS):
        if not isinstance(verdict, answers.Refuted) or verdict.condition is None:
            return None
        total = verdict.condition if total is None else logical_and(total, verdict.condition)
        verdict = verdict_of(replace(state, assumptions=(*state.assumptions, total)))
        if isinstance(verdict, answers.Proved):
            program = program_of(state)
            plain = isinstance(total, Compare)
            return total if plain else simplified(total, program.sizes, program.context)
    return None


def added_together(step: Directive, before: State) -> list[str]:
    """Of a parallel loop of an update `U[at] = U[at] op e`: partial results, or changes at once; each tried."""
    entry = before.find(getattr(step, "stage", ""))
    if entry is None or entry.stage.base is None or not isinstance(step, Parallel):
        return []
    stage, loop = entry.name, step.axis
    name = f"{stage}_partial"
    lines: list[str] = []
    if _legal(before, RFactor(stage, loop, name), Parallel(name, loop)):
        lines.append(f'rfactor("{stage}", "{loop}", name="{name}"), then parallel of {loop} of {name}')
    if _legal(before, Atomic(stage), step):
        lines.append(f'atomic("{stage}") first: threads add to an element one after another')
    return lines


def own_copy(step: ComputeAt, before: State) -> list[str]:
    """Of a stage that others read, too, a clone for the one reader that it was to stand in; tried."""
    name = f"{step.stage}_clone"
    if not _legal(before, Clone(step.stage, (step.host,)), replace(step, stage=name)):
        return []
    return [f'clone("{step.stage}", "{step.host}"), then compute_at("{name}", "{step.host}", "{step.axis}")']


def _legal(before: State, *steps: Directive, suspect: answers.Refuted | None = None) -> bool:
    """Whether some steps, one after another on a state, are all legal; what they lead to is asked first.

    suspect: what is likeliest to be wrong again.
    """
    from tdsl.schedule.bits import check_exact
    from tdsl.schedule.legality import is_legal

    state, passed = before, list[State]()
    try:
        for step in steps:
            fresh = replace(followed(step.apply(state)), steps=(*state.steps, step))
            if before.keeps_bits:
                check_exact(step, fresh, state)
            state = fresh
            passed.append(state)
    except TdslError:
        return False
    return all(is_legal(one, suspect) for one in reversed(passed))


@dataclass(frozen=True, slots=True)
class Advisor:
    """Looks for what is legal near one refused step; `before` is the state it was asked on."""

    step: Directive
    before: State
    state: State
    found: answers.Refuted

    def hints(self, allowed: Node | None) -> tuple[str, ...]:
        """The lines, the most direct first. allowed: the condition under which the step is legal."""
        lines: list[str] = []
        place = self.found.place
        host = None if place is None else self.state.find(place[0])
        if self.found.kind in ("reduction", "race") and place is not None and host is not None:
            if place[1] in host.axes and over_reduction(host, place[1]):
                lines += self._of_terms(host, place[1])
            else:
                lines += self._apart(host, place[1])
                lines += self._parallel(host, place[1]) + added_together(self.step, self.before)
        if self.found.kind == "clobber":
            lines += self._folds()
        if self.found.kind == "order" and isinstance(self.step, Tile):
            lines += list(islice(self._skewed_tiles(self.step), 1))
        if self.found.kind == "order" and isinstance(self.step, Reorder):
            lines += list(islice(self._skewed_orders(self.step), 1))
        if self.found.kind == "order" and isinstance(self.step, ComputeWith):
            lines += list(islice(self._shifted(self.step), 1))
        if isinstance(self.step, Vectorize):
            lines += list(islice(self._fewer_lanes(self.step), 1))
        if self.found.kind in ("scope", "placement", "missing"):
            lines += self._outer_readers()
        if allowed is not None:
            lines.append(f"assume({text(allowed)}): then it is legal")
        return tuple(lines)

    def _of_terms(self, host: StageState, loop: str) -> list[str]:
        """How the terms of a sum may run in parallel: as partial results, or as changes at once."""
        summing, plain = self._summing(host), isinstance(self.step, Parallel)
        name = _fresh_stage(self.before, f"{host.name}_partial")
        then = (
            "parallel of the stage it makes" if self.step.primitive != "bind" else f"bind {loop} to threads"
        )
        ways: list[str] = []
        if self._legal(RFactor(host.name, loop, name), Parallel(name, loop)) or not (plain or host.stage.own):
            ways.append(f'rfactor("{host.name}", "{loop}"), then {then}')
        if not plain or self._legal(Atomic(summing), self.step):
            ways.append(f'atomic("{summing}")' + ("" if ways else " first"))
        return ["; or ".join(ways)] if ways else []

    def _legal(self, *steps: Directive) -> bool:
        """Whether some steps, one after another on the state before, are all legal."""
        return _legal(self.before, *steps, suspect=self.found)

    def _first_legal(self, stage: str, tries: list[Try]) -> Iterator[str]:
        """What is said of the tries that are legal, those left out that distances rule out."""
        for steps, said in likely(self.before, stage, self.found, tries):
            if self._legal(*steps):
                yield said

    def _parallel(self, host: StageState, loop: str) -> list[str]:
        """Other loops of the stage that may run in parallel; where there is none, a wavefront."""
        from tdsl.schedule.inspection import parallel_axes

        marks = tuple(
            replace(each, kind="serial") if each.name == loop and each.kind == "parallel" else each
            for each in host.loops
        )
        legal = parallel_axes(self.state.with_stage(replace(host, loops=marks)), host.name)
        if legal:
            return [f"legal in parallel: {', '.join(legal)}"]
        return list(islice(self._wavefronts(host.name, loop), 1))

    def _wavefronts(self, stage: str, loop: str) -> Iterator[str]:
        """Skews after which the loop of the outer of two neighbours runs in parallel inside the skewed one."""
        entry = self.before.find(stage)
        if entry is None or not isinstance(self.step, Parallel):
            return
        name = _fresh(entry, "w")
        for outer, inner in pairwise(entry.axes):
            if loop not in (outer, inner):
                continue
            for factor in FACTORS:
                skew = Skew(stage, inner, outer, name, factor)
                if self._legal(skew, Reorder(stage, (name, outer)), Parallel(stage, outer)):
                    yield f'{_call(skew)}, reorder("{stage}", "{name}", "{outer}"), then parallel of {outer}'

    def _skewed_tiles(self, step: Tile) -> Iterator[str]:
        """Skews after which the same tile is legal: of one of its loops by one outside of it, or of all by the first."""
        entry = self.before.find(step.stage)
        if entry is None:
            return
        axes = [axis for axis, _ in step.factors if axis in entry.axes]
        tries: list[Try] = []
        for factor in FACTORS:
            choices = [([axis for axis in axes if axis != by], by) for by in entry.axes[:1] if len(axes) > 2]
            choices += [([axis], by) for axis in axes for by in entry.axes[: entry.axes.index(axis)]]
            for skewed, by in choices:
                names = {axis: _fresh(entry, f"{axis}s") for axis in skewed}
                skews = [Skew(step.stage, axis, by, names[axis], factor) for axis in skewed]
                factors = tuple((names.get(axis, axis), width) for axis, width in step.factors)
                tiled = ", ".join(axis for axis, _ in factors)
                said = f"{', '.join(map(_call, skews))}, then tile of {tiled}"
                tries.append(((*skews, replace(step, factors=factors, into=None)), said))
        yield from self._first_legal(step.stage, tries)

    def _skewed_orders(self, step: Reorder) -> Iterator[str]:
        """Skews after which the same order is legal: of a loop by one that it moves out of."""
        entry = self.before.find(step.stage)
        named = [] if entry is None else [axis for axis in step.axes if axis in entry.axes]
        if entry is None or len(named) != len(step.axes):
            return
        tries: list[Try] = []
        for factor in FACTORS:
            for axis in named:
                for by in entry.axes[: entry.axes.index(axis)]:
                    if by not in named or named.index(by) < named.index(axis):
                        continue
                    name = _fresh(entry, f"{axis}s")
                    skew = Skew(step.stage, axis, by, name, factor)
                    order = tuple(name if one == axis else one for one in named)
                    said = f"{_call(skew)}, then reorder of {', '.join(order)}"
                    tries.append(((skew, replace(step, axes=order)), said))
        yield from self._first_legal(step.stage, tries)

    def _shifted(self, step: ComputeWith) -> Iterator[str]:
        """A shift of the stage that joins, as far as its value is made too late or read too early, or a little further."""
        witness, entry = self.found.witness, self.before.find(step.stage)
        if witness is None or entry is None:
            return
        places = {each.stage: dict(each.axes) for each in witness.iterations}
        mine, host = places.get(step.stage, {}), places.get(step.host, {})
        names = {axis: axis for axis in entry.axes if axis in host} | dict(step.align)
        apart = [
            (axis, host[other] - mine[axis])
            for axis, other in names.items()
            if axis in mine and other in host
        ]
        for axis, least in ((axis, by) for axis, by in apart if by):
            for by in (least + more * (1 if least > 0 else -1) for more in range(FURTHER)):
                if self._legal(Shift(step.stage, axis, by), step):
                    yield f'shift("{step.stage}", "{axis}", {by}), then compute_with'
                    return

    def _fewer_lanes(self, step: Vectorize) -> Iterator[str]:
        """The most lanes, a power of two, that do not depend on each other."""
        width = step.width if isinstance(step.width, int) else 0
        fewer = 1 << max(width - 1, 0).bit_length() >> 1
        while fewer >= 2:
            if self._legal(replace(step, width=fewer)):
                yield f'vectorize("{step.stage}", "{step.axis}", {fewer}): the most lanes that are independent'
                return
            fewer //= 2

    def _apart(self, host: StageState, loop: str) -> list[str]:
        """Of what slides along a parallel loop: kept inside of it, each iteration makes its own."""
        entry = self.before.find(self.found.tensor)
        if entry is None or entry.compute is None or entry.store in (None, entry.compute):
            return []
        store = StoreAt(entry.name, host.name, loop)
        if not isinstance(self.step, Parallel) or not self._legal(store, self.step):
            return []
        return [f'store_at("{entry.name}", "{host.name}", "{loop}"): each iteration makes what it reads']

    def _summing(self, host: StageState) -> str:
        """The stage whose terms would race: the loop's own, or one that shares the loop."""
        found = self.state.find(self.found.tensor.partition(".")[0])
        return host.name if found is None else found.name

    def _folds(self) -> list[str]:
        from tdsl.schedule.inspection import DEEPEST_FOLD, fold_is_legal, fold_lengths

        entry = self.state.find(self.found.tensor)
        dim = getattr(self.step, "dim", None)
        if entry is None or not isinstance(dim, str) or dim not in entry.dims:
            return []
        lengths = fold_lengths(self.state, entry.name, dim)
        if lengths is None:
            return []
        if not lengths:
            return [f"no fold of {dim} up to {DEEPEST_FOLD} keeps what is still read"]
        least = lengths[0]
        legal = fold_is_legal(self.state, entry.name, dim, least)
        return [f'fold("{entry.name}", "{dim}", {least}): the smallest legal one'] if legal else []

    def _outer_readers(self) -> list[str]:
        """Of a stage that a reader does not see: the reader placed first; where this step makes it, the stage after it."""
        entry = self.state.find(self.found.tensor)
        if entry is None or entry.compute is None:
            return []
        place, name = entry.compute, entry.name
        for reader in readers(self.state, entry):
            if reader.name == place.stage:
                continue
            if self.before.find(reader.name) is not None:
                if self._legal(ComputeAt(reader.name, place.stage, place.loop), self.step):
                    at = f'compute_at("{reader.name}", "{place.stage}", "{place.loop}")'
                    return [f"{at} first: readers before what they read"]
                continue
            begun = (ComputeRoot(name), self.step)
            first = f'compute_root("{name}"), then {self.step.primitive}, then'
            beside = (ComputeAt(one, place.stage, place.loop) for one in (reader.name, name))
            if self._legal(*begun, *beside):
                return [f'{first} compute_at(("{name}", "{reader.name}"), "{place.stage}", "{place.loop}")']
            if self._legal(*begun, ComputeAt(name, reader.name, place.loop)):
                return [f'{first} compute_at("{name}", "{reader.name}", "{place.loop}")']
        if self._legal(ComputeRoot(name), self.step):
            return [f'compute_root("{name}") first']
        return []


def _fresh(entry: StageState, name: str) -> str:
    """A name that no loop of the stage has or had, and that can be one (``i`` skewed is no ``is``)."""
    taken = {*entry.axes, *(old for old, _ in entry.retired)}
    while name in taken or iskeyword(name):
        name += "_"
    return name


def _fresh_stage(state: State, name: str) -> str:
    """A name that no stage has."""
    while state.find(name) is not None:
        name += "_"
    return name


def _call(skew: Skew) -> str:
    factor = "" if skew.factor == 1 else f", factor={skew.factor}"
    return f'skew("{skew.stage}", "{skew.axis}", by="{skew.by}", into="{skew.into}"{factor})'
