"""Squares turned by shuffles, by applying the shuffles of the written text to numbers."""

import re

import numpy as np
import pytest

from tdsl.codegen.llvm.function import Function, Module
from tdsl.codegen.llvm.transposes import transposed


def turned(bits, count):
    """The columns of rows that hold the numbers 0 to count * count - 1, and how many shuffles that took."""
    f = Function(Module(), "f", "void", "")
    names = [f"%r{row}" for row in range(count)]
    known = {name: np.arange(count) + row * count for row, name in enumerate(names)}
    for name in names:
        f.define(name, f"<{count} x i{bits}>", 0)
    columns = transposed(f, f"i{bits}", bits, names)
    f.count(*columns)
    lines = re.findall(r"(%v\d+) = shufflevector <.*?> (%\w+), <.*?> (%\w+), <.*?> <(.*)>", f.text())
    for result, a, b, mask in lines:
        picks = [int(lane) for lane in re.findall(r"i32 (\d+)", mask)]
        known[result] = np.concatenate([known[a], known[b]])[picks]
    return np.array([known[column] for column in columns]), lines


@pytest.mark.parametrize(
    ("bits", "count"),
    [(8, 4), (8, 16), (16, 8), (16, 16), (32, 4), (32, 8), (32, 16), (64, 2), (64, 4), (64, 8)],
)
def test_rows_become_columns(bits, count):
    columns, lines = turned(bits, count)
    assert np.array_equal(columns, np.arange(count * count).reshape(count, count).T)
    assert len(lines) == count * (count.bit_length() - 1)


def test_first_steps_stay_inside_128_bits():
    """So that each is one instruction: both operands' lanes of a part of the result lie in that part."""
    _, lines = turned(32, 16)
    for _, _, _, mask in lines[:32]:
        picks = [int(lane) % 16 // 4 for lane in re.findall(r"i32 (\d+)", mask)]
        assert picks == [place // 4 for place in range(16)]
