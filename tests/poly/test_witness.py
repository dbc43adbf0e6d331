"""Witnesses are the smallest: no smaller sizes go wrong, and at those sizes no earlier pair of iterations collides."""

from __future__ import annotations

from itertools import product

import pytest

from tdsl.expr.printer import text
from tdsl.poly import library as isl
from tdsl.poly import witness
from tdsl.poly.answers import Refuted
from tdsl.poly.isl import context
from tdsl.poly.verdict import forget, judge
from tdsl.poly.witness import _least as least_point
from tests.poly.oracle import Oracle
from tests.poly.programs import Plan, program, stage
from tests.poly.samples import ILLEGAL, edit_distance, recurrence, refuted, scan, slid_blur


def smaller(sizes):
    """Sizes that come before the given ones: least sum, then in order of name."""
    names, given = list(sizes), tuple(sizes.values())
    for each in product(range(sum(given) + 1), repeat=len(names)):
        if (sum(each), each) < (sum(given), given):
            yield dict(zip(names, each))


WRONG_VALUES = {
    "order": lambda: recurrence((-1, 1)).reorder("S", "x", "y"),
    "order at distance 2": lambda: recurrence((-1, 2)).split("S", "x", 2).reorder("S", "xo", "y", "xi"),
    "clobber": lambda: slid_blur().fold("bx", 0, 2),
    "clobber of a scan": lambda: scan().compute_at("H", "C", "y").store_root("H").fold("H", 0, 1),
}


@pytest.mark.parametrize("name", WRONG_VALUES)
def test_no_smaller_sizes_go_wrong(name):
    plan = WRONG_VALUES[name]()
    sizes = dict(refuted(plan).witness.sizes)
    assert not Oracle(plan.arranged, sizes).right()
    for each in smaller(sizes):
        assert Oracle(plan.arranged, each).right(), each


@pytest.mark.parametrize(
    "plan",
    [
        lambda: edit_distance().parallel("D", "i"),
        lambda: recurrence((-1, 2)).parallel("S", "y"),
        lambda: recurrence((0, -2)).parallel("S", "x"),
    ],
)
def test_no_smaller_race(plan):
    plan = plan()
    found = refuted(plan)
    sizes = dict(found.witness.sizes)
    assert Oracle(plan.arranged, sizes).collides(*found.place)
    for each in smaller(sizes):
        assert not Oracle(plan.arranged, each).collides(*found.place), each


def test_iterations_are_the_first_that_collide():
    plan = recurrence((-1, 2)).parallel("S", "y")
    witness = refuted(plan).witness
    oracle = Oracle(plan.arranged, dict(witness.sizes))
    pairs = []
    for _, writes in oracle.copies["S"]:
        for _, reads in oracle.copies["S"]:
            statement = oracle.tree.statements["S"]
            if writes[0] < reads[0] and ("S", writes) in set(
                oracle.touched(statement, reads, statement.reads)
            ):
                pairs.append((writes, reads))
    first, second = (tuple(value for _, value in each.axes) for each in witness.iterations)
    assert (first, second) == min(pairs)
    assert witness.element == first and witness.kind == "flow"


def test_iterations_show_axes_and_loops():
    witness = refuted(recurrence((-1, 1)).split("S", "x", 4).reorder("S", "xo", "y", "xi")).witness
    writer, reader = witness.iterations
    assert dict(writer.axes) == {"y": 0, "x": 4} and dict(reader.axes) == {"y": 1, "x": 3}
    assert writer.loops == ((("S", "xo"), 1), (("S", "y"), 0), (("S", "xi"), 0))


def test_a_clobber_names_the_lost_write():
    witness = refuted(ILLEGAL["scan slid, folded to 1"][0]()).witness
    reader, overwriter = witness.iterations
    assert (reader.stage, overwriter.stage, witness.lost.stage) == ("C", "H", "H")
    assert (
        dict(witness.lost.axes) == {"y": 0} and dict(overwriter.axes) == {"y": 1} and witness.element == (0,)
    )
    assert witness.kind == "anti"


def test_products_of_sizes_are_real_in_a_witness():
    """A flat index below m * n: isl takes the product for a parameter of its own, the witness must not."""
    plan = Plan.of(
        program(
            ["m", "n"],
            stage("S", "x", "0 <= x < m * n", [("S", "x - 2", "x >= 2")]),
            shapes={"S": "m * n"},
            outputs=["S"],
        )
    )
    found = judge(plan.parallel("S", "x").arranged)
    assert isinstance(found, Refuted)
    assert dict(found.witness.sizes) == {"m": 1, "n": 3}
    assert text(found.condition) == "m * n <= 2"


def test_any_point_stands_for_the_least_where_isl_fails_at_it(monkeypatch):
    """isl's minimum of some sets with divisions ends in an error of its own: found by seed 6672 of the fuzzer."""

    def fails(_piece):
        raise isl.Error("affine expression involves some of the domain dimensions")

    points = isl.Set.read_from_str(context(), "{ [i, j] : 3 <= i < 9 and j = 2 i }")
    assert least_point(points) == [3, 6]
    monkeypatch.setattr(isl.BasicSet, "lexmin", fails)
    i, j = least_point(points)
    assert 3 <= i < 9 and j == 2 * i


def test_pieces_that_are_too_large_are_left_out(monkeypatch):
    """One piece of seed 9048 of the fuzzer, with 60 variables in between, took minutes within its isl operations."""
    points = isl.Set.read_from_str(context(), "{ [i] : i = 7; [i] : 2 <= i <= 5 and i mod 3 = 1 }")
    assert least_point(points) == [4]
    monkeypatch.setattr(witness, "_WORK", 400)  # enough for the first alone
    assert least_point(points) == [7]
    monkeypatch.setattr(witness, "_WORK", 0)
    assert least_point(points) is None


def test_a_refusal_stands_where_its_witness_is_too_large(monkeypatch):
    monkeypatch.setattr(witness, "_WORK", 0)
    monkeypatch.setattr(witness, "_WIDE", 0)
    forget()
    found = judge(WRONG_VALUES["order"]().arranged)
    forget()
    assert isinstance(found, Refuted) and found.witness is None and found.condition is None
