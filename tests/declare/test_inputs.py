"""Placeholders and params: shapes, dtypes, ranges, layout facts."""

import numpy as np
import pytest

import tdsl as td


def test_placeholder():
    n = td.size("n")
    A = td.placeholder("A", (n, 2 * n), range=None)
    assert (A.name, A.ndim, A.dtype.name, A.producer) == ("A", 2, "float32", None)
    assert A.where.filename == __file__
    B = td.placeholder("B", [n], np.int32, range=(-1, n), strides=(1,), align=64)
    assert B.value_range is not None and B.strides == (1,) and B.align == 64
    assert [size.name for size in B.sizes] == ["n"]
    assert A.number < B.number
    assert td.placeholder("s", ()).ndim == 0


def test_range_brings_its_sizes():
    idx = td.placeholder("idx", (3,), "int32", range=(0, td.size("m", min=1)))
    assert [(size.name, size.minimum) for size in idx.sizes] == [("m", 1)]


def test_param():
    alpha, p = td.param("alpha"), td.param("p", "int32", range=(0, 4))
    assert alpha.dtype.name == "float32" and str(alpha) == "alpha"
    assert p.param.value_range is not None and p.param.number > alpha.param.number


@pytest.mark.parametrize(
    ("values", "dtype", "text"),
    [
        ((8, 0), "int64", "E304: range= of at holds no value: (8, 0)\n  it is half-open: lo <= value < hi"),
        ((0, 8, 1), "int64", "E304: range= of at is a half-open pair (lo, hi), not (0, 8, 1)"),
        (8, "int64", "E304: range= of at is a half-open pair (lo, hi), not 8"),
        ((-1, 8), "uint8", "E304: range= of at starts below uint8: -1"),
        ((0, 257), "uint8", "E304: range= of at ends above uint8: 257"),
        (
            (0, 8),
            "float32",
            "E304: range= is for integers that are used as indices; at is float32\n"
            '  try: an integer dtype: "int32"\n   or: td.clamp where the value is used',
        ),
        ((0, 1.5), "int64", "E104: a bound of the range of at is an integer, not 1.5"),
    ],
)
def test_ranges_that_cannot_be_one(refused, values, dtype, text):
    refused(td.TdslError, lambda: td.placeholder("at", (4,), dtype, range=values), text)
    refused(td.TdslError, lambda: td.param("at", dtype, range=values), text)


def test_whole_range_of_a_dtype():
    assert td.placeholder("at", (4,), "uint8", range=(0, 256)).value_range is not None


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"align": 48}, "E115: align= of A is a power of two in bytes, not 48"),
        ({"align": 0}, "E115: align= of A is a power of two in bytes, not 0"),
        ({"strides": (1,)}, "E115: strides= of A has one entry a dimension (2), not (1,)"),
        ({"strides": (1, 0.5)}, "E115: a stride of A is an int in elements, or None, not 0.5"),
    ],
)
def test_layout_facts_that_cannot_be_one(refused, facts, text):
    refused(td.ArgumentError, lambda: td.placeholder("A", (4, 4), **facts), text)


def test_bad_dtypes_and_names():
    with pytest.raises(td.DTypeError, match="E201"):
        td.placeholder("A", (4,), "f4")
    with pytest.raises(td.DTypeError, match="E205"):
        td.placeholder("A", (4,), "tfloat32")
    with pytest.raises(td.ArgumentError, match="E108"):
        td.placeholder("my input", (4,))
    with pytest.raises(td.ShapeError, match="E104"):
        td.placeholder("A", (4, "n"))
