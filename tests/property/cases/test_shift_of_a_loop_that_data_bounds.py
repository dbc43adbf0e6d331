"""A shifted loop over terms was narrowed to the bounds that data gives its axis: wrong terms were summed."""

import numpy as np
import pytest

import tdsl as td


@pytest.mark.parametrize("by", [1, -2, 5])
def test_case(by: int) -> None:
    n, m = td.size("n"), td.size("m")
    ptr, val = (
        td.placeholder("ptr", (n + 1,), "int64", range=(0, m + 1)),
        td.placeholder("val", (m,), "int32"),
    )

    def row(i: td.Expr) -> td.Expr:
        k = td.reduce_axis("k", (ptr[i], ptr[i + 1]))
        return td.sum(val[k], over=k)

    y = td.compute("y", (n,), row)
    s = td.schedule(y)
    bounds, values = np.array([0, 2, 2, 7]), np.arange(1, 8, dtype=np.int32)
    shifted = s.shift(y, "k", by)
    schedules = (
        shifted,
        shifted.split(y, "k", 2),
        s.split(y, "k", 4).shift(y, "ki", by),
        s.split(y, "k", 4).shift(y, "ko", by),
        s.shift(y, "i", by),
    )
    for schedule in schedules:
        assert td.build(schedule)(bounds, values).tolist() == [3, 0, 25], str(schedule)
