"""Hostile calls: a seed in; a call that is right or wrong in known ways, made, and judged. Run under a watchdog.

A right call is drawn first. Then arrays are laid out in odd ways that must not matter (strides of any sign, gaps, odd
byte addresses, broadcasts, read-only inputs, other libraries' wrappers), and perhaps things are made wrong, in ways that
must be refused. Every array lies in a buffer with room around it; after the call all bytes of all buffers are compared with
what they should be. The same call by the Python way must say the same.

    python -m tests.support.hostile_calls CALLS SEED
"""

from __future__ import annotations

import random
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

import tdsl as td
from tests.support.hostile_kernels import SUBJECTS, Sizes, Subject

NOT_NOW = (MemoryError,)


# ---------------------------------------------------------------- arrays
@dataclass
class Placed:
    """An array inside a buffer of its own, with the buffer's bytes before the call."""

    array: np.ndarray
    buffer: np.ndarray
    before: bytes = b""


def place(draw: random.Random, values: np.ndarray, plain: bool) -> Placed:
    """A copy of `values` somewhere, in some layout."""
    itemsize, shape = values.itemsize, values.shape
    order = list(range(values.ndim))
    if not plain and draw.random() < 0.5:
        draw.shuffle(order)
    strides = [0] * values.ndim
    reach = itemsize
    for dim in reversed(order):
        gap = 0 if plain or draw.random() < 0.6 else draw.choice((1, itemsize, 3 * itemsize, 13))
        strides[dim] = reach + gap
        reach = strides[dim] * max(1, shape[dim])
    start = 64
    if not plain:
        start += draw.choice((0, 0, 0, 1, 3, itemsize))
        for dim in range(values.ndim):
            if shape[dim] and draw.random() < 0.25:
                start += strides[dim] * (shape[dim] - 1)
                strides[dim] = -strides[dim]
    buffer = np.frombuffer(bytearray(draw.randbytes(reach + 192)), np.uint8)
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


def disguise(draw: random.Random, array: np.ndarray) -> object:
    """The same memory as another object."""
    kind = draw.randrange(5)
    exportable = array.size and all(stride % array.itemsize == 0 for stride in array.strides)
    if kind == 0 and exportable and array.flags.writeable:
        return Dlpack(array)
    if kind == 1:
        return Interfaced(array)
    if kind == 2:
        return array.view(Subclass)
    if kind == 3 and array.size and array.dtype != np.dtype("float16"):
        return memoryview(array)
    return array


