"""How much work a parallel loop is: the loop in, an estimate as a double out, so that little work wakes no threads.

The unit is an operation of a vector or a scalar. Loops inside count as often as they run in the middle of those around
them, so a triangle is half a square. The estimate decides where iterations run and nothing else: it may be off.
"""

from __future__ import annotations

from tdsl.codegen.llvm.context import Context
from tdsl.codegen.llvm.expressions import evaluate
from tdsl.codegen.llvm.indexing import index_binary
from tdsl.codegen.llvm.types import literal
from tdsl.codegen.llvm.values import Linear, plus
from tdsl.dtypes import as_dtype, bits_of
from tdsl.expr.node import Call, Const, Load, Node, Var
from tdsl.lower.ir import Allocate, Barrier, Block, For, If, Let, Prefetch, Statement, Store

LITTLE = 16384
"""Operations up to which a loop stays on its thread: 5 to 10 µs of a core at 3 GHz. A sleeping thread wakes in 16 to 37 µs,
and waking it costs the caller 2 (benchmarks/pool.py); PyTorch's grain of 32768 elements is as much."""

CALL = 16
"""Operations of a function that is not written as its expansion."""

Work = float | str
"""A number of operations: known, or the name of a double."""


def work_of(ctx: Context, loop: For, lower: Linear, count: Linear) -> Work | None:
    """Operations of a loop, all its iterations; None where data decide how many there are."""
    each = _of_body(ctx, loop, lower, count, 1)
    return None if each is None else _product(ctx, _number(ctx, count), each)


def is_little(ctx: Context, work: Work) -> bool | str:
    """Whether work is little: known, or the name of an i1."""
    if not isinstance(work, str):
        return work < LITTLE
    return ctx.f.pure("i1", "fcmp olt double %s, %s", work, _double(LITTLE))


def _of_body(ctx: Context, loop: For, lower: Linear, count: Linear, lanes: int) -> Work | None:
    half = index_binary(ctx, "floordiv", count, Linear(2))
    ctx.bind(loop.var, plus(lower, half) if isinstance(half, Linear) else lower)
    found = _work(ctx, loop.body, lanes)
    del ctx.variables[loop.var]
    return found


def _work(ctx: Context, statement: Statement, lanes: int) -> Work | None:
    match statement:
        case Block(statements):
            return _total(ctx, *(_work(ctx, part, lanes) for part in statements))
        case If(_, then, otherwise):
            arms = [then] if otherwise is None else [then, otherwise]
            return _total(ctx, *(_work(ctx, arm, lanes) for arm in arms))
        case Let(_, value, body):
            return _total(ctx, _operations(ctx, value, lanes), _work(ctx, body, lanes))
        case Allocate(body=body):
            return _work(ctx, body, lanes)
        case Store(value=value):
            return 1.0 + _operations(ctx, value, lanes)
        case For():
            return _loop(ctx, statement, lanes)
        case Prefetch() | Barrier():
            return 0.0


def _loop(ctx: Context, loop: For, lanes: int) -> Work | None:
    lower, upper = _known(ctx, loop.lower), _known(ctx, loop.upper)
    if lower is None or upper is None:
        return None
    count = plus(upper, lower, -1)
    if loop.kind == "vector" and count.is_constant:
        return _of_body(ctx, loop, lower, count, lanes * max(count.constant, 1))
    each = _of_body(ctx, loop, lower, count, lanes)
    return None if each is None else _product(ctx, _number(ctx, count), each)


def _known(ctx: Context, node: Node) -> Linear | None:
    """A bound, where it depends on nothing that is bound or made inside the loop."""
    names, buffers = ctx.reads.signature(node)
    if buffers or not all(name in ctx.variables for name in names):
        return None
    value = evaluate(ctx, node)
    return value if isinstance(value, Linear) and not value.lanes else None


def _operations(ctx: Context, root: Node, lanes: int) -> float:
    """Vector or scalar instructions that a value takes, about; what computes subscripts is left out."""
    seen: dict[Node, None] = {}
    stack, total = [root], 0.0
    while stack:
        node = stack.pop()
        if node in seen or isinstance(node, (Const, Var)):
            continue
        seen[node] = None
        registers = max(1.0, lanes * node.dtype.bits / ctx.capabilities.vector_bits) if lanes > 1 else 1.0
        total += registers * (CALL if isinstance(node, Call) else 1)
        if not isinstance(node, Load):
            stack += node.children
    return total


def _number(ctx: Context, count: Linear) -> Work:
    if count.is_constant:
        return float(max(count.constant, 0))
    return ctx.f.pure("double", "sitofp i64 %s to double", ctx.scalar(count))


def _product(ctx: Context, a: Work, b: Work) -> Work:
    if isinstance(a, float) and isinstance(b, float):
        return a * b
    return ctx.f.pure("double", "fmul double %s, %s", _text(a), _text(b))


def _total(ctx: Context, *parts: Work | None) -> Work | None:
    total: Work = 0.0
    for part in parts:
        if part is None:
            return None
        if isinstance(total, float) and isinstance(part, float):
            total += part
        elif part != 0.0:
            total = (
                part
                if total == 0.0
                else ctx.f.pure("double", "fadd double %s, %s", _text(total), _text(part))
            )
    return total


def _text(work: Work) -> str:
    return work if isinstance(work, str) else _double(work)


def _double(value: float) -> str:
    float64 = as_dtype("float64")
    return literal(bits_of(value, float64), float64)
