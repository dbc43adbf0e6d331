"""P9: lanes over a reduction keep one partial each; parallel over a reduction axis is refused with advice."""

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
