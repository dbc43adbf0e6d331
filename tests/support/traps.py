"""Requests that peers answer by the shape of the program, each with its truth by enumeration, for the table of legality.

In: nothing. Out: `ROWS`, updates of one array in a stated order with one directive asked of them; `truth` runs the
orders that the directive allows in plain Python. tdsl, Halide and TVM are asked in `traps_tdsl halide tvm.py`.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

Point = dict[str, int]
Answer = Literal["accepted", "refused", "not decided", "accepted, wrong result", "no such directive"]

N = 12
"""Rows of the arrays."""


@dataclass(frozen=True, slots=True)
class Row:
    """One request. loops: (name, first, end) as text, outermost first; at, value: subscripts and element, as text.

    request: ("parallel", loop), ("vectorize", loop), ("reorder", loops…), ("tile", loops…) or ("wavefront", loops…).
    """

    name: str
    shape: tuple[int, ...]
    loops: tuple[tuple[str, str, str], ...]
    at: str
    value: str
    request: tuple[str, ...]
    legal: bool
    halide: Answer
    tvm: Answer

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _, _ in self.loops)

    @property
    def constants(self) -> dict[str, int]:
        return {"n": N}

    def points(self) -> list[Point]:
        """The iterations in the declared order."""
        found: list[Point] = [{}]
        for name, first, end in self.loops:
            found = [
                {**point, name: value}
                for point in found
                for value in range(*(eval(bound, {}, {**self.constants, **point}) for bound in (first, end)))
            ]
        return found

    def run(self, array: np.ndarray, steps: list[list[Point]]) -> np.ndarray:
        """The array after steps, each of which reads for all its points before it writes any."""
        array = array.copy()
        with np.errstate(over="ignore"):
            for step in steps:
                stores = []
                for point in step:
                    names = {**self.constants, **point}
                    stores.append(
                        (eval(f"({self.at},)", {}, names), eval(self.value, {}, {**names, "A": array}))
                    )
                for index, value in stores:
                    array[index] = value
        return array

    def expected(self, array: np.ndarray) -> np.ndarray:
        """What the declaration says."""
        return self.run(array, [[point] for point in self.points()])

    def input(self) -> np.ndarray:
        return np.random.default_rng(len(self.name)).integers(1, 9, self.shape)


def orders(row: Row) -> Iterator[list[list[Point]]]:
    """Orders that the directive allows, with those that are likeliest to go wrong."""
    points, (kind, *loops) = row.points(), row.request
    places = [row.names.index(loop) for loop in loops]

    def key(point: Point, *, coarse: int = 1) -> tuple[int, ...]:
        return tuple(point[name] // coarse if name in loops else point[name] for name in row.names)

    if kind == "reorder":
        moved = [name for name in row.names if name not in loops]
        assert not moved, "all loops are named"
        yield [[point] for point in sorted(points, key=lambda point: [point[name] for name in loops])]
    elif kind == "tile":
        yield [[point] for point in sorted(points, key=lambda point: (key(point, coarse=8), key(point)))]
    elif kind == "vectorize":
        groups = itertools.groupby(
            points,
            lambda point: (key(point, coarse=4), [point[name] for name in row.names if name not in loops]),
        )
        yield [list(step) for _, step in groups]
    elif kind == "wavefront":
        waves = sorted(points, key=lambda point: sum(point[name] for name in loops))
        for seed in range(4):
            steps: list[list[Point]] = []
            for _, wave in itertools.groupby(waves, lambda point: sum(point[name] for name in loops)):
                together = list(wave)
                random.Random(seed).shuffle(together)
                steps += [[point] for point in together]
            yield steps
    else:
        yield from _parallel(row, points, places[0])


def _parallel(row: Row, points: list[Point], place: int) -> Iterator[list[list[Point]]]:
    """The iterations of one loop backwards, shuffled, and all at once."""

    def around(point: Point) -> tuple[int, ...]:
        return tuple(point[name] for name in row.names[:place])

    loop = row.names[place]
    for seed in range(5):
        steps: list[list[Point]] = []
        for _, inside in itertools.groupby(points, around):
            tasks = [list(task) for _, task in itertools.groupby(inside, lambda point: point[loop])]
            tasks = tasks[::-1] if seed == 0 else random.Random(seed).sample(tasks, len(tasks))
            if seed == 4:
                longest = max(map(len, tasks))
                steps += [[task[turn] for task in tasks if turn < len(task)] for turn in range(longest)]
            else:
                steps += [[point] for task in tasks for point in task]
        yield steps


def truth(row: Row) -> bool:
    """Whether no order that the directive allows changes anything."""
    array = row.input()
    expected = row.expected(array)
    return all(np.array_equal(row.run(array, steps), expected) for steps in orders(row))


def _line(count: str) -> tuple[tuple[str, str, str], ...]:
    return (("r", "0", count),)


_PLANE = (("y", "1", "n"), ("x", "1", "n"))
_INNER = (("y", "1", "n - 1"), ("x", "1", "n - 1"))

ROWS: tuple[Row, ...] = (
    Row(
        "even from odd",
        (100,),
        _line("50"),
        "2 * r",
        "A[2 * r + 1]",
        ("parallel", "r"),
        True,
        "accepted",
        "refused",
    ),
    Row(
        "half from half",
        (100,),
        _line("50"),
        "r",
        "A[r + 50]",
        ("parallel", "r"),
        True,
        "accepted",
        "refused",
    ),
    Row("mirror", (100,), _line("50"), "r", "A[99 - r]", ("parallel", "r"), True, "accepted", "refused"),
    Row(
        "along rows, rows at once",
        (N, N),
        _PLANE,
        "y, x",
        "A[y, x - 1] + 1",
        ("parallel", "y"),
        True,
        "accepted",
        "refused",
    ),
    Row(
        "along rows, loops exchanged",
        (N, N),
        _PLANE,
        "y, x",
        "A[y, x - 1] + 1",
        ("reorder", "x", "y"),
        True,
        "accepted",
        "accepted",
    ),
    Row(
        "triangle copied",
        (N, N),
        (("y", "0", "n"), ("x", "y + 1", "n")),
        "y, x",
        "A[x, y]",
        ("parallel", "y"),
        True,
        "refused",
        "refused",
    ),
    Row(
        "LU, trailing update",
        (N, N),
        (("k", "0", "n"), ("i", "k + 1", "n"), ("j", "k + 1", "n")),
        "i, j",
        "A[i, j] - A[i, k] * A[k, j]",
        ("parallel", "i"),
        True,
        "refused",
        "refused",
    ),
    Row(
        "linearised, width 8",
        (64,),
        (("y", "0", "8"), ("x", "0", "8")),
        "x + 8 * y",
        "A[x + 8 * y] + 1",
        ("parallel", "y"),
        True,
        "refused",
        "refused",
    ),
    Row(
        "linearised, width n",
        (8 * N,),
        (("y", "0", "8"), ("x", "0", "n")),
        "x + n * y",
        "A[x + n * y] + 1",
        ("parallel", "y"),
        True,
        "refused",
        "refused",
    ),
    Row(
        "diagonal, loops exchanged",
        (N, N),
        _PLANE,
        "y, x",
        "A[y - 1, x - 1] + 1",
        ("reorder", "x", "y"),
        True,
        "refused",
        "accepted",
    ),
    Row(
        "two neighbours, loops exchanged",
        (N, N),
        _PLANE,
        "y, x",
        "A[y, x - 1] + A[y - 1, x]",
        ("reorder", "x", "y"),
        True,
        "refused",
        "accepted",
    ),
    Row(
        "two neighbours, tiles",
        (N, N),
        _PLANE,
        "y, x",
        "A[y, x - 1] + A[y - 1, x]",
        ("tile", "y", "x"),
        True,
        "refused",
        "accepted",
    ),
    Row("pull, lanes", (51,), _line("50"), "r", "A[r + 1]", ("vectorize", "r"), True, "refused", "refused"),
    Row(
        "Gauss-Seidel, wavefront",
        (N, N),
        _INNER,
        "y, x",
        "A[y - 1, x] + A[y + 1, x] + A[y, x - 1] + A[y, x + 1]",
        ("wavefront", "y", "x"),
        True,
        "no such directive",
        "no such directive",
    ),
    Row(
        "Gauss-Seidel, rows at once",
        (N, N),
        _INNER,
        "y, x",
        "A[y - 1, x] + A[y + 1, x] + A[y, x - 1] + A[y, x + 1]",
        ("parallel", "y"),
        False,
        "refused",
        "refused",
    ),
    Row(
        "anti-diagonal, loops exchanged",
        (N, N),
        _INNER,
        "y, x",
        "A[y - 1, x + 1] + 1",
        ("reorder", "x", "y"),
        False,
        "refused",
        "accepted, wrong result",
    ),
    Row(
        "all pairs, k inside",
        (N, N),
        (("k", "0", "n"), ("i", "0", "n"), ("j", "0", "n")),
        "i, j",
        "A[i, j] + A[i, k] * A[k, j]",
        ("reorder", "i", "j", "k"),
        False,
        "refused",
        "accepted, wrong result",
    ),
    Row(
        "halves added up",
        (50,),
        _line("50"),
        "r // 2",
        "A[r // 2] + r",
        ("parallel", "r"),
        False,
        "refused",
        "refused",
    ),
    Row(
        "running sum", (51,), _line("50"), "r + 1", "A[r] + 1", ("parallel", "r"), False, "refused", "refused"
    ),
    Row("push, lanes", (51,), _line("50"), "r + 1", "A[r]", ("vectorize", "r"), False, "refused", "refused"),
)
"""What the peers answer was measured (docs/legality.md names the versions); tests ask again where they are installed."""
