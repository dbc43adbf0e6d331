"""Axes moved, repeated, rolled and cut, beside NumPy."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import agrees


def f(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def test_rolled_and_turned():
    agrees(td.ops.roll, f(5), 2)
    agrees(td.ops.roll, f(4, 5), (1, -2), (0, 1))
    agrees(td.ops.roll, f(4, 5), -7, 0)
    for k in range(-1, 5):
        agrees(td.ops.rot90, f(3, 4), k)
        agrees(td.ops.rot90, f(2, 3, 4), k, (2, 0))


def test_repeated():
    agrees(td.ops.tile, f(3), (2,))
    agrees(td.ops.tile, f(2, 3), (2, 1, 3))
    agrees(td.ops.tile, f(2, 3, 4), (2,))
    agrees(td.ops.tile, f(2, 3), (0, 1))
    agrees(td.ops.repeat, f(2, 3), 3, 1)
    agrees(td.ops.broadcast_to, f(1, 3), (4, 2, 3))


def test_moved_and_cut():
    agrees(td.ops.swapaxes, f(2, 3, 4), 0, -1)
    agrees(td.ops.moveaxis, f(2, 3, 4), 0, 2)
    agrees(td.ops.moveaxis, f(2, 3, 4), -1, 0)
    agrees(td.ops.unstack, f(3, 4))
    agrees(td.ops.unstack, f(3, 4), 1)
    for x, start in ((f(2, 3, 4), 0), (f(2, 3, 4), 1), (f(5), 0), (f(2, 3, 4, 5), 1)):
        agrees(td.ops.flatten, x, start)
    agrees(td.ops.diff, f(3, 6) ** 2)
    agrees(td.ops.diff, f(6, 3) ** 2, 2, 0)
    agrees(td.ops.diff, f(6), 6)


def test_channels():
    agrees(td.ops.pixel_shuffle, f(2, 12, 3, 4), 2)
    agrees(td.ops.pixel_unshuffle, f(2, 3, 4, 6), 2)
    agrees(td.ops.channel_shuffle, f(2, 6, 3), 3)
    x = f(2, 3, 4, 6)
    assert np.array_equal(td.ops.pixel_shuffle(td.ops.pixel_unshuffle(x, 2), 2), x)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: td.ops.roll(f(4), (1, 2), (0,)), "roll: 2 numbers for 1 axes"),
        (lambda: td.ops.roll(f(0, 2), 1, 0), "roll: axis 0 is empty"),
        (lambda: td.ops.rot90(f(3, 4), 1, (0, 0)), "an axis is named twice"),
        (lambda: td.ops.tile(f(3), (-1,)), "tile: repetitions"),
        (lambda: td.ops.repeat(f(3), 0, 0), "repeat: repeats is at least 1"),
        (lambda: td.ops.broadcast_to(f(2, 3), (3,)), "has more axes than"),
        (lambda: td.ops.broadcast_to(f(2, 3), (4, 3)), "does not broadcast to"),
        (lambda: td.ops.unstack(f(0, 3)), "unstack: axis 0 has 0 elements"),
        (lambda: td.ops.diff(f(3), 4), "diff: 3 elements for 4 differences"),
        (lambda: td.ops.pixel_shuffle(f(1, 3, 2, 2), 2), "pixel_shuffle: 3 channels"),
        (lambda: td.ops.pixel_unshuffle(f(1, 3, 3, 2), 2), "3 pixels are no multiple of 2"),
        (lambda: td.ops.channel_shuffle(f(1, 5, 3), 2), "channel_shuffle: 5 channels in 2 groups"),
        (lambda: td.ops.swapaxes(f(2, 3), 0, 2), "there is no axis 2"),
    ],
)
def test_bad_arguments(call, text):
    with pytest.raises(td.TdslError, match=text):
        call()
