"""Linearised dimensions of a tensor as several, for a copy of it: a state, a tensor and its readers in, views out.

A copy of `A`, read as `A[i * w + j]`, has the dims i and j: what a tile of its reader needs is then a box, and is
computed and stored as one. Only where every read is proved to have its parts; else the copy has the tensor's dims.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tdsl.expr.build import select
from tdsl.expr.node import Binary, Node, Read
from tdsl.expr.rewrite import reads, substitute
from tdsl.expr.tensor import Stage, Tensor
from tdsl.poly.model import View
from tdsl.poly.polynomial import linear_node, polynomial
from tdsl.records import dataclass
from tdsl.schedule.legality import program_of
from tdsl.schedule.placement import nodes_of
from tdsl.schedule.state import StageState, State
from tdsl.schedule.statements import polynomial_subscript, statements_of
from tdsl.schedule.subscript_branches import outermost_choice, taken


@dataclass(frozen=True, slots=True)
class Apart:
    """The dimensions that are several, by place, and per stage, place and subscript what the parts are."""

    views: Mapping[int, View]
    parts: Mapping[tuple[str, int, Node], tuple[Node, ...]]

    def subscripts(self, stage: Stage, read: Read) -> tuple[Node, ...]:
        """The subscripts of a read of the tensor, as the copy is read."""
        found: list[Node] = []
        for place, subscript in enumerate(read.index):
            parts = self.apart(stage, place, subscript) if place in self.views else (subscript,)
            assert parts is not None  # a view is of subscripts that all have parts
            found += parts
        return tuple(found)

    def apart(self, stage: Stage, place: int, subscript: Node) -> tuple[Node, ...] | None:
        """The parts of a subscript; of one that chooses by `minimum maximum clamp`, those of the side that is chosen."""
        node = polynomial_subscript(stage, subscript)
        found = None if node is None else self.parts.get((stage.name, place, node))
        choice = outermost_choice(subscript)
        if found is not None or choice is None:
            return found
        sides = [self.apart(stage, place, substitute(subscript, {choice: side})) for side in choice.children]
        if sides[0] is None or sides[1] is None:
            return None
        return tuple(_chosen(choice, one, other) for one, other in zip(*sides, strict=True))


def _chosen(choice: Binary, one: Node, other: Node) -> Node:
    """A part of which a choice has two: the choice itself where they are what it is between."""
    if one is other:
        return one
    if (one, other) == tuple(map(_plain, choice.children)):
        return choice
    return select(taken(choice), one, other)


def _plain(node: Node) -> Node:
    form = polynomial(node)
    return node if form is None else linear_node(form)


def dimensions_apart(state: State, tensor: Tensor, readers: Sequence[StageState]) -> Apart:
    """The linearised dimensions of a tensor that is read by some stages."""
    if any(entry.stage.base is tensor for entry in readers):  # an update has the shape of its base
        return Apart({}, {})
    stages = frozenset(entry.name for entry in readers)
    places = {
        place
        for entry in readers
        for statement in statements_of(entry.stage)
        for access in statement.reads
        if access.tensor == tensor.name
        for place, _ in access.linearised
    }
    views: dict[int, View] = {}
    parts: dict[tuple[str, int, Node], tuple[Node, ...]] = {}
    for place in sorted(places):
        found = _view(state, tensor.name, place, stages)
        if found is not None and _is_whole(Apart({place: found[0]}, found[1]), tensor, readers, place):
            views[place] = found[0]
            parts |= found[1]
    return Apart(views, parts)


def _is_whole(apart: Apart, tensor: Tensor, readers: Sequence[StageState], place: int) -> bool:
    """Whether every subscript at a place has parts as it is written, too."""
    return all(
        apart.apart(entry.stage, place, read.index[place]) is not None
        for entry in readers
        for read in reads(*nodes_of(entry.stage))
        if read.tensor is tensor
    )


def _view(
    state: State, tensor: str, place: int, stages: frozenset[str]
) -> tuple[View, dict[tuple[str, int, Node], tuple[Node, ...]]] | None:
    """The view of one dimension, and the parts of each subscript; None where there is none, or they depend on more."""
    from tdsl.poly.delinearise import view_of

    program = program_of(state)
    view = view_of(program, tensor, place, stages)
    if view is None:
        return None
    stage_of = {statement.name: statement.stage for statement in program.statements}
    parts: dict[tuple[str, int, Node], tuple[Node, ...]] = {}
    for (statement, access), found in view.parts:
        node = dict(access.linearised).get(place, access.index[place])
        assert node is not None  # a view has parts of what is a polynomial
        if parts.setdefault((stage_of[statement], place, node), found) != found:
            return None
    return view, parts
