"""Values of bfloat16, fp8 and tfloat32 on arrays against the exact account of single values in `dtypes.py`."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdsl.dtypes import DTYPES, bits_of, value_of
from tdsl.expr.narrow_floats import decoded, encoded, held, is_array_of, is_held, kept, rounded

HELD = [name for name, dtype in DTYPES.items() if is_held(dtype)]


def test_what_numpy_lacks_is_held_in_float32():
    assert HELD == ["bfloat16", "float8_e4m3fn", "float8_e5m2", "tfloat32"]
    assert held(DTYPES["bfloat16"]) == np.float32 and held(DTYPES["float16"]) == np.float16


@pytest.mark.parametrize("name", [*HELD[:3], "float16"])
def test_every_pattern_there_and_back(name):
    dtype = DTYPES[name]
    patterns = np.arange(1 << dtype.bits, dtype=f"u{dtype.bytes}")
    with np.errstate(invalid="ignore"):
        values = decoded(patterns, dtype).astype(np.float64)
    want = np.array([value_of(int(bits), dtype) for bits in patterns])
    assert np.array_equal(values, want, equal_nan=True)
    assert np.array_equal(np.signbit(values[want == 0]), np.signbit(want[want == 0]))
    number = ~np.isnan(want)
    back = encoded(decoded(patterns, dtype), dtype)
    assert np.array_equal(back[number], patterns[number])
    if is_held(dtype):
        assert set(back[~number].tolist()) == {bits_of(math.nan, dtype)}


@pytest.mark.parametrize("name", [*HELD, "float16"])
@given(data=st.data())
def test_rounding(name, data):
    dtype = DTYPES[name]
    low = 1 << 40 if dtype.bits == 32 else 1
    near = st.integers(0, (1 << dtype.bits) - 1).map(lambda bits: float(value_of(bits, dtype)))
    scaled = st.builds(lambda x, e: x * (1 + e * 2.0**-40), near, st.integers(-low, low))
    floats = data.draw(st.lists(st.floats() | near | scaled, min_size=1, max_size=20))
    whole = data.draw(st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1, max_size=20))
    for values, kind in ((floats, np.float64), (whole, np.int64)):
        got = encoded(rounded(np.array(values, kind), dtype), dtype)
        for bits, value in zip(got, values, strict=True):
            assert int(bits) == bits_of(value, dtype) or value != value


def test_integers_beyond_float64_round_once():
    """2**62 + 2**54 is a tie between two bfloat16 that the next integers are not; float64 does not tell them apart."""
    tie = (1 << 62) + (1 << 54)
    got = rounded(np.array([tie - 1, tie, tie + 1, -tie - 1]), DTYPES["bfloat16"])
    assert got.tolist() == [2.0**62, 2.0**62, 2.0**62 + 2.0**55, -(2.0**62) - 2.0**55]


def test_arrays_of_the_held_form_are_taken_as_they_are():
    single = np.ones(3, np.float32)
    assert is_array_of(single, DTYPES["bfloat16"]) and kept(single, DTYPES["bfloat16"]) is single
    assert not is_array_of(np.ones(3, np.float16), DTYPES["bfloat16"])


class Extension:
    """What an array of ml_dtypes' bfloat16 looks like from outside."""

    dtype = SimpleNamespace(name="bfloat16")

    def astype(self, kind):
        return np.array([1.5, -2.0], kind)


def test_arrays_of_an_extension_are_copied():
    assert is_array_of(Extension(), DTYPES["bfloat16"]) and not is_array_of(Extension(), DTYPES["float32"])
    copy = kept(Extension(), DTYPES["bfloat16"])
    assert copy.dtype == np.float32 and copy.tolist() == [1.5, -2.0]
