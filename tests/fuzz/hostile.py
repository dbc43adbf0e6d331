"""`python -m tests.fuzz.hostile --calls 100000 --seed 1`: hostile calls, drawn by Hypothesis, in processes that are watched.

In: a number of calls and a seed. Out: how many were right and wrong, which errors were told, and for each way to fail the
smallest call that Hypothesis found: what a process that crashed, hung, answered wrongly or wrote outside was doing, and the
command that does it again; the exit status is then 1. A process makes calls until one kills it; the choices of each call
are drawn here (tests/support/hostile_worker.py asks for them), so that a call that ends its process shrinks like any other.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
BATCH = 250
"""Calls of one run of Hypothesis: of more it makes ever more variants of those it has made."""

WRONG = "a wrong answer"
"""How a call ended whose process goes on."""

SECONDS = 60.0
"""What the start of a process or one call may take."""


@dataclass
class Watched:
    """What came of calls. failures: how each run that failed ended."""

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


class Failed(Exception):
    """A call that ended as none may. ended: in a few words; said: what its process printed; answers: its choices."""

    def __init__(self, ended: str, said: str, answers: tuple[int, ...] | None) -> None:
        super().__init__(ended)
        self.ended, self.said, self.answers = ended, said, answers

    def text(self) -> str:
        if self.answers is None:
            return f"---- {self.ended} before the first call\n{self.said}"
        again = f"python -m tests.support.hostile_calls {' '.join(map(str, self.answers))}"
        return f"---- {self.ended} in the call: {again}\n{self.said}"


class Worker:
    """A process that makes calls. before: Python code that it runs first; seconds: that it may take for one; cache: where
    it looks for machine code of those before it."""

    def __init__(self, before: str, seconds: float, cache: str) -> None:
        self.seconds = seconds
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._left = b""
        program = f"{before}\nfrom tests.support.hostile_worker import serve\nserve()"
        path = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
        environment = {**os.environ, "PYTHONPATH": path, "TDSL_CACHE": "1", "TDSL_CACHE_DIR": cache}
        self._process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-W", "error", "-c", program],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, env=environment, bufsize=0,
        )  # fmt: skip
        try:
            self._line(None)
        except Failed:
            self.close()
            raise

    def call(self, data: st.DataObject) -> Counter[str]:
        """One call, its choices drawn from `data`. Errors: `Failed`."""
        answers: list[int] = []
        self._say("call", answers)
        while True:
            word, _, rest = self._line(answers).partition(" ")
            if word == "done":
                return Counter(json.loads(rest))
            if word == "failed":
                raise Failed(WRONG, json.loads(rest), tuple(answers))
            try:
                answers.append(data.draw(_below(int(rest))))
            except BaseException:  # Hypothesis has seen enough of this call
                self._say("stop", answers)
                raise
            self._say(str(answers[-1]), answers)

    def close(self) -> None:
        """Ends the process, and waits for it."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                stream.close()

    def _say(self, line: str, answers: list[int]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{line}\n".encode())
        except BrokenPipeError:
            raise self._ended(answers) from None

    def _line(self, answers: list[int] | None) -> str:
        """The next line that the process tells."""
        assert self._process.stdout is not None
        end = time.monotonic() + self.seconds
        while b"\n" not in self._left:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                raise Failed(f"no end within {self.seconds:.0f} s", "", _kept(answers))
            found = self._process.stdout.read(65536)
            if not found:
                raise self._ended(answers)
            self._left += found
        line, _, self._left = self._left.partition(b"\n")
        return line.decode()

    def _ended(self, answers: list[int] | None) -> Failed:
        code = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read()[-1500:].decode(errors="replace")
        return Failed(signal.Signals(-code).name if code < 0 else f"status {code}", said, _kept(answers))


def _kept(answers: list[int] | None) -> tuple[int, ...] | None:
    return None if answers is None else tuple(answers)


@lru_cache(maxsize=256)
def _below(bound: int) -> st.SearchStrategy[int]:
    return st.integers(0, bound - 1)


def watch(
    calls: int, seed: int, *, before: str = "", seconds: float = SECONDS, most: int = 4, shrunk: bool = True
) -> Watched:
    """Make the calls.

    before: Python code that each process runs first; most: failures, after which it ends; shrunk: off, a failure is told as
    it was met.
    """
    found, start = Watched(), time.monotonic()
    with tempfile.TemporaryDirectory() as cache:
        desk = _Desk(before, seconds, cache)
        for first in range(0, calls, BATCH):
            failure = _one_run(found, desk, min(BATCH, calls - first), seed * 1_000_003 + first, shrunk)
            if failure is not None:
                found.failures.append(failure.text())
            if len(found.failures) == most:
                break
        desk.clear()
    found.seconds = time.monotonic() - start
    return found


class _Desk:
    """Where the process sits that makes the calls, followed by another when it has gone."""

    def __init__(self, *arguments: Any) -> None:
        self._arguments = arguments
        self._worker: Worker | None = None

    def worker(self) -> Worker:
        if self._worker is None:
            self._worker = Worker(*self._arguments)
        return self._worker

    def clear(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()


def _one_run(found: Watched, desk: _Desk, calls: int, seed: int, shrunk: bool) -> Failed | None:
    """The smallest failure of one run of Hypothesis, or the first one, or nothing."""
    phases = (Phase.generate, Phase.shrink) if shrunk else (Phase.generate,)

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=calls, database=None, deadline=None, derandomize=False, verbosity=Verbosity.quiet,
        phases=phases, report_multiple_bugs=False, print_blob=False,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @hypothesis.given(st.data())
    def run(data: st.DataObject) -> None:
        try:
            found.told.update(desk.worker().call(data))
        except Failed as failed:
            if failed.ended != WRONG:
                desk.clear()
            raise

    try:
        desk.worker()
        run()
    except Failed as failed:
        return failed
    return None


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
