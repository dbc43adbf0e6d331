"""Aimed requests bring about what they are aimed at, stratum by stratum, and follow from the number of the case."""

import random

import pytest

import tdsl as td
from tests.fuzz.completeness import begun, judged
from tests.fuzz.request_aims import EVERY, STRATA, Aim, aimed, draw_aimed_program
from tests.fuzz.strata import reason
from tests.support.programs import declare

pytestmark = pytest.mark.fuzz
TRIES = 40


def first_wrong(aim: Aim, kind: str) -> str:
    """The verdict on the first illegal request of a stratum among a few programs; empty where there is none."""
    for number in range(TRIES):
        program = aimed(random.Random(number), aim, kind)
        names = declare(program.source)
        schedule = begun(td.schedule(*(names[name] for name in program.outputs)), program.begin, names)
        for request in judged(schedule, program.asks, names):
            if (request.primitive, request.kind, request.legal) == (aim.primitive, kind, False):
                return request.verdict
    return ""


CHOSEN = [(aim, kind) for aim, kind in STRATA if not reason(aim.primitive, kind, legal=False)]


@pytest.mark.parametrize(("aim", "kind"), CHOSEN[::4], ids=lambda one: getattr(one, "primitive", one))
def test_a_stratum_is_asked_what_is_illegal_and_refused(aim, kind):
    assert first_wrong(aim, kind).startswith("S2")


def test_strata_take_turns_and_follow_from_the_number():
    drawn = [
        draw_aimed_program(random.Random(number), number) for number in range(0, EVERY * len(STRATA), EVERY)
    ]
    again = draw_aimed_program(random.Random(EVERY), EVERY)
    assert again == drawn[1] != drawn[0]
    asked = [program.asks[0].split("(")[0][1:] for program in drawn]
    assert asked == [aim.primitive for aim, _ in STRATA]
