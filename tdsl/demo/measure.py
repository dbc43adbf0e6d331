"""Interleaved timing of things to compare: callables by name in, median and spread in seconds by name out."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Timing(NamedTuple):
    """`median`, `fastest` and `slowest` of all rounds, seconds a call."""

    median: float
    fastest: float
    slowest: float


def interleaved(
    candidates: Mapping[str, Callable[[], object]], rounds: int = 7, seconds: float = 0.02
) -> dict[str, Timing]:
    """Times all candidates in turn, `rounds` times, so that each meets the same moods of the machine.

    Args:
        candidates: what to call; each is called once before the first round.
        rounds: rounds; every other one runs backwards.
        seconds: a candidate is repeated inside a round until about this much time has passed.
    """
    repeats = {name: _repeats(call, seconds) for name, call in candidates.items()}
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    names = list(candidates)
    for turn in range(rounds):
        for name in names if turn % 2 == 0 else reversed(names):
            taken[name].append(_seconds_a_call(candidates[name], repeats[name]))
    return {name: Timing(statistics.median(each), min(each), max(each)) for name, each in taken.items()}


def _repeats(call: Callable[[], object], seconds: float) -> int:
    call()
    once = _seconds_a_call(call, 1)
    return max(1, min(10_000, int(seconds / max(once, 1e-7))))


def _seconds_a_call(call: Callable[[], object], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats
