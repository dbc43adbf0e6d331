"""B6: dependences through linearised subscripts are exact where every access is proved to have its parts in range."""

import numpy as np
import pytest

import tdsl as td
from tests.support.compare import check

h, w = td.size("h"), td.size("w")
F = td.placeholder("F", (h * w,), "int64")
j = td.axis("j", w)


def test_rows_are_independent_and_columns_too():
    i = td.axis("i", h)
    u = td.update("u", F, over=(i, j), at=(i * w + j,), value=lambda u: u[i * w + j] * 2)
    s = td.schedule(u).parallel(u, "i").vectorize(u, "j", 4)
    assert td.build(s)(np.arange(15), h=3, w=5).tolist() == list(range(0, 30, 2))


def test_rows_that_need_the_row_before():
    i = td.axis("i", (1, h))
    u = td.update("u", F, over=(i, j), at=(i * w + j,), value=lambda u: u[(i - 1) * w + j] + u[i * w + j])
    s = td.schedule(u)
    assert s.parallel_axes(u) == ("j",)
    with pytest.raises(td.IllegalSchedule) as caught:
        s.parallel(u, "i")
    witness = caught.value.witness
    assert (caught.value.code, witness.element, witness.sizes) == ("S202", (1,), {"h": 3, "w": 1})
    f = td.build(s.reorder(u, "j", "i").parallel(u, "j"))
    assert np.array_equal(f(np.arange(12), h=4, w=3), np.cumsum(np.arange(12).reshape(4, 3), 0).ravel())


def test_columns_that_reach_into_the_next_row_have_no_parts():
    i = td.axis("i", h)
    over = td.axis("j", (0, 2 * w))
    last = h * w - 1
    u = td.update("u", F, over=(i, over), at=(td.minimum(i * w + over, last),), value=lambda u: 1)
    with pytest.raises(td.UnprovenSchedule, match="opaque"):
        td.schedule(u).parallel(u, "i")


@pytest.mark.parametrize(
    "above", [lambda i: td.maximum(i - 1, 0), lambda i: td.clamp(i - 1, 0, h - 1)], ids=["maximum", "clamp"]
)
def test_rows_that_are_clamped(above):
    """The row before, or the first one: two reads, each under its condition, with parts of its own."""
    i = td.axis("i", h)
    last = td.minimum(j + 1, w - 1)
    u = td.update(
        "u", F, over=(i, j), at=(i * w + j,), value=lambda u: u[above(i) * w + j] + 2 * u[above(i) * w + last]
    )
    s = td.schedule(u)
    with pytest.raises(td.IllegalSchedule) as caught:
        s.parallel(u, "i")
    witness = caught.value.witness
    assert (caught.value.code, witness.element, witness.sizes) == ("S202", (0,), {"h": 2, "w": 1})
    with pytest.raises(td.IllegalSchedule, match="S202"):
        s.parallel(u, "j")
    tiled = s.skew(u, "j", by="i", into="d").tile(u, {"i": 4, "d": 4})
    assert "reassociates" not in tiled.history()
    for sizes in ({"h": 1, "w": 1}, {"h": 5, "w": 7}, {"h": 6, "w": 2}):
        check(tiled, sizes)
