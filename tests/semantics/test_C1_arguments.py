"""C1, C2: arguments in order of creation or of `inputs=`; several outputs are a tuple."""

import numpy as np
import pytest

import tdsl as td


def test_placeholders_and_params_by_creation():
    b, alpha, a = td.placeholder("b", (3,)), td.param("alpha"), td.placeholder("a", (3,))
    y = td.compute("y", (3,), lambda i: a[i] * alpha - b[i])
    f = td.build(td.schedule(y))
    assert repr(f) == "<kernel y(b: float32[3], alpha: float32, a: float32[3]) -> y: float32[3] for cpu>"
    ones = np.ones(3, np.float32)
    assert (f(ones, 5.0, 2 * ones) == 9).all()
    g = td.build(td.schedule(y), inputs=[a, b, alpha])
    assert (g(2 * ones, ones, 5) == 9).all()


@pytest.mark.parametrize(
    ("inputs", "said"),
    [(("a",), "leaves out b"), (("a", "b", "c"), "names '?c"), (("a", "a"), "a twice")],
)
def test_inputs_that_are_not_the_schedules(inputs, said):
    a, b = td.placeholder("a", (3,)), td.placeholder("b", (3,))
    y = td.compute("y", (3,), lambda i: a[i] + b[i])
    with pytest.raises(td.ArgumentError, match=f"G109: inputs= .*{said}"):
        td.build(td.schedule(y), inputs=inputs)


def test_several_outputs_are_a_tuple_and_may_be_read_by_stages():
    x = td.placeholder("x", (td.size("n"),), "int32")
    twice = td.compute("twice", (td.size("n"),), lambda i: x[i] * 2)
    more = td.compute("more", (td.size("n"),), lambda i: twice[i] + 1)
    f = td.build(td.schedule(twice, more))
    values = np.arange(5, dtype=np.int32)
    first, second = f(values)
    assert (first == 2 * values).all() and (second == 2 * values + 1).all()
    given = np.empty(5, np.int32), np.empty(5, np.int32)
    assert f(values, out=given) is given and (given[1] == second).all()
    listed = list(given)
    assert f(values, out=listed) is listed
    with pytest.raises(td.CallError, match="C101: out= takes 2 arrays \\(twice, more\\), 1 were given"):
        f(values, out=given[0])