def values_for(draw: random.Random, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    count = int(np.prod(shape))
    if dtype == "bool":  # any byte but 0 is true
        raw = np.array([draw.choice((0, 0, 1, 1, 2, 255)) for _ in range(count)], np.uint8)
        return raw.view(np.bool_).reshape(shape)
    if dtype.startswith("float"):
        special = (0.0, -0.0, np.inf, np.nan, 1e-40)
        drawn = [
            draw.choice(special) if draw.random() < 0.03 else draw.randint(-50, 50) / 4 for _ in range(count)
        ]
        return np.array(drawn, dtype).reshape(shape)
    limits = np.iinfo(dtype)
    return np.array([draw.randint(limits.min, limits.max) for _ in range(count)], dtype).reshape(shape)


# ---------------------------------------------------------------- one call
@dataclass
class Call:
    """A call being made up. wrong: what was made wrong; empty while the call is right."""

    subject: Subject
    kernel: td.Kernel
    sizes: Sizes
    args: list[object]
    arrays: dict[int, np.ndarray]
    outputs: list[np.ndarray] | None
    out: object = None
    keywords: dict[str, object] = field(default_factory=dict)
    placed: list[Placed] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def draw_call(draw: random.Random, subject: Subject, kernel: td.Kernel) -> Call:
    sizes = subject.sizes(draw)
    ranges = subject.ranges(sizes)
    args: list[object] = []
    arrays: dict[int, np.ndarray] = {}
    placed: list[Placed] = []
    plain = draw.random() < 0.3
    for position, (shape, dtype) in enumerate(zip(subject.shapes(sizes), subject.dtypes, strict=True)):
        if shape is None:
            args.append(draw_scalar(draw, dtype))
            continue
        values = values_for(draw, shape, dtype)
        if position in ranges:
            low, high = ranges[position]
            high = min(high, 1 + np.iinfo(dtype).max)
            values = np.array([draw.randrange(low, high) for _ in range(values.size)], dtype).reshape(shape)
        one = place(draw, values, plain)
        if not plain and draw.random() < 0.1 and values.ndim and position not in ranges:
            # broadcasting along one dimension: the values repeat
            one.array = np.broadcast_to(one.array[:1], one.array.shape) if shape[0] else one.array
        placed.append(one)
        arrays[position] = one.array
        args.append(one.array)
    call = Call(subject, kernel, sizes, args, arrays, None, placed=placed)
    call.keywords = {name: sizes[name] for name in subject.keywords}
    if draw.random() < 0.2:
        call.keywords |= {name: sizes[name] for name in sizes if draw.random() < 0.5}
    if draw.random() < 0.6:
        draw_outputs(draw, call, plain)
    if not plain:
        freeze_and_disguise(draw, call)
    return call


def draw_scalar(draw: random.Random, dtype: str) -> object:
    if dtype == "bool":
        return draw.choice((True, False, np.True_, np.False_))
    if dtype.startswith("float"):
        return draw.choice(
            (0.5, 3, -1e300, True, np.float32(2.5), np.float64(0.1), 10**30, float("nan"), 2**53 + 1)
        )
    limits = np.iinfo(dtype)
    value = draw.choice((int(limits.min), int(limits.max), 0, 1))
    return draw.choice((value, np.dtype(dtype).type(value)))


def expected(call: Call) -> tuple[np.ndarray, ...]:
    given = [np.array(one) if isinstance(one, np.ndarray) else one for one in originals(call)]
    with np.errstate(all="ignore"):
        return call.subject.reference(*given, **{name: call.sizes[name] for name in call.subject.keywords})


def originals(call: Call) -> list[object]:
    """The arguments before they were disguised or spoilt, scalars as their dtype has them."""
    values: list[object] = []
    for position, (argument, dtype) in enumerate(zip(call.args, call.subject.dtypes, strict=False)):
        if position in call.arrays:
            values.append(call.arrays[position])
        elif dtype == "float32":
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                values.append(np.float64(argument).astype(np.float32))
        else:
            values.append(argument)
    return values


def draw_outputs(draw: random.Random, call: Call, plain: bool) -> None:
    results = expected(call)
    outputs: list[np.ndarray] = []
    for result, argument in zip(results, call.kernel.interface.outputs, strict=True):
        itself = _an_input(draw, call, result, argument.name)
        if itself is not None:
            outputs.append(itself)
            continue
        blank = values_for(draw, result.shape, argument.dtype)
        one = place(draw, blank, plain)
        call.placed.append(one)
        outputs.append(one.array)
    call.outputs = outputs
    call.out = outputs[0] if len(outputs) == 1 else draw.choice((tuple, list))(outputs)


def _an_input(draw: random.Random, call: Call, result: np.ndarray, name: str) -> np.ndarray | None:
    """An input to be passed as `out=` itself: right where the build proved that safe."""
    alike = [
        at
        for at, array in call.arrays.items()
        if array.size
        and array.shape == result.shape
        and array.dtype == result.dtype
        and array.flags.writeable
    ]
    if not alike or draw.random() < 0.8:
        return None
    at = draw.choice(alike)
    if name not in call.kernel.inplace.get(call.kernel.interface.inputs[at].name, ()):
        call.wrong.append("input as out")
    return call.arrays[at]


def freeze_and_disguise(draw: random.Random, call: Call) -> None:
    for position, array in call.arrays.items():
        if draw.random() < 0.2 and not any(array is each for each in call.outputs or ()):
            array.flags.writeable = False
        if draw.random() < 0.25:
            call.args[position] = disguise(draw, array)
    if call.outputs is not None and draw.random() < 0.2:
        shown = [disguise(draw, one) for one in call.outputs]
        call.out = shown[0] if len(shown) == 1 else tuple(shown)


# ---------------------------------------------------------------- making it wrong
def spoil(draw: random.Random, call: Call) -> None:
    """One thing that must be refused, where it can be had in this call."""
    name, change = draw.choice(SPOILERS)
    if change(draw, call):
        call.wrong.append(name)


def _some_array(draw: random.Random, call: Call) -> tuple[int, np.ndarray] | None:
    return draw.choice(list(call.arrays.items())) if call.arrays else None


def _replace(change: Callable[[random.Random, np.ndarray], object]) -> Callable[[random.Random, Call], bool]:
    def apply(draw: random.Random, call: Call) -> bool:
        found = _some_array(draw, call)
        if found is None or found[0] >= len(call.args):
            return False
        made = change(draw, found[1])
        if made is None:
            return False
        call.args[found[0]] = made
        return True

    return apply


def _other_dtype(draw: random.Random, array: np.ndarray) -> object:
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


def _swapped(draw: random.Random, array: np.ndarray) -> object:
    return array.astype(array.dtype.newbyteorder()) if array.itemsize > 1 else None


def _other_rank(draw: random.Random, array: np.ndarray) -> object:
    if array.ndim == 0 or draw.random() < 0.5:
        return array[None]
    return np.zeros(array.shape[1:], array.dtype)


def _no_array(draw: random.Random, array: np.ndarray) -> object:
    return draw.choice((None, 3, "array", "", [1.0], object(), array.tolist(), Ellipsis, type(array), {}, 1j))


def _masked(draw: random.Random, array: np.ndarray) -> object:
    return np.ma.masked_array(array, mask=np.zeros(array.shape, bool))


def _structured(draw: random.Random, array: np.ndarray) -> object:
    return np.zeros(array.shape, [("a", array.dtype)])


def _huge(draw: random.Random, array: np.ndarray) -> object:
    if array.ndim == 0 or array.dtype == np.dtype(bool):
        return None
    shape = list(array.shape)
    shape[draw.randrange(array.ndim)] = draw.choice((2**47, 2**62 // max(1, array.itemsize), 2**50))
    try:
        return np.broadcast_to(np.zeros((1,) * array.ndim, array.dtype), shape)
    except ValueError:
        return None


def _wrong_extent(draw: random.Random, call: Call) -> bool:
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


def _out_array(make: Callable[[random.Random, Call, int], object]) -> Callable[[random.Random, Call], bool]:
    def apply(draw: random.Random, call: Call) -> bool:
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


def _frozen_out(draw: random.Random, call: Call, at: int) -> object:
    view = call.outputs[at].view()
    view.flags.writeable = False
    return view


def _other_shape_out(draw: random.Random, call: Call, at: int) -> object:
    shape = call.outputs[at].shape
    return (
        np.zeros((*shape[:-1], shape[-1] + 1), call.outputs[at].dtype)
        if shape
        else np.zeros(1, call.outputs[at].dtype)
    )


def _other_dtype_out(draw: random.Random, call: Call, at: int) -> object:
    return _other_dtype(draw, call.outputs[at])


def _scalar_out(draw: random.Random, call: Call, at: int) -> object:
    return draw.choice((3, "x", call.outputs[at].dtype.type(0), b"bytes"))


def _self_overlapping_out(draw: random.Random, call: Call, at: int) -> object:
    out = call.outputs[at]
    dims = [dim for dim, extent in enumerate(out.shape) if extent > 1]
    if not dims or out.size == 0:
        return None
    strides = list(out.strides)
    strides[draw.choice(dims)] = draw.choice((0, 1)) if out.itemsize > 1 else 0
    return np.lib.stride_tricks.as_strided(out, strides=strides)


def _overlapping_out(draw: random.Random, call: Call, at: int) -> object:
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


def _twice_out(draw: random.Random, call: Call) -> bool:
    if call.outputs is None or len(call.outputs) < 2 or call.subject.name != "two outputs":
        return False
    first = call.outputs[0]
    if first.shape[0] == 0 or first.shape[1] == 0:
        return False
    call.out = (first, first[0])
    return True


def _too_few(draw: random.Random, call: Call) -> bool:
    if len(call.args) != len(call.subject.dtypes):
        return False
    call.args = call.args[:-1]
    return True


def _too_many(draw: random.Random, call: Call) -> bool:
    if len(call.args) != len(call.subject.dtypes):
        return False
    call.args = [*call.args, call.args[0]]
    return True


def _bad_keyword(draw: random.Random, call: Call) -> bool:
    call.keywords[draw.choice(("outt", "self", "n_", "args", "Out"))] = 3
    return True


def _bad_size(draw: random.Random, call: Call) -> bool:
    if not call.sizes:
        return False
    name = draw.choice(list(call.sizes))
    wrong = [-1, "3", 2.0, None, True, 2**47, 2**200, np.array([1]), np.float32(1)]
    if name not in call.subject.keywords:
        wrong.append(call.sizes[name] + 1)
    call.keywords[name] = draw.choice(wrong)
    return True


def _broken_fact(draw: random.Random, call: Call) -> bool:
    """n <= m, n % 3 == 0 and m >= 2 are declared."""
    if call.subject.name != "facts" or len(call.args) != 2 or call.keywords:
        return False
    n, m = draw.choice(((6, 5), (4, 9), (0, 1), (3, 2), (0, 0)))
    call.args = [np.zeros(n, np.float32), np.zeros(m, np.float32)]
    return True


def _missing_size(draw: random.Random, call: Call) -> bool:
    if call.outputs is not None or not set(call.subject.keywords) & set(call.keywords):
        return False
    call.keywords.pop(call.subject.keywords[0])
    return True


def _bad_scalar(draw: random.Random, call: Call) -> bool:
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


def _bad_index(draw: random.Random, call: Call) -> bool:
    ranges = call.subject.ranges(call.sizes)
    for at, (low, high) in ranges.items():
        array, dtype = call.arrays[at], np.iinfo(call.subject.dtypes[at])
        wrong = [value for value in (low - 1, high, dtype.min, dtype.max) if not low <= value < high]
        wrong = [value for value in wrong if dtype.min <= value <= dtype.max]
        if array.size and wrong and array.flags.writeable:
            array.flat[draw.randrange(array.size)] = draw.choice(wrong)
            return True
    return False


SPOILERS: tuple[tuple[str, Callable[[random.Random, Call], bool]], ...] = (
    ("dtype", _replace(_other_dtype)), ("byte order", _replace(_swapped)), ("rank", _replace(_other_rank)),
    ("no array", _replace(_no_array)), ("masked", _replace(_masked)), ("structured", _replace(_structured)),
    ("huge", _replace(_huge)), ("extent", _wrong_extent),
    ("frozen out", _out_array(_frozen_out)), ("shape of out", _out_array(_other_shape_out)),
    ("dtype of out", _out_array(_other_dtype_out)), ("no out", _out_array(_scalar_out)),
    ("out overlaps itself", _out_array(_self_overlapping_out)), ("overlap", _out_array(_overlapping_out)),
    ("overlap", _out_array(_overlapping_out)), ("out twice", _twice_out),
    ("too few", _too_few), ("too many", _too_many), ("keyword", _bad_keyword), ("size", _bad_size),
    ("fact", _broken_fact), ("size missing", _missing_size), ("scalar", _bad_scalar),
    ("index", _bad_index), ("index", _bad_index),
)  # fmt: skip


# ---------------------------------------------------------------- judging
def judge(draw: random.Random, subject: Subject, kernel: td.Kernel, told: Counter[str]) -> None:
    call = draw_call(draw, subject, kernel)
    while draw.random() < 0.45:
        spoil(draw, call)
    told["wrong" if call.wrong else "right"] += 1
    results = None if call.wrong else expected(call)
    for one in call.placed:
        one.before = one.buffer.tobytes()
    first = attempt(kernel, call)
    check(call, first, results, told)
    for one in call.placed:
        one.buffer[:] = np.frombuffer(one.before, np.uint8)
    second = attempt(kernel._call, call)
    check(call, second, results, told)
    if isinstance(first, Exception) or isinstance(second, Exception):
        assert type(first) is type(second) and str(first) == str(second), (
            f"{first!r} and {second!r}: {call.wrong}"
        )


def attempt(function: Callable[..., object], call: Call) -> object:
    out = {} if call.out is None else {"out": call.out}
    try:
        return function(*call.args, **out, **call.keywords)
    except td.CallError as error:
        return error


def check(call: Call, answer: object, results: tuple[np.ndarray, ...] | None, told: Counter[str]) -> None:
    where = f"{call.subject.name}, {call.sizes}, wrong: {call.wrong}"
    if call.wrong:
        assert isinstance(answer, td.CallError), f"accepted: {where}"
        assert isinstance(answer, TypeError | ValueError | KeyError), where
        assert len(str(answer).splitlines()) <= 10, where
        told[answer.code] += 1
    else:
        assert not isinstance(answer, Exception), f"refused: {where}: {answer}"
        compare(call, answer, results, where)
    for one in call.placed:
        if not call.wrong and call.outputs is not None and any(one.array is each for each in call.outputs):
            continue  # compared below
        assert one.buffer.tobytes() == one.before, f"bytes changed: {where}"


def compare(call: Call, answer: object, results: tuple[np.ndarray, ...], where: str) -> None:
    if call.out is not None:
        assert answer is call.out, where
        found = call.outputs
    else:
        found = list(answer) if isinstance(answer, tuple) else [answer]
    for array, wanted in zip(found, results, strict=True):
        assert array.shape == wanted.shape and array.dtype == wanted.dtype, where
        if call.subject.name == "product":
            np.testing.assert_allclose(array, wanted, rtol=1e-12, atol=1e-9, err_msg=where)
        else:
            np.testing.assert_array_equal(array, wanted, err_msg=where)
    for one in call.placed:  # around the outputs nothing changed
        if call.outputs is not None and any(one.array is each for each in call.outputs):
            after = one.buffer.copy()
            kept = np.ndarray(
                one.array.shape,
                one.array.dtype,
                after,
                one.array.ctypes.data - one.buffer.ctypes.data,
                one.array.strides,
            )
            kept[...] = np.ndarray(
                kept.shape,
                kept.dtype,
                bytearray(one.before),
                one.array.ctypes.data - one.buffer.ctypes.data,
                kept.strides,
            )
            assert after.tobytes() == one.before, f"written outside: {where}"


def main(calls: int, seed: int) -> None:
    kernels = [(subject, subject.build()) for subject in SUBJECTS]
    told: Counter[str] = Counter()
    for number in range(calls):
        draw = random.Random(f"{seed}.{number}")
        subject, kernel = draw.choice(kernels)
        try:
            with np.errstate(all="ignore"):
                judge(draw, subject, kernel, told)
        except BaseException:
            print(f"call {number} of seed {seed}: {subject.name}", file=sys.stderr)
            raise
    print("told", dict(sorted(told.items())))


if __name__ == "__main__":
    import faulthandler

    faulthandler.enable()
    main(int(sys.argv[1]), int(sys.argv[2]))
