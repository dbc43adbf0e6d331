"""Seed 4234: isl's closure left out what is made from elements where a fact divides a size, and called it exact."""

import pytest

import tdsl as td
from tdsl.poly import library as isl
from tdsl.poly.closure import is_closed, reached
from tdsl.poly.isl import context
from tests.support.compare import check


@pytest.mark.parametrize("count", [0, 2, 4, 8])
@pytest.mark.parametrize("ahead", [False, True])
def test_case(count, ahead):
    n = td.size("n")
    A = td.placeholder("A", (2 * n + 2,), "float32")
    x = td.axis("x", (0, 2 * n + 2))
    s1 = td.update(
        "s1", A, over=(x,), at=(x // 2,),
        value=lambda s1: td.where(x + x < 2 * n + 2, s1[x + x], td.cast(-1.0, "float32")),
    )  # fmt: skip
    s2 = td.compute("s2", (n,), lambda i: td.minimum(s1[2 * i], s1[i % 3]))
    s = td.schedule(s2).compute_at("s1", "s2", "i")
    s = (s.double_buffer("s1") if ahead else s).assume(n % 2 == 0)
    check(s, {"n": count}, seed=4234, mode="whole")


def test_a_divided_parameter():
    step = isl.Map.read_from_str(
        context(),
        "[n] -> { [i] -> [o] : n mod 2 = 0 and o mod 2 = 0 and 4i <= o <= 4i + 2 and 0 <= o <= 2n }",
    )
    within = isl.Set.read_from_str(context(), "[n] -> { [i] : 0 <= i <= 2n + 1 }")
    needed = isl.Map.read_from_str(context(), "[n] -> { [i] -> [2i] : n mod 2 = 0 and 0 <= i < n }")
    found, _ = reached(needed, step)
    assert is_closed(found.intersect_range(within), step, within)
    assert not is_closed(needed, step, within)
