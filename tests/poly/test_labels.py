"""Exact or reassociating: against the order in which the terms of an element really run."""

from __future__ import annotations

import random

import pytest

from tdsl.poly.labels import label, labels
from tests.poly.oracle import Oracle
from tests.poly.programs import Plan, program, stage


def sums(exact=False):
    """S[i] = sum over k and l, l bounded by i."""
    return Plan.of(
        program(
            ["n", "m"],
            stage("S", "i k l", "0 <= i < n and 0 <= k < m and 0 <= l < i + 2", over="k l", exact=exact),
            shapes={"S": "n"},
            outputs=["S"],
        )
    )


def axes(plan):
    return label(plan.arranged, "S").reassociates


def test_the_declared_order_is_exact():
    assert label(sums().arranged, "S").exact
    assert [each.stage for each in labels(sums().arranged)] == ["S"]


@pytest.mark.parametrize(
    ("plan", "want"),
    [
        (lambda: sums().split("S", "k", 4), ()),
        (lambda: sums().split("S", "k", 4).reorder("S", "ki", "ko"), ("k",)),
        (lambda: sums().reorder("S", "l", "k"), ("k", "l")),
        (lambda: sums().reorder("S", "k", "l", "i"), ()),
        (lambda: sums().split("S", "l", 2).reorder("S", "lo", "k", "li"), ("k", "l")),
        (lambda: sums().reverse("S", "k", "r"), ("k",)),
        (lambda: sums().skew("S", "i", "k", "w"), ()),
        (lambda: sums().skew("S", "i", "k", "w").reorder("S", "w", "k", "l"), ()),
        (lambda: sums().skew("S", "l", "k", "w").reorder("S", "w", "k"), ("k", "l")),
        (lambda: sums().fuse("S", "k", "l", "kl"), ()),
        (lambda: sums().split("S", "l", 8, ("l", "lv")).vector("S", "lv"), ("l",)),
        (lambda: sums().vector("S", "i"), ()),
        (lambda: sums(exact=True).reorder("S", "l", "k"), ()),
    ],
)
def test_labels(plan, want):
    assert axes(plan()) == want


def test_stages_that_sum_nothing_are_exact():
    plan = Plan.of(program(["n"], stage("P", "y", "0 <= y < n"), shapes={"P": "n"}, outputs=["P"])).reverse(
        "P", "y", "r"
    )
    assert label(plan.arranged, "P").exact


@pytest.mark.parametrize("seed", range(40))
def test_the_chain_of_terms_by_force(seed):
    dice = random.Random(seed)
    plan = sums()
    for number in range(dice.randrange(1, 5)):
        loops = [loop.name for loop in plan.stages["S"].loops]
        match dice.randrange(4):
            case 0:
                plan = plan.split("S", dice.choice(loops), dice.choice([2, 3]), (f"a{number}", f"b{number}"))
            case 1:
                plan = plan.reverse("S", dice.choice(loops), f"r{number}")
            case 2:
                one, by = dice.sample(loops, 2)
                plan = plan.skew("S", one, by, f"w{number}", dice.choice([1, -1]))
            case _:
                plan = plan.reorder("S", *dice.sample(loops, len(loops)))
    oracle = Oracle(plan.arranged, {"n": 4, "m": 7})
    chains: dict[int, list] = {}
    for _, name, _, where in oracle.events():
        if name == "S.update":
            chains.setdefault(where[0], []).append(where[1:])
    moved = any(chain != sorted(chain) for chain in chains.values())
    assert bool(axes(plan)) == moved
