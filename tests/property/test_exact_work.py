"""Exact regions and reuse: how often each element is computed, counted by the interpreter of the loops.

Halide computes 29 elements of a producer for 8 elements that read every fourth one, and fills 225 for a diagonal read
in an 8 x 8 tile; with storage further out than computation no element is made twice while its buffer lives.
"""

import random
from collections import Counter
from itertools import product

import numpy as np
import pytest

import tdsl as td
from tdsl.lower.interpret_buffer import Buffer


class Work:
    """Stores of the buffers of a run: how many in all, and the most of one place while a buffer lived."""

    def __init__(self) -> None:
        self.stores: Counter[str] = Counter()
        self.places: dict[tuple[str, int], Counter[tuple[int, ...]]] = {}
        self.kept: list[object] = []

    def note(self, buffer: Buffer, index: tuple[int, ...]) -> None:
        self.stores[buffer.name] += 1
        life = self.places.setdefault((buffer.name, id(buffer.data)), Counter())
        if not life:
            self.kept.append(buffer.data)  # while it is kept, no other has its id
        life[tuple(map(int, index))] += 1

    def most(self, name: str) -> int:
        """How often the element of a tensor that was computed most often was, during one life of its buffer."""
        return max(
            (max(life.values()) for (owner, _), life in self.places.items() if owner == name), default=0
        )


@pytest.fixture
def counted(monkeypatch):
    """Runs a schedule in the interpreter; gives the result and the work."""

    def run(schedule, *arrays, **sizes):
        work, plain = Work(), Buffer.store

        def store(self, index, *rest):
            work.note(self, index)
            plain(self, index, *rest)

        with monkeypatch.context() as patch:
            patch.setattr(Buffer, "store", store)
            return td.build(schedule, target="interpret")(*arrays, **sizes), work

    return run


def test_every_fourth_element(counted):
    n = td.size("n", min=1)
    x = td.placeholder("x", (4 * n,))
    p = td.compute("p", (4 * n,), lambda i: x[i] * 2)
    c = td.compute("c", (n,), lambda i: p[4 * i] + 1)
    s = td.schedule(c).split(c, "i", 8).compute_at(p, c, "io")
    for tiles in (1, 3):
        v = np.arange(32 * tiles, dtype=np.float32)
        result, work = counted(s, v)
        assert np.array_equal(result, v[::4] * 2 + 1)
        assert work.stores["p"] == 8 * tiles


