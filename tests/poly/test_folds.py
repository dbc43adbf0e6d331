"""All legal folds at once, against the verdict on each length."""

from __future__ import annotations

import pytest

from tdsl.poly.answers import PROVED
from tdsl.poly.folds import min_fold
from tdsl.poly.verdict import judge
from tests.poly.programs import Plan, program, stage
from tests.poly.samples import (
    blur,
    heat,
    matmul,
    packed_matmul,
    recurrence,
    scan,
    skewed_heat,
    slid_blur,
)


def strided():
    """Every third row of what slides: the legal lengths are not an interval."""
    return Plan.of(
        program(
            ["n"],
            stage("P", "y", "0 <= y < 3 * n + 4"),
            stage("R", "y", "0 <= y < n", [("P", "3 * y"), ("P", "3 * y + 3")]),
            shapes={"P": "3 * n + 4", "R": "n"},
            outputs=["R"],
        )
    ).compute_at("P", "R", "y").store_root("P")  # fmt: skip


def tail():
    """The last two of all rows."""
    return Plan.of(
        program(
            ["n"],
            stage("P", "y", "0 <= y < n + 2"),
            stage("R", "x", "0 <= x < n", [("P", "n"), ("P", "n + 1")]),
            shapes={"P": "n + 2", "R": "n"},
            outputs=["R"],
        )
    )


CASES = {
    "blur slid": (slid_blur, "bx", 0, 3),
    "blur slid, along x": (slid_blur, "bx", 1, None),
    "blur at root": (blur, "bx", 0, None),
    "heat": (heat, "U", 0, 2),
    "heat in skewed tiles": (lambda: skewed_heat(4, 4), "U", 0, 2),
    "scan slid": (lambda: scan().compute_at("H", "C", "y").store_root("H"), "H", 0, 2),
    "a packed copy": (packed_matmul, "Ap", 1, 4),
    "an accumulator": (matmul, "acc", 0, None),
    "a result": (lambda: recurrence((-1, 0)), "S", 0, None),
    "strided": (strided, "P", 0, 2),
    "rows read last": (lambda: tail(), "P", 0, 2),
    "rows read last, made in parallel": (lambda: tail().mark("P", "parallel", "y"), "P", 0, None),
    "rows read last, made in lanes": (lambda: tail().mark("P", "vector", "y"), "P", 0, None),
}


@pytest.mark.parametrize("name", CASES)
def test_minimal_and_every_other_length(name):
    plan, tensor, dim, minimal = CASES[name]
    folds = min_fold(plan().arranged, tensor, dim, limit=12)
    assert folds.minimal == minimal
    for length in range(1, 8):
        assert (judge(plan().fold(tensor, dim, length).arranged) is PROVED) == (length in folds.legal), length


def test_legal_lengths_need_not_be_an_interval():
    legal = min_fold(strided().arranged, "P", 0, limit=12).legal
    assert 2 in legal and 3 not in legal and 4 in legal
