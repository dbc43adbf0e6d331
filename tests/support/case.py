"""A case of the fuzzer: a program, directives and what it is run on; as a value, as a runnable test, run and judged.

In: a seed. Out: an `Outcome`: how many directives were accepted, and the failure if there is one.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

import tdsl as td
from tdsl.fuzzing.arrays import FORMS, Array, Form, Mode
from tdsl.fuzzing.draw import applied, draw_schedule
from tdsl.fuzzing.failure import Failure, failure_of
from tests.support.compare import Built, Skipped, built, run
from tests.support.draw_programs import draw_program
from tests.support.error_bound import exact_at, tolerances
from tests.support.programs import Program, declare, sample_sizes

POINTS = 4000
"""Runs of more statements than about this take the interpreter too long."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a failure needs to happen again."""

    program: Program
    steps: tuple[str, ...]
    sizes: tuple[tuple[str, int], ...]
    seed: int
    mode: Mode

    def text(self, title: str) -> str:
        """A runnable test."""
        lines = [
            f'"""{title}"""',
            "",
            "import tdsl as td",
            "from tests.support.compare import check",
            "",
            "",
            "def test_case() -> None:",
        ]
        lines += [f"    {line}" for line in self.program.source().splitlines()]
        lines.append(f"    s = td.schedule({', '.join(self.program.outputs)})")
        lines += [f"    s = s{step}" for step in self.steps]
        lines.append(
            f"    check(s, {dict(self.sizes)!r}, seed={self.seed}, mode={self.mode!r}, environment=locals())"
        )
        return "\n".join(lines) + "\n"


@dataclass(slots=True)
class Outcome:
    """Of one case."""

    failure: Failure | None = None
    steps: tuple[str, ...] = ()
    tally: Counter[str] = field(default_factory=Counter)


def draw_case(seed: int) -> tuple[Case, Outcome]:
    """A program and a schedule of it: directives are drawn one by one, each for the schedule as it then stands."""
    drawn = draw_scheduled(seed)
    return drawn.case, drawn.outcome


@dataclass(slots=True)
class Scheduled:
    """A case as drawn, and what it was drawn on: the schedule, and what the text of a directive may name."""

    case: Case
    outcome: Outcome
    schedule: td.Schedule | None = None
    names: Mapping[str, object] = field(default_factory=dict)


def draw_scheduled(seed: int) -> Scheduled:
    """A case with its schedule, which then need not be made again to be judged."""
    dice = random.Random(seed)
    tally: Counter[str] = Counter()
    while True:
        program = draw_program(dice)
        try:
            names = declare(program.source())
            schedule = td.schedule(*(names[name] for name in program.outputs))
        except td.InternalError as error:
            return Scheduled(Case(program, (), (), seed, "wild"), Outcome(failure_of(error), (), tally))
        except td.TdslError as error:
            tally[f"program refused {error.code}"] += 1
            continue
        except Exception as error:  # noqa: BLE001
            return Scheduled(Case(program, (), (), seed, "wild"), Outcome(failure_of(error), (), tally))
        break
    case = Case(
        program,
        (),
        tuple(_sizes(dice, program).items()),
        seed,
        dice.choice(["wild", "wild", "mild", "whole"]),
    )
    drawn, schedule = draw_schedule(dice, schedule, names, tuple(size.name for size in program.sizes))
    case = replace(case, steps=drawn.steps)
    return Scheduled(case, Outcome(drawn.failure, drawn.steps, tally + drawn.tally), schedule, names)


def _sizes(dice: random.Random, program: Program) -> dict[str, int]:
    drawn = {size.name: dice.choice([0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13]) for size in program.sizes}
    return sample_sizes(program, drawn)


def other_sizes(case: Case) -> list[dict[str, int]]:
    """The case's own sizes and three more, the smallest ones among them."""
    dice = random.Random(case.seed + 1)
    wanted = [dict(case.sizes)]
    if case.program.sizes:
        for value in (0, 1):
            wanted.append(sample_sizes(case.program, {size.name: value for size in case.program.sizes}))
        wanted.append(_sizes(dice, case.program))
        wanted.append(
            sample_sizes(case.program, {size.name: dice.choice([11, 17, 20]) for size in case.program.sizes})
        )
    unique: list[dict[str, int]] = []
    for sizes in wanted:
        if sizes not in unique and _points(case.program, sizes) <= POINTS:
            unique.append(sizes)
    return unique


