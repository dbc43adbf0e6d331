"""Activation functions, element by element. A tensor in, a tensor of its shape and dtype out.

Formulas, names and defaults are PyTorch's (torch.nn.functional 2.x) and ONNX's.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

import tdsl as td
from tdsl.ops.broadcasting import NARROW, pointwise
from tdsl.ops.operator import op

_erf = np.vectorize(math.erf, otypes=[float])
Array = np.ndarray


def sigmoid_reference(x: Array) -> Array:
    """1 / (1 + exp(-x)) in float64, without overflow."""
    wide = x.astype(np.float64)
    return np.where(
        wide >= 0, 1 / (1 + np.exp(-np.abs(wide))), np.exp(-np.abs(wide)) / (1 + np.exp(-np.abs(wide)))
    )


@op(reference=lambda x: np.maximum(x, 0), cpu=td.schedules.pointwise, elementwise=True)
def relu(x: td.Tensor) -> td.Tensor:
    """max(x, 0); NaN stays NaN.

    Args:
        x: any shape and numeric dtype.

    Source: ONNX's Relu, PyTorch's `functional.relu`.
    """

    def value(v: td.Expr) -> object:
        return td.maximum(v, 0)

    return pointwise("relu", value, x)


@op(
    reference=lambda x, negative_slope=0.01: np.where(x >= 0, x, x * negative_slope),
    cpu=td.schedules.pointwise,
)
def leaky_relu(x: td.Tensor, negative_slope: float = 0.01) -> td.Tensor:
    """X where it is not negative, else negative_slope * x.

    Args:
        x: any shape, floats.

    Source: PyTorch's `functional.leaky_relu`.
    """

    def value(v: td.Expr) -> object:
        return td.where(v >= 0.0, v, v * negative_slope)

    return pointwise("leaky_relu", value, x)


@op(
    reference=lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    cpu=td.schedules.pointwise,
)
def elu(x: td.Tensor, alpha: float = 1.0) -> td.Tensor:
    """X where it is positive, else alpha * (exp(x) - 1).

    Args:
        x: any shape, floats.

    Source: Clevert et al., Exponential Linear Units, 2015; PyTorch's `functional.elu`.
    """

    def value(v: td.Expr) -> object:
        return td.where(v > 0.0, v, alpha * td.expm1(td.minimum(v, 0.0)))

    return pointwise("elu", value, x)


def _gelu_reference(x: Array, approximate: str = "none") -> Array:
    wide = x.astype(np.float64)
    if approximate == "tanh":
        return wide / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (wide + 0.044715 * wide**3)))
    return wide / 2 * (1 + _erf(wide / math.sqrt(2)))


@op(reference=_gelu_reference, cpu=td.schedules.pointwise, elementwise=True)
def gelu(x: td.Tensor, approximate: str = "none") -> td.Tensor:
    """X * Phi(x), Phi the normal distribution's; with approximate="tanh" its usual approximation.

    Args:
        x: any shape, floats.

    Source: Hendrycks and Gimpel, Gaussian Error Linear Units, 2016.
    """
    td.check(approximate in ("none", "tanh"), f'gelu: approximate is "none" or "tanh", not {approximate!r}')

    def exact(v: td.Expr) -> object:
        return v * 0.5 * (1.0 + td.erf(v * math.sqrt(0.5)))

    def near(v: td.Expr) -> object:
        return v * 0.5 * (1.0 + td.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * (v * v * v))))

    return pointwise("gelu", near if approximate == "tanh" else exact, x)


@op(reference=lambda x: x * sigmoid_reference(x), cpu=td.schedules.pointwise, elementwise=True)
def silu(x: td.Tensor) -> td.Tensor:
    """X * sigmoid(x), also called swish: `td.sigmoid` and one rounding more, less than 2 ulp; below -87 sigmoid(x) is subnormal.

    Args:
        x: any shape, floats.

    Source: Ramachandran et al., Searching for Activation Functions, 2017; PyTorch's `functional.silu`.
    """

    def value(v: td.Expr) -> td.Expr:
        return v * td.sigmoid(v)

    return pointwise("silu", _in_float32(value, x), x)


@op(reference=sigmoid_reference, cpu=td.schedules.pointwise, elementwise=True)
def sigmoid(x: td.Tensor) -> td.Tensor:
    """1 / (1 + exp(-x)), less than 1 ulp off: `td.sigmoid`.

    Args:
        x: any shape, floats.

    Source: PyTorch's and ONNX's Sigmoid.
    """
    return pointwise("sigmoid", td.sigmoid, x)


def _in_float32(value: Callable[[td.Expr], td.Expr], x: td.Tensor) -> Callable[[td.Expr], object]:
    """A function of floats that computes with halves in float32 and rounds once."""
    if x.dtype.name not in NARROW:
        return value
    return lambda v: td.cast(value(td.cast(v, "float32")), x.dtype)


@op(reference=lambda x: np.logaddexp(0, x.astype(np.float64)), cpu=td.schedules.pointwise, elementwise=True)
def softplus(x: td.Tensor) -> td.Tensor:
    """log(1 + exp(x)), without overflow.

    Args:
        x: any shape, floats.

    Source: PyTorch's `functional.softplus` without a threshold.
    """

    def value(v: td.Expr) -> object:
        return td.maximum(v, 0.0) + td.log1p(td.exp(-td.abs(v)))

    return pointwise("softplus", value, x)
