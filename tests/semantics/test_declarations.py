"""One test a rule of docs/semantics.md about names, declarations and bounds: N, E, B and D8."""

from __future__ import annotations

import numpy as np
import pytest

import tdsl as td


def run(*outputs, arrays=(), **sizes):
    return td.build(td.schedule(*outputs))(*arrays, **sizes)


def test_n1_parameters_name_axes_data_first_then_reductions():
    A = td.placeholder("A", (2, 3, 4))
    p, q = td.reduce_axis("p", 3), td.reduce_axis("q", 4)
    B = td.compute("B", (2,), lambda row: td.sum(A[row, p, q], over=(q, p)))
    assert td.schedule(B).axes(B) == ("row", "q", "p")
    C = td.compute("C", (2, 3, 4), lambda *idx: A[idx])
    assert td.schedule(C).axes(C) == ("d0", "d1", "d2")
    D = td.compute("D", (2, 3, 4), lambda *idx: A[idx], axes=("i", "j", "k"))
    assert td.schedule(D).axes(D) == ("i", "j", "k")
    with pytest.raises(td.DuplicateNameError):
        td.compute("E", (td.size("n"),), lambda n: td.cast(n, "int32"))


def test_n3_a_size_is_its_name():
    x = td.placeholder("x", (td.size("n"),))
    y = td.compute("y", (td.size("n"),), lambda i: x[i] * 2.0)
    assert np.array_equal(run(y, arrays=[np.ones(3, np.float32)]), np.full(3, 2, np.float32))
    scaled = td.compute("scaled", (td.size("n", typical=64),), lambda i: x[i] * td.param("alpha"))
    again = td.compute("again", (td.size("n"),), lambda i: scaled[i] + td.param("alpha"))
    assert np.array_equal(run(again, arrays=[np.ones(3, np.float32), 2.0]), np.full(3, 4, np.float32))
    other = td.compute("other", (td.size("n", min=1),), lambda i: 1.0, dtype="float32")
    with pytest.raises(td.TdslError, match="n"):
        td.schedule(y, other)


def test_n6_any_identifier_is_a_name():
    """Names that isl, LLVM or Python's builtins could stumble over."""
    floor, mod, exists = td.size("floor"), td.size("mod"), td.size("exists")
    x = td.placeholder("select", (floor, mod + exists))
    y = td.compute("ptr", (floor, mod), lambda i8, ü: td.where(ü + 1 < mod, x[i8, ü + 1], x[i8, ü]))
    got = run(y, arrays=[np.arange(12, dtype=np.float32).reshape(3, 4)], mod=2, exists=2)
    assert np.array_equal(got, [[1, 1], [5, 5], [9, 9]])


def test_e1_tensors_compare_by_identity_and_operators_make_stages():
    A, B = td.placeholder("A", (2, 3)), td.placeholder("A", (2, 3))
    assert A == A and A != B and len({A, B}) == 2 and A in [B, A]
    v = td.placeholder("v", (3,))
    a, w = np.arange(6, dtype=np.float32).reshape(2, 3), np.float32([1, 2, 3])
    assert np.array_equal(run(A * v - 1.0, arrays=[a, w]), a * w - 1)


def test_e3_an_axis_is_a_declaration():
    A = td.placeholder("A", (3, 4))
    k = td.reduce_axis("k", 3)
    top = td.compute("top", (4,), lambda j: td.max(A[k, j], over=k))
    total = td.compute("total", (4,), lambda j: td.sum(A[k, j] - top[j], over=k))
    a = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert np.array_equal(run(total, arrays=[a]), (a - a.max(0)).sum(0))
    with pytest.raises(td.AxisScopeError):
        td.compute("bad", (4,), lambda j: A[k, j])


def test_e4_a_reduction_has_its_operands_dtype():
    A = td.placeholder("A", (4,), "int8")
    k = td.reduce_axis("k", 4)
    narrow = td.compute("narrow", (), lambda: td.sum(A[k], over=k))
    wide = td.compute("wide", (), lambda: td.sum(A[k], over=k, dtype="int32"))
    assert (narrow.dtype.name, wide.dtype.name) == ("int8", "int32")
    assert td.compute("mean", (), lambda: td.mean(A[k], over=k)).dtype.name == "float64"


