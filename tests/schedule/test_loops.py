"""What a loop comes from."""

import tdsl as td
from tdsl.schedule.loops import constant_extents, is_fused, origins, over_reduction


def test_origins_follow_every_relation(matmul):
    s = matmul.s.split("C", "k", 8).split("C", "i", 4).fuse("C", "ii", "j", into="t").vectorize("C", "io", 4)
    entry = s.state.stage("C")
    assert origins(entry) == {"io": ("i",), "iov": ("i",), "t": ("i", "j"), "ko": ("k",), "ki": ("k",)}
    assert over_reduction(entry, "ki") and not over_reduction(entry, "t") and not over_reduction(entry, "iov")


def test_extents_that_are_constant():
    A = td.placeholder("A", (10, 6))
    C = td.compute("C", (10, 6), lambda i, j: A[i, j])
    s = td.schedule(C).split(C, "i", 4).fuse(C, "ii", "j", into="t")
    assert constant_extents(s.state.stage("C")) == {"io": 3, "t": 24}


def test_chunks_of_a_fused_loop_are_fused(blur):
    entry = blur.s.fuse("by", "y", "x", into="t").parallel("by", "t", chunk=8).state.stage("by")
    assert is_fused(entry, "t")
    entry = blur.s.parallel("by", "y", chunk=8).state.stage("by")
    assert not is_fused(entry, "y")
