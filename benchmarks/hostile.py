"""100,000 hostile calls: how many were right and wrong, how long they took, and that nothing went wrong.

A crash, a hang, a wrong result or a byte written outside any array ends the workload with the call's number.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks import record
from tests.fuzz.hostile import watch

CALLS = 100_000


def measure(threads: int, quick: bool) -> Iterator[record.Line]:
    """One row: seconds a call, the counts in its note."""
    found = watch(2_500 if quick else CALLS, seed=1)
    calls = found.told["right"] + found.told["wrong"]
    note = ", ".join(f"{name} {count}" for name, count in sorted(found.told.items()))
    note = f"{len(found.failures)} failures, target 0; {note}"
    yield record.row(
        "hostile",
        f"{calls} calls",
        "tdsl",
        seconds=[found.seconds / max(1, calls)],
        threads=threads,
        note=note,
    )
    if found.failures:
        print(found.text(), file=sys.stderr)
        raise SystemExit(1)
