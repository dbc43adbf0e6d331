"""An update through data, or in any order, is folded only where each element keeps a cell of its own."""

import pytest

import tdsl as td
from tests.support.compare import check


def scattered() -> tuple[td.Tensor, dict[str, object]]:
    B = td.placeholder("B", (5, 4), "int64")
    idx = td.placeholder("idx", (6,), "int32", range=(0, 5))
    x, y = td.axis("x", (0, 6)), td.axis("y", (0, 4))
    u = td.update("u", B, over=(x, y), at=(idx[x], y), value=lambda u: u[idx[x], y] + x)
    c = td.compute("c", (5, 4), lambda i, j: u[i, j] * 2)
    return c, locals()


@pytest.mark.parametrize(("dim", "factor"), [("d0", 2), ("d1", 1), ("d1", 2)])
@pytest.mark.parametrize("atomic", [False, True])
def test_cells_that_are_shared_are_refused(dim: str, factor: int, atomic: bool) -> None:
    c, _ = scattered()
    s = td.schedule(c).atomic("u") if atomic else td.schedule(c)
    with pytest.raises(td.UnprovenSchedule, match="S210"):
        s.fold("u", dim, factor)


@pytest.mark.parametrize(("dim", "factor"), [("d0", 5), ("d1", 4)])
@pytest.mark.parametrize("atomic", [False, True])
def test_cells_of_their_own_are_not(dim: str, factor: int, atomic: bool) -> None:
    c, environment = scattered()
    s = td.schedule(c).atomic("u") if atomic else td.schedule(c)
    check(s.fold("u", dim, factor), {}, environment=environment)


def test_changes_in_any_order_at_known_places() -> None:
    B = td.placeholder("B", (5, 4), "int64")
    D = td.placeholder("D", (5,), "int64")
    x, y = td.axis("x", (0, 5)), td.axis("y", (0, 4))
    at = (x // 2, y)
    u = td.update("u", B, over=(x, y), at=at, value=lambda u: td.maximum(u[at], D[x]))
    c = td.compute("c", (4, 4), lambda i, j: u[j, i])
    with pytest.raises(td.UnprovenSchedule, match="S210"):
        td.schedule(c).atomic("u").fold("u", "d1", 1)
