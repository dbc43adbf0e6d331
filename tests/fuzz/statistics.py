"""What a run of the fuzzer did, in numbers: cases, directives, verdicts by primitive, failures; outcomes in, text out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from statistics import median

from tdsl.fuzzing.failure import Failure
from tdsl.fuzzing.report import verdicts
from tests.fuzz.completeness import Request, table
from tests.fuzz.strata import contradicted, short
from tests.support.case import Case


@dataclass(slots=True)
class Statistics:
    """Collected over a run."""

    cases: int = 0
    directives: list[int] = field(default_factory=list)
    stages: list[int] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    used: Counter[str] = field(default_factory=Counter)
    """In how many schedules a primitive is."""
    failures: dict[str, list[int]] = field(default_factory=dict)
    slow: list[tuple[float, int]] = field(default_factory=list)
    requests: Counter[tuple[str, str, bool, bool]] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    """Legal requests that were refused, by stratum and code."""

    def add(
        self, seed: int, case: Case | None, tally: Counter[str], failure: Failure | None, seconds: float
    ) -> None:
        """One case."""
        self.cases += 1
        if case is not None:
            self.directives.append(len(case.steps))
            self.stages.append(len(case.program.stages))
            self.used.update({step[1 : step.index("(")] for step in case.steps})
        self.tally += tally
        if failure is not None:
            self.failures.setdefault(failure.kind, []).append(seed)
        self.slow = sorted([*self.slow, (seconds, seed)], reverse=True)[:5]

    def ask(self, seed: int, one: Request) -> None:
        """One request to legality."""
        self.requests[one.primitive, one.kind, one.legal, one.verdict == "accepted"] += 1
        if one.legal and one.verdict != "accepted":
            self.refusals[f"{one.primitive} {one.kind} {one.verdict}, first in seed {seed}"] += 1

    @property
    def unsound(self) -> int:
        """Illegal requests that were accepted."""
        return sum(count for key, count in self.requests.items() if key[2:] == (False, True))

    def figures(self) -> dict[str, object]:
        """The whole, for a file."""
        wrong = {
            kind: len(seeds) for kind, seeds in self.failures.items() if "differ" in kind or "change" in kind
        }
        return {
            "schedules": self.cases,
            "directives_median": median(self.directives or [0]),
            "stages_median": median(self.stages or [0]),
            "runs": self.tally["runs"],
            "runs_reassociated": self.tally["runs that reassociate"],
            "wrong_results": sum(wrong.values()),
            "crashes": sum(map(len, self.failures.values())) - sum(wrong.values()),
            "failures": {kind: seeds[:8] for kind, seeds in sorted(self.failures.items())},
            "accepted": {
                key.split()[1]: count for key, count in sorted(self.tally.items()) if key.startswith("accepted ")
            },
            "schedules_with": dict(sorted(self.used.items())),
            "completeness": {
                f"{primitive} {kind}": [
                    self.requests[primitive, kind, True, True], self.requests[primitive, kind, True, False],
                    self.requests[primitive, kind, False, False], self.requests[primitive, kind, False, True],
                ]
                for primitive, kind in sorted({key[:2] for key in self.requests})
            },
            "completeness_fields": ["legal accepted", "legal refused", "illegal refused", "illegal accepted"],
            "strata_asked_less_for_no_reason": [name for name, why in short(self.requests).items() if not why],
            "legal_and_refused": dict(self.refusals.most_common()),
        }  # fmt: skip

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
            "schedules with: " + ", ".join(f"{name} {count}" for name, count in self.used.most_common()),
        ]
        for word in ("build", "call", "program"):
            kinds = Counter({key: count for key, count in self.tally.items() if key.startswith(f"{word} ")})
            lines += [f"{key}: {count}" for key, count in kinds.most_common()]
        if self.requests:
            lines += ["", *table(self.requests)]
            lines += [
                f"legal and refused {count} times: {what}" for what, count in self.refusals.most_common()
            ]
            fewer = short(self.requests)
            reasons = {why: [name for name in fewer if fewer[name] == why] for why in fewer.values() if why}
            lines += [f"none of {', '.join(names)}: {why}" for why, names in reasons.items()]
            lines += [f"asked less than wanted: {', '.join(name for name, why in fewer.items() if not why)}"]
            lines += [f"CONTRADICTS A REASON: {name}" for name in contradicted(self.requests)]
        for kind, seeds in sorted(self.failures.items(), key=lambda pair: -len(pair[1])):
            lines.append(f"FAILED {len(seeds)} times: {kind}; seeds {', '.join(map(str, seeds[:8]))}")
        if self.unsound:
            lines.append(f"UNSOUND: {self.unsound} illegal requests were accepted")
        return "\n".join(lines)
