"""Chains whose stages are folded: what they read is made ahead, so that every fold is as small as one iteration's need."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import tdsl as td
from tdsl.lower.interpret_buffer import Buffer
from tdsl.schedule import inspection
from tdsl.schedule.rewound import rewound

n, m = td.size("n"), td.size("m")


def stencil(rows, columns=()):
    """A step of a chain: the stage after a stage, and how many rows and columns less it has."""
    taps = [(row, 0) for row in rows] + [(rows[0], column) for column in columns]

    def step(p, i, j):
        first, *others = (p[i + row, j + column] * (row + 2 * column + 1) for row, column in taps)
        return sum(others, first)

    return step, max(rows), max(columns, default=0)


def chain(*steps, slide="i", store=None):
    """Stages s0, s1, … of the steps, all but the last computed in the loop `slide` of it and stored outside."""
    height, width = sum(step[1] for step in steps), sum(step[2] for step in steps)
    before, stages = td.placeholder("x", (n + height, m + width), "int32"), []
    for number, (step, down, right) in enumerate(steps):
        height, width = height - down, width - right
        before = td.compute(f"s{number}", (n + height, m + width), lambda i, j, p=before, f=step: f(p, i, j))
        stages.append(before)
    return stages, slid(td.schedule(before), stages, slide, store)


def slid(s, stages, slide, store):
    last = stages[-1]
    for stage in reversed(stages[:-1]):
        s = s.compute_at(stage, last, slide)
        s = s.store_root(stage) if store is None else s.store_at(stage, last, store)
    return s


def folded(s, stages, dim="i"):
    """The least fold of every stage but the last, and the schedule with all of them."""
    least = [s.min_fold(stage, dim) for stage in stages[:-1]]
    for stage, factor in zip(stages[:-1], least):
        s = s.fold(stage, dim, factor)
    return least, s


@pytest.fixture
def stores(monkeypatch):
    """Runs a schedule in the interpreter; gives the result and how often each buffer was stored into."""

    def run(schedule, *arrays, **sizes):
        found, plain = {}, Buffer.store

        def store(self, index, *rest):
            found[self.name] = found.get(self.name, 0) + 1
            plain(self, index, *rest)

        with monkeypatch.context() as patch:
            patch.setattr(Buffer, "store", store)
            return td.build(schedule, target="interpret")(*arrays, **sizes), found

    return run


THREE, CROSS, ENDS = stencil((0, 1, 2)), stencil((1, 0, 2), (1, 2)), stencil((0, 3))


@pytest.mark.parametrize(
    ("steps", "least"),
    [
        ((THREE,) * 2, [3]),
        ((THREE,) * 5, [3, 3, 3, 3]),
        ((CROSS,) * 4, [3, 3, 3]),
        ((ENDS, THREE, ENDS), [3, 4]),
        ((stencil((0,)), THREE, stencil((0, 1))), [3, 2]),
    ],
)
def test_folds_hold_what_one_iteration_reads(stores, steps, least):
    """And every element is made once, as it is without folds (of crosses, rows have no ends that nobody reads)."""
    stages, s = chain(*steps)
    found, tight = folded(s, stages)
    assert found == least
    assert [tight.storage(stage)["shape"][0] for stage in stages[:-1]] == list(map(str, least))
    for h, w in ((0, 2), (1, 1), (6, 3)):
        shape = h + sum(step[1] for step in steps), w + sum(step[2] for step in steps)
        x = np.random.default_rng(h).integers(-9, 9, shape, dtype=np.int32)
        want = td.build(td.schedule(stages[-1]), target="interpret")(x)
        result, made = stores(tight, x)
        np.testing.assert_array_equal(result, want)
        np.testing.assert_array_equal(td.build(tight)(x), want)
        whole = stores(s, x)[1]
        assert made == whole or CROSS in steps
        assert all(count <= whole[name] for name, count in made.items())


def test_one_less_is_refused():
    stages, s = chain(THREE, THREE, THREE)
    for stage in stages[:-1]:
        with pytest.raises(td.IllegalSchedule, match="S203"):
            s.fold(stage, "i", 2)


def test_how_it_is_shown():
    stages, s = chain(THREE, THREE, THREE)
    _, s = folded(s, stages)
    assert "for s2.i in -2 .. where(m >= 1 and n >= 1, n, -2):" in str(s)
    assert "for s1.i in s2.i + 2 .. s2.i + 3:" in str(s)
    assert "if s2.i >= 0:\n    for s2.j in 0 .. m:" in str(s)


STRIDED = {
    "down": (lambda p, i, j: p[2 * i, j] + p[2 * i + 2, j] * 3, lambda e: 2 * e + 1),
    "up": (lambda p, i, j: p[i // 2, j] * 3 + p[i // 2 + 1, j], lambda e: e // 2 + 2),
    "three": (lambda p, i, j: p[i, j] + p[i + 1, j] * 3 + p[i + 2, j], lambda e: e + 2),
    "row": (lambda p, i, j: p[i, j] * 5, lambda e: e),
}


@pytest.mark.parametrize(
    ("kinds", "least"),
    [
        (("three", "down", "three"), [3, 3]),
        (("three", "three", "down"), [3, 3]),
        (("three", "up", "three"), [2, 3]),
        (("three", "up", "row"), [2, 1]),
        (("down", "three", "up"), [3, 2]),
    ],
)
def test_rates_that_differ(stores, kinds, least):
    """Two rows an iteration, or one every other: a fold holds what the reader reads for one row of its own."""
    extents, factors = [n], [lambda h: h]
    for kind in reversed(kinds):
        extents.append(STRIDED[kind][1](extents[-1]))
        factors.append(lambda h, grow=STRIDED[kind][1], of=factors[-1]: grow(of(h)))
    before, stages = td.placeholder("x", (extents[-1], m), "int32"), []
    for number, kind in enumerate(kinds):
        extent = extents[len(kinds) - 1 - number]
        before = td.compute(f"s{number}", (extent, m), lambda i, j, p=before, f=STRIDED[kind][0]: f(p, i, j))
        stages.append(before)
    s = slid(td.schedule(before), stages, "i", None)
    found, tight = folded(s, stages)
    assert found == least
    for h in (1, 2, 7):
        x = np.random.default_rng(h).integers(-9, 9, (factors[-1](h), 3), dtype=np.int32)
        out = np.zeros((h, 3), np.int32)
        want = td.build(td.schedule(stages[-1]), target="interpret")(x, out=out).copy()
        result, made = stores(tight, x, out=out)
        np.testing.assert_array_equal(result, want)
        np.testing.assert_array_equal(td.build(tight)(x, out=out), want)
        assert made == stores(s, x, out=out)[1]


def bordered(count):
    before, stages = td.placeholder("x", (n, m), "int32"), []
    for number in range(count):
        before = td.compute(
            f"s{number}",
            (n, m),
            lambda i, j, p=before: (
                p[td.clamp(i - 1, 0, n - 1), j] + p[i, j] * 3 + p[td.clamp(i + 1, 0, n - 1), j]
            ),
        )
        stages.append(before)
    return stages


def test_borders_that_repeat_elements(stores):
    stages = bordered(4)
    s = slid(td.schedule(stages[-1]), stages, "i", None)
    found, tight = folded(s, stages)
    assert found == [3, 3, 3]
    for h in (0, 1, 2, 6):
        x = np.random.default_rng(h).integers(-9, 9, (h, 2), dtype=np.int32)
        result, made = stores(tight, x)
        np.testing.assert_array_equal(result, td.build(td.schedule(stages[-1]), target="interpret")(x))
        assert all(made.get(stage.name, 0) == 2 * h for stage in stages)


def test_loops_that_run_backwards(stores):
    """The last stage's rows from the last one up; and rows that are read from the last one up."""
    stages, _ = chain(THREE, THREE, THREE)
    s = slid(td.schedule(stages[-1]).reverse("s2", "i"), stages, "i", None)
    least, s = folded(s, stages)
    assert least == [3, 3]
    turned = td.compute("turned", (n, m), lambda i, j: stages[1][n - 1 - i, j] - stages[1][n - i, j])
    t = slid(td.schedule(turned), [*stages[:2], turned], "i", None)
    least, t = folded(t, [*stages[:2], turned])
    assert least == [3, 2]
    for h in (0, 1, 5):
        x = np.random.default_rng(h).integers(-9, 9, (h + 6, 2), dtype=np.int32)
        for tight, last in ((s, stages[-1]), (t, turned)):
            want = td.build(td.schedule(last), target="interpret")(x)
            np.testing.assert_array_equal(stores(tight, x)[0], want)
            np.testing.assert_array_equal(td.build(tight)(x), want)


