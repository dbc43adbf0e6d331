"""The loop tree of an arrangement, without isl: which loops stand around each statement, in which order bodies run.

In: `model.Arranged`. Out: per statement its *dims* ((owner, leaf loop) outside-in), per stage the host's dims, per
tensor how many leading dims own a buffer, text positions. A fused loop is its leaves; init and finish of a reduction
share the loops before the first reduction loop with its update and own copies of the later data loops. The source and
the sink of a tensor that is updated in place (its value before, and after everything) have nests of their own, the sink at
root, the source where its stage is placed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from functools import lru_cache
from typing import Literal

from tdsl.poly.joins import Joins
from tdsl.poly.model import Arranged, Arrangement, AxisRelation, Fuse, Place, Skew, Split, Statement
from tdsl.records import dataclass

Dim = tuple[str, str]
"""(owner, leaf loop); the owner is a stage, or "<stage>.init" / "<stage>.finish"."""


class Misplaced(Exception):
    """A placement that names no loop, or cannot hold what is placed there; `opaque`: that isl cannot express."""

    def __init__(self, stage: str, text: str, *, opaque: bool = False) -> None:
        super().__init__(stage, text)
        self.stage = stage
        self.text = text
        self.opaque = opaque


@dataclass(frozen=True, slots=True)
class OwnLoops:
    """A stage's own loops as leaves.

    spans: loop as it now stands -> (first, last + 1) leaf. reduces: leaves that derive from a reduction axis. prefix:
    number of leaves shared by init, update and finish. roots: leaf -> the axis it is a part of ("" where a skew mixes
    two). opaque: loops that split a fused one. carried: loop -> the reduction axes it carries. bears: leaf -> all axes
    that its value is made of.
    """

    leaves: tuple[str, ...]
    spans: dict[str, tuple[int, int]]
    reduces: frozenset[str]
    prefix: int
    roots: dict[str, str]
    opaque: frozenset[str]
    carried: dict[str, frozenset[str]]
    bears: dict[str, frozenset[str]]


@dataclass(slots=True)
class LoopTree:
    """See the module; everything is memoised, one tree is for one question."""

    arranged: Arranged
    statements: dict[str, Statement] = field(init=False)
    of_stage: dict[str, list[Statement]] = field(init=False)
    arrangements: dict[str, Arrangement] = field(init=False)
    writers: dict[str, list[Statement]] = field(init=False)
    readers: dict[str, list[Statement]] = field(init=False)
    _positions: dict[str, int] = field(init=False)
    _own: dict[str, OwnLoops] = field(init=False, default_factory=dict[str, OwnLoops])
    _host: dict[str, tuple[Dim, ...]] = field(init=False, default_factory=dict[str, tuple[Dim, ...]])
    _open: set[str] = field(init=False, default_factory=set[str])
    _dims: dict[str, tuple[Dim, ...]] = field(init=False, default_factory=dict[str, tuple[Dim, ...]])
    _levels: dict[str, int] = field(init=False, default_factory=dict[str, int])
    joins: Joins = field(init=False)
    _meeting: frozenset[Dim] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        program = self.arranged.program
        self.statements = {statement.name: statement for statement in program.statements}
        self.arrangements = {each.stage: each for each in self.arranged.arrangements}
        self.of_stage, self.writers, self.readers, self._positions = {}, {}, {}, {}
        for place, statement in enumerate(program.statements):
            self.of_stage.setdefault(statement.stage, []).append(statement)
            for tensor in dict.fromkeys(access.tensor for access in statement.writes):
                self.writers.setdefault(tensor, []).append(statement)
            for tensor in dict.fromkeys(access.tensor for access in statement.reads):
                self.readers.setdefault(tensor, []).append(statement)
            self._positions[owner(statement)] = place
            self._positions[f"{owner(statement)}.rest"] = place
        self.joins = Joins(self)

    # loops

    def main(self, stage: str) -> Statement:
        """The statement whose nest hosts what is placed in the stage: the update, or the only one."""
        statements = self.of_stage.get(stage)
        if not statements:
            raise Misplaced(stage, f"no stage {stage}")
        main = next((each for each in statements if each.role == "update" and each.group == 0), None)
        return main or next((each for each in statements if each.role == "assign"), statements[0])

    def definer(self, stage: str) -> Statement:
        """The statement over the data axes: the finish or init of a reduction, or the only one."""
        roles = {each.role: each for each in self.of_stage[stage]}
        return roles.get("finish") or roles.get("init") or self.main(stage)

    def own_reads(self, definer: Statement) -> list[tuple[Statement, str]]:
        """What the statements of a stage (the terms of its reductions, too) read of what it makes."""
        written = {access.tensor for access in definer.writes}
        return [
            (statement, tensor)
            for statement in self.of_stage[definer.stage]
            for tensor in dict.fromkeys(access.tensor for access in statement.reads)
            if tensor in written
        ]

    def axes(self, stage: str) -> tuple[str, ...]:
        """All axes of a stage: of the statement over its data axes, then those that its reductions run over."""
        self.main(stage)
        found = dict.fromkeys(axis for each in self.of_stage[stage] for axis in each.axes)
        reducing = self.reducing(stage)
        return tuple(sorted(found, key=lambda axis: axis in reducing))

    def reducing(self, stage: str) -> frozenset[str]:
        """The axes that the stage's reductions run over."""
        return frozenset(axis for each in self.of_stage[stage] for axis in each.reduction_axes)

    def loose(self, dim: Dim) -> bool:
        """Whether data says which iterations of a loop are run: then none of them is sure to come first."""
        stage, leaf = stage_of(dim), dim[1]
        axes = frozenset(axis for each in self.of_stage[stage] for axis in each.loose)
        return bool(axes) and not axes.isdisjoint(self.own(stage).bears.get(leaf, axes))

    def own(self, stage: str) -> OwnLoops:
        """The stage's own loops."""
        if stage not in self._own:
            arrangement = self.arrangements[stage]
            names = tuple(loop.name for loop in arrangement.loops)
            self._own[stage] = _own_loops(
                stage, self.axes(stage), self.reducing(stage), arrangement.relations, names
            )
        return self._own[stage]

    def relevant(self, statement: Statement, leaf: str) -> bool:
        """Whether a statement runs inside a leaf of its stage: it has all reduction axes that the leaf carries."""
        own = self.own(statement.stage)
        carried = own.carried.get(leaf, frozenset())
        return carried <= frozenset(statement.axes)

    def split(self, stage: str, chain: tuple[int, ...]) -> int:
        """The position in the stage's leaves where the nests directly inside a chain of reductions begin."""
        own = self.own(stage)
        around = frozenset(axis for each in self.of_stage[stage] if each.role == "update" and each.group in chain
                           for axis in each.reduction_axes)  # fmt: skip
        inner = frozenset(axis for each in self.of_stage[stage] if each.role == "update"
                          and each.within[: len(chain)] == chain and each.group not in chain
                          for axis in each.reduction_axes) - around  # fmt: skip
        for start, end in sorted(set(own.spans.values())):
            if any(own.carried.get(leaf, frozenset()) & inner for leaf in own.leaves[start:end]):
                return start
        return len(own.leaves)

    def shared(self, stage: str, chain: tuple[int, ...]) -> tuple[Dim, ...]:
        """The stage's own dims that all statements inside a chain of reductions share."""
        own = self.own(stage)
        if self.joins.spread(stage):
            return ()
        until = self.split(stage, chain)
        if not chain:
            absent = self._absent(stage)
            return tuple((stage, leaf) for leaf in own.leaves[:until] if leaf not in absent)
        update = next(
            each for each in self.of_stage[stage] if each.role == "update" and each.group == chain[-1]
        )
        return tuple(dim for dim in self._whole(update) if own.leaves.index(dim[1]) < until)

    def _whole(self, update: Statement) -> tuple[Dim, ...]:
        """The own dims of an update as one nest."""
        own, before = self.own(update.stage), self.shared(update.stage, update.within)
        done = {leaf for _, leaf in before} | self._absent(update.stage)
        rest = [leaf for leaf in own.leaves if leaf not in done and self.relevant(update, leaf)]
        return before + tuple((owner(update), leaf) for leaf in rest)

    def _absent(self, stage: str) -> frozenset[str]:
        """Leaves of a joined stage that are no loops of its statements, all of which share the same dims."""
        return frozenset() if stage not in self.joins.of else self.joins.absent(self.main(stage).name)

    def _spread_dims(self, statement: Statement) -> tuple[Dim, ...]:
        """Own dims of a statement of a stage whose reduction runs in a loop shared with another stage."""
        if any(each.group for each in self.of_stage[statement.stage]):
            text = (
                f"{statement.stage} has several reductions, and only one can run in a loop of another stage"
            )
            raise Misplaced(statement.stage, text)
        absent = self.joins.absent(statement.name)
        leaves = [leaf for leaf in self.own(statement.stage).leaves if self.relevant(statement, leaf)]
        return tuple((owner(statement), leaf) for leaf in leaves if leaf not in absent)

    def _own_dims(self, statement: Statement) -> tuple[Dim, ...]:
        stage = statement.stage
        if self.joins.spread(stage):
            return self._spread_dims(statement)
        absent = self._absent(stage)
        if statement.role == "assign":
            return tuple((stage, leaf) for leaf in self.own(stage).leaves if leaf not in absent)
        if statement.role == "update":
            whole = self._whole(statement)
            chain = (*statement.within, statement.group)
            if not any(each.within == chain for each in self.of_stage[stage]):
                return whole
            before = self.shared(stage, chain)
            return before + tuple((f"{owner(statement)}.rest", leaf) for _, leaf in whole[len(before) :])
        before = self.shared(stage, statement.within if statement.role == "init" else ())
        done = {leaf for _, leaf in before} | absent
        rest = [
            leaf for leaf in self.own(stage).leaves if leaf not in done and self.relevant(statement, leaf)
        ]
        return before + tuple((owner(statement), leaf) for leaf in rest)

    def around(self, place: Place) -> tuple[Dim, ...]:
        """The dims of the body of a loop."""
        own = self.own(place.stage)
        leaf = own.leaves[self.depth(place) - len(self.host(place.stage)) - 1]
        updates = [each for each in self.of_stage[place.stage] if each.role == "update"]
        for each in sorted(updates, key=lambda update: update.group) or [self.main(place.stage)]:
            dims = self.dims(each.name)
            found = [at for at in range(self.entry(each.name), len(dims)) if dims[at][1] == leaf]
            if found:
                return dims[: found[0] + 1]
        raise Misplaced(place.stage, f"{place.stage} has no loop {place.loop}")

    def depth(self, place: Place) -> int:
        """How many leaves of the stage stand around the body of a loop, its own included, and the host's dims."""
        own = self.own(place.stage)
        if place.loop not in own.spans:
            raise Misplaced(place.stage, f"{place.stage} has no loop {place.loop}")
        if place.loop in own.opaque and place.loop != self._innermost_of(place):
            raise Misplaced(
                place.stage, f"{place.loop} is a part of a fused loop of {place.stage}", opaque=True
            )
        return len(self.host(place.stage)) + own.spans[place.loop][1]

    def _innermost_of(self, place: Place) -> str:
        """Of the loops that split one fused loop, the innermost: the body below all of its leaves."""
        own = self.own(place.stage)
        names = [loop.name for loop in self.arrangements[place.stage].loops]
        return [name for name in names if own.spans[name] == own.spans[place.loop]][-1]

    def host(self, stage: str) -> tuple[Dim, ...]:
        """The dims of the loops around a stage's own."""
        if stage not in self._host:
            place, join = self.arrangements[stage].compute, self.joins.of.get(stage)
            if place is None and join is None:
                self._host[stage] = ()
                return ()
            if stage in self._open:
                raise Misplaced(stage, f"{stage} would be placed inside itself")
            self._open.add(stage)
            if join is not None:
                self._host[stage] = self.host(join.stage)
            elif place is not None:
                self._host[stage] = self.around(place)
            self._open.discard(stage)
        return self._host[stage]

    def dims(self, name: str) -> tuple[Dim, ...]:
        """The loops around a statement, outermost first."""
        if name not in self._dims:
            statement = self.statements[name]
            if statement.role in ("source", "sink"):
                own = tuple((owner(statement), axis) for axis in statement.axes)
                self._dims[name] = self._around_whole(statement) + own
                return self._dims[name]
            around = self.host(statement.stage) + self.joins.joint(name)
            self._dims[name] = around + self._own_dims(statement)
        return self._dims[name]

    def _around_whole(self, statement: Statement) -> tuple[Dim, ...]:
        """The loops around the copy of a base; a stage that is computed with another has it at root."""
        apart = statement.role == "sink" or statement.stage in self.joins.of
        return () if apart else self.host(statement.stage)

    def entry(self, name: str) -> int:
        """How many dims stand around a statement's own: its host's, and those it shares with another stage."""
        statement = self.statements[name]
        if statement.role in ("source", "sink"):
            return len(self._around_whole(statement))
        return len(self.host(statement.stage)) + len(self.joins.joint(name))

    def owner_of(self, name: str) -> str:
        """`owner` of a statement by name."""
        return owner(self.statements[name])

    def leaves(self, name: str) -> tuple[str, ...]:
        """The leaf loops of the statement's own stage, in the order of its dims."""
        if self.statements[name].role in ("source", "sink"):
            return self.statements[name].axes
        return tuple(leaf for _, leaf in self.dims(name)[self.entry(name) :])

    # places on a GPU

    def bound(self, dim: Dim) -> bool:
        """Whether the iterations of a loop are places."""
        return self.bound_to_threads(dim) or self.bound_to_blocks(dim)

    def bound_to_threads(self, dim: Dim) -> bool:
        """Whether the iterations of a loop are threads of a block."""
        return self._bound(dim, "threads")

    def bound_to_blocks(self, dim: Dim) -> bool:
        """Whether the iterations of a loop are blocks of a grid."""
        return self._bound(dim, "blocks")

    def _bound(self, dim: Dim, what: Literal["threads", "blocks"]) -> bool:
        stage, leaf = stage_of(dim), dim[1]
        arrangement = self.arrangements.get(stage)
        if arrangement is None:
            return False
        names = arrangement.threads if what == "threads" else arrangement.blocks
        spans = self.own(stage).spans
        return any(leaf in self.own(stage).leaves[slice(*spans[name])] for name in names)

    def apart(self, dims: Sequence[Dim], position: int) -> list[int]:
        """Dims the bounds of a loop may not depend on: a grid is a box; threads that meet run the same loops."""
        if self.bound_to_blocks(dims[position]):
            return list(range(position))
        if self.bound_to_threads(dims[position]) or dims[position] in self.meeting():
            return [place for place in range(position) if self.bound_to_threads(dims[place])]
        return []

    def meeting(self) -> frozenset[Dim]:
        """Loops around stages in shared storage: all threads of a block run them alike, to meet at barriers inside."""
        if self._meeting is None:
            shared = [
                name for name, each in self.arrangements.items() if each.shared and name in self.of_stage
            ]
            self._meeting = frozenset(dim for name in shared for dim in self.host(name))
        return self._meeting

    # order and storage

    def position(self, name: str, depth: int) -> int:
        """Text position, in the body below `depth` dims, of what holds the statement there."""
        dims = self.dims(name)
        if self.joins.of:
            return self.joins.rank(dims[:depth], self.joins.unit(name, depth))
        return self._positions[dims[depth][0] if depth < len(dims) else owner(self.statements[name])]

    def common(self, one: str, other: str) -> int:
        """How many leading dims two statements share."""
        count = 0
        for mine, theirs in zip(self.dims(one), self.dims(other), strict=False):
            if mine != theirs:
                break
            count += 1
        return count

    def text_before(self, one: str, other: str) -> bool:
        """Whether `one` stands before `other` in the innermost body they share."""
        depth = self.common(one, other)
        return one != other and self.position(one, depth) < self.position(other, depth)

    def level(self, tensor: str) -> int:
        """How many leading dims of its writers own a buffer each; 0 for inputs and what is stored at root."""
        if tensor not in self._levels:
            writers = self.writers.get(tensor)
            self._levels[tensor] = self._level(tensor, writers[0]) if writers else 0
        return self._levels[tensor]

    def _level(self, tensor: str, writer: Statement) -> int:
        stage = writer.stage
        arrangement = self.arrangements[stage]
        if self.is_accumulator(tensor):
            return self.entry(writer.name) + len(self.shared(stage, writer.within))
        store = arrangement.store
        if store is None:
            return len(self.host(stage))
        if store == "root":
            return 0
        around = self.around(store)
        depth = len(around)
        if self.host(stage)[:depth] != around:
            raise Misplaced(stage, f"{stage} is not computed inside {store.stage}'s loop {store.loop}")
        return depth

    def is_accumulator(self, tensor: str) -> bool:
        """Whether a tensor is the running value of a stage that is more than a bare reduction."""
        writers = self.writers.get(tensor)
        if not writers or writers[0].role not in ("init", "update"):
            return False
        return any(each.role == "finish" for each in self.of_stage[writers[0].stage])

    def inside(self, name: str, dims: tuple[Dim, ...]) -> bool:
        """Whether a statement stands in the body below these dims."""
        return self.dims(name)[: len(dims)] == dims


