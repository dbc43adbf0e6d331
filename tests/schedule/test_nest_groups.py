"""Stages with several reductions: their nests as text, and every schedule's kernel against NumPy, bit for bit."""

import numpy as np
import pytest

import tdsl as td
from tdsl.schedule.nest_build import build_nest
from tdsl.schedule.nest_text import nest_text
from tdsl.schedule.show import bodies

N, M = 5, 7
V = np.random.default_rng(0).integers(-4, 5, (N, M)).astype(np.float32)


def declared():
    """(tensor, what NumPy makes of V) of programs whose sums are exact in float32."""
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (n, m))
    k, l = td.reduce_axis("k", m), td.reduce_axis("l", m)  # noqa: E741 - as a user would write
    z = td.compute("z", (n, m), lambda i, j: x[i, j] + 1.0)
    side = td.compute("side", (n,), lambda i: td.sum(x[i, k], over=k) + td.max(x[i, l] * 2.0, over=l))
    deep = td.compute("deep", (n,), lambda i: td.sum((x[i, k] - td.sum(x[i, l], over=l)) * x[i, k], over=k))
    both = td.compute("both", (n,), lambda i: td.sum(z[i, k], over=k) * td.max(z[i, l], over=l))
    lazy = td.compute(
        "lazy",
        (n,),
        lambda i: td.sum(td.where(x[i, k] > 0, td.sum(z[i, l] * x[i, k], over=l), 0.0), over=k),
    )
    total, grown = V.sum(1), V + 1
    return {
        "side": (side, total + (2 * V).max(1)),
        "deep": (deep, ((V - total[:, None]) * V).sum(1)),
        "both": (both, grown.sum(1) * grown.max(1)),
        "lazy": (lazy, np.where(V > 0, grown.sum(1, keepdims=True) * V, 0).sum(1)),
    }


CASES = {
    "side": [
        lambda s: s,
        lambda s: s.vectorize("side", "k", 4),
        lambda s: s.vectorize("side", "i", 4),
        lambda s: s.reorder("side", "k", "i", "l"),
        lambda s: s.reorder("side", "k", "l", "i"),
        lambda s: s.split("side", "l", 3).unroll("side", "li"),
    ],
    "deep": [
        lambda s: s,
        lambda s: s.vectorize("deep", "l", 4),
        lambda s: s.vectorize("deep", "k", 4),
        lambda s: s.vectorize("deep", "i", 4),
        lambda s: s.split("deep", "k", 3).parallel("deep", "i"),
        lambda s: s.reorder("deep", "l", "i", "k"),
        lambda s: s.split("deep", "k", 2).reorder("deep", "i", "ko", "l", "ki"),
    ],
    "both": [lambda s: s, lambda s: s.compute_at("z", "both", "i"), lambda s: s.inline("z")],
    "lazy": [lambda s: s, lambda s: s.compute_at("z", "lazy", "k"), lambda s: s.compute_at("z", "lazy", "l")],
}


@pytest.mark.parametrize(
    ("name", "which"), [(name, k) for name, steps in CASES.items() for k in range(len(steps))]
)
def test_schedules_compute_the_same(name, which):
    tensor, want = declared()[name]
    s = CASES[name][which](td.schedule(tensor))
    assert np.array_equal(td.build(s)(V), want)
    assert np.array_equal(td.build(s, target="interpret")(V), want)


def test_axes_are_in_order_of_first_use():
    assert td.schedule(declared()["deep"][0]).axes("deep") == ("i", "k", "l")


@pytest.mark.parametrize("name", ["side", "deep"])
def test_nests_read_as_written(name, golden):
    s = td.schedule(declared()[name][0])
    golden(nest_text(build_nest(s.state), bodies(s.state)) + "\n", part=name)


def test_promotion_needs_a_single_reduction():
    s = td.schedule(declared()["side"][0])
    with pytest.raises(td.TdslError):
        td.build(s.split("side", "i", 2).promote("side", "io", name="tile", scope="register"))
