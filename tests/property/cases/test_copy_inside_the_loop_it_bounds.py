"""A copy of the array of bounds inside the loop that it bounds was an internal error, as was a fused loop over such terms."""

import numpy as np
import pytest

import tdsl as td


def rows() -> tuple[td.Tensor, td.Schedule]:
    n, m = td.size("n"), td.size("m")
    ptr, val = (
        td.placeholder("ptr", (n + 1,), "int64", range=(0, m + 1)),
        td.placeholder("val", (m,), "int32"),
    )

    def row(i: td.Expr) -> td.Expr:
        k = td.reduce_axis("k", (ptr[i], ptr[i + 1]))
        return td.sum(val[k], over=k)

    y = td.compute("y", (n,), row)
    return y, td.schedule(y)


def ran(s: td.Schedule) -> list[int]:
    return td.build(s)(np.array([0, 2, 2, 7]), np.arange(1, 8, dtype=np.int32)).tolist()


def test_inside_is_refused_and_outside_right() -> None:
    y, s = rows()
    copied = s.cache_read("ptr", y, name="c")
    for refused in (
        lambda: copied.compute_at("c", y, "k"),
        lambda: copied.split(y, "k", 2).compute_at("c", y, "ki"),
        lambda: copied.compute_at("c", y, "i").reorder(y, "k", "i"),
    ):
        with pytest.raises(
            td.PlacementError, match="S301: y reads c outside loop .*: it says where k starts and ends"
        ):
            refused()
    assert ran(copied.compute_at("c", y, "i")) == [3, 0, 25]


def test_fused_terms() -> None:
    y, s = rows()
    parts = s.split(y, "k", 2, into=("kx", "ky")).split(y, "ky", 2)
    assert ran(parts.fuse(y, "kx", "kyo")) == ran(s.split(y, "k", 4).fuse(y, "ko", "ki")) == [3, 0, 25]
