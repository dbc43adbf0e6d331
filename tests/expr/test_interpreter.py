"""The interpreter against loops in plain Python: order of sums, lazy branches, masks, empty reductions."""

from __future__ import annotations

import numpy as np
import pytest

from tdsl.dtypes import DTYPES
from tdsl.errors import InternalError
from tdsl.expr.contract import contract
from tdsl.expr.interpreter import evaluate
from tdsl.expr.node import axis_var, index_const, size_var
from tdsl.expr.parser import Names, parse
from tdsl.expr.reducers import SUM
from tdsl.expr.tensor import Axis, Reducer, Stage, Tensor, tensors_of

n, m = size_var("n"), size_var("m")
A = Tensor(name="A", extents=(n, m), dtype=DTYPES["float32"])
X = Tensor(name="X", extents=(n,), dtype=DTYPES["int32"])
VARS = {**{name: axis_var(name) for name in ("i", "j", "k", "l")}, "n": n, "m": m}


def stage(
    body, axes, reduce_axes=(), domain=(), fill=(), tensors=(A, X), dtype=None, reducers=None, name="S"
):
    names = Names(VARS, {tensor.name: tensor for tensor in tensors}, {}, reducers or Names().reducers)
    read = lambda text, dtype=None: parse(str(text), names, dtype)
    node = contract(read(body))
    made = Stage(
        name=name,
        axes=tuple(Axis(axis, index_const(0), read(upper)) for axis, upper in axes),
        reduce_axes=tuple(Axis(axis, read(lower), read(upper)) for axis, lower, upper in reduce_axes),
        body=(node,),
        dtypes=(node.dtype,),
        tensor_names=(name,),
        domain=tuple(read(condition) for condition in domain),
        fill=tuple(read(value, node.dtype) for value in fill),
    )
    return tensors_of(made)[0]


