"""What a run of the fuzzer found, as values and as text for people; counts and failures in, a report out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from statistics import median

LEFT_OUT = "left out "
"""Of the tally: directives that a build would refuse, by the code."""


@dataclass(frozen=True, slots=True)
class FuzzFailure:
    """One failure, made small.

    Fields:
        kind: what went wrong, in a few words; equal for failures of one cause, as far as can be told.
        number: of the schedule in the run: the same seed draws it again.
        steps: the directives that are left, as calls.
        sizes: at which it fails; empty where it fails before a call.
        test: a test that runs and fails, as Python text.
        detail: the first difference, or the traceback.
    """

    kind: str
    number: int
    steps: tuple[str, ...]
    sizes: tuple[tuple[str, int], ...]
    test: str
    detail: str

    def __str__(self) -> str:
        return f"{self.test}\n{self.detail}"


@dataclass(slots=True)
class FuzzReport:
    """What `td.fuzz` returns; true where nothing failed.

    Fields:
        subject: names of the outputs.
        seed: of the run.
        seconds: it took.
        samples: runs of the declaration that every schedule was compared with.
        directives: of each schedule.
        tally: "accepted NAME" and "refused NAME CODE" of primitives; "left out CODE" of directives that only a build would
            refuse; "build CODE" and "call CODE" of schedules that were not run.
        failures: one of each kind.
    """

    subject: tuple[str, ...]
    seed: int
    seconds: float = 0.0
    samples: int = 0
    directives: list[int] = field(default_factory=list[int])
    tally: Counter[str] = field(default_factory=Counter[str])
    failures: list[FuzzFailure] = field(default_factory=list[FuzzFailure])

    @property
    def schedules(self) -> int:
        """How many schedules were built and run."""
        return len(self.directives)

    def __bool__(self) -> bool:
        return not self.failures

    def __str__(self) -> str:
        lines = [
            f"fuzz of {', '.join(self.subject)}, seed {self.seed}: {self.schedules} schedules of "
            f"{median(self.directives or [0]):g} directives (median), each on {self.samples} samples, "
            f"in {self.seconds:.0f} s; {len(self.failures) or 'no'} failure{'s' * (len(self.failures) != 1)}",
            *verdicts(self.tally),
            *(
                f"{key.replace(LEFT_OUT, 'left out, a build would refuse it: ')}: {count}"
                if key.startswith(LEFT_OUT)
                else f"not run: {key}: {count}"
                for key, count in self.tally.most_common()
                if key.startswith((LEFT_OUT, "build ", "call "))
            ),
        ]
        return "\n".join([*lines, *(f"\n{failure}" for failure in self.failures)])

    __repr__ = __str__


def verdicts(tally: Counter[str]) -> list[str]:
    """A line a primitive: how often it was accepted and refused, and the codes of the refusals."""
    names = sorted({key.split()[1] for key in tally if key.startswith(("accepted ", "refused "))})
    lines = [f"{'primitive':14}{'accepted':>10}{'refused':>10}  codes"] if names else []
    for name in names:
        codes = Counter(
            {key.split()[2]: count for key, count in tally.items() if key.startswith(f"refused {name} ")}
        )
        shown = " ".join(f"{code}:{count}" for code, count in codes.most_common())
        lines.append(f"{name:14}{tally[f'accepted {name}']:>10}{codes.total():>10}  {shown}")
    return lines
