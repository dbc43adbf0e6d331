"""P18: tiles of a stage are made ahead and taken in turn; each element once, from the same values, in a serial loop."""

import numpy as np
import pytest

import tdsl as td


def test_P18_iterations_take_the_tiles_in_turn(blur):
    s = blur.s.compute_at("bx", "by", "y").double_buffer("bx", 3)
    assert s.storage("bx")["shape"][0] == "3"
    x = np.random.default_rng(0).random((9, 5)).astype(np.float32)
    want = td.build(blur.s)(x)
    for target in ("interpret", "cpu"):
        assert np.array_equal(td.build(s, target=target)(x), want)
    lines = td.build(s).source("loops").splitlines()
    made = next(
        place for place, line in enumerate(lines) if "bx[y.ahead % 3" in line or "bx[by.y.ahead % 3" in line
    )
    used = next(place for place, line in enumerate(lines) if place > made and "let" in line)
    assert made < used  # the load of a later tile stands before the use of the present one


def test_P18_what_the_loop_makes_is_not_read_ahead():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    a = td.compute("a", (n,), lambda i: x[i] + 1)
    b = td.compute("b", (n,), lambda i: a[i] * 2)
    c = td.compute("c", (n,), lambda i: b[i] + 3)
    s = td.schedule(c).compute_at(b, c, "i").compute_at(a, c, "i")
    with pytest.raises(td.PlacementError, match="S337"):
        s.double_buffer(b)
    assert s.double_buffer(a).double_buffer(b).steps
    with pytest.raises(td.PlacementError, match="S337"):
        td.schedule(c).compute_at(b, c, "i").parallel(c, "i").double_buffer(b)
