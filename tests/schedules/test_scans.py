"""Scans by tiles of rows: the bits of the declaration, and the steps of the axis that is scanned."""

import numpy as np
import pytest

import tdsl as td
from tdsl.ops.row_classes import scan_planes

rng = np.random.default_rng(37)
n, m, p = td.size("n"), td.size("m"), td.size("p")


def scheduled(schedule, axis, *shape, op=td.ops.cumsum, dtype="float32"):
    y = op(td.placeholder("x", shape, dtype), axis=axis)
    return schedule(td.schedule(y), y)


def in_pieces(s, y):
    return td.schedules.scan_tiles(s, y, pieces=True)


@pytest.mark.parametrize("dtype", ["float32", "int16"])
@pytest.mark.parametrize("tiles", [td.schedules.scan_tiles, in_pieces])
def test_tiles_of_rows_keep_the_bits(tiles, dtype):
    want = td.build(scheduled(lambda s, y: s, -1, n, m, dtype=dtype))
    s = scheduled(tiles, -1, n, m, dtype=dtype)
    got = td.build(s)
    assert "reassociates" not in str(s) and "turned in registers" in str(s)
    for shape in ((1, 1), (16, 40), (37, 100), (5, 17), (0, 4), (4, 0)):
        x = (rng.standard_normal(shape) * 99).astype(dtype)
        if dtype == "float32" and x.size > 20:
            x[2, 3] = np.nan
        np.testing.assert_array_equal(got(x), want(x))


def test_planes_of_rows():
    s = scheduled(td.schedules.scan_tiles, -1, p, n, m)
    x = rng.integers(0, 9, (3, 19, 33)).astype(np.float32)
    assert np.array_equal(td.build(s)(x), np.cumsum(x, -1))


def test_rows_of_as_many_planes_as_lanes():
    s = scheduled(scan_planes, -1, p, n, m)
    assert "turned in registers" in str(s) and "d0i" in str(s)
    f = td.build(s)
    for shape in ((16, 3, 12), (37, 2, 40), (5, 1, 3)):
        x = rng.integers(0, 9, shape).astype(np.float32)
        assert np.array_equal(f(x), np.cumsum(x, -1))


@pytest.mark.parametrize("axis", [0, 1])
def test_scans_along_other_axes_have_neighbours_as_lanes(axis):
    s = scheduled(td.schedules.scan_tiles, axis, p, n, m)
    assert s == scheduled(td.schedules.scans, axis, p, n, m) and "d2v" in str(s)


def test_a_vector_is_scanned_as_it_lies():
    s = scheduled(td.schedules.scan_tiles, 0, n)
    assert not s.steps


WHOLE, PIECES, AS_THEY_LIE = (
    "any size",
    "rows of 64 at most, or above 8192",
    "fewer than 16 rows, or of 12 elements",
)


@pytest.mark.parametrize("shape, name", [
    ((4096, 1024), WHOLE), ((64, 20000), PIECES), ((500, 32), PIECES), ((8, 1000), AS_THEY_LIE), ((100, 5), AS_THEY_LIE),
    ((9,), AS_THEY_LIE), ((40, 8, 32), "planes of fewer than 16 rows"), ((8, 8, 32), AS_THEY_LIE), ((2, 16, 100), WHOLE),
])  # fmt: skip
def test_size_classes(shape, name):
    assert next(each.name for each in td.ops.cumsum.size_classes if each.holds((shape,))) == name
