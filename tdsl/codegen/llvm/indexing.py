"""int64 arithmetic on sums of names (`Linear`): operations that cost nothing, or less than the general form.

In: two values and an operator. Out: the result, or None where the general form (integers.py) has to do it. Sums,
differences and products with constants are exact modulo 2^64. Division, comparison and extremes look at values as
integers, so those rules ask for indices: sums that do not wrap (`Context.is_index`).
"""

from __future__ import annotations

from collections.abc import Callable
from math import gcd

from tdsl.codegen.llvm.context import BOOL, INT64, Context
from tdsl.codegen.llvm.integers import integer_binary, predicate
from tdsl.codegen.llvm.operations import splat_value
from tdsl.codegen.llvm.types import vector_constant
from tdsl.codegen.llvm.values import (
    Clamped,
    Constant,
    Linear,
    Scalar,
    Value,
    Vector,
    normal,
    offsets,
    plus,
    times,
    wrapped,
)  # fmt: skip
from tdsl.expr.node import BinaryOp, CompareOp

_TESTS: dict[CompareOp, Callable[[int], bool]] = {
    "eq": lambda x: x == 0, "ne": lambda x: x != 0, "lt": lambda x: x < 0,
    "le": lambda x: x <= 0, "gt": lambda x: x > 0, "ge": lambda x: x >= 0,
}  # fmt: skip


def index_binary(ctx: Context, op: BinaryOp, a: Value, b: Value) -> Value | None:
    """`a op b` of int64, or None."""
    if op in ("add", "sub"):
        return _sum(ctx, a, b, 1 if op == "add" else -1)
    if op == "mul":
        return _product(a, b)
    if op in ("min", "max"):
        return _extreme(ctx, op, a, b)
    if op in ("floordiv", "mod") and isinstance(a, Linear) and isinstance(b, Linear) and b.is_constant:
        return _division(ctx, op, a, b.constant) if b.constant > 0 else None
    return None


def _sum(ctx: Context, a: Value, b: Value, factor: int) -> Value | None:
    if isinstance(a, Linear) and isinstance(b, Linear):
        return plus(a, b, factor)
    if isinstance(a, Clamped) and isinstance(b, Linear) and not b.lanes and ctx.is_index(b):
        bounds = [None if bound is None else plus(bound, b, factor) for bound in (a.low, a.high)]
        return Clamped(plus(a.ramp, b, factor), *bounds)
    return None


def _product(a: Value, b: Value) -> Value | None:
    if isinstance(a, Linear) and isinstance(b, Linear):
        if b.is_constant:
            return times(a, b.constant)
        if a.is_constant:
            return times(b, a.constant)
    return None


def _extreme(ctx: Context, op: BinaryOp, a: Value, b: Value) -> Value | None:
    if isinstance(b, Clamped) or (isinstance(a, Linear) and not a.lanes):
        a, b = b, a
    if isinstance(a, Clamped) and isinstance(b, Linear) and not b.lanes and ctx.is_index(b):
        return _clamp(ctx, op, a, b)
    if not (isinstance(a, Linear) and isinstance(b, Linear) and ctx.is_index(a) and ctx.is_index(b)):
        return None
    difference = plus(a, b, -1)
    span = ctx.span(difference)
    if span is not None and (span[0] >= 0 or span[1] <= 0):
        return a if (span[0] >= 0) == (op == "max") else b
    if not difference.terms:
        pick = max if op == "max" else min
        lanes = [pick(x, y) for x, y in zip(*_aligned(ctx, a, b), strict=True)]
        return normal(a.constant, dict(a.terms), tuple(lanes))
    if not difference.lanes:
        return plus(_extreme_of_sums(ctx, op, a, b), Linear(0, (), a.lanes))
    if not b.lanes:
        return Clamped(a, b, None) if op == "max" else Clamped(a, None, b)
    return None


def _aligned(ctx: Context, a: Linear, b: Linear) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The lanes of both, as offsets from a's constant and terms."""
    shift = b.constant - a.constant
    lanes = ctx.lanes or 1
    return offsets(a, lanes), tuple(shift + step for step in offsets(b, lanes))


