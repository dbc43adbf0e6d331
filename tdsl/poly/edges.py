"""Checks of one dependence edge: is every value made before it is read, in the buffer it is read from, and kept?

In: `Copies`, `Order`, `Storage` of one arrangement and (tensor, reader, writer). Out: None, or the `Violation` with all
collisions. Order, coverage, clobber and twice are checks 2 to 5 of the feasibility study; scope (1) is in `verdict.py`.
"""

from __future__ import annotations

from dataclasses import field

from tdsl.poly import library as isl
from tdsl.poly.copies import Copies
from tdsl.poly.isl import IN, OUT, map_space, set_space
from tdsl.poly.lanes import lane, shared_lanes
from tdsl.poly.looptree import LoopTree
from tdsl.poly.model import Statement
from tdsl.poly.order import Order
from tdsl.poly.stated import turns_of
from tdsl.poly.storage import Storage
from tdsl.poly.violation import Violation
from tdsl.records import dataclass


@dataclass(frozen=True, slots=True)
class Touch:
    """A statement that reads or writes a tensor."""

    statement: Statement
    writes: bool


def touches_of(tree: LoopTree, tensor: str) -> list[Touch]:
    """Who writes and who reads a tensor."""
    writing = [Touch(each, True) for each in tree.writers.get(tensor, ())]
    return writing + [Touch(each, False) for each in tree.readers.get(tensor, ())]


