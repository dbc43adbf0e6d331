"""P17: an instruction computes whole tiles of a sum of products, partial ones run as loops, and no bit changes."""

import numpy as np
import pytest

import tdsl as td


def _product(first, second):
    n, m, p = td.size("n"), td.size("m"), td.size("p")
    A, B = td.placeholder("A", (n, p), first), td.placeholder("B", (m, p), second)
    k = td.reduce_axis("k", p)
    return td.compute(
        "C", (n, m), lambda i, j: td.sum(td.cast(A[i, k], "int32") * td.cast(B[j, k], "int32"), over=k)
    )


def test_P17_loops_of_the_reduction_go_outside_and_the_last_other_is_lanes():
    C = _product("uint8", "int8")
    s = td.schedule(C).tile(C, {"j": 8, "k": 4}).reorder(C, "i", "jo", "ko", "ji", "ki")
    t = s.tensorize(C, "ji", "vpdpbusd")
    assert t.axes(C) == ("i", "jo", "ko", "ki", "ji")
    assert "exact" in t.history().splitlines()[-1]


def test_P17_partial_tiles_run_as_loops():
    C = _product("uint8", "int8")
    s = td.schedule(C).tile(C, {"j": 8, "k": 4}).reorder(C, "i", "jo", "ko", "ki", "ji")
    s = s.tensorize(C, "ki", "vpdpbusd")
    dice = np.random.default_rng(0)
    for shape in ((3, 9, 7), (2, 8, 4), (1, 1, 1)):
        a = dice.integers(0, 256, (shape[0], shape[2])).astype(np.uint8)
        b = dice.integers(-128, 128, (shape[1], shape[2])).astype(np.int8)
        want = a.astype(np.int32) @ b.astype(np.int32).T
        for target in ("interpret", *(("cpu",) if "avx512vnni" in td.Target("cpu").feature_set else ())):
            assert np.array_equal(td.build(s, target=target)(a, b), want)


def test_P17_a_stage_that_is_another_sum_is_refused():
    C = _product("int8", "int8")
    s = td.schedule(C).tile(C, {"j": 8, "k": 4}).reorder(C, "i", "jo", "ko", "ki", "ji")
    with pytest.raises(td.PlacementError, match="S147"):
        s.tensorize(C, "ki", "vpdpbusd")
