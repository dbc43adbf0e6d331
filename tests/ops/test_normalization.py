"""Softmax and norms beside their formulas in float64."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import agrees

rng = np.random.default_rng(5)


def floats(*shape):
    return rng.standard_normal(shape, dtype=np.float32)


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_axes(axis):
    x = floats(5, 5, 5)
    agrees(td.ops.softmax, x, axis=axis)
    agrees(td.ops.log_softmax, x, axis=axis)
    agrees(td.ops.layer_norm, x, floats(5), floats(5), axis=axis)
    agrees(td.ops.rms_norm, x, floats(5), axis=axis)


def test_long_rows_and_none():
    for shape in ((3, 200), (1, 1), (0, 7)):
        x = floats(*shape) * 20
        agrees(td.ops.softmax, x)
        agrees(td.ops.layer_norm, x, atol=1e-4)
        agrees(td.ops.rms_norm, x)


def test_softmax_where_floats_end():
    x = np.array([[3e38, -3e38, 0], [-np.inf, 0, 1], [-np.inf] * 3, [np.nan, 0, 1]], np.float32)
    got = td.ops.softmax(x)
    assert np.array_equal(got[0], [1, 0, 0]) and got[1, 0] == 0 and np.isnan(got[2:]).all()


def test_norms_by_channel():
    x = floats(2, 6, 4, 3)
    agrees(td.ops.batch_norm, x, floats(6), np.abs(floats(6)), floats(6), floats(6), rtol=1e-4)
    agrees(td.ops.group_norm, x, 3, floats(6), floats(6), atol=1e-4)
    agrees(td.ops.group_norm, x, 1, atol=1e-4)


def test_bad_arguments():
    with pytest.raises(td.ShapeError, match="6 channels do not share 4 groups"):
        td.ops.group_norm(floats(2, 6, 3), 4)
    with pytest.raises(td.ShapeError, match="weight or bias has 4 entries for 5"):
        td.ops.layer_norm(floats(3, 5), floats(4))
    with pytest.raises(td.DTypeError, match="softmax: x is of floats"):
        td.ops.softmax(np.zeros((2, 3), int))
    with pytest.raises(td.ShapeError, match="there is no axis 3"):
        td.ops.softmax(floats(2, 3), axis=3)


def test_lengths_channels_and_minima():
    x = np.random.default_rng(9).standard_normal((2, 3, 4, 5), dtype=np.float32)
    w = np.array([1, 2, 3], np.float32)
    agrees(td.ops.instance_norm, x)
    agrees(td.ops.instance_norm, x, w, -w)
    for axis in (1, -1):
        agrees(td.ops.normalize, x, axis)
        agrees(td.ops.softmin, x, axis)
    assert not td.ops.normalize(x * 0).any()
    with pytest.raises(td.TdslError, match="instance_norm: x is"):
        td.ops.instance_norm(x[0, 0, 0])
