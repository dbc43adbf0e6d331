"""The walk over the loops: one statement in, its operations written into the function; dispatch by kind.

Stores and lets are written as they stand, in lockstep for the lanes of a vector loop. An `if` whose condition is one
bool is a branch, one whose condition differs from lane to lane is a mask on what is inside. A vector store that reads
along clamped indices (edges of an image) is written twice: for the rows where no lane is clamped, plainly.
"""

from __future__ import annotations

from tdsl.codegen.llvm.allocations import heap, registers, stack
from tdsl.codegen.llvm.atomics import store_atomically
from tdsl.codegen.llvm.branches import two_arms
from tdsl.codegen.llvm.buffers import MemoryBuffer, RegisterBuffer
from tdsl.codegen.llvm.clamped import inside_distances
from tdsl.codegen.llvm.context import BOOL, Context
from tdsl.codegen.llvm.expressions import evaluate
from tdsl.codegen.llvm.indexing import index_compare
from tdsl.codegen.llvm.loops import serial, unroll, vector, with_variable
from tdsl.codegen.llvm.parallel import parallel
from tdsl.codegen.llvm.reads import stored
from tdsl.codegen.llvm.stores import prefetch, store
from tdsl.codegen.llvm.tiles import instruction
from tdsl.codegen.llvm.values import Clamped, Constant, Linear, Value, is_uniform, row
from tdsl.errors import InternalError
from tdsl.expr.intrinsic import Intrinsic
from tdsl.expr.node import Node
from tdsl.lower.ir import Allocate, Barrier, Block, For, If, Let, Prefetch, Statement, Store


def write(ctx: Context, statement: Statement) -> None:
    """Write a statement and everything inside it."""
    match statement:
        case Store():
            _store(ctx, statement)
        case Prefetch():
            prefetch(ctx, statement.buffer, [evaluate(ctx, part) for part in statement.index])
        case For(intrinsic=Intrinsic()) if instruction(ctx, statement):
            pass
        case For():
            _LOOPS[statement.kind](ctx, statement, write)
        case If():
            _if(ctx, statement)
        case Block():
            for part in statement.statements:
                write(ctx, part)
        case Let():
            with_variable(ctx, statement.var, evaluate(ctx, statement.value), write, statement.body)
        case Allocate():
            _SCOPES[statement.scope](ctx, statement, write)
        case Barrier():
            raise InternalError("a barrier in code for a CPU", pass_name="codegen.llvm")


_LOOPS = {"serial": serial, "unroll": unroll, "vector": vector, "parallel": parallel}
_SCOPES = {"heap": heap, "stack": stack, "register": registers}


# store


def _store(ctx: Context, statement: Store) -> None:
    if statement.atomic:
        store_atomically(ctx, statement, [evaluate(ctx, part) for part in statement.index])
        return
    inside, ramps = _clamped_reads(ctx, statement)
    if inside is None:
        _store_plainly(ctx, statement)
    else:
        two_arms(
            ctx,
            inside,
            lambda: _store_unclamped(ctx, statement, ramps),
            lambda: _store_plainly(ctx, statement),
            (statement.buffer,),
        )


def _store_plainly(ctx: Context, statement: Store) -> None:
    index = [evaluate(ctx, part) for part in statement.index]
    store(ctx, statement.buffer, index, evaluate(ctx, statement.value), stream=statement.stream)


def _store_unclamped(ctx: Context, statement: Store, ramps: dict[Node, Linear]) -> None:
    """The store where every clamped index is known to be its ramp; in a scope of its own."""
    outer = ctx.overrides
    ctx.overrides = {**outer, **ramps}
    _store_plainly(ctx, statement)
    ctx.overrides = outer


def _clamped_reads(ctx: Context, statement: Store) -> tuple[str | None, dict[Node, Linear]]:
    """The bool that no clamped index clamps a lane, and the ramps to read along then; None without such reads."""
    ramps: dict[Node, Linear] = {}
    distances: list[Linear] = []
    limited = ctx.reads.limited(statement.value)
    # under a mask there is little to win: it is the last vector of a row
    if not limited or not ctx.lanes or ctx.mask is not None:
        return None, {}
    for name, node in limited:
        if node in ramps or not isinstance(ctx.buffers.get(name), MemoryBuffer):
            continue
        value = evaluate(ctx, node)
        if isinstance(value, Clamped) and value.ramp.lanes == row(ctx.lanes):
            ramps[node] = value.ramp
            distances += inside_distances(value)
    conditions = _strictest(ctx, distances)
    if not ramps or conditions is None:
        return None, {}
    o = ctx.operations(0)
    whole = ""
    for condition in conditions:
        text = ctx.scalar(condition)
        whole = text if not whole else o.binary("and", "i1", whole, text)
    return (whole, ramps) if whole else (None, {})


