"""Between which values an axis lies in one iteration of the loops around: the copies of a statement in, two nodes out.

Nothing is judged here; the ends are exact, and what lies between them need not all be there.
"""

from __future__ import annotations

from tdsl.expr.node import Node
from tdsl.poly.copies import Copies
from tdsl.poly.isl import IN, TooLarge, budget, clear_map, pieces
from tdsl.poly.nodes import pw_aff_node
from tdsl.poly.scan import BOUND_BUDGET, PIECES, loop_var


def axis_span(copies: Copies, statement: str, depth: int, axis: int) -> tuple[Node, Node] | None:
    """Least and greatest value of an axis in one iteration of the first `depth` dims; None where they have many pieces."""
    relation = clear_map(copies.relation(statement))
    around = relation.project_out(IN, depth, relation.dim(IN) - depth).coalesce()
    names = tuple(loop_var(*dim) for dim in copies.dims(statement)[:depth])
    try:
        with budget(BOUND_BUDGET):
            ends = around.dim_min(axis).coalesce(), around.dim_max(axis).coalesce()
    except TooLarge:
        return None
    if any(len(pieces(end)) > PIECES for end in ends):
        return None
    low, high = (pw_aff_node(end, names, copies.param_nodes()) for end in ends)
    return low, high
