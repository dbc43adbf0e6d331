"""Interleaved rounds: callables by name in, seconds a call by name and round out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping


def interleaved(
    candidates: Mapping[str, Callable[[], object]], rounds: int = 9, seconds: float = 0.05
) -> dict[str, list[float]]:
    """Runs the candidates in turn, so that each meets the same moods of the machine; odd rounds run backwards.

    Args:
        candidates: what to call; each runs twice before the first round.
        rounds: entries a candidate.
        seconds: a candidate is repeated inside a round for about this long; the entry is the mean of a call.
    """
    repeats = {name: _repeats(call, seconds) for name, call in candidates.items()}
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(rounds):
        for name in list(candidates) if turn % 2 == 0 else reversed(list(candidates)):
            taken[name].append(seconds_a_call(candidates[name], repeats[name]))
    return taken


def _repeats(call: Callable[[], object], seconds: float) -> int:
    call()
    return max(1, int(seconds / max(seconds_a_call(call, 1), 1e-7)))


def seconds_a_call(call: Callable[[], object], repeats: int) -> float:
    """Mean of `repeats` calls."""
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats
