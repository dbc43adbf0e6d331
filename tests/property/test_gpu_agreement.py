"""Random GPU schedules in the emulator: the CPU's bits where nothing reassociates, and no hazard in any access."""

import pytest

from tests.fuzz.cuda import fuzz


@pytest.mark.needs_compiler
@pytest.mark.fuzz
def test_gpu_schedules_agree_with_the_cpu() -> None:
    tally = fuzz(schedules=8, seconds=40.0, seed=20251125, trials=20)
    assert not tally.failures, tally.text()
    assert tally.ran, tally.text()
