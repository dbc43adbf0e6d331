"""copysign and signbit: of zeros, infinities and NaN, in every float dtype that computes, scalar and in lanes."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tdsl as td

VALUES = [0.0, -0.0, 1.5, -2.5, math.inf, -math.inf, math.nan, -math.nan]


@pytest.mark.parametrize("lanes", [0, 4])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_signs(dtype, lanes):
    x, y = (np.ascontiguousarray(part.ravel()) for part in np.meshgrid(*(np.array(VALUES, dtype),) * 2))
    a, b = td.placeholder("a", x.shape, dtype), td.placeholder("b", x.shape, dtype)
    both = td.compute(("c", "s"), x.shape, lambda i: (td.copysign(a[i], b[i]), td.signbit(b[i])))
    schedule = td.schedule(*both)
    copied, negative = td.build(schedule.vectorize("c", "i", lanes) if lanes else schedule)(x, y)
    assert (negative == np.signbit(y)).all() and negative.dtype == bool
    real = ~np.isnan(x)
    assert (copied[real].view(f"u{x.itemsize}") == np.copysign(x, y)[real].view(f"u{x.itemsize}")).all()
    assert np.isnan(copied[~real]).all()


def test_integers_are_refused_with_the_cast():
    k = td.placeholder("k", (4,), "int32")
    with pytest.raises(td.DTypeError, match=r"E207: td.signbit takes floats, not k\[i\]") as caught:
        td.compute("s", (4,), lambda i: td.signbit(k[i]))
    assert 'td.signbit(td.cast(k[i], "float32"))' in str(caught.value)


def test_a_number_adopts_the_dtype():
    x = td.placeholder("x", (3,))
    y = td.compute("y", (3,), lambda i: td.copysign(1.0, x[i]))
    assert td.build(td.schedule(y))(np.array([-2, -0.0, 7], np.float32)).tolist() == [-1, -1, 1]
