"""The executed copies on examples small enough to write down."""

from __future__ import annotations

import pytest

import tdsl as td
from tdsl.poly import recent
from tdsl.poly import scan as scan_module
from tdsl.poly.copies import Copies
from tdsl.poly.isl import PARAM, SET
from tdsl.poly.looptree import Misplaced
from tdsl.schedule.nest_build import build_nest
from tests.poly.oracle import Oracle
from tests.poly.programs import Plan, program, stage


def blur(rows=3):
    return Plan.of(
        program(
            ["h", "w"],
            stage("bx", "y x", "0 <= y < h + 2 and 0 <= x < w"),
            stage("by", "y x", "0 <= y < h and 0 <= x < w", [("bx", f"y + {d}, x") for d in range(rows)]),
            shapes={"bx": "h + 2, w", "by": "h, w"},
            outputs=["by"],
        )
    )


def matmul(finish=None):
    return Plan.of(
        program(
            ["m", "n", "k"],
            stage("A", "i q", "0 <= i < m and 0 <= q < k"),
            stage(
                "C",
                "i j q",
                "0 <= i < m and 0 <= j < n and 0 <= q < k",
                [("A", "i, q")],
                over="q",
                finish=finish,
            ),
            shapes={"A": "m, k", "C": "m, n"},
            outputs=["C"],
        )
    )


def relation(plan, statement):
    return str(Copies(plan.arranged).relation(statement)).split("-> ", 1)[1]


def test_at_root_copies_are_the_domain():
    assert relation(blur(), "by").startswith("{ [i0, i1] -> [i0, i1] :")


def test_a_split_ties_loops_to_the_axis():
    plan = blur().split("by", "y", 32)
    assert relation(plan, "by").startswith("{ [i0, i1, i2] -> [32i0 + i1, i2] :")
    assert "0 <= i1 <= 31" in relation(plan, "by")


def test_a_placed_stage_computes_what_is_read_there():
    plan = blur().split("by", "y", 32).compute_at("bx", "by", "yo")
    need = Copies(plan.arranged).need("bx")
    rows = str(need)
    assert "o0 >= 32i0" in rows and "o0 <= 33 + 32i0" in rows and "o0 <= 1 + p0" in rows


def test_a_relative_split_starts_where_the_region_starts():
    plan = blur().split("by", "y", 32).compute_at("bx", "by", "yo").split("bx", "y", 8)
    copies = Copies(plan.arranged)
    assert "[(32i0)]" in str(copies.base("bx", "y"))
    assert "[32i0 + 8i1 + i2, i3]" in relation(plan, "bx")
    assert copies.base("by", "y") is None


def test_a_split_of_a_split_loop_starts_at_zero():
    plan = (
        blur()
        .split("by", "y", 32)
        .compute_at("bx", "by", "yo")
        .split("bx", "y", 8, ("y", "yi"))
        .split("bx", "y", 2, ("a", "b"))
    )
    copies = Copies(plan.arranged)
    assert copies.split_base("bx", 0) is not None and copies.split_base("bx", 1) is None
    assert "[32i0 + 16i1 + 8i2 + i3, i4]" in relation(plan, "bx")


def test_storage_farther_out_makes_each_row_once():
    plan = blur().split("by", "y", 32).store_at("bx", "by", "yo").compute_at("bx", "by", "yi")
    need = Copies(plan.arranged).need("bx")
    assert need.reverse().is_single_valued() is False  # rows at strip borders belong to two strips
    inside = need.intersect_domain(need.domain().fix_val(SET, 0, 1))
    assert inside.reverse().is_single_valued()


def test_init_update_and_finish_share_the_prefix_and_have_data_loops_of_their_own():
    plan = matmul(finish=[]).reorder("C", "i", "q", "j")
    copies = Copies(plan.arranged)
    assert copies.dims("C.update") == (("C", "i"), ("C", "q"), ("C", "j"))
    assert copies.dims("C.init") == (("C", "i"), ("C.init", "j"))
    assert copies.dims("C.finish") == (("C", "i"), ("C.finish", "j"))
    assert copies.level("C.accumulator") == 1 and copies.level("C") == 0
    assert relation(plan, "C.init").startswith("{ [i0, i1] -> [i0, i1] :")


def test_what_is_placed_below_a_reduction_loop_stands_in_the_updates_nest():
    plan = matmul().reorder("C", "i", "q", "j").compute_at("A", "C", "q")
    copies = Copies(plan.arranged)
    assert copies.dims("A")[:2] == (("C", "i"), ("C", "q"))
    assert relation(plan, "A").startswith("{ [i0, i1, i0, i1] -> [i0, i1] :")


