"""How many different divisions and remainders an index holds, so that isl is not asked for more than it can do.

In: an integer node. Out: whether it is a *tower*, of which proofs and dependences use no more than an interval.
"""

from __future__ import annotations

from tdsl.expr.node import Binary, Node
from tdsl.expr.rewrite import walk

MAXIMUM_FLOORS = 9
"""Different `//` and `%` in one index: isl's time grows with every one, and beyond these it is not counted any more."""

_NONE: frozenset[Node] = frozenset()


def is_tower(node: Node, known: dict[Node, frozenset[Node]]) -> bool:
    """Whether an integer node has more than `MAXIMUM_FLOORS` different divisions and remainders.

    known: the divisions of nodes asked about before; those of the parts of this one are added.
    """
    if not node.dtype.is_integer:
        return False
    for part in walk(node, skip=known):
        found = _NONE.union(*(known[child] for child in part.children))
        is_floor = isinstance(part, Binary) and part.op in ("floordiv", "mod")
        known[part] = found | {part} if is_floor else found
    return len(known[node]) > MAXIMUM_FLOORS