def test_e7_weak_numbers_and_dtype():
    x = td.placeholder("x", (3,), "float32")
    assert td.compute("y", (3,), lambda i: x[i] * 2 + 0.1).dtype.name == "float32"
    assert td.compute("y", (3,), lambda i: i).dtype.name == "int64"
    ones = td.compute("ones", (3,), lambda i: 1, dtype="uint8")
    assert np.array_equal(run(ones), np.ones(3, np.uint8))
    narrow = td.compute("narrow", (3,), lambda i: i + 255, dtype="uint8")
    assert np.array_equal(run(narrow), np.uint8([255, 0, 1]))  # converts as cast does: wraps
    with pytest.raises(td.DTypeError):
        td.compute("y", (3,), lambda i: 1.5)


def test_e12_outside_where_the_array_holds_fill():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    T = td.compute("T", (n, n), lambda i, j: x[i - j], where=lambda i, j: j <= i, fill=-1.0)
    read = td.compute("read", (n,), lambda i: T[0, i])
    t, first = run(T, read, arrays=[np.float32([5, 6, 7])])
    assert np.array_equal(t, [[5, -1, -1], [6, 5, -1], [7, 6, 5]]) and np.array_equal(first, [5, -1, -1])


def test_d8_options_belong_to_declarations():
    x = td.placeholder("x", (3,))
    with td.options(contract=False):
        y = td.compute("y", (3,), lambda i: x[i] * x[i] + x[i])
    v = np.float32([0.1, 1.7, 3.3])
    assert np.array_equal(run(y, arrays=[v]), v * v + v)


def test_b1_facts_decide_proofs():
    n, m, q = td.size("n", min=2), td.size("m", multiple_of=4), td.size("q")
    x, y, z = td.placeholder("x", (n,)), td.placeholder("y", (m,)), td.placeholder("z", (q,))
    td.compute("a", (3,), lambda i: x[1])
    td.compute("a", (m // 4,), lambda i: y[4 * i + 3])
    with td.require(n <= q):
        a = td.compute("a", (n,), lambda i: z[i] + x[i])
    with pytest.raises(td.CallError):
        run(a, arrays=[np.zeros(3, np.float32), np.zeros(2, np.float32)])
    td.compute("a", (q,), lambda i: td.where(td.all(i >= 2, td.any(i < 1, i > 2)), z[i - 3], 0.0))
    td.compute("a", (q, 9), lambda i, j: z[td.minimum(td.maximum(i + j - 4, 0), q - 1)])


def test_b2_a_declared_range_makes_an_index():
    n, m = td.size("n"), td.size("m")
    x, at = td.placeholder("x", (n,)), td.placeholder("at", (m,), "int32", range=(0, n))
    take = td.compute("take", (m,), lambda i: x[at[i]])
    v, index = np.float32([3, 4, 5]), np.int32([2, 0, 2, 1])
    f = td.build(td.schedule(take))
    assert np.array_equal(f(v, index), v[index])
    for bad in (3, -1):
        index[1] = bad
        with pytest.raises(td.CallError):
            f(v, index)


def test_b4_products_of_sizes_are_sizes():
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (n * m,))
    td.compute("y", (m * n,), lambda i: x[m * n - 1 - i])
    with pytest.raises(td.BoundsError) as caught:
        td.compute("y", (n * m,), lambda i: x[i + 1])
    assert caught.value.sizes == {"n": 1, "m": 1}
    with pytest.raises(td.BoundsError, match=r"i \* m"):
        td.compute("y", (n, m), lambda i, j: x[i * m + j])


def test_b5_ranges_are_half_open_and_may_be_empty():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    k = td.reduce_axis("k", (2, n))
    y = td.compute("y", (1,), lambda i: td.sum(x[k], over=k))
    assert run(y, arrays=[np.ones(1, np.float32)])[0] == 0  # ends before it starts: empty
    assert run(y, arrays=[np.ones(5, np.float32)])[0] == 3
    shorter = td.compute("shorter", (n - 2,), lambda i: x[i + 2])
    assert run(shorter, arrays=[np.ones(2, np.float32)]).shape == (0,)
    with pytest.raises(td.CallError):
        run(shorter, arrays=[np.ones(1, np.float32)])  # a negative shape
