"""Scalar nodes in, values out: each node of an expression is written once, as scalar as it can be.

A node all of whose operands are the same in every lane stays a scalar; what moves by constants stays an index; the
rest becomes vectors. Constants are folded by the same functions that the interpreters use. A select whose arms read
memory is lazy: a branch where its condition is one bool, masked reads where it differs from lane to lane.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tdsl.codegen.llvm import casts, floats, fused, halves, integers
from tdsl.codegen.llvm.blocked import column
from tdsl.codegen.llvm.buffers import RegisterBuffer
from tdsl.codegen.llvm.calls import call, rarely, usual_arm
from tdsl.codegen.llvm.context import BOOL, INT64, Context, Key
from tdsl.codegen.llvm.control import begin_branch, end_branch, merged, otherwise
from tdsl.codegen.llvm.indexing import index_binary, index_compare, note_division
from tdsl.codegen.llvm.loads import load
from tdsl.codegen.llvm.narrow_floats import is_narrow, tfloat32_of_bits
from tdsl.codegen.llvm.reads import is_lazy, subnodes
from tdsl.codegen.llvm.types import element_type, value_type
from tdsl.codegen.llvm.values import Constant, Linear, Value, Vector, is_uniform
from tdsl.dtypes import DType, bits_of, value_of
from tdsl.errors import InternalError
from tdsl.expr import constants
from tdsl.expr.node import (
    Binary,
    Bitcast,
    Call,
    Cast,
    Compare,
    Const,
    Fma,
    Load,
    Node,
    Read,
    Reduce,
    Select,
    Unary,
    Var,
)


def evaluate(ctx: Context, root: Node) -> Value:
    """The value of a node here, its operands first, by an explicit stack: expressions may be deep."""
    if isinstance(root, Const):
        return _constant(ctx, root)
    if isinstance(root, Var):
        return _variable(ctx, root)
    key = ctx.key(root)
    found = ctx.memo.values.get(key)
    if found is not None and root not in ctx.overrides:
        return found
    outer, here = ctx.here, dict(ctx.overrides)
    ctx.here = here
    put, keep_masks = ctx.memo.put, ctx.capabilities.mask_registers
    keys: dict[Node, Key] = {root: key}
    stack = [root]
    while stack:
        node = stack[-1]
        if node in here:
            stack.pop()
            continue
        waiting = _waiting(ctx, _needed(ctx, node, keys) if isinstance(node, Select) else node.children, keys)
        if waiting:
            waiting.reverse()
            stack += waiting
            continue
        stack.pop()
        value = here[node] = _WRITERS[type(node)](ctx, node)
        if keep_masks or not (isinstance(value, Vector) and value.dtype is BOOL):
            put(keys[node], value)
    ctx.here = outer
    return here[root]


def _waiting(ctx: Context, operands: Sequence[Node], keys: dict[Node, Key]) -> list[Node]:
    """The operands that must be written first; what is a constant, a variable or known is put into `here`."""
    waiting: list[Node] = []
    here, known, key_of = ctx.here, ctx.memo.values, ctx.key
    for operand in operands:
        if operand in here:
            continue
        if isinstance(operand, Const):
            here[operand] = _constant(ctx, operand)
        elif isinstance(operand, Var):
            here[operand] = _variable(ctx, operand)
        else:
            key = keys[operand] = key_of(operand)
            found = known.get(key)
            if found is None:
                waiting.append(operand)
            else:
                here[operand] = found
    return waiting


def _needed(ctx: Context, node: Select, keys: dict[Node, Key]) -> tuple[Node, ...]:
    """What must be evaluated before a select: its condition, and then only what is surely read."""
    if _waiting(ctx, (node.cond,), keys):
        return (node.cond,)
    cond = ctx.here[node.cond]
    if isinstance(cond, Constant):
        return (node.then if cond.bits else node.otherwise,)
    if is_lazy(ctx.reads, node, _registers(ctx)):
        return ctx.reads.shared(node)
    usual = usual_arm(node)
    return node.children if usual is None else (usual,)


def _registers(ctx: Context) -> dict[str, None]:
    return {name: None for name, buffer in ctx.buffers.items() if isinstance(buffer, RegisterBuffer)}


def _constant(ctx: Context, node: Const) -> Value:
    found = ctx.constants.get(node)
    if found is None:
        found = ctx.constants[node] = constant_value(node.of, node.bits)
    return found


def _load(ctx: Context, node: Load) -> Value:
    here = ctx.here
    index = [here[part] for part in node.index]
    turned = None if ctx.block is None or not ctx.lanes else column(ctx, node, index)
    return load(ctx, node.buffer, index) if turned is None else Vector(turned, node.dtype)


def _refuse(ctx: Context, node: Node) -> Value:
    raise InternalError(f"a {type(node).__name__} in Loop IR", pass_name="codegen.llvm.expressions")


def constant_value(dtype: DType, bits: int) -> Value:
    """The value of a constant."""
    return Linear(int(value_of(bits, dtype))) if dtype is INT64 else Constant(bits, dtype)


def constant_bits(value: Value) -> int | None:
    """The bit pattern of a value that is a constant."""
    if isinstance(value, Constant):
        return value.bits
    if isinstance(value, Linear) and value.is_constant:
        return value.constant & 0xFFFF_FFFF_FFFF_FFFF
    return None


def _python_value(value: Value, dtype: DType) -> int | float | bool | None:
    bits = constant_bits(value)
    return None if bits is None else value_of(bits, dtype)


def _variable(ctx: Context, node: Var) -> Value:
    kind = node.kind
    table = ctx.variables if kind == "local" else ctx.sizes if kind == "size" else ctx.params
    found = table.get(node.name)
    if found is None:
        raise InternalError(f"{kind} {node.name} is not bound", pass_name="codegen.llvm.expressions")
    return found


def _width(ctx: Context, *values: Value) -> int:
    """Lanes of an operation on these operands."""
    return 0 if all(is_uniform(value) for value in values) else ctx.lanes


def _unary(ctx: Context, node: Unary) -> Value:
    value, dtype = ctx.here[node.operand], node.dtype
    plain = _python_value(value, dtype)
    if plain is not None:
        return constant_value(dtype, bits_of(constants.unary(node.op, plain, dtype), dtype))
    if node.op == "neg" and isinstance(value, Linear):
        negated = index_binary(ctx, "sub", Linear(0), value)
        assert negated is not None
        return negated
    lanes = _width(ctx, value)
    o, text = ctx.operations(lanes), ctx.text(value, lanes)
    if is_narrow(dtype):
        result = halves.half_unary(o, node.op, dtype, text)
    elif dtype.is_float:
        result = floats.float_unary(o, node.op, dtype, text)
    elif dtype.is_bool:
        result = o.invert(text)
    elif node.op == "neg":
        result = integers.negate(o, dtype.bits, text)
    elif node.op == "not":
        result = integers.complement(o, dtype.bits, text)
    elif node.op == "abs":
        result = integers.absolute(o, dtype, text)
    elif node.op in constants.COUNTS:
        result = integers.count_bits(o, node.op, dtype, text)
    else:
        return value  # floor, ceil, trunc and round of integers
    return ctx.result(dtype, lanes, result)


def _binary(ctx: Context, node: Binary) -> Value:
    here, op = ctx.here, node.op
    a, b, dtype = here[node.lhs], here[node.rhs], node.lhs.dtype
    if dtype is INT64:
        index = index_binary(ctx, op, a, b)
        if index is not None:
            return index
    x, y = _python_value(a, dtype), _python_value(b, dtype)
    if x is not None and y is not None:
        return constant_value(dtype, bits_of(constants.binary(op, x, y, dtype), dtype))
    if dtype.is_bool:
        return _logical(ctx, node, a, b)
    lanes = _width(ctx, a, b)
    o, texts = ctx.operations(lanes), (ctx.text(a, lanes), ctx.text(b, lanes))
    if dtype.is_float:
        write = halves.half_binary if is_narrow(dtype) else floats.float_binary
        result = write(o, node.op, dtype, *texts, (constant_bits(a), constant_bits(b)))
    else:
        result = integers.integer_binary(o, node.op, dtype, *texts, None if y is None else int(y))
        if not lanes and isinstance(a, Linear) and isinstance(b, Linear):
            note_division(ctx, op, a, b, result)
    return ctx.result(dtype, lanes, result)


def _logical(ctx: Context, node: Binary, a: Value, b: Value) -> Value:
    for value, other in ((a, b), (b, a)):
        if isinstance(value, Constant) and node.op != "xor":
            decides = value.bits == (1 if node.op in ("or", "max") else 0)
            return value if decides else other
    lanes = _width(ctx, a, b)
    o = ctx.operations(lanes)
    op = {"min": "and", "max": "or"}.get(node.op, node.op)
    return ctx.result(BOOL, lanes, o.binary(op, "i1", ctx.text(a, lanes), ctx.text(b, lanes)))


def _compare(ctx: Context, node: Compare) -> Value:
    a, b, dtype = ctx.here[node.lhs], ctx.here[node.rhs], node.lhs.dtype
    x, y = _python_value(a, dtype), _python_value(b, dtype)
    if x is not None and y is not None:
        return Constant(int(constants.compare(node.op, x, y)), BOOL)
    if dtype is INT64:
        index = index_compare(ctx, node.op, a, b)
        if index is not None:
            return index
    lanes = _width(ctx, a, b)
    o, texts = ctx.operations(lanes), (ctx.text(a, lanes), ctx.text(b, lanes))
    if dtype.is_float:
        write = halves.half_compare if is_narrow(dtype) else floats.float_compare
        return ctx.result(BOOL, lanes, write(o, node.op, dtype, *texts))
    return ctx.result(BOOL, lanes, o.compare(integers.predicate(node.op, dtype), element_type(dtype), *texts))


def _cast(ctx: Context, node: Cast) -> Value:
    value, source = ctx.here[node.operand], node.operand.dtype
    plain = _python_value(value, source)
    if plain is not None:
        return constant_value(node.to, bits_of(constants.cast(plain, source, node.to), node.to))
    if source is node.to:
        return value
    lanes = _width(ctx, value)
    return ctx.result(
        node.to, lanes, casts.cast(ctx.operations(lanes), source, node.to, ctx.text(value, lanes))
    )


def _bitcast(ctx: Context, node: Bitcast) -> Value:
    value = ctx.here[node.operand]
    bits = constant_bits(value)
    if bits is not None:
        return constant_value(node.to, bits)
    source, target = element_type(node.operand.dtype), element_type(node.to)
    lanes = _width(ctx, value)
    text = ctx.text(value, lanes)
    if source != target:
        text = ctx.operations(lanes).convert("bitcast", source, target, text)
    if node.to.name == "tfloat32":
        text = tfloat32_of_bits(ctx.operations(lanes), text)
    return ctx.result(node.to, lanes, text)


def _call(ctx: Context, node: Call) -> Value:
    return call(ctx, node, evaluate)


def _fma(ctx: Context, node: Fma) -> Value:
    values = [ctx.here[child] for child in node.children]
    lanes = _width(ctx, *values)
    a, b, c = (ctx.text(value, lanes) for value in values)
    o = ctx.operations(lanes)
    write = halves.half_fma if is_narrow(node.dtype) else fused.fma
    return ctx.result(node.dtype, lanes, write(o, node.dtype, a, b, c, contracted=node.contracted))


# select


def _select(ctx: Context, node: Select) -> Value:
    cond = ctx.here[node.cond]
    if isinstance(cond, Constant):
        return ctx.here[node.then if cond.bits else node.otherwise]
    lazy = is_lazy(ctx.reads, node, _registers(ctx))
    usual = usual_arm(node)
    if not lazy and usual is not None:
        choose = partial(_chosen, ctx, node.dtype, cond)
        return rarely(ctx, node, cond, ctx.here[usual], evaluate, choose)
    if not lazy:
        return _chosen(ctx, node.dtype, cond, ctx.here[node.then], ctx.here[node.otherwise])
    outer = ctx.overrides
    ctx.overrides = outer | {part: ctx.here[part] for part in ctx.reads.shared(node)}
    value = _branching(ctx, node, cond) if is_uniform(cond) else _both_masked(ctx, node, cond)
    ctx.overrides = outer
    return value


def _both_masked(ctx: Context, node: Select, cond: Value) -> Value:
    """Each arm for the lanes that choose it."""
    flag = ctx.text(cond, ctx.lanes)
    then = _masked(ctx, node.then, flag)
    other = _masked(ctx, node.otherwise, ctx.operations(ctx.lanes).invert(flag))
    return _chosen(ctx, node.dtype, cond, then, other)


def _chosen(ctx: Context, dtype: DType, cond: Value, then: Value, other: Value) -> Value:
    if then == other:
        return then
    lanes = _width(ctx, cond, then, other)
    o = ctx.operations(lanes)
    x, y = ctx.text(then, lanes), ctx.text(other, lanes)
    if lanes and is_uniform(cond):
        type_ = value_type(dtype, lanes)
        template = f"select i1 %s, {type_} %s, {type_} %s"
        return ctx.result(dtype, lanes, ctx.f.pure(type_, template, ctx.scalar(cond), x, y))
    return ctx.result(dtype, lanes, o.select(element_type(dtype), ctx.text(cond, lanes), x, y))


def _masked(ctx: Context, node: Node, flag: str) -> Value:
    """An arm evaluated for the lanes of a mask."""
    outer = ctx.mask
    ctx.mask = ctx.within_mask(flag)
    value = evaluate(ctx, node)
    ctx.mask = outer
    return value


def _branching(ctx: Context, node: Select, cond: Value) -> Value:
    """The arms in blocks of their own; as vectors if either is one."""
    f = ctx.f
    branch = begin_branch(f, ctx.scalar(cond))
    mark = ctx.mark()
    then = evaluate(ctx, node.then)
    wide = not is_uniform(then) or (bool(ctx.lanes) and _may_differ(ctx, node.otherwise))
    lanes = ctx.lanes if wide else 0
    texts = [ctx.text(then, lanes)]
    ctx.release(mark)
    otherwise(f, branch)
    texts.append(ctx.text(evaluate(ctx, node.otherwise), lanes))
    ctx.release(mark)
    end_branch(f, branch)
    return ctx.result(node.dtype, lanes, merged(f, branch, value_type(node.dtype, lanes), texts))


def _may_differ(ctx: Context, node: Node) -> bool:
    """Whether a node may differ from lane to lane: it mentions a variable that does."""
    return any(
        isinstance(part, Var) and part.kind == "local" and not is_uniform(ctx.variables[part.name])
        for part in subnodes(node)
    )


_WRITERS: dict[type[Node], Callable[[Context, Any], Value]] = {
    Const: _constant, Var: _variable, Load: _load, Unary: _unary, Binary: _binary, Compare: _compare,
    Select: _select, Cast: _cast, Bitcast: _bitcast, Call: _call, Fma: _fma, Read: _refuse, Reduce: _refuse,
}  # fmt: skip
"""One writer a kind of node."""
