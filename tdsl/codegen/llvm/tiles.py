"""Tiles as one instruction: a whole tile in, the call of an LLVM intrinsic out; what is no whole tile is left alone.

    unroll ki in 0..4 as vpdpbusd: vector ji in 0..16: C[ji] = C[ji] + int32(A[ki]) * int32(B[ji, ki])

is `C = vpdpbusd(C, A, B)` with the operands as row-major vectors: the loops of the tile become lanes, and what the
operands read is found lane by lane as for every vector loop, so that neighbours are one load and what repeats is
loaded once. Partial tiles, under a mask or a condition, run as the loops they are: the same integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from tdsl.codegen.llvm.context import Context
from tdsl.codegen.llvm.expressions import evaluate
from tdsl.codegen.llvm.stores import store
from tdsl.codegen.llvm.trial import problem
from tdsl.codegen.llvm.types import element_type, widened
from tdsl.codegen.llvm.values import Linear, Value
from tdsl.errors import TargetError
from tdsl.expr.intrinsic import INTRINSICS, TileOperand
from tdsl.expr.node import Const, Node
from tdsl.lower.ir import For
from tdsl.lower.tiles import Tile, extent, tile_of
from tdsl.target import Target


def instruction(ctx: Context, loop: For) -> bool:
    """Writes a marked loop as one call; False, with nothing written, where it is not whole here."""
    if ctx.mask is not None or ctx.lanes or (tile := tile_of(loop)) is None:
        return False
    intrinsic = tile.intrinsic
    parts = [
        _vector(ctx, tile, operand, factor)
        for operand, factor in zip(intrinsic.operands, tile.factors, strict=True)
    ]
    result = _type(intrinsic.result)
    types = [result, *map(_type, intrinsic.operands)]
    ctx.module.declarations[f"declare {result} @{intrinsic.call}({', '.join(types)})"] = None
    ctx.lanes = intrinsic.result.count
    _bind(ctx, tile, intrinsic.result)
    before = ctx.text(evaluate(ctx, tile.current), ctx.lanes)
    taken = ", ".join(f"{type_} %s" for type_ in types)
    after = ctx.f.pure(result, f"call {result} @{intrinsic.call}({taken})", before, *parts)
    index = [evaluate(ctx, part) for part in tile.store.index]
    store(ctx, tile.store.buffer, index, ctx.result(tile.current.dtype, ctx.lanes, after))
    _end(ctx, tile)
    return True


def check_instructions(loops: Sequence[For], target: Target) -> None:
    """Errors: G123 a target that lacks the instruction a loop was to become; G124 one of the user's that is none."""
    for intrinsic in dict.fromkeys(loop.intrinsic for loop in loops if loop.intrinsic is not None):
        missing = intrinsic.missing(target.architecture, target.feature_set)
        if missing:
            raise TargetError(
                "G123",
                f"{target.spelling} has no {intrinsic.name}",
                why=(missing,),
                hint=("another target: td.Target(…, features=(…))", "a schedule without tensorize"),
            )
        if intrinsic in INTRINSICS:
            continue
        host = Target("cpu")
        runs = target.triple == host.resolved().triple and target.feature_set <= host.feature_set
        wrong = problem(intrinsic, target, runs)
        if wrong:
            raise TargetError("G124", f"{intrinsic.name} is not what it is declared to be", why=(wrong,))


def _vector(ctx: Context, tile: Tile, operand: TileOperand, factor: Node) -> str:
    """The elements of an operand, row-major."""
    ctx.lanes = operand.count
    _bind(ctx, tile, operand)
    text = ctx.text(evaluate(ctx, factor), ctx.lanes)
    _end(ctx, tile)
    return text


def _type(operand: TileOperand) -> str:
    return widened(element_type(operand.dtype), operand.count)


def _bind(ctx: Context, tile: Tile, operand: TileOperand) -> None:
    """The loops of the tile as the lanes of an operand; those of a dim that it does not have stand at their start."""
    for place, loops in enumerate(tile.loops):
        wide = operand.shape[place] > 1
        inside = prod(operand.shape[place + 1 :])
        for number, loop in enumerate(loops):
            inner = inside * prod(map(extent, loops[number + 1 :]))
            ctx.bind(loop.var, _lanes(loop, inner, operand.count) if wide else _start(loop))


def _start(loop: For) -> Linear:
    assert isinstance(loop.lower, Const)
    return Linear(int(loop.lower.value))


def _lanes(loop: For, inner: int, lanes: int) -> Value:
    """A loop variable whose value stays for `inner` lanes each."""
    count = extent(loop)
    return Linear(_start(loop).constant, (), tuple(lane // inner % count for lane in range(lanes)))


def _end(ctx: Context, tile: Tile) -> None:
    ctx.lanes = 0
    for loops in tile.loops:
        for loop in loops:
            del ctx.variables[loop.var]
