"""The public functions: dtypes, errors with the cast to write, whole tensors, the small ones without an expansion."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tdsl as td
from tdsl.expr.printer import text


def run(function, *arrays, lanes=0, dtype=None):
    """A function of elements over arrays, compiled."""
    inputs = [
        td.placeholder(f"x{place}", array.shape, str(array.dtype)) for place, array in enumerate(arrays)
    ]
    y = td.compute("y", arrays[0].shape, lambda i: function(*(x[i] for x in inputs)), dtype=dtype)
    schedule = td.schedule(y)
    return td.build(schedule.vectorize(y, "i", lanes) if lanes else schedule)(*arrays)


def test_integers_are_an_error_that_names_the_cast():
    n = td.size("n")
    x = td.placeholder("x", (n,), "int32")
    with pytest.raises(td.DTypeError) as caught:
        td.compute("y", (n,), lambda i: td.exp(x[i]))
    shown = str(caught.value)
    assert "E207: td.exp takes floats, not x[i]" in shown and "x[i] is int32" in shown
    assert 'try: td.exp(td.cast(x[i], "float32"))' in shown


def test_numbers_alone_are_an_error():
    with pytest.raises(td.DTypeError, match=r"E207: td.sin takes floats, not 1.0"):
        td.sin(1.0)


def test_storage_dtypes_are_an_error():
    x = td.placeholder("x", (4,), "float8_e5m2")
    with pytest.raises(td.DTypeError, match="E207"):
        td.compute("y", (4,), lambda i: td.exp(x[i]))


def test_whole_tensors_make_a_stage():
    x = td.placeholder("x", (5,))
    y = td.exp(x)
    assert isinstance(y, td.Tensor) and y.name == "exp" and y.shape == (5,)
    values = np.linspace(-1, 1, 5).astype(np.float32)
    assert np.allclose(td.build(td.schedule(y))(values), np.exp(values), rtol=2e-7)


def test_operands_of_pow_meet():
    x, y = td.placeholder("x", (4,)), td.placeholder("y", (4,), "float64")
    z = td.compute("z", (4,), lambda i: td.pow(x[i], y[i]))
    assert str(z.dtype) == "float64"
    w = td.compute("w", (4,), lambda i: td.pow(x[i], 2.5))
    assert text(w.producer.body[0]) == "pow(x[i], 2.5)"
    assert text(td.compute("s", (4,), lambda i: td.pow(x[i], 2)).producer.body[0]) == "x[i] * x[i]"
    assert text(td.compute("c", (4,), lambda i: td.pow(x[i], 3)).producer.body[0]) == "pow(x[i], 3.0)"


def test_pow_of_integers_takes_a_literal():
    k = np.array([-3, 0, 2, 7], np.int32)
    assert run(lambda x: td.pow(x, 3), k).tolist() == [-27, 0, 8, 343]
    n = td.placeholder("n", (4,), "int32")
    with pytest.raises(td.DTypeError, match="E207"):
        td.compute("y", (4,), lambda i: td.pow(n[i], n[i]))


@pytest.mark.parametrize("lanes", [0, 4])
@pytest.mark.parametrize("name", ["int8", "uint8", "int32", "uint32", "int64", "uint64"])
def test_counts_of_bits(name, lanes):
    info, width = np.iinfo(name), np.iinfo(name).bits
    values = np.array([0, 1, 2, 3, 12, 64, info.max, info.min, info.max // 3, 100], name)
    patterns = [int(value) % 2**width for value in values]
    assert run(td.popcount, values, lanes=lanes).tolist() == [pattern.bit_count() for pattern in patterns]
    assert run(td.clz, values, lanes=lanes).tolist() == [width - pattern.bit_length() for pattern in patterns]
    trailing = [(pattern & -pattern).bit_length() - 1 if pattern else width for pattern in patterns]
    assert run(td.ctz, values, lanes=lanes).tolist() == trailing


def test_counts_take_integers():
    x = td.placeholder("x", (4,))
    with pytest.raises(td.DTypeError, match="E207: td.clz takes integers") as caught:
        td.compute("y", (4,), lambda i: td.clz(x[i]))
    assert 'td.clz(td.bitcast(x[i], "uint32"))' in str(caught.value)


@pytest.mark.parametrize("lanes", [0, 4])
def test_bitcast(lanes):
    values = np.array([0.0, -0.0, 1.5, math.inf, 1e-45], np.float32)
    patterns = run(lambda x: td.bitcast(x, "uint32"), values, lanes=lanes)
    assert (patterns == values.view(np.uint32)).all()
    assert (run(lambda x: td.bitcast(x, "float32"), patterns, lanes=lanes).view(np.uint32) == patterns).all()
    longs = np.array([-1, 2**62, 5], np.int64)
    assert (run(lambda x: td.bitcast(x, "uint64"), longs, lanes=lanes) == longs.view(np.uint64)).all()


def test_bitcast_needs_the_width():
    x = td.placeholder("x", (4,))
    with pytest.raises(td.DTypeError) as caught:
        td.compute("y", (4,), lambda i: td.bitcast(x[i], "int64"))
    assert "E207: the bits of float32 are no int64" in str(caught.value)
    assert 'try: td.bitcast(x[i], "uint32")' in str(caught.value)


@pytest.mark.parametrize("lanes", [0, 4])
def test_what_needs_no_expansion(lanes):
    x = np.array([2.5, -2.5, 0.0, -0.0, math.inf, -math.inf, math.nan, 4.0, 1e-40], np.float32)
    with np.errstate(all="ignore"):
        assert np.array_equal(run(td.square, x, lanes=lanes), x * x, equal_nan=True)
        assert np.array_equal(run(td.reciprocal, x, lanes=lanes), np.float32(1) / x, equal_nan=True)
        assert np.array_equal(run(td.rsqrt, x, lanes=lanes), np.float32(1) / np.sqrt(x), equal_nan=True)
        assert np.array_equal(run(td.sign, x, lanes=lanes), np.sign(x), equal_nan=True)
    assert np.signbit(run(td.sign, x, lanes=lanes)).tolist()[2:4] == [False, True]
    for function, oracle in ((td.isnan, np.isnan), (td.isinf, np.isinf), (td.isfinite, np.isfinite)):
        assert (run(function, x, lanes=lanes) == oracle(x)).all()


def test_integers_where_they_make_sense():
    k = np.array([-3, 0, 5], np.int32)
    assert run(td.sign, k).tolist() == [-1, 0, 1]
    assert run(td.square, k).tolist() == [9, 0, 25]
    assert run(td.sign, k.astype(np.uint8)).tolist() == [1, 0, 1]
    x = td.placeholder("x", (3,), "int32")
    i = td.axis("i", 3)
    assert [text(function(x[i]).node) for function in (td.isfinite, td.isinf, td.isnan)] == [
        "True",
        "False",
        "False",
    ]


def test_the_operator_of_powers():
    """Literals of 0 to 64 are products; other powers of floats are td.pow, as a user of NumPy expects (D3)."""
    x, k = td.placeholder("x", (4,)), td.placeholder("k", (4,), "int32")
    i = td.axis("i", 4)
    written = [
        text(e.node) for e in (x[i] ** 3, x[i] ** 0.5, x[i] ** -1, x[i] ** x[i], 2 ** x[i], x[i] ** 65)
    ]
    assert written == ["x[i] * x[i] * x[i]", "pow(x[i], 0.5)", "pow(x[i], -1.0)", "pow(x[i], x[i])", "pow(2.0, x[i])",
                       "pow(x[i], 65.0)"]  # fmt: skip
    values = np.array([0.25, 1, 2, 9], np.float32)
    assert run(lambda e: e**0.5, values).tolist() == [0.5, 1, np.float32(2**0.5), 3]
    assert (td.build(td.schedule(x**-0.5))(values) == (values.astype(float) ** -0.5).astype(np.float32)).all()
    for wrong in (
        lambda: k[i] ** 0.5,
        lambda: k[i] ** k[i],
        lambda: 2 ** k[i],
        lambda: k[i] ** -1,
        lambda: k[i] ** 65,
    ):
        with pytest.raises(td.DTypeError, match="E207") as caught:
            wrong()
        assert "try: td.cast(" in str(caught.value)
