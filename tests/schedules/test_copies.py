"""Elements moved: stages on the way are not stored, blocks read along another axis are turned in registers."""

import numpy as np
import pytest

import tdsl as td


def matrix():
    return td.placeholder("x", (td.size("n"), td.size("m")))


def test_stages_on_the_way_are_subscripts():
    y = td.ops.flatten(td.placeholder("x", tuple(td.size(name) for name in "abcd")))
    s = td.schedules.copies(td.schedule(y), y)
    assert all(s.describe(name).inlined or s.describe(name).output for name in s.stages())


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_turned_blocks(turns):
    y = td.ops.rot90(matrix(), turns)
    s = td.schedules.copies(td.schedule(y, target="cpu:x86-64-v3"), y)
    assert ("turned in registers" in str(s)) == bool(turns % 2) and ("read forwards" in str(s)) == (
        turns == 1
    )
    kernel = td.build(s)
    assert "gather" not in kernel.source("asm") or not turns % 2
    for shape in ((1, 1), (33, 70), (8, 64), (5, 0)):
        x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
        assert np.array_equal(kernel(x), np.rot90(x, turns))


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float64", "bool"])
def test_every_width(dtype):
    x = np.arange(37 * 51).reshape(37, 51).astype(dtype)
    for op, want in ((td.ops.transpose, x.T), (td.ops.rot90, np.rot90(x)), (td.ops.flatten, x.reshape(-1))):
        assert np.array_equal(op(x), want)
