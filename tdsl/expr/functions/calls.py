"""The public functions of floats: td.exp, td.log, td.sin and so on, and those of bits: popcount, clz, ctz, bitcast.

In: expressions, or whole tensors (which broadcast and make an unnamed stage). Out: an `Expr` with a `Call`, or of a few
nodes where that is all there is to it. Integers are refused with the cast to write: choosing the float is the user's.
Accuracy in units of the last place (ulp): float32 is at most 1 for the functions of one argument, the files of this
folder and docs/functions.md have the measured figures; float16 and bfloat16 are computed in float32 and rounded (D7).
"""

from __future__ import annotations

import math

from tdsl.dtypes import DType, as_dtype
from tdsl.errors import DTypeError
from tdsl.expr import build
from tdsl.expr.functions.definition import call
from tdsl.expr.handles import Expr, as_operand, expression, meet
from tdsl.expr.node import Node, UnaryOp
from tdsl.expr.operations import of_elements
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
    """e to the power of a float. float32: 1 ulp. Errors: E207 no float."""
    return _function("exp", value)
