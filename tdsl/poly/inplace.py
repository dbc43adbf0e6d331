"""May an input and a result be one array? Names in, yes or no out: every read of an element comes before it is written.

In: `model.Arranged` and two tensors of the same extents, one read only, one written. A read may stand in the very
instance that writes its element (reads come before writes within one), before it in the order of the loops, and never
in an iteration that runs together with the writing one. What isl cannot see or decide is a no. Source:
anti-dependences of the feasibility study, asked across two tensors.
"""

from __future__ import annotations

from functools import lru_cache

from tdsl.poly import library as isl
from tdsl.poly.affine import NonAffine
from tdsl.poly.carried import Group
from tdsl.poly.edges import Touch
from tdsl.poly.isl import TooLarge, budget
from tdsl.poly.model import Arranged, LoopMark
from tdsl.poly.verdict import Judgement
from tdsl.poly.views import as_stated

BUDGET = 400_000
"""isl operations of one pair: some 50 ms; a no costs the user an array, not a wrong result."""


@lru_cache(maxsize=256)
def may_be_one(arranged: Arranged, source: str, result: str) -> bool:
    """Whether a call may pass the array `source` as `result` itself."""
    try:
        with budget(BUDGET):
            return _Question(Judgement(as_stated(arranged)), source, result).holds()
    except (NonAffine, TooLarge):
        return False


class _Question:
    def __init__(self, judgement: Judgement, source: str, result: str) -> None:
        self.judgement = judgement
        self.source = source
        self.result = result
        tree = judgement.copies.tree
        self.readers = [Touch(each, False) for each in tree.readers.get(source, ())]
        self.writers = [Touch(each, True) for each in tree.writers.get(result, ())]

    def holds(self) -> bool:
        if any(not self._in_time(reader, writer) for reader in self.readers for writer in self.writers):
            return False
        for arrangement in self.judgement.arranged.arrangements:
            if arrangement.stage in self.judgement.copies.tree.of_stage:
                if not all(map(self._apart, self._groups(arrangement.stage, arrangement.loops))):
                    return False
        return True

    def _in_time(self, reader: Touch, writer: Touch) -> bool:
        """No element is written strictly before it is read."""
        pairs = self._touched(reader).apply_range(self._touched(writer).reverse())
        late = self.judgement.edges.order.after(reader.statement.name, writer.statement.name)
        return bool(pairs.intersect(late).is_empty())

    def _groups(self, stage: str, loops: tuple[LoopMark, ...]) -> list[Group]:
        """The loops of a stage whose iterations run together: each parallel one, lanes as they lie side by side."""
        found: list[Group] = []
        lanes: list[LoopMark] = []
        for loop in (*loops, LoopMark("")):
            if loop.kind == "vector":
                lanes.append(loop)
                continue
            if lanes:
                found += self.judgement.groups(stage, tuple(lanes), vector=True)
                lanes = []
            if loop.kind == "parallel":
                found += self.judgement.groups(stage, (loop,), vector=False)
        return found

    def _apart(self, group: Group) -> bool:
        """No iteration of the group reads what another one writes, but where lockstep keeps them in order."""
        tree = self.judgement.copies.tree
        inside = [
            touch for touch in (*self.readers, *self.writers) if tree.inside(touch.statement.name, group.dims)
        ]
        pairs = [(one, other) for one in inside for other in inside if one.writes != other.writes]
        return not any(self._meet(group, one, other) for one, other in pairs)

    def _meet(self, group: Group, one: Touch, other: Touch) -> bool:
        """Whether `one` in a lower iteration and `other` in a higher one touch an element, in an order that is lost."""
        if group.vector and self._in_lockstep(group, one, other):
            return False
        first, second = self._touched(one), self._touched(other)
        apart = self.judgement.edges.order.apart(
            one.statement.name, other.statement.name, group.start, group.end
        )
        return not first.apply_range(second.reverse()).intersect(apart).is_empty()

    def _in_lockstep(self, group: Group, one: Touch, other: Touch) -> bool:
        """Lanes run statement by statement, reads before writes: a read that stands first, or in the same statement."""
        tree = self.judgement.copies.tree
        reader, writer = (other, one) if one.writes else (one, other)
        here, there = (tree.position(each.statement.name, group.end) for each in (reader, writer))
        if here != there:
            return here < there
        return reader.statement is writer.statement and len(tree.dims(reader.statement.name)) == group.end

    def _touched(self, touch: Touch) -> isl.Map:
        """{ dims -> element }"""
        if touch.writes:
            return self.judgement.edges.written(self.result, touch.statement)
        copies = self.judgement.copies
        return copies.relation(touch.statement.name).apply_range(
            copies.flow.read(touch.statement, self.source)
        )
