"""Loops that several stages share: which dims of a leader a joined stage's statements stand in, and the order of bodies.

In: a `LoopTree` some of whose stages are computed with others. Out: plain values. A joined stage's axes are matched with
its leader's by name; a statement shares the leader's dims up to the first one that runs over a reduction axis which the
statement has not. Own loops whose value the shared dims give are no loops of the statement any more. In a body with
joined stages the order is topological by value flow, ties by declaration (semantics P4; Halide's `compute_with`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tdsl.poly.model import Place, Statement

if TYPE_CHECKING:
    from tdsl.poly.looptree import Dim, LoopTree

Unit = tuple[str, str]
"""What stands in a body: a loop (owner, leaf), or a statement without further loops ("", owner)."""


class Joins:
    """The questions about the joined stages of one loop tree; everything is memoised."""

    def __init__(self, tree: LoopTree) -> None:
        self.tree = tree
        self.of = {each.stage: each.joined for each in tree.arranged.arrangements if each.joined is not None}
        self.within: Callable[[tuple[Dim, ...], str, str], bool] | None = None
        """(body, writer, reader): whether a value flows within one iteration of the body (isl's word, from `copies`)."""
        self.cycles: dict[tuple[Dim, ...], tuple[str, ...]] = {}
        self._joint: dict[str, tuple[Dim, ...]] = {}
        self._settled: dict[str, frozenset[str]] = {}
        self._ranks: dict[tuple[Dim, ...], dict[Unit, int]] = {}

    def match(self, stage: str) -> dict[str, str]:
        """Axis of the leader -> axis of the joined stage."""
        join = self.of[stage]
        theirs = self.tree.axes(join.stage)
        named = dict(join.align)
        pairs = ((named.get(axis, axis), axis) for axis in self.tree.axes(stage))
        return {other: axis for other, axis in pairs if other in theirs}

    def borne(self, stage: str, dim: Dim) -> frozenset[str] | None:
        """The axes of a stage that a dim around its statements, not of its host, carries; None where one has no match."""
        if dim[0].split(".")[0] == stage:
            return self.tree.own(stage).bears[dim[1]]
        theirs = self.borne(self.of[stage].stage, dim)
        match = self.match(stage)
        if theirs is None or not theirs <= match.keys():
            return None
        return frozenset(match[axis] for axis in theirs)

    def around(self, stage: str) -> tuple[Dim, ...]:
        """The leader's dims, its host's left out, down to the loop that is shared."""
        join = self.of[stage]
        return self.tree.around(Place(join.stage, join.loop))[len(self.tree.host(stage)) :]

    def joint(self, name: str) -> tuple[Dim, ...]:
        """The dims that a statement shares with the leader of its stage, below those of their host."""
        if name not in self._joint:
            statement = self.tree.statements[name]
            found: list[Dim] = []
            if statement.stage in self.of and statement.role not in ("source", "sink"):
                for dim in self.around(statement.stage):
                    axes = self.borne(statement.stage, dim)
                    if axes is None:
                        raise _unmatched(statement.stage, dim)
                    if not axes <= set(statement.axes):
                        break
                    found.append(dim)
            self._joint[name] = tuple(found)
        return self._joint[name]

    def settled(self, name: str) -> frozenset[str]:
        """The axes of a statement whose values the dims that it shares give."""
        if name not in self._settled:
            statement = self.tree.statements[name]
            self._settled[name] = frozenset()
            if joint := self.joint(name):
                stage, around = statement.stage, self.tree.host(statement.stage)
                every = self._whole(self.of[stage].stage, (*around, *joint))[len(around) :]
                open_ = frozenset[str]().union(*(self._axes(stage, dim) for dim in every if dim not in joint))
                given = frozenset[str]().union(*(self._axes(stage, dim) for dim in joint))
                mixed = [self._axes(stage, dim) for dim in joint]
                while more := [axes for axes in mixed if axes & open_ and not axes <= open_]:
                    open_ = open_.union(*more)  # of a skewed loop, each axis as far as the others are known
                self._settled[name] = given - open_
        return self._settled[name]

    def _axes(self, stage: str, dim: Dim) -> frozenset[str]:
        return self.borne(stage, dim) or frozenset()

    def _whole(self, leader: str, dims: tuple[Dim, ...]) -> tuple[Dim, ...]:
        """All dims of the leader's statement in whose nest the shared dims are: those of its terms, where it has any."""
        inside = [each for each in self.tree.of_stage[leader] if self.tree.inside(each.name, dims)]
        return max((self.tree.dims(each.name) for each in inside), key=len)

    def absent(self, name: str) -> frozenset[str]:
        """Own leaves of a statement that are no loops: their values are given by the dims it shares."""
        statement = self.tree.statements[name]
        if statement.stage not in self.of or statement.role in ("source", "sink"):
            return frozenset()
        own, settled = self.tree.own(statement.stage), self.settled(name)
        return frozenset(leaf for leaf in own.leaves if own.bears[leaf] <= settled)

    def spread(self, stage: str) -> bool:
        """Whether the statements of a stage share different numbers of dims: its reduction runs in a shared loop."""
        if stage not in self.of:
            return False
        return len({len(self.joint(each.name)) for each in self._own_statements(stage)}) > 1

    def _own_statements(self, stage: str) -> list[Statement]:
        return [each for each in self.tree.of_stage[stage] if each.role not in ("source", "sink")]

    # the order of a body

    def rank(self, body: tuple[Dim, ...], unit: Unit) -> int:
        """Where a unit stands among those in the body below some dims."""
        if body not in self._ranks:
            self._ranks[body] = self._order(body)
        return self._ranks[body][unit]

    def unit(self, name: str, depth: int) -> Unit:
        """What of the body below `depth` dims holds a statement."""
        dims = self.tree.dims(name)
        return dims[depth] if depth < len(dims) else ("", self.tree.owner_of(name))

    def _order(self, body: tuple[Dim, ...]) -> dict[Unit, int]:
        """Topological by value flow, ties by declaration.

        Only where the names of tensors lead to a cycle is it asked which values flow within one iteration.
        """
        statements = [each for each in self.tree.statements.values() if self.tree.inside(each.name, body)]
        units: dict[Unit, int] = {}
        for place, each in enumerate(statements):
            units.setdefault(self.unit(each.name, len(body)), place)
        flows = self._flows(statements)
        found = self._sorted(body, units, flows)
        if len(found) < len(units) and self.within is not None:
            stage = {each.name: each.stage for each in statements}
            flows = [pair for pair in flows if stage[pair[0]] == stage[pair[1]] or self.within(body, *pair)]
            found = self._sorted(body, units, flows)
        left = [unit for unit in units if unit not in found]
        if left:
            self.cycles[body] = self._cyclic(body, left, flows)
        return found | {unit: len(found) + place for place, unit in enumerate(left)}

    def _cyclic(
        self, body: tuple[Dim, ...], left: list[Unit], flows: list[tuple[str, str]]
    ) -> tuple[str, ...]:
        """The stages whose values flow between what stands in a cycle: not of what only follows one."""
        depth, stages = len(body), self.tree.statements
        found = [
            (self.unit(one, depth), self.unit(other, depth), stages[one].stage, stages[other].stage)
            for one, other in flows
        ]
        while True:
            pairs = [each for each in found if each[0] in left and each[1] in left and each[0] != each[1]]
            kept = [unit for unit in left if any(unit == each[0] for each in pairs)]
            if len(kept) == len(left):
                names = {name for each in pairs for name in each[2:]}
                return tuple(name for name in self.tree.of_stage if name in names)
            left = kept

    def _sorted(
        self, body: tuple[Dim, ...], units: dict[Unit, int], flows: list[tuple[str, str]]
    ) -> dict[Unit, int]:
        """The units that stand in no cycle, and not after one, in order."""
        before: dict[Unit, set[Unit]] = {unit: set() for unit in units}
        for writer, reader in flows:
            one, other = (self.unit(name, len(body)) for name in (writer, reader))
            if one != other:
                before[other].add(one)
        found: dict[Unit, int] = {}
        while True:
            ready = [unit for unit in units if unit not in found and before[unit] <= found.keys()]
            if not ready:
                return found
            found[min(ready, key=lambda unit: units[unit])] = len(found)

    def _flows(self, statements: list[Statement]) -> list[tuple[str, str]]:
        """(writer, reader) pairs among some statements; of one stage, each statement with the next one."""
        inside = {each.name for each in statements}
        last: dict[str, str] = {}
        found: list[tuple[str, str]] = []
        for each in statements:
            if each.stage in last:
                found.append((last[each.stage], each.name))
            last[each.stage] = each.name
            for tensor in dict.fromkeys(access.tensor for access in each.reads):
                writers = self.tree.writers.get(tensor, ())
                found += [
                    (one.name, each.name) for one in writers if one.stage != each.stage and one.name in inside
                ]
        return found


def _unmatched(stage: str, dim: Dim) -> Exception:
    from tdsl.poly.looptree import Misplaced

    return Misplaced(stage, f"loop {dim[1]} of {dim[0]} runs over an axis that {stage} has not")