def data(rows, columns, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((rows, columns)).astype(np.float32), rng.integers(0, 100, rows).astype(
        np.int32
    )


def run(tensor, a, x, **more):
    return evaluate([tensor], {"A": a, "X": x}, {"n": a.shape[0], "m": a.shape[1]}, **more)["S"]


def test_a_sum_of_products_is_fused_in_order():
    a, x = data(5, 70)
    total = stage("sum(A[i, k] * A[j, k], over=(k))", [("i", "n"), ("j", "n")], [("k", 0, "m")])
    assert "fused=True" in str(total.producer.body[0])
    got = run(total, a, x)
    from tdsl.expr.constants import fma

    for i in range(5):
        for j in range(5):
            accumulator = 0.0
            for k in range(70):
                accumulator = fma(float(a[i, k]), float(a[j, k]), accumulator, DTYPES["float32"])
            assert got[i, j] == accumulator
    plain = np.zeros((5, 5), np.float32)
    for k in range(70):
        plain = plain + a[:, None, k] * a[None, :, k]
    assert np.array_equal(run(total, a, x, has_fma=False), plain) and not np.array_equal(got, plain)


def test_bounds_may_depend_on_data_axes():
    a, x = data(6, 6)
    got = run(stage("sum(A[i, k], over=(k))", [("i", "n")], [("k", 0, "i")]), a, x)
    for i in range(6):
        total = np.float32(0)
        for k in range(i):
            total += a[i, k]
        assert got[i] == total


def test_several_axes_go_outermost_first():
    a, x = data(4, 5)
    got = run(
        stage("sum(A[k, l], over=(k, l)) + A[0, 0]", [("i", "1")], [("k", 0, "n"), ("l", 0, "m")]), a, x
    )
    total = np.float32(0)
    for value in a.ravel():
        total += value
    assert got[0] == total + a[0, 0]
    got = run(stage("sum(A[k, l], over=(l, k))", [("i", "1")], [("l", 0, "m"), ("k", 0, "n")]), a, x)
    total = np.float32(0)
    for value in a.T.ravel():
        total += value
    assert got[0] == total


def test_empty_reductions_give_the_identity():
    a, x = data(3, 4)
    for body, want in [
        ("sum(A[i, k], over=(k))", 0.0),
        ("prod(A[i, k], over=(k))", 1.0),
        ("max(A[i, k], over=(k))", -np.inf),
        ("min(A[i, k], over=(k))", np.inf),
        ("max(X[k], over=(k))", -(2**31)),
        ("min(X[k], over=(k))", 2**31 - 1),
    ]:
        got = run(stage(body, [("i", "n")], [("k", 3, 2)]), a, x)
        assert (got == want).all() and got.shape == (3,)
    assert run(stage("all(X[k] > 0, over=(k))", [("i", "n")], [("k", 0, 0)]), a, x).all()
    assert not run(stage("any(X[k] > 0, over=(k))", [("i", "n")], [("k", 0, 0)]), a, x).any()


def test_max_takes_nan_and_the_positive_zero():
    a = np.array([[-0.0, 0.0, -1.0], [1.0, np.nan, 2.0]], np.float32)
    got = run(stage("max(A[i, k], over=(k))", [("i", "n")], [("k", 0, "m")]), a, np.zeros(2, np.int32))
    assert not np.signbit(got[0]) and got[0] == 0 and np.isnan(got[1])


def test_the_branch_not_taken_reads_nothing():
    a, x = data(4, 3)
    body = "where(i + 1 < n, A[i + 1, j], where(j == 0, -1.0, A[i - 3, j - 1]))"
    got = run(stage(body, [("i", "n"), ("j", "m")]), a, x)
    want = np.concatenate([a[1:], np.concatenate([[[-1.0]], a[:1, :2]], axis=1)])
    assert np.array_equal(got, want.astype(np.float32))


def test_a_read_outside_is_noticed():
    a, x = data(4, 3)
    with pytest.raises(InternalError, match="reads outside of A"):
        run(stage("A[i + 1, 0]", [("i", "n")]), a, x)


def test_a_branch_shared_with_an_unguarded_place_is_still_guarded():
    """The same node under a condition and, through another, outside it."""
    a, x = data(4, 3)
    got = run(
        stage("where(i < 3, A[i + 1, 0] * 2.0, 0.0) + where(i < 3, A[i + 1, 0], 1.0)", [("i", "n")]), a, x
    )
    assert got[3] == 1.0


def test_a_domain_leaves_the_fill():
    a, x = data(4, 4)
    got = run(stage("A[i, j]", [("i", "n"), ("j", "m")], domain=["j <= i"], fill=["7"]), a, x)
    assert np.array_equal(got, np.where(np.tri(4, dtype=bool), a, np.float32(7)))


def test_a_reduction_inside_another_is_computed_again():
    a, x = data(4, 5)
    body = "sum(X[k] * sum(X[l], over=(l)), over=(k))"
    got = run(stage(body, [("i", "1")], [("k", 0, "n"), ("l", 0, "k")]), a, x)
    assert got[0] == sum(int(x[k]) * int(x[:k].sum()) for k in range(4))


def test_empty_arrays():
    a = np.zeros((0, 5), np.float32)
    x = np.zeros(0, np.int32)
    assert run(stage("sum(A[i, k], over=(k))", [("i", "n")], [("k", 0, "m")]), a, x).shape == (0,)
    assert run(stage("sum(A[k, i], over=(k))", [("i", "m")], [("k", 0, "n")]), a, x).tolist() == [0.0] * 5
    assert run(stage("where(i < 0, A[0, i], 3.0)", [("i", "m")]), a, x).tolist() == [3.0] * 5


def test_stages_feed_stages_and_outputs_may_be_inputs():
    a, x = data(3, 4)
    first = stage("A[i, j] * 2.0", [("i", "n"), ("j", "m")], name="T")
    second = stage("sum(T[i, k], over=(k))", [("i", "n")], [("k", 0, "m")], tensors=(first,))
    got = evaluate([second, first, A], {"A": a}, {"n": 3, "m": 4})
    assert np.array_equal(got["T"], a * 2) and got["A"] is a
    total = np.zeros(3, np.float32)
    for k in range(4):
        total += got["T"][:, k]
    assert np.array_equal(got["S"], total)


def test_reducers_of_pairs():
    from tdsl.expr import build

    pair = Reducer(
        name="widest",
        combine=lambda a, b: (build.maximum(a[0], b[0]), build.add(a[1], b[1])),
        identity=lambda kinds: (build.constant(-1, kinds[0]), build.constant(0, kinds[1])),
        exact=True,
    )
    a, x = data(4, 5)
    for component, want in enumerate((x.max(), x.sum())):
        body = f"widest(X[k], X[k], over=(k), component={component})"
        got = run(stage(body, [("i", "1")], [("k", 0, "n")], reducers={"widest": pair, "sum": SUM}), a, x)
        assert got[0] == want


def test_what_is_missing_is_named():
    s = stage("A[i, 0]", [("i", "n")])
    with pytest.raises(InternalError, match="no array for A"):
        evaluate([s], {}, {"n": 3, "m": 4})
    with pytest.raises(InternalError, match="size m has no value here"):
        evaluate([s], {"A": data(3, 4)[0]}, {"n": 3})
    with pytest.raises(InternalError, match=r"A is float32 \(3, 4\), not float64 \(3, 4\)"):
        evaluate([s], {"A": np.zeros((3, 4))}, {"n": 3, "m": 4})