def _points(program: Program, sizes: dict[str, int]) -> int:
    """About how many statements a run executes."""
    total = 0
    for stage in program.stages:
        points = 1
        for text in stage.shape:
            points *= max(0, int(eval(text, {}, dict(sizes))))  # the text is ours
        most = max([4, *sizes.values()])
        inside = (
            len(stage.lines)
            if stage.verb == "compute"
            else 1 + sum("reduce_axis" in one for one in stage.lines)
        )
        total += points * most**inside
    return total


def judge(case: Case, *, all_sizes: bool = True) -> Outcome:
    """Declares, schedules, builds, runs and compares. A directive that is refused makes the case void (tally "void")."""
    outcome = Outcome(None, case.steps)
    try:
        names = declare(case.program.source())
        schedule = td.schedule(*(names[name] for name in case.program.outputs))
        for step in case.steps:
            schedule = applied(schedule, step, names)
    except td.TdslError as error:
        if isinstance(error, td.InternalError):
            outcome.failure = failure_of(error)
        outcome.tally["void"] += 1
        return outcome
    except Exception as error:  # noqa: BLE001
        outcome.failure = failure_of(error)
        return outcome
    _compare(case, schedule, names, other_sizes(case) if all_sizes else [dict(case.sizes)], outcome)
    return outcome


def judge_drawn(drawn: Scheduled, *, thorough: bool = True) -> Outcome:
    """The same of a case as it was drawn. Not thorough: one form of arrays a size, and no round trips of texts."""
    outcome = Outcome(None, drawn.case.steps)
    assert drawn.schedule is not None
    _compare(drawn.case, drawn.schedule, drawn.names, other_sizes(drawn.case), outcome, thorough=thorough)
    return outcome


def _compare(
    case: Case, schedule: td.Schedule, names: Mapping[str, object], wanted: Sequence[dict[str, int]],
    outcome: Outcome, *, thorough: bool = True,
) -> None:  # fmt: skip
    """Builds once and runs at every size; what went wrong or was refused goes into the outcome."""
    sizes: dict[str, int] = dict(case.sizes)
    try:
        one = built(schedule, names, texts=thorough)
        for number, sizes in enumerate(wanted):
            forms = FORMS if thorough else (FORMS[(case.seed + number) % len(FORMS)],)
            try:
                _judge_at(case, one, sizes, forms, outcome)
            except Skipped as skipped:
                outcome.tally[str(skipped)] += 1
    except Skipped as skipped:
        outcome.tally[str(skipped)] += 1
    except Exception as error:  # noqa: BLE001
        found = failure_of(error)
        outcome.failure = Failure(found.kind, f"sizes {sizes}\n{found.detail}")


def _judge_at(case: Case, one: Built, sizes: dict[str, int], forms: Sequence[Form], outcome: Outcome) -> None:
    outcome.tally["runs"] += 1
    if one.reassociates:
        _judge_reassociated(case, one, sizes, forms, outcome)
    else:
        run(one, sizes, case.seed, case.mode, forms=forms)


def _judge_reassociated(
    case: Case, one: Built, sizes: dict[str, int], forms: Sequence[Form], outcome: Outcome
) -> None:
    """Exactly on whole numbers where sums of them are exact, else within the error bound, on numbers without extremes."""
    tally = outcome.tally
    tally["runs that reassociate"] += 1
    exact = exact_at(case.program, sizes)
    run(one, sizes, case.seed, case.mode, forms=forms, exact=exact)
    if exact:
        tally["runs that reassociate exactly"] += 1
        zeros = [np.float64(0.0)] * len(case.program.outputs)
        run(one, sizes, case.seed, "whole", forms=forms, bound=lambda arrays: zeros)
    else:
        bounded: list[bool] = []

        def bound(arrays: Mapping[str, Array]) -> list[Array] | None:
            found = tolerances(case.program, sizes, arrays)
            bounded.append(found is not None)
            return found

        run(one, sizes, case.seed, "mild", forms=(), bound=bound)
        tally["runs that reassociate within a bound"] += sum(bounded)
