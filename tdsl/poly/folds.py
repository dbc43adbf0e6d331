"""Which lengths a circular buffer may have: the pairs of elements that may not share a cell, asked for each length.

In: `model.Arranged`, a tensor and one of its dims. Out: `Folds`. Of the pairs of a live value and one written meanwhile, and
of what iterations touch that run together, the distances along the dim count: a length is legal exactly if no multiple of
it is such a distance. Pairs are asked as they stand: isl takes minutes to project some of them, and no count of operations
stops it. Legality need not be monotone in the length. Source: feasibility study, section 3 (Halide's `fold_storage` takes
powers of two).
"""

from __future__ import annotations

from tdsl.poly import library as isl
from tdsl.poly.answers import Folds
from tdsl.poly.carried import Carried, Group
from tdsl.poly.edges import Edges
from tdsl.poly.isl import IN, OUT, PARAM, basic_map, budget, map_space
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
        apart = _live(judgement.edges, tensor, dim)
        for group in judgement.marked_groups():
            apart += _together(judgement.carried, group, tensor, dim)
        legal = _lengths(apart, dim, limit)
    return Folds(tensor, dim, legal, limit)


def _lengths(apart: list[isl.Map], dim: int, limit: int) -> tuple[int, ...]:
    """The lengths of which no two elements that need cells of their own are a multiple apart."""
    legal = list(range(1, limit + 1))
    for relation in apart:
        for basic in relation.get_basic_maps():
            pairs = isl.Map.from_basic_map(basic)
            legal = [length for length in legal if pairs.intersect(_multiples(pairs, dim, length)).is_empty()]
    return tuple(legal)


def _multiples(pairs: isl.Map, dim: int, length: int) -> isl.Map:
    """Pairs of elements that lie a multiple of a length apart along a dim."""
    space = pairs.get_space()
    row = [0] * (1 + space.dim(PARAM) + space.dim(IN) + space.dim(OUT))
    ends = 1 + space.dim(PARAM), 1 + space.dim(PARAM) + space.dim(IN)
    row[ends[0] + dim], row[ends[1] + dim] = 1, -1
    wider = map_space(space.params(), space.dim(IN), space.dim(OUT) + 1)
    return basic_map(wider, [[*row, length]], ()).project_out(OUT, space.dim(OUT), 1)


def _live(edges: Edges, tensor: str, dim: int) -> list[isl.Map]:
    """Pairs of a live value's element and that of a value written before its last read."""
    tree = edges.copies.tree
    alias = edges.storage.along(tensor, dim)
    apart: list[isl.Map] = []
    for writer in tree.writers[tensor]:
        for reader in tree.readers.get(tensor, ()):
            if reader.role == "update" and reader in tree.writers[tensor]:
                continue
            for which in edges.copies.flow.accesses(reader, tensor):
                _, makers = edges.makers(tensor, reader, writer, which)
                apart += _pairs(edges, tensor, (reader, writer), makers, alias)
        if writer.role == "update":
            makers = edges.running(tensor, writer)
            apart += _pairs(edges, tensor, (writer, writer), makers, alias)
        if tensor in edges.copies.arranged.program.outputs:
            apart.append(_all_pairs(edges, tensor, writer, alias))
    return apart


def _pairs(
    edges: Edges, tensor: str, between: tuple[Statement, Statement], makers: isl.Map, alias: isl.Map
) -> list[isl.Map]:
    reader, writer = between
    found: list[isl.Map] = []
    for other in edges.copies.tree.writers[tensor]:
        triples = edges.between(tensor, reader, writer, other, makers, alias)
        pairs = triples.range_factor_range()
        elements = edges.written(tensor, writer).product(edges.written(tensor, other))
        found.append(pairs.wrap().apply(elements).unwrap())
    return found


def _together(carried: Carried, group: Group, tensor: str, dim: int) -> list[isl.Map]:
    """Of the iterations of loops that run together: pairs of elements that two of them touch, one of which writes."""
    alias = carried.edges.storage.along(tensor, dim)
    apart: list[isl.Map] = []
    for touched, touches in carried.tensors(group):
        for one, other in carried.pairs(group, touches, tensor) if touched == tensor else ():
            pairs = carried.collisions(group, tensor, one, other, alias)
            elements = carried.elements(tensor, one).product(carried.elements(tensor, other))
            apart.append(pairs.wrap().apply(elements).unwrap().intersect(alias))
    return apart


def _all_pairs(edges: Edges, tensor: str, writer: Statement, alias: isl.Map) -> isl.Map:
    """Of a result: any two elements, since all are read at the end."""
    written = edges.written(tensor, writer).range()
    return alias.intersect_domain(written).intersect_range(written)
