"""Convolutions and pooling beside windows cut by NumPy."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import agrees

rng = np.random.default_rng(4)
x = rng.standard_normal((2, 6, 11, 9), dtype=np.float32)


def filters(*shape):
    return rng.standard_normal(shape, dtype=np.float32)


@pytest.mark.parametrize(
    "shape, keywords",
    [
        ((8, 6, 3, 3), {}), ((8, 6, 3, 3), {"stride": 2, "padding": 1}), ((8, 3, 3, 2), {"groups": 2, "dilation": 2}),
        ((12, 1, 3, 3), {"groups": 6, "padding": (1, 2)}), ((5, 6, 1, 1), {"stride": (1, 3)}), ((3, 6, 11, 9), {}),
    ],
)  # fmt: skip
def test_conv2d(shape, keywords):
    agrees(td.ops.conv2d, x, filters(*shape), **keywords)
    agrees(td.ops.conv2d, x, filters(*shape), filters(shape[0]), **keywords)


def test_conv2d_with_channels_last():
    images = np.ascontiguousarray(x.transpose(0, 2, 3, 1))
    agrees(td.ops.conv2d, images, filters(8, 6, 3, 3), padding=1, layout="NHWC")
    agrees(td.ops.conv2d, images, filters(8, 3, 3, 3), filters(8), groups=2, layout="NHWC")


def test_no_images():
    assert td.ops.conv2d(x[:0], filters(8, 6, 3, 3)).shape == (0, 8, 9, 7)


@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
def test_pooling(name):
    op = getattr(td.ops, name)
    agrees(op, x, 2)
    agrees(op, x, 3, stride=2, padding=1)
    agrees(op, x, (3, 2), stride=(1, 2))
    assert td.ops.max_pool2d(x.astype(np.int32), 2, padding=1).dtype == np.int32
    agrees(td.ops.global_avg_pool2d, x)


def test_nan_wins_in_a_window():
    y = x.copy()
    y[0, 0, 0, 0] = np.nan
    assert np.isnan(td.ops.max_pool2d(y, 2)[0, 0, 0, 0])


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: td.ops.conv2d(x, filters(8, 5, 3, 3)), "x has 6 channels, the filters take 5 in 1 groups"),
        (lambda: td.ops.conv2d(x, filters(8, 6, 12, 3)), "a kernel of 12 .* is larger than the rows"),
        (lambda: td.ops.conv2d(x, filters(8, 6, 3, 3), stride=0), "stride is at least 1, not 0"),
        (lambda: td.ops.conv2d(x, filters(7, 3, 3, 3), groups=2), "7 filters do not share 2 groups"),
        (lambda: td.ops.conv2d(x, filters(8, 6, 3, 3), layout="CHWN"), "layout is"),
        (lambda: td.ops.conv2d(x[0], filters(8, 6, 3, 3)), "4 dimensions each"),
        (lambda: td.ops.max_pool2d(x, 2, padding=2), "padding .* is more than half"),
        (lambda: td.ops.max_pool2d(x, 20), "larger than the rows"),
        (lambda: td.ops.avg_pool2d(x.astype(np.int32), 2), "x is of floats"),
    ],
)
def test_bad_arguments(call, text):
    with pytest.raises(td.TdslError, match="E130") as caught:
        call()
    assert caught.match(text)
