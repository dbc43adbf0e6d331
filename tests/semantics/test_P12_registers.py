"""P12: storage in registers has constant subscripts once the loops that index it are unrolled."""

import numpy as np

import tdsl as td


def test_a_subscript_that_is_constant_within_its_loops_needs_no_unrolled_block_loop():
    """`(jo * 2 + ji) // 2 - jo` is 0 for each ji, so that jo may run as often as sizes say."""
    t = td.size("t")
    x = td.placeholder("x", (t,))
    M = td.compute("M", (t, 2), lambda i, k: x[i] * td.where(k == 0, 1.0, 3.0))
    y = td.compute("y", (2 * t,), lambda j: M[j // 2, 0] + td.where(j % 2 == 0, M[j // 2, 1], 0.0))
    s = td.schedule(y).split(y, "j", 2).compute_at(M, y, "jo").scope(M, "register")
    f = td.build(s)
    assert "M: float32[1, 2] register" in f.source("loops")
    for rows in (0, 1, 5):
        v = np.arange(rows, dtype=np.float32)
        assert f(v).tolist() == [value for one in v for value in (4 * one, one)]