@dataclass(slots=True)
class Edges:
    """The checks of one arrangement."""

    copies: Copies
    order: Order
    storage: Storage
    _made: dict[tuple[str, str, str, "int | None"], tuple[isl.Map, isl.Map]] = field(
        init=False, default_factory=dict[tuple[str, str, str, "int | None"], "tuple[isl.Map, isl.Map]"]
    )
    _written: dict[tuple[str, str], isl.Map] = field(
        init=False, default_factory=dict[tuple[str, str], "isl.Map"]
    )

    def check_flow(
        self, tensor: str, reader: Statement, writer: Statement, which: int | None = None
    ) -> Violation | None:
        """Order, then coverage, of the values that `reader` reads and `writer` makes; `which`: by one access only."""
        want, makers = self.makers(tensor, reader, writer, which)
        return self._late(tensor, reader, writer, makers) or self._missing(
            tensor, reader, writer, want, makers
        )

    def check_kept(
        self, tensor: str, reader: Statement, writer: Statement, which: int | None = None
    ) -> Violation | None:
        """Whether those values are still there when they are read."""
        _, makers = self.makers(tensor, reader, writer, which)
        return self._clobbered(tensor, reader, writer, makers)

    def makers(
        self, tensor: str, reader: Statement, writer: Statement, which: int | None
    ) -> tuple[isl.Map, isl.Map]:
        """{ reader -> the writer's instances it wants }, { reader -> the writer's copies it may get them from }."""
        key = tensor, reader.name, writer.name, which
        if key not in self._made:
            want = self.copies.relation(reader.name)
            want = want.apply_range(self.copies.flow.sources(reader, writer, tensor, which))
            makers = want.apply_range(self.copies.relation(writer.name).reverse())
            self._made[key] = want, self.same_buffer(tensor, reader, writer, makers)
        return self._made[key]

    def same_buffer(self, tensor: str, one: Statement, other: Statement, relation: isl.Map) -> isl.Map:
        """The pairs of copies that use the same buffer of the tensor."""
        level = self.copies.level(tensor)
        return (
            relation if level == 0 else relation.intersect(self.order.same_start(one.name, other.name, level))
        )

    def written(self, tensor: str, writer: Statement) -> isl.Map:
        """{ writer's dims -> element }"""
        key = tensor, writer.name
        if key not in self._written:
            relation = self.copies.relation(writer.name)
            self._written[key] = relation.apply_range(self.copies.flow.write(writer, tensor))
        return self._written[key]

    def _late(self, tensor: str, reader: Statement, writer: Statement, makers: isl.Map) -> Violation | None:
        """Values made only after they are read. A copy of an assignment may be late where another came in time."""
        late = makers.intersect(self.order.not_after(reader.name, writer.name))
        if late.is_empty():
            return None
        if writer.role in ("assign", "finish") and not self._ordered(tensor):
            made = self.copies.relation(writer.name)
            in_time = makers.intersect(self.order.after(reader.name, writer.name)).apply_range(made)
            lost = late.apply_range(made).subtract(in_time)
            if lost.is_empty():
                return None
            late = late.intersect(lost.apply_range(made.reverse()))
        lanes = shared_lanes(self.copies.tree, reader.name, writer.name)
        if lanes and late.intersect(self.order.not_after_in_turn(reader.name, writer.name)).is_empty():
            return self._locked(tensor, reader, writer, lanes, late)
        text = f"{reader.stage} reads {tensor} before {writer.stage} has made it"
        return Violation("order", tensor, writer.name, reader.name, "flow", late.reverse(), text)

    def _locked(
        self, tensor: str, reader: Statement, writer: Statement, lanes: tuple[int, ...], late: isl.Map
    ) -> Violation:
        """Values that come too late only because lanes run together."""
        place = lane(self.copies.tree, self.copies.dims(reader.name)[lanes[0]])
        assert place is not None
        text = f"lanes of {place[1]} touch one element of {tensor}"
        return Violation(
            "vector", tensor, writer.name, reader.name, "flow", late.reverse(), text, place=place
        )

    def _missing(
        self, tensor: str, reader: Statement, writer: Statement, want: isl.Map, makers: isl.Map
    ) -> Violation | None:
        """Values that nobody makes in the buffer they are read from."""
        missing = want.subtract(makers.apply_range(self.copies.relation(writer.name)))
        if missing.is_empty():
            return None
        text = f"{writer.stage} does not compute all of {tensor} where {reader.stage} reads it"
        return Violation("missing", tensor, writer.name, reader.name, "flow", missing, text)

    def _clobbered(
        self, tensor: str, reader: Statement, writer: Statement, makers: isl.Map
    ) -> Violation | None:
        if makers.is_empty():
            return None
        alias = self.storage.shared(tensor) if self._ordered(tensor) else self.storage.alias(tensor)
        if alias is None or alias.is_empty():
            return None
        for other in self.copies.tree.writers[tensor]:
            found = self.between(tensor, reader, writer, other, makers, alias)
            if not found.is_empty():
                text = (
                    f"a value of {tensor} is overwritten by {other.stage} before {reader.stage} has read it"
                )
                return Violation(
                    "clobber", tensor, reader.name, other.name, "anti", found, text, lost=writer.name
                )
        return None

    def _ordered(self, tensor: str) -> bool:
        return tensor in self.copies.arranged.program.ordered

    def between(
        self,
        tensor: str,
        reader: Statement,
        writer: Statement,
        other: Statement,
        makers: isl.Map,
        alias: isl.Map,
    ) -> isl.Map:
        """{ writer -> [reader -> other] : other puts something else into the cell after the write, before the read }.

        Started from the write: the reads of a reader are merged, so a pair reader -> other would mix two accesses.
        """
        put, put_other = self.written(tensor, writer), self.written(tensor, other)
        conflict = put.apply_range(alias).apply_range(put_other.reverse())
        conflict = conflict.intersect(self.order.before(writer.name, other.name))
        conflict = self.same_buffer(tensor, writer, other, conflict)
        triples = makers.reverse().range_product(conflict)
        return triples.intersect_range(self.order.after(reader.name, other.name).wrap())

    def running(self, tensor: str, update: Statement) -> isl.Map:
        """{ update -> an earlier update of the same element }: the running value is read by its own updates."""
        put = self.written(tensor, update)
        pairs = put.apply_range(put.reverse()).intersect(self.order.after(update.name, update.name))
        return self.same_buffer(tensor, update, update, pairs)

    def check_running(self, tensor: str, update: Statement) -> Violation | None:
        """The running value of a reduction survives between its own updates."""
        alias = self.storage.alias(tensor)
        if alias is None or alias.is_empty():
            return None
        return self._clobbered(tensor, update, update, self.running(tensor, update))

    def check_once(self, tensor: str, statement: Statement) -> Violation | None:
        """An initialisation or an update has one copy a buffer."""
        made = self.copies.relation(statement.name)
        pairs = made.apply_range(made.reverse()).intersect(self.order.before(statement.name, statement.name))
        pairs = self.same_buffer(tensor, statement, statement, pairs)
        if pairs.is_empty():
            return None
        text = f"{statement.stage} would update an element of {tensor} twice"
        return Violation("twice", tensor, statement.name, statement.name, "output", pairs, text)

    def survives(self, tensor: str, writer: Statement) -> Violation | None:
        """Of an output every element is still there after everything: no cell is written by two elements."""
        alias = self.storage.alias(tensor)
        if alias is None or alias.is_empty():
            return None
        for other in self.copies.tree.writers[tensor]:
            conflict = self.written(tensor, writer).apply_range(alias)
            conflict = conflict.apply_range(self.written(tensor, other).reverse())
            conflict = conflict.intersect(self.order.before(writer.name, other.name))
            if not conflict.is_empty():
                text = f"a value of the result {tensor} is overwritten"
                return Violation("clobber", tensor, writer.name, other.name, "output", conflict, text)
        return None

    def check_sequence(self, tensor: str, one: Touch, other: Touch) -> Violation | None:
        """Whatever of `one` stands before `other` in the declaration and may touch the same element runs before it."""
        first, second = one.statement, other.statement
        touched = self._elements(tensor, one).apply_range(self.storage.shared(tensor))
        pairs = touched.apply_range(self._elements(tensor, other).reverse())
        stated = self._stated_before(first, second)
        if stated is None:
            return None
        pairs = pairs.intersect(stated)
        pairs = self.copies.relation(first.name).apply_range(pairs)
        pairs = pairs.apply_range(self.copies.relation(second.name).reverse())
        pairs = pairs.intersect(self.order.not_after(second.name, first.name).reverse())
        pairs = self.same_buffer(tensor, first, second, pairs)
        if pairs.is_empty():
            return None
        text = f"{first.stage} and {second.stage} may touch an element of {tensor} in another order than declared"
        dependence = "output" if one.writes and other.writes else "flow" if one.writes else "anti"
        return Violation("order", tensor, first.name, second.name, dependence, pairs, text)

    def _elements(self, tensor: str, touch: Touch) -> isl.Map:
        """{ axes -> element }"""
        flow = self.copies.flow
        return flow.write(touch.statement, tensor) if touch.writes else flow.read(touch.statement, tensor)

    def _stated_before(self, one: Statement, other: Statement) -> isl.Map | None:
        """{ axes -> axes : one's instance stands before other's in the declaration }; None where none does."""
        program = self.copies.arranged.program
        turns = turns_of(program.statements, program.ordered)
        mine, theirs = turns[one.name], turns[other.name]
        lengths = len(one.axes), len(other.axes)
        if mine.place != theirs.place:
            everything = isl.Map.universe(map_space(self.copies.param_space(), *lengths))
            return everything if mine.place < theirs.place else None
        if one is other:
            return isl.Map.lex_lt(set_space(self.copies.param_space(), len(one.axes)))
        space = set_space(self.copies.param_space(), mine.points)
        points = isl.Map.lex_le(space) if mine.part < theirs.part else isl.Map.lex_lt(space)
        points = points.insert_dims(IN, mine.points, lengths[0] - mine.points)
        return points.insert_dims(OUT, mine.points, lengths[1] - mine.points)
