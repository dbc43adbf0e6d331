"""What NumPy's functions do with expressions: operators build, as if NumPy were not there; others name td's function.

In: the ufunc that NumPy was about to run and its operands, one of them ours. Out: a handle, or an error on the user's
line: `np.exp(x[i])` would compute numbers now, and there are none before a kernel runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tdsl.errors import ArgumentTypeError
from tdsl.location import here

OPERATORS: dict[str, str] = {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "div", "floor_divide": "floordiv", "remainder": "mod",
    "power": "pow", "left_shift": "shl", "right_shift": "shr", "bitwise_and": "and", "bitwise_or": "or",
    "bitwise_xor": "xor", "less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge", "equal": "eq",
    "not_equal": "ne", "negative": "neg", "invert": "not", "absolute": "abs",
}  # fmt: skip
"""NumPy's name of what an operator between a NumPy number and an expression asks for."""

_RENAMED = {
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2", "arcsinh": "asinh", "arccosh": "acosh",
    "arctanh": "atanh", "rint": "round", "fmax": "maximum", "fmin": "minimum", "fabs": "abs", "float_power": "pow",
    "bitwise_count": "popcount", "round_": "round", "logical_and": "all", "logical_or": "any", "clip": "clamp",
    "amax": "max", "amin": "min",
}  # fmt: skip

_REDUCTIONS = {
    "add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min", "logical_and": "all", "logical_or": "any",
}  # fmt: skip


_OVER = frozenset({"sum", "prod", "max", "min", "all", "any", "mean", "argmax", "argmin"})
"""Ours reduce over named axes."""


class Named(Protocol):
    """A function of NumPy's, as far as its name goes."""

    __name__: str


def refused(name: str, shown: str, operands: Sequence[object], reduces: bool = False) -> ArgumentTypeError:
    """The error of a NumPy function of this name called with an expression or a tensor, `shown`."""
    ours = (_REDUCTIONS if reduces else _RENAMED).get(name, name)
    if ours in _OVER:
        hint = f"td.{ours}({shown}[…, k], over=k)" if reduces else f"td.{ours}(…, over=k), k a td.reduce_axis"
    else:
        hint = f"td.{ours}({', '.join(map(str, operands)) if operands else '…'})"
    return ArgumentTypeError(
        "E113",
        f"np.{ours if reduces else name} takes arrays of numbers, not {shown}",
        where=here(),
        why=(f"{shown} has no values before a kernel runs",),
        hint=(hint,)
        if _known(ours)
        else ("A @ B, or td.ops",)
        if ours in ("dot", "matmul", "einsum")
        else (),
    )


def _known(name: str) -> bool:
    """Whether a public function of ours has the name."""
    from tdsl.expr import operations, reductions
    from tdsl.expr.functions import calls, simple

    found = (vars(module).get(name) for module in (operations, reductions, calls, simple))
    return any(callable(function) and not isinstance(function, type) for function in found)
