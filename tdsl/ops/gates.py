"""More activation functions and gated units. A tensor in, a tensor of its dtype out.

Formulas, names and defaults are PyTorch's (torch.nn.functional 2.x) and ONNX's.
"""

from __future__ import annotations

import math

import numpy as np

import tdsl as td
from tdsl.ops.activations import gelu, sigmoid, sigmoid_reference, silu
from tdsl.ops.broadcasting import agree_shapes, one_axis, pointwise
from tdsl.ops.elements import applied, unary
from tdsl.ops.operator import op

Array = np.ndarray
_erf = np.vectorize(math.erf, otypes=[float])
FLOATS = "any shape, floats"


def _relu6(x: td.Expr) -> object:
    return td.minimum(td.maximum(x, 0), 6)


def _hard_sigmoid(x: td.Expr) -> object:
    return td.minimum(td.maximum(x + 3.0, 0.0), 6.0) / 6.0


def _hard_swish(x: td.Expr) -> object:
    return x * td.minimum(td.maximum(x + 3.0, 0.0), 6.0) / 6.0


def _softsign(x: td.Expr) -> object:
    return x / (1.0 + td.abs(x))


def _tanh_shrink(x: td.Expr) -> object:
    return x - td.tanh(x)


def _log_sigmoid(x: td.Expr) -> object:
    return td.minimum(x, 0.0) - td.log1p(td.exp(-td.abs(x)))


def _mish(x: td.Expr) -> object:
    return x * td.tanh(td.maximum(x, 0.0) + td.log1p(td.exp(-td.abs(x))))


SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
"""The fixed point of mean 0 and variance 1: Klambauer et al., Self-Normalizing Neural Networks, 2017, equation 14."""


def _selu(x: td.Expr) -> object:
    return SELU_SCALE * td.where(x > 0.0, x, SELU_ALPHA * td.expm1(td.minimum(x, 0.0)))


def _selu_reference(x: Array) -> Array:
    return SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x.astype(np.float64), 0)))


def _quick_gelu(x: td.Expr) -> object:
    return x * td.sigmoid(1.702 * x)


relu6 = unary(
    "relu6", _relu6, lambda x: np.clip(x, 0, 6), "min(max(x, 0), 6)", source="PyTorch's `functional.relu6`"
)
hard_sigmoid = unary(
    "hard_sigmoid", _hard_sigmoid, lambda x: np.clip(x + 3, 0, 6) / 6, "min(max(x + 3, 0), 6) / 6", takes=FLOATS,
    source="PyTorch's `functional.hardsigmoid`; ONNX's HardSigmoid with alpha = 1/6",
)  # fmt: skip
hard_swish = unary(
    "hard_swish", _hard_swish, lambda x: x * np.clip(x + 3, 0, 6) / 6, "x * min(max(x + 3, 0), 6) / 6", takes=FLOATS,
    source="Howard et al., Searching for MobileNetV3, 2019; ONNX's HardSwish",
)  # fmt: skip
softsign = unary(
    "softsign", _softsign, lambda x: x / (1 + np.abs(x)), "x / (1 + |x|)", takes=FLOATS,
    source="PyTorch's and ONNX's Softsign",
)  # fmt: skip
tanh_shrink = unary(
    "tanh_shrink", _tanh_shrink, lambda x: x - np.tanh(x), "x - tanh(x)", takes=FLOATS,
    source="PyTorch's `functional.tanhshrink`",
)  # fmt: skip
log_sigmoid = unary(
    "log_sigmoid", _log_sigmoid, lambda x: -np.logaddexp(0, -x.astype(np.float64)), "log(sigmoid(x)), without overflow",
    takes=FLOATS, source="PyTorch's `functional.logsigmoid`",
)  # fmt: skip
mish = unary(
    "mish", _mish, lambda x: x * np.tanh(np.logaddexp(0, x.astype(np.float64))), "x * tanh(softplus(x))", takes=FLOATS,
    source="Misra, Mish, 2019; ONNX's Mish",
)  # fmt: skip
selu = unary(
    "selu", _selu, _selu_reference, "scale * (x where x > 0, else alpha * (exp(x) - 1))", takes=FLOATS,
    source="Klambauer et al., Self-Normalizing Neural Networks, 2017; ONNX's Selu",
)  # fmt: skip
quick_gelu = unary(
    "quick_gelu", _quick_gelu, lambda x: x * sigmoid_reference(1.702 * x), "x * sigmoid(1.702 x)", takes=FLOATS,
    source="Hendrycks and Gimpel, Gaussian Error Linear Units, 2016, section 2",
)  # fmt: skip


