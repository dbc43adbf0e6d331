"""`python -m tests.fuzz.hostile --calls 100000 --seed 1`: hostile calls in processes that are watched.

In: a number of calls and a seed. Out: how many were right and wrong, which errors were told, and each process that
crashed, hung, answered wrongly or wrote outside, with the command that shows its call again; the exit status is then 1.
Each call is one number: what it draws follows from the seed and that number.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BATCH = 2500
"""Calls of one process."""

SECONDS = 120.0
"""What a process may take, and a fiftieth of a second for each of its calls."""


@dataclass
class Watched:
    """What came of calls. failures: how each process ended that did not end well."""

    told: Counter[str] = field(default_factory=Counter[str])
    failures: list[str] = field(default_factory=list[str])
    seconds: float = 0.0

    def text(self) -> str:
        """Lines for people."""
        codes = ", ".join(f"{name} {count}" for name, count in sorted(self.told.items()) if name[0] == "C")
        calls = self.told["right"] + self.told["wrong"]
        line = (
            f"{calls} calls, {self.told['right']} right, {self.told['wrong']} wrong in {self.seconds:.0f} s"
        )
        return "\n".join((line, codes, f"{len(self.failures)} failures", *self.failures))


def watch(
    calls: int, seed: int, *, batch: int = BATCH, before: str = "", seconds: float = SECONDS
) -> Watched:
    """Make the calls, `batch` in a process. before: Python code that each process runs first."""
    found, start = Watched(), time.monotonic()
    for first in range(0, calls, batch):
        count = min(batch, calls - first)
        failure = _one_process(found, count, seed, first, before, seconds + count / 50)
        if failure:
            found.failures.append(failure)
    found.seconds = time.monotonic() - start
    return found


def _one_process(found: Watched, calls: int, seed: int, first: int, before: str, seconds: float) -> str:
    """What went wrong in one process, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "call")
        program = f"{before}\nfrom tests.support.hostile_calls import main\nmain({calls}, {seed}, {first}, {str(place)!r})"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
        command = [sys.executable, "-X", "faulthandler", "-W", "error", "-c", program]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, env=environment, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            ended, said = f"no end within {seconds:.0f} s", ""
        else:
            if done.returncode == 0:
                found.told.update(json.loads(done.stdout.splitlines()[-1]))
                return ""
            code, said = done.returncode, done.stderr[-1500:]
            ended = signal.Signals(-code).name if code < 0 else f"status {code}"
        number = place.read_text() if place.exists() else "none yet"
    again = f"python -m tests.support.hostile_calls 1 {seed} {number}"
    return f"---- {ended} in call {number}: {again}\n{said}"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.hostile", description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000, help="how many (default 100,000)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    found = watch(options.calls, options.seed)
    print(found.text())
    return 1 if found.failures else 0


if __name__ == "__main__":
    sys.exit(main())
