"""Convolution and pooling over one axis, transposed convolution, pooling to a grid, beside their formulas."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import agrees

rng = np.random.default_rng(7)


def f(*shape):
    return rng.standard_normal(shape, dtype=np.float32)


def test_signals():
    agrees(td.ops.conv1d, f(2, 4, 17), f(6, 4, 3), f(6), stride=2, padding=1)
    agrees(td.ops.conv1d, f(2, 4, 17), f(4, 2, 3), groups=2, dilation=2)
    agrees(td.ops.max_pool1d, f(2, 3, 11), 3, 2, 1)
    agrees(td.ops.avg_pool1d, f(2, 3, 11), 3)


def test_grids():
    agrees(td.ops.global_max_pool2d, f(2, 3, 4, 5))
    agrees(td.ops.adaptive_avg_pool2d, f(2, 3, 6, 8), (3, 2))
    agrees(td.ops.adaptive_avg_pool2d, f(2, 3, 6, 8), 1)


@pytest.mark.parametrize(
    ("kernel", "bias", "keywords"),
    [
        ((3, 2), False, {}),
        ((3, 3), True, {"stride": 2, "padding": 1}),
        ((2, 2), False, {"stride": (3, 1)}),
        ((1, 4), True, {"padding": (0, 1)}),
    ],
)
def test_transposed_convolution(kernel, bias, keywords):
    agrees(td.ops.conv_transpose2d, f(2, 3, 4, 5), f(3, 4, *kernel), f(4) if bias else None, **keywords)


@pytest.mark.parametrize("kernel, stride", [((3, 3), 2), ((1, 1), 2), ((2, 5), (3, 2)), ((3, 2), 1)])
def test_transposed_convolution_meets_no_pixel_outside(kernel, stride):
    """Infinite weights and pixels: a term that is not there would be 0 * inf, NaN."""
    x, w = np.abs(f(1, 2, 4, 40)) + 1, np.abs(f(2, 9, *kernel)) + 1
    w[:, 1, 0, 0] = np.inf
    x[0, 1, 3, 39] = np.inf
    found = agrees(td.ops.conv_transpose2d, x, w, stride=stride)
    assert np.isinf(found).any() and not np.isnan(found).any()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: td.ops.conv1d(f(2, 4, 3), f(6, 4, 5)), "larger than the columns"),
        (lambda: td.ops.conv1d(f(4, 3), f(6, 4, 5)), "conv1d: signals are"),
        (lambda: td.ops.max_pool1d(f(1, 2, 3), 4), "larger than the columns"),
        (lambda: td.ops.global_max_pool2d(f(1, 2, 0, 3)), "the image is empty"),
        (lambda: td.ops.adaptive_avg_pool2d(f(1, 2, 5, 3), 2), "5 pixels in 2 cells"),
        (lambda: td.ops.conv_transpose2d(f(1, 2, 3, 3), f(3, 1, 2, 2)), "2 channels for filters of 3"),
        (
            lambda: td.ops.conv_transpose2d(f(1, 2, 1, 1), f(2, 1, 2, 2), padding=2),
            "padding cuts the whole result away",
        ),
        (
            lambda: td.ops.conv_transpose2d(f(1, 2, 3, 3), f(2, 1, 2, 2), f(3)),
            "bias has 3 entries for 1 filters",
        ),
    ],
)
def test_bad_arguments(call, text):
    with pytest.raises(td.TdslError, match=text):
        call()
