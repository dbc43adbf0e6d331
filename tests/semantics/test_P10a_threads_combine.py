"""P10a: threads combine their partial results by halves, in an order that their number alone decides."""

import numpy as np
import pytest

import tdsl as td


def sums(threads, rows):
    """A row's terms, two a thread; rows of a block along another dimension."""
    n = td.size("n")
    x = td.placeholder("x", (n, 2 * threads))
    k = td.reduce_axis("k", 2 * threads)
    y = td.compute("y", (n,), lambda i: td.sum(x[i, k], over=k))
    s = td.schedule(y).split(y, "i", rows).bind(y, {"io": "block.x", "ii": "thread.y"})
    s = s.split(y, "k", threads).rfactor(y, "ki", name="part").bind(y, {"ki": "thread.x"})
    return s.compute_at("part", y, "ki").scope("part", "register")


def by_halves(row, threads):
    """The rule in NumPy: each thread its own terms in order, then l takes l + step."""
    values = [row[l] + row[l + threads] for l in range(threads)]
    step = 1 << (threads - 1).bit_length() - 1 if threads > 1 else 0
    while step:
        values = [values[l] + values[l + step] if l + step < len(values) else values[l] for l in range(step)]
        step //= 2
    return values[0]


@pytest.mark.parametrize("threads", [1, 5, 8, 20])
def test_the_order_depends_on_the_number_of_threads_alone(threads):
    x = np.random.default_rng(threads).standard_normal((6, 2 * threads)).astype(np.float32)
    x *= np.float32(10.0) ** np.random.default_rng(1).integers(-4, 5, x.shape).astype(np.float32)
    want = np.array([by_halves(row, threads) for row in x])
    for rows in (1, 3):
        assert np.array_equal(td.build(sums(threads, rows), target="interpret")(x), want)
    if threads > 2:
        assert not np.array_equal(want, np.add.accumulate(x, axis=1)[:, -1])  # the bits tell orders apart


def test_the_step_is_labelled():
    history = sums(5, 1).history()
    assert "reassociates" in history
