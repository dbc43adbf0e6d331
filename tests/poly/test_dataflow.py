"""Updates in place: value flow by the stated order, each access with a source of its own (programs 06 and 07)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tdsl.expr.printer import text
from tdsl.poly.answers import PROVED, Refuted, Unknown
from tdsl.poly.copies import Copies
from tdsl.poly.folds import min_fold
from tdsl.poly.model import Access, Statement
from tdsl.poly.verdict import forget, judge
from tests.poly.oracle import Oracle
from tests.poly.programs import Plan, access, node, program, stage, update


def lu():
    reads = [("i, k", "j == k"), ("k, k", "j == k"), ("i, j", "j > k"), ("i, k", "j > k"), ("k, j", "j > k")]
    return update(["n"], "lu", "k i j", "0 <= k < n and k + 1 <= i < n and k <= j < n", reads, "i, j", "n,n")


def floyd_warshall():
    reads = [("i, j",), ("i, k",), ("k, j",)]
    return update(["n"], "fw", "k i j", "0 <= k < n and 0 <= i < n and 0 <= j < n", reads, "i, j", "n,n")


def gauss_seidel():
    reads = [("a - 1, b",), ("a + 1, b",), ("a, b - 1",), ("a, b + 1",)]
    return update(["n"], "gs", "a b", "1 <= a < n - 1 and 1 <= b < n - 1", reads, "a, b", "n,n")


def wavefront():
    return gauss_seidel().skew("gs", "b", "a", "w").reorder("gs", "w", "a")


def row(read, write="r", extent=50):
    return update([], "u", "r", f"0 <= r < {extent}", [(read,)], write, "200")


def table(*reads, guard=""):
    got = [(each, guard) if guard else (each,) for each in reads]
    return update(["n"], "u", "y x", "1 <= y < n and 1 <= x < n", got, "y, x", "n,n")


LEGAL = {
    "lu": lu,
    "lu, rows in parallel": lambda: lu().parallel("lu", "i"),
    "lu, i k j": lambda: lu().reorder("lu", "i", "k", "j"),
    "lu, i j k": lambda: lu().reorder("lu", "i", "j", "k"),
    "gauss-seidel, wavefront": wavefront,
    "gauss-seidel, wavefront in parallel": lambda: wavefront().parallel("gs", "a"),
    "even from odd": lambda: row("2 * r + 1", "2 * r").parallel("u", "r"),
    "shifted": lambda: row("r + 50").parallel("u", "r"),
    "mirror": lambda: row("199 - r").parallel("u", "r"),
    "ahead, in lanes": lambda: row("r + 1").vector("u", "r"),
    "rows": lambda: table("y, x - 1").reorder("u", "x", "y"),
    "diagonal": lambda: table("y - 1, x - 1").reorder("u", "x", "y"),
    "pascal": lambda: table("y, x - 1", "y - 1, x").reorder("u", "x", "y"),
}

ILLEGAL = {
    "lu, columns in parallel": (lambda: lu().parallel("lu", "j"), "race", {"n": 2}),
    "lu, steps in parallel": (lambda: lu().parallel("lu", "k"), "race", {"n": 3}),
    "floyd-warshall, i j k": (lambda: floyd_warshall().reorder("fw", "i", "j", "k"), "order", {"n": 2}),
    "gauss-seidel, columns in parallel": (lambda: gauss_seidel().parallel("gs", "b"), "race", {"n": 4}),
    "scan": (lambda: row("r", "r + 1").parallel("u", "r"), "race", {}),
    "scan in lanes": (lambda: row("r", "r + 1").vector("u", "r"), "vector", {}),
    "halves": (lambda: row("r // 2", "r // 2").parallel("u", "r"), "race", {}),
    "ahead": (lambda: row("r + 1").parallel("u", "r"), "race", {}),
    "anti": (lambda: table("y - 1, x + 1", guard="x + 1 < n").reorder("u", "x", "y"), "order", {"n": 3}),
}


@pytest.mark.parametrize("name", LEGAL)
def test_legal(name):
    forget()
    assert judge(LEGAL[name]().arranged) is PROVED


@pytest.mark.parametrize("name", ILLEGAL)
def test_illegal(name):
    forget()
    plan, kind, sizes = ILLEGAL[name]
    found = judge(plan().arranged)
    assert isinstance(found, Refuted) and found.kind == kind
    assert dict(found.witness.sizes) == sizes


def test_a_symbolic_distance_has_a_condition():
    plan = update(["n", "D"], "u", "r", "0 <= r < n - D", [("r + D",)], "r", "n").parallel("u", "r")
    found = judge(plan.arranged)
    assert isinstance(found, Refuted) and dict(found.witness.sizes) == {"D": 1, "n": 3}
    assert set(text(found.condition).replace(" | ", " or ").split(" or ")) == {"D <= 0", "D * 2 >= n"}


def test_every_access_has_its_own_source():
    """In step k of LU the element (i, j) was written in step k - 1, the pivot row's (k, j) as well."""
    copies = Copies(lu().arranged)
    statement = copies.tree.statements["lu"]
    element, pivot = (copies.flow.sources(statement, statement, "lu", which) for which in (2, 4))
    assert "[-1 + i0, i1, i2]" in str(element)
    assert "[-1 + i0, i0, i2]" in str(pivot)