def test_a_diagonal_read(counted):
    n = td.size("n", min=1)
    x = td.placeholder("x", (2 * n, 2 * n))
    p = td.compute("p", (2 * n, 2 * n), lambda i, j: x[i, j] * 2)
    c = td.compute("c", (n, n), lambda i, j: p[i + j, i - j + n] + 1)
    s = td.schedule(c).tile(c, {"i": 8, "j": 8}).compute_at(p, c, "jo")
    for size in (8, 16):
        v = np.random.default_rng(0).standard_normal((2 * size, 2 * size), dtype=np.float32)
        result, work = counted(s, v)
        i, j = np.indices((size, size))
        assert np.array_equal(result, v[i + j, i - j + size] * 2 + 1)
        assert work.stores["p"] == 64 * (size // 8) ** 2


def test_a_cross_of_five_points(counted):
    """Of a tile, the points that its cross-shaped reads touch, corners left out."""
    n = td.size("n", min=1)
    x = td.placeholder("x", (n + 2, n + 2))
    p = td.compute("p", (n + 2, n + 2), lambda i, j: x[i, j] * 2)
    c = td.compute("c", (n, n), lambda i, j: p[i, j + 1] + p[i + 1, j] + p[i + 1, j + 2] + p[i + 2, j + 1])
    s = td.schedule(c).tile(c, {"i": 4, "j": 4}).compute_at(p, c, "jo")
    _, work = counted(s, np.ones((10, 10), np.float32))
    assert work.stores["p"] == 4 * (6 * 6 - 4)


# chains

LOOPS = ("io", "jo", "ii", "ji")


def chain(steps):
    """Stages s0, s1, … that each read the one before at (0, 0) and at the next of `steps`; the last one tiled."""
    n = td.size("n", min=1)
    reach = [sum(step[axis] for step in steps) for axis in range(2)]
    shape = [n + reach[0], n + reach[1]]
    before = td.placeholder("x", tuple(shape))
    stages = []
    for place, step in enumerate(steps):
        shape = [shape[0] - step[0], shape[1] - step[1]]
        before = td.compute(
            f"s{place}", tuple(shape), lambda i, j, p=before, d=step: p[i, j] * 0.5 + p[i + d[0], j + d[1]]
        )
        stages.append(before)
    return stages, td.schedule(before).tile(before, {"i": 2, "j": 3})


def by_numpy(x, steps):
    for rows, columns in steps:
        height, width = x.shape[0] - rows, x.shape[1] - columns
        x = x[:height, :width] * np.float32(0.5) + x[rows : rows + height, columns : columns + width]
    return x


def placed(s, stage, out, store, compute):
    """A stage stored in one loop (or at root) and computed in another."""
    if store == "root":
        s = s.store_root(stage)
    elif store is not None and store != compute:
        s = s.store_at(stage, out, store)
    return s if compute == "root" else s.compute_at(stage, out, compute)


PAIRS = [("root", "root"), *(("root", loop) for loop in LOOPS)]
PAIRS += [(LOOPS[a], LOOPS[b]) for a in range(4) for b in range(a, 4)]


@pytest.mark.parametrize(("store", "compute"), PAIRS)
def test_each_element_once_while_its_buffer_lives(counted, store, compute):
    """One producer and two: at every pair of loops no element is made twice in one life of its buffer."""
    x = np.random.default_rng(1).standard_normal((9, 9), dtype=np.float32)
    for steps in ([(1, 1), (2, 1)], [(1, 0), (1, 2), (1, 1)]):
        stages, s = chain(steps)
        for stage in reversed(stages[:-1]):
            s = placed(s, stage, stages[-1], store, compute)
        given = x[: 5 + sum(a for a, _ in steps), : 5 + sum(b for _, b in steps)]
        result, work = counted(s, given)
        np.testing.assert_array_equal(result, by_numpy(given, steps))
        for stage in stages[:-1]:
            assert work.most(stage.name) == 1
            if store == "root":
                rows, columns = (
                    5 + sum(step[axis] for step in steps[int(stage.name[1]) + 1 :]) for axis in range(2)
                )
                assert work.stores[stage.name] <= rows * columns


# Halide's issue 8140: five stages, stored at root and computed in the loops of the last one, gave wrong rows

PLACES = (("root", "root"), ("root", "io"), ("root", "ii"), ("io", "io"), ("io", "ii"), ("ii", "ii"))


def five(combination, counted):
    """Whether the combination is legal; then the result is right and nothing is made twice."""
    steps = [(1, 0), (2, 0), (1, 1), (2, 0), (1, 0)]
    stages, s = chain(steps)
    try:
        for stage, (store, compute) in zip(reversed(stages[:-1]), combination, strict=True):
            s = placed(s, stage, stages[-1], store, compute)
    except (td.PlacementError, td.IllegalSchedule):
        return False
    x = np.random.default_rng(2).standard_normal((12, 6), dtype=np.float32)
    result, work = counted(s, x)
    np.testing.assert_array_equal(result, by_numpy(x, steps))
    assert all(work.most(stage.name) == 1 for stage in stages[:-1])
    return True


def test_five_stages_in_some_combinations(counted):
    """All that agree, and a sample of the others; those that put a producer inside its reader's reader are refused."""
    assert all(five((pair,) * 4, counted) for pair in PLACES)
    every = list(product(PLACES, repeat=4))
    legal = sum(five(combination, counted) for combination in random.Random(8140).sample(every, 40))
    assert legal >= 8


@pytest.mark.slow
def test_five_stages_in_every_combination(counted):
    places = (("root", "root"), ("root", "ii"), ("io", "ii"))
    assert sum(five(combination, counted) for combination in product(places, repeat=4)) >= 15
