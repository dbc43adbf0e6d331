"""The default scheduler: right results, the steps that its rules promise, reasons, the same steps every time."""

import numpy as np
import pytest

import tdsl as td

n, m, p = td.size("n"), td.size("m"), td.size("p")


def matrix_product():
    A, B = td.placeholder("A", (n, m)), td.placeholder("B", (m, p))
    k = td.reduce_axis("k", m)
    return td.compute("C", (n, p), lambda i, j: td.sum(A[i, k] * B[k, j], over=k))


def softmax():
    x = td.placeholder("x", (n, m))
    k = td.reduce_axis("k", m)
    top = td.compute("top", (n,), lambda i: td.max(x[i, k], over=k))
    e = td.compute("e", (n, m), lambda i, j: td.exp(x[i, j] - top[i]))
    total = td.compute("total", (n,), lambda i: td.sum(e[i, k], over=k))
    return td.compute("y", (n, m), lambda i, j: e[i, j] / total[i])


def transposed_product():
    A, B = td.placeholder("A", (n, m)), td.placeholder("B", (p, m))
    k = td.reduce_axis("k", m)
    return td.compute("C", (n, p), lambda i, j: td.sum(A[i, k] * B[j, k], over=k))


def matrix_by_vector():
    A, v = td.placeholder("A", (n, m)), td.placeholder("v", (m,))
    k = td.reduce_axis("k", m)
    return td.compute("y", (n,), lambda i: td.sum(v[k] * A[i, k], over=k))


def windows_of_nine():
    x = td.placeholder("x", (2, n, m))
    wide = td.pad(x, ((0, 0), (1, 1), (1, 1)))
    i, j = td.reduce_axis("i", 3), td.reduce_axis("j", 3)
    return td.compute("y", (2, n, m), lambda b, r, c: td.sum(wide[b, r + i, c + j], over=(i, j)))


