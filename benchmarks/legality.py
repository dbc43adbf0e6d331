"""What it costs to judge one directive: median and 95th percentile over acceptance programs and PolyBench schedules.

Every directive of the programs is timed where it is judged, refusals with their witness and advice apart from acceptances;
verdicts are remembered within one program, as for a user, and forgotten before each. Targets: 5 ms in the median, 30 ms
at the 95th percentile. Seconds are the processor's.
"""

from __future__ import annotations

import contextlib
import io
import runpy
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from unittest.mock import patch

from benchmarks import peers, record
from tdsl.errors import TdslError
from tdsl.poly import verdict
from tdsl.schedule import legality

PROGRAMS = Path(__file__).parents[1] / "tests" / "acceptance"
MEDIAN, HIGH = 5e-3, 30e-3


def measure(threads: int, quick: bool) -> Iterator[record.Line]:
    """One row for the directives accepted and one for those refused, for each family of programs."""
    programs: dict[str, Callable[[], object]] = {
        path.stem: partial(_as_script, path)
        for path in sorted(PROGRAMS.glob("[0-9]*.py"))
        if "cuda" not in path.stem or peers.find("nvidia") is not None
    }
    if quick:
        programs = {name: run for name, run in programs.items() if name.startswith("07")}
    yield from rows("acceptance programs", programs, threads)
    if not quick:
        yield from rows("PolyBench by hand", dict(_schedules()), threads)


def rows(case: str, programs: dict[str, Callable[[], object]], threads: int) -> Iterator[record.Line]:
    """The times of the directives of some programs."""
    taken: dict[str, list[tuple[float, str]]] = {"accepted": [], "refused": []}
    for name, run in programs.items():
        verdict.forget()
        for answer, seconds in judged(run):
            taken[answer].append((seconds, name))
    for answer, found in taken.items():
        if not found:
            continue
        seconds = sorted(each for each, _ in found)
        high = seconds[min(len(seconds) - 1, int(0.95 * len(seconds)))]
        worst, where = max(found)
        yield record.row(
            "legality", case, f"tdsl, {answer}", seconds=seconds, threads=threads, p95_s=high,
            within=seconds[len(seconds) // 2] <= MEDIAN and high <= HIGH,
            note=f"{len(seconds)} directives; 95th percentile {high * 1e3:.3g} ms; longest {worst * 1e3:.3g} ms in {where}",
        )  # fmt: skip


def judged(run: Callable[[], object]) -> list[tuple[str, float]]:
    """Runs a program: for each directive, whether it was accepted and the seconds its judgement took."""
    found: list[tuple[str, float]] = []
    real = legality.check

    def timed(*arguments: object) -> object:
        start = time.process_time()
        try:
            settled = real(*arguments)  # type: ignore[arg-type]
        except TdslError:
            found.append(("refused", time.process_time() - start))
            raise
        found.append(("accepted", time.process_time() - start))
        return settled

    with patch.object(legality, "check", timed):
        run()
    return found


def _as_script(path: Path) -> None:
    """A program as `python path` runs it, its output dropped."""
    with contextlib.redirect_stdout(io.StringIO()), patch.object(sys, "argv", [str(path)]):
        runpy.run_path(str(path), run_name="__main__")


def _schedules() -> Iterator[tuple[str, Callable[[], object]]]:
    from benchmarks.polybench.suite import KERNELS

    for name, kernel in KERNELS.items():
        if kernel.hand is not None:
            yield name, lambda kernel=kernel: kernel.hand(kernel.schedule())