def owner(statement: Statement) -> str:
    """The name under which a statement owns loops that it does not share with its stage's main statement."""
    if statement.role in ("init", "finish", "source", "sink"):
        return f"{statement.stage}.{statement.role}{statement.group or ''}"
    return f"{statement.stage}.update{statement.group}" if statement.group else statement.stage


def stage_of(dim: Dim) -> str:
    """The stage that a loop belongs to, whichever of its statements owns the loop."""
    return dim[0].split(".")[0]


@lru_cache(maxsize=2048)
def _own_loops(
    stage: str,
    axes: tuple[str, ...],
    reduced: frozenset[str],
    relations: tuple[AxisRelation, ...],
    names: tuple[str, ...],
) -> OwnLoops:
    """Leaves of the loops, by following the relations forward: names may be used again (`vectorize` keeps `a`)."""
    leaves: dict[str, tuple[str, ...]] = {axis: (axis,) for axis in axes}
    reducing = set(reduced)
    roots = {axis: axis for axis in axes}
    carried = {axis: frozenset({axis}) for axis in reduced}
    bears = {axis: frozenset({axis}) for axis in axes}
    sequences: dict[
        tuple[str, ...], list[str]
    ] = {}  # leaves of a fused loop -> the loops it was split into, in order
    for relation in relations:
        if isinstance(relation, Fuse):
            _fuse(stage, relation, leaves, sequences)
            continue
        children = [relation.outer, relation.inner] if isinstance(relation, Split) else [relation.into]
        parts = leaves.pop(relation.parent)
        if taken := [child for child in children if child in leaves]:
            raise ValueError(f"{stage} has two loops named {taken[0]}")
        if parts != (relation.parent,):  # part of a fused loop: an order, never arithmetic
            sequence = sequences.setdefault(parts, [relation.parent])
            place = sequence.index(relation.parent)
            sequence[place : place + 1] = children
            leaves |= dict.fromkeys(children, parts)
            continue
        leaves |= {child: (child,) for child in children}
        borne = bears.pop(relation.parent)
        if isinstance(relation, Skew):
            borne |= bears.get(relation.by, frozenset())
        bears |= dict.fromkeys(children, borne)
        root = roots.pop(relation.parent)
        reducing |= {child for child in children if relation.parent in reducing}
        mine = carried.pop(relation.parent, frozenset[str]())
        carried |= dict.fromkeys(children, mine)
        roots |= dict.fromkeys(children, "" if isinstance(relation, Skew) else root)
    reduces = frozenset(reducing & set(roots))
    return _spans(stage, names, leaves, roots, reduces, sequences, carried, bears)


