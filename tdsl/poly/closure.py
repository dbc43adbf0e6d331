"""What elements are made from, whatever the number of steps: one step of needing in, all of them out, and checked.

isl's transitive closure may be larger than asked, which is safe. It has also been seen to be smaller and to call itself
exact, where a constraint divides parameters alone (islpy 2026.2: `p0 mod 2 = 0` under a step between multiples). So such
constraints are left out before, and nobody uses a closure that has not been found closed. Source: isl's manual, "Transitive
closure"; Verdoolaege, Cohen and Beletska, Transitive Closures of Affine Integer Tuple Relations and Their
Overapproximations, 2011.
"""

from __future__ import annotations

from tdsl.poly import library as isl
from tdsl.poly.isl import merged

ROUNDS = 64
"""Steps after which it is no more asked what elements are made from exactly: chains of small arrays are shorter."""


def reached(needed: isl.Map, step: isl.Map) -> tuple[isl.Map, bool]:
    """`needed` with what its elements are made from, and whether isl takes that for exact.

    Nothing is proved of it yet (`is_closed`).
    """
    if step.is_empty():
        return needed, True
    sizes = step.params()
    closure, exact = merged(merged(step).gist_params(sizes)).transitive_closure()
    there = isl.Set.universe(needed.range().get_space()).intersect_params(sizes)
    return merged(needed.union(needed.intersect_range(there).apply_range(closure))), exact


def exactly(needed: isl.Map, step: isl.Map, within: isl.Set) -> isl.Map | None:
    """`needed` with what its elements are made from inside `within`, step by step; None where that takes too many."""
    found = fresh = needed.intersect_range(within)
    for _ in range(ROUNDS):
        fresh = merged(fresh.apply_range(step).intersect_range(within).subtract(found))
        if fresh.is_empty():
            return found
        found = merged(found.union(fresh))
    return None


def is_closed(needed: isl.Map, step: isl.Map, within: isl.Set) -> bool:
    """Whether all that the elements of `needed` are made from, inside `within`, is in it."""
    return needed.apply_range(step).intersect_range(within).is_subset(needed)


def everything(needed: isl.Map, within: isl.Set) -> isl.Map:
    """All of `within` wherever anything is needed: what is closed in any case."""
    return isl.Map.from_domain_and_range(needed.domain(), within)
