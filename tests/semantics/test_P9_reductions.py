"""P9: lanes over a reduction keep one partial each; parallel over a reduction axis is refused with advice."""

import numpy as np
import pytest

import tdsl as td


def test_lanes_over_a_reduction_reassociate(matmul):
    assert "bits: reassociates k of C" in str(matmul.s.vectorize("C", "k", 8))
    with pytest.raises(td.ArgumentError, match="no power of two"):
        matmul.s.vectorize("C", "k", 6)


def test_parallel_over_a_reduction(matmul):
    with pytest.raises(td.IllegalSchedule) as caught:
        matmul.s.split("C", "k", 64).parallel("C", "ko")
    assert caught.value.hint[0].startswith('rfactor("C", "ko"), then parallel of the stage it makes')
    s = matmul.s.split("C", "k", 64).rfactor("C", "ko")
    assert "parallel" in str(s.parallel("C_partial", "ko"))


def test_atomic_over_a_reduction(matmul):
    s = matmul.s.atomic("C").parallel("C", "k")
    assert "⊕= A[i, k] * B[k, j]  # atomic" in str(s)
    with pytest.raises(td.PlacementError, match="S334"):
        s.vectorize("C", "j", 8)
    with pytest.raises(td.PlacementError, match="S334"):
        s.promote("C", "j")


def test_the_order_of_lanes_and_halves():
    """Lane l adds the terms k = l (mod w) in order; then lanes l and l + w/2 are added, until one is left."""
    n = td.size("n")
    A = td.placeholder("A", (n,))
    k = td.reduce_axis("k", n)
    total = td.compute("total", (), lambda: td.sum(A[k], over=k))
    f = td.build(td.schedule(total).vectorize(total, "k", 8))
    values = np.random.default_rng(0).standard_normal(53, dtype=np.float32)
    for size in (0, 5, 16, 53):
        lanes = np.zeros(8, np.float32)
        for place, value in enumerate(values[:size]):
            lanes[place % 8] += value
        while len(lanes) > 1:
            lanes = lanes[: len(lanes) // 2] + lanes[len(lanes) // 2 :]
        assert f(values[:size]) == lanes[0]
