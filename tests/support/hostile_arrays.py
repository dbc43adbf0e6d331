"""Arrays of hostile calls: values in; a copy of them out, laid out oddly in a buffer with room around it, or disguised.

Every array lies in a buffer of its own, so that all bytes around it can be compared after the call.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.support.hostile_choices import Choices


@dataclass
class Placed:
    """An array inside a buffer of its own, with the buffer's bytes before the call."""

    array: np.ndarray
    buffer: np.ndarray
    before: bytes = b""


def place(draw: Choices, values: np.ndarray, plain: bool) -> Placed:
    """A copy of `values` somewhere, in some layout."""
    itemsize, shape = values.itemsize, values.shape
    order = list(range(values.ndim))
    if not plain and draw.chance(50):
        draw.shuffle(order)
    strides = [0] * values.ndim
    reach = itemsize
    for dim in reversed(order):
        gap = 0 if plain or draw.chance(60) else draw.choice((1, itemsize, 3 * itemsize, 13))
        strides[dim] = reach + gap
        reach = strides[dim] * max(1, shape[dim])
    start = 64
    if not plain:
        start += draw.choice((0, 0, 0, 1, 3, itemsize))
        for dim in range(values.ndim):
            if shape[dim] and draw.chance(25):
                start += strides[dim] * (shape[dim] - 1)
                strides[dim] = -strides[dim]
    buffer = np.frombuffer(bytearray(draw.contents().randbytes(reach + 192)), np.uint8)
    array = np.ndarray(shape, values.dtype, buffer, start, strides)
    array[...] = values
    return Placed(array, buffer)


class Dlpack:
    """Another library's array: all it offers is DLPack."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def __dlpack__(self, **keywords: object) -> object:
        return self._array.__dlpack__(**keywords)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._array.__dlpack_device__()


class Interfaced:
    """Another library's array: all it offers is `__array_interface__`."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array
        self.__array_interface__ = array.__array_interface__


class Subclass(np.ndarray):
    """NumPy's array with another type."""


def disguise(draw: Choices, array: np.ndarray) -> object:
    """The same memory as another object."""
    kind = draw.randrange(6)
    exportable = array.size and all(stride % array.itemsize == 0 for stride in array.strides)
    if kind == 5 and exportable and array.flags.writeable:
        return Dlpack(array)
    if kind == 1:
        return Interfaced(array)
    if kind == 2:
        return array.view(Subclass)
    if kind == 3 and array.size and array.dtype != np.dtype("float16"):
        return memoryview(array)
    if kind == 4:
        return array.view(np.dtype(array.dtype, metadata={"unit": "m"}))
    return array


def values_for(draw: Choices, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    count, drawn = int(np.prod(shape)), draw.contents()
    if dtype == "bool":  # any byte but 0 is true
        raw = np.array([drawn.choice((0, 0, 1, 1, 2, 255)) for _ in range(count)], np.uint8)
        return raw.view(np.bool_).reshape(shape)
    if dtype.startswith("float"):
        special = (0.0, -0.0, np.inf, np.nan, 1e-40)
        values = [
            drawn.choice(special) if drawn.random() < 0.03 else drawn.randint(-50, 50) / 4
            for _ in range(count)
        ]
        return np.array(values, dtype).reshape(shape)
    limits = np.iinfo(dtype)
    return np.array([drawn.randint(limits.min, limits.max) for _ in range(count)], dtype).reshape(shape)
