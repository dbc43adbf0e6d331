"""A failing case made small: as long as a smaller one fails in the same way, it takes the case's place.

In: a case, what is one step smaller than a case, whether a case still fails, a budget. Out: the smallest case found.
`fewer` and `plainer` are the steps for directives in text; what else a case has, its owner knows.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Case = TypeVar("Case")


def shrink(
    case: Case,
    smaller: Callable[[Case], Iterable[Case]],
    fails: Callable[[Case], bool],
    trials: int,
    until: float | None = None,
) -> Case:
    """The smallest case found. until: a time of `time.monotonic` at which to stop."""
    left, found = trials, True
    while found:
        found = False
        for candidate in smaller(case):
            if left <= 0 or (until is not None and time.monotonic() > until):
                return case
            left -= 1
            if fails(candidate):
                case, found = candidate, True
                break
    return case


def fewer(steps: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The steps without half, a quarter, one of them; the last ones first."""
    for size in dict.fromkeys((len(steps) // 2, len(steps) // 4, 1)):
        if size < 1:
            continue
        for start in range(len(steps) - size, -1, -size):
            yield (*steps[:start], *steps[start + size :])


def plainer(steps: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The steps with one of them plainer: fewer or smaller arguments."""
    for place, step in enumerate(steps):
        for other in _plainer(step):
            yield (*steps[:place], other, *steps[place + 1 :])


def _plainer(step: str) -> Iterator[str]:
    without_tail = re.sub(r', tail="\w+"', "", step)
    if without_tail != step:
        yield without_tail
    for found in re.finditer(r"\btd\.knob\([^)]*default=(\d+)\)", step):
        yield step[: found.start()] + found[1] + step[found.end() :]
    for found in re.finditer(r"(?<![\w\"])(\d+)(?![\w\"])", step):
        for less in (2, 4):
            if less < int(found[1]):
                yield step[: found.start()] + str(less) + step[found.end() :]
    for found in re.finditer(r'scope="(stack|register)"', step):
        yield step[: found.start()] + 'scope="heap"' + step[found.end() :]
