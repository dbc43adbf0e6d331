"""P5: reorder permutes places held; tile splits in place and moves inner axes; fuse is an order over its parents."""

import pytest

import tdsl as td


def test_reorder_permutes_among_the_places_held(matmul):
    s = matmul.s.split("C", "j", 8)
    assert s.reorder("C", "k", "jo").axes("C") == ("i", "k", "ji", "jo")
    assert s.reorder("C", "k", ..., "i").axes("C") == ("k", "jo", "ji", "i")


def test_tile_moves_inner_axes_after_the_innermost_outer_one(matmul):
    s = matmul.s.reorder("C", "j", "k", "i").tile("C", {"i": 4, "j": 8})
    assert s.axes("C") == ("jo", "k", "io", "ii", "ji")


def test_fuse_needs_neighbours_outermost_first(matmul):
    with pytest.raises(td.ArgumentError):
        matmul.s.fuse("C", "j", "i")
    with pytest.raises(td.ArgumentError):
        matmul.s.fuse("C", "i", "k")


def test_fuse_of_symbolic_extents_keeps_legality_and_regions(blur):
    fused = blur.s.fuse("by", "y", "x", into="t")
    assert fused.parallel_axes("by") == ("t",)
    assert fused.compute_at("bx", "by", "t").storage("bx")["shape"] == ("3", "1")


def test_splitting_a_fused_loop_serves_chunks_only(blur):
    fused = blur.s.fuse("by", "y", "x", into="t")
    with pytest.raises(td.ArgumentError):
        fused.split("by", "t", 4)
    assert fused.parallel("by", "t", chunk=4).axes("by") == ("t", "tc")
