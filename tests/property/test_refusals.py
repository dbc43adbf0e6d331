"""Refusals and questions on random programs of symbolic sizes, held against enumeration and against what is accepted.

A witness has the smallest sizes at which the schedule goes wrong; a condition, assumed, makes the directive accepted, and at
sizes that satisfy it enumeration finds nothing wrong; loops that may run in parallel are those whose `parallel` is
accepted; groups of loops take tiles; the least fold is accepted and the one below it is not.
"""

import random
from collections import Counter
from itertools import product

import tdsl as td
from tdsl.fuzzing.draw import applied
from tdsl.fuzzing.drawing import Drawing
from tdsl.poly.looptree import Misplaced
from tdsl.schedule.legality import arranged_of
from tests.fuzz.request_draws import draw_request
from tests.poly.enumeration import value
from tests.poly.oracle import Oracle, Unlisted
from tests.support.draw_programs import draw_symbolic_program
from tests.support.programs import declare

REQUESTS = 8
LARGEST = 4
"""Sizes below it are enumerated."""


def walk(seed):
    """(schedule, what was asked, names, the refusal or None) of some requests on a random program."""
    dice = random.Random(seed)
    program = draw_symbolic_program(dice)
    try:
        names = declare(program.source())
        start = schedule = td.schedule(*(names[name] for name in program.outputs))
    except td.TdslError:
        return
    drawing = Drawing(dice, (), factors=(2, 3), widths=(2, 2, 3, 4))
    for _ in range(REQUESTS):
        _, step = draw_request(drawing, schedule)
        try:
            after = applied(schedule, step, names)
        except td.TdslError as error:
            drawing.planned.clear()
            if isinstance(error, td.IllegalSchedule):
                yield schedule, step, names, error
        else:
            schedule = after if len(after.steps) < 5 else start
            yield schedule, step, names, None


def sizes_of(program):
    """All small sizes that satisfy the facts, the smallest first: by their sum, then by name."""
    names = sorted(size.name for size in program.sizes)
    facts = {size.name: size for size in program.sizes}
    for values in sorted(product(range(LARGEST), repeat=len(names)), key=lambda each: (sum(each), each)):
        given = dict(zip(names, values, strict=True))
        if any(given[name] < size.minimum or given[name] % size.multiple_of for name, size in facts.items()):
            continue
        if all(value(condition, given) for condition in program.context):
            yield given


def wrong_at(arranged):
    """(sizes, whether enumeration finds something wrong there); nothing where it does not know the schedule's parts."""
    if any(each.promotes or each.joined or each.atomic or each.across for each in arranged.arrangements):
        return
    if any(one.group or one.within for one in arranged.program.statements):
        return
    if any(
        each.stage in arranged.program.ordered and each.compute is not None for each in arranged.arrangements
    ):
        return  # P3 decides by form
    terms = {axis for one in arranged.program.statements for axis in one.reduction_axes}
    if terms and any(
        loop.kind in ("parallel", "vector") for each in arranged.arrangements for loop in each.loops
    ):
        return  # P9 decides terms in lanes and threads by form
    try:
        for sizes in sizes_of(arranged.program):
            oracle = Oracle(arranged, sizes)
            marked = [
                (each.stage, loop.name)
                for each in arranged.arrangements
                for loop in each.loops
                if loop.kind == "parallel"
            ]
            yield sizes, not oracle.right() or any(oracle.collides(*loop) for loop in marked)
    except (Unlisted, Misplaced):
        return


def test_refusals_show_the_least_and_conditions_hold():
    counts = Counter()
    for seed in range(30):  # three seconds: enumeration of the refused and of all sizes below it
        for schedule, step, names, error in walk(seed):
            if error is None or error.witness is None:
                continue
            told = f"seed {seed}: {schedule.script()}{step}\n{error}"
            assert error.witness.replay().scheduled, told
            arranged = arranged_of(error.witness.case.state)
            found = list(wrong_at(arranged))
            least = next((sizes for sizes, wrong in found if wrong), None)
            if least is not None:
                shown = least | error.witness.sizes
                assert shown == least, told
                counts["least"] += 1
            if error.condition is not None:
                applied(schedule.assume(error.condition), step, names)
                counts["assumed"] += 1
                if not arranged.program.sizes:
                    continue
                assert not any(wrong and value(error.condition.node, sizes) for sizes, wrong in found), told
    assert counts["least"] >= 8 and counts["assumed"] >= 8, counts


def test_what_is_asked_beforehand_is_what_is_accepted():
    counts = Counter()
    for seed in range(40, 54):
        steps = [schedule for schedule, _, _, error in walk(seed) if error is None]
        if not steps:
            continue
        schedule = steps[-1]
        for stage in schedule.stages():
            _check_loops(schedule, stage, counts)
            for dim in schedule.dims(stage):
                least = schedule.min_fold(stage, dim)
                _check_folds(schedule, stage, dim, least, counts)
    assert counts["parallel", True] >= 10 and counts["parallel", False] >= 3, counts
    assert counts["tile", True] >= 5 and counts["fold", True] >= 3 and counts["fold", False] >= 5, counts


def _check_folds(schedule, stage, dim, least, counts):
    for length in (1, 2, 5) if least is None else (least, least - 1):
        accepted = _accepts(lambda at=length: schedule.fold(stage, dim, at)) if length else False
        told = f"{schedule.script()}: fold of {dim} of {stage}, {length}, least {least}"
        assert accepted is None or accepted is (length == least), told
        counts["fold", accepted] += 1


def _check_loops(schedule, stage, counts):
    may, marks = (
        schedule.parallel_axes(stage),
        {loop.name: loop.kind for loop in schedule.state.stage(stage).loops},
    )
    for axis in schedule.axes(stage):
        accepted = None if marks[axis] != "serial" else _accepts(lambda at=axis: schedule.parallel(stage, at))
        assert accepted is None or accepted is (axis in may), f"{schedule.script()}: {axis} of {stage}, {may}"
        counts["parallel", accepted] += 1
    for group in schedule.tilable(stage):
        if len(group) > 1 and all(marks[axis] == "serial" for axis in group):
            accepted = _accepts(lambda at=group: schedule.tile(stage, dict.fromkeys(at, 2), tail="guard"))
            assert accepted is not False, f"{schedule.script()}: {group} of {stage}"
            counts["tile", accepted] += 1


def _accepts(ask):
    """Whether a directive is legal; None where its form is refused."""
    try:
        ask()
    except td.IllegalSchedule:
        return False
    except td.TdslError:
        return None
    return True
