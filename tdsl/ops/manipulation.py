"""Shapes changed: transpose, reshape, concat, split, pad and what is like them. Tensors in, tensors of the same values out."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

import tdsl as td
from tdsl.ops.broadcasting import Extent, agree, normalized_axes, one_axis
from tdsl.ops.operator import op

Array = np.ndarray


@op(reference=lambda x, axes=None: np.transpose(x, axes), cpu=td.schedules.copies)
def transpose(x: td.Tensor, axes: Sequence[int] | None = None) -> td.Tensor:
    """Axes in another order: dim d of the result is dim axes[d] of x; reversed for None.

    Errors: E130 axes that are no permutation. Source: NumPy's `transpose`, ONNX's Transpose.
    """
    given = tuple(reversed(range(x.ndim))) if axes is None else tuple(axes)
    td.check(
        len(given) == x.ndim and len(normalized_axes("transpose", given, x.ndim)) == x.ndim,
        f"transpose: {given} names not every axis of {x.ndim}",
        error=td.ShapeError,
    )
    order = [each % x.ndim for each in given] if x.ndim else []

    def value(*at: td.Expr) -> td.Expr:
        return x[tuple(at[order.index(each)] for each in range(x.ndim))]

    return td.compute("transpose", tuple(x.shape[each] for each in order), value)


@op(reference=np.reshape, specialize=True, cpu=td.schedules.copies)
def reshape(x: td.Tensor, shape: int | Sequence[int]) -> td.Tensor:
    """The same elements in row-major order under another shape; one extent may be -1, for what is left.

    Args:
        x: constant extents.

    Errors: E130 a shape of another number of elements. Source: the array API's `reshape`.
    """
    given = (shape,) if isinstance(shape, int) else tuple(shape)
    fixed = [extent for extent in x.shape if isinstance(extent, int)]
    td.check(
        len(fixed) == x.ndim, f"reshape: the extents of x are {x.shape}, not numbers", error=td.ShapeError
    )
    total = math.prod(fixed)
    td.check(given.count(-1) <= 1, f"reshape: {given} leaves more than one extent open", error=td.ShapeError)
    rest = math.prod(extent for extent in given if extent != -1)
    if -1 in given:
        td.check(
            rest > 0 and total % rest == 0,
            f"reshape: {total} elements do not fill {given}",
            error=td.ShapeError,
        )
        given = tuple(total // rest if extent == -1 else extent for extent in given)
    td.check(
        min(given, default=0) >= 0 and math.prod(given) == total,
        f"reshape: {total} elements do not fill {given}",
        error=td.ShapeError,
    )

    def value(*at: td.Expr) -> td.Expr:
        flat: td.Expr | int = 0
        for subscript, extent in zip(at, given, strict=True):
            flat = flat * extent + subscript
        index: list[td.Expr | int] = []
        below = total
        for place, extent in enumerate(fixed):
            below = below // extent if extent else 0
            part = flat // below if below else 0
            index.append(part if place == 0 or extent == 0 else part % extent)
        return x[tuple(index)]

    return td.compute("reshape", given, value)


@op(reference=lambda arrays, axis=0: np.concatenate(arrays, axis=axis), cpu=td.schedules.copies)
def concat(arrays: Sequence[td.Tensor], axis: int = 0) -> td.Tensor:
    """Tensors one after the other along an axis; their other extents and dtypes agree.

    Errors: E130 no tensors, ranks or extents that differ. Source: the array API's `concat`, ONNX's Concat.
    """
    td.check(len(arrays) > 0, "concat: there are no arrays")
    first = arrays[0]
    at = one_axis("concat", axis, first.ndim)
    for other in arrays[1:]:
        td.check(
            other.ndim == first.ndim, f"concat: ranks {first.ndim} and {other.ndim}", error=td.ShapeError
        )
        for place in range(first.ndim):
            if place != at:
                agree(
                    "concat",
                    first.shape[place],
                    other.shape[place],
                    f"{first.shape} and {other.shape} differ in axis {place}",
                )
    ends: list[Extent] = []
    for tensor in arrays:
        ends.append((ends[-1] if ends else 0) + tensor.shape[at])

    def value(*place: td.Expr) -> td.Expr:
        found: td.Expr | None = None
        for number in reversed(range(len(arrays))):
            start = ends[number - 1] if number else 0
            read = arrays[number][(*place[:at], place[at] - start, *place[at + 1 :])]
            found = read if found is None else td.where(place[at] < ends[number], read, found)
        assert found is not None
        return found

    shape = (*first.shape[:at], ends[-1], *first.shape[at + 1 :])
    return td.compute("concat", shape, value)


@op(reference=lambda x, sections, axis=0: tuple(np.split(x, sections, axis=axis)), cpu=td.schedules.copies)
def split(x: td.Tensor, sections: int | Sequence[int], axis: int = 0) -> tuple[td.Tensor, ...]:
    """X cut along an axis: into `sections` equal parts, or before the positions of a tuple.

    Errors: E130 parts that are not equal, positions that do not ascend. Source: NumPy's `split`.
    """
    at = one_axis("split", axis, x.ndim)
    extent = x.shape[at]
    bounds: list[Extent]
    if isinstance(sections, int):
        td.check(sections >= 1, f"split: there is at least one part, not {sections}")
        td.check(
            extent % sections == 0,
            f"split: {extent} elements are not {sections} equal parts",
            error=td.ShapeError,
        )
        bounds = [extent // sections * part for part in range(sections)] + [extent]
    else:
        bounds = [0, *sections, extent]
        for low, high in itertools.pairwise(bounds):
            td.check(
                low <= high,
                f"split: positions {tuple(sections)} do not ascend inside {extent}",
                error=td.ShapeError,
            )

    def part(number: int) -> td.Tensor:
        start = bounds[number]

        def value(*place: td.Expr) -> td.Expr:
            return x[(*place[:at], place[at] + start, *place[at + 1 :])]

        return td.compute(
            f"split{number}", (*x.shape[:at], bounds[number + 1] - start, *x.shape[at + 1 :]), value
        )

    return tuple(part(number) for number in range(len(bounds) - 1))


MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


def _widths(given: int | Sequence[object], ndim: int) -> tuple[int, ...]:
    """The wider side of each axis, where it is given in integers; the empty tuple for what `td.pad` has to judge."""
    several = [given] * ndim if isinstance(given, int) else list(given)
    if (len(several) == 2 and all(isinstance(each, int) for each in several)) or len(several) == 1:
        several = [given if len(several) == 2 else several[0]] * ndim
    pairs = [each if isinstance(each, tuple | list) else (each,) for each in several]
    found = [[side for side in pair if isinstance(side, int)] for pair in pairs]
    if len(found) != ndim or not all(found):
        return ()
    return tuple(min(sides) if min(sides) < 0 else max(sides) for sides in found)


def _pad_reference(x: Array, pad_width: object, mode: str = "constant", value: float = 0.0) -> Array:
    widths = np.asarray(pad_width)
    if mode == "constant":
        return np.pad(x, widths, constant_values=value)
    return np.pad(x, widths, mode=mode)  # pyright: ignore[reportCallIssue, reportArgumentType]


@op(reference=_pad_reference, cpu=td.schedules.copies)
def pad(
    x: td.Tensor, pad_width: int | Sequence[object], mode: str = "constant", value: float = 0.0
) -> td.Tensor:
    """X with elements added around.

    Args:
        pad_width: a number, (before, after), or a pair an axis. mode: NumPy's names: constant, edge, reflect, symmetric,
            wrap. value: the constant.

    Errors: E130 a mode that is none, a negative width, an axis too short for the mode. Source: NumPy's `pad`, ONNX's Pad.
    """
    td.check(mode in MODES, f"pad: mode is one of {', '.join(MODES)}, not {mode!r}")
    for axis, (extent, width) in enumerate(zip(x.shape, _widths(pad_width, x.ndim), strict=False)):
        td.check(width >= 0, f"pad: the widths of axis {axis} are not negative", error=td.ShapeError)
        least = 1 if mode == "edge" else width + (mode == "reflect")
        if mode != "constant" and width > 0:
            td.check(
                extent >= least,
                f'pad: {width} elements by mode "{mode}" take {least} of axis {axis}, which has {extent}',
                error=td.ShapeError,
            )
    fill = value if "float" in x.dtype.name else int(value)
    return (
        td.pad(x, pad_width, mode=mode, constant_values=fill)
        if mode == "constant"
        else td.pad(x, pad_width, mode=mode)
    )


@op(reference=lambda x, axis=None: np.flip(x, axis), cpu=td.schedules.copies)
def flip(x: td.Tensor, axis: int | Sequence[int] | None = None) -> td.Tensor:
    """X in reverse order along axes, all for None. Source: the array API's `flip`."""
    axes = normalized_axes("flip", axis, x.ndim)

    def value(*at: td.Expr) -> td.Expr:
        return x[tuple(x.shape[each] - 1 - sub if each in axes else sub for each, sub in enumerate(at))]

    return td.compute("flip", x.shape, value)


