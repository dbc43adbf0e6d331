"""Programs as users write them, each beside NumPy and under several schedules, which agree bit for bit where exact."""

from __future__ import annotations

import numpy as np
import pytest

import tdsl as td
from tdsl.fuzzing.arrays import same_bits

n, d = td.size("n"), td.size("d", min=1)
X = td.placeholder("X", (n, d))
k = td.reduce_axis("k", d)
DICE = np.random.default_rng(0)
ROWS = DICE.normal(size=(5, 29)).astype(np.float32)


def pooled(mode):
    h, w = td.size("h", min=3), td.size("w", min=3)
    image = td.placeholder("image", (h, w))
    padded = td.pad(image, 1, mode=mode)
    ky, kx = td.reduce_axis("ky", 3), td.reduce_axis("kx", 3)
    top = td.compute("top", (h, w), lambda y, x: td.max(padded[y + ky, x + kx], over=(ky, kx)))
    a = DICE.normal(size=(7, 11)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(a, 1, mode=mode), (3, 3))
    return (top,), (a,), (windows.max((2, 3)),)


def layer_norm():
    gain, eps = td.placeholder("gain", (d,)), td.param("eps", "float32")
    mean = td.compute("mean", (n,), lambda i: td.mean(X[i, k], over=k))
    spread = td.compute("spread", (n,), lambda i: td.mean(td.square(X[i, k] - mean[i]), over=k))
    y = td.compute("y", (n, d), lambda i, j: (X[i, j] - mean[i]) * td.rsqrt(spread[i] + eps) * gain[j])
    g = DICE.normal(size=29).astype(np.float32)
    centred = ROWS - ROWS.mean(1, keepdims=True)
    return (y,), (ROWS, g, 1e-5), (centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5) * g,)


def welford():
    def merge(a, b):
        (mean, squares, count), (other, others, more) = a, b
        total, apart = count + more, other - mean
        part = td.where(total > 0, more / td.maximum(total, 1.0), 0.0)
        return mean + apart * part, squares + others + apart * apart * count * part, total

    reducer = td.reducer(
        merge, identity=lambda *dtypes: tuple(td.cast(0, dtype) for dtype in dtypes), name="welford"
    )
    zero, one = td.cast(0, "float32"), td.cast(1, "float32")
    results = td.compute(("m", "s", "c"), (n,), lambda i: reducer((X[i, k], zero, one), over=k))
    mean = ROWS.mean(1)
    return results, (ROWS,), (mean, ((ROWS - mean[:, None]) ** 2).sum(1), np.full(5, 29))


def sparse_rows():
    rows, count = td.size("rows"), td.size("count")
    ptr = td.placeholder("ptr", (rows + 1,), "int64", range=(0, count + 1))
    column = td.placeholder("column", (count,), "int32", range=(0, d))
    value, v = td.placeholder("value", (count,)), td.placeholder("v", (d,))

    def product(i):
        at = td.reduce_axis("at", (ptr[i], ptr[i + 1]))
        return td.sum(value[at] * v[column[at]], over=at)

    y = td.compute("y", (rows,), product)
    p, c = np.array([0, 3, 3, 4, 9, 12]), DICE.integers(0, 7, 12).astype(np.int32)
    a, b = DICE.normal(size=12).astype(np.float32), DICE.normal(size=7).astype(np.float32)
    want = [sum(float(a[j]) * float(b[c[j]]) for j in range(p[i], p[i + 1])) for i in range(5)]
    return (y,), (p, c, a, b), (np.array(want),)


