"""Statements of Loop IR as CUDA C: one thread's part of a launch in, lines out."""

from __future__ import annotations

from tdsl.codegen.cuda import expressions, memory
from tdsl.codegen.cuda.atomics import atomic
from tdsl.codegen.cuda.context import Buffer, Context
from tdsl.codegen.cuda.lanes import vector
from tdsl.codegen.cuda.ranges import NARROW
from tdsl.codegen.cuda.shuffles import shuffle
from tdsl.codegen.cuda.types import c_type
from tdsl.errors import InternalError
from tdsl.expr.node import INT64, Const, Load
from tdsl.expr.rewrite import walk
from tdsl.lower.ir import Allocate, Barrier, Block, For, If, Let, Prefetch, Statement, Store


def write(ctx: Context, statement: Statement) -> None:
    """Writes a statement and everything inside it."""
    match statement:
        case Store():
            _store(ctx, statement)
        case For(kind="vector"):
            vector(ctx, statement, write)
        case For(kind="serial" | "unroll" | "parallel"):
            _loop(ctx, statement)
        case For():
            raise InternalError(f"a {statement.kind} loop inside a thread", pass_name="codegen.cuda")
        case If():
            _if(ctx, statement)
        case Let():
            _let(ctx, statement)
        case Allocate():
            _allocate(ctx, statement)
        case Block(statements):
            for one in statements:
                write(ctx, one)
        case Barrier():
            ctx.line("__syncthreads();")
        case Prefetch():
            raise InternalError("a prefetch on a GPU", pass_name="codegen.cuda")


def _store(ctx: Context, store: Store) -> None:
    ctx.say_line(store.buffer)
    if store.atomic:
        atomic(ctx, store)
        return
    if store.lanes is not None:
        shuffle(ctx, store, store.lanes)
        return
    before = dict(ctx.texts)
    expressions.name_parts(ctx, *store.index, store.value)
    value = expressions.value(ctx, store.value)
    ctx.line(f"{memory.element(ctx, store.buffer, store.index, writes=True)} = {value};")
    ctx.texts = before


def _loop(ctx: Context, loop: For) -> None:
    low, high = ctx.ranges.interval(loop.lower), ctx.ranges.interval(loop.upper)
    lower, upper = expressions.expression(ctx, loop.lower), expressions.expression(ctx, loop.upper)
    last = max(high[1] - 1, low[0])
    if last == NARROW[1]:
        last += 1  # counting past it must not overflow
    outside = ctx.names.get(loop.var)
    taken = set(ctx.taken)
    kind, name = ctx.declare(loop.var, (low[0], last))
    if loop.kind == "unroll":
        ctx.line("#pragma unroll")
    head = f"for ({kind} {name} = {lower.text}; {name} < {upper.within(expressions.ORDER + 1)}; ++{name})"
    with ctx.block(head):
        write(ctx, loop.body)
    ctx.taken = taken
    if outside is not None:
        ctx.names[loop.var] = outside


def _if(ctx: Context, branch: If) -> None:
    conds, then = [branch.cond], branch.then
    while branch.otherwise is None and isinstance(then, If) and then.otherwise is None:
        conds.append(then.cond)
        then = then.then
    before = dict(ctx.texts)
    expressions.name_parts(ctx, branch.cond)
    level = expressions.BOTH if len(conds) > 1 else 0
    texts = [expressions.condition(ctx, cond).within(level) for cond in conds]
    with ctx.block(f"if ({' && '.join(texts)})"):
        write(ctx, then)
    if branch.otherwise is not None:
        with ctx.block("else"):
            write(ctx, branch.otherwise)
    ctx.texts = before


def _let(ctx: Context, let: Let) -> None:
    if let.value.dtype is not INT64:
        text = expressions.value(ctx, let.value)
        name = ctx.fresh(let.var)
        ctx.names[let.var] = name
        ctx.line(f"const {c_type(let.value.dtype)} {name} = {text};")
        write(ctx, let.body)
        return
    loads = any(isinstance(one, Load) for one in walk(let.value))
    interval = ctx.ranges.interval(let.value)
    text = expressions.expression(ctx, let.value)
    kind, name = ctx.declare(let.var, interval, 1 if loads else ctx.ranges.divisor(let.value) or 1)
    ctx.line(f"const {kind} {name} = {text.text};")
    write(ctx, let.body)


def _allocate(ctx: Context, allocate: Allocate) -> None:
    if allocate.scope in ("heap", "shared"):
        raise InternalError(
            f"{allocate.buffer} in scope {allocate.scope} inside threads", pass_name="codegen.cuda"
        )
    count = 1
    for extent in allocate.extents:
        assert isinstance(extent, Const)
        count *= int(extent.value)
    name = ctx.fresh(allocate.buffer)
    outside = ctx.buffers.get(allocate.buffer)
    single = count + allocate.padding <= 1
    ctx.buffers[allocate.buffer] = Buffer(name, allocate.dtype, allocate.extents, "private", None, single)
    size = "" if single else f"[{count + allocate.padding}]"
    ctx.line(f"{c_type(allocate.dtype)} {name}{size};")
    write(ctx, allocate.body)
    if outside is not None:
        ctx.buffers[allocate.buffer] = outside
