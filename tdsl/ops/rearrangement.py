"""Axes moved, repeated, rolled and cut. A tensor in, tensors of its values out.

Names are the array API's and NumPy's; of images PyTorch's and ONNX's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import tdsl as td
from tdsl.ops.broadcasting import Extent, agree, is_one, normalized_axes, one_axis, replaced
from tdsl.ops.elements import applied
from tdsl.ops.manipulation import transpose
from tdsl.ops.operator import op
from tdsl.ops.products import merged

Array = np.ndarray


def _per_axis(
    what: str, x: td.Tensor, axis: int | Sequence[int], values: int | Sequence[int]
) -> dict[int, int]:
    """A number for each named axis."""
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    numbers = (values,) * len(axes) if isinstance(values, int) else tuple(values)
    td.check(len(numbers) == len(axes), f"{what}: {len(numbers)} numbers for {len(axes)} axes")
    normalized_axes(what, axes, x.ndim)
    return {each % x.ndim: number for each, number in zip(axes, numbers, strict=True)}


def _roll_reference(x: Array, shift: int | Sequence[int], axis: int | Sequence[int] = -1) -> Array:
    return np.roll(x, shift, axis)


@op(reference=_roll_reference, cpu=td.schedules.copies)
def roll(x: td.Tensor, shift: int | Sequence[int], axis: int | Sequence[int] = -1) -> td.Tensor:
    """X with the elements of an axis moved `shift` places on; those pushed out at the end come in at the start.

    Args:
        x: any shape but a scalar. shift, axis: a number each, or as many of both.

    Errors: E130. Source: the array API's `roll`.
    """
    shifts = _per_axis("roll", x, axis, shift)
    for each in shifts:  # of nothing there is nothing to move
        td.check(x.shape[each] >= 1, f"roll: axis {each} is empty", error=td.ShapeError)

    last = x.ndim - 1

    def value(*at: td.Expr) -> td.Expr:
        index = [(sub - shifts[e]) % x.shape[e] if e in shifts else sub for e, sub in enumerate(at)]
        if last not in shifts:
            return x[tuple(index)]
        wide = x.shape[last]  # two pieces of a row, each of neighbours
        start = at[last] - shifts[last] % wide
        return td.where(start >= 0, x[(*index[:-1], start)], x[(*index[:-1], start + wide)])

    return td.compute("roll", x.shape, value)


@op(reference=lambda x, k=1, axes=(0, 1): np.rot90(x, k, axes), cpu=td.schedules.copies)
def rot90(x: td.Tensor, k: int = 1, axes: Sequence[int] = (0, 1)) -> td.Tensor:
    """X turned by k right angles from the first of two axes to the second. Source: NumPy's `rot90`."""
    td.check(len(axes) == 2, f"rot90: two axes, not {len(axes)}")
    normalized_axes("rot90", tuple(axes), x.ndim)
    first, second = (each % x.ndim for each in axes)
    shape = list(x.shape)
    if k % 2:
        shape[first], shape[second] = shape[second], shape[first]

    def value(*at: td.Expr) -> td.Expr:
        index, (a, b) = list(at), (at[first], at[second])
        last, end = x.shape[first] - 1, x.shape[second] - 1
        turned = {0: (a, b), 1: (b, end - a), 2: (last - a, end - b), 3: (last - b, a)}
        index[first], index[second] = turned[k % 4]
        return x[tuple(index)]

    return td.compute("rot90", tuple(shape), value)


PIECES = 8
"""Copies in a row that `tile` writes out as pieces; of more, each element finds its place by a remainder."""


def _tile_reference(x: Array, repetitions: int | Sequence[int]) -> Array:
    return np.tile(x, repetitions)


