"""`td.fuzz`: random legal schedules of the user's own tensors, run on ragged sizes beside the declaration.

In: tensors or a schedule, a time. Out: a report; a failure is made small and printed as a test that runs. Schedules are
drawn, built and run in a child process, so that a crash or a hang is a finding, too.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard, cast

import tdsl as td
from tdsl.fuzzing.buildable import buildable
from tdsl.fuzzing.draw import Drawn, applied, draw_schedule
from tdsl.fuzzing.failure import Failure, failure_of
from tdsl.fuzzing.isolate import Workplace, isolated
from tdsl.fuzzing.judge import Refused, judge
from tdsl.fuzzing.operands import declared
from tdsl.fuzzing.report import FuzzFailure, FuzzReport
from tdsl.fuzzing.shrink import fewer, plainer, shrink, undone
from tdsl.fuzzing.subject import Sample, Subject
from tdsl.location import here, hide_internal_frames

HANG = 60.0
"""Seconds of processor time that one schedule may take; more is a hang."""
SMALLER = 10.0
"""The same of a smaller schedule, which should be faster: one that a wrong address sends round and round is soon given up."""
SHRINKING = 60.0
"""Seconds that making one failure small may take."""
TRIALS = 400
SAMPLES = 9


@hide_internal_frames
def fuzz(
    subject: td.Schedule | td.Tensor | Sequence[td.Tensor] | td.Op,
    seconds: float = 30.0,
    *,
    args: Sequence[object] | Mapping[str, object] | None = None,
    seed: int = 0,
    schedules: int | None = None,
    first: bool = False,
    tolerance: float = 1e-4,
) -> FuzzReport:
    """Look for a schedule that changes what is computed: there should be none.

    Random directives of every primitive are drawn; those that are accepted are kept. Each schedule is built and run on
    contiguous, strided and misaligned arrays of several sizes (empty, one, ragged) and must give the bits of the
    declaration as the interpreter runs it. Where a step reassociates, floats must be within `tolerance` times the
    largest element, and loops and kernel still agree in every bit. A failure is printed as a test that runs, with the
    fewest directives found.

    Args:
        subject: the tensors to compute; or a schedule, whose directives come first in every schedule drawn; or an
            operator. Constant sizes should be small: the declaration is interpreted.
        args: of an operator, the arguments of a call (arrays or tensors, and attributes) whose tensors are taken; a tuple,
            or a dict by name. Without it shapes are tried until the operator takes them; the report names them.
        seconds: how long to look, samples included.
        seed: the same seed draws the same schedules, as far as the time goes.
        schedules: stop after so many, if the time allows as many.
        first: stop at the first failure.
        tolerance: relative to the largest element of an output.

    Returns: a `FuzzReport`, true where nothing failed; `print` shows what was tried.

    Errors: G131 what is no tensor, schedule or operator, or no arguments were found for it; G132 a time, seed, count or
        tolerance that is none; G133 no sample could be run.
    Source: Csmith (Yang et al., PLDI 2011) for programs; Zeller's delta debugging for making failures small.
    """
    start, names = _start(subject, args)
    _check(seconds, seed, schedules, tolerance)
    began = time.monotonic()
    one = Subject.of(start)
    samples, why = one.samples(random.Random(f"{seed} samples"), SAMPLES, seconds / SAMPLES)
    if not samples:
        raise td.ArgumentError(
            "G133", "no sizes were found at which the declaration could be run", where=here(),
            why=[] if why is None else [str(why).strip().splitlines()[-1][:100]],
            hint=["td.size for extents that are large constants", "td.fuzz(…, seconds=120)"],
        )  # fmt: skip
    report = FuzzReport(names, seed, samples=len(samples))
    _search(one, samples, report, (began + seconds, schedules, first), tolerance)
    report.seconds = time.monotonic() - began
    return report


def _start(subject: object, args: object) -> tuple[td.Schedule, tuple[str, ...]]:
    """The schedule whose directives come first, and what the report calls it."""
    if isinstance(subject, td.Op):
        tensors, name = declared(subject, args)
        return td.schedule(*tensors), (name,)
    if args is not None:
        raise td.ArgumentTypeError("G131", "args= is for an operator: tensors have theirs", where=here())
    start = subject if isinstance(subject, td.Schedule) else td.schedule(*_tensors(subject))
    return start, tuple(tensor.name for tensor in start.outputs)


def _tensors(subject: object) -> list[td.Tensor]:
    """The tensors given. Errors: G131 anything else."""
    given: Sequence[object] = (subject,)
    if isinstance(subject, list | tuple):
        given = cast(Sequence[object], subject)
    tensors = [each for each in given if isinstance(each, td.Tensor)]
    if tensors and len(tensors) == len(given):
        return tensors
    given_one = cast(object, subject)
    kind = type(given_one).__name__
    raise td.ArgumentTypeError(
        "G131", f"td.fuzz takes tensors, a schedule or an operator, not {kind}", where=here(),
        hint=["td.fuzz(C)", "td.fuzz(td.schedule(C))", *(["td.fuzz(td.op(f))"] if callable(given_one) else [])],
    )  # fmt: skip


def _check(seconds: object, seed: object, schedules: object, tolerance: object) -> None:
    wrong = {
        "seconds": not (_is_number(seconds) and 0 < seconds < 1e6),
        "seed": not _is_number(seed) or isinstance(seed, float),
        "schedules": schedules is not None
        and (not _is_number(schedules) or isinstance(schedules, float) or schedules < 1),
        "tolerance": not (_is_number(tolerance) and 0 <= tolerance <= 1),
    }
    values = {"seconds": seconds, "seed": seed, "schedules": schedules, "tolerance": tolerance}
    shown = ", ".join(f"{name}={values[name]!r}" for name, bad in wrong.items() if bad)
    if shown:
        raise td.ArgumentError(
            "G132", f"td.fuzz cannot run with {shown}", where=here(),
            why=["seconds and schedules are positive, seed and schedules whole, tolerance is between 0 and 1"],
            hint=["seconds=30, seed=0"],
        )  # fmt: skip


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class _Case:
    """A schedule as it can be made smaller: what was given, what was drawn, what it is run on."""

    start: td.Schedule
    steps: tuple[str, ...]
    samples: tuple[Sample, ...]


@dataclass(slots=True)
class _Answer:
    """What a child says of one schedule."""

    steps: tuple[str, ...]
    tally: Counter[str]
    failure: Failure | None


def _search(
    one: Subject,
    samples: list[Sample],
    report: FuzzReport,
    limits: tuple[float, int | None, bool],
    tolerance: float,
) -> None:
    """Schedules until the time is up or there are enough; one failure of each kind."""
    until, most, first = limits
    names = one.names()
    sizes = tuple(size.name for size in one.plain.interface.sizes)

    def drawing(number: int) -> tuple[Drawn, td.Schedule]:
        dice = random.Random(f"{report.seed} {number}")
        drawn, schedule = draw_schedule(dice, one.start, names, sizes)
        if drawn.failure is None:
            schedule = buildable(one.start, schedule, drawn, names)
        return drawn, schedule

    def work(number: int) -> _Answer:
        os.environ["TDSL_CACHE"] = "0"  # of the child: nothing here is worth keeping on disk
        drawn, schedule = drawing(number)
        if drawn.failure is not None:
            return _Answer(drawn.steps, drawn.tally, drawn.failure)
        try:
            refused = judge(one, schedule, samples, tolerance)
        except Exception as error:  # noqa: BLE001
            return _Answer(drawn.steps, drawn.tally, failure_of(error))
        if refused is not None:
            drawn.tally[f"{refused.by} {refused.code}"] += 1
        return _Answer(drawn.steps, drawn.tally, None)

    def steps_of(number: int) -> tuple[str, ...] | Failure:
        return isolated(lambda: drawing(number)[0].steps, HANG)

    number = 0
    with Workplace[int, _Answer](work, HANG) as place:
        while time.monotonic() < until and (most is None or number < most):
            answer = place.ask(number)
            if isinstance(answer, Failure):
                steps = steps_of(number)
                answer = _Answer(() if isinstance(steps, Failure) else steps, Counter(), answer)
            report.directives.append(len(one.start.steps) + len(answer.steps))
            report.tally += answer.tally
            if answer.failure is not None and all(answer.failure.kind != old.kind for old in report.failures):
                found = _explained(one, number, answer, samples, tolerance)
                report.failures.append(found)
                print(found)  # noqa: T201
                if first:
                    return
            number += 1


def _explained(
    one: Subject, number: int, answer: _Answer, samples: list[Sample], tolerance: float
) -> FuzzFailure:
    """A failure made small, as a test."""
    assert answer.failure is not None
    last = {"failure": answer.failure}
    cause = answer.failure.cause

    def fails(case: _Case) -> bool:
        found = isolated(lambda: _judged(one, case, tolerance), SMALLER)
        if isinstance(found, Failure) and found.cause == cause:
            last["failure"] = found
            return True
        return False

    named = [sample for sample in samples if answer.failure.detail.startswith(sample.label())]
    case = shrink(
        _Case(one.start, answer.steps, tuple(named or samples)),
        _smaller,
        fails,
        TRIALS,
        time.monotonic() + SHRINKING,
    )
    sample, kind = case.samples[0], last["failure"].kind
    schedule = case.start.script() + "".join(case.steps)
    return FuzzFailure(
        kind, number, case.steps, tuple(sample.sizes.items()),
        _test(one, case, schedule, sample, f"Seed {number}: {kind}."), last["failure"].detail,
    )  # fmt: skip


def _judged(one: Subject, case: _Case, tolerance: float) -> Refused | None:
    """The case again; steps that are refused make it no case of this failure."""
    schedule = case.start
    for step in case.steps:
        try:
            schedule = applied(schedule, step, one.names())
        except td.InternalError:
            raise
        except td.TdslError as error:
            return Refused("step", error.code)
    return judge(one, schedule, case.samples, tolerance)


def _smaller(case: _Case) -> Sequence[_Case]:
    """Cases one step smaller: fewer directives, of the ones given too; one sample; plainer directives."""
    found = [replace(case, steps=steps) for steps in fewer(case.steps)]
    for place in range(len(case.start.steps) - 1, -1, -1):
        try:
            found.append(replace(case, start=case.start.without(place)))
        except td.TdslError:
            continue
    if len(case.samples) > 1:
        alone = sorted(case.samples, key=lambda sample: sum(sample.sizes.values()))
        found = [*(replace(case, samples=(sample,)) for sample in alone), *found]
    return [
        *found,
        *(replace(case, steps=steps) for steps in undone(case.steps)),
        *(replace(case, steps=steps) for steps in plainer(case.steps)),
    ]


def _test(one: Subject, case: _Case, schedule: str, sample: Sample, title: str) -> str:
    """Python text of a test that runs and fails."""
    outputs = case.start.outputs
    names = ", ".join(tensor.name for tensor in outputs)
    declared = outputs[0].text(*outputs[1:]).rstrip("\n").splitlines()
    sizes = [
        size for size in one.plain.interface.sizes if re.search(rf"\b{size.name}\b", "".join(case.steps))
    ]
    lines = [
        f'"""{title}"""', "", "import tdsl as td", "from tdsl.fuzzing import check", "", 'DECLARED = """\\', *declared, '"""',
        "", "", "def test_case() -> None:", f"    {names} = td.parse(DECLARED)",
        *(f'    {size.name} = td.size("{size.name}", min={size.minimum}, multiple_of={size.multiple_of})' for size in sizes),
        *(f"    {line}" for line in f"s = {schedule}".splitlines()),
        f"    check(s, {sample.sizes!r}, seed={sample.seed}, mode={sample.mode!r})",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"
