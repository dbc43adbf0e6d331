"""Tiles that one instruction computes, in Loop IR: a marked loop in, its loops, its store and the two factors out.

A loop with an `intrinsic` runs as it is written; the mark says that all of it together, where it is whole, is
`result += first * second` over a constant box. `tile_of` reads that off the statement, so that what is generated is
what the loops say, whatever passes did to them; where they put a condition inside, the tile is not whole.
"""

from __future__ import annotations

from math import prod

from tdsl.errors import LimitError
from tdsl.expr.intrinsic import Intrinsic
from tdsl.expr.node import Binary, Cast, Const, Load, Node
from tdsl.expr.rewrite import variables
from tdsl.lower.ir import For, Kernel, Statement, Store
from tdsl.lower.rewrite_statement import walk_statements
from tdsl.records import dataclass


@dataclass(frozen=True, slots=True)
class Tile:
    """A whole tile.

    loops: of each dim of the intrinsic (data dims, then the reduction), its loops, outermost first. factors: what
    stands under the two casts, in the order of the intrinsic's operands.
    """

    intrinsic: Intrinsic
    loops: tuple[tuple[For, ...], ...]
    store: Store
    current: Load
    factors: tuple[Node, Node]


def tile_of(loop: For) -> Tile | None:
    """The tile of a marked loop; None where it is not whole."""
    loops: list[For] = [loop]
    while isinstance(body := loops[-1].body, For):
        loops.append(body)
    if loop.intrinsic is None or not isinstance(body, Store) or body.atomic:
        return None
    if not all(isinstance(one.lower, Const) and isinstance(one.upper, Const) for one in loops):
        return None
    moving = {var.name for part in body.index for var in variables(part)}
    data = [one for one in loops if one.var in moving]
    terms = [one for one in loops if one.var not in moving]
    dims = shared_out(data, loop.intrinsic.data, [extent(one) for one in data])
    if dims is None or prod(map(extent, terms)) != loop.intrinsic.terms:
        return None
    parts = _parts(body)
    if parts is None:
        return None
    current, pair = parts
    factors = ordered(loop.intrinsic, pair, dims)
    if factors is None:
        return None
    return Tile(loop.intrinsic, (*dims, tuple(terms)), body, current, factors)


def extent(loop: For) -> int:
    """Iterations of a loop with constant bounds."""
    assert isinstance(loop.lower, Const) and isinstance(loop.upper, Const)
    return int(loop.upper.value) - int(loop.lower.value)


def shared_out(
    loops: list[For], dims: tuple[int, ...], extents: list[int]
) -> tuple[tuple[For, ...], ...] | None:
    """The loops of each dim, outermost first, so that their extents make up the dim's; None where they do not."""
    found: list[tuple[For, ...]] = []
    at = 0
    for dim in dims:
        start, count = at, 1
        while count < dim and at < len(loops):
            count *= extents[at]
            at += 1
        if count != dim:
            return None
        found.append(tuple(loops[start:at]))
    return tuple(found) if at == len(loops) else None


def ordered(
    intrinsic: Intrinsic, pair: tuple[Node, Node], dims: tuple[tuple[For, ...], ...]
) -> tuple[Node, Node] | None:
    """Two factors as the operands of an intrinsic: their dtypes agree, and they are the same where an operand is."""
    for first, second in (pair, pair[::-1]):
        if all(
            node.dtype is operand.dtype
            and not any(
                operand.shape[place] == 1
                and intrinsic.data[place] > 1
                and {one.var for one in loops} & {var.name for var in variables(node)}
                for place, loops in enumerate(dims)
            )
            for node, operand in zip((first, second), intrinsic.operands, strict=True)
        ):
            return first, second
    return None


def _parts(store: Store) -> tuple[Load, tuple[Node, Node]] | None:
    """What is added to, and the two factors under their casts."""
    value = store.value
    if not isinstance(value, Binary) or value.op != "add":
        return None
    for current, term in ((value.lhs, value.rhs), (value.rhs, value.lhs)):
        if not isinstance(current, Load) or (current.buffer, current.index) != (store.buffer, store.index):
            continue
        if isinstance(term, Binary) and term.op == "mul":
            lhs, rhs = term.lhs, term.rhs
            if isinstance(lhs, Cast) and isinstance(rhs, Cast):
                return current, (lhs.operand, rhs.operand)
    return None


def marked_loops(body: Statement) -> list[For]:
    """The loops that are to become instructions."""
    return [one for one in walk_statements(body) if isinstance(one, For) and one.intrinsic is not None]


def check_tiles(kernel: Kernel) -> Kernel:
    """The kernel, if every loop that was to become an instruction does so somewhere. Errors: L114."""
    whole: dict[str, Intrinsic | None] = {}
    for one in marked_loops(kernel.body):
        whole[one.var] = None if tile_of(one) else whole.get(one.var, one.intrinsic)
    for var, intrinsic in whole.items():
        if intrinsic is not None:
            raise LimitError(
                "L114",
                f"no tile in {var} becomes {intrinsic.name}",
                why=["a condition stands in every tile: all of them are partial"],
                hint=["tiles that divide the extents", "td.require or assume(n % 16 == 0)"],
            )
    return kernel
