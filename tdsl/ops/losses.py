"""Losses: how far a prediction is from its target. Tensors in; a scalar out, or with reduction="none" one value an element.

Formulas, names and defaults are PyTorch's (torch.nn.functional 2.x). `reduction` is "mean", "sum" or "none".
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import tdsl as td
from tdsl.ops.broadcasting import (
    agree_shapes,
    check_floats,
    count_of,
    is_integer,
    one_axis,
    pointwise,
    without,
)
from tdsl.ops.elements import applied
from tdsl.ops.normalization import log_softmax
from tdsl.ops.operator import Op, op
from tdsl.ops.row_classes import AXES

Array = np.ndarray
Function = Callable[..., object]
REDUCTIONS = ("mean", "sum", "none")


def _reduced(what: str, terms: td.Tensor, reduction: str) -> td.Tensor:
    """The sum or mean of all elements, or the tensor itself."""
    td.check(
        reduction in REDUCTIONS, f"{what}: reduction is one of {', '.join(REDUCTIONS)}, not {reduction!r}"
    )
    if reduction == "none":
        return terms
    over = tuple(td.reduce_axis(f"k{at}", extent) for at, extent in enumerate(terms.shape))

    def total() -> td.Expr:
        found = td.sum(terms[over], over=over) if over else terms[()]
        return found / count_of(terms.shape, terms.dtype.name) if reduction == "mean" else found

    return td.compute(what, (), total)


def _reduced_reference(terms: Array, reduction: str) -> Array:
    with np.errstate(all="ignore"):
        return terms if reduction == "none" else terms.mean() if reduction == "mean" else terms.sum()


def _loss(
    name: str, term: Function, reference: Function, formula: str, takes: str = "x, target: floats"
) -> Op:
    """A loss whose terms are a function of prediction and target."""

    def body(x: td.Tensor, target: td.Tensor, reduction: str = "mean") -> td.Tensor:
        check_floats(name, x)
        return _reduced(name, pointwise(f"{name}_terms", term, x, target), reduction)

    def compared(x: Array, target: Array, reduction: str = "mean") -> object:
        with np.errstate(all="ignore"):
            return _reduced_reference(np.asarray(reference(x.astype(np.float64), target)), reduction)

    body.__name__ = body.__qualname__ = name
    body.__module__ = "tdsl.ops"
    body.__doc__ = (
        f"{formula}, its mean or sum over all elements.\n\nArgs:\n    {takes}; shapes that broadcast.\n"
        f'    reduction: "mean", "sum" or "none".\n\nErrors: E130.\n\nSource: PyTorch\'s `functional.{name}`.'
    )
    return Op(body, reference=compared, cpu=AXES)


def _squared(x: td.Expr, y: td.Expr) -> object:
    return (x - y) * (x - y)


def _absolute(x: td.Expr, y: td.Expr) -> object:
    return td.abs(x - y)


def _cross(x: td.Expr, y: td.Expr) -> object:
    return -(y * td.maximum(td.log(x), -100.0) + (1.0 - y) * td.maximum(td.log1p(-x), -100.0))


def _cross_reference(x: Array, y: Array) -> Array:
    return -(y * np.maximum(np.log(x), -100) + (1 - y) * np.maximum(np.log1p(-x), -100))


def _cross_logits(x: td.Expr, y: td.Expr) -> object:
    return td.maximum(x, 0.0) - x * y + td.log1p(td.exp(-td.abs(x)))


def _soft_margin(x: td.Expr, y: td.Expr) -> object:
    return td.maximum(-x * y, 0.0) + td.log1p(td.exp(-td.abs(x * y)))


def _divergence(x: td.Expr, y: td.Expr) -> object:
    return td.where(y > 0.0, y * (td.log(td.where(y > 0.0, y, 1.0)) - x), 0.0)


def _divergence_reference(x: Array, y: Array) -> Array:
    return np.where(y > 0, y * (np.log(np.where(y > 0, y, 1)) - x), 0)


def _poisson(x: td.Expr, y: td.Expr) -> object:
    return td.exp(x) - y * x


mse_loss = _loss("mse_loss", _squared, lambda x, y: (x - y) ** 2, "(x - target)^2")
l1_loss = _loss("l1_loss", _absolute, lambda x, y: np.abs(x - y), "|x - target|")
binary_cross_entropy = _loss(
    "binary_cross_entropy", _cross, _cross_reference,
    "-(target * log(x) + (1 - target) * log(1 - x)), logarithms held above -100",
    "x: probabilities in [0, 1]. target: floats",
)  # fmt: skip
binary_cross_entropy_with_logits = _loss(
    "binary_cross_entropy_with_logits", _cross_logits, lambda x, y: np.logaddexp(0, x) - x * y,
    "binary_cross_entropy of sigmoid(x), without overflow",
)  # fmt: skip
soft_margin_loss = _loss(
    "soft_margin_loss", _soft_margin, lambda x, y: np.logaddexp(0, -x * y), "log(1 + exp(-target * x))",
    "x: floats. target: 1 or -1",
)  # fmt: skip
kl_div = _loss(
    "kl_div", _divergence, _divergence_reference, "target * (log(target) - x), 0 where target is 0",
    "x: logarithms of probabilities. target: probabilities",
)  # fmt: skip
poisson_nll_loss = _loss(
    "poisson_nll_loss", _poisson, lambda x, y: np.exp(x) - y * x, "exp(x) - target * x",
    "x: logarithms of rates. target: counts as floats",
)  # fmt: skip


def _huber_reference(x: Array, target: Array, delta: float = 1.0, reduction: str = "mean") -> Array:
    off = np.abs(x.astype(np.float64) - target)
    terms = np.where(off <= delta, off**2 / 2, delta * (off - delta / 2))
    return _reduced_reference(terms, reduction)


@op(reference=_huber_reference, cpu=AXES)
def huber_loss(x: td.Tensor, target: td.Tensor, delta: float = 1.0, reduction: str = "mean") -> td.Tensor:
    """d^2 / 2 where d = |x - target| is at most delta, else delta * (d - delta / 2).

    Args:
        x, target: floats, shapes that broadcast. delta: positive. reduction: as `mse_loss`.

    Errors: E130. Source: Huber, Robust Estimation of a Location Parameter, 1964; PyTorch's `functional.huber_loss`.
    """
    td.check(delta > 0, f"huber_loss: delta is positive, not {delta}")

    def term(a: td.Expr, b: td.Expr) -> object:
        off = td.abs(a - b)
        return td.where(off <= delta, off * off * 0.5, delta * (off - 0.5 * delta))

    return _reduced("huber_loss", pointwise("huber_loss_terms", term, x, target), reduction)


def _smooth_reference(x: Array, target: Array, beta: float = 1.0, reduction: str = "mean") -> Array:
    off = np.abs(x.astype(np.float64) - target)
    return _reduced_reference(np.where(off < beta, off**2 / 2 / beta, off - beta / 2), reduction)


@op(reference=_smooth_reference, cpu=AXES)
def smooth_l1_loss(x: td.Tensor, target: td.Tensor, beta: float = 1.0, reduction: str = "mean") -> td.Tensor:
    """d^2 / (2 beta) where d = |x - target| is below beta, else d - beta / 2.

    Args:
        x, target: floats, shapes that broadcast. beta: positive. reduction: as `mse_loss`.

    Errors: E130. Source: Girshick, Fast R-CNN, 2015; PyTorch's `functional.smooth_l1_loss`.
    """
    td.check(beta > 0, f"smooth_l1_loss: beta is positive, not {beta}; l1_loss is beta = 0")

    def term(a: td.Expr, b: td.Expr) -> object:
        off = td.abs(a - b)
        return td.where(off < beta, off * off * 0.5 / beta, off - 0.5 * beta)

    return _reduced("smooth_l1_loss", pointwise("smooth_l1_loss_terms", term, x, target), reduction)


def _hinge_reference(x: Array, target: Array, margin: float = 1.0, reduction: str = "mean") -> Array:
    return _reduced_reference(
        np.where(target == 1, x, np.maximum(0, margin - x.astype(np.float64))), reduction
    )


@op(reference=_hinge_reference, cpu=AXES)
def hinge_embedding_loss(
    x: td.Tensor, target: td.Tensor, margin: float = 1.0, reduction: str = "mean"
) -> td.Tensor:
    """X where target is 1, else max(0, margin - x).

    Args:
        x: distances, floats. target: 1 or -1, of x's dtype. reduction: as `mse_loss`.

    Source: PyTorch's `functional.hinge_embedding_loss`.
    """

    def term(a: td.Expr, b: td.Expr) -> object:
        return td.where(b == 1.0, a, td.maximum(margin - a, 0.0))

    return _reduced(
        "hinge_embedding_loss", pointwise("hinge_embedding_loss_terms", term, x, target), reduction
    )


def _ranking_reference(
    x: Array, y: Array, target: Array, margin: float = 0.0, reduction: str = "mean"
) -> Array:
    return _reduced_reference(np.maximum(0, -target * (x.astype(np.float64) - y) + margin), reduction)


@op(reference=_ranking_reference, cpu=AXES)
def margin_ranking_loss(
    x: td.Tensor, y: td.Tensor, target: td.Tensor, margin: float = 0.0, reduction: str = "mean"
) -> td.Tensor:
    """max(0, -target * (x - y) + margin).

    Args:
        x, y: floats. target: 1 where x is to rank above y, else -1, of their dtype. reduction: as `mse_loss`.

    Source: PyTorch's `functional.margin_ranking_loss`.
    """

    def term(a: td.Expr, b: td.Expr, t: td.Expr) -> object:
        return td.maximum(-t * (a - b) + margin, 0.0)

    return _reduced(
        "margin_ranking_loss", pointwise("margin_ranking_loss_terms", term, x, y, target), reduction
    )


def _gaussian_reference(
    x: Array, target: Array, var: Array, eps: float = 1e-6, reduction: str = "mean"
) -> Array:
    wide = np.maximum(var.astype(np.float64), eps)
    return _reduced_reference((np.log(wide) + (x - target) ** 2 / wide) / 2, reduction)


@op(reference=_gaussian_reference, cpu=AXES)
def gaussian_nll_loss(
    x: td.Tensor, target: td.Tensor, var: td.Tensor, eps: float = 1e-6, reduction: str = "mean"
) -> td.Tensor:
    """(log(v) + (x - target)^2 / v) / 2 with v = max(var, eps).

    Args:
        x, target, var: floats, shapes that broadcast. reduction: as `mse_loss`.

    Source: PyTorch's `functional.gaussian_nll_loss` with full=False.
    """

    def term(a: td.Expr, b: td.Expr, v: td.Expr) -> object:
        held = td.maximum(v, eps)
        return 0.5 * (td.log(held) + (a - b) * (a - b) / held)

    return _reduced(
        "gaussian_nll_loss", pointwise("gaussian_nll_loss_terms", term, x, target, var), reduction
    )


# ---------------------------------------------------------------- classes


def _classes_range(**given: object) -> tuple[object, object]:
    x = given["x"]
    assert isinstance(x, td.Tensor)
    return (0, x.shape[1 if x.ndim > 1 else 0] if x.ndim else 0)  # of a scalar the operator says it itself


def _nll_reference(x: Array, target: Array, reduction: str = "mean") -> Array:
    axis = 1 if x.ndim > 1 else 0
    picked = np.take_along_axis(x.astype(np.float64), np.expand_dims(target, axis), axis)
    return _reduced_reference(-np.squeeze(picked, axis), reduction)


@op(reference=_nll_reference, ranges={"target": _classes_range}, cpu=AXES)
def nll_loss(x: td.Tensor, target: td.Tensor, reduction: str = "mean") -> td.Tensor:
    """Minus the element of x that the target names.

    Args:
        x: (n, classes, ...), or (classes,): logarithms of probabilities. target: (n, ...), or (): integers in
            0 … classes - 1. reduction: as `mse_loss`.

    Errors: E130 shapes that do not fit; C112 a class out of range. Source: PyTorch's `functional.nll_loss`.
    """
    check_floats("nll_loss", x)
    return _reduced("nll_loss", _picked("nll_loss", x, target), reduction)


def _picked(what: str, x: td.Tensor, target: td.Tensor) -> td.Tensor:
    td.check(
        is_integer(target), f"{what}: classes are integers, not {target.dtype.name}", error=td.DTypeError
    )
    td.check(x.ndim > 0, f"{what}: x has no classes", error=td.ShapeError)
    axis = one_axis(what, 1 if x.ndim > 1 else 0, x.ndim)
    shape = without(x.shape, axis)
    agree_shapes(what, shape, target.shape, f"x is {x.shape}, target {target.shape}")
    classes = x.shape[axis]
    td.check(classes >= 1, f"{what}: x has no classes", error=td.ShapeError)

    def value(*at: td.Expr) -> td.Expr:
        picked = td.clamp(td.cast(target[at], "int64"), 0, classes - 1)
        place = (*at[:axis], picked, *at[axis:])
        return -x[place]

    return td.compute(f"{what}_terms", shape, value)


def _cross_entropy_reference(x: Array, target: Array, reduction: str = "mean") -> Array:
    axis = 1 if x.ndim > 1 else 0
    wide = x.astype(np.float64)
    return _nll_reference(wide - np.logaddexp.reduce(wide, axis, keepdims=True), target, reduction)


@op(reference=_cross_entropy_reference, ranges={"target": _classes_range}, cpu=AXES)
def cross_entropy(x: td.Tensor, target: td.Tensor, reduction: str = "mean") -> td.Tensor:
    """nll_loss of log_softmax(x) over the classes.

    Args:
        x: (n, classes, ...), or (classes,): floats of any size. target, reduction: as `nll_loss`.

    Errors: as `nll_loss`. Source: PyTorch's `functional.cross_entropy` with class indices.
    """
    check_floats("cross_entropy", x)
    td.check(x.ndim > 0, "cross_entropy: x has no classes", error=td.ShapeError)
    logarithms = applied(log_softmax, x, axis=1 if x.ndim > 1 else 0)
    return _reduced("cross_entropy", _picked("cross_entropy", logarithms, target), reduction)