def flattened():
    h, w, c = td.size("h"), td.size("w", min=1), td.size("c", min=1)
    t = td.placeholder("t", (h, w, c))
    flat = td.compute("flat", (h * w * c,), lambda x: t[x // (w * c), x // c % w, x % c])
    a = DICE.normal(size=(3, 4, 5)).astype(np.float32)
    return (flat,), (a,), (a.ravel(),)


def embedding():
    words, length = td.size("words", min=1), td.size("length")
    table = td.placeholder("table", (words, d))
    at = td.placeholder("at", (n, length), "int32", range=(0, words))
    rows = td.compute("rows", (n, length, d), lambda i, j, c: table[at[i, j], c])
    a, b = DICE.normal(size=(10, 6)).astype(np.float32), DICE.integers(0, 10, (3, 4)).astype(np.int32)
    return (rows,), (a, b), (a[b],)


def whole_tensors():
    b, c = td.placeholder("b", (d,)), td.placeholder("c", (n, 1))
    z = (X - b) * c + td.maximum(X, b) / (1 + td.abs(c))
    u, v = DICE.normal(size=29).astype(np.float32), DICE.normal(size=(5, 1)).astype(np.float32)
    return (z,), (ROWS, u, v), ((ROWS - u) * v + np.maximum(ROWS, u) / (1 + np.abs(v)),)


def triangle():
    low = td.compute(
        "low", (n, n), lambda i, j: X[i, 0] * td.cast(j, "float32"), where=lambda i, j: j <= i, fill=-1
    )
    both = td.compute("both", (n, n), lambda i, j: td.where(j >= i, low[j, i], low[i, j]) + 1)
    i, j = np.mgrid[:5, :5]
    a = np.where(j <= i, ROWS[:, :1] * j, -1)
    return (both,), (ROWS,), (np.where(j >= i, a.T, a) + 1,)


def places():
    first, last = (
        td.compute(f.__name__, (n,), lambda i, f=f: f(X[i, k], over=k)) for f in (td.argmax, td.argmin)
    )
    a = DICE.integers(0, 4, (6, 9)).astype(np.float32)
    a[2, 5] = np.nan
    return (first, last), (a,), (a.argmax(1), a.argmin(1))


PROGRAMS = {
    **{f"pooled {mode}": (lambda mode=mode: pooled(mode)) for mode in ("constant", "edge", "reflect", "wrap")},
    "layer norm": layer_norm, "welford": welford, "sparse rows": sparse_rows, "flattened": flattened,
    "embedding": embedding, "whole tensors": whole_tensors, "triangle": triangle, "places": places,
}  # fmt: skip


def schedules(plain):
    """Every stage in lanes, in threes, reversed; producers inside their reader, or inlined; what is refused is left."""

    def each(change):
        made = plain
        for stage in plain.stages():
            try:
                made = change(made, stage)
            except td.ScheduleError:
                continue
        return made

    last = plain.stages()[-1]
    yield each(lambda s, stage: s.vectorize(stage, s.dims(stage)[-1], 8))
    yield each(lambda s, stage: s.split(stage, s.axes(stage)[0], 3).parallel(stage, s.axes(stage)[0] + "o"))
    yield each(lambda s, stage: s.reorder(stage, *reversed(s.dims(stage))))
    yield each(lambda s, stage: s.compute_at(stage, last, s.axes(last)[0]))
    yield each(lambda s, stage: s.inline(stage))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program(name):
    outputs, arguments, wanted = PROGRAMS[name]()
    plain = td.schedule(*outputs)

    def results(schedule, target="cpu"):
        made = td.build(schedule, target=target)(*arguments)
        return made if isinstance(made, tuple) else (made,)

    base = results(plain)
    for got, want in zip(base, wanted, strict=True):
        assert np.allclose(got, want, rtol=1e-5, atol=1e-5)
    for variant in (plain, *schedules(plain)):
        others = results(variant, "interpret" if variant is plain else "cpu")
        assert all(same_bits(one, other) for one, other in zip(base, others, strict=True)), str(variant)


def test_text_declares_the_programs_again():
    for program in PROGRAMS.values():
        for output in program()[0]:
            again = td.parse(output.text())
            again = again if isinstance(again, td.Tensor) else again[0]
            assert again.text() == output.text() and td.schedule(again) == td.schedule(output)
