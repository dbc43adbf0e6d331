"""The default scheduler on random programs: what it makes is legal, builds, and computes the same."""

import random

import pytest

import tdsl as td
from tests.support.case import Case, judge
from tests.support.draw_programs import draw_program
from tests.support.programs import declare, sample_sizes

STEP = ".apply(td.schedules.default)"
KEPT = (34, 179, 199)
"""Seeds that failed once: updates that stay at root beside rows that are fused."""


@pytest.mark.parametrize("seed", [*KEPT, *range(300, 312)])
def test_schedules_by_rule_change_nothing_but_speed(seed):
    dice = random.Random(seed)
    program = draw_program(dice)
    try:
        names = declare(program.source())
        td.schedule(*(names[name] for name in program.outputs))
    except td.TdslError as error:
        assert not isinstance(error, td.InternalError)
        return
    sizes = sample_sizes(program, {size.name: dice.choice([1, 3, 5, 9]) for size in program.sizes})
    outcome = judge(Case(program, (STEP,), tuple(sizes.items()), seed, "mild"))
    assert outcome.failure is None, outcome.failure
    assert not outcome.tally["void"]
