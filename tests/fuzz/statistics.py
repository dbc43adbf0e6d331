"""What a run of the fuzzer did, in numbers: cases, directives, verdicts by primitive, failures; outcomes in, text out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from statistics import median

from tdsl.fuzzing.failure import Failure
from tdsl.fuzzing.report import verdicts
from tests.support.case import Case


@dataclass(slots=True)
class Statistics:
    """Collected over a run."""

    cases: int = 0
    directives: list[int] = field(default_factory=list)
    stages: list[int] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    failures: dict[str, list[int]] = field(default_factory=dict)
    slow: list[tuple[float, int]] = field(default_factory=list)

    def add(
        self, seed: int, case: Case | None, tally: Counter[str], failure: Failure | None, seconds: float
    ) -> None:
        """One case."""
        self.cases += 1
        if case is not None:
            self.directives.append(len(case.steps))
            self.stages.append(len(case.program.stages))
        self.tally += tally
        if failure is not None:
            self.failures.setdefault(failure.kind, []).append(seed)
        self.slow = sorted([*self.slow, (seconds, seed)], reverse=True)[:5]

    def text(self) -> str:
        """The whole, for people."""
        lines = [
            f"{self.cases} schedules, median {median(self.directives or [0]):g} directives "
            f"(of {sum(self.directives)}) and {median(self.stages or [0]):g} stages; "
            f"{self.tally['runs']} runs, {self.tally['runs that reassociate']} of them reassociate "
            f"({self.tally['runs that reassociate exactly']} compared exactly, "
            f"{self.tally['runs that reassociate within a bound']} within a bound)",
            "slowest: " + ", ".join(f"seed {seed} {seconds:.1f} s" for seconds, seed in self.slow),
            *verdicts(self.tally),
        ]
        for word in ("build", "call", "program"):
            kinds = Counter({key: count for key, count in self.tally.items() if key.startswith(f"{word} ")})
            lines += [f"{key}: {count}" for key, count in kinds.most_common()]
        for kind, seeds in sorted(self.failures.items(), key=lambda pair: -len(pair[1])):
            lines.append(f"FAILED {len(seeds)} times: {kind}; seeds {', '.join(map(str, seeds[:8]))}")
        return "\n".join(lines)
