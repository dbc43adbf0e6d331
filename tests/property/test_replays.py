"""Random refusals, replayed: a refused order computes something else, or shows two accesses in another order."""

import random
from collections import Counter

import pytest

import tdsl as td
from tdsl.fuzzing.draw import applied
from tdsl.fuzzing.drawing import Drawing
from tdsl.poly.listing import Listing
from tdsl.poly.looptree import Misplaced
from tests.fuzz.request_draws import draw_request
from tests.support.draw_programs import draw_small_program
from tests.support.programs import declare


def refusals(seed):
    """The errors of ten requests on a small random program that have a witness."""
    dice = random.Random(seed)
    program = draw_small_program(dice)
    try:
        names = declare(program.source())
        start = schedule = td.schedule(*(names[name] for name in program.outputs))
    except td.TdslError:
        return
    drawing = Drawing(dice, (), factors=(2, 3), widths=(2, 2, 3, 4))
    for _ in range(10):
        _, step = draw_request(drawing, schedule)
        try:
            after = applied(schedule, step, names)
        except td.IllegalSchedule as error:
            drawing.planned.clear()
            if error.witness is not None:
                yield error
        except td.TdslError:
            drawing.planned.clear()
        else:
            schedule = after if len(after.steps) < 6 else start


def changed(replay):
    """Whether the accesses run in another order than declared, or one where its reader does not see it."""
    if any(word in line for line in replay.scheduled for word in ("does not run", "lanes", "overwrites")):
        return True
    first = replay.declared[0].split(" writes ")[0].split(" reads ")[0]
    return f": {first} " not in replay.scheduled[0]


@pytest.mark.parametrize("start", range(0, 120, 40))
def test_a_refused_order_shows_what_is_wrong_with_it(start):
    counts = Counter()
    for seed in range(start, start + 40):
        for error in refusals(seed):
            replay = error.witness.replay()
            assert not replay.note or replay.note.endswith("this order cannot be run")
            assert replay.differs or changed(replay), f"seed {seed}\n{error}\n{replay}"
            counts[error.code, replay.differs] += 1
    assert sum(counts.values()) >= 15
    differing = sum(count for (_, differs), count in counts.items() if differs)
    assert differing >= 0.6 * sum(counts.values()), counts  # loops that do the same again may run backwards


def misplaced():
    """The start of a partial result would stand inside a loop of its reader, whose copy of it stands before the loop."""
    A, x = td.placeholder("A", (4,), "float32"), td.axis("x", 4)
    total = td.update("total", A, over=x, at=x, value=lambda total: total[x] + A[x])
    s = td.schedule(total).rfactor("total", "x", name="part")
    s = s.compute_with("part", "total", "x_", align={"x": "x_"}).store_root("part_start")
    with pytest.raises(td.IllegalSchedule, match="S205") as caught:
        s.compute_at("part_start", "part", "x")
    return caught.value.witness


def test_a_stage_whose_readers_all_stand_elsewhere_runs_nowhere():
    replay = misplaced().replay()
    assert replay.differs and replay.found == "not made before it is read" and not replay.note


def test_an_order_that_cannot_be_run_shows_the_two_accesses(monkeypatch):
    def nowhere(*_):
        raise Misplaced("part_start", "no reader of part_start is there")

    monkeypatch.setattr(Listing, "all", nowhere)
    replay = misplaced().replay()
    assert replay.note.endswith("this order cannot be run") and not replay.differs
    assert replay.scheduled[0].endswith("does not run where that reader sees it")


def test_the_check_can_fail(monkeypatch):
    """Run in the declared order nothing differs and nothing has changed places."""
    from tdsl.report import replay as replays

    n = td.size("n")
    S = td.recurrence("S", (n,), lambda S, i: td.where(i == 0, 1, S[i - 1] + 1), dtype="int32")
    with pytest.raises(td.IllegalSchedule) as caught:
        td.schedule(S).parallel("S", "i")
    monkeypatch.setattr(replays, "steps_of", lambda copies, *_: [replays.Step(copy) for copy in copies])
    replay = caught.value.witness.replay()
    assert not replay.differs and not changed(replay)
