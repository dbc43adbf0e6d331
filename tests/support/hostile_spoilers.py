"""Ways to make a right call wrong, each one a thing that must be refused: a call in; the same call, spoilt, out.

A way that cannot be had in a call (no scalar to spoil, no output given) leaves it as it is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.support.hostile_choices import Choices
from tests.support.hostile_draws import Call


def spoil(draw: Choices, call: Call) -> None:
    """One thing that must be refused, where it can be had in this call."""
    indexed = bool(call.subject.ranges(call.sizes)) and draw.chance(60)
    name, change = ("index", _bad_index) if indexed else draw.choice(SPOILERS)
    if change(draw, call):
        call.wrong.append(name)


def _some_array(draw: Choices, call: Call) -> tuple[int, np.ndarray] | None:
    return draw.choice(list(call.arrays.items())) if call.arrays else None


def _replace(change: Callable[[Choices, np.ndarray], object]) -> Callable[[Choices, Call], bool]:
    def apply(draw: Choices, call: Call) -> bool:
        found = _some_array(draw, call)
        if found is None or found[0] >= len(call.args):
            return False
        made = change(draw, found[1])
        if made is None:
            return False
        call.args[found[0]] = made
        return True

    return apply


def _other_dtype(draw: Choices, array: np.ndarray) -> object:
    others = [
        "float16",
        "float32",
        "float64",
        "int8",
        "int64",
        "uint32",
        "bool",
        "complex64",
        "O",
        "S3",
        "M8[s]",
        "V8",
    ]
    dtype = np.dtype(draw.choice(others))
    return None if dtype == array.dtype else np.zeros(array.shape, dtype)


def _swapped(draw: Choices, array: np.ndarray) -> object:
    return array.astype(array.dtype.newbyteorder()) if array.itemsize > 1 else None


def _other_rank(draw: Choices, array: np.ndarray) -> object:
    if array.ndim == 0 or draw.chance(50):
        return array[None]
    return np.zeros(array.shape[1:], array.dtype)


def _no_array(draw: Choices, array: np.ndarray) -> object:
    return draw.choice((None, 3, "array", "", [1.0], object(), array.tolist(), Ellipsis, type(array), {}, 1j))


class Liar:
    """Says that it is an array, and then gives none."""

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def __dlpack__(self, **keywords: object) -> object:
        if isinstance(self._answer, BaseException):
            raise self._answer
        return self._answer

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


class Impostor:
    """Has an `__array_interface__` that describes nothing."""

    def __init__(self, interface: object) -> None:
        self.__array_interface__ = interface


def _liar(draw: Choices, array: np.ndarray) -> object:
    whole = array.__array_interface__
    return draw.choice((
        Liar(BufferError("elsewhere")), Liar(RuntimeError()), Liar(TypeError("no")), Liar(None), Liar(3), Liar(array),
        Impostor(None), Impostor({}), Impostor(3), Impostor({**whole, "typestr": "?9"}),
        Impostor({**whole, "shape": (-1,)}), Impostor({**whole, "shape": None}), Impostor({**whole, "data": "x"}),
        Impostor({**whole, "strides": (1,) * (array.ndim + 1)}), Impostor({**whole, "version": 2, "typestr": b""}),
        Liar, Impostor,
    ))  # fmt: skip


def _masked(draw: Choices, array: np.ndarray) -> object:
    return np.ma.masked_array(array, mask=np.zeros(array.shape, bool))


def _structured(draw: Choices, array: np.ndarray) -> object:
    return np.zeros(array.shape, [("a", array.dtype)])


def _huge(draw: Choices, array: np.ndarray) -> object:
    if array.ndim == 0 or array.dtype == np.dtype(bool):
        return None
    shape = list(array.shape)
    shape[draw.randrange(array.ndim)] = draw.choice((2**47, 2**62 // max(1, array.itemsize), 2**50))
    try:
        return np.broadcast_to(np.zeros((1,) * array.ndim, array.dtype), shape)
    except ValueError:
        return None


def _wrong_extent(draw: Choices, call: Call) -> bool:
    """Another extent in one dimension: wrong where another array or a constant says what it is."""
    if "extent" in call.wrong or call.subject.name not in ("scale", "product", "affine", "bools", "point"):
        return False
    position, array = draw.choice(list(call.arrays.items()))
    if array.ndim == 0 or position >= len(call.args):
        return False
    dim = draw.randrange(array.ndim)
    if call.subject.name == "product" and (position, dim) in ((0, 0), (1, 1)):
        return False  # binds a size of its own
    longer = np.zeros([n + (d == dim) for d, n in enumerate(array.shape)], array.dtype)
    call.args[position] = longer
    return True


def _out_array(make: Callable[[Choices, Call, int], object]) -> Callable[[Choices, Call], bool]:
    def apply(draw: Choices, call: Call) -> bool:
        if call.outputs is None:
            return False
        place_ = draw.randrange(len(call.outputs))
        made = make(draw, call, place_)
        if made is None:
            return False
        given = list(call.out) if isinstance(call.out, tuple | list) else [call.out]
        given[place_] = made
        call.out = given[0] if len(given) == 1 else tuple(given)
        return True

    return apply


def _frozen_out(draw: Choices, call: Call, at: int) -> object:
    view = call.outputs[at].view()
    view.flags.writeable = False
    return view


def _other_shape_out(draw: Choices, call: Call, at: int) -> object:
    shape = call.outputs[at].shape
    return (
        np.zeros((*shape[:-1], shape[-1] + 1), call.outputs[at].dtype)
        if shape
        else np.zeros(1, call.outputs[at].dtype)
    )


def _other_dtype_out(draw: Choices, call: Call, at: int) -> object:
    return _other_dtype(draw, call.outputs[at])


def _scalar_out(draw: Choices, call: Call, at: int) -> object:
    return draw.choice((3, "x", call.outputs[at].dtype.type(0), b"bytes"))


def _self_overlapping_out(draw: Choices, call: Call, at: int) -> object:
    out = call.outputs[at]
    dims = [dim for dim, extent in enumerate(out.shape) if extent > 1]
    if not dims or out.size == 0:
        return None
    strides = list(out.strides)
    strides[draw.choice(dims)] = draw.choice((0, 1)) if out.itemsize > 1 else 0
    return np.lib.stride_tricks.as_strided(out, strides=strides)


def _overlapping_out(draw: Choices, call: Call, at: int) -> object:
    """An output whose bytes meet those of an input (never the same array: that may be allowed)."""
    out = call.outputs[at]
    sources = [array for array in call.arrays.values() if array.size and array.flags.writeable]
    if out.size == 0 or not sources:
        return None
    source = draw.choice(sources)
    low, high = np.lib.array_utils.byte_bounds(source)
    if high - low < source.size * source.itemsize:
        return None  # a broadcast input
    for one in call.placed:
        start = one.buffer.ctypes.data
        if start <= low and high <= start + one.buffer.nbytes:
            offset = low - start + draw.choice((0, 1, -1)) * (high - low > 2)
            if out.size * out.itemsize + max(0, offset) > one.buffer.nbytes or offset < 0:
                return None
            made = np.ndarray(out.shape, out.dtype, one.buffer, offset)
            return made if np.shares_memory(made, source) and not _same(made, source) else None
    return None


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and one.dtype == other.dtype and one.ctypes.data == other.ctypes.data


def _twice_out(draw: Choices, call: Call) -> bool:
    if call.outputs is None or len(call.outputs) < 2 or call.subject.name != "two outputs":
        return False
    first = call.outputs[0]
    if first.shape[0] == 0 or first.shape[1] == 0:
        return False
    call.out = (first, first[0])
    return True


def _too_few(draw: Choices, call: Call) -> bool:
    if len(call.args) != len(call.subject.dtypes):
        return False
    call.args = call.args[:-1]
    return True


def _too_many(draw: Choices, call: Call) -> bool:
    if len(call.args) != len(call.subject.dtypes):
        return False
    call.args = [*call.args, call.args[0]]
    return True


def _bad_keyword(draw: Choices, call: Call) -> bool:
    call.keywords[draw.choice(("outt", "self", "n_", "args", "Out"))] = 3
    return True


def _bad_size(draw: Choices, call: Call) -> bool:
    if not call.sizes:
        return False
    name = draw.choice(list(call.sizes))
    wrong = [-1, "3", 2.0, None, True, 2**47, 2**200, np.array([1]), np.float32(1)]
    if name not in call.subject.keywords:
        wrong.append(call.sizes[name] + 1)
    call.keywords[name] = draw.choice(wrong)
    return True


def _broken_fact(draw: Choices, call: Call) -> bool:
    """n <= m, n % 3 == 0 and m >= 2 are declared."""
    if call.subject.name != "facts" or len(call.args) != 2 or call.keywords:
        return False
    n, m = draw.choice(((6, 5), (4, 9), (0, 1), (3, 2), (0, 0)))
    call.args = [np.zeros(n, np.float32), np.zeros(m, np.float32)]
    return True


def _missing_size(draw: Choices, call: Call) -> bool:
    if call.outputs is not None or not set(call.subject.keywords) & set(call.keywords):
        return False
    call.keywords.pop(call.subject.keywords[0])
    return True


def _bad_scalar(draw: Choices, call: Call) -> bool:
    places = [at for at in range(len(call.subject.dtypes)) if at not in call.arrays and at < len(call.args)]
    if not places:
        return False
    at = draw.choice(places)
    dtype = call.subject.dtypes[at]
    wrong: list[object] = ["1", None, 1j, [1], np.zeros(1), np.complex64(1), object()]
    if not dtype.startswith("float"):
        wrong += [0.5, np.float32(1), 2**70, -(2**70), np.float64("nan")]
    else:
        wrong += [10**400]
    if dtype == "bool":
        wrong += [0, 1, 2]
    call.args[at] = draw.choice(wrong)
    return True


def _bad_index(draw: Choices, call: Call) -> bool:
    ranges = call.subject.ranges(call.sizes)
    for at, (low, high) in ranges.items():
        array, dtype = call.arrays[at], np.iinfo(call.subject.dtypes[at])
        # The first values outside come twice: what is off by one lets only these pass.
        outside = (high, low - 1, high, low - 1, dtype.min, dtype.max)
        wrong = [value for value in outside if not low <= value < high]
        wrong = [value for value in wrong if dtype.min <= value <= dtype.max]
        if array.size and wrong and array.flags.writeable:
            array.flat[draw.randrange(array.size)] = draw.choice(wrong)
            return True
    return False


SPOILERS: tuple[tuple[str, Callable[[Choices, Call], bool]], ...] = (
    ("dtype", _replace(_other_dtype)), ("byte order", _replace(_swapped)), ("rank", _replace(_other_rank)),
    ("no array", _replace(_no_array)), ("a liar", _replace(_liar)), ("masked", _replace(_masked)),
    ("structured", _replace(_structured)),
    ("huge", _replace(_huge)), ("extent", _wrong_extent),
    ("frozen out", _out_array(_frozen_out)), ("shape of out", _out_array(_other_shape_out)),
    ("dtype of out", _out_array(_other_dtype_out)), ("no out", _out_array(_scalar_out)),
    ("out overlaps itself", _out_array(_self_overlapping_out)), ("overlap", _out_array(_overlapping_out)),
    ("overlap", _out_array(_overlapping_out)), ("out twice", _twice_out),
    ("too few", _too_few), ("too many", _too_many), ("keyword", _bad_keyword), ("size", _bad_size),
    ("fact", _broken_fact), ("size missing", _missing_size), ("scalar", _bad_scalar),
    ("index", _bad_index),
)  # fmt: skip