@op(reference=_tile_reference, cpu=td.schedules.copies)
def tile(x: td.Tensor, repetitions: int | Sequence[int]) -> td.Tensor:
    """X laid side by side `repetitions[d]` times along axis d; missing leading axes are 1.

    Args:
        x: no empty axis. repetitions: not negative.

    Errors: E130. Source: the array API's `tile`, ONNX's Tile.
    """
    given = (repetitions,) if isinstance(repetitions, int) else tuple(repetitions)
    td.check(min(given, default=0) >= 0, f"tile: repetitions {given} are not negative")
    rank = max(len(given), x.ndim)
    times = (1,) * (rank - len(given)) + given
    extents: tuple[Extent, ...] = (1,) * (rank - x.ndim) + x.shape
    for each, extent in enumerate(x.shape):
        td.check(extent >= 1, f"tile: axis {each} is empty", error=td.ShapeError)

    def value(*at: td.Expr) -> td.Expr:
        index = [sub % extent for sub, extent in zip(at[rank - x.ndim :], x.shape, strict=True)]
        if x.ndim == 0 or not 1 < times[-1] <= PIECES:
            return x[tuple(index)]
        place, wide = at[-1], x.shape[-1]  # pieces of a row, each of neighbours
        found = x[(*index[:-1], place - wide * (times[-1] - 1))]
        for piece in reversed(range(times[-1] - 1)):
            found = td.where(place < wide * (piece + 1), x[(*index[:-1], place - wide * piece)], found)
        return found

    return td.compute("tile", tuple(e * t for e, t in zip(extents, times, strict=True)), value)


