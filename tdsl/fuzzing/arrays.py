"""Arrays for a fuzzer: values that matter for a dtype, in memory laid out in any way.

In: a dtype, a shape, a NumPy generator. Out: arrays; `laid_out` gives views with the strides and alignment asked for,
inside a larger block whose other bytes `untouched` checks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeGuard

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Mode = Literal["whole", "mild", "wild"]
Form = Literal["contiguous", "misaligned", "reversed", "transposed", "stepped"]
FORMS: tuple[Form, ...] = ("contiguous", "misaligned", "reversed", "transposed", "stepped")


AROUND = 4096
"""Bytes before and after an output that a kernel must leave alone: most of what lands outside lands there."""


def is_array(value: object) -> TypeGuard[Array]:
    """Whether a value is a NumPy array."""
    return isinstance(value, np.ndarray)


def draw_array(generator: np.random.Generator, dtype: str, shape: Sequence[int], mode: Mode) -> Array:
    """whole: small whole numbers; mild: near one; wild: those, and every special value of the dtype."""
    kind = np.dtype(dtype)
    if kind == np.bool_:
        return np.asarray(generator.random(tuple(shape)) < 0.5)
    if kind.kind == "f":
        if mode == "whole":
            return np.asarray(generator.integers(-3, 4, tuple(shape)), kind)
        values = np.asarray(generator.standard_normal(tuple(shape)), kind)
        return values if mode == "mild" else _sprinkled(generator, values, _special_floats(kind), 0.25)
    lowest = 0 if kind.kind == "u" else -3
    values = np.asarray(generator.integers(lowest, 7, tuple(shape)), kind)
    limits = np.iinfo(kind)
    special = np.array([limits.min, limits.max, 0, limits.max - 1, limits.min + 1, limits.max // 2], kind)
    return (
        values if mode == "whole" else _sprinkled(generator, values, special, 0.3 if mode == "wild" else 0.05)
    )


def _special_floats(kind: np.dtype[Any]) -> Array:
    facts = np.finfo(kind)
    return np.array(
        [
            np.nan,
            np.inf,
            -np.inf,
            0.0,
            -0.0,
            facts.max,
            -facts.max,
            facts.tiny,
            facts.smallest_subnormal,
            1.0,
            0.5,
        ],
        kind,
    )


def _sprinkled(generator: np.random.Generator, values: Array, special: Array, share: float) -> Array:
    chosen = generator.choice(special, values.shape)
    return np.asarray(np.where(generator.random(values.shape) < share, chosen, values), values.dtype)


def laid_out(values: Array, form: Form) -> tuple[Array, Array]:
    """(a view that holds `values` in a form, the block of bytes it lies in, with `AROUND` bytes before and after it)."""
    shape, kind = values.shape, values.dtype
    step = {"reversed": -1, "stepped": 2}.get(form, 1)
    whole = tuple(extent * abs(step) + (step != 1) for extent in shape)
    count = int(np.prod(whole, dtype=np.int64)) * kind.itemsize
    first = AROUND + (form == "misaligned")
    block = np.full(first + count + AROUND, 0xA5, np.uint8)
    inside = block[first : first + count].view(kind)
    if form == "transposed":
        view = inside.reshape(shape[::-1]).T
    else:
        view = inside.reshape(whole)[(*(_slice(extent, step) for extent in shape), ...)]
    view[...] = values
    return view, block


def _slice(extent: int, step: int) -> slice:
    if step == -1:
        return slice(extent - 1, None, -1) if extent else slice(0, 0)
    return slice(0, extent * step, step)


def untouched(view: Array, block: Array) -> bool:
    """Whether every byte of the block that the view does not cover is as it was made."""
    kept = view.copy()
    mark = np.full(view.dtype.itemsize, 0xA5, np.uint8).view(view.dtype)[0] if view.size else None
    if mark is not None:
        view[...] = mark
    clean = bool(np.all(block == 0xA5)) if view.dtype != np.bool_ else True
    view[...] = kept
    return clean


def same_bits(a: Array, b: Array) -> bool:
    """Equal bit for bit; any NaN equals any NaN (semantics E5)."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    integers = f"u{a.dtype.itemsize}"
    equal = np.ascontiguousarray(a).view(integers) == np.ascontiguousarray(b).view(integers)
    return bool(np.all(equal | (np.isnan(a) & np.isnan(b))))


def first_difference(a: Array, b: Array) -> str:
    """Where two arrays differ first, in words."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return f"{a.dtype}{list(a.shape)} and {b.dtype}{list(b.shape)}"
    for place in np.ndindex(a.shape):
        if not same_bits(a[place].reshape(1), b[place].reshape(1)):
            total = sum(
                not same_bits(a[other].reshape(1), b[other].reshape(1)) for other in np.ndindex(a.shape)
            )
            return f"at {list(place)} {a[place]!r} and {b[place]!r}; {total} of {a.size} differ"
    return "nowhere"


def shapes_of(texts: Sequence[str], sizes: Mapping[str, int]) -> tuple[int, ...]:
    """Extents in text at sizes."""
    return tuple(int(eval(text, {"__builtins__": {}}, dict(sizes))) for text in texts)  # the text is ours