def _strictest(ctx: Context, distances: list[Linear]) -> list[Value] | None:
    """The bools `distance >= 0`, one for each sum of names: of several constants the least; None if one is false."""
    least: dict[tuple[tuple[str, int], ...], int] = {}
    for distance in distances:
        key = tuple(sorted(distance.terms))
        least[key] = min(distance.constant, least.get(key, distance.constant))
    conditions: list[Value] = []
    for terms, constant in least.items():
        condition = index_compare(ctx, "ge", Linear(constant, terms), Linear(0))
        assert condition is not None
        if not isinstance(condition, Constant):
            conditions.append(condition)
        elif not condition.bits:
            return None
    return conditions


# if


def _if(ctx: Context, statement: If) -> None:
    shared: list[Value] = []
    varying: list[Value] = []
    conditions = ctx.reads.conjuncts(statement.cond) if statement.otherwise is None else (statement.cond,)
    for part in conditions:
        value = evaluate(ctx, part)
        (shared if is_uniform(value) else varying).append(value)
    if varying and _only_registers(ctx, statement):
        shared, varying = [], [*shared, *varying]
    uniform = _all(ctx, shared, 0)
    if isinstance(uniform, Constant):
        chosen = statement.then if uniform.bits else statement.otherwise
        if chosen is not None:
            _under(ctx, chosen, _all(ctx, varying, ctx.lanes) if varying else None, statement.otherwise)
        return
    flag = ctx.scalar(uniform)
    two_arms(
        ctx,
        flag,
        lambda: _under(ctx, statement.then, _all(ctx, varying, ctx.lanes) if varying else None, None),
        lambda: None if statement.otherwise is None else write(ctx, statement.otherwise),
        stored(statement),
    )


def _only_registers(ctx: Context, statement: If) -> bool:
    """Whether nothing but register buffers is written inside: a mask is then cheaper than a branch."""
    written = ctx.reads.straight(statement)
    return written is not None and all(isinstance(ctx.buffers.get(name), RegisterBuffer) for name in written)


def _all(ctx: Context, flags: list[Value], lanes: int) -> Value:
    """All of the conditions."""
    whole: Value = Constant(1, BOOL)
    for flag in flags:
        if isinstance(flag, Constant) and flag.bits:
            continue
        whole = flag if isinstance(whole, Constant) and whole.bits else conjunction(ctx, whole, flag)
    return whole


def conjunction(ctx: Context, a: Value, b: Value) -> Value:
    """`a and b`, where one may be a bool and the other a mask."""
    if isinstance(a, Constant) or isinstance(b, Constant):
        known, other = (a, b) if isinstance(a, Constant) else (b, a)
        assert isinstance(known, Constant)
        return other if known.bits else known
    if is_uniform(a) == is_uniform(b):
        lanes = 0 if is_uniform(a) else ctx.lanes
        text = ctx.operations(lanes).binary("and", "i1", ctx.text(a, lanes), ctx.text(b, lanes))
        return ctx.result(BOOL, lanes, text)
    flag, mask = (a, b) if is_uniform(a) else (b, a)
    type_ = f"<{ctx.lanes} x i1>"
    template = f"select i1 %s, {type_} %s, {type_} zeroinitializer"
    text = ctx.operations(ctx.lanes).flag(template, ctx.scalar(flag), ctx.text(mask, ctx.lanes))
    return ctx.result(BOOL, ctx.lanes, text)


def _under(ctx: Context, then: Statement, condition: Value | None, other: Statement | None) -> None:
    """Both arms under the mask of a condition; without one, the first arm as it is."""
    if condition is None or (isinstance(condition, Constant) and condition.bits):
        write(ctx, then)
        return
    if isinstance(condition, Constant):
        return
    mask = ctx.text(condition, ctx.lanes)
    _masked(ctx, then, ctx.within_mask(mask))
    if other is not None:
        _masked(ctx, other, ctx.within_mask(ctx.operations(ctx.lanes).invert(mask)))


def _masked(ctx: Context, statement: Statement, mask: str) -> None:
    outer = ctx.mask
    ctx.mask = mask
    write(ctx, statement)
    ctx.mask = outer
