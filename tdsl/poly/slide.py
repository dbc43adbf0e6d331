"""When to make what slides: storage outside the loops that compute it, so every element is made once a buffer.

In: { host's dims -> elements needed there } and how many leading dims own a buffer. Out: { host's dims -> elements made
there }. *Burst*: in the first iteration that needs it; works for every need. *Rows*: where a burst falls into many pieces,
whole rows in the first iteration that needs any of their elements. *Rewind* (`rewound.py`): where the newest index
advances, in the iteration in which it becomes the newest; folds stay small along chains. Source: Halide's sliding window
and storage folding; feasibility study, 1.
"""

from __future__ import annotations

from functools import reduce

from tdsl.poly import library as isl
from tdsl.poly.isl import CST, DIV, IN, OUT, PARAM, merged, pieces

PLAIN = 2
"""Pieces of a slid region up to which it is made as it is: those of the first iteration and of all others."""


def once(needed: isl.Map, level: int, domain: isl.Set | None) -> tuple[int | None, isl.Map]:
    """(the axis whose rows are made whole, if so, what is made) Each element once, in fewer pieces where rows allow.

    domain: all elements; None where a stage reads itself, which is never made by rows.
    """
    made = burst(needed, level)
    if domain is None or made.n_basic_map() <= PLAIN:
        return None, made
    whole = rows(needed, level, domain)
    return (None, made) if whole is None or whole[1].n_basic_map() >= made.n_basic_map() else whole


def burst(needed: isl.Map, level: int) -> isl.Map:
    """Each element in the first iteration (of the dims from `level` on) that needs it."""
    depth, rank = needed.dim(IN), needed.dim(OUT)
    slid = depth - level
    by_element = needed.move_dims(OUT, rank, IN, level, slid).move_dims(IN, level, OUT, 0, rank)
    first = by_element.lexmin()
    return merged(first.move_dims(OUT, slid, IN, level, rank).move_dims(IN, level, OUT, 0, slid))


def rows(needed: isl.Map, level: int, domain: isl.Set) -> tuple[int, isl.Map] | None:
    """(the axis whose indices tell rows apart, what is made); None where rows are not what iterations need.

    Whole rows, each in the first iteration that needs any of it.
    A row is what stands at one index along an axis whose newest index advances by a constant, as wide as all that one
    iteration needs. So of neighbours in a cross a row comes in one piece, not its ends iterations later; only at the
    first and last rows of a buffer are there ends that nobody needs. An iteration's need has to be convex, so that rows
    are no wider than what is between its elements, and every row wide enough for the iterations after its first.
    """
    found = advancing(needed, level)
    if found is None or not _convex(needed):
        return None
    axis, rank = found[0], needed.dim(OUT)
    along = needed.project_out(OUT, axis + 1, rank - axis - 1).project_out(OUT, 0, axis)
    first = burst(merged(along), level).insert_dims(OUT, 0, axis).add_dims(OUT, rank - axis - 1)
    across = needed.project_out(OUT, axis, 1).insert_dims(OUT, axis, 1)
    made = merged(first.intersect(across).intersect_range(domain))
    missing = needed.project_out(IN, level, 1).subtract(made.project_out(IN, level, 1))
    return (axis, made) if missing.is_empty() else None


def _convex(needed: isl.Map) -> bool:
    """Whether each iteration needs the integers of one polyhedron of full dimension."""
    domains = [each.domain().to_set() for each in needed.get_basic_maps()]
    apart = reduce(isl.Set.union, domains).make_disjoint()
    for part in apart.get_basic_sets():
        basics = needed.intersect_domain(part.to_set()).coalesce().get_basic_maps()
        if len(basics) != 1 or basics[0].dim(DIV) or _flat(basics[0]):
            return False
    return True


def _flat(basic: isl.BasicMap) -> bool:
    """Whether an equation ties the outputs."""
    every = basic.affine_hull().get_constraints()
    return any(one.is_equality() and one.involves_dims(OUT, 0, basic.dim(OUT)) for one in every)


def advancing(needed: isl.Map, level: int) -> tuple[int, list[int]] | None:
    """The element index whose newest value advances by a constant, and that value as a row over the host's dims."""
    if needed.dim(IN) != level + 1:
        return None
    for axis in range(needed.dim(OUT)):
        newest = needed.dim_max(axis)
        row = affine_row(newest, level + 1) or _common_row(newest, level + 1)
        if row is not None and row[-1] >= 1:
            return axis, row
    return None


def _common_row(value: isl.PwAff, dims: int) -> list[int] | None:
    """The row of the piece that says all others, which have constants where dims are constant."""
    every = isl.Map.from_pw_aff(value)
    for _, aff in pieces(value):
        if every.is_subset(isl.Map.from_aff(aff)):
            return affine_row(isl.PwAff.from_aff(aff), dims)
    return None


def affine_row(value: isl.PwAff, dims: int) -> list[int] | None:
    """A value that is one affine piece without floors, as a row `[constant, parameters…, dims…]`."""
    parts = pieces(value)
    if len(parts) != 1 or parts[0][1].dim(DIV):
        return None
    aff = parts[0][1]
    row = isl.coefficients(aff, CST) + isl.coefficients(aff, PARAM) + isl.coefficients(aff, IN)[:dims]
    return None if any(below != 1 for _, below in row) else [above for above, _ in row]
