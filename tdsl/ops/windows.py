"""Convolutions and pooling over two spatial axes. Tensors in, a tensor out.

Arguments are PyTorch's (functional.conv2d, max_pool2d, avg_pool2d); `layout="NHWC"` moves the channels of images last.
The output has floor((n + before + after - dilation * (k - 1) - 1) / stride) + 1 rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import tdsl as td
from tdsl.ops.broadcasting import Extent, agree, check_floats
from tdsl.ops.operator import op

Pair = int | Sequence[int]
Array = np.ndarray


def pair(what: str, name: str, value: Pair, least: int) -> tuple[int, int]:
    """One number for both spatial axes, or a number for each. Errors: E130 another length, a number below `least`."""
    found = (value, value) if isinstance(value, int) else tuple(value)
    td.check(len(found) == 2, f"{what}: {name} is a number or two, not {value!r}")
    td.check(min(found) >= least, f"{what}: {name} is at least {least}, not {value!r}")
    return found[0], found[1]


@dataclass(frozen=True, slots=True)
class Window:
    """Windows of a kernel over an image of (height, width)."""

    what: str
    kernel: tuple[Extent, Extent]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]

    def extent(self, image: Sequence[Extent]) -> tuple[Extent, Extent]:
        """How many windows there are. Errors: E130 a kernel that is larger than the padded image."""
        found: list[Extent] = []
        for at in range(2):
            padded = image[at] + 2 * self.padding[at]
            covered = self.dilation[at] * (self.kernel[at] - 1) + 1
            td.check(
                self.kernel[at] >= 1,
                f"{self.what}: the kernel has no {('rows', 'columns')[at]}",
                error=td.ShapeError,
            )
            td.check(
                padded >= covered,
                f"{self.what}: a kernel of {self.kernel[at]} (dilation {self.dilation[at]}) is larger than the "
                f"{('rows', 'columns')[at]} it slides over: {padded}",
                error=td.ShapeError,
            )
            found.append((padded - covered) // self.stride[at] + 1)
        return found[0], found[1]

    def at(self, place: Sequence[td.Expr], inside: Sequence[td.Expr]) -> tuple[td.Expr, td.Expr]:
        """Where in the padded image a window's element is."""
        y, x = (place[at] * self.stride[at] + inside[at] * self.dilation[at] for at in range(2))
        return y, x


def padded(x: td.Tensor, spatial: int, padding: tuple[int, int], value: object) -> td.Tensor:
    """X with `padding` rows and columns of a value around; x itself where there are none.

    Args:
        spatial: the first of the two spatial axes.
    """
    if padding == (0, 0):
        return x
    widths = [(0, 0)] * x.ndim
    widths[spatial] = (padding[0], padding[0])
    widths[spatial + 1] = (padding[1], padding[1])
    return td.pad(x, tuple(widths), constant_values=value)


