"""A placed update whose targets are known by their range only works on all it may change, also where it reads nothing of it."""

import numpy as np

import tdsl as td


def test_targets_from_data():
    n = td.size("n")
    place = td.placeholder("place", (n,), "int32", range=(0, 16))
    start = td.placeholder("start", (16,), "int64")
    i = td.axis("i", n)
    made = td.update("made", start, over=i, at=(place[i],), value=lambda made: i + 100)
    last = td.compute("last", (16,), lambda z: made[z])
    s = td.schedule(last).compute_at(made, last, "z")
    places, expected = np.array([3, 1, 3, 15], np.int32), np.arange(16)
    expected[places] = 100 + np.arange(4)
    for target in ("interpret", "cpu"):
        assert np.array_equal(td.build(s, target=target)(places, np.arange(16)), expected)


def test_targets_that_are_linear_in_a_size():
    n = td.size("n")
    start = td.placeholder("start", ((n + 4) * (2 * n + 4),), "float32")
    y, x = td.axis("y", (1, 2 * n + 4)), td.axis("x", n + 4)
    at = x * (2 * n + 4) + 2 * n + 3 - y
    made = td.update("made", start, over=(y, x), at=(at,), value=lambda made: td.cast(2.0, "float32"))
    last = td.compute("last", (2 * n + 4,), lambda z: made[2 * n + 4 + z % 4])
    s = td.schedule(last).store_at(made, last, "z")
    for size in (0, 3):
        array = np.arange((size + 4) * (2 * size + 4), dtype=np.float32)
        expected = td.build(td.schedule(last), target="interpret")(array, n=size)
        for target in ("interpret", "cpu"):
            assert np.array_equal(td.build(s, target=target)(array, n=size), expected)
