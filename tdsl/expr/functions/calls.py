"""The public functions of floats that have an expansion: td.exp, td.log, td.sin and so on.

In: expressions, or whole tensors (which broadcast and make an unnamed stage). Out: an `Expr` with a `Call`. Integers
are refused with the cast to write: choosing the float is the user's. Accuracy in units of the last place (ulp):
float32 is at most 1 but for tan (2.51), as the files of this folder say in figures; float16 and bfloat16 are
computed in float32 and rounded (D7).
"""

from __future__ import annotations

from typing import cast as typed

from tdsl.errors import DTypeError
from tdsl.expr.arithmetic import apply
from tdsl.expr.functions.definition import call
from tdsl.expr.handles import Expr, adopts, as_number, as_operand, expression, meet
from tdsl.expr.node import Node
from tdsl.expr.operations import of_elements
from tdsl.location import here


def floats(name: str, *values: object) -> tuple[tuple[Node, ...], tuple[Expr, ...]]:
    """Operands in the one float dtype in which they meet, and those that are expressions.

    Errors: E207 no float; E203 they do not meet.
    """
    operands = [as_operand(value) for value in values]
    strong = tuple(
        operand for operand in operands if isinstance(operand, Expr) and (not operand.weak or adopts(operand))
    )
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


def undecided(operands: tuple[Expr, ...]) -> bool:
    """Whether all of them wait for the dtype that a recurrence adopts, and so does what is made of them (E8)."""
    return all(operand.weak for operand in operands)


def _computes(operand: Expr) -> bool:
    return operand.dtype.is_float and operand.dtype.arithmetic


def _function(name: str, *values: object) -> Expr:
    nodes, operands = floats(name, *values)
    return expression(call(name, *nodes), *operands, weak=undecided(operands))


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
def sinh(value: object) -> Expr:
    """The hyperbolic sine of a float. Errors: E207 no float."""
    return _function("sinh", value)


@of_elements
def cosh(value: object) -> Expr:
    """The hyperbolic cosine of a float. Errors: E207 no float."""
    return _function("cosh", value)


@of_elements
def asinh(value: object) -> Expr:
    """The inverse hyperbolic sine of a float. Errors: E207 no float."""
    return _function("asinh", value)


@of_elements
def acosh(value: object) -> Expr:
    """The inverse hyperbolic cosine of a float, 0 or more; NaN below 1. Errors: E207 no float."""
    return _function("acosh", value)


@of_elements
def atanh(value: object) -> Expr:
    """The inverse hyperbolic tangent of a float: infinite at -1 and 1, NaN beyond. Errors: E207 no float."""
    return _function("atanh", value)


@of_elements
def asin(value: object) -> Expr:
    """The inverse sine of a float, in radians from -pi/2 to pi/2; NaN beyond -1 and 1. Errors: E207 no float."""
    return _function("asin", value)


@of_elements
def acos(value: object) -> Expr:
    """The inverse cosine of a float, in radians from 0 to pi; NaN beyond -1 and 1. Errors: E207 no float."""
    return _function("acos", value)


@of_elements
def atan(value: object) -> Expr:
    """The inverse tangent of a float, in radians from -pi/2 to pi/2. Errors: E207 no float."""
    return _function("atan", value)


@of_elements
def cbrt(value: object) -> Expr:
    """The cube root of a float, of negative numbers too. Errors: E207 no float."""
    return _function("cbrt", value)


@of_elements
def atan2(y: object, x: object) -> Expr:
    """The angle of the point (x, y) in radians, from -pi to pi, with C's cases of zeros and infinities.

    Errors: E203 they do not meet; E207 no float.
    """
    return _function("atan2", y, x)


@of_elements
def hypot(x: object, y: object) -> Expr:
    """sqrt(x^2 + y^2) of floats, without overflow on the way; infinite if either is.

    Errors: E203 they do not meet; E207 no float.
    """
    return _function("hypot", x, y)