@op(
    reference=lambda x, min_val=-1.0, max_val=1.0: np.clip(x, min_val, max_val),
    cpu=td.schedules.pointwise,
    elementwise=True,
)
def hardtanh(x: td.Tensor, min_val: float = -1.0, max_val: float = 1.0) -> td.Tensor:
    """X held between two numbers. Args: x: any shape, floats. Source: PyTorch's `functional.hardtanh`."""
    td.check(min_val <= max_val, f"hardtanh: min_val {min_val} is above max_val {max_val}")

    def value(v: td.Expr) -> object:
        return td.minimum(td.maximum(v, min_val), max_val)

    return pointwise("hardtanh", value, x)


@op(
    reference=lambda x, lambd=0.5: np.where(np.abs(x) <= lambd, 0, x),
    cpu=td.schedules.pointwise,
    elementwise=True,
)
def hard_shrink(x: td.Tensor, lambd: float = 0.5) -> td.Tensor:
    """0 where |x| <= lambd, else x. Args: x: any shape, floats. Source: PyTorch's `functional.hardshrink`."""

    def value(v: td.Expr) -> object:
        return td.where(td.abs(v) <= lambd, 0.0, v)

    return pointwise("hard_shrink", value, x)


def _soft_shrink_reference(x: Array, lambd: float = 0.5) -> Array:
    return np.where(x > lambd, x - lambd, np.where(x < -lambd, x + lambd, np.where(np.isnan(x), x, 0)))


@op(reference=_soft_shrink_reference, cpu=td.schedules.pointwise, elementwise=True)
def soft_shrink(x: td.Tensor, lambd: float = 0.5) -> td.Tensor:
    """X moved by lambd toward 0, and 0 within it. Args: x: any shape, floats. Source: PyTorch's `functional.softshrink`."""
    td.check(lambd >= 0, f"soft_shrink: lambd is not negative, not {lambd}")

    def value(v: td.Expr) -> object:
        inside = td.where(td.isnan(v), v, 0.0)
        return td.where(v > lambd, v - lambd, td.where(v < -lambd, v + lambd, inside))

    return pointwise("soft_shrink", value, x)


@op(
    reference=lambda x, alpha=1.0: (
        np.maximum(x, 0) + np.minimum(0, alpha * np.expm1(np.minimum(x, 0) / alpha))
    ),
    cpu=td.schedules.pointwise,
    elementwise=True,
)
def celu(x: td.Tensor, alpha: float = 1.0) -> td.Tensor:
    """max(x, 0) + min(0, alpha * (exp(x / alpha) - 1)).

    Args:
        x: any shape, floats. alpha: not 0.

    Source: Barron, Continuously Differentiable Exponential Linear Units, 2017; ONNX's Celu.
    """
    td.check(alpha != 0, "celu: alpha is not 0")

    def value(v: td.Expr) -> object:
        return td.maximum(v, 0.0) + td.minimum(alpha * td.expm1(td.minimum(v, 0.0) / alpha), 0.0)

    return pointwise("celu", value, x)


