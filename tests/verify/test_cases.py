"""The CUDA test matrix, emulated: the CPU's bits at every size and layout, and no hazard in any access."""

import pytest

import tdsl as td
from tdsl.verify.cases import CASES, Case
from tdsl.verify.run import FINE, compared, make_arguments

pytestmark = pytest.mark.needs_compiler


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
def test_the_emulator_agrees_and_sees_no_hazard(one: Case) -> None:
    schedule = one.schedule()
    right = td.build(td.schedule(*schedule.outputs))
    emulated = td.build(schedule, target="cuda:sm_90", run="emulate")
    for sizes in one.sizes:
        for layout in ("contiguous", "strided"):
            arguments = make_arguments(right, sizes, layout)
            wanted, given = right(*arguments), emulated(*arguments)
            result = compared(one, sizes, layout, (wanted,), (given,))
            assert result.status in FINE, result
            hazards = emulated.hazards(*arguments)
            assert not hazards, f"{sizes} {layout}\n{hazards}"


def test_cases_have_names_of_their_own() -> None:
    assert len({one.name for one in CASES}) == len(CASES)
    assert all(one.schedule.__doc__ for one in CASES)
