"""Short rows element by element as vectors: the same elements, other arrays by their own kernel, errors as ever."""

import numpy as np
import pytest

import tdsl as td
from tdsl.ops.arguments import sorted_arguments
from tdsl.ops.flattened import MANY, as_vectors

rng = np.random.default_rng(37)


def floats(*shape):
    return rng.standard_normal(shape, dtype=np.float32)


def called(op, *arrays):
    return sorted_arguments(op.name, op.signature.bind(*arrays).arguments, op.signature)


def fresh(op):
    return td.Op(op.body, name=op.name, cpu=td.schedules.pointwise, elementwise=True)


@pytest.mark.parametrize("op", [td.ops.add, td.ops.where, td.ops.exp], ids=str)
def test_elements_are_the_same(op):
    plain = td.Op(op.body, name=op.name)
    for shape in ((1000, 5), (300, 7, 3), (64, 64)):
        arrays = [floats(*shape) for _ in range(len(op.signature.parameters))]
        if op is td.ops.where:
            arrays[0] = arrays[0] > 0
        for _ in range(2):  # the second call finds its kernel by the shapes
            got = op(*arrays)
            assert got.shape == shape and np.array_equal(got, plain(*arrays))


def test_arrays_that_do_not_lie_contiguously_have_a_kernel_of_their_own():
    op, x = fresh(td.ops.add), floats(2000, 5)
    want = x + x
    views = (np.asfortranarray(x), x[::-1], np.concatenate([x, x], 1)[:, :5], x.copy())
    for view in (*views, *views):
        assert np.array_equal(op(view, view), view + view)
    assert np.array_equal(op(x, np.asfortranarray(x)), want)
    out = np.empty_like(x)
    assert op(x, x, out=out) is out and np.array_equal(out, want)


def test_numbers_stay_numbers():
    op, x = fresh(td.ops.multiply), floats(2000, 3)
    assert np.array_equal(op(x, 2.0), x * 2) and np.array_equal(op(x, 3.0), x * 3)


@pytest.mark.parametrize("shapes", [
    ((MANY, 65), (MANY, 65)), ((MANY,), (MANY,)), ((MANY // 5, 5), (MANY // 5, 5)), ((MANY, 5), (5,)), ((MANY, 5), (MANY, 1)),
    ((0, 5), (0, 5)),
])  # fmt: skip
def test_calls_that_are_not_for_vectors(shapes):
    assert as_vectors(called(td.ops.add, *(np.zeros(shape, np.float32) for shape in shapes))) is None


def test_a_call_with_vectors():
    call = as_vectors(called(td.ops.add, np.zeros((MANY, 5), np.float32), np.zeros((MANY, 5), np.float32)))
    assert call is not None and call.shapes == ((5 * MANY,), (5 * MANY,)) and call.sizes == {5 * MANY: "x_0"}


def test_errors_are_the_operators():
    with pytest.raises(td.ShapeError, match=r"add: shapes \(2000, 5\) and \(2000, 4\) do not broadcast"):
        td.ops.add(floats(2000, 5), floats(2000, 4))
    with pytest.raises(td.CallError, match="masked"):
        td.ops.exp(np.ma.masked_array(floats(2000, 5)))
