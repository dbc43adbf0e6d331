"""Reductions across threads, emulated: reducers, dtypes and numbers of threads beside the CPU; each barrier is needed."""

import dataclasses

import numpy as np
import pytest

import tdsl as td
from tdsl.runtime.cuda.emulate import Emulated
from tdsl.runtime.prepare import prepare
from tests.support.gpu_schedules import SAMPLES, across

pytestmark = pytest.mark.needs_compiler


def rows(threads, dtype, reduce):
    m, n = td.size("m"), td.size("n", min=1)
    x = td.placeholder("x", (m, n), dtype)
    k = td.reduce_axis("k", n)
    y = td.compute("y", (m,), lambda i: reduce(x[i, k], over=k))
    return across(td.schedule(y).bind(y, {"i": "block.x"}), y, "k", threads), td.schedule(y)


@pytest.mark.parametrize(
    ("dtype", "reduce"),
    [
        ("float64", td.sum), ("float16", td.sum), ("int64", td.sum), ("uint8", td.sum), ("int16", td.prod),
        ("float16", td.max), ("int8", td.min), ("bool", td.any), ("uint64", td.max), ("int32", td.argmin),
    ],
)  # fmt: skip
def test_every_width_moves(dtype, reduce):
    """Small whole numbers, whose sums are exact in any order."""
    s, plain = rows(70, dtype, reduce)
    f, right = td.build(s, target="cuda:sm_90", run="emulate"), td.build(plain)
    rng = np.random.default_rng(0)
    for shape in ((3, 215), (2, 3)):
        x = rng.integers(0, 2 if dtype == "bool" else 4, shape).astype(dtype)
        want = right(x)
        got = np.zeros_like(want)
        hazards = f.hazards(x, out=got)
        assert not hazards, hazards
        np.testing.assert_array_equal(got, want, strict=True)


def test_a_reducer_whose_sides_differ():
    """Maximum and scaled sum: the same bits in every lane, and those of the interpreter of Loop IR."""

    def combine(a, b):
        top = td.maximum(a[0], b[0])
        return top, a[1] * td.exp(a[0] - top) + b[1] * td.exp(b[0] - top)

    n = td.size("n", min=1)
    x = td.placeholder("x", (3, n))
    k = td.reduce_axis("k", n)
    scaled = td.reducer(combine, (-1e30, 0.0))
    y = td.compute("y", (3,), lambda i: scaled((x[i, k], td.cast(1, "float32")), over=k)[1])
    z = td.compute("z", (3, 40), lambda i, j: y[i] + td.cast(j, "float32"))
    s = td.schedule(z).bind(z, {"i": "block.x", "j": "thread.x"})
    s = across(s, y, "k", 40, at=(z, "i"), scope="register")
    f = td.build(s, target="cuda:sm_90", run="emulate")
    a = np.random.default_rng(0).standard_normal((3, 301)).astype("f")
    got = np.zeros((3, 40), "f")
    assert not f.hazards(a, out=got)
    np.testing.assert_array_equal(got, td.build(s, target="interpret")(a))
    want = np.exp(a.astype("d") - a.max(1, keepdims=True)).sum(1)
    # 301 positive terms in any order: a relative error of at most 301 units in the last place, some for exp
    np.testing.assert_allclose(got[:, 0], want, rtol=400 * 2.0**-24)


@pytest.mark.parametrize("name", ["row_sums_by_warps", "softmax_by_warps", "best_of_rows"])
def test_samples_have_no_hazards(name):
    sample = SAMPLES[name]()
    f, right = td.build(sample.scheduled, target="cuda:sm_90", run="emulate"), td.build(sample.plain)
    for sizes in sample.sizes:
        arrays = sample.arrays(sizes)
        want = right(*arrays)
        got = np.zeros_like(want)
        hazards = f.hazards(*arrays, out=got)
        assert not hazards, hazards
        if sample.exact:
            np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("place", range(2))
def test_every_barrier_is_needed(place):
    """Rows in a loop, 96 threads: without any one of the barriers there is a race."""
    x = td.placeholder("x", (6, 96))
    k = td.reduce_axis("k", 96)
    y = td.compute("y", (6,), lambda i: td.sum(x[i, k], over=k))
    z = td.compute("z", (6, 96), lambda i, j: x[i, j] * y[i])
    s = td.schedule(z).split(z, "i", 3).bind(z, {"io": "block.x", "j": "thread.x"})
    s = across(s, y, "k", 96, at=(z, "ii"), scope="shared")
    built = td.build(s, target="cuda:sm_90")
    artifact, interface = built._origin.artifact, built.interface
    body = artifact.body("contiguous")
    parts = body.source.split("__syncthreads();")
    assert len(parts) == 3
    joined = [*parts[:place], parts[place] + parts[place + 1], *parts[place + 2 :]]
    source = "__syncthreads();".join(joined)
    changed = dataclasses.replace(artifact, bodies=(dataclasses.replace(body, source=source),))
    call = prepare(interface, [np.ones((6, 96), "f")], None, {})
    assert Emulated(changed, interface).hazards(call).races
