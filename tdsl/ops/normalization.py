"""Softmax and the norms of neural networks. A tensor in, a tensor of its shape and dtype out.

Arguments are PyTorch's (torch.nn.functional) with ONNX's `axis`.
"""

from __future__ import annotations

import numpy as np

import tdsl as td
from tdsl.ops.broadcasting import Extent, agree, check_floats, count_of, one_axis, without
from tdsl.ops.elements import applied
from tdsl.ops.operator import op
from tdsl.ops.row_classes import AXES

Array = np.ndarray


def _softmax_reference(x: Array, axis: int = -1) -> Array:
    terms = np.exp(x.astype(np.float64) - x.max(axis=axis, keepdims=True))
    return terms / terms.sum(axis=axis, keepdims=True)


def _shifted(what: str, x: td.Tensor, axis: int) -> tuple[int, td.Tensor]:
    """The axis and the greatest element along it."""
    check_floats(what, x)
    at = one_axis(what, axis, x.ndim)
    k = td.reduce_axis("k", x.shape[at])

    def value(*rest: td.Expr) -> td.Expr:
        return td.max(x[(*rest[:at], k, *rest[at:])], over=k)

    return at, td.compute(f"{what}_max", without(x.shape, at), value)


@op(reference=_softmax_reference, cpu=AXES)
def softmax(x: td.Tensor, axis: int = -1) -> td.Tensor:
    """exp(x - max) / sum(exp(x - max)) along an axis; an axis of -inf only gives NaN.

    Args:
        x: any shape but a scalar, floats.

    Source: PyTorch's `functional.softmax`, ONNX's Softmax.
    """
    at, top = _shifted("softmax", x, axis)
    k = td.reduce_axis("k", x.shape[at])

    def term(*place: td.Expr) -> td.Expr:
        return td.exp(x[place] - top[without(place, at)])

    terms = td.compute("softmax_terms", x.shape, term)

    def total(*rest: td.Expr) -> td.Expr:
        return 1.0 / td.sum(terms[(*rest[:at], k, *rest[at:])], over=k)

    shares = td.compute("softmax_share", without(x.shape, at), total)

    def value(*place: td.Expr) -> td.Expr:
        return terms[place] * shares[without(place, at)]

    return td.compute("softmax", x.shape, value)


@op(reference=lambda x, axis=-1: np.log(_softmax_reference(x, axis)), cpu=AXES)
def log_softmax(x: td.Tensor, axis: int = -1) -> td.Tensor:
    """X - max - log(sum(exp(x - max))) along an axis.

    Args:
        x: any shape but a scalar, floats.

    Source: PyTorch's `functional.log_softmax`, ONNX's LogSoftmax.
    """
    at, top = _shifted("log_softmax", x, axis)
    k = td.reduce_axis("k", x.shape[at])

    def total(*rest: td.Expr) -> td.Expr:
        return td.log(td.sum(td.exp(x[(*rest[:at], k, *rest[at:])] - top[rest]), over=k))

    sums = td.compute("log_softmax_sum", without(x.shape, at), total)

    def value(*place: td.Expr) -> td.Expr:
        rest = without(place, at)
        return x[place] - top[rest] - sums[rest]

    return td.compute("log_softmax", x.shape, value)


def _scaled(
    what: str, value: td.Expr, weight: td.Tensor | None, bias: td.Tensor | None, at: td.Expr | int
) -> td.Expr:
    scaled = value if weight is None else value * weight[at]
    return scaled if bias is None else scaled + bias[at]


def _check_affine(what: str, extent: Extent, *vectors: td.Tensor | None) -> None:
    for vector in vectors:
        if vector is not None:
            td.check(vector.ndim == 1, f"{what}: weight and bias are vectors", error=td.ShapeError)
            agree(what, vector.shape[0], extent, f"weight or bias has {vector.shape[0]} entries for {extent}")


def _layer_norm_reference(
    x: Array, weight: Array | None = None, bias: Array | None = None, axis: int = -1, eps: float = 1e-5
) -> Array:
    wide = x.astype(np.float64)
    found = (wide - wide.mean(axis, keepdims=True)) / np.sqrt(wide.var(axis, keepdims=True) + eps)
    shape = [1] * x.ndim
    shape[axis] = -1
    found = found if weight is None else found * weight.reshape(shape)
    return found if bias is None else found + bias.reshape(shape)


