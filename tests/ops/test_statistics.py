"""Statistics along axes beside NumPy: axes, keepdims, NaN, empty axes."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import agrees

rng = np.random.default_rng(4)
x = rng.standard_normal((4, 6), dtype=np.float32)
holes = x.copy()
holes[0, 0] = holes[2] = np.nan
AXES = [{}, {"axis": 1}, {"axis": 0}, {"axis": (0, 1), "keepdims": True}, {"axis": -1, "keepdims": True}]


@pytest.mark.parametrize("keywords", AXES)
@pytest.mark.parametrize("name", ["std", "count_nonzero", "ptp"])
def test_of_numbers(name, keywords):
    agrees(getattr(td.ops, name), x, **keywords)


@pytest.mark.parametrize("keywords", AXES)
@pytest.mark.parametrize("name", ["nansum", "nanprod", "nanmax", "nanmin", "nanmean"])
@pytest.mark.filterwarnings("ignore:All-NaN|Mean of empty")
def test_without_nan(name, keywords):
    agrees(getattr(td.ops, name), holes, **keywords)
    agrees(getattr(td.ops, name), x, **keywords)


def test_dtypes_and_corrections():
    agrees(td.ops.std, x, axis=1, correction=1.0)
    agrees(td.ops.count_nonzero, x > 0, axis=0)
    assert td.ops.count_nonzero(x).dtype == np.int64
    assert td.ops.ptp(np.array([-100, 100], np.int8)) == np.int8(-56)
    agrees(td.ops.average, x, np.arange(1, 7, dtype=np.float32))
    agrees(td.ops.average, x, np.arange(1, 5, dtype=np.float32), axis=0)
    agrees(td.ops.cov, x)
    agrees(td.ops.cov, x, correction=0.0)
    assert td.ops.nansum(x[:0]) == 0 and np.isnan(td.ops.nanmean(x[:0]))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: td.ops.nanmax(x[:0]), "nanmax: axis 0 is empty"),
        (lambda: td.ops.ptp(x[:0]), "axis 0 is empty"),
        (lambda: td.ops.nansum(x.astype(int)), "nansum: x is of floats"),
        (lambda: td.ops.average(x, x), "average: weights are a vector"),
        (lambda: td.ops.average(x, x[0, :3]), "average: 3 weights for 6 elements"),
        (lambda: td.ops.cov(x[0]), "cov: x is"),
        (lambda: td.ops.std(x, axis=2), "there is no axis 2"),
    ],
)
def test_bad_arguments(call, text):
    with pytest.raises(td.TdslError, match=text):
        call()
