"""P10b: a promoted tile carries the chain of terms on, so it is exact; parallel iterations may not share it."""

import pytest

import tdsl as td


def blocked(matmul):
    return (
        matmul.s.tile("C", {"i": 8, "j": 16}).split("C", "k", 32)
        .reorder("C", "ko", "io", "jo", "ki", "ii", "ji")
    )  # fmt: skip


def test_it_is_exact(matmul):
    s = blocked(matmul).promote("C", "jo", name="tile", scope="stack")
    assert "reassociates" not in str(s)
    assert s.state.stage("C").promotes[0].loop == "jo"


def test_parallel_iterations_own_their_tiles(matmul):
    s = blocked(matmul).promote("C", "jo", name="tile", scope="stack")
    assert s.parallel("C", "io").state.stage("C").loops[1].kind == "parallel"
    with pytest.raises(td.IllegalSchedule):
        s.parallel("C", "ko")
