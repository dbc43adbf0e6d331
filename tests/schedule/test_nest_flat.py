"""Stages of flat shape in a loop of a reader that goes by rows: each row is made once, as the interpreter counts it."""

import numpy as np
import pytest

import tdsl as td
from tdsl.lower.interpret_buffer import Buffer

h, w, d = td.size("h"), td.size("w"), td.size("d")
x = td.placeholder("x", (h * w,))
p = td.compute("p", (h * w,), lambda i: x[i] * 2.0)
SHAPE = (5, 7)
DATA = np.arange(35, dtype=np.float32)


@pytest.fixture
def stores(monkeypatch):
    """Runs a schedule in the interpreter; the result and how many elements of each buffer were stored."""

    def run(s, *arrays, **sizes):
        counts, plain = {}, Buffer.store

        def store(self, *given):
            counts[self.name] = counts.get(self.name, 0) + 1
            plain(self, *given)

        with monkeypatch.context() as patch:
            patch.setattr(Buffer, "store", store)
            return td.build(s, target="interpret")(*arrays, **sizes), counts

    return run


def by_rows(*shifts):
    """Rows of p, each element beside neighbours in its row."""

    def value(i, j):
        total = p[i * w + j]
        for shift in shifts:
            total = total + td.where(j + shift < w, p[i * w + td.minimum(j + shift, w - 1)], 0.0)
        return total

    return td.compute("c", (h, w), value)


@pytest.mark.parametrize(
    ("place", "count"),
    [
        (lambda s: s.compute_at("p", "c", "i"), 35),
        (lambda s: s.split("c", "i", 2).compute_at("p", "c", "io"), 35),
        (lambda s: s.split("c", "i", 2).compute_at("p", "c", "ii"), 35),
        (lambda s: s.compute_at("p", "c", "j"), 35),
        (lambda s: s.reverse("c", "i").compute_at("p", "c", "i"), 35),
        (lambda s: s.compute_at("p", "c", "i").parallel("c", "i"), 35),
        (lambda s: s.split("c", "j", 3).compute_at("p", "c", "jo"), 35),
    ],
)
def test_every_element_is_made_once(stores, place, count):
    c = by_rows()
    s = place(td.schedule(c))
    found, counts = stores(s, DATA, h=5, w=7)
    assert np.array_equal(found, DATA.reshape(SHAPE) * 2) and counts["p"] == count
    assert np.array_equal(td.build(s)(DATA, h=5, w=7), found)


def test_tiles_make_what_lies_between_their_corners(stores):
    c = by_rows()
    s = td.schedule(c).tile(c, {"i": 2, "j": 3}).compute_at("p", c, "jo")
    found, counts = stores(s, DATA, h=5, w=7)
    assert np.array_equal(found, DATA.reshape(SHAPE) * 2)
    between = [
        min(i + 2, 5) * 7 - 7 + min(j + 3, 7) - (i * 7 + j) for i in range(0, 5, 2) for j in range(0, 7, 3)
    ]
    assert counts["p"] == sum(between) < 9 * 35


def test_lanes_make_whole_vectors(stores):
    c = by_rows()
    s = td.schedule(c).compute_at(p, c, "i").vectorize(p, "i", 4).vectorize(c, "j", 4)
    found, _ = stores(s, DATA, h=5, w=7)
    assert np.array_equal(found, DATA.reshape(SHAPE) * 2)
    assert "for p.i in max(0, c.i * w // 4) .. min(" in str(s)
    assert np.array_equal(td.build(s)(DATA, h=5, w=7), found)


def test_flat_producers_of_flat_stages_follow(stores):
    q = td.compute("q", (h * w,), lambda i: p[i] + 1.0)
    c = td.compute("c", (h, w), lambda i, j: q[i * w + j] * 3.0)
    s = td.schedule(c).compute_at((q, p), c, "i")
    found, counts = stores(s, DATA, h=5, w=7)
    assert np.array_equal(found, (DATA.reshape(SHAPE) * 2 + 1) * 3)
    assert counts["q"] == counts["p"] == 35
    found, counts = stores(
        s.split("q", "i", 4), DATA, h=5, w=7
    )  # whole blocks of q read more of p than c of q
    assert np.array_equal(found, (DATA.reshape(SHAPE) * 2 + 1) * 3) and counts["p"] == 5 * 35
    s = s.vectorize("q", "i", 8).vectorize("p", "i", 4)
    assert np.array_equal(td.build(s)(DATA, h=5, w=7), found)


def test_what_slides_along_the_loop_keeps_it_whole():
    """q's first iteration makes what later rows read, too: p is stored outside of all of them."""
    q = td.compute("q", (h * w,), lambda i: p[h * w - 1 - i] + 1.0)
    c = td.compute("c", (h, w), lambda i, j: q[i * w + j] * 3.0)
    s = td.schedule(c).compute_at(q, c, "i").compute_at(p, q, "i").store_root(p)
    for target in ({}, {"target": "interpret"}):
        found = td.build(s, **target)(DATA, h=5, w=7)
        assert np.array_equal(found, (DATA[::-1].reshape(SHAPE) * 2 + 1) * 3)


def test_reductions_over_rows_and_cubes(stores):
    k = td.reduce_axis("k", w)
    total = td.compute("total", (h,), lambda i: td.sum(p[i * w + k], over=k))
    found, counts = stores(td.schedule(total).compute_at(p, total, "i"), DATA, h=5, w=7)
    assert np.array_equal(found, (DATA.reshape(SHAPE) * 2).sum(1)) and counts["p"] == 35
    y = td.placeholder("y", (h * w * d,))
    deep = td.compute("deep", (h * w * d,), lambda i: y[i] + 1.0)
    cube = td.compute("cube", (h, w, d), lambda i, j, l: deep[(i * w + j) * d + l])
    values = np.arange(24, dtype=np.float32)
    for loop in ("i", "j"):
        s = td.schedule(cube).compute_at(deep, cube, loop)
        found, counts = stores(s, values, h=2, w=3, d=4)
        assert np.array_equal(found, (values + 1).reshape(2, 3, 4)) and counts["deep"] == 24


def test_readers_with_different_rows_and_guards(stores):
    """The rows of both readers, and neighbours within the row."""
    both = td.compute("both", (h, w), lambda i, j: p[i * w + j] + p[(h - 1 - i) * w + (w - 1 - j)])
    s = td.schedule(both).compute_at(p, both, "i")
    found, _ = stores(s, DATA, h=5, w=7)
    assert np.array_equal(found, DATA.reshape(SHAPE) * 2 + (DATA * 2)[::-1].reshape(SHAPE))
    c = by_rows(1, 2)
    s = td.schedule(c).compute_at(p, c, "i")
    found, counts = stores(s, DATA, h=5, w=7)
    plain = td.build(td.schedule(c), target="interpret")(DATA, h=5, w=7)
    assert np.array_equal(found, plain)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (1, 1), (4, 2)])
def test_ragged_and_empty(shape):
    c = by_rows()
    data = np.arange(shape[0] * shape[1], dtype=np.float32)
    for s in (
        td.schedule(c).compute_at(p, c, "i"),
        td.schedule(c).tile(c, {"i": 2, "j": 3}).compute_at(p, c, "io").vectorize(p, "i", 4),
        td.schedule(c).compute_at(p, c, "i").reverse(p, "i"),
        td.schedule(c).store_root(p).compute_at(p, c, "i"),
    ):
        found = td.build(s)(data, h=shape[0], w=shape[1])
        assert np.array_equal(found, data.reshape(shape) * 2)
