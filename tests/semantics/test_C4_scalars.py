"""C4: params take Python and NumPy scalars: integers and bools without loss, floats rounded to nearest even."""

import functools
import math

import numpy as np
import pytest

import tdsl as td


@functools.cache
def kernel(dtype):
    """Writes its scalar into an array."""
    value = td.param("value", dtype)
    return td.build(td.schedule(td.compute("y", (td.size("n"),), lambda i: value)))


def passed(dtype, value):
    f = kernel(dtype)
    first, second = f(value, n=1), f._call(value, n=1)
    assert first.tobytes() == second.tobytes() and first.dtype == np.dtype(dtype)
    return first[0]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_integers_without_loss(dtype):
    limits = np.iinfo(dtype)
    for value in (
        limits.min,
        limits.max,
        0,
        1,
        True,
        np.bool_(True),
        np.dtype(dtype).type(limits.max),
        np.int8(5),
    ):
        assert passed(dtype, value) == int(value)
    for value in (limits.min - 1, limits.max + 1, 2**200, -(2**200)):
        with pytest.raises(td.CallTypeError, match=f"C111: value is .*, which {dtype} cannot hold"):
            passed(dtype, value)
    for value in (1.0, np.float32(1), "1", None, 1j, np.zeros(()), [1]):
        with pytest.raises(td.CallTypeError, match=f"C111: value is .*, expected a scalar of {dtype}"):
            passed(dtype, value)


def test_bools():
    for value in (True, False, np.True_, np.False_):
        assert passed("bool", value) == bool(value)
    for value in (0, 1, 0.0, "True", np.int8(1)):
        with pytest.raises(td.CallTypeError, match="C111"):
            passed("bool", value)


HALFWAY = 1 + 2.0**-24  # between two float32; the even one is 1
FLOATS = [0.1, -0.0, 1e-45, 7e-46, 1e-50, 3.4028235677973366e38, 3.4028235e38, 1e300, -1e300, math.inf, HALFWAY, 5, -7, True,
          2**53 + 1, 2**54 + 3, (1 << 60) + (1 << 36) + 1, np.float16(0.1), np.float32(0.1), np.float64(0.1), np.int64(3)]  # fmt: skip  # noqa: E501


@pytest.mark.parametrize("value", FLOATS)
def test_floats_are_rounded_once(value):
    with np.errstate(all="ignore"):
        exact = int(value) if isinstance(value, int | np.integer) else float(value)
        assert passed("float64", value) == float(exact)
        if not isinstance(exact, int):
            assert passed("float32", value).tobytes() == np.float64(exact).astype(np.float32).tobytes()


def test_an_integer_is_rounded_once_too():
    """float64 would round 2**60 + 2**36 + 1 down to a tie, which float32 then rounds down; the nearest is above."""
    assert passed("float32", (1 << 60) + (1 << 36) + 1) == np.float32((1 << 60) + (1 << 37))


def test_nan():
    assert math.isnan(passed("float32", math.nan)) and math.isnan(passed("float64", np.float32("nan")))


def test_integers_that_no_float_holds():
    for value in (10**400, -(10**400), 2**128):
        with pytest.raises(
            td.CallTypeError, match="C111: value is an integer of .* bits, which float32 cannot hold"
        ):
            passed("float32", value)
