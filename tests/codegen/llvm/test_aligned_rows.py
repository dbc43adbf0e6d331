"""Single iterations in front of blocks of rows, until rows that lie alike are aligned."""

import numpy as np
import pytest

from tdsl.codegen.llvm.entry import emit
from tdsl.target import Target
from tests.codegen.llvm.kernels import Run, array, floats, kernel, load, local, loop, number, store
from tests.codegen.llvm.test_blocked import sums


@pytest.mark.parametrize("away", [0, 4, 16, 60])
def test_long_rows_begin_where_lines_do(away):
    """Rows that are a multiple of a line long get single iterations until they are aligned."""
    n, m = 16, 1024
    memory = np.zeros(4 * n * m + 128, np.uint8)
    start = -memory.ctypes.data % 64 + away
    a = memory[start : start + 4 * n * m].view(np.float32).reshape(n, m)
    a[...] = floats(n, m)
    y = np.zeros(n, np.float32)
    run = Run(sums(16))
    assert run(a, y, n=n, m=m) == 0
    want = np.zeros(n, np.float32)
    for k in range(m):
        want = want + a[:, k]
    assert np.array_equal(y, want)
    assert "ptrtoint" in run.text


def test_rows_of_known_short_length_and_of_data_need_none():
    """40 elements a row; rows chosen by a table, which may not be read before its turn."""
    for index, extent in ((local("l"), 40), (load("T", "int64", local("l")), 1024)):
        body = store("B", (local("k"), local("l")), load("A", "float32", index, local("k")))
        arguments = [
            array("A", "float32", (16, extent)), array("T", "int64", (16,)), array("B", "float32", (extent, 16), "output")
        ]  # fmt: skip
        walk = loop("k", 0, number(extent), loop("l", 0, 16, body, "vector"))
        text = emit(kernel("rows", [], arguments, walk), Target())
        assert "ptrtoint" not in text and "shufflevector" in text


def test_rows_that_lie_differently_begin_at_once():
    """1023 elements a row: no iteration aligns them all; the results are the same."""
    a, y = floats(16, 1023), np.zeros(16, np.float32)
    assert Run(sums(16))(a, y, n=16, m=1023) == 0
    want = np.zeros(16, np.float32)
    for k in range(1023):
        want = want + a[:, k]
    assert np.array_equal(y, want)
