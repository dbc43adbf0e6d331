"""`python -m tests.fuzz --minutes 3 --seed 0`: random schedules of random programs until the time is up.

Each case is one number: what it draws, applies and compares follows from it. A failure prints its seed, is made small
and printed as a test that runs, one for each kind; the exit status is 1. `--only SEED` shows one case again.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from tdsl.fuzzing.failure import Failure
from tdsl.fuzzing.isolate import Workplace, isolated
from tests.fuzz.statistics import Statistics
from tests.support.case import Case, Outcome, draw_case, judge
from tests.support.shrink import shrink

SECONDS = 60.0
"""Processor time that one case may take; more is a hang."""
SHORT = 10.0
"""What a smaller case of a hang may take: smaller ones should be faster."""


def drawn_and_judged(seed: int) -> tuple[Case, Counter[str], Failure | None]:
    """The case of a seed, what was accepted and refused, and what went wrong."""
    case, drawn = draw_case(seed)
    judged = drawn if drawn.failure is not None else judge(case)
    return case, drawn.tally + (judged.tally if judged is not drawn else Counter()), judged.failure


def run(place: Workplace, seed: int, statistics: Statistics) -> Failure | None:
    """One seed, counted."""
    start = time.monotonic()
    answer = place.ask(seed)
    seconds = time.monotonic() - start
    if isinstance(answer, Failure):
        statistics.add(seed, None, Counter(), answer, seconds)
        return answer
    case, tally, failure = answer
    statistics.add(seed, case, tally, failure, seconds)
    return failure


def explain(seed: int, failure: Failure, trials: int) -> str:
    """The failure of a seed as a small test."""
    drawn = isolated(lambda: draw_case(seed)[0], SECONDS)
    if isinstance(drawn, Failure):
        return f"seed {seed}: {failure.kind} while it is drawn\n{failure.detail}"
    case = _at(drawn, failure)
    limit = SHORT if failure.kind == "hang" else SECONDS
    small = shrink(case, failure.kind, lambda one: _judged(one, limit), trials)
    last = _judged(small, limit).failure or failure
    return f"{small.text(f'Seed {seed}: {failure.kind}.')}\n{last.detail}"


def _judged(case: Case, seconds: float) -> Outcome:
    answer = isolated(lambda: judge(case, all_sizes=False), seconds)
    return Outcome(answer) if isinstance(answer, Failure) else answer


def _at(case: Case, failure: Failure) -> Case:
    """The case at the sizes that failed."""
    found = re.match(r"sizes (\{.*?\})\n", failure.detail)
    return case if found is None else replace(case, sizes=tuple(eval(found[1]).items()))  # our own text


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long to draw (default 1)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed; the others follow it")
    parser.add_argument("--only", type=int, metavar="SEED", help="one seed again")
    parser.add_argument("--trials", type=int, default=300, help="how many smaller cases to try for a failure")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write the tests of failures there, too")
    options = parser.parse_args()
    statistics, kinds, until = Statistics(), set[str](), time.monotonic() + 60 * options.minutes
    seed = options.seed if options.only is None else options.only
    place = Workplace(drawn_and_judged, SECONDS)
    while True:
        failure = run(place, seed, statistics)
        if failure is not None and failure.kind not in kinds:
            kinds.add(failure.kind)
            text = explain(seed, failure, options.trials)
            print(f"---- seed {seed}: {failure.kind}\n{text}", flush=True)
            if options.keep is not None:
                (options.keep / f"test_seed_{seed}.py").write_text(
                    text.split("\n\n\n\n")[0], encoding="utf-8"
                )
        seed += 1
        if options.only is not None or time.monotonic() > until:
            break
    place.close()
    print(statistics.text())
    return 1 if statistics.failures else 0


if __name__ == "__main__":
    sys.exit(main())
