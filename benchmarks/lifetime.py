"""Kernels from the disk, and what builds and calls leave behind: seconds of cached builds, bytes of growth.

`python -m benchmarks.lifetime CASE` measures one process and prints its numbers.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import record

CASES = ("add", "packed")


def measure(threads: int, quick: bool) -> Iterator[record.Line]:
    """Rows for cached builds in fresh processes, then rows whose note is the growth."""
    with tempfile.TemporaryDirectory() as folder:
        # As in an installed package, modules are compiled already.
        environment = os.environ | {
            "TDSL_CACHE_DIR": f"{folder}/kernels",
            "PYTHONPYCACHEPREFIX": f"{folder}/modules",
        }
        for name in ("TDSL_CACHE", "PYTHONDONTWRITEBYTECODE"):
            environment.pop(name, None)
        for case in CASES:
            _in_child(case, environment)
            taken = [_in_child(case, environment) for _ in range(1 if quick else 7)]
            for part, target in (
                ("imports", ""), ("of these, tdsl's", ""), ("declared and scheduled", ""), ("first build", ""),
                ("first call", ""), ("after the imports", "target 5 ms" if case == "add" else ""),
                ("import to first result", "target 120 ms"), ("second build", "target 15 ms"),
            ):  # fmt: skip
                seconds, busy = ([float(one[part][which]) for one in taken] for which in (0, 1))
                note = f"{1e3 * sorted(busy)[len(busy) // 2]:.1f} ms of CPU" + (
                    f", {target}" if target else ""
                )
                yield record.row(
                    "lifetime", f"{case}, from disk", part, seconds=seconds, threads=threads, note=note
                )
    for case in ("growth", "structures"):
        found = _in_child(case, os.environ | {"TDSL_CACHE": "0"}, "100" if quick else "1000")
        for what, note in found.items():
            yield record.row("lifetime", "growth", what, threads=threads, note=str(note))


def _in_child(case: str, environment: dict[str, str], *more: str) -> dict[str, Any]:
    module = "lifetime" if case in CASES_OF_GROWTH else "first_result"
    command = [sys.executable, "-m", f"benchmarks.{module}", case, *more]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def growth(builds: int) -> dict[str, str]:
    """Resident bytes over builds and drops of different kernels, and over calls."""
    import numpy as np

    import tdsl as td

    values = np.ones(64, np.float32)

    def build(number: int) -> td.Kernel:
        n = td.size("n")
        x = td.placeholder("x", (n,))
        y = td.compute("y", (n,), lambda i: x[i] * float(number) + 1.0)
        return td.build(td.schedule(y).vectorize(y, "i", 8))

    for number in range(100):
        assert build(number)(values)[0] == number + 1
    before, maps = resident(), memory_maps()
    for number in range(100, 100 + builds):
        assert build(number)(values)[0] == number + 1
    grown, more = resident() - before, memory_maps() - maps
    kernel, out = build(7), np.empty_like(values)
    for _ in range(20_000):
        kernel(values, out=out), kernel(values)
    before = resident()
    for _ in range(1_000_000):
        kernel(values, out=out)
    for _ in range(1_000_000):
        kernel(values)
    return {
        f"{builds} builds and drops after the first 100": f"{grown / 1e6:+.2f} MB, {more:+d} memory maps; target 5 MB",
        "2,000,000 calls": f"{(resident() - before) / 1e6:+.2f} MB; target 0",
    }


def structures(builds: int) -> dict[str, str]:
    """Resident bytes over builds and drops that isl is asked about anew each time, and what one call of isl loses."""
    for number in range(100):
        different(number)
    before = resident()
    for number in range(100, 100 + builds):
        different(number)
    grown = resident() - before
    return {
        f"{builds} builds of different structure": f"{grown / 1e6:+.2f} MB; target 5 MB",
        "an argument handed over to isl": f"{lost_by_tdsl():+.0f} B by tdsl, {lost_by_islpy():+.0f} B by islpy",
    }


def different(number: int) -> object:
    """A kernel of two stages with extents, offsets, loops and placement of its own."""
    import tdsl as td

    dice = random.Random(number)
    n, far, axes = td.size("n"), dice.randint(1, 3), dice.sample("hijklm", dice.randint(1, 3))
    x = td.placeholder("x", (n,) * len(axes))
    middle = td.compute("middle", (n - far,) * len(axes), lambda *at: x[at] * number, axes=axes)
    y = td.compute(
        "y",
        (n - 2 * far,) * len(axes),
        lambda *at: middle[at] + middle[tuple(i + far for i in at)],
        axes=axes,
    )
    s = td.schedule(y).split(y, axes[0], dice.randint(2, 9), into=("outer", "inner"))
    place = dice.choice(("root", "outer", "inline"))
    if place != "root":
        s = s.inline(middle) if place == "inline" else s.compute_at(middle, y, place)
    return td.build(s.vectorize(y, axes[-1] if len(axes) > 1 else "inner", dice.choice((2, 4, 8))))


def lost_by_islpy() -> float:
    """Bytes a call by islpy's classes."""
    import islpy

    return lost(islpy.Set("[n] -> { [i] : 0 <= i < n }", islpy.Context()).coalesce)


def lost_by_tdsl() -> float:
    """Bytes a call by tdsl's."""
    from tdsl.poly import library

    return lost(library.Set.read_from_str(library.Context(), "[n] -> { [i] : 0 <= i < n }").coalesce)


def lost(call: Callable[[], object], calls: int = 200_000) -> float:
    """Bytes a call of a method that takes one object, gives it back changed, and of which nothing is kept."""
    for _ in range(calls):
        call()
    before = resident()
    for _ in range(calls):
        call()
    return (resident() - before) / calls


def resident() -> int:
    """Bytes of the process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def memory_maps() -> int:
    """Mappings of the process."""
    return len(Path("/proc/self/maps").read_text().splitlines())


CASES_OF_GROWTH = {"growth": growth, "structures": structures}

if __name__ == "__main__":
    print(json.dumps(CASES_OF_GROWTH[sys.argv[1]](int(sys.argv[2]))))
