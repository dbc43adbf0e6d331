"""Times of the suite: every kernel as declared and by hand, beside gcc and Numba; rows out.

Peers run in place, so what they change is copied anew before each call, and the copy counts; tdsl writes a result of
its own and counts that. Long calls are timed less often: a candidate whose first call takes over two seconds runs once
more, the others up to nine times.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

import tdsl as td
from benchmarks import peers, record
from benchmarks.polybench import compilers, suite
from benchmarks.polybench.kernel import Arrays, Kernel

LONG = 2.0
"""Seconds of a first call above which there is only one more."""

Call = Callable[[], tuple[np.ndarray, ...]]


def measure(threads: int, quick: bool) -> Iterator[record.Line]:
    """All kernels, double precision (deriche single, floyd-warshall and nussinov int32)."""
    for dataset in ("MINI",) if quick else ("MEDIUM", "LARGE"):
        for kernel in suite.KERNELS.values():
            yield from rows(kernel, dataset, threads)


def rows(kernel: Kernel, dataset: str, threads: int) -> Iterator[record.Line]:
    """One kernel at one size."""
    case = f"{kernel.name} {dataset}"
    sizes = tuple(kernel.extents(dataset).values())
    given = kernel.fill(*sizes)
    calls: dict[str, Call] = {}
    if (gcc := compilers.gcc()) is None:
        yield record.missing("polybench", case, "gcc", compilers.NO_GCC)
    else:
        calls[gcc] = in_place(kernel, compilers.in_c(kernel), sizes, given)
    if peers.find("numba") is None:
        yield record.missing("polybench", case, "Numba", peers.EXTRA)
    else:
        calls[peers.version("numba")] = in_place(kernel, compilers.by_numba(kernel), sizes, given)
    calls["tdsl as declared"] = built(kernel, kernel.schedule(), dataset, given)
    if kernel.hand is not None:
        calls["tdsl by hand"] = built(kernel, kernel.hand(kernel.schedule()), dataset, given)
    wanted: tuple[np.ndarray, ...] | None = None
    for who, (seconds, found) in timed(calls).items():
        wanted = found if wanted is None else wanted
        yield record.row(
            "polybench", case, who, seconds=seconds, work=kernel.work(*sizes), unit="FLOP", threads=threads,
            peer=not who.startswith("tdsl"),
            right=all(map(partial(compilers.close, kernel), found, wanted)),
        )  # fmt: skip


def in_place(
    kernel: Kernel, run: Callable[[tuple[int, ...], Arrays], None], sizes: tuple[int, ...], given: Arrays
) -> Call:
    """A call of loops that work in place, on what they change copied anew."""
    arrays = {name: array.copy() for name, array in given.items()}
    run(sizes, arrays)
    changed = [name for name in kernel.inputs if not np.array_equal(arrays[name], given[name])]

    def call() -> tuple[np.ndarray, ...]:
        for name in changed:
            np.copyto(arrays[name], given[name])
        run(sizes, arrays)
        return tuple(arrays[name] for name in kernel.outputs)

    for name in kernel.inputs:
        np.copyto(arrays[name], given[name])
    return call


def built(kernel: Kernel, schedule: td.Schedule, dataset: str, given: Arrays) -> Call:
    """A call of the kernel by tdsl into arrays made before."""
    function = td.build(schedule)
    keywords: dict[str, object] = {}
    if kernel.steps is not None:
        keywords[kernel.steps] = kernel.extents(dataset)[kernel.steps]
    arguments = tuple(given[name] for name in kernel.inputs)
    found = function(*arguments, **keywords)
    several = isinstance(found, tuple)
    out = tuple(found) if several else (found,)
    keywords["out"] = out if several else found

    def call() -> tuple[np.ndarray, ...]:
        function(*arguments, **keywords)
        return out

    return call


def timed(calls: dict[str, Call]) -> dict[str, tuple[list[float], tuple[np.ndarray, ...]]]:
    """Seconds of the calls of each candidate, in turn, and what it computed."""
    first = {who: _once(call) for who, call in calls.items()}
    taken: dict[str, list[float]] = {who: [] for who in calls}
    for turn in range(9):
        for who, call in calls.items():
            seconds = first[who][0]
            if turn == 0 or (seconds < LONG and turn < max(2, 4.0 / max(seconds, 1e-3))):
                repeats = max(1, int(0.02 / max(seconds, 1e-6)))
                start = time.perf_counter()
                for _ in range(repeats):
                    call()
                taken[who].append((time.perf_counter() - start) / repeats)
    return {who: (taken[who], first[who][1]) for who in calls}


def _once(call: Call) -> tuple[float, tuple[np.ndarray, ...]]:
    start = time.perf_counter()
    found = call()
    return time.perf_counter() - start, tuple(array.copy() for array in found)