def test_a_fused_loop_is_the_order_of_its_parents():
    plan = matmul().fuse("C", "i", "j", "t").compute_at("A", "C", "t")
    copies = Copies(plan.arranged)
    assert copies.dims("C.update") == (("C", "i"), ("C", "j"), ("C", "q"))
    assert copies.dims("A")[:2] == (("C", "i"), ("C", "j"))
    split = matmul().fuse("C", "i", "j", "t").split("C", "t", 4, ("t", "tc"))
    assert Copies(split.arranged).dims("C.update") == copies.dims("C.update")


def test_skew_reverse_and_rename_are_undone():
    plan = blur().skew("by", "x", "y", "w").reverse("by", "y", "up").rename("by", "w", "lanes")
    assert relation(plan, "by").startswith("{ [i0, i1] -> [-i0, i0 + i1] :")


def test_a_recurrence_takes_all_it_needs_of_itself():
    plan = Plan.of(
        program(
            ["n"],
            stage("H", "y", "0 <= y < n", [("H", "y - 1", "y > 0")]),
            stage("C", "y", "0 <= y < n", [("H", "y")]),
            shapes={"H": "n", "C": "n"},
            outputs=["C"],
        )
    ).compute_at("H", "C", "y")
    assert "0 <= o0 <= i0" in str(Copies(plan.arranged).need("H")) or "o0 < i0" in str(
        Copies(plan.arranged).need("H")
    )


def test_a_stage_that_nothing_inside_reads_cannot_be_placed():
    with pytest.raises(Misplaced, match="no reader of by is inside"):
        Copies(blur().compute_at("by", "bx", "y").arranged).need("by")
    with pytest.raises(Misplaced, match="by has no loop z"):
        Copies(blur().compute_at("bx", "by", "z").arranged).need("bx")


def test_a_name_given_twice_is_a_bug_of_the_caller():
    with pytest.raises(ValueError, match="yi"):
        Copies(blur().split("by", "y", 4).split("by", "yo", 2, ("yo", "yi")).arranged).relation("by")


def halves():
    """R reads every sum twice; a sum may have no terms."""
    return Plan.of(
        program(
            ["h", "w"],
            stage("S", "y k", "0 <= y < h and 0 <= k < w", over="k"),
            stage("R", "y", "0 <= y < h", [("S", "y // 2")]),
            shapes={"S": "h", "R": "h"},
            outputs=["R"],
        )
    )


def test_a_sum_without_terms_is_initialised_where_it_is_read():
    """The start of a split comes from the elements needed, not from the terms."""
    plan = halves().compute_at("S", "R", "y").split("S", "y", 2).split("S", "k", 3)
    init = Copies(plan.arranged).relation("S.init")
    assert not init.fix_val(PARAM, 0, 3).fix_val(PARAM, 1, 0).is_empty()
    assert Oracle(plan.arranged, {"h": 3, "w": 0}).right()


def test_init_stands_outside_every_loop_of_the_reduction():
    """Skewed by k and k skewed back by that: for the initialisation k counts as 0."""
    plan = halves().skew("S", "y", "k", "a").skew("S", "k", "a", "b", -1)
    assert relation(plan, "S.init").startswith("{ [i0] -> [i0] :")


def test_equal_arrangements_share_what_was_found(monkeypatch):
    """Another constant, the same loops: no isl operation; and the nest is what a first build makes."""

    def schedule(factor):
        n = td.size("n")
        x = td.placeholder("x", (n,))
        y = td.compute("y", (n,), lambda i: x[i] * factor)
        z = td.compute("z", (n,), lambda i: y[i] + 1)
        return td.schedule(z).split(z, "i", 8).compute_at(y, z, "io").vectorize(z, "ii")

    first = build_nest(schedule(2.0).state)
    with monkeypatch.context() as patch:
        patch.setattr(scan_module, "_scanned", None)
        again = build_nest(schedule(3.0).state)
        assert repr(again) == repr(first).replace("2.0", "3.0")
    recent._recent.table.clear()
    assert repr(build_nest(schedule(2.0).state)) == repr(first)
    for width in range(2, 3 + recent.RECENT):
        y = td.compute("y", (width,), lambda i: i)
        build_nest(td.schedule(y).state)
    assert len(recent._recent.table) == recent.RECENT
