"""Elements picked by index, and indices that lead outside."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import agrees

rng = np.random.default_rng(7)
table = rng.standard_normal((6, 5), dtype=np.float32)


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8"])
def test_take(dtype):
    index = rng.integers(0, 5, (3, 4)).astype(dtype)
    agrees(td.ops.take, table, index)
    agrees(td.ops.take, table, index, axis=1)
    agrees(td.ops.embedding, index, table)
    agrees(td.ops.one_hot, index, 5)


def test_negative_indices_count_from_the_end():
    agrees(td.ops.take, table, np.array([-1, -6, 2]))


def test_no_indices():
    assert td.ops.take(table, np.zeros(0, int)).shape == (0, 5)


@pytest.mark.parametrize("index", [[6], [-7], [0, 3, 100]])
def test_an_index_outside(index):
    with pytest.raises(td.CallError, match="indices"):
        td.ops.take(table, np.array(index))


def test_bad_arguments():
    with pytest.raises(td.DTypeError, match="take: indices are integers"):
        td.ops.take(table, np.zeros(3, np.float32))
    with pytest.raises(td.ShapeError, match="take: axis 0 is empty"):
        td.ops.take(table[:0], np.zeros(1, int))
    with pytest.raises(td.ShapeError, match="embedding: weight is a table"):
        td.ops.embedding(np.zeros(1, int), table[0])


def test_classes_outside_give_zeros():
    assert np.array_equal(td.ops.one_hot(np.array([-1, 1, 9]), 3), [[0, 0, 0], [0, 1, 0], [0, 0, 0]])


def test_elements_along_an_axis():
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    agrees(td.ops.take_along_axis, x, np.array([[-4, 3, 0, 0, 1], [1, 1, 1, -1, 2], [0, 0, 0, 0, 3]]))
    agrees(td.ops.take_along_axis, x, np.array([[2, 0, 1, 1]], np.int32), 0)
    with pytest.raises(td.TdslError, match="outside its declared range"):
        td.ops.take_along_axis(x, np.full((3, 1), 4))
    with pytest.raises(td.TdslError, match="differ in axis 0"):
        td.ops.take_along_axis(x, np.zeros((2, 1), int))


def test_rows_added():
    x, rows = np.ones((5, 3), np.float32), np.array([0, 4, 0, 2])
    agrees(td.ops.index_add, x, rows, np.arange(12, dtype=np.float32).reshape(4, 3))
    agrees(td.ops.index_add, x[:, 0].copy(), rows, np.arange(4, dtype=np.float32))
    with pytest.raises(td.TdslError, match="are no rows for"):
        td.ops.index_add(x, rows, x)
    with pytest.raises(td.TdslError, match="outside its declared range"):
        td.ops.index_add(x, rows + 1, x[:4])