@op(
    reference=lambda x, threshold, value: np.where(np.isnan(x) | (x > threshold), x, value),
    cpu=td.schedules.pointwise,
    elementwise=True,
)
def threshold(x: td.Tensor, threshold: float, value: float) -> td.Tensor:
    """X where it is above `threshold`, else `value`; NaN stays NaN.

    Args:
        x: any shape, floats.

    Source: PyTorch's `functional.threshold`; ONNX's ThresholdedRelu is its case value=0.
    """

    def kept(v: td.Expr) -> object:
        return td.where(td.any(v > threshold, td.isnan(v)), v, value)

    return pointwise("threshold", kept, x)


@op(reference=lambda x, slope: np.where(x >= 0, x, x * slope), cpu=td.schedules.pointwise)
def prelu(x: td.Tensor, slope: td.Tensor) -> td.Tensor:
    """X where it is not negative, else slope * x.

    Args:
        x: any shape, floats. slope: a tensor whose shape broadcasts with x's.

    Source: He et al., Delving Deep into Rectifiers, 2015; ONNX's PRelu.
    """

    def value(v: td.Expr, s: td.Expr) -> object:
        return td.where(v >= 0.0, v, v * s)

    return pointwise("prelu", value, x, slope)


def _halves(what: str, x: td.Tensor, axis: int) -> tuple[td.Tensor, td.Tensor]:
    at = one_axis(what, axis, x.ndim)
    extent = x.shape[at]
    td.check(
        extent % 2 == 0, f"{what}: axis {axis} has {extent} elements, no even number", error=td.ShapeError
    )
    half = extent // 2

    def part(start: td.Expr | int, name: str) -> td.Tensor:
        def value(*place: td.Expr) -> td.Expr:
            return x[(*place[:at], place[at] + start, *place[at + 1 :])]

        return td.compute(f"{what}_{name}", (*x.shape[:at], half, *x.shape[at + 1 :]), value)

    return part(0, "value"), part(half, "gate")


def _glu_reference(x: Array, axis: int = -1) -> Array:
    value, gate = np.split(x, 2, axis)
    return value * sigmoid_reference(gate)


@op(reference=_glu_reference, cpu=td.schedules.pointwise)
def glu(x: td.Tensor, axis: int = -1) -> td.Tensor:
    """The first half of x along an axis times the sigmoid of the second.

    Args:
        x: floats, an even extent along the axis.

    Source: Dauphin et al., Gated Convolutional Networks, 2016; PyTorch's `functional.glu`.
    """
    value, gate = _halves("glu", x, axis)
    return value * applied(sigmoid, gate)


def _swiglu_reference(x: Array, gate: Array) -> Array:
    return gate * sigmoid_reference(gate) * x


@op(reference=_swiglu_reference, cpu=td.schedules.pointwise)
def swiglu(x: td.Tensor, gate: td.Tensor) -> td.Tensor:
    """X * silu(gate).

    Args:
        x, gate: floats of one shape.

    Source: Shazeer, GLU Variants Improve Transformer, 2020.
    """
    agree_shapes("swiglu", x.shape, gate.shape, f"shapes {x.shape} and {gate.shape} differ")
    return x * applied(silu, gate)


def _geglu_reference(x: Array, gate: Array) -> Array:
    wide = gate.astype(np.float64)
    return x * wide / 2 * (1 + _erf(wide / math.sqrt(2)))


@op(reference=_geglu_reference, cpu=td.schedules.pointwise)
def geglu(x: td.Tensor, gate: td.Tensor) -> td.Tensor:
    """X * gelu(gate). Args: x, gate: floats of one shape. Source: as `swiglu`."""
    agree_shapes("geglu", x.shape, gate.shape, f"shapes {x.shape} and {gate.shape} differ")
    return x * applied(gelu, gate)


__all__ = [
    "celu", "geglu", "glu", "hard_shrink", "hard_sigmoid", "hard_swish", "hardtanh", "log_sigmoid", "mish", "prelu",
    "quick_gelu", "relu6", "selu", "soft_shrink", "softsign", "swiglu", "tanh_shrink", "threshold",
]  # fmt: skip
