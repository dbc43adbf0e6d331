"""Small random programs under random schedules: kernel, Loop IR interpreter and expression interpreter agree.

In: seeds, drawn by `tests/support/case.py`. Out: bit for bit, the same values; where a step reassociates, kernel and
loops bit for bit, and the expressions wherever the sums are exact. A failure prints a test that shows it again.
"""

from collections import Counter

import pytest

from tests.support.case import draw_case, judge

BATCHES, BATCH = 4, 8


def outcome_of(seed: int) -> Counter[str]:
    """What was drawn and compared; fails with the program where two readings differ."""
    case, drawn = draw_case(seed)
    judged = drawn if drawn.failure is not None else judge(case)
    if judged.failure is not None:
        pytest.fail(f"seed {seed}: {judged.failure.kind}\n{case.text('kept case')}\n{judged.failure.detail}")
    return drawn.tally + judged.tally


@pytest.mark.parametrize("batch", range(BATCHES))
def test_schedules_change_nothing_but_speed(batch: int) -> None:
    tally = sum((outcome_of(seed) for seed in range(batch * BATCH, (batch + 1) * BATCH)), Counter[str]())
    accepted = sum(count for what, count in tally.items() if what.startswith("accepted "))
    assert tally["runs"] >= BATCH, tally
    assert accepted >= BATCH, tally
