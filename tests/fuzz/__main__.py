"""`python -m tests.fuzz --minutes 3 --seed 0`: three figures about random schedules of random programs.

Wrong results and crashes (also internal errors and hangs) of schedules that were accepted, and the completeness of
legality: of legal requests the share accepted, of illegal ones the share refused. Each case is one number: what it
draws, applies and compares follows from it. A failure prints its seed, is made small and printed as a test that runs,
one for each kind; the exit status is then 1. `--only SEED` shows one schedule again; `--record` keeps the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from benchmarks.record import machine
from tdsl.codegen.machine import CODEGEN_LEVEL
from tdsl.fuzzing.failure import Failure
from tdsl.fuzzing.isolate import Workplace, isolated
from tests.fuzz.completeness import Request, requests
from tests.fuzz.planted import PLANTED, processor_seconds, search
from tests.fuzz.quick import QUICK_LEVEL, advice, codegen_level
from tests.fuzz.statistics import Statistics
from tests.support.case import Case, Outcome, draw_case, draw_scheduled, judge, judge_drawn
from tests.support.shrink import shrink

HANG = 150.0
"""Processor time that one case may take; more is a hang. Registers by the thousand are written out in half a minute."""
SECONDS = 60.0
"""Processor time in which a planted bug is found."""
SHORT = 10.0
"""What a smaller case of a hang may take: smaller ones should be faster."""
THOROUGH = 10
"""Of so many schedules one is looked at in every way: LLVM as users run it, all forms of arrays, texts made and read
again, advice with each refusal. The others are compiled at `QUICK_LEVEL` and run on one form of arrays a size.
"""
RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results" / "fuzz.jsonl"


def drawn_and_judged(seed: int) -> tuple[Case, Counter[str], Failure | None]:
    """The case of a seed, what was accepted and refused, and what went wrong."""
    thorough = seed % THOROUGH == 0
    with advice(thorough):
        drawn = draw_scheduled(seed)
    case, found = drawn.case, drawn.outcome
    if found.failure is not None:
        return case, found.tally, found.failure
    with codegen_level(CODEGEN_LEVEL if thorough else QUICK_LEVEL):
        judged = judge_drawn(drawn, thorough=thorough)
    return case, found.tally + judged.tally, judged.failure


def asked(seed: int) -> list[Request]:
    """The requests of a seed."""
    with advice(seed % THOROUGH == 0):
        return list(requests(seed))


class Run:
    """One run: two workplaces, what they found, what was printed."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.statistics = Statistics()
        self.schedules = Workplace(drawn_and_judged, HANG)
        self.requests = Workplace(asked, HANG)
        self.printed = Counter[str]()

    def schedule(self, seed: int) -> None:
        """One schedule, counted; its failure explained."""
        start = time.monotonic()
        answer = self.schedules.ask(seed)
        case, tally, failure = (None, Counter(), answer) if isinstance(answer, Failure) else answer
        self.statistics.add(seed, case, tally, failure, time.monotonic() - start)
        if failure is None or self.printed[failure.kind]:
            return
        self.printed[failure.kind] += 1
        test, detail = explain(seed, failure, self.options.trials)
        print(f"---- seed {seed}: {failure.kind}\n{test}\n{detail}", flush=True)
        if self.options.keep is not None and test:
            (self.options.keep / f"test_seed_{seed}.py").write_text(test, encoding="utf-8")

    def request(self, seed: int) -> None:
        """The requests of one program, counted; a wrong answer is printed, two of a stratum at most."""
        answer = self.requests.ask(seed)
        if isinstance(answer, Failure):
            self.statistics.add(seed, None, Counter(), answer, 0.0)
            if not self.printed[answer.kind]:
                print(f"---- requests of seed {seed}: {answer}", flush=True)
            self.printed[answer.kind] += 1
            return
        for one in answer:
            self.statistics.ask(seed, one)
            what = f"{one.primitive} {one.kind} {'legal' if one.legal else 'ILLEGAL'} and {one.verdict}"
            self.printed[what] += not one.right
            if not one.right and self.printed[what] <= 2:
                print(f"---- requests of seed {seed}: {what}\n{one.text}", flush=True)


def explain(seed: int, failure: Failure, trials: int) -> tuple[str, str]:
    """The failure of a seed as a small test, and what that says."""
    drawn = isolated(lambda: draw_case(seed)[0], HANG)
    if isinstance(drawn, Failure):
        return "", f"seed {seed}: {failure.kind} while it is drawn\n{failure.detail}"
    case = _at(drawn, failure)
    limit = SHORT if failure.kind == "hang" else HANG
    small = shrink(case, failure.kind, lambda one: _judged(one, limit), trials)
    last = _judged(small, limit).failure or failure
    return small.text(f"Seed {seed}: {failure.kind}."), last.detail