def test_a_later_reader_sees_the_last_write():
    last = stage("out", "i j", "0 <= i < n and 0 <= j < n", [("gs", "i, j")])
    reads = [("a - 1, b",), ("a, b + 1",)]
    plan = update(
        ["n"],
        "gs",
        "a b",
        "1 <= a < n - 1 and 1 <= b < n - 1",
        reads,
        "a, b",
        "n,n",
        ["out"],
        [last],
        {"out": "n, n"},
    )
    assert judge(plan.arranged) is PROVED
    assert judge(plan.reverse("gs", "b", "down").arranged) != PROVED
    mirrored = plan.reverse("out", "i", "up").reorder("out", "j", "up").parallel("out", "j")
    assert judge(mirrored.arranged) is PROVED


def test_the_result_of_an_update_must_be_the_last_value():
    """Written twice with nothing read between: only the result says which write must be last."""
    plan = update(["n"], "u", "r", "0 <= r < 2 * n", [], "r // 2", "n")
    assert judge(plan.arranged) is PROVED
    found = judge(plan.reverse("u", "r", "down").arranged)
    assert isinstance(found, Refuted) and found.kind == "clobber"
    assert not Oracle(plan.reverse("u", "r", "down").arranged, {"n": 1}).right()


def test_folding_an_update_is_a_clobber_unless_nothing_lives():
    assert judge(row("r + 1").fold("u", 0, 3).arranged).kind == "clobber"
    assert min_fold(row("r + 1").arranged, "u", 0).legal == ()


def test_an_update_stands_with_its_whole_history_where_it_is_read():
    last = stage("out", "i", "0 <= i < n", [("u", "i")])
    plan = update(["n"], "u", "r", "0 <= r < n", [("r",)], "r", "n", ["out"], [last], {"out": "n"})
    assert judge(plan.compute_at("u", "out", "i").arranged) is PROVED
    found = judge(plan.store_root("u").compute_at("u", "out", "i").arranged)
    assert isinstance(found, Refuted) and found.kind == "placement" and "whole history" in found.text


# subscripts that depend on data


def histogram():
    """H[image[y, x]] += 1: the bin is known only by its range."""
    bins = Access("H", (None,), (), ((0, node("0"), node("256")),), "H[image[y, x]]")
    body = Statement(
        "H", "H", "assign", ("y", "x"), (node("0 <= y < h and 0 <= x < w", ("y", "x")),), (bins,), (bins,)
    )
    source = Statement(
        "H.source",
        "H",
        "source",
        ("d0",),
        (node("0 <= d0 < 256", ("d0",)),),
        (),
        (access("H", "d0", ("d0",)),),
    )
    declared = program(["h", "w"], [source, body], shapes={"H": "256"}, outputs=["H"])
    return Plan.of(replace(declared, ordered=("H",)))


def test_a_histogram_may_keep_its_order():
    assert judge(histogram().arranged) is PROVED
    assert judge(histogram().split("H", "y", 16).arranged) is PROVED
    assert judge(histogram().fuse("H", "y", "x", "t").arranged) is PROVED


@pytest.mark.parametrize(
    "plan",
    [
        lambda: histogram().reorder("H", "x", "y"),
        lambda: histogram().parallel("H", "y"),
        lambda: histogram().vector("H", "x"),
        lambda: histogram().split("H", "x", 4).reorder("H", "y", "xi", "xo"),
    ],
)
def test_what_would_change_a_histograms_order_is_unknown(plan):
    found = judge(plan().arranged)
    assert isinstance(found, Unknown) and found.access == "H[image[y, x]]"
