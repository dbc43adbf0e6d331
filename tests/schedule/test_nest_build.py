"""Nests as golden text: placements, accumulators, sliding, registers, folds, fused loops; and what a build refuses."""

import pytest

import tdsl as td
from tdsl.schedule.nest import Nest
from tdsl.schedule.nest_build import build_nest
from tdsl.schedule.nest_text import nest_text


def shown(schedule: td.Schedule) -> str:
    """The nest with the stages' names for their statements."""
    nest: Nest = build_nest(schedule.state)
    return nest_text(nest, {entry.name: entry.name for entry in schedule.state.live()}) + "\n"


def test_reduction_in_declared_order_keeps_a_scalar(matmul, golden):
    golden(shown(matmul.s))


def test_data_loops_inside_a_reduction_accumulate_in_place(matmul, golden):
    golden(shown(matmul.s.tile("C", {"i": 8, "j": 16}).reorder("C", "io", "jo", "k", "ii", "ji")))


def test_lanes_inside_a_reduction_are_a_register(matmul, golden):
    golden(shown(matmul.s.vectorize("C", "j", 8)))


def test_lanes_over_the_reduction_are_combined_by_halves(matmul, golden):
    golden(shown(matmul.s.vectorize("C", "k", 4)))


def test_promoted_tile_carries_the_sum_over_blocks(matmul, golden):
    s = (
        matmul.s.split("C", "j", 16)
        .split("C", "i", 4)
        .split("C", "k", 32)
        .reorder("C", "jo", "ko", "io", "ki", "ii", "ji")
        .promote("C", "io", name="tile", scope="register")
        .unroll("C", "ii")
        .vectorize("C", "ji", 8)
    )
    golden(shown(s))


def test_promoted_tile_without_blocks_starts_at_the_identity(matmul, golden):
    s = (
        matmul.s.split("C", "i", 4)
        .reorder("C", "io", "j", "k", "ii")
        .promote("C", "j", name="tile", scope="register")
        .unroll("C", "ii")
    )
    golden(shown(s))


def test_register_stage_in_a_fused_tile_loop(matmul, golden):
    s = (
        matmul.s.cache_write("C", name="acc", scope="register")
        .tile("C", {"i": 4, "j": 8})
        .fuse("C", "io", "jo", into="t")
        .parallel("C", "t")
        .compute_at("acc", "C", "t")
        .reorder("acc", "k", "i", "j")
        .vectorize("acc", "j", 8)
    )
    golden(shown(s))


def test_producer_in_a_tile_computes_its_region(blur, golden):
    golden(shown(blur.s.tile("by", {"y": 8, "x": 16}).compute_at("bx", "by", "xo")))


def test_slid_producer_computes_each_row_once(blur, golden):
    s = blur.s.split("by", "y", 8).store_at("bx", "by", "yo").compute_at("bx", "by", "yi").fold("bx", "y", 4)
    golden(shown(s))


def test_chunks_of_a_fused_loop(blur, golden):
    golden(shown(blur.s.compute_root("bx").fuse("by", "y", "x", into="t").parallel("by", "t", chunk=8)))


def test_epilogue_runs_after_the_terms(golden):
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (n, m))
    k = td.reduce_axis("k", m)
    mean = td.compute("mean", (n,), lambda i: td.sum(x[i, k], over=k) * 0.5)
    golden(shown(td.schedule(mean).reorder(mean, "k", "i")))


def test_unrolled_loop_without_constant_extent_is_refused():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    y = td.compute("y", (n,), lambda i: x[i] * 2.0)
    z = td.compute("z", (n,), lambda i: y[i] + 1.0)
    s = td.schedule(z).scope(y, "register")
    with pytest.raises(td.LimitError, match="L10[47]"):
        build_nest(s.state)


def test_stack_is_bounded():
    x = td.placeholder("x", (100_000,))
    y = td.compute("y", (100_000,), lambda i: x[i] * 2.0)
    z = td.compute("z", (100_000,), lambda i: y[i] + 1.0)
    with pytest.raises(td.LimitError, match="400000 bytes of stack"):
        build_nest(td.schedule(z).scope(y, "stack").state)


def test_nests_are_deterministic(matmul):
    s = matmul.s.tile("C", {"i": 8, "j": 16}).vectorize("C", "ji", 8)
    assert shown(s) == shown(s)
