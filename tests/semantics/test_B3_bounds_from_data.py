"""B3: a reduction axis may be bounded by reads of a ranged integer placeholder; reversed means empty."""

# ruff: noqa: B023 (callables are called in the turn of the loop that makes them)
import numpy as np
import pytest

import tdsl as td
from tests.support.compare import check

n, m, nnz = td.size("n"), td.size("m"), td.size("nnz")
ptr = td.placeholder("ptr", (n + 1,), "int32", range=(0, nnz + 1))
col = td.placeholder("col", (nnz,), "int32", range=(0, m))
val, x = td.placeholder("val", (nnz,)), td.placeholder("x", (m,))


def row(i):
    k = td.reduce_axis("k", (ptr[i], ptr[i + 1]))
    return td.sum(val[k] * x[col[k]], over=k)


def sparse_times_vector():
    return td.compute("y", (n,), row)


def data(rows, columns):
    rng = np.random.default_rng(rows)
    counts = rng.integers(0, 20, rows)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    values = rng.integers(-3, 4, starts[-1]).astype(np.float32)
    return (
        starts,
        rng.integers(0, columns, starts[-1]).astype(np.int32),
        values,
        rng.integers(-3, 4, columns).astype(np.float32),
    )


def dense(starts, columns, values, vector):
    return np.array(
        [sum(values[k] * vector[columns[k]] for k in range(a, b)) for a, b in zip(starts, starts[1:])],
        np.float32,
    )


SCHEDULES = {
    "plain": lambda s: s,
    "rows in parallel": lambda s: s.parallel("y", "i"),
    "blocks": lambda s: s.split("y", "k", 8),
    "blocks of blocks": lambda s: s.split("y", "k", 8).split("y", "ko", 2, into=("a", "b")),
    "lanes along the row": lambda s: s.vectorize("y", "k", 8),
    "unrolled": lambda s: s.unroll("y", "k", 4),
    "rows as lanes": lambda s: s.vectorize("y", "i", 4),
    "columns outside": lambda s: s.reorder("y", "k", "i"),
    "tiles": lambda s: s.tile("y", {"i": 4, "k": 8}),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_rows_of_a_sparse_matrix(name):
    arrays = data(9, 7)
    f = td.build(SCHEDULES[name](td.schedule(sparse_times_vector())))
    assert np.array_equal(f(*arrays), dense(*arrays))
    reversed_rows = (arrays[0][::-1].copy(), *arrays[1:])
    assert not f(*reversed_rows).any()
    check(SCHEDULES[name](td.schedule(sparse_times_vector())), {"n": 5, "m": 3, "nnz": 11}, mode="whole")


def test_the_loop_is_as_long_as_the_row_and_never_leaves_the_range():
    text = str(td.schedule(sparse_times_vector()))
    assert "for k in max(0, int64(ptr[i])) .. min(nnz, int64(ptr[i + 1])):" in text
    assert "for k in 0 .. nnz" in str(td.schedule(sparse_times_vector()).reorder("y", "k", "i"))


def test_several_reductions_nested_ones_and_params():
    p, w = td.param("p", "int32", range=(0, nnz + 1)), td.placeholder("w", (nnz, m))

    def body(i):
        k = td.reduce_axis("k", (ptr[i], td.minimum(p, ptr[i + 1])))
        q = td.reduce_axis("q", m)
        return td.sum(val[k] * td.max(w[k, q], over=q), over=k) + td.mean(val[k], over=k) * td.any(
            val[k] > 1.0, over=k
        ).astype("float32")

    y = td.compute("y", (n,), body)
    z = td.compute("z", (n,), lambda i: y[i] + 1.0)
    for schedule in (
        td.schedule(y),
        td.schedule(z).compute_at(y, z, "i"),
        td.schedule(z).vectorize(z, "i", 4),
    ):
        check(schedule, {"n": 4, "m": 2, "nnz": 9}, mode="mild")


def test_proofs_count_on_the_range_alone():
    def beyond(i):
        k = td.reduce_axis("k", (ptr[i], ptr[i + 2]))
        return td.sum(val[k], over=k)

    with pytest.raises(td.BoundsError, match=r"ptr\[i \+ 2\] in y reads past the end of ptr"):
        td.compute("y", (n,), beyond)
    short = td.placeholder("short", (3,))
    with pytest.raises(td.BoundsError, match="E301"):
        td.compute("y", (n,), lambda i: td.sum(short[k := td.reduce_axis("k", (0, ptr[i]))], over=k))

    def guarded(i):
        """The element is read again where the loop starts, and may have changed since the condition was evaluated."""
        k = td.reduce_axis("k", (0, ptr[i]))
        return td.where(ptr[i] <= 3, td.sum(short[k], over=k), 0.0)

    with pytest.raises(td.BoundsError, match="E301"):
        td.compute("y", (n,), guarded)


def test_what_cannot_bound_a_loop():
    free, made = td.placeholder("free", (n,), "int32"), td.compute("made", (n,), lambda i: ptr[i] * 2)
    for bound, code in (
        (lambda i: free[i], "E302"),
        (lambda i: made[i], "E302"),
        (lambda i: td.param("u", "int64"), "E302"),
        (lambda i: ptr[i] + 1, "E117"),
        (lambda i: val[0], "E104"),
        (lambda i: i * i, "E117"),
    ):
        with pytest.raises(td.TdslError, match=code) as caught:
            td.compute("y", (n,), lambda i: td.sum(x[0], over=td.reduce_axis("k", (0, bound(i)))))
        assert len(str(caught.value).splitlines()) <= 10
    wide = td.compute(
        "y", (n,), lambda i: td.sum(ptr[0], over=td.reduce_axis("k", (0, td.cast(ptr[i], "int64") + 1)))
    )
    assert wide.producer.reduce_axes[0].name == "k"