@op(reference=np.repeat, cpu=td.schedules.copies)
def repeat(x: td.Tensor, repeats: int, axis: int) -> td.Tensor:
    """Each element along an axis `repeats` times. Errors: E130 repeats below 1. Source: the array API's `repeat`."""
    td.check(repeats >= 1, f"repeat: repeats is at least 1, not {repeats}")
    at = one_axis("repeat", axis, x.ndim)

    def value(*place: td.Expr) -> td.Expr:
        return x[replaced(place, at, place[at] // repeats)]

    return td.compute("repeat", (*x.shape[:at], x.shape[at] * repeats, *x.shape[at + 1 :]), value)


@op(reference=np.broadcast_to, cpu=td.schedules.copies)
def broadcast_to(x: td.Tensor, shape: int | Sequence[int]) -> td.Tensor:
    """X repeated along axes of extent 1 and new leading ones.

    Errors: E130 a shape that x does not broadcast to. Source: the array API's `broadcast_to`, ONNX's Expand.
    """
    given = (shape,) if isinstance(shape, int) else tuple(shape)
    td.check(
        min(given, default=0) >= 0, f"broadcast_to: extents {given} are not negative", error=td.ShapeError
    )
    td.check(len(given) >= x.ndim, f"broadcast_to: {x.shape} has more axes than {given}", error=td.ShapeError)
    own = given[len(given) - x.ndim :]
    for mine, theirs in zip(x.shape, own, strict=True):
        if not is_one(mine):
            agree("broadcast_to", mine, theirs, f"{x.shape} does not broadcast to {given}")

    def value(*at: td.Expr) -> td.Expr:
        inside = at[len(given) - x.ndim :]
        ones = [is_one(extent) for extent in x.shape]
        return x[tuple(0 if one else sub for one, sub in zip(ones, inside, strict=True))]

    return td.compute("broadcast_to", given, value)


@op(reference=np.swapaxes, cpu=td.schedules.copies)
def swapaxes(x: td.Tensor, axis1: int, axis2: int) -> td.Tensor:
    """Two axes exchanged. Errors: E130 no such axis. Source: NumPy's `swapaxes`."""
    first, second = one_axis("swapaxes", axis1, x.ndim), one_axis("swapaxes", axis2, x.ndim)
    order = list(range(x.ndim))
    order[first], order[second] = second, first
    return applied(transpose, x, tuple(order))


@op(reference=np.moveaxis, cpu=td.schedules.copies)
def moveaxis(x: td.Tensor, source: int, destination: int) -> td.Tensor:
    """An axis moved to another place, the others in order. Errors: E130 no such axis. Source: the array API's `moveaxis`."""
    start, end = one_axis("moveaxis", source, x.ndim), one_axis("moveaxis", destination, x.ndim)
    order = [each for each in range(x.ndim) if each != start]
    order.insert(end, start)
    return applied(transpose, x, tuple(order))


@op(
    reference=lambda x, axis=0: tuple(np.moveaxis(x, axis, 0)),
    specialize={"x": (0, 1, 2, 3, 4, 5, 6, 7)},
    cpu=td.schedules.copies,
)
def unstack(x: td.Tensor, axis: int = 0) -> tuple[td.Tensor, ...]:
    """The slices of x along an axis of constant extent.

    Errors: E130 a symbolic extent, an empty axis. Source: the array API's `unstack`.
    """
    at = one_axis("unstack", axis, x.ndim)
    extent = x.shape[at]
    td.check(
        isinstance(extent, int) and extent > 0,
        f"unstack: axis {axis} has {extent} elements",
        error=td.ShapeError,
    )

    def part(number: int) -> td.Tensor:
        def value(*rest: td.Expr) -> td.Expr:
            return x[(*rest[:at], number, *rest[at:])]

        return td.compute(f"unstack{number}", (*x.shape[:at], *x.shape[at + 1 :]), value)

    return tuple(part(number) for number in range(extent))  # pyright: ignore[reportArgumentType]


@op(reference=lambda x, start_axis=0: x.reshape(*x.shape[:start_axis], -1), cpu=td.schedules.copies)
def flatten(x: td.Tensor, start_axis: int = 0) -> td.Tensor:
    """The axes from `start_axis` on as one, in row-major order.

    Args:
        x: any shape but a scalar, no empty axis after the first that is merged.

    Source: PyTorch's `torch.flatten`, ONNX's Flatten.
    """
    at = one_axis("flatten", start_axis, x.ndim)
    found = x
    for _ in range(x.ndim - 1 - at):
        found = merged("flatten", found, at)
    return found


@op(reference=lambda x, n=1, axis=-1: np.diff(x, n, axis), cpu=td.schedules.pointwise)
def diff(x: td.Tensor, n: int = 1, axis: int = -1) -> td.Tensor:
    """Differences of neighbours along an axis, taken n times; integers wrap.

    Errors: E130 fewer than n elements. Source: the array API's `diff`.
    """
    td.check(n >= 0, f"diff: n is not negative, not {n}")
    td.check(
        x.dtype.name != "bool", "diff: conditions have no difference: use logical_xor", error=td.DTypeError
    )
    at = one_axis("diff", axis, x.ndim)
    td.check(x.shape[at] >= n, f"diff: {x.shape[at]} elements for {n} differences", error=td.ShapeError)
    found = x
    for _ in range(n):
        found = _neighbours(found, at)
    return found


def _neighbours(x: td.Tensor, at: int) -> td.Tensor:
    def value(*place: td.Expr) -> td.Expr:
        return x[replaced(place, at, place[at] + 1)] - x[place]

    return td.compute("diff", (*x.shape[:at], x.shape[at] - 1, *x.shape[at + 1 :]), value)


# ---------------------------------------------------------------- channels of images


def _blocks(what: str, x: td.Tensor, factor: int) -> None:
    td.check(x.ndim == 4, f"{what}: images are (n, channels, height, width)", error=td.ShapeError)
    td.check(factor >= 1, f"{what}: the factor is at least 1, not {factor}")


def _shuffle_reference(x: Array, upscale_factor: int) -> Array:
    n, c, h, w = x.shape
    r = upscale_factor
    return (
        x.reshape(n, c // (r * r), r, r, h, w)
        .transpose(0, 1, 4, 2, 5, 3)
        .reshape(n, c // (r * r), h * r, w * r)
    )


@op(reference=_shuffle_reference, cpu=td.schedules.copies)
def pixel_shuffle(x: td.Tensor, upscale_factor: int) -> td.Tensor:
    """Groups of r * r channels as blocks of r by r pixels.

    Args:
        x: (n, c * r * r, h, w).

    Returns: (n, c, h * r, w * r). Errors: E130 channels that are no multiple of r * r.
    Source: Shi et al., Efficient Sub-Pixel CNN, 2016; ONNX's DepthToSpace with mode CRD.
    """
    r = upscale_factor
    _blocks("pixel_shuffle", x, r)
    channels = x.shape[1]
    td.check(
        channels % (r * r) == 0, f"pixel_shuffle: {channels} channels, {r} * {r} a pixel", error=td.ShapeError
    )

    def value(b: td.Expr, c: td.Expr, y: td.Expr, z: td.Expr) -> td.Expr:
        return x[b, c * (r * r) + (y % r) * r + z % r, y // r, z // r]

    return td.compute(
        "pixel_shuffle", (x.shape[0], channels // (r * r), x.shape[2] * r, x.shape[3] * r), value
    )


def _unshuffle_reference(x: Array, downscale_factor: int) -> Array:
    n, c, h, w = x.shape
    r = downscale_factor
    return (
        x.reshape(n, c, h // r, r, w // r, r)
        .transpose(0, 1, 3, 5, 2, 4)
        .reshape(n, c * r * r, h // r, w // r)
    )


@op(reference=_unshuffle_reference, cpu=td.schedules.copies)
def pixel_unshuffle(x: td.Tensor, downscale_factor: int) -> td.Tensor:
    """Blocks of r by r pixels as groups of r * r channels: the inverse of `pixel_shuffle`.

    Args:
        x: (n, c, h * r, w * r).

    Errors: E130 an image that is no multiple of r. Source: PyTorch's `functional.pixel_unshuffle`.
    """
    r = downscale_factor
    _blocks("pixel_unshuffle", x, r)
    for extent in x.shape[2:]:
        td.check(
            extent % r == 0, f"pixel_unshuffle: {extent} pixels are no multiple of {r}", error=td.ShapeError
        )

    def value(b: td.Expr, c: td.Expr, y: td.Expr, z: td.Expr) -> td.Expr:
        return x[b, c // (r * r), y * r + c // r % r, z * r + c % r]

    return td.compute(
        "pixel_unshuffle", (x.shape[0], x.shape[1] * (r * r), x.shape[2] // r, x.shape[3] // r), value
    )


def _channels_reference(x: Array, groups: int) -> Array:
    n, c, *image = x.shape
    return x.reshape(n, groups, c // groups, *image).swapaxes(1, 2).reshape(x.shape)


@op(reference=_channels_reference, specialize={"x": (1,)}, cpu=td.schedules.copies)
def channel_shuffle(x: td.Tensor, groups: int) -> td.Tensor:
    """Channels dealt out anew: channel c of group g comes to place c * groups + g.

    Args:
        x: (n, channels, ...), a constant number of channels.

    Errors: E130 channels that are no multiple of the groups.
    Source: Zhang et al., ShuffleNet, 2017; PyTorch's `functional.channel_shuffle`.
    """
    td.check(x.ndim >= 2, "channel_shuffle: images are (n, channels, ...)", error=td.ShapeError)
    channels = x.shape[1]
    td.check(groups >= 1, f"channel_shuffle: groups is at least 1, not {groups}")
    td.check(
        channels % groups == 0,
        f"channel_shuffle: {channels} channels in {groups} groups",
        error=td.ShapeError,
    )
    each = channels // groups

    def value(*at: td.Expr) -> td.Expr:
        return x[replaced(at, 1, (at[1] % groups) * each + at[1] // groups)]

    return td.compute("channel_shuffle", x.shape, value)