def _fuse(
    stage: str,
    relation: Fuse,
    leaves: dict[str, tuple[str, ...]],
    sequences: dict[tuple[str, ...], list[str]],
) -> None:
    """Fusing the two parts a fused loop was split into gives it back; a single part with another loop is no order."""
    outer, inner = leaves.pop(relation.outer), leaves.pop(relation.inner)
    sequence = sequences.get(outer, [])
    place = sequence.index(relation.outer) if relation.outer in sequence else 0
    if outer == inner and sequence[place : place + 2] == [relation.outer, relation.inner]:
        sequence[place : place + 2] = [relation.into]
        leaves[relation.into] = outer
        if len(sequence) == 1:
            del sequences[outer]
        return
    if any(len(sequences.get(parts, [])) > 1 for parts in (outer, inner)):
        raise Misplaced(stage, f"{relation.into} fuses a part of a fused loop of {stage}", opaque=True)
    leaves[relation.into] = outer + inner


def _spans(
    stage: str,
    names: tuple[str, ...],
    leaves: dict[str, tuple[str, ...]],
    roots: dict[str, str],
    reduces: frozenset[str],
    sequences: dict[tuple[str, ...], list[str]],
    carried: dict[str, frozenset[str]],
    bears: dict[str, frozenset[str]],
) -> OwnLoops:
    order: list[str] = []
    spans: dict[str, tuple[int, int]] = {}
    prefix: int | None = None
    for place, name in enumerate(names):
        parts = leaves[name]
        sequence = sequences.get(parts, [name])
        if name != sequence[0]:
            continue
        if list(names[place : place + len(sequence)]) != sequence:
            text = f"the parts of a fused loop of {stage}, {', '.join(sequence)}, stand apart"
            raise Misplaced(stage, text, opaque=True)
        if prefix is None and not reduces.isdisjoint(parts):
            prefix = len(order)
        spans |= dict.fromkeys(sequence, (len(order), len(order) + len(parts)))
        order += parts
    opaque = frozenset(name for sequence in sequences.values() for name in sequence)
    count = len(order) if prefix is None else prefix
    return OwnLoops(tuple(order), spans, reduces, count, roots, opaque, carried, bears)