def _conv_reference(
    x: Array, w: Array, bias: Array | None = None, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1,
    groups: int = 1, layout: str = "NCHW",
) -> Array:  # fmt: skip
    s, p, d = (pair("conv2d", "", each, 0) for each in (stride, padding, dilation))
    wide = (x.transpose(0, 3, 1, 2) if layout == "NHWC" else x).astype(np.float64)
    wide = np.pad(wide, ((0, 0), (0, 0), (p[0], p[0]), (p[1], p[1])))
    span = tuple(d[at] * (w.shape[2 + at] - 1) + 1 for at in range(2))
    windows = np.lib.stride_tricks.sliding_window_view(wide, span, axis=(2, 3))
    windows = windows[:, :, :: s[0], :: s[1], :: d[0], :: d[1]]
    n, c, oh, ow, kh, kw = windows.shape
    grouped = windows.reshape(n, groups, c // groups, oh, ow, kh, kw)
    filters = w.astype(np.float64).reshape(groups, w.shape[0] // groups, *w.shape[1:])
    found = np.einsum("ngcyxij,gocij->ngoyx", grouped, filters).reshape(n, w.shape[0], oh, ow)
    if bias is not None:
        found = found + bias[None, :, None, None]
    return found.transpose(0, 2, 3, 1) if layout == "NHWC" else found


@op(reference=_conv_reference, specialize={"w": (0, 1, 2, 3)}, cpu=td.schedules.convolutions)
def conv2d(
    x: td.Tensor, w: td.Tensor, bias: td.Tensor | None = None, stride: Pair = 1, padding: Pair = 0,
    dilation: Pair = 1, groups: int = 1, layout: str = "NCHW",
) -> td.Tensor:  # fmt: skip
    """The cross-correlation of images with filters.

    Args:
        x: (n, channels, height, width), or (n, height, width, channels) with layout="NHWC".
        w: (filters, channels / groups, kh, kw) in both layouts. bias: (filters,), or None.
        stride, padding, dilation: a number, or (vertical, horizontal); padding is zeros on both sides.
        groups: filters f * filters/groups … see channels f * channels/groups … only.

    Returns: (n, filters, oh, ow), or (n, oh, ow, filters).

    Errors: E130 shapes that do not fit, a kernel larger than the padded image. Source: PyTorch's `functional.conv2d`.
    """
    td.check(layout in ("NCHW", "NHWC"), f'conv2d: layout is "NCHW" or "NHWC", not {layout!r}')
    td.check(
        x.ndim == 4 and w.ndim == 4, "conv2d: images and filters have 4 dimensions each", error=td.ShapeError
    )
    window = Window(
        "conv2d", (w.shape[2], w.shape[3]), pair("conv2d", "stride", stride, 1),
        pair("conv2d", "padding", padding, 0), pair("conv2d", "dilation", dilation, 1),
    )  # fmt: skip
    last = layout == "NHWC"
    channels, spatial = (x.shape[3], 1) if last else (x.shape[1], 2)
    td.check(groups >= 1, f"conv2d: groups is at least 1, not {groups}")
    agree(
        "conv2d", channels, w.shape[1] * groups,
        f"x has {channels} channels, the filters take {w.shape[1]} in {groups} groups",
    )  # fmt: skip
    td.check(
        w.shape[0] % groups == 0,
        f"conv2d: {w.shape[0]} filters do not share {groups} groups",
        error=td.ShapeError,
    )
    height, width = window.extent(x.shape[spatial : spatial + 2])
    image = padded(x, spatial, window.padding, 0)
    c = td.reduce_axis("c", w.shape[1])
    i, j = td.reduce_axis("i", w.shape[2]), td.reduce_axis("j", w.shape[3])
    of_group = w.shape[0] // groups

    def term(b: td.Expr, o: td.Expr, y: td.Expr, z: td.Expr) -> td.Expr:
        channel = c if groups == 1 else (o // of_group) * w.shape[1] + c
        row, column = window.at((y, z), (i, j))
        read = image[b, row, column, channel] if last else image[b, channel, row, column]
        return td.sum(read * w[o, c, i, j], over=(c, i, j))

    def value(b: td.Expr, first: td.Expr, second: td.Expr, third: td.Expr) -> td.Expr:
        return term(b, third, first, second) if last else term(b, first, second, third)

    shape = (x.shape[0], height, width, w.shape[0]) if last else (x.shape[0], w.shape[0], height, width)
    found = td.compute("conv2d", shape, value)
    if bias is None:
        return found
    td.check(bias.ndim == 1, f"conv2d: bias is a vector, not of {bias.ndim} dimensions", error=td.ShapeError)
    agree("conv2d", bias.shape[0], w.shape[0], f"bias has {bias.shape[0]} entries for {w.shape[0]} filters")

    def biased(*at: td.Expr) -> td.Expr:
        return found[at] + bias[at[3] if last else at[1]]

    return td.compute("conv2d_bias", shape, biased)


def _pool_reference(
    x: Array, kernel: Pair, stride: Pair | None, padding: Pair, fill: float, mean: bool
) -> Array:
    k, p = pair("pool", "", kernel, 1), pair("pool", "", padding, 0)
    s = k if stride is None else pair("pool", "", stride, 1)
    wide = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (p[0], p[0]), (p[1], p[1])), constant_values=fill)
    windows = np.lib.stride_tricks.sliding_window_view(wide, k, axis=(2, 3))[:, :, :: s[0], :: s[1]]
    return windows.mean((4, 5)) if mean else windows.max((4, 5))


def _pool_window(
    what: str, x: td.Tensor, kernel_size: Pair, stride: Pair | None, padding: Pair
) -> tuple[Window, tuple[Extent, ...]]:
    td.check(
        x.ndim == 4,
        f"{what}: images are (n, channels, height, width), not of {x.ndim} dimensions",
        error=td.ShapeError,
    )
    kernel = pair(what, "kernel_size", kernel_size, 1)
    steps = kernel if stride is None else pair(what, "stride", stride, 1)
    around = pair(what, "padding", padding, 0)
    td.check(
        2 * around[0] <= kernel[0] and 2 * around[1] <= kernel[1],
        f"{what}: padding {around} is more than half of {kernel}",
    )
    window = Window(what, kernel, steps, around, (1, 1))
    return window, (*x.shape[:2], *window.extent(x.shape[2:]))


@op(
    reference=lambda x, kernel_size, stride=None, padding=0: _pool_reference(
        x, kernel_size, stride, padding, -np.inf, False
    ),
    cpu=td.schedules.pools,
)
def max_pool2d(x: td.Tensor, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0) -> td.Tensor:
    """The greatest element of each window; NaN where one is in it.

    Args:
        x: (n, channels, height, width). kernel_size, stride (the kernel's where None), padding: a number or two.

    Errors: E130 as `conv2d`, padding of more than half a kernel. Source: PyTorch's `functional.max_pool2d`.
    """
    td.check(x.dtype.name != "bool", "max_pool2d: x is of numbers, not of conditions", error=td.DTypeError)
    window, shape = _pool_window("max_pool2d", x, kernel_size, stride, padding)
    least = -float("inf") if "float" in x.dtype.name else td.min_value(x.dtype)
    image = padded(x, 2, window.padding, least)
    i, j = td.reduce_axis("i", window.kernel[0]), td.reduce_axis("j", window.kernel[1])

    def value(b: td.Expr, c: td.Expr, y: td.Expr, z: td.Expr) -> td.Expr:
        return td.max(image[(b, c, *window.at((y, z), (i, j)))], over=(i, j))

    return td.compute("max_pool2d", shape, value)


@op(
    reference=lambda x, kernel_size, stride=None, padding=0: _pool_reference(
        x, kernel_size, stride, padding, 0, True
    ),
    cpu=td.schedules.pools,
)
def avg_pool2d(x: td.Tensor, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0) -> td.Tensor:
    """The mean of each window, zeros of the padding counted.

    Args: as `max_pool2d`; x is of floats.

    Source: PyTorch's `functional.avg_pool2d` with its defaults.
    """
    td.check("float" in x.dtype.name, f"avg_pool2d: x is of floats, not {x.dtype.name}", error=td.DTypeError)
    window, shape = _pool_window("avg_pool2d", x, kernel_size, stride, padding)
    image = padded(x, 2, window.padding, 0)
    i, j = td.reduce_axis("i", window.kernel[0]), td.reduce_axis("j", window.kernel[1])
    count = window.kernel[0] * window.kernel[1]

    def value(b: td.Expr, c: td.Expr, y: td.Expr, z: td.Expr) -> td.Expr:
        return td.sum(image[(b, c, *window.at((y, z), (i, j)))], over=(i, j)) / td.cast(count, x.dtype)

    return td.compute("avg_pool2d", shape, value)


@op(reference=lambda x: x.mean((2, 3), keepdims=True), cpu=td.schedules.along_axes)
def global_avg_pool2d(x: td.Tensor) -> td.Tensor:
    """The mean of each channel, (n, channels, 1, 1).

    Args:
        x: (n, channels, height, width), floats.

    Source: ONNX's GlobalAveragePool.
    """
    check_floats("global_avg_pool2d", x)
    td.check(x.ndim == 4, "global_avg_pool2d: images are (n, channels, height, width)", error=td.ShapeError)
    i, j = td.reduce_axis("i", x.shape[2]), td.reduce_axis("j", x.shape[3])
    count = td.cast(x.shape[2] * x.shape[3], x.dtype)

    def value(b: td.Expr, c: td.Expr, y: td.Expr, z: td.Expr) -> td.Expr:
        return td.sum(x[b, c, i, j], over=(i, j)) / count

    return td.compute("global_avg_pool2d", (*x.shape[:2], 1, 1), value)
