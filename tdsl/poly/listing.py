"""Every executed copy of an arrangement at given sizes, one by one in the order of the loops: for replays.

In: `model.Arranged` and values of its sizes and params. Out: `Copy`s as plain values, lanes of one statement at one time,
and which cell an element is in. What isl cannot place (a stage whose readers are all elsewhere) has no copies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tdsl.expr.node import Var, axis_var
from tdsl.poly import library as isl
from tdsl.poly.affine import Affine
from tdsl.poly.aligned import within
from tdsl.poly.answers import Iteration, Refuted, Witness
from tdsl.poly.copies import Copies
from tdsl.poly.evaluate import value_at
from tdsl.poly.isl import IN, PARAM, SET, basic_set
from tdsl.poly.lanes import lane
from tdsl.poly.looptree import Dim, Misplaced
from tdsl.poly.model import Arranged, Statement
from tdsl.poly.smallest import smallest_point
from tdsl.poly.structure import with_sinks
from tdsl.poly.verdict import Judgement

LEAST_PARAMS = (0, -64)
"""Params are taken at least this large where that leaves any: the smallest value of one may be infinitely small."""


ROOMY = 64
"""Boxes this many times as large as what is asked for are not counted, but taken to hold too much."""


class TooMany(Exception):
    """More copies than asked for."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One execution of a statement: its axes, the values of the loops around it, and when it runs."""

    statement: str
    axes: tuple[int, ...]
    loops: tuple[int, ...]
    time: tuple[int, ...]
    """Text positions and loop values by turns; lanes of one vector loop share theirs."""


@dataclass(frozen=True, slots=True)
class Together:
    """The loops whose iterations race: dims `start` … `end` - 1 of the statements inside."""

    dims: tuple[Dim, ...]
    start: int


