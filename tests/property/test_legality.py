"""The checker against brute force on random programs and arrangements: no disagreement, both ways.

Proved: every read of every copy sees the right value for several sizes, and marked loops collide nowhere. Refuted: at
the sizes of the witness it goes wrong. The shortcuts of the loop tree are compared with isl's answer each time.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tdsl.poly.answers import PROVED, Refuted
from tdsl.poly.edges import Edges
from tdsl.poly.structure import placement_fault
from tdsl.poly.verdict import Judgement, forget
from tests.poly.drawing import draw_plan, draw_program
from tests.poly.oracle import Oracle

SEEDS = 700


def verdict(arranged, *, quick):
    judgement = Judgement(arranged, quick=quick)
    fault = placement_fault(judgement.copies.tree)
    if fault is not None:
        return fault
    return next((answer for answer in judgement.answers() if answer is not PROVED), PROVED)


def drawn(seed):
    dice = random.Random(seed)
    plan = draw_plan(dice, draw_program(dice), dice.randrange(1, 7))
    return dice, plan


def serial(plan):
    for name, arrangement in plan.stages.items():
        plan = plan.mark(name, "serial", *(loop.name for loop in arrangement.loops))
    return plan


def disagreement(seed):
    """(kind of verdict, what is wrong or None)"""
    dice, plan = drawn(seed)
    forget()
    found = verdict(plan.arranged, quick=True)
    forget()
    whole = verdict(plan.arranged, quick=False)
    kind = found.kind if isinstance(found, Refuted) else type(found).__name__
    if type(found) is not type(whole) or getattr(whole, "kind", None) != getattr(found, "kind", None):
        return kind, f"the loop tree says {found}, isl says {whole}"
    if found is PROVED:
        return kind, _unsound(dice, plan)
    if isinstance(found, Refuted) and found.kind not in ("placement", "scope"):
        return kind, _too_strict(plan, found)
    return kind, None if isinstance(found, Refuted) or _may_be_unknown(
        plan, found
    ) else f"not decided: {found}"


def _may_be_unknown(plan, found):
    """Parts of fused loops, and what is too large."""
    return "fused" in found.access or "too large" in found.fact


def _unsound(dice, plan):
    for _ in range(3):
        sizes = {size.name: dice.randrange(0, 6) for size in plan.program.sizes}
        oracle = Oracle(plan.arranged, sizes)
        if not oracle.right():
            return f"wrong values at {sizes}"
        for name, arrangement in plan.stages.items():
            for loop in arrangement.loops:
                if loop.kind == "parallel" and oracle.collides(name, loop.name):
                    return f"race in {loop.name} of {name} at {sizes}"
    return None


def _too_strict(plan, found):
    if found.witness is None:
        return "no witness"
    sizes = {size.name: 3 for size in plan.program.sizes} | dict(found.witness.sizes)
    if found.kind in ("race", "reduction", "vector"):
        oracle = Oracle(plan.arranged, sizes)
        if found.kind == "vector" and len(_lanes(plan, found.place[0])) > 1:
            return None  # two adjacent lanes are one group
        return None if oracle.collides(*found.place) else f"no collision at {sizes}"
    return f"right at {sizes}" if Oracle(serial(plan).arranged, sizes).right() else None


def _lanes(plan, name):
    return [loop for loop in plan.stages[name].loops if loop.kind == "vector"]


@pytest.mark.parametrize("start", range(0, SEEDS, 100))
def test_checker_and_brute_force_agree(start):
    wrong = {}
    kinds = Counter()
    for seed in range(start, start + 100):
        kind, fault = disagreement(seed)
        kinds[kind] += 1
        if fault is not None:
            wrong[seed] = f"{kind}: {fault}"
    assert not wrong
    assert kinds["Unknown"] <= 5
    assert kinds["Proved"] >= 20 and sum(kinds.values()) - kinds["Proved"] >= 20


@pytest.mark.parametrize("check", ["_late", "_missing", "_clobbered"])
def test_the_comparison_can_fail(check, monkeypatch):
    """With one check switched off brute force finds wrong values."""
    monkeypatch.setattr(Edges, check, lambda *arguments: None)
    assert any(disagreement(seed)[1] for seed in range(400))
    forget()
