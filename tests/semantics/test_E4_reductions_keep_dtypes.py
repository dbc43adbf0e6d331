"""E4: a reduction has its operand's dtype; `dtype=` converts the operand first; mean of integers is float64."""

import numpy as np
import pytest

import tdsl as td

INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
NUMBERS = [*INTEGERS, "float16", "float32", "float64"]


@pytest.mark.parametrize("dtype", NUMBERS)
def test_dtypes(dtype):
    A = td.placeholder("A", (4,), dtype)
    k = td.reduce_axis("k", 4)
    for reduction in (td.sum, td.prod, td.max, td.min):
        assert reduction(A[k], over=k).dtype.name == dtype
    assert td.mean(A[k], over=k).dtype.name == ("float64" if "int" in dtype else dtype)
    assert td.argmax(A[k], over=k).dtype.name == td.argmin(A[k], over=k).dtype.name == "int64"
    assert td.any(A[k] > 0, over=k).dtype.name == "bool"


def test_wrapping_and_converting_first():
    A = td.placeholder("A", (3,), "int8")
    k = td.reduce_axis("k", 3)
    narrow = td.compute("narrow", (), lambda: td.sum(A[k], over=k))
    wide = td.compute("wide", (), lambda: td.sum(A[k], over=k, dtype="int32"))
    middle = td.compute("middle", (), lambda: td.mean(A[k], over=k))
    a = np.int8([100, 100, 1])
    assert [value.item() for value in td.build(td.schedule(narrow, wide, middle))(a)] == [-55, 201, 67]


def test_the_mean_counts_the_terms_that_there_are():
    n = td.size("n")
    A = td.placeholder("A", (n, n))
    j = td.reduce_axis("j", n)
    k = td.reduce_axis("k", (0, j + 1))
    y = td.compute("y", (), lambda: td.mean(A[j, k], over=(j, k)))
    a = np.arange(16, dtype=np.float32).reshape(4, 4)
    f = td.build(td.schedule(y))
    assert f(a) == np.tril(a).sum() / 10
    assert np.isnan(f(np.zeros((0, 0), np.float32)))


def test_what_has_no_sum():
    k = td.reduce_axis("k", 3)
    flags, stored = td.placeholder("flags", (3,), "bool"), td.placeholder("stored", (3,), "float8_e5m2")
    for reduction in (td.sum, td.prod, td.max, td.min, td.mean):
        for tensor in (flags, stored):
            with pytest.raises(td.DTypeError, match="E207"):
                reduction(tensor[k], over=k)
    with pytest.raises(td.DTypeError, match="E207"):
        td.argmax(stored[k], over=k)
    with pytest.raises(td.DTypeError, match="E208"):
        td.sum(1, over=k)
    with pytest.raises(td.ArgumentTypeError, match=r"td.maximum\(a, b\)"):
        td.max(flags[0], flags[1])
