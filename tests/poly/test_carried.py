"""Loops that run together: lanes in lockstep (semantics P6), parallel iterations, reductions, promoted tiles."""

from __future__ import annotations

from tdsl.poly import verdict
from tdsl.poly.answers import PROVED, Proved, Refuted, Unknown
from tdsl.poly.model import Program
from tdsl.poly.verdict import judge, parallel_loops
from tests.poly.programs import Plan, node, program, stage
from tests.poly.samples import (
    blur,
    legal,
    line,
    matmul,
    packed_matmul,
    recurrence,
    refuted,
    scan,
    skewed_heat,
    wavefront,
)


def test_lanes_carry_no_flow_within_a_statement():
    assert refuted(recurrence((0, -1)).vector("S", "x")).kind == "vector"
    assert legal(recurrence((-1, -1)).vector("S", "x"))
    assert (
        refuted(recurrence((-1, -1)).skew("S", "x", "y", "w").reorder("S", "w", "y").vector("S", "w")).kind
        == "vector"
    )


def test_lanes_may_read_what_a_higher_lane_overwrites():
    """`S[y, x]` reads row y - 1 to its right, in one row of storage: lanes read before any writes."""
    one_row = recurrence((-1, 1)).fold("S", 0, 1)
    given = one_row.program
    last = stage("R", "x", "0 <= x < w", [("S", "h - 1, x")])
    declared = Program(
        given.sizes,
        (node("h >= 1"),),
        (*given.statements, *last),
        (*given.shapes, ("R", (node("w"),))),
        (),
        ("R",),
    )
    plan = Plan.of(declared).fold("S", 0, 1)
    assert legal(plan)
    assert legal(plan.vector("S", "x"))
    assert refuted(plan.parallel("S", "x")).witness.kind == "anti"


def test_between_statements_the_source_must_stand_first():
    """P slides along the lanes of R: a lane reads what lower lanes made, whose statement stands first."""
    plan = line("y + 1").compute_at("P", "R", "y").store_root("P")
    assert legal(plan.vector("R", "y"))
    later = scan().compute_at("H", "C", "y").store_root("H")
    assert refuted(later.vector("C", "y")).kind == "vector"


def test_two_adjacent_lane_loops_are_one_group():
    plan = (
        blur()
        .split("by", "y", 4, ("y", "yv"))
        .split("by", "x", 4, ("x", "xv"))
        .reorder("by", "y", "x", "yv", "xv")
    )
    assert legal(plan.vector("by", "yv", "xv"))
    diagonal = recurrence((-1, 1)).split("S", "y", 2, ("y", "yv")).split("S", "x", 2, ("x", "xv"))
    diagonal = diagonal.reorder("S", "y", "x", "yv", "xv")
    assert refuted(diagonal.vector("S", "yv", "xv")).kind in ("vector", "order")


# reductions


def test_init_and_finish_have_loops_that_must_be_safe_too():
    plan = matmul(finish=[]).reorder("acc", "q", "i", "j")
    assert legal(plan.parallel("acc", "i"))
    assert legal(plan.vector("acc", "j"))
    assert refuted(plan.parallel("acc", "q")).kind == "reduction"


def test_a_promoted_loop_may_not_share_elements_between_lanes():
    plan = matmul().promote("acc", "q")
    assert legal(plan)
    assert refuted(plan.vector("acc", "q")).kind == "promote"
    assert legal(matmul().promote("acc", "j").reorder("acc", "i", "q", "j").vector("acc", "j"))


def test_empty_reductions_have_a_value():
    plan = Plan.of(
        program(
            ["n", "k"],
            stage("s", "y q", "0 <= y < n and 0 <= q < k", over="q"),
            stage("r", "y", "0 <= y < n", [("s", "y")]),
            shapes={"s": "n", "r": "n"},
            outputs=["r"],
        )
    ).compute_at("s", "r", "y")
    assert legal(plan)
    judgement = verdict.Judgement(plan.arranged, quick=False)
    assert all(answer is PROVED for answer in judgement.answers())


def test_a_skew_by_the_reduction_parts_init_and_update():
    plan = matmul().skew("acc", "j", "q", "w").reorder("acc", "i", "w", "q")
    assert isinstance(judge(plan.arranged), Proved | Refuted)


# fused loops


def test_parallel_over_a_fused_loop_and_its_chunks():
    plan = matmul().fuse("C", "i", "j", "t")
    assert legal(plan.parallel("C", "t"))
    chunks = plan.split("C", "t", 16, ("t", "tc"))
    assert legal(chunks.parallel("C", "t"))
    assert legal(chunks.compute_at("acc", "C", "tc"))
    found = judge(chunks.compute_at("acc", "C", "t").arranged)
    assert isinstance(found, Unknown) and "fused" in found.access


def test_parallel_loops():
    assert parallel_loops(skewed_heat(16, 64).arranged, "U") == ("xi",)
    assert parallel_loops(packed_matmul().arranged, "acc") == ("i", "j")
    assert parallel_loops(wavefront().arranged, "D") == ("i",)