def every_second():
    x = td.placeholder("x", (n, m))
    i, j = td.reduce_axis("i", 2), td.reduce_axis("j", 3)
    return td.compute("y", (n // 2, m // 3), lambda r, c: td.max(x[r * 2 + i, c * 3 + j], over=(i, j)))


def column_sums():
    x = td.placeholder("x", (n, m))
    k = td.reduce_axis("k", n)
    return td.compute("y", (m,), lambda j: td.sum(x[k, j], over=k))


def total():
    x = td.placeholder("x", (n,))
    k = td.reduce_axis("k", n)
    return td.compute("y", (), lambda: td.sum(x[k], over=k))


def running_sum():
    x = td.placeholder("x", (n, m))
    return td.recurrence(
        "y", (n, m), lambda y, i, j: x[i, j] + td.where(i > 0, y[i - 1, j], td.cast(0, "float32"))
    )


def chain():
    x = td.placeholder("x", (n, m), "int32")
    a = td.compute("a", (n, m), lambda i, j: x[i, j] * 3)
    return td.compute("y", (n, m), lambda i, j: a[i, j] + 1)


PROGRAMS = {
    each.__name__: each
    for each in (
        matrix_product, transposed_product, matrix_by_vector, windows_of_nine, every_second, softmax, column_sums, total,
        running_sum, chain,
    )
}  # fmt: skip


def arrays(tensor, seed, extent):
    rng = np.random.default_rng(seed)
    sizes = {"n": extent, "m": extent + 3, "p": extent // 2 + 1}
    names = {
        "matrix_product": ("nm", "mp"), "transposed_product": ("nm", "pm"), "matrix_by_vector": ("nm", "m"),
        "total": ("n",), "windows_of_nine": ("2nm",),
    }.get(tensor, ("nm",))  # fmt: skip
    shapes = [tuple(sizes.get(size, 2) for size in shape) for shape in names]
    if tensor == "chain":
        return [rng.integers(-99, 99, shape, dtype=np.int32) for shape in shapes]
    return [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]


@pytest.mark.parametrize("name", PROGRAMS)
def test_results_are_those_of_the_plain_schedule(name):
    y = PROGRAMS[name]()
    plain = td.schedule(y)
    kernel, reference = td.build(td.schedules.default(plain)), td.build(plain)
    for extent in (0, 1, 7, 40):
        given = arrays(name, extent, extent)
        np.testing.assert_allclose(kernel(*given), reference(*given), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_same_steps_every_time_and_a_reason_for_each(name):
    first = td.schedules.default(td.schedule(PROGRAMS[name]()))
    second = td.schedules.default(td.schedule(PROGRAMS[name]()))
    assert first == second and first.steps
    assert all(step.reason for step in first.steps), first.history()
    for step in first.steps:
        assert step.reason in str(first)


def test_rows_of_a_softmax_are_fused():
    s = td.schedules.default(td.schedule(softmax()))
    for stage in ("top", "e", "total"):
        assert s.describe(stage).placed == ("y", "i")


def test_rows_of_several_axes_are_one_loop():
    x = td.placeholder("x", (1, n, 4, m))
    s = td.schedules.default(td.schedule(td.ops.softmax(x)))
    y = s.outputs[0]
    assert s.axes(y)[:1] == ("plane",) and {s.describe(stage).placed for stage in s.stages()[:-1]} == {
        (y.name, "plane")
    }
    v = np.random.default_rng(0).standard_normal((1, 5, 4, 37), dtype=np.float32)
    np.testing.assert_allclose(td.build(s)(v), td.ops.softmax.reference(v), rtol=2e-5)


def test_a_reduction_keeps_what_it_reads_in_its_row():
    x = td.placeholder("x", (n, m))
    s = td.schedules.default(td.schedule(td.ops.var(x, axis=1)))
    assert s.describe("mean").placed == ("var", "d0") and s.storage("mean")["scope"] == "stack"


def test_cheap_stages_are_inlined():
    assert td.schedules.default(td.schedule(chain())).stages() == ("y",)


def test_products_are_blocked_and_stay_exact():
    s = td.schedules.default(td.schedule(matrix_product()))
    assert "promote" in s.script() and "reassociates" not in str(s)


def test_the_operand_that_lies_along_the_terms_is_turned_while_it_is_packed():
    s = td.schedules.default(td.schedule(transposed_product()))
    assert 'layout("B_panel", lambda j, k: (k, j))' in s.script() and "reassociates" not in str(s)


def test_a_product_with_a_vector_has_no_tiles():
    s = td.schedules.default(td.schedule(matrix_by_vector()))
    assert "promote" not in s.script() and '.vectorize("y", "k"' in s.script()


def test_windows_are_written_out_plane_by_plane():
    s = td.schedules.default(td.schedule(windows_of_nine()))
    assert s.describe("pad").placed == ("y", "b") and s.script().count("unroll") == 3
    assert "reassociates" not in str(s)


def test_a_target_of_its_own():
    s = td.schedules.default(td.schedule(chain()), "cpu:x86-64-v2")
    assert s.target == td.Target("cpu:x86-64-v2")
    assert "vectorize" in s.script() and ", 4)" in s.script()


def test_gemm_needs_reuse():
    with pytest.raises(td.ArgumentError, match="S181: y is no product whose operands are used again"):
        td.schedules.gemm_blocked(td.schedule(total()), "y")


def test_strips_of_a_stencil():
    x = td.placeholder("x", (n + 2, m))
    a = td.compute("a", (n + 2, m), lambda i, j: x[i, j] * 2.0)
    y = td.compute("y", (n, m), lambda i, j: a[i, j] + a[i + 1, j] + a[i + 2, j])
    s = td.schedules.stencil_strips(td.schedule(y), y, (a,), rows=4)
    v = np.random.default_rng(0).standard_normal((13, 9), dtype=np.float32)
    assert np.array_equal(td.build(s)(v), td.build(td.schedule(y))(v))
    assert s.describe("a").placed == ("y", "ii")
