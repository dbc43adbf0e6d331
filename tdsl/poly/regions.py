"""What a stage inside another one makes there: as exactly as asked for (`model.Region`), and never less than is needed.

In: { host's dims -> what is read there } with the step by which elements are made from others of their stage. Out: the
region with all that, and whether it may hold more (then legality may refuse what the exact region allows). What is made
in vain is little work, and what tells many pieces apart is a condition at every point.
"""

from __future__ import annotations

from collections.abc import Callable

from tdsl.poly import library as isl
from tdsl.poly.closure import everything, exactly, is_closed, reached
from tdsl.poly.isl import DIV, TooLarge, allowance, merged
from tdsl.poly.model import Region

PIECES = 4
"""Regions in more pieces than this are computed as one (architecture.md 4: regions may fall back, legality never)."""

CLOSURE_BUDGET = 100_000
"""isl operations for a transitive closure. They are dear: of nine maps with floors, the first 100,000 take 0.4 s, as many
later ones 5 s, and the closure is not there after a minute."""

CONSTRAINTS = 64
"""A region of more, with divisions, is computed without them: further stages would square their number."""

PLAIN_BUDGET = 10_000
"""isl operations to take divisions out of a region: 0.2 s for the neighbours in a cross of three dimensions."""

Made = tuple["isl.Map", bool]
"""(a region, whether it may hold more than is needed)"""


def few(needed: isl.Map, starts: Callable[[], int], within: isl.Set, region: Region) -> Made:
    """The same, or, where it is in too many pieces, all that lies between them. starts: pieces of where splits start."""
    count = needed.n_basic_map()
    if region == "exact":
        return needed, False
    if count <= 1 or (region == "usual" and count <= PIECES and count * starts() <= PIECES * PIECES):
        return _plain(needed, within)
    hull = isl.Map.from_basic_map(needed.simple_hull()).intersect_domain(needed.domain().coalesce())
    return _plain(merged(hull.intersect_range(within)), within)[0], True


def _plain(needed: isl.Map, within: isl.Set) -> Made:
    """The same, or, where it has many constraints, without divisions; all of `within` where to take them out is dear."""
    if not any(one.dim(DIV) and len(one.get_constraints()) > CONSTRAINTS for one in needed.get_basic_maps()):
        return needed, False
    try:
        with allowance(PLAIN_BUDGET):
            return merged(needed.remove_divs().remove_redundancies().intersect_range(within)), True
    except TooLarge:
        return everything(needed, within), True


def closed(needed: isl.Map, step: isl.Map, within: isl.Set, region: Region, *, joined: bool = False) -> Made:
    """With all that elements of it are made from. joined: of too many pieces all that lies between them, if that is closed."""
    if region == "whole":
        return everything(needed, within), True
    try:
        with allowance(CLOSURE_BUDGET):
            found, exact = reached(needed, step)
            found = merged(found.intersect_range(within).union(needed))
    except TooLarge:
        least = exactly(needed, step, within) if region == "exact" else None
        return (everything(needed, within), True) if least is None else (least, False)
    found, more = few(found, lambda: 1, within, region) if joined else (found, False)
    more = more or not exact
    whole = not is_closed(found, step, within)
    if region == "exact" and (more or whole) and (least := exactly(needed, step, within)) is not None:
        return least, False
    return (everything(found, within), True) if whole else (found, more)
