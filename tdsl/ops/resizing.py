"""Images of another size: nearest and linear interpolation. (n, channels, height, width) in and out.

Source positions are exact rationals, so that no rounding of a scale decides which pixel is taken.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import tdsl as td
from tdsl.ops.operator import op

Array = np.ndarray


def _resize_reference(x: Array, size: Sequence[int], mode: str = "nearest") -> Array:
    found = x.astype(np.float64)
    for axis, wanted in zip((2, 3), size, strict=True):
        given = x.shape[axis]
        out = np.arange(wanted)
        if mode == "nearest":
            found = np.take(found, out * given // wanted, axis=axis)
            continue
        at = np.clip((out + 0.5) * given / wanted - 0.5, 0, None)
        low = np.minimum(np.floor(at).astype(int), given - 1)
        part = (at - low).reshape([-1 if each == axis else 1 for each in range(4)])
        high = np.minimum(low + 1, given - 1)
        found = np.take(found, low, axis=axis) * (1 - part) + np.take(found, high, axis=axis) * part
    return found


@op(reference=_resize_reference, specialize={"x": (2, 3)}, cpu=td.schedules.pointwise)
def resize(x: td.Tensor, size: Sequence[int], mode: str = "nearest") -> td.Tensor:
    """Images scaled to `size`, pixels as areas (half-pixel centres).

    Args:
        x: (n, channels, height, width), constant height and width of at least 1. size: (height, width) of the result.
        mode: "nearest", any dtype; "linear", floats.

    Errors: E130 another mode, an empty image. Source: PyTorch's `functional.interpolate` (align_corners=False), ONNX's
    Resize.
    """
    td.check(mode in ("nearest", "linear"), f'resize: mode is "nearest" or "linear", not {mode!r}')
    td.check(x.ndim == 4, "resize: images are (n, channels, height, width)", error=td.ShapeError)
    td.check(
        len(size) == 2 and min(size) >= 0,
        f"resize: size is (height, width), not {tuple(size)}",
        error=td.ShapeError,
    )
    height, width = x.shape[2:]
    td.check(
        isinstance(height, int) and isinstance(width, int),
        "resize: height and width are numbers",
        error=td.ShapeError,
    )
    assert isinstance(height, int) and isinstance(width, int)
    td.check(
        height >= 1 and width >= 1,
        f"resize: an image of {height} by {width} has no pixels",
        error=td.ShapeError,
    )
    td.check(
        mode == "nearest" or "float" in x.dtype.name,
        f"resize: linear needs floats, not {x.dtype.name}",
        error=td.DTypeError,
    )
    shape = (*x.shape[:2], *size)

    def nearest(b: td.Expr, c: td.Expr, i: td.Expr, j: td.Expr) -> td.Expr:
        return x[b, c, i * height // size[0], j * width // size[1]]

    def linear(b: td.Expr, c: td.Expr, i: td.Expr, j: td.Expr) -> td.Expr:
        (top, bottom, down), (left, right, across) = (
            _between(i, height, size[0], x.dtype.name), _between(j, width, size[1], x.dtype.name),
        )  # fmt: skip
        upper = x[b, c, top, left] * (1.0 - across) + x[b, c, top, right] * across
        lower = x[b, c, bottom, left] * (1.0 - across) + x[b, c, bottom, right] * across
        return upper * (1.0 - down) + lower * down

    return td.compute("resize", shape, nearest if mode == "nearest" else linear)


def _between(out: td.Expr, given: int, wanted: int, dtype: str) -> tuple[td.Expr, td.Expr, td.Expr]:
    """The two pixels around an output position, and how far it is from the first, 0 to 1."""
    doubled = td.maximum((2 * out + 1) * given - wanted, 0)
    low = td.minimum(doubled // (2 * wanted), given - 1)
    part = td.cast(doubled % (2 * wanted), dtype) / td.cast(2 * wanted, dtype)
    return low, td.minimum(low + 1, given - 1), part
