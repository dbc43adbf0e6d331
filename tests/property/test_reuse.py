"""What is reused and what is not, to the element: stores counted by the interpreter, against sets found by enumeration.

A stage stored in a loop makes, in each iteration of that loop, every element that is read in it, once, wherever inside it is
computed. That is said here of chains with steps, rates, mirrored and diagonal reads, of stages with two readers, of sums
and of recurrences, at every pair of loops.
"""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest

import tdsl as td
from tdsl.lower.interpret_buffer import Buffer

ROWS, COLUMNS = 5, 4
TILES = {"i": 2, "j": 3}


def clamped(value, last):
    """An index held inside 0 .. last, of an axis or of a number."""
    return min(max(value, 0), last) if isinstance(value, int) else td.clamp(value, 0, last)


ROW = (lambda i: (i,),)
THREE = (lambda i: (i,), lambda i: (i + 1,), lambda i: (i + 2,))
ENDS = (lambda i: (i,), lambda i: (i + 3,))
DOWN = (lambda i: (2 * i,), lambda i: (2 * i + 1,))
UP = (lambda i: (i // 2,), lambda i: (i // 2 + 1,))
FOURTH = (lambda i: (4 * i,),)
MIRRORED = (lambda i: (ROWS - 1 - i,), lambda i: (ROWS - i,))
EDGES = (lambda i: (clamped(i - 1, ROWS - 1),), lambda i: (i,), lambda i: (clamped(i + 1, ROWS - 1),))
SQUARE = tuple(lambda i, j, a=a, b=b: (i + a, j + b) for a in (0, 1) for b in (0, 1))
DIAGONAL = (lambda i, j: (i + j, i - j + COLUMNS), lambda i, j: (i + j + 1, i - j + COLUMNS))
TURNED = (lambda i, j: (j, i),)
HALVES = (lambda i, j: (2 * i, j // 2), lambda i, j: (2 * i + 1, j // 2 + 1))

CHAINS = {
    "five of three": (1, [(number, THREE) for number in range(4)]),
    "gaps": (1, [(0, ENDS), (1, THREE)]),
    "down": (1, [(0, THREE), (1, DOWN)]),
    "up": (1, [(0, UP), (1, THREE)]),
    "up, then down": (1, [(0, UP), (1, DOWN), (2, THREE)]),
    "every fourth": (1, [(0, THREE), (1, FOURTH)]),
    "mirrored last": (1, [(0, THREE), (1, MIRRORED)]),
    "edges": (1, [(0, EDGES), (1, EDGES)]),
    "two readers": (1, [(0, THREE), (1, THREE, 0, ENDS)]),
    "read again at the end": (1, [(0, THREE), (1, DOWN), (2, THREE, 0, ROW)]),
    "squares": (2, [(0, SQUARE), (1, SQUARE)]),
    "diagonal": (2, [(0, DIAGONAL)]),
    "turned": (2, [(0, SQUARE), (1, TURNED)]),
    "halves": (2, [(0, HALVES)]),
}
"""Rank, and of each stage after the first which stages it reads, and where."""


def sources(step):
    """(number of the stage that is read, where) of a step."""
    return tuple(zip(step[::2], step[1::2]))


def closed(elements, kind):
    """With what a recurrence along i needs of itself."""
    if kind != "recurrence":
        return elements
    return {(before, *rest) for index, *rest in elements for before in range(index + 1)}


def needed(steps, elements, kind):
    """Of every stage, what some elements of the last one need."""
    found = {len(steps): set(elements)}
    for number in range(len(steps), 0, -1):
        found[number] = closed(found.get(number, set()), kind if number < len(steps) else "")
        for source, reads in sources(steps[number - 1]):
            more = {read(*element) for element in found[number] for read in reads}
            found.setdefault(source, set()).update(more)
    found[0] = closed(found[0], kind)
    return found


def declared(rank, steps, kind):
    """Stages s0, s1, … over what is read of them; s0 reads x."""
    every = needed(steps, product(*map(range, (ROWS, COLUMNS)[:rank])), kind)
    shapes = [tuple(1 + max(each[axis] for each in every[n]) for axis in range(rank)) for n in sorted(every)]
    x = td.placeholder("x", shapes[0], "int32")
    stages = [stage("s0", shapes[0], lambda *index: x[index] * 2 + 1, kind)]
    for number, step in enumerate(steps, 1):

        def value(*index, step=step):
            terms = [stages[n][read(*index)] for n, reads in sources(step) for read in reads]
            return sum((term * (2 * place + 3) for place, term in enumerate(terms[1:])), terms[0])

        stages.append(stage(f"s{number}", shapes[number], value, kind if number < len(steps) else ""))
    return stages


def stage(name, shape, value, kind):
    axes = ("i", "j")[: len(shape)]
    if kind == "sum":
        k = td.reduce_axis("k", 2)
        body = lambda *index: td.sum(value(*index) + td.cast(k, "int32"), over=k) + 1  # noqa: E731
        return td.compute(name, shape, body, axes=axes)
    if kind == "recurrence":
        body = lambda me, *index: td.where(index[0] > 0, me[(index[0] - 1, *index[1:])], 0) + value(*index)  # noqa: E731
        return td.recurrence(name, shape, body, axes=axes)
    return td.compute(name, shape, value, axes=axes)


def scheduled(stages, store, compute):
    """All but the last stage stored in one loop and computed in another; the last one in tiles."""
    last = stages[-1]
    s = td.schedule(last).tile(last, {axis: TILES[axis] for axis in "ij"[: last.ndim]})
    for one in reversed(stages[:-1]):
        if compute != "root":
            s = s.compute_at(one, last, compute)
        if store != compute:
            s = s.store_root(one) if store == "root" else s.store_at(one, last, store)
    return s


def folded(s, stages):
    """Every stage but the last in as few rows as is legal."""
    for one in stages[:-1]:
        least = s.min_fold(one, "i")
        s = s if least is None else s.fold(one, "i", least)
    return s


def lives(loops, store, shape):
    """The elements of the last stage, by the iteration of the loops down to `store` in which they are made."""
    found = {}
    for element in product(*map(range, shape)):
        values = {}
        for axis, index in zip("ij", element):
            values[axis + "o"], values[axis + "i"] = divmod(index, TILES[axis])
        depth = 0 if store == "root" else loops.index(store) + 1
        found.setdefault(tuple(values[loop] for loop in loops[:depth]), set()).add(element)
    return list(found.values())


def counted(monkeypatch, schedule, *arrays):
    """The result in the interpreter, and how often each buffer was stored into."""
    made, plain = Counter(), Buffer.store

    def store(self, index, *rest):
        made[self.name] += 1
        plain(self, index, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Buffer, "store", store)
        return td.build(schedule, target="interpret")(*arrays), made


def check(monkeypatch, name, kind=""):
    """At every pair of loops the result is right, and every stage makes what is read while its buffer lives, once.

    So it does with the least folds.
    """
    rank, steps = CHAINS[name]
    stages = declared(rank, steps, kind)
    x = np.random.default_rng(0).integers(-9, 9, stages[0].shape, dtype=np.int32)
    want = td.build(td.schedule(stages[-1]), target="interpret")(x)
    loops = ("io", "jo", "ii", "ji") if rank == 2 else ("io", "ii")
    places = ("root", *loops)
    for store, compute in ((a, b) for at, a in enumerate(places) for b in places[at:] if b != "root"):
        result, made = counted(monkeypatch, scheduled(stages, store, compute), x)
        np.testing.assert_array_equal(result, want)
        lived = [needed(steps, elements, kind) for elements in lives(loops, store, want.shape)]
        every = {f"s{number}": sum(len(life[number]) for life in lived) for number in range(len(steps))}
        assert {one: made[one] for one in every} == every, (store, compute)
        if rank == 1 and store != compute:
            tight = folded(scheduled(stages, store, compute), stages)
            result, made = counted(monkeypatch, tight, x)
            np.testing.assert_array_equal(result, want)
            assert {one: made[one] for one in every} == every, (store, compute)


@pytest.mark.parametrize("name", CHAINS)
def test_stencils(monkeypatch, name):
    check(monkeypatch, name)


@pytest.mark.parametrize("name", ["down", "two readers"])
def test_sums(monkeypatch, name):
    check(monkeypatch, name, "sum")


@pytest.mark.parametrize("name", ["up", "two readers", "halves"])
def test_recurrences(monkeypatch, name):
    """What is needed of a recurrence along i is all that comes before, too: made once where its buffer outlives the loop."""
    check(monkeypatch, name, "recurrence")
