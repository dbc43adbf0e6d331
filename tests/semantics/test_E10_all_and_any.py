"""E10: td.all and td.any combine conditions; with `over=` they reduce; what names the wrong one is told which."""

import numpy as np
import pytest

import tdsl as td
from tests.support.compare import check

x = td.placeholder("x", (5, 7), "int32")
k = td.reduce_axis("k", 7)


def test_combining():
    y = td.compute("y", (5, 7), lambda i, j: td.all(x[i, j] > 0, i < j, td.any(x[i, j] > 2, j > 4)))
    check(td.schedule(y), {})
    check(td.schedule(y).vectorize(y, "j", 4), {})
    constants = td.compute("c", (), lambda: td.all(True, True) & td.all() & td.any(False, True) & ~td.any())
    assert td.build(td.schedule(constants))() == np.True_


def test_reducing():
    y = td.compute(
        ("every", "some"), (5,), lambda i: (td.all(x[i, k] > 0, over=k), td.any(x[i, k] > 5, over=k))
    )
    for schedule in (
        td.schedule(*y),
        td.schedule(*y).vectorize(y[0], "k", 4),
        td.schedule(*y).vectorize(y[0], "i", 4),
    ):
        check(schedule, {}, mode="whole")


def test_wrong_uses():
    for call in (
        lambda: td.all(x[0, 0], x[0, 1] > 0),
        lambda: td.any(x[0, k], over=k),
        lambda: td.all(1, 2),
        lambda: td.where(x[0, 0], 1, 2),
    ):
        with pytest.raises(td.DTypeError, match="E207"):
            call()
    with pytest.raises(td.ArgumentTypeError, match="E116"):
        td.all(x[0, k] > 0, x[1, k] > 0, over=k)
    with pytest.raises(td.ArgumentTypeError, match=r"td.maximum\(a, b\)"):
        td.max(x[0, 0], x[0, 1])
    with pytest.raises(td.BoolError, match=r"td.all\(0 <= i, i < n\)"):
        td.compute("y", (5,), lambda i: td.where(0 <= i < 3, 1, 2))
    with pytest.raises(td.BoolError, match="td.where"):
        max(x[0, 0], x[0, 1])
