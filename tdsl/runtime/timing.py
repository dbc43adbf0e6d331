"""Times calls: callables in, frozen `Timing` values in seconds out; several callables are interleaved.

A sample is a batch of calls long enough for the clock; the result is the median over samples with the spread beside it.
Machines drift over seconds (clock speed, neighbours), so callables that are to be compared take turns, and who goes
first changes with every round. Garbage collection is off while a batch runs. Counterpart: timeit, which reports the
minimum only.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from itertools import repeat
from time import perf_counter

from tdsl.errors import ArgumentError
from tdsl.location import here
from tdsl.records import dataclass

_MAXIMUM_CALLS = 10_000_000


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one call takes.

    Args:
        median_s: median over the samples, in seconds a call.
        best_s: the fastest sample.
        spread: distance of the quartiles, as a fraction of the median; 0 for fewer than two samples.
        repeats: number of samples.
        calls: calls in each sample.
        samples_s: the samples in order of time.
    """

    median_s: float
    best_s: float
    spread: float
    repeats: int
    calls: int
    samples_s: tuple[float, ...]

    @staticmethod
    def from_samples(samples_s: tuple[float, ...], calls: int = 1) -> Timing:
        """The value of samples in seconds a call; at least one."""
        import statistics  # ten milliseconds that a kernel that is only called need not spend

        median = statistics.median(samples_s)
        spread = 0.0
        if len(samples_s) > 1 and median > 0:
            quartiles = statistics.quantiles(samples_s, n=4, method="inclusive")
            spread = (quartiles[2] - quartiles[0]) / median
        return Timing(median, min(samples_s), spread, len(samples_s), calls, samples_s)

    def __str__(self) -> str:
        """``"1.25 ms ± 2 % (9 × 16 calls, best 1.23 ms)"``."""
        half = 100 * self.spread / 2
        head = f"{seconds_text(self.median_s)} ± {half:.2g} %"
        return f"{head} ({self.repeats} × {self.calls} calls, best {seconds_text(self.best_s)})"


def measure(
    call: Callable[[], object], *, repeats: int = 9, sample_s: float = 0.02, budget_s: float = 2.0
) -> Timing:
    """Time one callable.

    Args:
        call: called without arguments; what it returns is dropped.
        repeats: samples wanted.
        sample_s: length of a sample, in seconds; longer calls make samples of one call.
        budget_s: no new sample starts after that many seconds; there is always one.

    Errors: C117 repeats below 1, negative times.
    """
    return measure_interleaved({"": call}, repeats=repeats, sample_s=sample_s, budget_s=budget_s)[""]


def measure_interleaved(
    calls: Mapping[str, Callable[[], object]],
    *,
    repeats: int = 9,
    sample_s: float = 0.02,
    budget_s: float = 10.0,
) -> dict[str, Timing]:
    """Time several callables in turns, by name; arguments as for `measure`, the budget is for all together.

    Errors: C117 repeats below 1, negative times.
    """
    _check(repeats, sample_s, budget_s)
    end = perf_counter() + budget_s
    with _no_collection():
        batches = {name: _batch_size(call, sample_s) for name, call in calls.items()}
        samples: dict[str, list[float]] = {name: [] for name in calls}
        names = list(calls)
        for turn in range(repeats):
            if turn > 0 and perf_counter() > end:
                break
            first = turn % max(1, len(names))
            for name in names[first:] + names[:first]:
                samples[name].append(_sample(calls[name], batches[name]))
    return {name: Timing.from_samples(tuple(samples[name]), batches[name]) for name in names}


def seconds_text(seconds: float) -> str:
    """Three digits and the fitting unit: ``"1.25 ms"``."""
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _batch_size(call: Callable[[], object], sample_s: float) -> int:
    """How many calls make a sample; tries 1, 2, … calls, which also warms caches and threads up."""
    _sample(call, 1)
    count = 1
    while count < _MAXIMUM_CALLS:
        spent = _sample(call, count) * count
        if spent >= 0.9 * sample_s:
            break
        # No more than tenfold at a time: the first batches are slower than what follows.
        wanted = count * sample_s / max(spent, 1e-9)
        count = min(10 * count, max(count + 1, int(wanted)), _MAXIMUM_CALLS)
    return count


def _sample(call: Callable[[], object], count: int) -> float:
    start = perf_counter()
    for _ in repeat(None, count):
        call()
    return (perf_counter() - start) / count


@contextmanager
def _no_collection() -> Generator[None, None, None]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _check(repeats: int, sample_s: float, budget_s: float) -> None:
    for name, value, least in (("repeats", repeats, 1), ("sample_s", sample_s, 0), ("budget_s", budget_s, 0)):
        if not value >= least:
            raise ArgumentError("C117", f"{name} is at least {least}, not {value}", where=here())
