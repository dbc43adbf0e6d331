"""E8: without `dtype=` an element adopts the dtype of what it meets, and the value then reproduces it."""

import numpy as np
import pytest

import tdsl as td

n = td.size("n")


def test_an_element_adopts_what_it_meets():
    for dtype in ("float32", "int16", "float64"):
        x = td.placeholder("x", (n,), dtype)
        made = td.recurrence("s", (n,), lambda s, i, x=x: td.where(i > 0, s[i - 1] * 2, 0) + x[i])
        assert made.dtype.name == dtype


def test_also_where_integers_could_not_be_divided():
    x = td.placeholder("x", (n,), "float32")
    made = td.recurrence("s", (n,), lambda s, i: td.where(i > 0, s[i - 1] / 3, x[i]))
    assert made.dtype.name == "float32"


_FUNCTIONS = {
    "exp": lambda h: td.exp(h * 0.5),
    "rsqrt": td.rsqrt,
    "reciprocal": td.reciprocal,
    "copysign": lambda h: td.copysign(h, -1.0),
    "hypot": lambda h: td.hypot(h, 1.0),
    "pow": lambda h: h**0.3,
    "fma": lambda h: td.fma(h, 0.5, 0.25),
}


@pytest.mark.parametrize("function", _FUNCTIONS.values(), ids=_FUNCTIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_so_does_a_function_of_it(function, dtype):
    x = td.placeholder("x", (n,), dtype)
    made = td.recurrence("s", (n,), lambda s, i: function(td.where(i > 0, s[i - 1], 1.0)) + x[i])
    assert made.dtype.name == dtype


def test_bits_of_an_element_adopt():
    x = td.placeholder("x", (n,), "int16")
    made = td.recurrence("s", (n,), lambda s, i: td.popcount(td.where(i > 0, s[i - 1], 0)) + x[i])
    assert made.dtype.name == "int16"


_pair = td.reducer(
    lambda a, b: (td.maximum(a[0], b[0]), a[1] + b[1]),
    identity=lambda v, w: (td.min_value(v), td.cast(0, w)),
    name="pair",
)
_REDUCTIONS = {
    "sum": lambda h, k: td.sum(h * h, over=k),
    "max": lambda h, k: td.max(h, over=k),
    "mean": lambda h, k: td.mean(h, over=k),
    "own": lambda h, k: _pair((h, h * 2), over=k)[1],
    "log_sum_exp": lambda h, k: td.log(td.sum(td.exp(h), over=k)),
}


@pytest.mark.parametrize("reduction", _REDUCTIONS.values(), ids=_REDUCTIONS)
def test_so_does_a_reduction_of_elements(reduction):
    x, k = td.placeholder("x", (n, 4), "float32"), td.reduce_axis("k", 4)
    made = td.recurrence(
        "s", (n, 4), lambda s, i, j: reduction(td.where(i > 0, s[i - 1, k], 0.0), k) + x[i, j]
    )
    assert made.dtype.name == "float32"


def test_cholesky_as_it_is_written():
    """L[i, j] = (A[i, j] - sum of L[i, k] L[j, k]) / L[j, j]: products of its own elements alone."""
    a = td.placeholder("A", (n, n), "float64")

    def value(lower, i, j):
        k = td.reduce_axis("k", (0, j))
        before = td.sum(td.where(j <= i, lower[i, k] * lower[j, k], 0.0), over=k)
        below = td.where(j < i, (a[i, j] - before) / lower[j, j], 0.0)
        return td.where(i == j, td.sqrt(a[i, j] - before), below)

    made = td.recurrence("L", (n, n), value)
    rng = np.random.default_rng(0)
    given = rng.standard_normal((9, 9))
    given = given @ given.T + 9 * np.eye(9)
    np.testing.assert_allclose(td.build(td.schedule(made))(given), np.linalg.cholesky(given), rtol=1e-10)


def test_a_sum_of_numbers_chosen_by_elements_has_no_dtype():
    x, k = td.placeholder("x", (n, 4)), td.reduce_axis("k", 4)

    def value(s, i, j):
        return (
            td.cast(td.sum(td.where(td.where(i > 0, s[i - 1, k], 0.0) > 0.0, 1, 0), over=k), "float32")
            + x[i, j]
        )

    with pytest.raises(td.DTypeError, match="E208"):
        td.recurrence("s", (n, 4), value)


def test_the_callable_is_called_again_with_the_dtype_found():
    x = td.placeholder("x", (n,), "float32")
    seen = []

    def value(s, i):
        seen.append((s.dtype.name, s.adopts))
        return td.where(i > 0, s[i - 1] + x[i], x[i])

    td.recurrence("s", (n,), value)
    assert seen[-1] == ("float32", False)
    assert seen[0][1]


def test_numbers_alone_have_none():
    with pytest.raises(td.DTypeError, match="E208"):
        td.recurrence("f", (n,), lambda f, i: td.where(i > 1, f[td.maximum(i - 1, 0)] + 1, 1))
    made = td.recurrence("f", (n,), lambda f, i: td.where(i > 0, f[i - 1] + 1, 1), dtype="int32")
    assert made.dtype.name == "int32"


def test_a_dtype_that_does_not_reproduce_itself_is_refused():
    """float32 where the element adopts it; but of a float32 element the value is float64."""
    x = td.placeholder("x", (n,), "float32")

    def value(s, i):
        before = td.where(i > 0, s[i - 1], 0.0)
        return before + x[i] if s.adopts else td.cast(before, "float64")

    with pytest.raises(td.DTypeError, match="E210"):
        td.recurrence("s", (n,), value)


def test_an_update_has_the_dtype_of_its_base():
    base = td.placeholder("base", (n,), "int16")
    i = td.axis("i", n)
    assert td.update("u", base, over=i, at=i, value=lambda u: u[i] + 1).dtype.name == "int16"
    assert td.update("u", base, over=i, at=i, value=lambda u: 1).dtype.name == "int16"
    with pytest.raises(td.DTypeError, match="E210"):
        td.update("u", base, over=i, at=i, value=lambda u: td.cast(u[i], "float32"))
    with pytest.raises(td.DTypeError, match="E210"):
        td.update("u", base, over=i, at=i, value=lambda u: u[i], dtype="int32")


def test_a_guarded_read_of_itself_adopts_what_the_whole_meets():
    n = td.size("n")
    x = td.placeholder("x", (n,), "float32")
    total = td.recurrence("total", (n,), lambda total, i: td.where(i > 0, total[i - 1], 0.0) + x[i])
    assert total.dtype.name == "float32"
    assert td.build(td.schedule(total))(np.arange(5, dtype=np.float32)).tolist() == [0, 1, 3, 6, 10]


def test_callables_are_called_more_than_once_and_must_be_pure():
    x, calls = td.placeholder("x", (n,)), []

    def counting(i):
        calls.append(i)
        return x[i] * len(calls)

    with pytest.raises(td.ArgumentError, match=r"E119: .*called twice, it gave two expressions") as caught:
        td.compute("y", (n,), counting)
    assert "x[i], then x[i] * 2.0" in str(caught.value) and len(calls) == 2
    sides = []
    assert td.compute("y", (n,), lambda i: sides.append(1) or x[i]).name == "y", (
        "side effects that change nothing pass"
    )
