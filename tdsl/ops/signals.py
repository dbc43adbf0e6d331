"""Convolution and pooling over one axis, transposed convolution, pooling to a grid. Tensors in, a tensor out.

Arguments are PyTorch's. One spatial axis is an image of height 1: the operators of windows.py do the work.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import tdsl as td
from tdsl.ops.broadcasting import agree, check_floats, count_of
from tdsl.ops.elements import applied
from tdsl.ops.operator import Op, op
from tdsl.ops.windows import Pair, avg_pool2d, conv2d, max_pool2d, pair

Array = np.ndarray


def _as_image(x: td.Tensor) -> td.Tensor:
    """(n, channels, length) as (n, channels, 1, length)."""

    def value(b: td.Expr, c: td.Expr, y: td.Expr, z: td.Expr) -> td.Expr:
        return x[b, c, z]

    return td.compute("image", (x.shape[0], x.shape[1], 1, x.shape[2]), value)


def _as_signal(name: str, x: td.Tensor) -> td.Tensor:
    def value(b: td.Expr, c: td.Expr, z: td.Expr) -> td.Expr:
        return x[b, c, 0, z]

    return td.compute(name, (x.shape[0], x.shape[1], x.shape[3]), value)


def _check_signal(what: str, x: td.Tensor) -> None:
    td.check(
        x.ndim == 3,
        f"{what}: signals are (n, channels, length), not of {x.ndim} dimensions",
        error=td.ShapeError,
    )


def _conv1d_reference(
    x: Array, w: Array, bias: Array | None = None, stride: int = 1, padding: int = 0, dilation: int = 1,
    groups: int = 1,
) -> Array:  # fmt: skip
    image = conv2d.reference(  # pyright: ignore[reportOptionalCall]
        x[:, :, None], w[:, :, None], bias, (1, stride), (0, padding), (1, dilation), groups
    )
    return np.asarray(image)[:, :, 0]


@op(reference=_conv1d_reference, specialize={"w": (0, 1, 2)}, cpu=td.schedules.convolutions)
def conv1d(
    x: td.Tensor, w: td.Tensor, bias: td.Tensor | None = None, stride: int = 1, padding: int = 0, dilation: int = 1,
    groups: int = 1,
) -> td.Tensor:  # fmt: skip
    """The cross-correlation of signals with filters.

    Args:
        x: (n, channels, length). w: (filters, channels / groups, k). bias: (filters,), or None.

    Returns: (n, filters, floor((length + 2 padding - dilation (k - 1) - 1) / stride) + 1).

    Errors: E130 as `conv2d`. Source: PyTorch's `functional.conv1d`.
    """
    _check_signal("conv1d", x)
    td.check(w.ndim == 3, "conv1d: filters are (filters, channels, k)", error=td.ShapeError)
    image = applied(
        conv2d, _as_image(x), _as_image(w), bias, stride=(1, stride), padding=(0, padding),
        dilation=(1, dilation), groups=groups,
    )  # fmt: skip
    return _as_signal("conv1d", image)


def _pooled_reference(pool: Op) -> Callable[..., object]:
    def called(x: Array, kernel_size: int, stride: int | None = None, padding: int = 0) -> object:
        steps = kernel_size if stride is None else stride
        assert pool.reference is not None
        return np.asarray(pool.reference(x[:, :, None], (1, kernel_size), (1, steps), (0, padding)))[:, :, 0]

    return called


@op(reference=_pooled_reference(max_pool2d), cpu=td.schedules.pools)
def max_pool1d(x: td.Tensor, kernel_size: int, stride: int | None = None, padding: int = 0) -> td.Tensor:
    """The greatest element of each window of a signal; NaN where one is in it.

    Args:
        x: (n, channels, length). stride: the kernel's size where None.

    Errors: E130 as `max_pool2d`. Source: PyTorch's `functional.max_pool1d`.
    """
    _check_signal("max_pool1d", x)
    steps = kernel_size if stride is None else stride
    return _as_signal(
        "max_pool1d", applied(max_pool2d, _as_image(x), (1, kernel_size), (1, steps), (0, padding))
    )


@op(reference=_pooled_reference(avg_pool2d), cpu=td.schedules.pools)
def avg_pool1d(x: td.Tensor, kernel_size: int, stride: int | None = None, padding: int = 0) -> td.Tensor:
    """The mean of each window of a signal, zeros of the padding counted. As `max_pool1d`; x is of floats.

    Source: PyTorch's `functional.avg_pool1d`.
    """
    _check_signal("avg_pool1d", x)
    steps = kernel_size if stride is None else stride
    return _as_signal(
        "avg_pool1d", applied(avg_pool2d, _as_image(x), (1, kernel_size), (1, steps), (0, padding))
    )


@op(reference=lambda x: x.max((2, 3), keepdims=True), cpu=td.schedules.along_axes)
def global_max_pool2d(x: td.Tensor) -> td.Tensor:
    """The greatest element of each channel, (n, channels, 1, 1).

    Args:
        x: (n, channels, height, width).

    Errors: E130 an empty image. Source: ONNX's GlobalMaxPool.
    """
    td.check(
        x.dtype.name != "bool", "global_max_pool2d: x is of numbers, not of conditions", error=td.DTypeError
    )
    td.check(x.ndim == 4, "global_max_pool2d: images are (n, channels, height, width)", error=td.ShapeError)
    for extent in x.shape[2:]:
        td.check(extent >= 1, "global_max_pool2d: the image is empty", error=td.ShapeError)
    i, j = td.reduce_axis("i", x.shape[2]), td.reduce_axis("j", x.shape[3])

    def value(b: td.Expr, c: td.Expr, y: td.Expr, z: td.Expr) -> td.Expr:
        return td.max(x[b, c, i, j], over=(i, j))

    return td.compute("global_max_pool2d", (*x.shape[:2], 1, 1), value)


def _grid_reference(x: Array, output_size: Pair) -> Array:
    rows, columns = pair("adaptive_avg_pool2d", "output_size", output_size, 1)
    n, c, h, w = x.shape
    return x.reshape(n, c, rows, h // rows, columns, w // columns).mean((3, 5))


@op(reference=_grid_reference, specialize={"x": (2, 3)}, cpu=td.schedules.pools)
def adaptive_avg_pool2d(x: td.Tensor, output_size: Pair) -> td.Tensor:
    """The means of a grid of equal cells that cover the image.

    Args:
        x: (n, channels, height, width), floats; height and width constant. output_size: cells: a number, or
            (vertical, horizontal).

    Errors: E130 an image that does not divide into such cells.
    Source: PyTorch's `functional.adaptive_avg_pool2d`, which also takes cells that overlap.
    """
    td.check(x.ndim == 4, "adaptive_avg_pool2d: images are (n, channels, height, width)", error=td.ShapeError)
    check_floats("adaptive_avg_pool2d", x)
    cells = pair("adaptive_avg_pool2d", "output_size", output_size, 1)
    for extent, number in zip(x.shape[2:], cells, strict=True):
        td.check(
            isinstance(extent, int),
            "adaptive_avg_pool2d: the image has a symbolic extent",
            error=td.ShapeError,
        )
        td.check(
            extent % number == 0,
            f"adaptive_avg_pool2d: {extent} pixels in {number} cells",
            error=td.ShapeError,
        )
    height, width = x.shape[2] // cells[0], x.shape[3] // cells[1]
    i, j = td.reduce_axis("i", height), td.reduce_axis("j", width)

    def value(b: td.Expr, c: td.Expr, y: td.Expr, z: td.Expr) -> td.Expr:
        return td.sum(x[b, c, y * height + i, z * width + j], over=(i, j)) / count_of(
            (height, width), x.dtype.name
        )

    return td.compute("adaptive_avg_pool2d", (*x.shape[:2], *cells), value)


def _transposed_reference(
    x: Array, w: Array, bias: Array | None = None, stride: Pair = 1, padding: Pair = 0
) -> Array:
    s, p = pair("", "", stride, 1), pair("", "", padding, 0)
    n, _, h, v = x.shape
    o, kh, kw = w.shape[1:]
    found = np.zeros((n, o, (h - 1) * s[0] + kh, (v - 1) * s[1] + kw))
    for y in range(h):
        for z in range(v):
            patch = np.einsum("nc,coij->noij", x[:, :, y, z].astype(np.float64), w)
            found[:, :, y * s[0] : y * s[0] + kh, z * s[1] : z * s[1] + kw] += patch
    found = found[:, :, p[0] : found.shape[2] - p[0], p[1] : found.shape[3] - p[1]]
    return found if bias is None else found + bias[None, :, None, None]


@op(reference=_transposed_reference, specialize={"w": (0, 1, 2, 3)}, cpu=td.schedules.convolutions)
def conv_transpose2d(
    x: td.Tensor, w: td.Tensor, bias: td.Tensor | None = None, stride: Pair = 1, padding: Pair = 0
) -> td.Tensor:
    """The transpose of `conv2d` as a linear map: every pixel adds its filter to the result.

    Args:
        x: (n, channels, height, width), height and width at least 1. w: (channels, filters, kh, kw). bias: (filters,), or None.
        stride, padding: a number, or (vertical, horizontal); padding rows are cut off on both sides.

    Returns: (n, filters, (height - 1) * stride + kh - 2 * padding, …).

    Errors: E130 shapes that do not fit, a result that is cut away. Source: PyTorch's `functional.conv_transpose2d`.
    """
    what = "conv_transpose2d"
    td.check(
        x.ndim == 4 and w.ndim == 4, f"{what}: images and filters have 4 dimensions", error=td.ShapeError
    )
    agree(what, x.shape[1], w.shape[0], f"{x.shape[1]} channels for filters of {w.shape[0]}")
    s, p = pair(what, "stride", stride, 1), pair(what, "padding", padding, 0)
    extents: list[int | td.Expr] = []
    for at in range(2):
        td.check(x.shape[2 + at] >= 1, f"{what}: the image is empty", error=td.ShapeError)
        extent = (x.shape[2 + at] - 1) * s[at] + w.shape[2 + at] - 2 * p[at]
        td.check(w.shape[2 + at] >= 1, f"{what}: the kernel is empty", error=td.ShapeError)
        td.check(extent >= 0, f"{what}: padding cuts the whole result away", error=td.ShapeError)
        extents.append(extent)
    phases = _phases(what, x, w, s)
    found = td.compute(what, (x.shape[0], w.shape[1], *extents), _woven(phases, s, p))
    if bias is None:
        return found
    td.check(bias.ndim == 1, f"{what}: bias is a vector", error=td.ShapeError)
    agree(what, bias.shape[0], w.shape[1], f"bias has {bias.shape[0]} entries for {w.shape[1]} filters")

    def biased(*at: td.Expr) -> td.Expr:
        return found[at] + bias[at[1]]

    return td.compute(f"{what}_bias", found.shape, biased)


def _phases(what: str, x: td.Tensor, w: td.Tensor, stride: tuple[int, int]) -> td.Tensor:
    """What each pixel of a stride's cell gets: (n, phase, rows, phase, filters, columns).

    Result y is of phase y % stride; the filter rows that reach it lie a stride apart, and so meet neighbouring rows of x.
    """
    kernel, taps = (w.shape[2], w.shape[3]), [-(-w.shape[2 + at] // stride[at]) for at in range(2)]
    c, i, j = (td.reduce_axis(name, extent) for name, extent in zip("cij", (x.shape[1], *taps), strict=True))

    def value(b: td.Expr, py: td.Expr, y: td.Expr, pz: td.Expr, o: td.Expr, z: td.Expr) -> td.Expr:
        inside: list[td.Expr] = []
        for at, (place, tap, phase) in enumerate(((y, i, py), (z, j, pz))):
            inside += [place - tap >= 0, place - tap < x.shape[2 + at]]
            extent = kernel[at]
            if not isinstance(extent, int) or extent % stride[at]:
                inside.append(tap * stride[at] + phase < extent)
        term = x[b, c, y - i, z - j] * w[c, o, i * stride[0] + py, j * stride[1] + pz]
        return td.sum(td.where(td.all(*inside), term, td.cast(0, term.dtype)), over=(c, i, j))

    rows, columns = (x.shape[2 + at] + taps[at] - 1 for at in range(2))
    shape = (x.shape[0], stride[0], rows, stride[1], w.shape[1], columns)
    return td.compute(f"{what}_phases", shape, value)


def _woven(phases: td.Tensor, stride: tuple[int, int], padding: tuple[int, int]) -> Callable[..., td.Expr]:
    """Elements of the result, each out of its phase."""

    def value(b: td.Expr, o: td.Expr, y: td.Expr, z: td.Expr) -> td.Expr:
        places = [place + padding[at] for at, place in enumerate((y, z))]
        rows, columns = ((place % stride[at], place // stride[at]) for at, place in enumerate(places))
        return phases[b, rows[0], rows[1], columns[0], o, columns[1]]

    return value
