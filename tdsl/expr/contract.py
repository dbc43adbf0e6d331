"""Rule D5: at the declaration a product that is directly an operand of + or - is fused with it.

In: the body of one stage as written. Out: the body with `Fma(contracted=True)` nodes and `Reduce.fused` set; nothing
afterwards fuses or splits, so no schedule changes a bit. Of two products the left one is fused. Reads of other stages
are leaves here, which is why nothing is ever fused across stages, inlined later or not.
"""

from __future__ import annotations

from tdsl.expr import build
from tdsl.expr.combination import with_results
from tdsl.expr.node import Binary, Fma, Node, Reduce
from tdsl.expr.reducers import SUM
from tdsl.expr.rewrite import rewrite


def contract(node: Node) -> Node:
    """The expression with its float products fused into the sums and differences they stand in.

    Rewrite::

        x*y + z      fma(x, y, z)          z + x*y      fma(x, y, z)
        x*y - z      fma(x, y, -z)         z - x*y      fma(-x, y, z)
        x*y + u*v    fma(x, y, u*v)        sum(x*y)     accumulates by fma(x, y, accumulator)
    """
    # Fusing happens on the way up, so an operand that was itself fused is no product any more; and a product that
    # two sums share is fused into both: it costs nothing where fma is one instruction, and bits do not depend on it.
    return rewrite(node, _contract)


def _contract(node: Node) -> Node:
    if isinstance(node, Reduce):
        return _contract_reduction(node)
    if not isinstance(node, Binary) or node.op not in ("add", "sub") or not node.dtype.is_float:
        return node
    lhs, rhs = node.lhs, node.rhs
    if isinstance(lhs, Binary) and _is_product(lhs):
        return Fma(lhs.lhs, lhs.rhs, rhs if node.op == "add" else build.neg(rhs), True)
    if isinstance(rhs, Binary) and _is_product(rhs):
        return Fma(rhs.lhs if node.op == "add" else build.neg(rhs.lhs), rhs.rhs, lhs, True)
    return node


def _contract_reduction(node: Reduce) -> Node:
    """A sum of products accumulates by fma; the step of a reducer of the user's own is an expression like any other."""
    reducer = node.reducer
    if reducer.combination is not None:
        reducer = with_results(reducer, tuple(map(contract, reducer.combination.results)))
        return Reduce(reducer, node.axes, node.operands, node.component, node.fused)
    fused = reducer is SUM and _is_product(node.operands[0])
    return Reduce(reducer, node.axes, node.operands, node.component, True) if fused else node


def _is_product(node: Node) -> bool:
    return isinstance(node, Binary) and node.op == "mul" and node.dtype.is_float
