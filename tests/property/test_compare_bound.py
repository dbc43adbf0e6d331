"""The comparison within an error bound: NaN and infinities in the same places are the same, anything else is far."""

import numpy as np
import pytest

import tdsl as td
from tests.support.compare import Mismatch, _check, built

INF, NAN = np.inf, np.nan


def compare(got, want):
    A = td.placeholder("A", (3,), "float32")
    one = built(td.schedule(td.compute("C", (3,), lambda i: A[i] + 1)))
    got, want = (np.array(values, np.float32) for values in (got, want))
    _check(one, "loops and expressions", 0, got, want, np.array([0.0, 0.0, 0.5]))


@pytest.mark.parametrize("values", [(NAN, 1, 2), (INF, -INF, NAN), (1, 2, 3)])
def test_the_same(values):
    compare(values, values)
    compare(values, (*values[:2], values[2] + 0.25))


@pytest.mark.parametrize("wrong", [(NAN, 2, 3), (1, INF, 3), (1, 2, 3.75), (1, 2, NAN)])
def test_another(wrong):
    with pytest.raises(Mismatch, match="beyond the error bound"):
        compare(wrong, (1, 2, 3))
