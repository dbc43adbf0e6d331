"""Verdicts on programs of the feasibility study and on one small case for every kind of answer."""

from __future__ import annotations

import pickle
import threading

import pytest

from tdsl.expr.printer import text
from tdsl.poly import isl, verdict
from tdsl.poly.answers import PROVED, Unknown
from tdsl.poly.model import Access, Program
from tdsl.poly.verdict import forget, judge
from tests.poly.programs import Plan, node, program, stage
from tests.poly.samples import ILLEGAL, LEGAL, legal, line, refuted, slid_blur


@pytest.mark.parametrize("name", LEGAL)
def test_legal(name):
    forget()
    assert judge(LEGAL[name]().arranged) is PROVED


@pytest.mark.parametrize("name", ILLEGAL)
def test_illegal(name):
    forget()
    plan, kind, sizes = ILLEGAL[name]
    found = refuted(plan())
    assert found.kind == kind
    assert found.witness is not None and dict(found.witness.sizes) == sizes


@pytest.mark.parametrize("name", ILLEGAL)
def test_answers_pickle_and_come_back_from_the_table(name):
    forget()
    plan = ILLEGAL[name][0]()
    first, again = judge(plan.arranged), judge(plan.arranged)
    assert first is again
    assert pickle.loads(pickle.dumps(first)) == first


# conditions


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("heat in tiles without skew", {"T <= 0", "X <= 64"}),
        ("rows of edit distance in parallel", {"n <= 0", "m <= 0"}),
        ("sum in parallel", {"m <= 0", "n <= 0", "k <= 1"}),
    ],
)
def test_the_condition_under_which_it_would_be_legal(name, condition):
    found = refuted(ILLEGAL[name][0]())
    assert set(text(found.condition).replace(" | ", " or ").split(" or ")) == condition


def test_a_condition_assumed_makes_it_legal():
    plan = line("y + n").parallel("R", "y").compute_at("P", "R", "y").store_root("P")
    assert legal(plan)
    overlapping = line("y // 2").parallel("R", "y").compute_at("P", "R", "y").store_root("P")
    assert refuted(overlapping).kind == "race"
    assert text(refuted(overlapping).condition) == "n <= 1"
    given = overlapping.program
    assumed = Program(
        given.sizes, (node("n <= 1"),), given.statements, given.shapes, given.inputs, given.outputs
    )
    assert legal(Plan(assumed, overlapping.stages))


# what cannot be decided


def gather(range_of=None):
    """`R[y] = P[index(y)]`, the index opaque, perhaps with a declared range."""
    declared = line("y").program
    made, reader = declared.statements
    opaque = ((0, *map(node, range_of)),) if range_of else ()
    read = Access("P", (None,), (), opaque, "P[index[y]]")
    changed = stage("R", "y", "0 <= y < n")[0]
    changed = type(reader)(changed.name, "R", "assign", ("y",), changed.domain, (read,), reader.writes)
    return Plan.of(Program(declared.sizes, (), (made, changed), declared.shapes, (), ("R",)))


def test_an_opaque_read_is_fine_where_the_whole_range_is_ready():
    assert legal(gather())
    assert legal(gather(("0", "3")).compute_at("P", "R", "y"))


def test_an_opaque_read_that_may_be_wrong_is_unknown():
    found = judge(gather(("0", "n")).fold("P", 0, 2).arranged)
    assert isinstance(found, Unknown)
    assert found.access == "P[index[y]]" and "range=" in found.fact and found.tensor == "P"


def test_a_domain_that_is_not_affine_is_unknown():
    plan = Plan.of(
        program(
            ["n", "m"],
            stage("P", "y", "0 <= y < n and y * m < n", [("P", "y - 1", "y > 0")]),
            shapes={"P": "n"},
            outputs=["P"],
        )
    )
    found = judge(plan.arranged)
    assert isinstance(found, Unknown) and found.access == "y * m"


def test_too_large_is_unknown(monkeypatch):
    forget()
    monkeypatch.setattr(isl, "UNIT_BUDGET", 1000)
    monkeypatch.setattr(isl.budget.__wrapped__, "__defaults__", (1000, None))
    found = judge(slid_blur().fold("bx", 0, 3).arranged)
    forget()
    assert isinstance(found, Unknown) and "too large" in found.fact


# tables and threads


def test_marks_and_other_stages_do_not_ask_again(monkeypatch):
    forget()
    plan = slid_blur().fold("bx", 0, 4)
    assert legal(plan)
    asked = []
    answered = verdict.Judgement._answered
    monkeypatch.setattr(
        verdict.Judgement,
        "_answered",
        lambda self, tensor, *rest: (asked.append(tensor), answered(self, tensor, *rest))[1],
    )
    assert legal(plan)
    assert legal(plan.parallel("by", "yo"))
    assert not asked
    assert legal(plan.split("bx", "x", 16))
    assert set(asked) == {"bx"}


def test_many_threads_agree():
    forget()
    plans = [make() for make, _, _ in ILLEGAL.values()] + [make() for make in LEGAL.values()]
    want = [judge(plan.arranged) for plan in plans]
    forget()
    results = []

    def work():
        results.append([judge(plan.arranged) for plan in plans])

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [want] * 3


def test_reads_merge_whatever_their_number():
    reads = [("bx", f"y + {dy}, x + {dx}") for dy in range(3) for dx in range(3)]
    plan = Plan.of(
        program(
            ["h", "w"],
            stage("bx", "y x", "0 <= y < h + 2 and 0 <= x < w + 2"),
            stage("by", "y x", "0 <= y < h and 0 <= x < w", reads),
            shapes={"bx": "h + 2, w + 2", "by": "h, w"},
            outputs=["by"],
        )
    )
    judgement = verdict.Judgement(plan.arranged)
    reader = judgement.copies.tree.statements["by"]
    assert judgement.copies.flow.read(reader, "bx").n_basic_map() == 1
