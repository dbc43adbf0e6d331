"""A pipeline of five stages that read one another at halved and doubled places, after Halide's issue 8140.

In: an image. Out: its last stage by plain Python, by tdsl and by Halide, everything before it stored at root and computed
in the rows of the last. Each stage adds four elements of earlier ones at (num * x + shift) // den.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

import tdsl as td

Place = tuple[int, int, int]
"""num, shift, den."""
Tap = tuple[int, Place, Place]
"""The stage that is read (0: the image, edges repeated), where in x, where in y."""


def _half(shift: int) -> Place:
    return 1, 2 * shift, 2


def _twice(shift: int) -> Place:
    return 2, shift, 1


def _same(shift: int) -> Place:
    return 1, shift, 1


STAGES: tuple[tuple[Tap, ...], ...] = (
    ((0, _half(2), _half(1)), (0, _half(0), _half(2)), (0, _twice(0), _twice(0)), (0, _twice(-1), _twice(0))),
    ((0, _same(1), _same(2)), (0, _same(1), _same(1)), (1, _half(-2), _half(-1)), (1, _half(0), _half(-2))),
    ((1, _same(-1), _same(2)), (1, _same(1), _same(-1)), (1, _half(0), _half(0)), (1, _half(-1), _half(-2))),
    ((3, _twice(1), _twice(0)), (3, _twice(-2), _twice(2)), (2, _half(0), _half(0)), (2, _half(1), _half(1))),
)
SIDE = 64


def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)


def _at(place: Place, value: Any) -> Any:
    num, shift, den = place
    return (num * value + shift) // den


def _ranges() -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """What of each stage is read, in x and in y, first and last."""
    count = len(STAGES)
    needed: list[Any] = [None] * (count + 1)
    needed[count] = ((0, SIDE - 1), (0, SIDE - 1))
    for number in range(count, 0, -1):
        for source, *places in STAGES[number - 1]:
            spans = [tuple(_at(place, end) for end in span) for place, span in zip(places, needed[number])]
            old = needed[source]
            needed[source] = tuple(
                (min(one[0], span[0]), max(one[1], span[1])) for one, span in zip(old or spans, spans)
            )
    return needed


def by_python(values: np.ndarray) -> np.ndarray:
    """Every stage whole."""
    made: list[Any] = [None]
    spans = _ranges()
    for number, taps in enumerate(STAGES, start=1):
        xs, ys = (np.arange(first, last + 1) for first, last in spans[number])
        total = np.zeros((len(ys), len(xs)), np.uint8)
        for source, in_x, in_y in taps:
            x, y = _at(in_x, xs), _at(in_y, ys)
            if source == 0:
                total += values[np.ix_(np.clip(y, 0, SIDE - 1), np.clip(x, 0, SIDE - 1))]
            else:
                (left, _), (top, _) = spans[source]
                total += made[source][np.ix_(y - top, x - left)]
        made.append(total)
    return made[-1]


def by_tdsl(values: np.ndarray) -> tuple[np.ndarray, int]:
    """The last stage, and how many of the placements were legal."""
    A = td.placeholder("A", (SIDE, SIDE), "uint8")
    spans, made = _ranges(), [A]

    def element(source: int, x: Any, y: Any) -> Any:
        if source == 0:
            return A[td.clamp(y, 0, SIDE - 1), td.clamp(x, 0, SIDE - 1)]
        (left, _), (top, _) = spans[source]
        return made[source][y - top, x - left]

    for number, taps in enumerate(STAGES, start=1):
        (left, right), (top, bottom) = spans[number]

        def body(y: Any, x: Any, taps: Any = taps, left: int = left, top: int = top) -> Any:
            total: Any = None
            for source, in_x, in_y in taps:
                one = element(source, _at(in_x, x + left), _at(in_y, y + top))
                total = one if total is None else total + one
            return total

        made.append(td.compute(f"f{number}", (bottom - top + 1, right - left + 1), body))
    s, placed = td.schedule(made[-1]), 0
    for stage in reversed(made[1:-1]):
        try:
            s = s.store_root(stage).compute_at(stage, made[-1], "y")
            placed += 1
        except td.IllegalSchedule:
            pass
    return td.build(s)(values), placed


def by_halide(values: np.ndarray, *, slid: bool) -> np.ndarray:
    """The last stage."""
    hl: Any = importlib.import_module("halide")
    x, y = hl.Var("x"), hl.Var("y")
    made: list[Any] = [hl.BoundaryConditions.repeat_edge(hl.Buffer(values))]
    for number, taps in enumerate(STAGES, start=1):
        total: Any = None
        for source, in_x, in_y in taps:
            one = made[source][_at(in_x, x), _at(in_y, y)]
            total = one if total is None else total + one
        stage = hl.Func(f"f{number}")
        stage[x, y] = total
        made.append(stage)
    for stage in made[:-1]:
        if slid:
            stage.store_root().compute_at(made[-1], y)
        else:
            stage.compute_root()
    return np.asarray(made[-1].realize([SIDE, SIDE])).copy()