def _extreme_of_sums(ctx: Context, op: BinaryOp, a: Linear, b: Linear) -> Linear:
    """The lesser or greater of two sums, lanes aside, by one instruction."""
    text = ctx.operations(0).intrinsic(f"llvm.s{op}", "i64", *(ctx.sum(x.constant, x.terms) for x in (a, b)))
    spans = [ctx.span(Linear(x.constant, x.terms)) for x in (a, b)]
    known = [span for span in spans if span is not None]
    pick = max if op == "max" else min
    ctx.note_span(text, (pick(s[0] for s in known), pick(s[1] for s in known)) if len(known) == 2 else None)
    return Linear(0, ((text, 1),))


def _clamp(ctx: Context, op: BinaryOp, a: Clamped, bound: Linear) -> Value | None:
    """One more bound around a clamped ramp; `max(min(r, h), l)` is `min(max(r, l), max(h, l))`."""
    if op == "min":
        high = bound if a.high is None else _uniform_extreme(ctx, "min", a.high, bound)
        return Clamped(a.ramp, a.low, high)
    low = bound if a.low is None else _uniform_extreme(ctx, "max", a.low, bound)
    high = None if a.high is None else _uniform_extreme(ctx, "max", a.high, bound)
    return Clamped(a.ramp, low, high)


def _uniform_extreme(ctx: Context, op: BinaryOp, a: Linear, b: Linear) -> Linear:
    found = _extreme(ctx, op, a, b)
    return found if isinstance(found, Linear) else _extreme_of_sums(ctx, op, a, b)


