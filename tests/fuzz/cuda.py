"""`python -m tests.fuzz.cuda --schedules 500 --seed 0`: random GPU schedules of random programs, emulated and watched.

Each schedule is one number. It counts when its kernel was built and run; results must be the CPU's bits where nothing
reassociates, and no access may be a hazard. A failure prints its seed and is made small; the exit status is 1.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.record import machine
from tdsl.fuzzing.failure import Failure
from tdsl.fuzzing.isolate import Workplace, isolated
from tdsl.fuzzing.report import verdicts
from tests.support.case import Case
from tests.support.cuda_case import Outcome, again, draw_case, judge
from tests.support.shrink import shrink

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results" / "fuzz-cuda.jsonl"

SECONDS = 120.0
"""What one case may take."""


@dataclass(slots=True)
class Tally:
    """A run so far."""

    drawn: int = 0
    ran: int = 0
    directives: list[int] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    failures: dict[str, list[int]] = field(default_factory=dict)

    def figures(self) -> dict[str, object]:
        """For a file: what was drawn, accepted, built and run, and what failed, by seed."""
        words = ("accepted", "refused", "build", "call")
        named = {
            word: {
                key.partition(" ")[2]: count
                for key, count in sorted(self.counts.items())
                if key.split(" ")[0] == word
            }
            for word in words
        }
        return {
            "schedules": self.ran, "drawn": self.drawn, "directives_median": median(self.directives or [0]),
            "runs": self.counts["runs"], "runs_bit_equal": self.counts["runs bit equal"],
            "runs_with_hazards": sum(len(seeds) for kind, seeds in self.failures.items() if "hazard" in kind),
            "failures": self.failures, **named,
        }  # fmt: skip

    def text(self) -> str:
        """For people."""
        lines = [
            f"{self.ran} schedules run of {self.drawn} drawn, median {median(self.directives or [0]):g} directives; "
            f"{self.counts['runs']} runs without a hazard, {self.counts['runs bit equal']} of them compared bit by bit",
            *verdicts(self.counts),
        ]
        for word in ("build", "call", "program"):
            lines += [
                f"{key}: {count}" for key, count in self.counts.most_common() if key.startswith(f"{word} ")
            ]
        lines += [
            f"FAILED {len(seeds)} times: {kind}; seeds {seeds[:8]}" for kind, seeds in self.failures.items()
        ]
        return "\n".join(lines)


def work(seed: int) -> Outcome:
    """The case of a seed, judged."""
    outcome, schedule, _ = draw_case(seed)
    return outcome if outcome.failure is not None or schedule is None else judge(outcome, schedule)


def explained(case: Case, failure: Failure, trials: int) -> str:
    """The failure as a smaller case."""

    def judged(one: Case) -> Outcome:
        answer = isolated(lambda: again(one), SECONDS)
        return Outcome(one, answer) if isinstance(answer, Failure) else answer

    small = shrink(case, failure.kind, judged, trials)
    last = judged(small).failure or failure
    return f"{small.program.source()}\ns = td.schedule({', '.join(small.program.outputs)}){''.join(small.steps)}\n{last.detail}"


def fuzz(schedules: int, seconds: float, seed: int, trials: int) -> Tally:
    """Cases until enough have run or the time is up."""
    tally, until = Tally(), time.monotonic() + seconds
    with Workplace[int, Outcome](work, SECONDS) as place:
        while tally.ran < schedules and time.monotonic() < until:
            answer = place.ask(seed)
            if isinstance(answer, Failure):
                case, failure = draw_case(seed)[0].case, answer
            else:
                case, failure = answer.case, answer.failure
                tally.ran += answer.ran
                tally.counts += answer.tally
                tally.directives.append(len(case.steps))
            tally.drawn += 1
            if failure is not None:
                if failure.kind not in tally.failures:
                    print(f"---- seed {seed}: {failure.kind}\n{explained(case, failure, trials)}", flush=True)
                tally.failures.setdefault(failure.kind, []).append(seed)
            seed += 1
    return tally


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.cuda", description=__doc__)
    parser.add_argument("--schedules", type=int, default=500, help="how many must have run (default 500)")
    parser.add_argument("--minutes", type=float, default=60.0, help="stop after so long (default 60)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed; the others follow it")
    parser.add_argument("--trials", type=int, default=60, help="how many smaller cases to try for a failure")
    parser.add_argument("--record", action="store_true", help=f"add the figures to {RESULTS.name}")
    options = parser.parse_args()
    if not any(map(shutil.which, ("c++", "g++", "clang++"))):
        print("not run: needs a C++ compiler")
        return 0
    tally = fuzz(options.schedules, 60 * options.minutes, options.seed, options.trials)
    print(tally.text())
    if options.record:
        figures = {"format": 1, "workload": "fuzz-cuda", "seed": options.seed, **tally.figures()}
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write(
                "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in (machine(), figures))
            )
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
