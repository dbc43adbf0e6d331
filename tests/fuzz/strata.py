"""Which requests cannot exist: primitives that no schedule makes illegal, kinds of stages that a primitive is not for.

In: counts of requests by stratum (primitive, kind of stage). Out: the strata that were asked less often than wanted, each
with the reason why it cannot be otherwise, or with none. A request that contradicts a reason is shown as such.
"""

from __future__ import annotations

from collections.abc import Mapping

from tdsl.fuzzing.directives import WEIGHTS

WANTED = 50
"""Requests of a stratum, legal ones and illegal ones."""
KINDS = ("pure", "reduction", "recurrence", "update")
ORDER_KEPT = "the iterations keep their order and their storage"
NEVER_ILLEGAL = {
    "align": "rows become longer: no element moves to another's place",
    "atomic": "it takes demands away and adds none",
    "double_buffer": "whether tiles can be made ahead is decided by form (P18, S337)",
    "fuse": ORDER_KEPT,
    "inline": "its readers come after all that it reads; a stage with directives of its own is refused by form (S307)",
    "peel": ORDER_KEPT,
    "prefetch": "no value depends on it",
    "scope": "only where storage lies changes; capacity is the build's",
    "separate": ORDER_KEPT,
    "shift": "it numbers the iterations of a stage anew; what is joined already is refused by form (S341)",
    "split": ORDER_KEPT,
    "stream": "no value depends on it",
    "tensorize": "the lanes and terms of one sum depend on nothing but the order of terms",
    "unroll": ORDER_KEPT,
}
"""Why no request of a primitive is illegal where the schedule before it is legal."""
NEVER_ILLEGAL_KIND = {
    (
        "store_root",
        "update",
    ): "an update is stored where it is computed (P3): one inside a loop is refused by form",
}
NO_STAGE = {
    "assume": "it concerns sizes, and these programs have none",
    "specialize": "it concerns sizes, and these programs have none",
    "promote": "copies in and out of a tile are no statements of the enumeration",
}
"""Primitives of which nothing is asked."""
NOT_FOR = {
    ("inline", "reduction"): "only pure stages have an expression to inline (S306)",
    ("inline", "recurrence"): "only pure stages have an expression to inline (S306)",
    ("inline", "update"): "only pure stages have an expression to inline (S306)",
    ("hoist", "update"): "changes are not moved out of their loops (S331)",
    ("rfactor", "pure"): "partial results need a reduction (S311)",
    ("atomic", "pure"): "nothing is added up (S334)",
    ("atomic", "update"): "the enumeration has changes in their order",
    ("tensorize", "pure"): "an instruction is a sum of products (S147)",
    ("tensorize", "recurrence"): "an instruction is a sum of products (S147)",
    ("tensorize", "update"): "an instruction is a sum of products (S147)",
}
"""Strata without any request."""


def reason(primitive: str, kind: str, legal: bool) -> str:
    """Why there are no legal, or no illegal, requests of a stratum; empty where there can be."""
    found = NO_STAGE.get(primitive) or NOT_FOR.get((primitive, kind), "")
    if found or legal:
        return found
    return NEVER_ILLEGAL.get(primitive) or NEVER_ILLEGAL_KIND.get((primitive, kind), "")


def short(counts: Mapping[tuple[str, str, bool, bool], int]) -> dict[str, str]:
    """Strata with fewer requests than wanted, and why: "fold pure illegal: 12" -> the reason, if there is one."""
    found: dict[str, str] = {}
    for primitive in WEIGHTS:
        for kind in KINDS:
            for legal in (True, False):
                asked = sum(counts.get((primitive, kind, legal, accepted), 0) for accepted in (True, False))
                if asked < WANTED:
                    word = "legal" if legal else "illegal"
                    found[f"{primitive} {kind} {word}: {asked}"] = reason(primitive, kind, legal)
    return found


def contradicted(counts: Mapping[tuple[str, str, bool, bool], int]) -> list[str]:
    """Strata of which requests were seen that a reason says there are none of."""
    return sorted(
        {
            f"{primitive} {kind} {'legal' if legal else 'illegal'}"
            for (primitive, kind, legal, _), count in counts.items()
            if count and reason(primitive, kind, legal)
        }
    )