def test_strips_in_parallel_with_lanes_and_unrolled_columns():
    """Each strip starts early on its own; the loop that starts early runs in order, those around and inside as they like."""
    stages, _ = chain(THREE, THREE, THREE)
    s = slid(td.schedule(stages[-1]).split("s2", "i", 4), stages, "ii", "io")
    s = s.parallel("s2", "io").vectorize("s2", "j", 4).vectorize("s1", "j", 8).unroll("s0", "j", 2)
    found, s = folded(s, stages)
    assert found == [3, 3]
    for h, w in ((1, 1), (9, 13)):
        x = np.random.default_rng(h).integers(-9, 9, (h + 6, w), dtype=np.int32)
        np.testing.assert_array_equal(
            td.build(s)(x), td.build(td.schedule(stages[-1]), target="interpret")(x)
        )


@pytest.mark.parametrize("vectors", [(), ("s1", "s0", "s2")])
def test_rows_in_registers_where_the_fold_divides_the_strip(vectors):
    """Row r is in register r modulo 4, whichever strip of four it belongs to; three rows would move from strip to strip."""
    x, stages = td.placeholder("x", (n + 6, 4), "int32"), []
    for number in range(3):
        before = stages[-1] if stages else x
        stages.append(
            td.compute(
                f"s{number}", (n + 4 - 2 * number, 4), lambda i, j, p=before: THREE[0](p, i, j), dtype="int32"
            )
        )
    s = slid(td.schedule(stages[-1]).split("s2", "i", 4), stages, "ii", "io")
    with pytest.raises(td.LimitError, match="L104"):
        td.build(s.fold("s1", "i", 3).scope("s1", "register"))
    for stage in ("s0", "s1"):
        s = s.fold(stage, "i", 4).scope(stage, "register")
    for stage in vectors:
        s = s.vectorize(stage, "j")
    for h in (0, 1, 9):
        given = np.random.default_rng(h).integers(-9, 9, (h + 6, 4), dtype=np.int32)
        want = td.build(td.schedule(stages[-1]), target="interpret")(given)
        np.testing.assert_array_equal(td.build(s)(given), want)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.unroll("s2", "ii"),
        lambda s: s.store_root("s1"),
        lambda s: s.compute_with("other", "s2", "ii"),
    ],
)
def test_where_a_loop_cannot_start_early_elements_come_when_needed(change):
    stages, _ = chain(THREE, THREE, THREE)
    other = td.compute("other", (n, m), lambda i, j: stages[-1][i, j] + 1)
    s = slid(td.schedule(stages[-1], other).split("s2", "i", 4), stages, "ii", "io")
    assert s.min_fold("s0", "i") == 3
    s = change(s)
    assert s.min_fold("s0", "i") == 5
    s = s.fold("s0", "i", 5)
    x = np.random.default_rng(0).integers(-9, 9, (15, 3), dtype=np.int32)
    want = td.build(td.schedule(stages[-1], other), target="interpret")(x)
    for mine, theirs in zip(td.build(s)(x), want, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_who_is_made_ahead():
    """Those that read what is folded, through others or through what stands in them; and nobody else."""
    stages, s = chain(THREE, THREE, THREE, THREE)
    names = [rewound(s.fold(stage, "i", 9).state) for stage in stages[:-1]]
    assert names == [{"s1", "s2"}, {"s2"}, set()]


def test_nobody_on_a_gpu():
    stages, _ = chain(THREE, THREE, THREE)
    s = td.schedule(stages[-1], target="cuda:sm_90").split("s2", "j", 32).reorder("s2", "jo", "ji", "i")
    s = slid(s.bind("s2", {"jo": "block.x", "ji": "thread.x"}), stages, "i", "ji")
    assert s.min_fold("s0", "i") == 5
    assert rewound(s.fold("s0", "i", 5).state) == set()


def test_sums_as_stages_and_as_the_last(stores):
    """Reductions start, add and finish in one iteration of the loop that starts early."""
    k = td.reduce_axis("k", 3)
    before, stages = td.placeholder("x", (n + 6, m), "int32"), []
    for number in range(3):
        before = td.compute(
            f"s{number}",
            (n + 4 - 2 * number, m),
            lambda i, j, p=before, odd=number % 2: td.sum(p[i + k, j], over=k) + odd,
        )
        stages.append(before)
    s = slid(td.schedule(before), stages, "i", None)
    found, s = folded(s, stages)
    assert found == [3, 3]
    for h in (0, 1, 5):
        x = np.random.default_rng(h).integers(-9, 9, (h + 6, 2), dtype=np.int32)
        want = td.build(td.schedule(stages[-1]), target="interpret")(x)
        np.testing.assert_array_equal(stores(s, x)[0], want)
        np.testing.assert_array_equal(td.build(s)(x), want)


PLACES = ("root", "io", "ii")


@pytest.mark.parametrize("first", [1, 2])
def test_every_pair_of_loops_of_a_chain_with_its_least_folds(stores, first):
    """Stores and computations of three stages at all legal pairs of loops: least folds are legal, right, and cost no work."""
    stages, _ = chain(THREE, stencil((0, 1)), THREE)
    x = np.random.default_rng(first).integers(-9, 9, (10, 2), dtype=np.int32)
    want = td.build(td.schedule(stages[-1]), target="interpret")(x)
    pairs = [(a, b) for a, b in product(PLACES, PLACES) if PLACES.index(a) <= PLACES.index(b)]
    ran = 0
    for mine, theirs in product(pairs[first::3], pairs):
        s = td.schedule(stages[-1]).split("s2", "i", 3)
        try:
            for stage, (store, compute) in zip(("s1", "s0"), (theirs, mine), strict=True):
                s = s if compute == "root" else s.compute_at(stage, "s2", compute)
                if store != compute:
                    s = s.store_root(stage) if store == "root" else s.store_at(stage, "s2", store)
        except (td.IllegalSchedule, td.PlacementError):
            continue
        tight = s
        for stage in ("s0", "s1"):
            least = tight.min_fold(stage, "i")
            tight = tight if least is None else tight.fold(stage, "i", least)
        result, made = stores(tight, x)
        np.testing.assert_array_equal(result, want)
        assert made == stores(s, x)[1], (mine, theirs)
        ran += 1
    assert ran >= 4


def test_where_the_lengths_are_too_much_for_isl_powers_of_two_are_tried(monkeypatch):
    stages, s = chain(THREE, THREE, THREE)
    asked = []
    monkeypatch.setattr(inspection, "fold_lengths", lambda *arguments: asked.append(arguments))
    assert s.min_fold("s0", "i") == 4
    assert len(asked) == 1
