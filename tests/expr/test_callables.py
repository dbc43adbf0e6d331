"""Every callable of a user's with other parameters than it is called with is an error with a code, before it is called."""

from __future__ import annotations

import numpy as np
import pytest

import tdsl as td
from tdsl.expr.callables import wrong_parameters

n = td.size("n")
x = td.placeholder("x", (n,))
i, k = td.axis("i", n), td.reduce_axis("k", n)


def test_what_python_says_of_it():
    assert wrong_parameters(lambda a, b: 0, 1, 2) is None
    assert wrong_parameters(lambda *a: 0) is None
    assert wrong_parameters(lambda a, b: 0, 1) == "it takes (a, b): missing a required argument: 'b'"
    assert wrong_parameters(lambda: 0, 1) == "it takes (): too many positional arguments"
    assert (
        wrong_parameters(lambda a: 0, 1, tile=2) == "it takes (a): got an unexpected keyword argument 'tile'"
    )
    assert wrong_parameters(min, 1) is None  # Python cannot tell


def update(**more):
    return td.update("U", x, over=i, **{"at": (i,), "value": lambda U: U[i] + 1.0} | more)


def total(combine, identity, value=None):
    return td.compute(
        "y", (), lambda: td.reducer(combine, identity)(x[k] if value is None else value, over=k)
    )


def scheduled():
    return td.schedule(td.compute("C", (n,), lambda i: x[i] + 1.0))


def operator(**more):
    made = td.op(lambda x: td.compute("y", x.shape, lambda i: x[i] + 1.0), name="plus", **more)
    return made(np.ones(3, np.float32))


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (lambda: update(value=lambda: 1.0), "E107: the value of U"),
        (lambda: update(value=lambda U, i: 1.0), "E107: the value of U"),
        (lambda: update(at=lambda i: (i,)), "E107: at= of U"),
        (lambda: total(lambda a: a, 0.0), "E115: td.reducer takes"),
        (lambda: total(lambda a, b, c: a, 0.0), "E115: td.reducer takes"),
        (
            lambda: total(lambda a, b: a + b, lambda: 0.0),
            "E115: the identity of reducer is a callable of 1 dtype",
        ),
        (
            lambda: total(lambda a, b: (a[0] + b[0], a[1] + b[1]), lambda d: (0.0, 0.0), (x[k], x[k])),
            "E115: the identity of reducer is a callable of 2 dtypes",
        ),
        (lambda: scheduled().specialize(n % 8 == 0, lambda: None), "S138: specialize takes"),
        (lambda: scheduled().specialize(n % 8 == 0, lambda s, t: s), "S138: specialize takes"),
        (lambda: scheduled().apply(lambda: None), "S138: apply calls"),
        (lambda: scheduled().apply(lambda s: s, tile=3), "S138: apply calls"),
        (lambda: scheduled().apply(3), "S138: apply calls"),
        (lambda: td.op(3), "E131: td.op takes"),
        (lambda: operator(cpu=lambda s: s), "E131: a schedule of plus"),
    ],
)
def test_wrong_parameters_have_a_code(made, code):
    with pytest.raises(td.TdslError) as caught:
        made()
    assert str(caught.value).startswith(code)


def test_what_the_callable_itself_raises_stays():
    def inner():
        return 0.0

    for made in (
        lambda: update(value=lambda U: inner(U)),
        lambda: total(lambda a, b: inner(a, b), 0.0),
        lambda: scheduled().apply(lambda s: inner(s)),
    ):
        with pytest.raises(TypeError, match=r"inner\(\) takes 0 positional arguments"):
            made()


def test_size_classes_that_take_other_shapes():
    plus = td.op(lambda x: td.compute("y", x.shape, lambda i: x[i] + 1.0), name="plus")
    plus.schedule("cpu", when=lambda: True)(lambda s, y: s)
    with pytest.raises(td.ArgumentTypeError, match="E131: plus: when= of the size class"):
        plus(np.ones(3, np.float32))


def test_an_update_says_where_its_axes_come_from():
    with pytest.raises(td.ShapeError) as caught:
        update(at=lambda i: (i,))
    assert "it takes (i): missing a required argument: 'i'" in str(caught.value)
    assert "axes are made by td.axis, and stand in over=" in str(caught.value)
    assert "try: at=(i,)" in str(caught.value)
