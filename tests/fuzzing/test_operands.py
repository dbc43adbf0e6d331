"""`td.fuzz` of operators: which arrays they are tried with, and what is told where none are found."""

import numpy as np
import pytest

import tdsl as td
from tdsl.fuzzing.operands import declared


@td.op
def rmsnorm(x, w, eps=1e-6):
    k = td.reduce_axis("k", x.shape[-1])
    squares = td.compute("squares", (x.shape[0],), lambda i: td.mean(x[i, k] * x[i, k], over=k))
    return td.compute("y", x.shape, lambda i, j: x[i, j] * td.rsqrt(squares[i] + eps) * w[j])


@td.op
def repeated(x, times: int):
    return x * times


@td.op
def sizes_apart(x):
    td.check(x.ndim == 3 and x.shape[1] == 97, "rows of 97")
    return x + 1.0


def test_shapes_are_found_and_sizes_stay_symbolic():
    tensors, name = declared(rmsnorm, None)
    assert name == "rmsnorm(float32[5, 7], float32[7])"
    assert [str(extent) for extent in tensors[0].shape] == ["x_0", "x_1"]


@pytest.mark.parametrize(
    ("op", "name"),
    [
        ("softmax", "softmax(float32[5, 7])"),
        ("bitwise_and", "bitwise_and(int32[5, 7], int32[5, 7])"),
        ("logical_not", "logical_not(float32[5, 7])"),
        ("conv2d", "conv2d(float32[2, 3, 11, 13], float32[2, 3, 11, 13])"),
    ],
)
def test_dtypes_and_ranks_are_found(op, name):
    assert declared(getattr(td.ops, op), None)[1] == name


def test_arguments_of_a_call_say_which():
    x = np.zeros((2, 3), np.int16)
    assert declared(repeated, (x, 4))[1] == "repeated(int16[2, 3], 4)"
    assert declared(repeated, {"x": x, "times": 4})[1] == "repeated(x=int16[2, 3], times=4)"
    X = td.placeholder("X", (3, 4))
    (tensor,), name = declared(repeated, (X, 2))
    assert tensor.shape == (3, 4) and name == "repeated(float32[3, 4], 2)"


def refused(*given, **keywords):
    with pytest.raises(td.ArgumentTypeError, match="G131") as caught:
        td.fuzz(*given, **keywords)
    return str(caught.value)


def test_where_none_are_found_the_reason_is_told():
    text = refused(repeated)
    assert text.startswith("G131: no arrays were found that repeated takes: args= says which")
    assert "missing a required argument: 'times'" in text
    assert "rows of 97" in refused(sizes_apart)
    assert "not int" in refused(rmsnorm, args=3)
    assert "args= is for an operator" in refused(rmsnorm(*map(_matrix, "AB")), args=(3,))


def _matrix(name):
    return td.placeholder(name, (3, 4) if name == "A" else (4,))


def test_an_operator_is_fuzzed():
    report = td.fuzz(rmsnorm, seconds=100, schedules=1)
    assert report and report.schedules == 1 and report.subject == ("rmsnorm(float32[5, 7], float32[7])",)
