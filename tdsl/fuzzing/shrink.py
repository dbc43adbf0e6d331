"""A failing case made small: as long as a smaller one fails in the same way, it takes the case's place.

In: a case, what is one step smaller than a case, whether a case still fails, a budget. Out: the smallest case found.
`fewer`, `undone` and `plainer` are the steps for directives in text; what else a case has, its owner knows.
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


def undone(steps: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The steps without one of them, where later ones name what it made: they name what that was made from instead."""
    for place in range(len(steps) - 1, -1, -1):
        names = _made(steps[place])
        later = tuple(_renamed(step, names) for step in steps[place + 1 :])
        if names and later != steps[place + 1 :]:
            yield (*steps[:place], *later)


def _made(step: str) -> dict[str, tuple[str, ...]]:
    """What a directive made, each with what stands for it where there is no such directive."""
    given = re.findall(r'"(\w+)"', re.sub(r"\b(into|name|scope|tail)=.*", "", step))
    into = (
        re.findall(r'"(\w+)"', found[1]) if (found := re.search(r"\binto=(\([^)]*\)|\"\w+\")", step)) else []
    )
    name = re.search(r'\bname="(\w+)"', step)
    kind = step[1 : step.index("(")]
    if name is not None and given and kind in ("cache_read", "cache_write", "rfactor", "clone"):
        return {name[1]: (given[0],)}
    if len(given) < 2:
        return {}
    _, axis, *others = given
    match kind:
        case "split":
            return dict.fromkeys(into or (f"{axis}o", f"{axis}i"), (axis,))
        case "tile":
            return {f"{one}{part}": (one,) for one in (axis, *others) for part in "oi"}
        case "fuse":
            return {into[0] if into else "_".join((axis, *others)): (axis, *others)}
        case "skew" | "shift" | "reverse":
            return dict.fromkeys(into, (axis,))
        case _:
            return {}


def _renamed(step: str, names: dict[str, tuple[str, ...]]) -> str:
    """A step in other names; of names that have become one the first stays."""
    text = re.sub(
        r'"(\w+)"', lambda found: ", ".join(f'"{one}"' for one in names.get(found[1], (found[1],))), step
    )
    if text == step:
        return step
    head, _, rest = text.partition('", ')
    seen: set[str] = set()

    def once(found: re.Match[str]) -> str:
        again = found[1] in seen
        seen.add(found[1])
        return "" if again else found[0]

    single = re.sub(r', "(\w+)"(?!:)', once, f", {rest}")
    return f'{head}"{single}' if rest else text


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
    if step.startswith(".tile("):
        for found in re.finditer(r', "\w+": \w+|"\w+": \w+, ', step):
            yield step[: found.start()] + step[found.end() :]
    if ", factor=" in step:
        yield re.sub(r", factor=-?\d+", "", step)
    for found in re.finditer(r'scope="(stack|register)"', step):
        yield step[: found.start()] + 'scope="heap"' + step[found.end() :]
