"""A case of the GPU fuzzer: a program, a schedule for a GPU; emulated beside the CPU, every access watched.

In: a seed. Out: how many directives were accepted, how many runs agreed, and the failure if there is one. The CPU's
kernel of the declaration says what is right; where a step reassociates, whole numbers whose sums are exact are run.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

import tdsl as td
from tdsl.fuzzing.arrays import Mode, first_difference, is_array, same_bits
from tdsl.fuzzing.draw import applied
from tdsl.fuzzing.failure import Failure, Mismatch, failure_of
from tdsl.fuzzing.gpu import draw_gpu_schedule
from tdsl.fuzzing.judge import INEXACT
from tdsl.fuzzing.subject import Subject, outputs_of
from tests.support.case import Case, other_sizes
from tests.support.draw_programs import draw_program
from tests.support.error_bound import exact_at
from tests.support.programs import declare, sample_sizes

TARGETS = ("cuda:sm_80", "cuda:sm_90")
EXTENTS = (0, 1, 1, 2, 3, 5, 8, 9, 13, 33, 40)
RUNS = 3
"""Sizes at which a schedule is run."""


@dataclass(slots=True)
class Outcome:
    """Of one case. ran: whether its kernel was built and run."""

    case: Case
    failure: Failure | None = None
    tally: Counter[str] = field(default_factory=Counter)
    ran: bool = False


def draw_case(seed: int) -> tuple[Outcome, td.Schedule | None, dict[str, object]]:
    """A program and a schedule of it for a GPU."""
    dice = random.Random(seed)
    tally: Counter[str] = Counter()
    while True:
        program = draw_program(dice)
        try:
            names = declare(program.source())
            start = td.schedule(*(names[name] for name in program.outputs))
            break
        except td.TdslError as error:
            if isinstance(error, td.InternalError):
                raise
            tally[f"program refused {error.code}"] += 1
    sizes = sample_sizes(program, {size.name: dice.choice(EXTENTS) for size in program.sizes})
    mode: Mode = dice.choice(["wild", "wild", "mild", "whole"])
    drawn, schedule = draw_gpu_schedule(dice, start, names, tuple(size.name for size in program.sizes))
    case = Case(program, drawn.steps, tuple(sizes.items()), seed, mode)
    return Outcome(case, drawn.failure, tally + drawn.tally), schedule, names


def judge(outcome: Outcome, schedule: td.Schedule) -> Outcome:
    """Builds, emulates and compares."""
    case = outcome.case
    subject = Subject.of(td.schedule(*schedule.outputs))
    try:
        kernel = td.build(schedule, target=TARGETS[case.seed % len(TARGETS)], run="emulate")
        right = td.build(td.schedule(*schedule.outputs))
    except td.InternalError as error:
        outcome.failure = failure_of(error)
        return outcome
    except td.TdslError as error:
        outcome.tally[f"build {type(error).__name__} {error.code}"] += 1
        return outcome
    for sizes in other_sizes(case)[:RUNS]:
        try:
            compared = _compare(case, subject, schedule, kernel, right, sizes)
        except td.CallError as error:
            outcome.tally[f"call {type(error).__name__} {error.code}"] += 1
            continue
        except Exception as error:  # noqa: BLE001
            found = failure_of(error)
            outcome.failure = Failure(found.kind, f"sizes {sizes}\n{found.detail}")
            break
        outcome.tally["runs"] += 1
        outcome.tally["runs bit equal"] += compared
        outcome.ran = True
    return outcome


def _compare(
    case: Case,
    subject: Subject,
    schedule: td.Schedule,
    kernel: td.Kernel,
    right: td.Kernel,
    sizes: dict[str, int],
) -> bool:
    """Whether results were compared, and equal to the bit; a run where sums round is only watched. Errors: `Mismatch`."""
    exact = not any(label in schedule.history() for label in INEXACT)
    whole = not exact and exact_at(case.program, sizes)
    inputs = subject.inputs(sizes, case.seed, "whole" if whole else case.mode)
    keywords = {one.name: sizes[one.name] for one in subject.plain.interface.sizes}
    kept = [value.copy() if is_array(value) else value for value in inputs]
    wanted = outputs_of(right(*inputs, **keywords))
    outs = tuple(np.full_like(array, 77) for array in wanted)
    hazards = kernel.hazards(*inputs, out=outs if len(outs) > 1 else outs[0], **keywords)
    if hazards:
        raise Mismatch(f"hazard {type(hazards.found[0]).__name__}", str(hazards))
    for before, after in zip(kept, inputs, strict=True):
        if is_array(before) and is_array(after) and not same_bits(after, before):
            raise Mismatch("an input changed", first_difference(after, before))
    if not exact and not whole:
        return False
    for tensor, got, want in zip(schedule.outputs, outs, wanted, strict=True):
        if not same_bits(got, want):
            raise Mismatch("emulation and CPU differ", f"{tensor.name}: {first_difference(got, want)}")
    return True


def again(case: Case) -> Outcome:
    """A case, declared and scheduled anew: what shrinking tries, and what a kept case calls."""
    outcome = Outcome(case)
    names = declare(case.program.source())
    schedule = td.schedule(*(names[name] for name in case.program.outputs))
    try:
        for step in case.steps:
            schedule = applied(schedule, step, names)
    except td.InternalError as error:
        outcome.failure = failure_of(error)
        return outcome
    except td.TdslError:
        outcome.tally["void"] += 1
        return outcome
    return judge(outcome, schedule)
