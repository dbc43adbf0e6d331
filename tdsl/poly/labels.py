"""Does an arrangement keep every bit of a reduction, or change the order in which its terms are added (semantics P14)?

In: `model.Arranged`. Out: one `Label` a stage: exact, or the reduction axes whose terms change order. An operator that
gives the same bits in any order (integers, min, max: `Statement.exact`) is exact whatever stands where.
"""

from __future__ import annotations

from itertools import combinations

from tdsl.poly import library as isl
from tdsl.poly.affine import NonAffine
from tdsl.poly.answers import Label
from tdsl.poly.copies import Copies
from tdsl.poly.edges import Edges
from tdsl.poly.isl import IN, OUT, TooLarge, budget
from tdsl.poly.looptree import LoopTree
from tdsl.poly.model import Arranged, Statement
from tdsl.poly.order import Order
from tdsl.poly.storage import Storage
from tdsl.poly.structure import in_declared_order


def labels(arranged: Arranged) -> tuple[Label, ...]:
    """The label of every stage, in order of declaration."""
    copies = Copies(arranged)
    return tuple(
        _label(copies, each.stage) for each in arranged.arrangements if each.stage in copies.tree.of_stage
    )


def label(arranged: Arranged, stage: str) -> Label:
    """The label of one stage."""
    return _label(Copies(arranged), stage)


def _label(copies: Copies, stage: str) -> Label:
    found: dict[str, None] = {}
    for update in copies.tree.of_stage[stage]:
        if update.role != "update" or update.exact or not update.reduction_axes:
            continue
        changed = _lanes(copies.tree, stage)
        if stage in copies.tree.joins.of or not in_declared_order(copies.tree, stage, update.reduction_axes):
            changed |= _changed(copies, update)
        found |= dict.fromkeys(axis for axis in update.reduction_axes if axis in changed)
    return Label(stage, tuple(found))


def _lanes(tree: LoopTree, stage: str) -> frozenset[str]:
    """Reduction axes spread over vector lanes, which keep one accumulator each (semantics P9)."""
    own = tree.own(stage)
    found: set[str] = set()
    for loop in tree.arrangements[stage].loops:
        if loop.kind == "vector":
            start, end = own.spans[loop.name]
            found |= {own.roots[leaf] for leaf in own.leaves[start:end] if leaf in own.reduces}
    return frozenset(found)


def _changed(copies: Copies, update: Statement) -> frozenset[str]:
    """The smallest sets of axes along which two terms of one element changed places; all where isl cannot tell."""
    found: set[str] = set()
    try:
        with budget():
            _search(copies, update, found)
    except (TooLarge, NonAffine):
        return frozenset(update.reduction_axes)
    return frozenset(found)


def _search(copies: Copies, update: Statement, found: set[str]) -> None:
    edges = Edges(copies, Order(copies), Storage(copies))
    for count in range(1, len(update.reduction_axes) + 1):
        for chosen in combinations(update.reduction_axes, count):
            if found.isdisjoint(chosen) and not _swapped(edges, update, chosen).is_empty():
                found.update(chosen)


def _swapped(edges: Edges, update: Statement, chosen: tuple[str, ...]) -> isl.Map:
    """Pairs of copies of terms equal but in the chosen axes, the later term of the declaration first."""
    copies = edges.copies
    rank = len(update.axes)
    chain = isl.Map.universe(copies.space(rank, rank))
    for place, axis in enumerate(update.axes):
        if axis not in chosen:
            chain = chain.equate(IN, place, OUT, place)
    first = update.axes.index(chosen[0])
    chain = chain.order_lt(IN, first, OUT, first)
    made = copies.relation(update.name)
    pairs = made.apply_range(chain).apply_range(made.reverse())
    pairs = pairs.intersect(edges.order.after(update.name, update.name))
    return edges.same_buffer(update.writes[0].tensor, update, update, pairs)
