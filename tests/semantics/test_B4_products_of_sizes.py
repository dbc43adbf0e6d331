"""B4: products of sizes are sizes; `i * w + j`, `x // m` and `x % m` are what they are, the rest is refused."""

# ruff: noqa: B023 (callables are called in the turn of the loop that makes them)
import numpy as np
import pytest

import tdsl as td
from tests.support.compare import check

n, m, p = td.size("n"), td.size("m"), td.size("p")


def test_products_in_shapes():
    x = td.placeholder("x", (n * m,))
    td.compute("y", (m * n,), lambda i: x[m * n - 1 - i])
    td.compute("y", (2 * n * m,), lambda i: x[i // 2])
    with pytest.raises(td.BoundsError) as caught:
        td.compute("y", (n * m,), lambda i: x[i + 1])
    assert caught.value.sizes == {"n": 1, "m": 1}
    with pytest.raises(td.BoundsError, match=r"i \* j"):
        td.compute("y", (n, m), lambda i, j: x[i * j + j])
    flat = td.placeholder("flat", (n * m, 3))
    scaled = td.compute("scaled", (n * m, 3), lambda i, j: flat[i, j] * 2.0)
    check(td.schedule(scaled).vectorize(scaled, "i", 4), {"n": 3, "m": 5})


def test_quotients_and_remainders_by_sizes():
    A, B = td.placeholder("A", (n, m)), td.placeholder("B", (n, m, p))
    flat = td.compute("flat", (n * m,), lambda x: A[x // m, x % m])
    deep = td.compute("deep", (n * m * p,), lambda x: B[x // (m * p), x // p % m, x % p])
    turned = td.compute("turned", (m * n,), lambda x: A[n - 1 - x // m, m - 1 - x % m])
    a, b = np.arange(15, dtype=np.float32).reshape(3, 5), np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    for lanes in (1, 8):
        for tensor, array, want in (
            (flat, a, a.ravel()),
            (deep, b, b.ravel()),
            (turned, a, a[::-1, ::-1].ravel()),
        ):
            s = td.schedule(tensor)
            f = td.build(s if lanes == 1 else s.parallel(tensor, "x").vectorize(tensor, "x", 8))
            assert np.array_equal(f(array), want)
    assert td.build(td.schedule(flat))(np.zeros((3, 0), np.float32)).shape == (0,)


def test_a_stage_read_through_quotients():
    A = td.placeholder("A", (n, m))
    t = td.compute("t", (n, m), lambda i, j: A[i, j] + 1.0)
    u = td.compute("u", (n * m,), lambda x: t[x // m, x % m])
    s = td.schedule(u)
    for schedule in (s, s.inline(t), s.vectorize(u, "x", 4), s.compute_at(t, u, "x")):
        check(schedule, {"n": 3, "m": 5})


def test_a_ring_needs_an_element():
    ring = td.placeholder("ring", (td.size("r", min=1),))
    r = td.size("r", min=1)
    y = td.compute("y", (n,), lambda i: ring[i % r])
    assert np.array_equal(
        td.build(td.schedule(y))(np.float32([1, 2, 3]), n=7), np.float32([1, 2, 3, 1, 2, 3, 1])
    )
    empty = td.placeholder("empty", (m,))
    with pytest.raises(td.BoundsError):
        td.compute("y", (n,), lambda i: empty[i % m])


F = td.placeholder("F", (n * m,))
IMAGE = td.placeholder("IMAGE", (n * (m + 2) * 3,))
ROWS = td.placeholder("ROWS", (p,), "int32", range=(0, n))


LINEARISED = {
    "rows": lambda: td.compute("y", (n, m), lambda i, j: F[i * m + j] + 1.0),
    "turned": lambda: td.compute("y", (n, m), lambda i, j: F[(n - 1 - i) * m + m - 1 - j]),
    "transposed": lambda: td.compute("y", (m, n), lambda i, j: F[j * m + i]),
    "clamped": lambda: td.compute(
        "y", (n, m), lambda i, j: F[td.clamp(i - 1, 0, n - 1) * m + td.clamp(j + 2, 0, m - 1)]
    ),
    "neighbours": lambda: td.compute(
        "y",
        (n, m),
        lambda i, j: td.where(td.all(i > 0, j > 0), F[i * m + j] - F[(i - 1) * m + j - 1], F[i * m + j]),
    ),
    "padded": lambda: td.compute(
        "y", (n, m), lambda i, j: IMAGE[(i * (m + 2) + j) * 3 + 2] + IMAGE[(i * (m + 2) + j + 2) * 3]
    ),
    "gathered": lambda: td.compute("y", (p, m), lambda i, j: F[ROWS[i] * m + j]),
    "again": lambda: td.compute("y", (n, m), lambda i, j: F[(i * m + j) // m * m + (i * m + j) % m]),
}


@pytest.mark.parametrize("name", LINEARISED)
def test_linearised_subscripts_compute_what_they_say(name):
    y = LINEARISED[name]()
    s = td.schedule(y)
    i, j = s.axes(y)
    for schedule in (
        s,
        s.vectorize(y, j, 8),
        s.tile(y, {i: 2, j: 3}).parallel(y, f"{i}o"),
        s.split(y, j, 8, tail="shift"),
    ):
        for shape in ({"n": 3, "m": 5}, {"n": 1, "m": 9}):
            used = {size: value for size, value in shape.items() if size in {one.name for one in y.sizes}}
            check(schedule, used if name != "gathered" else used | {"p": 4})


def test_sums_over_rows_of_a_flat_array():
    k = td.reduce_axis("k", m)
    total = td.compute("total", (n,), lambda i: td.sum(F[i * m + k] * F[i * m + k], over=k))
    s = td.schedule(total)
    for schedule in (s, s.vectorize(total, "k", 4), s.parallel(total, "i"), s.cache_read(F, total)):
        check(schedule, {"n": 4, "m": 6})


def test_a_subscript_beyond_int32_is_not_cut():
    big = td.placeholder("big", (n * m,), "int8")
    y = td.compute("y", (3,), lambda c: td.where(td.all(n > 2, m > 0), big[c * m + m - 1], 0))
    rows = np.zeros((3, 1 << 30), np.int8)
    rows[:, -1] = 1, 2, 3
    assert td.build(td.schedule(y))(rows.reshape(-1), n=3, m=1 << 30).tolist() == [1, 2, 3]


def test_quotients_of_what_is_no_multiple():
    a = td.placeholder("a", (n,))
    b = td.placeholder("b", (m,))
    y = td.compute("y", (n * p,), lambda x: td.where(p > 0, a[x // p], 0.0))
    z = td.compute("z", (p,), lambda x: td.where(x // m < n, a[x // m], 0.0) + td.where(m > 0, b[x % m], 0.0))
    for tensor in (y, z):
        check(td.schedule(tensor), {"n": 3, "m": 4, "p": 7})


def test_what_is_refused_names_the_term():
    A = td.placeholder("A", (n, m))
    for extent, index, term in (
        (n * m, lambda x: (x // n, x % n), "x // n"),
        (p, lambda x: (0, td.clamp(x, 0, 0)), "dimension"),
        (n * m + 1, lambda x: (x // m, x % m), "x // m"),
    ):
        with pytest.raises(td.BoundsError) as caught:
            td.compute("y", (extent,), lambda x: A[index(x)])
        assert term in str(caught.value)
    for shape in ((n // m,), (n % m,), (n * m // p,)):
        with pytest.raises(td.ShapeError, match="E104"):
            td.placeholder("A", shape)
    with pytest.raises(td.ArgumentError, match="E117"):
        td.reduce_axis("k", n * m)


def flat_view(last, **more):
    """Rows of m elements out of a buffer of p, the last subscript moved by `last`."""
    buffer, other = td.placeholder("buffer", (p,)), td.placeholder("other", (n, m))
    return td.compute("y", (n, m), lambda i, j: buffer[i * m + j + last] + other[i, j], **more)


def test_a_view_of_a_flat_buffer():
    with td.require(n * m <= p):
        y = flat_view(0)
        with pytest.raises(td.BoundsError) as caught:
            flat_view(1)
    assert caught.value.sizes == {"n": 1, "m": 1, "p": 1}
    with pytest.raises(td.BoundsError):
        flat_view(0)
    with td.require(n * m < p):
        flat_view(1)
    s = td.schedule(y).tile(y, {"i": 2, "j": 4}).vectorize(y, "ji", 4).parallel(y, "io")
    check(s, {"n": 3, "m": 5, "p": 17})
    buffer, other = np.arange(15, dtype=np.float32), np.zeros((3, 5), np.float32)
    for target in (None, "interpret"):
        f = td.build(s, **({"target": target} if target else {}))
        assert np.array_equal(f(buffer, other), buffer.reshape(3, 5))
        with pytest.raises(td.CallValueError, match=r"C106: .*n \* m.* does not hold"):
            f(buffer[:14], other)
    assert td.parse(y.text()).text() == y.text()


def test_facts_are_checked_beyond_int64():
    """2^40 * 2^40 wraps to 0 in int64: it is neither below p, nor taken to be above."""
    x = td.placeholder("x", (p,))
    for fact, wrong in ((n * m <= p, "n = 4"), (n * m >= p, "n = 1")):
        with td.require(fact):
            y = td.compute("y", (p,), lambda i: x[i] + td.cast(n - m, "float32"))
        for target in (None, "interpret"):
            f = td.build(td.schedule(y), **({"target": target} if target else {}))
            assert f(np.zeros(6, np.float32), n=2, m=3).tolist() == [-1.0] * 6
            with pytest.raises(td.CallValueError, match="does not hold") as caught:
                f(np.zeros(6, np.float32), n=int(wrong[-1]), m=2)
            assert wrong in str(caught.value)
            with pytest.raises(td.CallValueError, match=r"n \* m is 2\^63 or more"):
                f(np.zeros(6, np.float32), n=1 << 40, m=1 << 40)


def test_rows_under_conditions_that_imply_their_bounds():
    """0 <= i follows from 0 <= j <= i, and is needed by itself: the product of what follows is no product of what is said."""
    flat, deep = td.placeholder("flat", (n * m,)), td.placeholder("deep", (n * m * p,))
    for condition in (lambda i, j: j <= i, lambda i, j: i <= j, lambda i, j: td.all(i <= j + 2, j <= i + 2)):
        y = td.compute("y", (n, m), lambda i, j: td.where(condition(i, j), flat[i * m + j], 0.0))
        check(td.schedule(y), {"n": 4, "m": 3})
        with pytest.raises(td.BoundsError):
            td.compute("y", (n, m), lambda i, j: td.where(condition(i, j), flat[i * m + j + 1], 0.0))
    td.compute(
        "z", (n, m, p), lambda i, j, l: td.where(td.all(j <= i, l <= j), deep[(i * m + j) * p + l], 0.0)
    )


def test_what_is_said_of_a_product_where_a_size_is_0():
    """With rows of length 0 an element would be made from itself; there are none then, which no fact about n * m says."""
    x = td.placeholder("x", (n * m,))
    rows = td.recurrence("rows", (n * m,), lambda rows, i: td.where(i >= m, rows[i - m], 0.0) + x[i])
    s = td.schedule(rows)
    for sizes in ({"n": 0, "m": 3}, {"n": 3, "m": 0}, {"n": 4, "m": 3}):
        check(s.split(rows, "i", 4), sizes)
    with pytest.raises(td.IllegalSchedule, match="S202") as caught:
        s.parallel(rows, "i")
    assert caught.value.witness.sizes == {"n": 2, "m": 1}
    with pytest.raises(td.IllegalSchedule, match="S207"):
        td.schedule(
            td.recurrence("itself", (n * m,), lambda itself, i: td.where(i >= m, itself[i], 0.0) + x[i])
        )
