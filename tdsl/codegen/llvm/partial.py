"""Partial vectors on machines without the masked accesses that they would take: one lane after the other.

Rewrite, for a vector loop whose lanes are on up to some bound (the last vector of a row, an edge of a triangle):

    vector l in 0..16: if 16 * x + l < n: body

    if 16 <= n - 16 * x: vector l in 0..16: body
    else: serial l in 0..n - 16 * x: body

LLVM makes a branch a lane of a masked access that the machine does not have: several hundred instructions, slower than
single elements. Lanes one after the other mean what lanes in lockstep do where nothing that the body stores is read in
it, and each of its stores goes to a buffer of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tdsl.codegen.llvm.buffers import MemoryBuffer
from tdsl.codegen.llvm.context import Context
from tdsl.codegen.llvm.expressions import evaluate
from tdsl.codegen.llvm.reads import depends_on, nodes, parts, subnodes
from tdsl.codegen.llvm.values import Linear
from tdsl.expr import build
from tdsl.expr.linear import linear
from tdsl.expr.node import Compare, Const, Load, Node, Var, index_const
from tdsl.expr.rewrite import substitute
from tdsl.lower.ir import Allocate, For, If, Statement, Store


def one_by_one(ctx: Context, loop: For) -> Statement | None:
    """A vector loop with its partial vectors taken apart; None where it is better, or only right, as it is."""
    branch = loop.body
    if not isinstance(branch, If) or branch.otherwise is not None or not isinstance(loop.upper, Const):
        return None
    if _all_native(ctx, loop, branch.then):
        return None
    if loop.lower is not index_const(0) or not _may_be_serial(ctx, branch.then):
        return None
    conditions = ctx.reads.conjuncts(branch.cond)
    bounds = [_bound(ctx, loop.var, condition) for condition in conditions]
    found = next((at for at, bound in enumerate(bounds) if bound is not None), None)
    if found is None:
        return None
    bound = bounds[found]
    assert bound is not None
    rest = _guarded([*conditions[:found], *conditions[found + 1 :]], branch.then)
    some = replace(loop, upper=build.minimum(bound, loop.upper), kind="serial", body=rest)
    return If(build.le(loop.upper, bound), replace(loop, body=rest), some)


def _guarded(conditions: Sequence[Node], body: Statement) -> Statement:
    return If(build.logical_and(*conditions), body) if conditions else body


def _bound(ctx: Context, lane: str, condition: Node) -> Node | None:
    """The number of lanes from 0 that a condition leaves on, where it is of that kind: `a + lane < b` is `b - a`."""
    if not isinstance(condition, Compare) or condition.lhs.dtype.name != "int64":
        return None
    low, high, op = condition.lhs, condition.rhs, condition.op
    if op in ("gt", "ge"):
        low, high = high, low
    if op not in ("lt", "le", "gt", "ge"):
        return None
    difference = build.sub(high, low)
    terms, _ = linear(difference)
    variable = Var(lane, difference.dtype, "local")
    others = (term for term in terms if term is not variable)
    if terms.get(variable) != -1 or any(depends_on(term, {lane: None}) for term in others):
        return None
    if not all(_surely_index(ctx, side, lane) for side in (low, high)):
        return None  # it may wrap, and the sum may not be taken apart
    bound = substitute(difference, {variable: build.ZERO})
    return build.add(bound, build.ONE) if op in ("le", "ge") else bound


def _surely_index(ctx: Context, side: Node, lane: str) -> bool:
    value = evaluate(ctx, substitute(side, {Var(lane, side.dtype, "local"): build.ZERO}))
    return isinstance(value, Linear) and ctx.is_index(value)


def _may_be_serial(ctx: Context, body: Statement) -> bool:
    """Whether lanes one by one mean the same, and can be: single stores to buffers that the body does not read.

    All in memory: what is in registers cannot be had by a number that changes.
    """
    written: list[str] = []
    read: list[str] = []
    for part in parts(body):
        if isinstance(part, (Allocate, For)):
            return False
        if isinstance(part, Store):
            written.append(part.buffer)
        read += [node.buffer for root in nodes(part) for node in subnodes(root) if isinstance(node, Load)]
    inside = all(isinstance(ctx.buffers.get(name), MemoryBuffer) for name in (*written, *read))
    return inside and len(set(written)) == len(written) and not set(written) & set(read)


def _accesses(body: Statement) -> list[tuple[str, tuple[Node, ...]]]:
    """Every access to memory: the buffer and the index."""
    found: list[tuple[str, tuple[Node, ...]]] = []
    for part in parts(body):
        if isinstance(part, Store):
            found.append((part.buffer, part.index))
        loads = (node for root in nodes(part) for node in subnodes(root) if isinstance(node, Load))
        found += [(node.buffer, node.index) for node in loads]
    return found


def _all_native(ctx: Context, loop: For, body: Statement) -> bool:
    """Whether the machine can do every access of a body for some of the lanes; remembered, for unrolled loops around."""
    found = ctx.reads.native.get(id(loop))
    if found is None:
        native = all(_is_native(ctx, loop.var, access) for access in _accesses(body))
        found = ctx.reads.native[id(loop)] = (loop, native)
    return found[1]


def _is_native(ctx: Context, lane: str, access: tuple[str, tuple[Node, ...]]) -> bool:
    """Whether the machine can do an access for some of the lanes: neighbours, or anywhere."""
    name, index = access
    buffer, lanes = ctx.buffers.get(name), {lane: None}
    if not isinstance(buffer, MemoryBuffer) or not any(depends_on(part, lanes) for part in index):
        return True
    unit = buffer.dtype.bytes
    if ctx.capabilities.gather and unit >= 4:
        return True
    terms, _ = linear(index[-1])
    variable = Var(lane, index[-1].dtype, "local")
    moving = [term for term in (*terms, *index[:-1]) if depends_on(term, lanes)]
    neighbours = moving == [variable] and terms.get(variable) == 1 and buffer.strides[-1] == (unit, None)
    return neighbours and unit >= ctx.capabilities.masked_bytes
