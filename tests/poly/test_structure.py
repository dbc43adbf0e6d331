"""Where stages may stand: placements, scope, readers outside; and what a stored value at root still needs."""

from __future__ import annotations

import pytest

from tests.poly.programs import Plan, program, stage
from tests.poly.samples import blur, legal, refuted, two_readers


def test_scope_a_reader_outside():
    found = refuted(two_readers().compute_at("P", "B", "y"))
    assert found.kind == "scope" and found.tensor == "P" and found.place == ("B", "y")
    assert found.text == "A reads P outside loop y of B, in which it is stored"


def test_a_reader_outside_stands_too_early_for_storage_at_root():
    found = refuted(two_readers().compute_at("P", "B", "y").store_root("P"))
    assert (found.kind, found.witness.kind) == ("order", "flow")
    assert legal(two_readers().compute_at("P", "A", "y").store_root("P"))


def test_what_a_reader_outside_needs_must_be_made_inside():
    plan = Plan.of(
        program(
            ["n"],
            stage("P", "y", "0 <= y < n"),
            stage("A", "y", "0 <= y < n - 1", [("P", "y")]),
            stage("B", "y", "0 <= y < n", [("P", "y"), ("A", "0")]),
            shapes={"P": "n", "A": "n", "B": "n"},
            outputs=["B"],
        )
    ).compute_at("P", "A", "y").store_root("P")  # fmt: skip
    found = refuted(plan)
    assert found.kind == "missing"
    assert dict(found.witness.iterations[0].axes) == {"y": 0} and found.witness.element == (0,)
    assert dict(found.witness.sizes) == {"n": 1}


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (lambda: blur().compute_at("by", "bx", "y"), "by is a result"),
        (lambda: two_readers().compute_at("B", "A", "y"), "B is a result"),
        (lambda: blur().compute_at("bx", "by", "z"), "by has no loop z"),
        (
            lambda: blur().compute_at("bx", "by", "y").store_at("bx", "by", "x"),
            "not computed inside by's loop x",
        ),
        (lambda: blur().compute_at("bx", "bx", "y"), "inside itself"),
        (lambda: blur().store_at("bx", "by", "y"), "not computed inside by's loop y"),
    ],
)
def test_placement(plan, words):
    found = refuted(plan())
    assert found.kind == "placement" and words in found.text


def test_nothing_inside_reads_it():
    plan = two_readers().compute_at("A", "B", "y")
    assert legal(plan)
    found = refuted(Plan.of(program(
        ["n"],
        stage("P", "y", "0 <= y < n"),
        stage("A", "y", "0 <= y < n", [("P", "y")]),
        stage("B", "y", "0 <= y < n"),
        shapes={"P": "n", "A": "n", "B": "n"},
        outputs=["A", "B"],
    )).compute_at("P", "B", "y"))  # fmt: skip
    assert found.kind == "placement" and found.text == "no reader of P is inside loop y of B"