@dataclass(slots=True)
class Listing:
    """The copies of one arrangement."""

    arranged: Arranged
    copies: Copies = field(init=False)
    _known_lanes: dict[str, frozenset[Dim]] = field(init=False, default_factory=dict[str, "frozenset[Dim]"])

    def __post_init__(self) -> None:
        self.arranged = with_sinks(self.arranged)
        self.copies = Copies(self.arranged)
        self.copies.tree.joins.within = self._within

    def _within(self, body: tuple[Dim, ...], writer: str, reader: str) -> bool:
        """Whether a value flows within one iteration of a body; of what has no copies none does."""
        try:
            return within(self.copies, body, writer, reader)
        except Misplaced:
            return False

    def point(self, witness: Witness) -> dict[str, int]:
        """Values of all sizes and params at which the iterations of a witness run, the smallest; {} where none is found."""
        points = self.copies.context()
        for place, monomial in enumerate(self.copies.params()):
            known = dict(witness.sizes)
            if len(monomial) == 1 and monomial[0].name in known:
                points = points.fix_val(PARAM, place, known[monomial[0].name])
        for iteration in witness.iterations:
            points = points.intersect(self._where(iteration))
        affine, sizes = Affine((), self.copies.params()), self.arranged.program.sizes
        for least in LEAST_PARAMS:
            rows = [
                [-least, *(int(column == place) for column in range(len(affine.params)))]
                for place, monomial in enumerate(affine.params)
                if any(var.kind != "size" for var in monomial)
            ]
            bounded = isl.Set.from_params(points).intersect(basic_set(affine.space, [], rows))
            if not bounded.is_empty():
                found = smallest_point(bounded, affine, sizes)
                return {} if found is None else {var.name: value for var, value in found.at.items()}
        return {}

    def _where(self, iteration: Iteration) -> isl.Set:
        """The sizes and params at which an iteration runs."""
        statement = self.copies.tree.statements[iteration.statement]
        if len(iteration.loops) != len(self.copies.dims(iteration.statement)):
            inside = self.copies.flow.domain(statement)
        else:
            relation = self.copies.relation(iteration.statement)
            for place, (_, value) in enumerate(iteration.loops):
                relation = relation.fix_val(IN, place, value)
            inside = relation.range()
        for place, (_, value) in enumerate(iteration.axes):
            inside = inside.fix_val(SET, place, value)
        return inside.params()

    def all(self, point: Mapping[str, int], limit: int) -> list[Copy]:
        """Every copy in the order in which it runs, loops marked parallel one iteration after another.

        Errors: `TooMany` where there are more than `limit`.
        """
        found: list[Copy] = []
        for statement in self.arranged.program.statements:
            try:
                relation = self.copies.relation(statement.name)
            except Misplaced:
                continue
            points = self._at(relation, point)
            if self._more_than(statement, points, limit - len(found)):
                raise TooMany(limit)
            found += self._of(statement, points)
        order = {each.name: place for place, each in enumerate(self.arranged.program.statements)}
        return sorted(found, key=lambda copy: (copy.time, order[copy.statement], copy.loops))

    def _at(self, relation: isl.Map, point: Mapping[str, int]) -> isl.Set:
        """[loops, axes] of the copies at a point."""
        for place, monomial in enumerate(self.copies.params()):
            value = 1
            for var in monomial:
                value *= point[var.name]
            relation = relation.fix_val(PARAM, place, value)
        return relation.project_out(PARAM, 0, relation.dim(PARAM)).wrap().flatten()

    def _more_than(self, statement: Statement, points: isl.Set, limit: int) -> bool:
        """Whether there are more points than that; those of a box around them are counted first."""
        if points.is_empty():
            return False
        volume = 1
        for place in range(len(self.copies.dims(statement.name))):
            span = points.dim_max_val(place).sub(points.dim_min_val(place))
            volume *= 1 + span.to_python()
        return volume > limit and (volume > ROOMY * limit or points.count_val().to_python() > limit)

    def _of(self, statement: Statement, points: isl.Set) -> list[Copy]:
        width, count = points.dim(SET), len(self.copies.dims(statement.name))
        found: list[Copy] = []

        def add(point: isl.Point) -> None:
            values = isl.coordinates(point, width)
            found.append(self.copy(statement.name, tuple(values[count:]), tuple(values[:count])))

        points.foreach_point(add)
        return found

    def copy(self, name: str, axes: tuple[int, ...], loops: tuple[int, ...]) -> Copy:
        """A copy with the time at which it runs."""
        lanes, position = self._lanes(name), self.copies.tree.position
        time: list[int] = []
        for depth, (dim, value) in enumerate(zip(self.copies.dims(name), loops, strict=True)):
            time += (position(name, depth), 0 if dim in lanes else value)
        return Copy(name, axes, loops, (*time, position(name, len(loops))))

    def _lanes(self, name: str) -> frozenset[Dim]:
        """The loops around a statement that run as lanes."""
        if name in self._known_lanes:
            return self._known_lanes[name]
        tree = self.copies.tree
        self._known_lanes[name] = frozenset(dim for dim in tree.dims(name) if lane(tree, dim))
        return self._known_lanes[name]

    def cell(self, tensor: str, copy: Copy | None, element: tuple[int, ...]) -> tuple[object, ...]:
        """Where a copy (None: the caller, in the end) finds an element: tensor, loops that own the buffer, subscripts."""
        tree = self.copies.tree
        writers = tree.writers.get(tensor)
        if not writers:
            return tensor, (), element
        level = self._level(tensor)
        dims = () if copy is None else self.copies.dims(copy.statement)
        loops = () if copy is None else copy.loops
        buffer = tuple(zip(dims[:level], loops[:level], strict=True)) if len(dims) >= level else None
        arrangement = tree.arrangements[writers[0].stage]
        index = list(element)
        if not tree.is_accumulator(tensor):
            for place, factor in arrangement.folds:
                index[place] %= factor
            if arrangement.layout is not None:
                at: dict[Var, int] = dict(zip(map(axis_var, arrangement.dims), index, strict=True))
                index = [value_at(node, at) for node in arrangement.layout]
        return tensor, buffer, tuple(index)

    def _level(self, tensor: str) -> int:
        try:
            return self.copies.level(tensor)
        except Misplaced:
            return 0

    def together(self, found: Refuted) -> Together | None:
        """The loops of a refusal that run at once, around both of its iterations."""
        if found.place is None or found.witness is None:
            return None
        owner, loop = found.place
        stage = owner.split(".")[0]
        marks = tuple(mark for mark in self.copies.tree.arrangements[stage].loops if mark.name == loop)
        for group in Judgement(self.arranged).groups(stage, marks, vector=False) if marks else ():
            if all(
                self.copies.dims(one.statement)[: group.end] == group.dims for one in found.witness.iterations
            ):
                return Together(group.dims, group.start)
        return None
