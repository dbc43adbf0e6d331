"""N1: a stage's axes are its callable's parameters, then its reduction axes by first use; a name means one thing."""

import pytest

import tdsl as td


def axes(tensor):
    return td.schedule(tensor).axes(tensor)


def test_parameters_name_axes_data_first_then_reductions():
    A = td.placeholder("A", (2, 3, 4))
    p, q = td.reduce_axis("p", 3), td.reduce_axis("q", 4)
    assert axes(td.compute("B", (2,), lambda row: td.sum(A[row, p, q], over=(q, p)))) == ("row", "q", "p")
    inner = td.compute("B", (2,), lambda i: td.sum(td.max(A[i, p, q], over=q), over=p))
    assert axes(inner) == ("i", "p", "q")
    later = td.compute("B", (2,), lambda i: td.sum(A[i, 0, q], over=q) + td.sum(A[i, p, 0], over=p))
    assert axes(later) == ("i", "q", "p")


def test_any_callable_and_any_rank():
    A = td.placeholder("A", (2, 3, 4))

    def named(b, /, c, *rest):
        return A[(b, c, *rest)]

    class Callable:
        def __call__(self, x, y, z):
            return A[x, y, z]

    assert axes(td.compute("B", A.shape, lambda *idx: A[idx])) == ("d0", "d1", "d2")
    assert axes(td.compute("B", A.shape, named)) == ("b", "c", "d0")
    assert axes(td.compute("B", A.shape, Callable())) == ("x", "y", "z")
    assert axes(td.compute("B", A.shape, lambda *idx: A[idx], axes=("i", "j", "k"))) == ("i", "j", "k")
    assert axes(td.compute("B", (2,), lambda i, scale=2.0: A[i, 0, 0] * scale)) == ("i",)
    assert axes(td.compute("B", (), lambda: A[0, 0, 0])) == ()


@pytest.mark.parametrize(
    "declare",
    [
        lambda n, x, k: td.compute("y", (n,), lambda n: x[n]),
        lambda n, x, k: td.compute("y", (n,), lambda k: td.sum(x[k], over=td.reduce_axis("k", n))),
        lambda n, x, k: td.compute("y", (n, n), lambda *i: x[i[0]], axes=("i", "i")),
        lambda n, x, k: td.compute("y", (n,), lambda alpha: x[alpha] * td.param("alpha")),
        lambda n, x, k: td.compute(
            "y", (n,), lambda i: td.sum(x[k], over=k) + td.sum(x[0], over=td.reduce_axis("k", 2))
        ),
        lambda n, x, k: td.compute("y", (n,), lambda i: td.sum(x[i], over=td.reduce_axis("n", 3))),
    ],
)
def test_two_things_of_one_name(declare):
    n = td.size("n", min=1)
    with pytest.raises(td.DuplicateNameError, match="E109"):
        declare(n, td.placeholder("x", (n,)), td.reduce_axis("k", n))
