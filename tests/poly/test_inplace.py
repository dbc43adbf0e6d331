"""In place or not: what poly calls safe gives the same bits in place, over random kernels and schedules; budgets hold."""

import random

import numpy as np
import pytest

import tdsl as td
from tdsl.poly import inplace
from tdsl.poly.inplace import may_be_one
from tdsl.schedule.legality import arranged_of

N = 12


def draw_kernel(draw):
    """y[i, j] from reads of x near (i, j), perhaps through a stage between; x and y have one shape."""
    x = td.placeholder("x", (N, N), "int32")
    k = td.reduce_axis("k", N)

    def reader():
        """(tensor, i, j) -> an element near there; which one is drawn now."""
        rows = [lambda i, j: i] * 3 + [
            lambda i, j: i + 1,
            lambda i, j: i - 1,
            lambda i, j: N - 1 - i,
            lambda i, j: 0,
            lambda i, j: j,
        ]
        row, column = draw.choice(rows), draw.choice(rows)
        return lambda i, j: x[td.clamp(row(i, j), 0, N - 1), td.clamp(column(j, i), 0, N - 1)]

    between = draw.choice(["none", "none", "pointwise", "rows"])
    first, second = reader(), reader()
    a = None
    if between == "pointwise":
        a = td.compute("a", (N, N), lambda i, j: first(i, j) * 3)
        y = td.compute("y", (N, N), lambda i, j: second(i, j) - x[i, j] + a[i, j])
    elif between == "rows":
        a = td.compute("a", (N,), lambda i: td.max(x[i, k], over=k))
        y = td.compute("y", (N, N), lambda i, j: second(i, j) - x[i, j] + a[i])
    else:
        y = td.compute("y", (N, N), lambda i, j: second(i, j) - x[i, j])
    return x, a, y


def draw_schedule(draw, s, a, y):
    for _ in range(draw.randint(0, 3)):
        axes = s.axes(y)
        one = draw.choice(axes)
        step = draw.choice(
            ["split", "reorder", "parallel", "vectorize", "unroll", "compute_at", "cache", "inline"]
        )
        try:
            match step:
                case "split":
                    s = s.split(y, one, draw.choice((3, 4, 5)))
                case "reorder":
                    s = s.reorder(y, *draw.sample(axes, len(axes)))
                case "parallel":
                    s = s.parallel(y, one)
                case "vectorize":
                    s = s.vectorize(y, one, 4)
                case "unroll":
                    s = s.unroll(y, one, 2)
                case "cache":
                    s = s.cache_read("x", y, name="xc")
                case "inline" if a is not None and a.ndim == 2:
                    s = s.inline(a)
                case "compute_at" if a is not None:
                    s = s.compute_at(a, y, one)
                case _:
                    pass
        except td.TdslError:
            continue
    return s


@pytest.mark.parametrize("seed", range(4))
def test_what_is_called_safe_gives_the_same_bits(seed):
    draw = random.Random(seed)
    values = np.random.default_rng(seed).integers(-1000, 1000, (N, N)).astype(np.int32)
    safe = unsafe = 0
    for _ in range(12):
        _, a, y = draw_kernel(draw)
        s = draw_schedule(draw, td.schedule(y), a, y)
        f = td.build(s)
        wanted, given = f(values), values.copy()
        if f.inplace:
            safe += 1
            f(given, out=given)
            assert np.array_equal(given, wanted), s.script()
            given = np.asfortranarray(values)
            f(given, out=given)
            assert np.array_equal(given, wanted), s.script()
        else:
            unsafe += 1
            with pytest.raises(td.CallError, match="C109"):
                f(given, out=given)
            assert np.array_equal(given, values)
    assert safe and unsafe


def test_a_no_is_the_answer_to_what_takes_too_long(monkeypatch):
    x = td.placeholder("x", (td.size("n"), td.size("m")))
    y = td.compute("y", x.shape, lambda i, j: x[i, j] + 1)
    s = td.schedule(y).tile(y, {"i": 8, "j": 8}).parallel(y, "io")
    arranged = arranged_of(s.state)
    assert may_be_one(arranged, "x", "y")
    monkeypatch.setattr(inplace, "BUDGET", 10)
    assert not may_be_one.__wrapped__(arranged, "x", "y")  # asked anew, not remembered


def test_reads_through_an_index_are_not_seen_through():
    x = td.placeholder("x", (N,), "int32")
    at = td.placeholder("at", (N,), "int64", range=(0, N))
    y = td.compute("y", (N,), lambda i: x[at[i]])
    assert not may_be_one(arranged_of(td.schedule(y).state), "x", "y")
