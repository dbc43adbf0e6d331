"""Arrays of a fuzzer: values that matter, any strides and alignment, and notice of a byte out of place."""

import numpy as np
import pytest

from tdsl.fuzzing.arrays import FORMS, draw_array, first_difference, laid_out, same_bits, untouched


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "uint16", "int64", "bool"])
def test_drawn_values(dtype):
    generator = np.random.default_rng(0)
    wild = draw_array(generator, dtype, (20, 30), "wild")
    assert wild.dtype == dtype and wild.shape == (20, 30)
    if dtype.startswith("float"):
        assert np.isnan(wild).any() and np.isinf(wild).any() and np.signbit(wild[wild == 0]).any()
        whole = draw_array(generator, dtype, (99,), "whole")
        assert set(whole) <= set(range(-3, 4))
    elif dtype != "bool":
        limits = np.iinfo(dtype)
        assert limits.min in wild and limits.max in wild


@pytest.mark.parametrize("form", FORMS)
def test_forms(form):
    values = np.arange(15, dtype=np.float32).reshape(3, 5)
    view, block = laid_out(values, form)
    assert np.array_equal(view, values) and untouched(view, block)
    assert form == "contiguous" or not (view.flags.c_contiguous and view.flags.aligned)
    if form in ("reversed", "stepped", "misaligned"):
        outside = np.flatnonzero(block == 0xA5)
        block[outside[0]] = 0
        assert not untouched(view, block)


def test_bits():
    a, b = np.array([0.0, np.nan], np.float32), np.array([-0.0, -np.nan], np.float32)
    assert same_bits(a, a) and not same_bits(a, b) and same_bits(a[1:], b[1:])
    assert not same_bits(a, a.astype(np.float64))
    assert first_difference(a, b).startswith("at [0]") and first_difference(a, b).endswith("1 of 2 differ")
