"""Which lengths a circular buffer may have: one query for all of them, without any modulo.

In: `model.Arranged`, a tensor and one of its dims. Out: `Folds`. The distances, along the dim, between a live value and
what is written meanwhile, and between what iterations touch that run together, are one set; a length is legal exactly if
no multiple of it is such a distance. Legality need not be monotone in the length. Source: feasibility study, section 3
(Halide's `fold_storage` takes powers of two).
"""

from __future__ import annotations

from tdsl.poly import library as isl
from tdsl.poly.answers import Folds
from tdsl.poly.carried import Carried, Group
from tdsl.poly.edges import Edges
from tdsl.poly.isl import PARAM, SET, basic_set, budget, set_space
from tdsl.poly.model import Arranged, Statement
from tdsl.poly.verdict import Judgement
from tdsl.poly.views import as_stated

LIMIT = 64
"""Lengths tried; a fold that needs more rows than this saves little."""


def min_fold(arranged: Arranged, tensor: str, dim: int, limit: int = LIMIT) -> Folds:
    """All legal lengths of a fold of one dim, as the schedule stands (its own folds of other dims left out).

    Errors: `TooLarge` when isl's budget is spent.
    """
    judgement = Judgement(as_stated(arranged))
    with budget():
        gaps = _gaps(judgement.edges, tensor, dim)
        for group in judgement.marked_groups():
            gaps = gaps.union(_together(judgement.carried, group, tensor, dim))
        legal = tuple(length for length in range(1, limit + 1) if not _meets(gaps, length))
    return Folds(tensor, dim, legal, limit)


def _gaps(edges: Edges, tensor: str, dim: int) -> isl.Set:
    """{ distance } between a live value's index and that of a value written before its last read."""
    tree = edges.copies.tree
    alias = edges.storage.along(tensor, dim)
    space = set_space(edges.copies.param_space(), 1)
    gaps = isl.Set.empty(space).project_out(PARAM, 0, space.dim(PARAM))
    for writer in tree.writers[tensor]:
        for reader in tree.readers.get(tensor, ()):
            if reader.role == "update" and reader in tree.writers[tensor]:
                continue
            for which in edges.copies.flow.accesses(reader, tensor):
                _, makers = edges.makers(tensor, reader, writer, which)
                gaps = gaps.union(_distances(edges, tensor, dim, (reader, writer), makers, alias))
        if writer.role == "update":
            makers = edges.running(tensor, writer)
            gaps = gaps.union(_distances(edges, tensor, dim, (writer, writer), makers, alias))
        if tensor in edges.copies.arranged.program.outputs:
            gaps = gaps.union(_all_distances(edges, tensor, dim, writer, alias))
    return gaps.coalesce()


def _distances(
    edges: Edges,
    tensor: str,
    dim: int,
    between: tuple[Statement, Statement],
    makers: isl.Map,
    alias: isl.Map,
) -> isl.Set:
    reader, writer = between
    total: isl.Set | None = None
    for other in edges.copies.tree.writers[tensor]:
        triples = edges.between(tensor, reader, writer, other, makers, alias)
        pairs = triples.range_factor_range()
        elements = edges.written(tensor, writer).product(edges.written(tensor, other))
        found = _along(pairs.wrap().apply(elements).unwrap(), dim)
        total = found if total is None else total.union(found)
    assert total is not None
    return total


def _together(carried: Carried, group: Group, tensor: str, dim: int) -> isl.Set:
    """Of the iterations of loops that run together: between elements that two of them touch, one of which writes."""
    edges = carried.edges
    alias = edges.storage.along(tensor, dim)
    space = set_space(edges.copies.param_space(), 1)
    gaps = isl.Set.empty(space).project_out(PARAM, 0, space.dim(PARAM))
    for touched, touches in carried.tensors(group):
        for one, other in carried.pairs(group, touches, tensor) if touched == tensor else ():
            pairs = carried.collisions(group, tensor, one, other, alias)
            elements = carried.elements(tensor, one).product(carried.elements(tensor, other))
            gaps = gaps.union(_along(pairs.wrap().apply(elements).unwrap().intersect(alias), dim))
    return gaps


def _all_distances(edges: Edges, tensor: str, dim: int, writer: Statement, alias: isl.Map) -> isl.Set:
    """Of a result: between any two elements, since all are read at the end."""
    written = edges.written(tensor, writer).range()
    return _along(alias.intersect_domain(written).intersect_range(written), dim)


def _along(elements: isl.Map, dim: int) -> isl.Set:
    """Differences of one index over all sizes."""
    differences = elements.deltas()
    rank = differences.dim(SET)
    one = differences.project_out(SET, dim + 1, rank - dim - 1).project_out(SET, 0, dim)
    return one.project_out(PARAM, 0, one.dim(PARAM)).coalesce()


def _meets(gaps: isl.Set, length: int) -> bool:
    """Whether some distance is a multiple of a length."""
    plane = basic_set(set_space(gaps.get_space().params(), 2), [[0, 1, -length]], ())
    return not gaps.intersect(plane.project_out(SET, 1, 1)).is_empty()