@op(reference=np.expand_dims, cpu=td.schedules.copies)
def expand_dims(x: td.Tensor, axis: int) -> td.Tensor:
    """X with an axis of 1 at position `axis` of the result. Source: the array API's `expand_dims`."""
    at = one_axis("expand_dims", axis, x.ndim + 1)

    def value(*place: td.Expr) -> td.Expr:
        return x[(*place[:at], *place[at + 1 :])]

    return td.compute("expand_dims", (*x.shape[:at], 1, *x.shape[at:]), value)


@op(reference=np.squeeze, cpu=td.schedules.copies)
def squeeze(x: td.Tensor, axis: int | Sequence[int]) -> td.Tensor:
    """X without axes of extent 1. Errors: E130 an axis of another extent. Source: the array API's `squeeze`."""
    axes = normalized_axes("squeeze", axis, x.ndim)
    for each in axes:
        agree("squeeze", x.shape[each], 1, f"axis {each} has {x.shape[each]} elements, not 1")

    def value(*place: td.Expr) -> td.Expr:
        kept = iter(place)
        return x[tuple(0 if each in axes else next(kept) for each in range(x.ndim))]

    return td.compute(
        "squeeze", tuple(extent for each, extent in enumerate(x.shape) if each not in axes), value
    )


@op(reference=lambda arrays, axis=0: np.stack(arrays, axis=axis), cpu=td.schedules.copies)
def stack(arrays: Sequence[td.Tensor], axis: int = 0) -> td.Tensor:
    """Tensors of one shape along a new axis. Errors: E130 shapes that differ. Source: the array API's `stack`."""
    td.check(len(arrays) > 0, "stack: there are no arrays")
    first = arrays[0]
    at = one_axis("stack", axis, first.ndim + 1)
    for other in arrays[1:]:
        td.check(other.ndim == first.ndim, f"stack: ranks {first.ndim} and {other.ndim}", error=td.ShapeError)
        for mine, theirs in zip(first.shape, other.shape, strict=True):
            agree("stack", mine, theirs, f"shapes {first.shape} and {other.shape} differ")

    def value(*place: td.Expr) -> td.Expr:
        rest = (*place[:at], *place[at + 1 :])
        found = arrays[-1][rest]
        for number in reversed(range(len(arrays) - 1)):
            found = td.where(place[at] == number, arrays[number][rest], found)
        return found

    return td.compute("stack", (*first.shape[:at], len(arrays), *first.shape[at:]), value)
