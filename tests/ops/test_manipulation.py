"""Shapes changed, beside NumPy."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import agrees, drawn

rng = np.random.default_rng(8)


def floats(*shape):
    return rng.standard_normal(shape, dtype=np.float32)


def test_transpose_and_flip():
    agrees(td.ops.transpose, floats(3, 4, 5))
    agrees(td.ops.transpose, floats(3, 4, 5), (1, -1, 0))
    agrees(td.ops.flip, floats(3, 4))
    agrees(td.ops.flip, floats(3, 4), axis=1)


@pytest.mark.parametrize(
    "shape, wanted",
    [((4, 6), (3, 8)), ((4, 6, 2), (-1, 3)), ((4, 0), (0, 7)), ((6,), (1, 2, 3)), ((2, 3), (6,)), ((1,), ())],
)
def test_reshape(shape, wanted):
    agrees(td.ops.reshape, floats(*shape), wanted)


def test_joined_and_cut():
    agrees(td.ops.concat, (floats(3, 4), floats(2, 4), floats(0, 4)))
    agrees(td.ops.concat, [floats(3, 4), floats(3, 2)], axis=1)
    agrees(td.ops.stack, [floats(3, 4), floats(3, 4)], axis=1)
    agrees(td.ops.split, floats(6, 4), 3)
    agrees(td.ops.split, floats(7, 4), (2, 5))
    agrees(td.ops.split, floats(7, 4), 2, axis=1)


def test_axes_of_one():
    agrees(td.ops.expand_dims, floats(3, 4), 1)
    agrees(td.ops.expand_dims, floats(3, 4), -1)
    agrees(td.ops.squeeze, floats(3, 1, 4), 1)


def test_pad():
    agrees(td.ops.pad, floats(3, 4), ((1, 2), (0, 3)))
    agrees(td.ops.pad, floats(3, 4), 1, mode="edge")
    agrees(td.ops.pad, floats(3, 4), ((1, 1), (2, 2)), mode="reflect")
    agrees(td.ops.pad, np.arange(6).reshape(2, 3), 1, value=7)


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: td.ops.reshape(floats(4, 6), (5, 5)), r"24 elements do not fill \(5, 5\)"),
        (lambda: td.ops.reshape(floats(4, 6), (-1, -1)), "more than one extent open"),
        (lambda: td.ops.transpose(floats(3, 4), (0,)), "names not every axis"),
        (lambda: td.ops.concat((floats(3, 4), floats(3, 5))), "differ in axis 1"),
        (lambda: td.ops.concat((floats(3, 4), floats(3))), "ranks 2 and 1"),
        (lambda: td.ops.split(floats(7, 4), 2), "7 elements are not 2 equal parts"),
        (lambda: td.ops.split(floats(7, 4), (5, 2)), "do not ascend"),
        (lambda: td.ops.squeeze(floats(3, 4), 1), "axis 1 has 4 elements, not 1"),
        (lambda: td.ops.stack([floats(3), floats(4)]), "differ"),
    ],
)
def test_bad_arguments(call, text):
    with pytest.raises(td.TdslError, match="E130") as caught:
        call()
    assert caught.match(text)


@pytest.mark.parametrize("shape, into", [
    ((32, 48), (48, 32)), ((32, 48), (16, 96)), ((3, 5), (5, 3)), ((2, 3, 32), (6, 32)), ((64, 40), (40, 64)),
    ((16, 24), (8, 6, 8)), ((0, 4), (2, 0)), ((128,), (2, 64)), ((20, 16), (5, 64)),
])  # fmt: skip
def test_reshaped_rows_are_read_in_pieces(shape, into):
    for dtype in ("float32", "float64", "int8"):
        agrees(td.ops.reshape, drawn(dtype, *shape), into)
