"""Relations kept from one arrangement for the next are those that would be made anew; the table is bounded."""

import random

import pytest

from tdsl.poly import kept as kept_module
from tdsl.poly import library as isl
from tdsl.poly.answers import Refuted
from tdsl.poly.copies import Copies
from tdsl.poly.looptree import Misplaced
from tdsl.poly.memo import Key
from tdsl.poly.structure import placement_fault
from tdsl.poly.verdict import Judgement, forget, judge
from tests.poly.drawing import draw_plan, draw_program


def arrangements(seed):
    """Schedules of one random program, each a few steps of its own."""
    dice = random.Random(seed)
    program = draw_program(dice)
    return [draw_plan(dice, program, dice.randrange(1, 7)).arranged for _ in range(4)]


@pytest.mark.parametrize("start", range(0, 120, 40))
def test_kept_relations_are_those_made_anew(start):
    compared = 0
    for seed in range(start, start + 40):
        forget()
        for arranged in arrangements(seed):
            judgement = Judgement(arranged)
            if placement_fault(judgement.copies.tree) is not None:
                continue
            alone = Copies(judgement.arranged)
            for statement in judgement.arranged.program.statements:
                try:
                    anew = alone.relation(statement.name)
                except Misplaced:
                    continue
                assert judgement.copies.relation(statement.name).is_equal(anew), (seed, statement.name)
                compared += 1
    assert compared > 100


@pytest.mark.parametrize("start", range(0, 80, 40))
def test_verdicts_do_not_depend_on_what_was_kept(start):
    for seed in range(start, start + 40):
        schedules = arrangements(seed)
        cold = []
        for arranged in schedules:
            forget()
            cold.append(judge(arranged))
        forget()
        for arranged in reversed(schedules):
            judge(arranged)
        assert [judge(arranged) for arranged in schedules] == cold


def test_a_verdict_without_explanation_refutes_the_same_and_hides_none():
    refuted = 0
    for seed in range(60):
        for arranged in arrangements(seed):
            forget()
            bare = judge(arranged, explain=False)
            whole = judge(arranged)
            if not isinstance(whole, Refuted):
                assert bare == whole
                continue
            refuted += 1
            # Explained, the fault with the smallest witness is shown; bare, the first one.
            assert isinstance(bare, Refuted) and bare.witness is bare.condition is None, seed
            assert isinstance(judge(arranged, explain=False), Refuted), seed
            forget()
            assert judge(arranged) == whole, "what was asked first does not matter"
    assert refuted > 30


def test_the_table_is_bounded():
    space = isl.Space.alloc(isl.Context(), 0, 1, 1)
    for number in range(kept_module.KEPT + 10):
        kept_module.kept(Key((number,)), lambda: isl.Map.universe(space))
    assert len(kept_module._maps.table) == kept_module.KEPT
    assert kept_module.kept(Key((kept_module.KEPT + 9,)), lambda: None) is not None
    forget()
    assert not kept_module._maps.table
