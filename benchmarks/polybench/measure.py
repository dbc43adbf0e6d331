"""Times of the suite: every kernel as declared and by hand, beside gcc and Numba; rows out, each as soon as it is known.

Peers run in place, so what they change is copied anew before each call, and the copy counts; tdsl writes a result of
its own and counts that. Numba compiles and tdsl builds before the clock starts. What a call of the larger size will take
is expected from the smaller one: cases run in that order until the time given is up, a candidate that would take longer
than `LONGEST` is left out, and each row that is missing says why.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np

import tdsl as td
from benchmarks import apart, peers, record
from benchmarks.polybench import compilers, suite
from benchmarks.polybench.kernel import DATASETS, Arrays, Kernel
from benchmarks.timing import seconds_a_call

LONG = 2.0
"""Seconds of a first call above which it is the only one."""

LONGEST = 12.0
"""Seconds of a call, as expected from the size before, above which a candidate is left out."""

LIMIT = 60.0
"""Seconds after which a kernel at one size is stopped."""

SHARE = 0.6
"""Seconds that the rounds of a candidate take, about."""

OWN = ("tdsl as declared", "tdsl by hand")

Call = Callable[[], tuple[np.ndarray, ...]]
Expected = dict[tuple[str, str], float]
"""(kernel, candidate) -> seconds of a call per operation, at the size before."""


def measure(
    threads: int, quick: bool, *, kernels: str = "", sizes: str = "", seconds: float = 540.0
) -> Iterator[record.Line]:
    """Kernels in double precision (deriche single, floyd-warshall and nussinov int32).

    Args:
        quick: MINI only.
        kernels: names, separated by commas; all thirty where empty.
        sizes: data sets, separated by commas; MEDIUM and LARGE where empty.
        seconds: what begins after so long is left out.
    """
    chosen = [suite.KERNELS[name] for name in _names(kernels, suite.KERNELS)]
    datasets = ["MINI"] if quick else _names(sizes or "MEDIUM,LARGE", DATASETS)
    end = time.monotonic() + seconds
    expected: Expected = {}
    for dataset in datasets:
        lines: list[record.Line] = []
        for kernel in sorted(chosen, key=lambda kernel: whole(kernel, dataset, expected)):
            for line in case(kernel, dataset, threads, expected, end - time.monotonic()):
                lines.append(line)
                yield line
        expected = rates(chosen, dataset, lines)
        yield from means(dataset, lines)


def _names(given: str, known: Iterable[str]) -> list[str]:
    names = given.split(",") if given else list(known)
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"no {', '.join(unknown)}; there are {', '.join(known)}")
    return names


def whole(kernel: Kernel, dataset: str, expected: Expected) -> float:
    """Seconds that all candidates of a case will take; 0 where nothing is known."""
    work = kernel.work(*kernel.extents(dataset).values())
    return sum(rate * work for (name, _), rate in expected.items() if name == kernel.name)


def case(
    kernel: Kernel, dataset: str, threads: int, expected: Expected, left: float
) -> Iterator[record.Line]:
    """One kernel at one size in a process of its own, stopped at the limit."""
    name = f"{kernel.name} {dataset}"
    if left <= 0:
        yield record.missing("polybench", name, "all", "not run: the time was up")
        return
    work = kernel.work(*kernel.extents(dataset).values())
    seconds = {who: rate * work for (each, who), rate in expected.items() if each == kernel.name}
    running = "the first candidate"
    prepare(kernel)
    once: dict[object, record.Line] = {}
    try:
        for message in apart.run(partial(rows, kernel, dataset, threads, seconds), LIMIT):
            if isinstance(message, str):
                running = message
            elif message.get("rounds") == 1:
                once[message["who"]] = message
            else:
                once.pop(message["who"], None)
                yield message
    except apart.Stopped as stopped:
        once[running] = once.get(running) or record.missing("polybench", name, running, str(stopped))
    yield from once.values()


def prepare(kernel: Kernel) -> None:
    """Has the peers compile, once, before processes branch off."""
    if peers.find("numba") is not None:
        compilers.by_numba(kernel)
    if compilers.gcc() is not None:
        compilers.in_c(kernel)


def rows(
    kernel: Kernel, dataset: str, threads: int, expected: dict[str, float]
) -> Iterator[record.Line | str]:
    """One kernel at one size: who runs now; a row of one round for its first call; the rows of those that ran again."""
    name = f"{kernel.name} {dataset}"
    sizes = tuple(kernel.extents(dataset).values())
    given = kernel.fill(*sizes)
    calls: dict[str, Call] = {}
    first: dict[str, float] = {}
    right: dict[str, bool] = {}
    wanted: tuple[np.ndarray, ...] | None = None

    def row(who: str, seconds: list[float]) -> record.Line:
        return record.row(
            "polybench", name, who, seconds=seconds, work=kernel.work(*sizes), unit="FLOP", threads=threads,
            peer=who not in OWN, right=right[who],
        )  # fmt: skip

    for who, make in candidates(kernel, dataset, given).items():
        if isinstance(make, str):
            yield record.missing("polybench", name, who, make)
        elif expected.get(who, 0) > LONGEST:
            note = f"not run: {expected[who]:.0f} s a call expected, at most {LONGEST:g}"
            yield record.missing("polybench", name, who, note)
        else:
            yield who
            calls[who] = make()
            first[who], found = _once(calls[who])
            wanted = found if wanted is None else wanted
            right[who] = all(map(partial(compilers.close, kernel), found, wanted))
            yield row(who, [first[who]])
    short = {who: call for who, call in calls.items() if first[who] < LONG}
    for who, seconds in timed(short, first).items():
        yield row(who, seconds)


def candidates(kernel: Kernel, dataset: str, given: Arrays) -> dict[str, Callable[[], Call] | str]:
    """Who computes the kernel -> what makes a call ready, or why it is not there."""
    found: dict[str, Callable[[], Call] | str] = {}
    if (gcc := compilers.gcc()) is None:
        found["gcc"] = compilers.NO_GCC
    else:
        found[gcc] = lambda: in_place(kernel, compilers.in_c(kernel), dataset, given)
    if peers.find("numba") is None:
        found["Numba"] = peers.EXTRA
    else:
        found[peers.version("numba")] = lambda: in_place(kernel, compilers.by_numba(kernel), dataset, given)
    found[OWN[0]] = lambda: built(kernel, kernel.schedule(), dataset, given)
    if (hand := kernel.hand) is not None:
        found[OWN[1]] = lambda: built(kernel, hand(kernel.schedule()), dataset, given)
    return found


def in_place(
    kernel: Kernel, run: Callable[[tuple[int, ...], Arrays], None], dataset: str, given: Arrays
) -> Call:
    """A call of loops that work in place, on what they change copied anew; a small run compiles and says what that is."""
    small = tuple(kernel.extents("MINI").values())
    before = kernel.fill(*small)
    after = {name: array.copy() for name, array in before.items()}
    run(small, after)
    changed = [name for name in kernel.inputs if not np.array_equal(after[name], before[name])]
    sizes = tuple(kernel.extents(dataset).values())
    arrays = {name: array.copy() for name, array in given.items()}

    def call() -> tuple[np.ndarray, ...]:
        for name in changed:
            np.copyto(arrays[name], given[name])
        run(sizes, arrays)
        return tuple(arrays[name] for name in kernel.outputs)

    return call


def built(kernel: Kernel, schedule: td.Schedule, dataset: str, given: Arrays) -> Call:
    """A call of the kernel by tdsl into arrays made before."""
    function = td.build(schedule)
    keywords: dict[str, object] = {}
    if kernel.steps is not None:
        keywords[kernel.steps] = kernel.extents(dataset)[kernel.steps]
    arguments = tuple(given[name] for name in kernel.inputs)
    out = tuple(np.ones_like(given[name]) for name in kernel.outputs)
    keywords["out"] = out if len(out) > 1 else out[0]

    def call() -> tuple[np.ndarray, ...]:
        function(*arguments, **keywords)
        return out

    return call


def timed(calls: dict[str, Call], first: dict[str, float]) -> dict[str, list[float]]:
    """Seconds of the calls of each candidate, in turn: three rounds or more."""
    taken: dict[str, list[float]] = {who: [] for who in calls}
    for turn in range(9):
        for who, call in calls.items():
            if turn < max(3, SHARE / max(first[who], 1e-3)):
                taken[who].append(seconds_a_call(call, max(1, int(0.02 / max(first[who], 1e-6)))))
    return taken


def _once(call: Call) -> tuple[float, tuple[np.ndarray, ...]]:
    start = time.perf_counter()
    found = call()
    return time.perf_counter() - start, tuple(array.copy() for array in found)


def rates(kernels: list[Kernel], dataset: str, lines: list[record.Line]) -> Expected:
    """Seconds an operation of what was measured."""
    work = {kernel.name: kernel.work(*kernel.extents(dataset).values()) for kernel in kernels}
    return {
        (name, str(line["who"])): float(str(line["median_s"])) / work[name]
        for line in lines
        if "median_s" in line and (name := str(line["case"]).partition(" ")[0])
    }


def means(dataset: str, lines: list[record.Line]) -> Iterator[record.Line]:
    """Geometric means of a peer's time over ours: as declared, and by the better of both schedules."""
    medians: dict[str, dict[str, float]] = {}
    for line in lines:
        if "median_s" in line:
            medians.setdefault(str(line["case"]), {})[str(line["who"])] = float(str(line["median_s"]))
    for peer in dict.fromkeys(who for each in medians.values() for who in each if who not in OWN):
        for who, ours in (("tdsl as declared", OWN[:1]), ("tdsl, the better", OWN)):
            ratios = [
                each[peer] / min(each[name] for name in ours if name in each)
                for each in medians.values()
                if peer in each and any(name in each for name in ours)
            ]
            if ratios:
                mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
                note = f"{mean:.2f} of the speed of {peer}, geometric mean of {len(ratios)}"
                yield record.row("polybench", f"all {dataset}", who, ratio=mean, note=note)
