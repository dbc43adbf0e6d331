"""E7: Python numbers take the dtype they meet and must fit; axes and sizes are int64; `dtype=` converts as cast."""

# ruff: noqa: B023 (callables are called in the turn of the loop that makes them)
import numpy as np
import pytest

import tdsl as td


def test_numbers_adopt():
    for dtype in ("int8", "uint64", "float16", "bfloat16", "float32", "float64"):
        x = td.placeholder("x", (3,), dtype)
        assert (x[0] * 2 + 1).dtype.name == dtype
        assert td.where(x[0] > 0, 1, x[0]).dtype.name == dtype
        assert td.where(x[0] > 0, 1, 0).weak and (td.where(x[0] > 0, 1, 0) + x[0]).dtype.name == dtype
        assert (td.minimum(1, 2) + x[0]).dtype.name == dtype
    x = td.placeholder("x", (3,), "float32")
    assert (x[0] * 0.1).dtype.name == "float32"
    assert (td.placeholder("k", (3,), "int32")[0] * 0.5).dtype.name == "float64"


def test_axes_and_sizes_are_int64_numpy_scalars_keep_theirs():
    n = td.size("n")
    assert td.compute("y", (n,), lambda i: i + n).dtype.name == "int64"
    x = td.placeholder("x", (3,), "float32")
    assert (x[0] * np.float64(2)).dtype.name == "float64" and (x[0] + np.int8(1)).dtype.name == "float32"
    assert td.compute("y", (n,), lambda i: np.float16(1)).dtype.name == "float16"
    with pytest.raises(td.DTypeError, match="E203"):
        td.compute("y", (3,), lambda i: x[i] * i)


@pytest.mark.parametrize(
    ("dtype", "number"),
    [("uint8", 256), ("uint8", -1), ("int8", 128), ("int64", 2**63), ("float16", 65505), ("float16", 1e5),
     ("float32", 2**24 + 1), ("float64", 2**53 + 1), ("float32", 1e39), ("int64", 10**40),
     ("bool", 1), ("float32", True)],
)  # fmt: skip
def test_numbers_that_do_not_fit(dtype, number):
    x = td.placeholder("x", (3,), dtype)
    with pytest.raises(td.DTypeError) as caught:
        x[0] == number
    assert caught.value.code in ("E203", "E204") and len(str(caught.value).splitlines()) <= 10


def test_numbers_alone_need_a_dtype():
    for value in (1, 1.5, True, td.where(td.placeholder("b", (), "bool"), 1, 2)):
        with pytest.raises(td.DTypeError, match="E208"):
            td.compute("y", (3,), lambda i: value)
    ones = td.compute("ones", (3,), lambda i: 1, dtype="uint8")
    assert np.array_equal(td.build(td.schedule(ones))(), np.ones(3, np.uint8))


def test_dtype_converts_as_cast_does():
    narrow = td.compute("narrow", (3,), lambda i: i + 255, dtype="uint8")
    assert np.array_equal(td.build(td.schedule(narrow))(), np.uint8([255, 0, 1]))
    x = td.placeholder("x", (4,), "float64")
    whole = td.compute("whole", (4,), lambda i: x[i], dtype="int8")
    assert np.array_equal(
        td.build(td.schedule(whole))(np.array([1.9, -1.9, 1e9, np.nan])), np.int8([1, -1, 127, 0])
    )