def _judged(case: Case, seconds: float) -> Outcome:
    answer = isolated(lambda: judge(case, all_sizes=False), seconds)
    return Outcome(answer) if isinstance(answer, Failure) else answer


def _at(case: Case, failure: Failure) -> Case:
    """The case at the sizes that failed."""
    found = re.match(r"sizes (\{.*?\})\n", failure.detail)
    return case if found is None else replace(case, sizes=tuple(eval(found[1]).items()))  # our own text


def parsed() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long to draw (default 1)")
    parser.add_argument(
        "--schedules", type=int, help="stop after so many schedules, if the time allows as many"
    )
    parser.add_argument("--seed", type=int, default=0, help="the first seed; the others follow it")
    parser.add_argument("--only", type=int, metavar="SEED", help="one schedule again")
    parser.add_argument(
        "--requests", type=float, default=0.25, help="share of the time for completeness (default 0.25)"
    )
    parser.add_argument(
        "--together", action="store_true", help="ask for completeness all the time, on a second core"
    )
    parser.add_argument("--trials", type=int, default=300, help="how many smaller cases to try for a failure")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write the tests of failures there, too")
    parser.add_argument("--planted", action="store_true", help="instead: look for every planted bug")
    parser.add_argument("--record", action="store_true", help=f"add the figures to {RESULTS.name}")
    return parser.parse_args()


def planted() -> int:
    """How long each planted bug takes to find and to make small, and how many directives are left of it."""
    missed = 0
    for one in PLANTED:
        start = processor_seconds()
        report = search(one)
        seconds = processor_seconds() - start
        found = report.failures[0] if report.failures else None
        missed += found is None or len(found.steps) > 3 or seconds > SECONDS
        said = (
            "NOT FOUND"
            if found is None
            else f"{found.kind}: {len(found.steps)} directives {''.join(found.steps)}"
        )
        print(
            f"{one.name:50}{one.subject:10}{report.schedules:4} schedules {seconds:6.1f} s  {said}",
            flush=True,
        )
    print(
        f"{len(PLANTED) - missed} of {len(PLANTED)} found and small within {SECONDS:.0f} s of processor time"
    )
    return missed


def by_turns(run: Run, options: argparse.Namespace, start: float) -> float:
    """Schedules and requests, each its share of the time. Returns: the seconds that passed."""
    seed, asking, busy, said = options.seed, options.seed, 0.0, 0.0
    while (passed := time.monotonic() - start) < 60 * options.minutes:
        said = tell(run, passed, said)
        if busy <= options.requests * passed and options.requests:
            run.request(asking)
            asking += 1
            busy += time.monotonic() - start - passed
        elif options.schedules is not None and seed - options.seed >= options.schedules:
            break
        elif options.requests < 1:
            run.schedule(seed)
            seed += 1
    return passed


def together(run: Run, options: argparse.Namespace, start: float) -> float:
    """Schedules, and requests meanwhile on another core. Returns: the seconds that passed."""
    done = threading.Event()

    def ask() -> None:
        asking = options.seed
        while not done.is_set():
            run.request(asking)
            asking += 1

    thread = threading.Thread(target=ask)
    thread.start()
    seed, said = options.seed, 0.0
    try:
        while (passed := time.monotonic() - start) < 60 * options.minutes:
            said = tell(run, passed, said)
            if options.schedules is not None and seed - options.seed >= options.schedules:
                break
            run.schedule(seed)
            seed += 1
    finally:
        done.set()
        thread.join()
    return passed


def tell(run: Run, passed: float, said: float) -> float:
    """A line a minute. Returns: when the last one was."""
    if passed <= said + 60:
        return said
    failed = sum(map(len, run.statistics.failures.values()))
    print(f"{passed / 60:.0f} min: {run.statistics.cases} schedules, {failed} failures", file=sys.stderr)
    return passed


def main() -> int:
    """The command."""
    options = parsed()
    os.environ["TDSL_CACHE"] = "0"  # code of another level has no place among the user's kernels
    if options.planted:
        return planted()
    run, start = Run(options), time.monotonic()
    if options.only is not None:
        run.schedule(options.only)
        print(run.statistics.text())
        return bool(run.statistics.failures)
    passed = together(run, options, start) if options.together else by_turns(run, options, start)
    run.schedules.close()
    run.requests.close()
    print(run.statistics.text())
    if options.record:
        figures = {"seed": options.seed, "minutes": round(passed / 60, 1), **run.statistics.figures()}
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(machine(), separators=(",", ":")) + "\n")
            file.write(json.dumps({"format": 1, "workload": "fuzz", **figures}, separators=(",", ":")) + "\n")
    return 1 if run.statistics.failures or run.statistics.unsound else 0


if __name__ == "__main__":
    sys.exit(main())