@op(reference=_layer_norm_reference, cpu=AXES)
def layer_norm(
    x: td.Tensor,
    weight: td.Tensor | None = None,
    bias: td.Tensor | None = None,
    axis: int = -1,
    eps: float = 1e-5,
) -> td.Tensor:
    """(x - mean) / sqrt(variance + eps) * weight + bias along an axis.

    Args:
        x: any shape but a scalar, floats. weight, bias: as long as the axis, or None.

    Source: Ba, Kiros and Hinton, Layer Normalization, 2016; PyTorch's `functional.layer_norm` over one axis.
    """
    check_floats("layer_norm", x)
    at = one_axis("layer_norm", axis, x.ndim)
    _check_affine("layer_norm", x.shape[at], weight, bias)
    k = td.reduce_axis("k", x.shape[at])
    number = count_of([x.shape[at]], x.dtype.name)

    def centre(*rest: td.Expr) -> td.Expr:
        return td.sum(x[(*rest[:at], k, *rest[at:])], over=k) / number

    mean = td.compute("layer_norm_mean", without(x.shape, at), centre)

    def spread(*rest: td.Expr) -> td.Expr:
        off = x[(*rest[:at], k, *rest[at:])] - mean[rest]
        return 1.0 / td.sqrt(td.sum(off * off, over=k) / number + eps)

    scale = td.compute("layer_norm_scale", without(x.shape, at), spread)

    def value(*place: td.Expr) -> td.Expr:
        rest = without(place, at)
        return _scaled("layer_norm", (x[place] - mean[rest]) * scale[rest], weight, bias, place[at])

    return td.compute("layer_norm", x.shape, value)


def _rms_reference(x: Array, weight: Array | None = None, axis: int = -1, eps: float = 1e-6) -> Array:
    wide = x.astype(np.float64)
    found = wide / np.sqrt((wide * wide).mean(axis, keepdims=True) + eps)
    shape = [1] * x.ndim
    shape[axis] = -1
    return found if weight is None else found * weight.reshape(shape)


@op(reference=_rms_reference, cpu=AXES)
def rms_norm(x: td.Tensor, weight: td.Tensor | None = None, axis: int = -1, eps: float = 1e-6) -> td.Tensor:
    """X / sqrt(mean(x * x) + eps) * weight along an axis.

    Args:
        x: any shape but a scalar, floats. weight: as long as the axis, or None.

    Source: Zhang and Sennrich, Root Mean Square Layer Normalization, 2019; PyTorch's `functional.rms_norm`.
    """
    check_floats("rms_norm", x)
    at = one_axis("rms_norm", axis, x.ndim)
    _check_affine("rms_norm", x.shape[at], weight)
    k = td.reduce_axis("k", x.shape[at])
    number = count_of([x.shape[at]], x.dtype.name)

    def spread(*rest: td.Expr) -> td.Expr:
        read = x[(*rest[:at], k, *rest[at:])]
        return 1.0 / td.sqrt(td.sum(read * read, over=k) / number + eps)

    scale = td.compute("rms_norm_scale", without(x.shape, at), spread)

    def value(*place: td.Expr) -> td.Expr:
        return _scaled("rms_norm", x[place] * scale[without(place, at)], weight, None, place[at])

    return td.compute("rms_norm", x.shape, value)


def _batch_norm_reference(
    x: Array,
    mean: Array,
    variance: Array,
    weight: Array | None = None,
    bias: Array | None = None,
    eps: float = 1e-5,
) -> Array:
    shape = [1, -1, *([1] * (x.ndim - 2))]
    found = (x.astype(np.float64) - mean.reshape(shape)) / np.sqrt(
        variance.astype(np.float64).reshape(shape) + eps
    )
    found = found if weight is None else found * weight.reshape(shape)
    return found if bias is None else found + bias.reshape(shape)


@op(reference=_batch_norm_reference, cpu=td.schedules.pointwise)
def batch_norm(
    x: td.Tensor, mean: td.Tensor, variance: td.Tensor, weight: td.Tensor | None = None,
    bias: td.Tensor | None = None, eps: float = 1e-5,
) -> td.Tensor:  # fmt: skip
    """(x - mean) / sqrt(variance + eps) * weight + bias with statistics by channel, as in inference.

    Args:
        x: (n, channels, ...), floats. mean, variance, weight, bias: (channels,).

    Source: Ioffe and Szegedy, Batch Normalization, 2015; ONNX's BatchNormalization.
    """
    check_floats("batch_norm", x)
    td.check(x.ndim >= 2, "batch_norm: x is (n, channels, ...)", error=td.ShapeError)
    _check_affine("batch_norm", x.shape[1], mean, variance, weight, bias)

    def value(*place: td.Expr) -> td.Expr:
        c = place[1]
        normal = (x[place] - mean[c]) * (1.0 / td.sqrt(variance[c] + eps))
        return _scaled("batch_norm", normal, weight, bias, c)

    return td.compute("batch_norm", x.shape, value)


def _group_norm_reference(
    x: Array, num_groups: int, weight: Array | None = None, bias: Array | None = None, eps: float = 1e-5
) -> Array:
    groups = x.astype(np.float64).reshape(x.shape[0], num_groups, -1)
    found = (groups - groups.mean(2, keepdims=True)) / np.sqrt(groups.var(2, keepdims=True) + eps)
    found = found.reshape(x.shape)
    shape = [1, -1, *([1] * (x.ndim - 2))]
    found = found if weight is None else found * weight.reshape(shape)
    return found if bias is None else found + bias.reshape(shape)


