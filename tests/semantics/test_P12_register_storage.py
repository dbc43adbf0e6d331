"""P12: loops that index register storage are unrolled to a constant bound; partial tiles take a second, guarded body."""

import numpy as np
import pytest

import tdsl as td


def tiled(blur):
    """A tile of by over a tile of bx in registers."""
    s = blur.s.tile("by", {"y": 2, "x": 8}).compute_at("bx", "by", "xo").vectorize("bx", "x", 8)
    return s.vectorize("by", "xi", 8).scope("bx", "register")


def test_every_loop_that_indexes_registers_is_unrolled(blur):
    loops = td.build(tiled(blur), target="interpret").source("loops")
    assert "allocate bx: float32[4, 8] register" in loops
    inside = [
        line.split()[:2] for line in loops.splitlines() if line.split()[0] in ("serial", "unroll", "vector")
    ]
    kinds = {(kind, name) for kind, name in map(tuple, inside)}
    assert {kind for kind, name in kinds if name in ("yi", "bx.y")} == {"unroll"}
    assert {kind for kind, name in kinds if name in ("yo", "xo")} == {"serial"}


@pytest.mark.parametrize("shape", [(4, 16), (5, 19), (1, 3)])
def test_partial_tiles_have_a_body_of_their_own(blur, shape):
    h, w = shape
    data = np.random.default_rng(0).standard_normal((h + 2, w + 2), dtype=np.float32)
    f = td.build(tiled(blur))
    assert np.array_equal(f(data), blur.s(data))
    assert (
        f.source("loops").count("by[") > 2
    )  # two rows a whole tile, and those of partial ones under conditions
    assert "if " in f.source("loops")


def test_without_a_constant_bound_the_build_refuses(blur):
    s = blur.s.compute_at("bx", "by", "y").scope("bx", "register")
    with pytest.raises(td.LimitError, match="L104|L106|L107"):
        td.build(s)
