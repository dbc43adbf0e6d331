"""The public functions of floats: td.exp, td.log, td.sin and so on, and those of bits: popcount, clz, ctz, bitcast.

In: expressions, or whole tensors (which broadcast and make an unnamed stage). Out: an `Expr` with a `Call`, or of a few
nodes where that is all there is to it. Integers are refused with the cast to write: choosing the float is the user's.
Accuracy in units of the last place (ulp): float32 is at most 1 for the functions of one argument but tan (2.51), as the
files of this folder say in figures; float16 and bfloat16 are computed in float32 and rounded (D7).
"""

from __future__ import annotations

import math
from typing import cast as typed

from tdsl.dtypes import DType, as_dtype
from tdsl.errors import DTypeError
from tdsl.expr import build
from tdsl.expr.arithmetic import apply
from tdsl.expr.elementwise import elementwise
from tdsl.expr.functions.definition import call
from tdsl.expr.handles import Expr, as_node, as_number, as_operand, expression, meet
from tdsl.expr.node import Node, UnaryOp
from tdsl.expr.operations import of_elements
from tdsl.expr.tensor import Tensor
from tdsl.location import here, hide_internal_frames


def _floats(name: str, *values: object) -> tuple[tuple[Node, ...], tuple[Expr, ...]]:
    """Operands in the one float dtype in which they meet. Errors: E207 no float; E203 they do not meet."""
    operands = [as_operand(value) for value in values]
    strong = tuple(operand for operand in operands if isinstance(operand, Expr) and not operand.weak)
    wrong = next((operand for operand in strong if not _computes(operand)), None)
    if wrong is not None or not strong:
        shown = values[0] if wrong is None else wrong
        what = (
            f"{shown} is {wrong.dtype}" if wrong is not None else "Python numbers have no dtype of their own"
        )
        raise DTypeError(
            "E207",
            f"td.{name} takes floats, not {shown}",
            where=here(),
            why=(what,),
            hint=(f'td.{name}(td.cast({shown}, "float32"))', f'td.{name}(td.cast({shown}, "float64"))'),
        )
    nodes, _ = meet(*operands)
    return nodes, strong


def _computes(operand: Expr) -> bool:
    return operand.dtype.is_float and operand.dtype.arithmetic


def _function(name: str, *values: object) -> Expr:
    nodes, operands = _floats(name, *values)
    return expression(call(name, *nodes), *operands)


@of_elements
def exp(value: object) -> Expr:
    """E to the power of a float. Errors: E207 no float."""
    return _function("exp", value)


@of_elements
def exp2(value: object) -> Expr:
    """2 to the power of a float; exact for whole numbers. Errors: E207 no float."""
    return _function("exp2", value)


@of_elements
def expm1(value: object) -> Expr:
    """E to the power of a float, less 1; accurate near 0. Errors: E207 no float."""
    return _function("expm1", value)


@of_elements
def log(value: object) -> Expr:
    """The natural logarithm of a float: -infinity of 0, NaN below. Errors: E207 no float."""
    return _function("log", value)


@of_elements
def log2(value: object) -> Expr:
    """The logarithm to base 2; exact for powers of 2. Errors: E207 no float."""
    return _function("log2", value)


@of_elements
def log10(value: object) -> Expr:
    """The logarithm to base 10. Errors: E207 no float."""
    return _function("log10", value)


@of_elements
def log1p(value: object) -> Expr:
    """The natural logarithm of 1 + a float; accurate near 0. Errors: E207 no float."""
    return _function("log1p", value)


@of_elements
def pow(base: object, exponent: object) -> Expr:  # noqa: A001
    """The power of a float, with C's cases: 1 for an exponent 0 or a base 1, whatever the other is.

    An integer base takes a literal exponent of 0 to 64, as `base ** exponent` does (D3).

    Errors: E203 they do not meet; E207 an integer base with another exponent.
    """
    literal = as_number(exponent)
    operand = as_operand(base)
    integers = isinstance(operand, Expr) and operand.dtype.is_integer
    # x * x is x^2 rounded once, so what pow would give.
    if integers or (isinstance(operand, Expr) and literal is not None and literal in (0, 1, 2)):
        return typed(Expr, apply("pow", operand, exponent))
    return _function("pow", base, exponent)


@of_elements
def tanh(value: object) -> Expr:
    """The hyperbolic tangent of a float. Errors: E207 no float."""
    return _function("tanh", value)


@of_elements
def sigmoid(value: object) -> Expr:
    """1 / (1 + exp(-x)) of a float, small values as accurate as large ones. Errors: E207 no float."""
    return _function("sigmoid", value)


@of_elements
def erf(value: object) -> Expr:
    """The error function of a float. Errors: E207 no float."""
    return _function("erf", value)


@of_elements
def sin(value: object) -> Expr:
    """The sine of an angle in radians, however large; NaN of infinities. Errors: E207 no float."""
    return _function("sin", value)


@of_elements
def cos(value: object) -> Expr:
    """The cosine of an angle in radians, however large; NaN of infinities. Errors: E207 no float."""
    return _function("cos", value)


@of_elements
def tan(value: object) -> Expr:
    """The tangent of an angle in radians, however large; NaN of infinities. Errors: E207 no float."""
    return _function("tan", value)


@of_elements
def rsqrt(value: object) -> Expr:
    """1 / sqrt(x) of a float, each step rounded (D6): infinite at 0, NaN below. Errors: E207 no float."""
    (node,), operands = _floats("rsqrt", value)
    root = build.unary("sqrt", node)
    return expression(build.div(build.constant(1.0, node.dtype), root), *operands)


@of_elements
def reciprocal(value: object) -> Expr:
    """1 / x of a float. Errors: E207 no float."""
    (node,), operands = _floats("reciprocal", value)
    return expression(build.div(build.constant(1.0, node.dtype), node), *operands)


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
    if not isinstance(operand, Expr) or operand.weak or not operand.dtype.is_integer:
        width = operand.dtype.bits if isinstance(operand, Expr) and operand.dtype.is_float else 32
        raise DTypeError(
            "E207",
            f"td.{name} takes integers of a dtype, not {operand}",
            where=here(),
            hint=(f'td.{name}(td.bitcast({operand}, "uint{width}")), the bits of a float',)
            if isinstance(operand, Expr) and operand.dtype.is_float
            else (f'td.{name}(td.cast({operand}, "uint32"))',),
        )
    return expression(build.unary(op, operand.node), operand)


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