def _division(ctx: Context, op: BinaryOp, a: Linear, divisor: int) -> Value | None:
    """Multiples of the divisor come out of the quotient whole and leave the remainder alone."""
    if not ctx.is_index(a):
        return None  # it may wrap, and then nothing can be taken out of it
    whole = {name: factor // divisor for name, factor in a.terms if factor % divisor == 0}
    apart = all(step % divisor == 0 for step in a.lanes)  # lanes whole divisors apart have one remainder
    steps = tuple(step // divisor for step in a.lanes) if apart else ()
    left = tuple(term for term in a.terms if term[1] % divisor)
    rest = Linear(a.constant % divisor, left, () if apart else a.lanes)
    outside = normal(a.constant // divisor, whole, steps)
    if not rest.terms:
        steps = offsets(rest, max(ctx.lanes, 1))
        if op == "mod":
            return normal(0, {}, tuple((rest.constant + step) % divisor for step in steps))
        return plus(outside, normal(0, {}, tuple((rest.constant + step) // divisor for step in steps)))
    if rest.lanes:
        return _within_multiples(ctx, op, rest, outside, divisor)
    o = ctx.operations(0)
    span = ctx.span(rest)
    positive = span is not None and span[0] >= 0
    dividend = ctx.sum(rest.constant, rest.terms)
    text = integer_binary(o, op, INT64, dividend, str(divisor), divisor, positive=positive)
    if op == "mod":
        ctx.note_span(text, (0, divisor - 1))
    elif span is not None:
        ctx.note_span(text, (span[0] // divisor, span[1] // divisor))
    part = Linear(0, ((text, 1),)) if text[0] == "%" else Linear(int(text))
    return part if op == "mod" else plus(outside, part)


def note_division(ctx: Context, op: BinaryOp, a: Linear, b: Linear, text: str) -> None:
    """Bounds of a quotient or remainder by a sum that is not negative (by 0 both are 0): what is made of it is an index."""
    divisor, dividend = ctx.span(b), ctx.span(a)
    if divisor is None or divisor[0] < 0:
        return
    if op == "mod":
        ctx.note_span(text, (0, max(divisor[1] - 1, 0)))
    elif op == "floordiv" and dividend is not None and dividend[0] >= 0:
        ctx.note_span(text, (0, dividend[1]))


def _within_multiples(
    ctx: Context, op: BinaryOp, rest: Linear, outside: Linear, divisor: int
) -> Value | None:
    """Lanes that lie between two multiples of what the terms and the divisor have in common share the quotient."""
    common = gcd(divisor, *(factor for _, factor in rest.terms))
    start = rest.constant % common
    steps = tuple(start + step for step in offsets(rest, ctx.lanes))
    if not (min(steps) >= 0 and max(steps) < common):
        return None
    found = _division(ctx, op, Linear(rest.constant - start, rest.terms), divisor)
    if not isinstance(found, Linear):
        return None
    return plus(found, normal(0, {}, steps)) if op == "mod" else plus(outside, found)


# comparisons


def index_compare(ctx: Context, op: CompareOp, a: Value, b: Value) -> Value | None:
    """`a op b` of int64, or None: decided where possible, a mask of small integers where lanes differ."""
    if not (isinstance(a, Linear) and isinstance(b, Linear) and ctx.is_index(a) and ctx.is_index(b)):
        return None
    difference = plus(a, b, -1)
    decided = _decided(ctx, op, difference)
    if decided is not None:
        return Constant(int(decided), BOOL)
    if not difference.terms:
        test = _TESTS[op]
        flags = [test(difference.constant + step) for step in offsets(difference, ctx.lanes)]
        return Vector(vector_constant(flags, "i1"), BOOL)
    if not difference.lanes:  # the same in all lanes, also where both sides move alike
        texts = (ctx.sum(x.constant, x.terms) for x in (a, b))
        return Scalar(ctx.operations(0).compare(predicate(op, INT64), "i64", *texts), BOOL)
    return Vector(_lane_mask(ctx, op, difference), BOOL)


def _decided(ctx: Context, op: CompareOp, difference: Linear) -> bool | None:
    """The comparison of a difference with 0 where all lanes agree whatever the names stand for."""
    if not difference.terms:
        test = _TESTS[op]
        flags = {test(difference.constant + step) for step in offsets(difference, max(ctx.lanes, 1))}
        return flags.pop() if len(flags) == 1 else None
    span = ctx.span(difference)
    if span is None:
        return None
    low, high = span
    match op:
        case "lt" | "ge":
            holds = True if high < 0 else False if low >= 0 else None
        case "gt" | "le":
            holds = True if low > 0 else False if high <= 0 else None
        case "eq" | "ne":
            holds = False if low > 0 or high < 0 else True if low == high == 0 else None
    return None if holds is None else holds if op in ("lt", "gt", "eq") else not holds


def _lane_mask(ctx: Context, op: CompareOp, difference: Linear) -> str:
    """Lanes where their offset `op` -(the rest), compared in the narrowest useful integers.

    The right side is cut to just outside the offsets first, which changes no lane's answer.
    """
    steps = difference.lanes
    low, high = min(steps) - 1, max(steps) + 1
    limit = ctx.sum(wrapped(-difference.constant), [(name, -factor) for name, factor in difference.terms])
    scalar = ctx.operations(0)
    limit = scalar.intrinsic("llvm.smax", "i64", limit, str(low))
    limit = scalar.intrinsic("llvm.smin", "i64", limit, str(high))
    bits = _mask_bits(ctx, low, high)
    narrow = limit if bits == 64 else scalar.convert("trunc", "i64", f"i{bits}", limit)
    o = ctx.operations(ctx.lanes)
    everywhere = splat_value(ctx.f, f"i{bits}", ctx.lanes, narrow)
    return o.compare(predicate(op, INT64), f"i{bits}", vector_constant(steps, f"i{bits}"), everywhere)


def _mask_bits(ctx: Context, low: int, high: int) -> int:
    """One register's worth of lanes, at most 32 bits each, but wide enough for the numbers."""
    bits = min(32, max(8, ctx.capabilities.vector_bits // ctx.lanes))
    while not -(1 << bits - 1) <= low <= high < 1 << bits - 1:
        bits *= 2
    return bits
