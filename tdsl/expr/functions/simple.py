"""The public functions of numbers and bits of a few nodes: td.rsqrt, td.sign, td.isnan, td.popcount and so on.

In: expressions, or whole tensors (which broadcast and make an unnamed stage). Out: an `Expr`. Floats and integers as
each says; what it does not take is refused with the cast to write.
"""

from __future__ import annotations

import math
from typing import cast as typed

from tdsl.dtypes import DTYPES, DType, as_dtype
from tdsl.errors import DTypeError
from tdsl.expr import build
from tdsl.expr.elementwise import elementwise
from tdsl.expr.functions.calls import floats, undecided
from tdsl.expr.handles import Expr, adopts, as_node, as_operand, expression, meet
from tdsl.expr.node import UnaryOp
from tdsl.expr.operations import of_elements
from tdsl.expr.tensor import Tensor
from tdsl.location import here, hide_internal_frames


@of_elements
def rsqrt(value: object) -> Expr:
    """1 / sqrt(x) of a float, each step rounded (D6): infinite at 0, NaN below. Errors: E207 no float."""
    (node,), operands = floats("rsqrt", value)
    root = build.unary("sqrt", node)
    return expression(build.div(build.constant(1.0, node.dtype), root), *operands, weak=undecided(operands))


@of_elements
def reciprocal(value: object) -> Expr:
    """1 / x of a float. Errors: E207 no float."""
    (node,), operands = floats("reciprocal", value)
    return expression(build.div(build.constant(1.0, node.dtype), node), *operands, weak=undecided(operands))


@of_elements
def square(value: object) -> Expr:
    """X * x, in the dtype of x; integers wrap. Errors: E207 a bool or a storage dtype."""
    operand = _number("square", value)
    return expression(build.mul(operand.node, operand.node), operand, weak=operand.weak)


@of_elements
def sign(value: object) -> Expr:
    """-1, 0 or 1 in the dtype of x; zeros and NaN are themselves (D3). Errors: E207 a bool or a storage dtype."""
    operand = _number("sign", value)
    node = operand.node
    zero, one = build.constant(0, node.dtype), build.constant(1, node.dtype)
    below = build.select(build.lt(node, zero), build.neg(one), node) if node.dtype.is_signed else node
    return expression(build.select(build.gt(node, zero), one, below), operand, weak=operand.weak)


@of_elements
def copysign(magnitude: object, sign: object) -> Expr:
    """A float with the sign of another, of zeros and NaN too. Errors: E203 they do not meet; E207 no float."""
    (node, other), operands = floats("copysign", magnitude, sign)
    pattern = f"int{node.dtype.bits}"
    least = build.constant(-(2 ** (node.dtype.bits - 1)), DTYPES[pattern])
    kept = build.binary("and", build.bitcast(node, pattern), build.unary("not", least))
    taken = build.binary("and", build.bitcast(other, pattern), least)
    copied = build.bitcast(build.binary("or", kept, taken), node.dtype)
    return expression(copied, *operands, weak=undecided(operands))


@of_elements
def signbit(value: object) -> Expr:
    """Whether the sign of a float is set: of negative numbers, -0 and some NaN. Errors: E207 no float."""
    (node,), operands = floats("signbit", value)
    pattern = build.bitcast(node, f"int{node.dtype.bits}")
    return expression(build.lt(pattern, build.constant(0, pattern.dtype)), *operands)


@of_elements
def isnan(value: object) -> Expr:
    """Whether a float is NaN; of integers false. Errors: E207 a bool or a storage dtype."""
    operand = _number("isnan", value)
    return expression(build.ne(operand.node, operand.node), operand)


@of_elements
def isinf(value: object) -> Expr:
    """Whether a float is an infinity of either sign; of integers false. Errors: E207 a bool or a storage dtype."""
    operand = _number("isinf", value)
    if operand.dtype.is_integer:
        return expression(build.FALSE, operand)
    infinity = build.constant(math.inf, operand.dtype)
    return expression(build.eq(build.absolute(operand.node), infinity), operand)


@of_elements
def isfinite(value: object) -> Expr:
    """Whether a float is neither NaN nor infinite; of integers true. Errors: E207 a bool or a storage dtype."""
    operand = _number("isfinite", value)
    if operand.dtype.is_integer:
        return expression(build.TRUE, operand)
    infinity = build.constant(math.inf, operand.dtype)
    return expression(build.lt(build.absolute(operand.node), infinity), operand)


def _number(name: str, value: object) -> Expr:
    """An operand that is a number. Errors: E207 a bool or a storage dtype."""
    operand = as_operand(value)
    if not isinstance(operand, Expr):
        nodes, _ = meet(operand)
        operand = Expr(nodes[0], weak=True)
    if operand.dtype.is_bool or not operand.dtype.arithmetic:
        raise DTypeError(
            "E207",
            f"td.{name} takes numbers, not {operand}",
            where=here(),
            why=(f"{operand} is {operand.dtype}",),
            hint=(f'td.{name}(td.cast({operand}, "float32"))',),
        )
    return operand


def _count(op: UnaryOp, name: str, value: object) -> Expr:
    operand = as_operand(value)
    waits = adopts(operand)
    if not isinstance(operand, Expr) or (operand.weak and not waits) or not operand.dtype.is_integer:
        width = operand.dtype.bits if isinstance(operand, Expr) and operand.dtype.is_float else 32
        raise DTypeError(
            "E207",
            f"td.{name} takes integers of a dtype, not {operand}",
            where=here(),
            hint=(f'td.{name}(td.bitcast({operand}, "uint{width}")), the bits of a float',)
            if isinstance(operand, Expr) and operand.dtype.is_float
            else (f'td.{name}(td.cast({operand}, "uint32"))',),
        )
    return expression(build.unary(op, operand.node), operand, weak=waits)


@of_elements
def popcount(value: object) -> Expr:
    """How many bits of an integer are set, in its dtype. Errors: E207 no integer."""
    return _count("popcount", "popcount", value)


@of_elements
def clz(value: object) -> Expr:
    """How many zeros stand before the first set bit of an integer; the width for 0 (D2). Errors: E207 no integer."""
    return _count("clz", "clz", value)


@of_elements
def ctz(value: object) -> Expr:
    """How many zeros stand behind the last set bit of an integer; the width for 0. Errors: E207 no integer."""
    return _count("ctz", "ctz", value)


@hide_internal_frames
def bitcast(value: object, dtype: DType | str | type) -> Expr:
    """The bits of a number read as another dtype of the same width (NumPy: `x.view(dtype)`).

    Errors: E201 no such dtype; E207 a bool, or another width; E208 a Python number.
    """
    target = as_dtype(dtype, where=here())
    if isinstance(value, Tensor) and value.ndim > 0:

        def part(element: object) -> Expr:
            return bitcast(element, target)

        return typed(Expr, elementwise("bitcast", part, value))
    operand = as_operand(value)
    node = as_node(value)
    source = node.dtype
    if source.bits != target.bits or source.is_bool or target.is_bool:
        kind = "uint" if source.is_float else "float" if source.bits > 8 else "int"
        raise DTypeError(
            "E207",
            f"the bits of {source} are no {target}",
            where=here(),
            why=(f"{operand} has {source.bits} bits, {target} has {target.bits}",),
            hint=(f'td.bitcast({operand}, "{kind}{source.bits}")',) if source.bits >= 8 else (),
        )
    return expression(build.bitcast(node, target), operand)
