"""D3: round is to even; floor, ceil, trunc keep the dtype; sign(NaN) is NaN; integer powers are literal."""

import numpy as np
import pytest

import tdsl as td
from tdsl.fuzzing.arrays import same_bits

VALUES = [
    0.5,
    1.5,
    2.5,
    -0.5,
    -1.5,
    0.49999997,
    8388607.5,
    1e30,
    -0.0,
    0.0,
    np.inf,
    -np.inf,
    np.nan,
    3.7,
    -3.7,
]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats(dtype):
    n = td.size("n")
    x = td.placeholder("x", (n,), dtype)
    functions = [td.round, td.floor, td.ceil, td.trunc, td.abs, td.sign]
    z = td.compute(tuple("abcdef"), (n,), lambda i: tuple(f(x[i]) for f in functions))
    assert all(tensor.dtype.name == dtype for tensor in z)
    with np.errstate(over="ignore", invalid="ignore"):
        a = np.array(VALUES, dtype)
        wanted = [np.rint(a), np.floor(a), np.ceil(a), np.trunc(a), np.abs(a), np.sign(a)]
    for schedule in (td.schedule(*z), td.schedule(*z).vectorize(z[0], "i", 8)):
        for got, want, name in zip(
            td.build(schedule)(a), wanted, ["round", "floor", "ceil", "trunc", "abs", "sign"]
        ):
            assert same_bits(got, want) or (name == "sign" and np.array_equal(got, want, equal_nan=True)), (
                name
            )


def test_integers_are_whole():
    x = td.placeholder("x", (3,), "int16")
    for f in (td.round, td.floor, td.ceil, td.trunc):
        assert f(x[0]).node is x[0].node and f(x[0]).dtype.name == "int16"
    signs = td.compute("s", (3,), lambda i: td.sign(x[i]))
    assert td.build(td.schedule(signs))(np.int16([-5, 0, 9])).tolist() == [-1, 0, 1]


def test_powers():
    x = td.placeholder("x", (3,), "int32")
    y = td.compute("y", (3,), lambda i: x[i] ** 3 + x[i] ** 0)
    a = np.int32([-2, 7, 2000])
    assert np.array_equal(td.build(td.schedule(y))(a), a * a * a + 1)
    for exponent in (-1, x[0], 2.5):
        with pytest.raises(td.DTypeError):
            x[0] ** exponent