@op(reference=_group_norm_reference, specialize={"x": (1,)}, cpu=AXES)
def group_norm(
    x: td.Tensor,
    num_groups: int,
    weight: td.Tensor | None = None,
    bias: td.Tensor | None = None,
    eps: float = 1e-5,
) -> td.Tensor:
    """Channels in groups, each normalised over its channels and all places.

    Args:
        x: (n, channels, ...), floats; channels divide by num_groups. weight, bias: (channels,), or None.

    Errors: E130 channels that do not divide. Source: Wu and He, Group Normalization, 2018.
    """
    check_floats("group_norm", x)
    td.check(x.ndim >= 2, "group_norm: x is (n, channels, ...)", error=td.ShapeError)
    channels = x.shape[1]
    td.check(num_groups >= 1, f"group_norm: num_groups is at least 1, not {num_groups}")
    td.check(
        channels % num_groups == 0,
        f"group_norm: {channels} channels do not share {num_groups} groups",
        error=td.ShapeError,
    )
    _check_affine("group_norm", channels, weight, bias)
    share = channels // num_groups
    over = [td.reduce_axis(f"k{at}", extent) for at, extent in enumerate((share, *x.shape[2:]))]
    number = count_of([share, *x.shape[2:]], x.dtype.name)

    def centre(b: td.Expr, g: td.Expr) -> td.Expr:
        return td.sum(x[(b, g * share + over[0], *over[1:])], over=tuple(over)) / number

    mean = td.compute("group_norm_mean", (x.shape[0], num_groups), centre)

    def spread(b: td.Expr, g: td.Expr) -> td.Expr:
        off = x[(b, g * share + over[0], *over[1:])] - mean[b, g]
        return 1.0 / td.sqrt(td.sum(off * off, over=tuple(over)) / number + eps)

    scale = td.compute("group_norm_scale", (x.shape[0], num_groups), spread)

    def value(*place: td.Expr) -> td.Expr:
        b, g = place[0], place[1] // share
        return _scaled("group_norm", (x[place] - mean[b, g]) * scale[b, g], weight, bias, place[1])

    return td.compute("group_norm", x.shape, value)


def _instance_norm_reference(
    x: Array, weight: Array | None = None, bias: Array | None = None, eps: float = 1e-5
) -> Array:
    return _group_norm_reference(x, x.shape[1], weight, bias, eps)


@op(reference=_instance_norm_reference, specialize={"x": (1,)}, cpu=AXES)
def instance_norm(
    x: td.Tensor, weight: td.Tensor | None = None, bias: td.Tensor | None = None, eps: float = 1e-5
) -> td.Tensor:
    """Each channel normalised over all its places: group_norm with as many groups as channels.

    Args:
        x: (n, channels, ...), floats, a constant number of channels. weight, bias: (channels,), or None.

    Errors: E130. Source: Ulyanov et al., Instance Normalization, 2016; ONNX's InstanceNormalization.
    """
    td.check(x.ndim >= 2, "instance_norm: x is (n, channels, ...)", error=td.ShapeError)
    channels = x.shape[1]
    td.check(
        isinstance(channels, int), f"instance_norm: {channels} channels is no number", error=td.ShapeError
    )
    return applied(group_norm, x, channels, weight, bias, eps)


def _normalize_reference(x: Array, axis: int = -1, eps: float = 1e-12) -> Array:
    wide = x.astype(np.float64)
    return wide / np.maximum(np.sqrt((wide * wide).sum(axis, keepdims=True)), eps)


@op(reference=_normalize_reference, cpu=AXES)
def normalize(x: td.Tensor, axis: int = -1, eps: float = 1e-12) -> td.Tensor:
    """X by its Euclidean length along an axis, at least eps.

    Args:
        x: any shape but a scalar, floats.

    Source: PyTorch's `functional.normalize` with p = 2, ONNX's LpNormalization.
    """
    check_floats("normalize", x)
    at = one_axis("normalize", axis, x.ndim)
    k = td.reduce_axis("k", x.shape[at])

    def length(*rest: td.Expr) -> td.Expr:
        element = x[(*rest[:at], k, *rest[at:])]
        return td.maximum(td.sqrt(td.sum(element * element, over=k)), eps)

    lengths = td.compute("normalize_length", without(x.shape, at), length)

    def value(*place: td.Expr) -> td.Expr:
        return x[place] / lengths[without(place, at)]

    return td.compute("normalize", x.shape, value)


@op(reference=lambda x, axis=-1: _softmax_reference(-x, axis), cpu=AXES)
def softmin(x: td.Tensor, axis: int = -1) -> td.Tensor:
    """softmax(-x) along an axis. Args: as `softmax`. Source: PyTorch's `functional.softmin`."""
    check_floats("softmin", x)
    one_axis("softmin", axis, x.ndim)
    return applied(softmax, -x, axis)
