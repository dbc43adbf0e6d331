"""Seed 7614: a stage read, in the loop that both share, an element whose accumulator was copied to it after that loop."""

import pytest

import tdsl as td
from tests.support.compare import check


def program(extent):
    def total(i):
        k = td.reduce_axis("k", extent)
        return td.sum(td.cast(i + k, "float32"), over=k)

    s1 = td.compute("s1", (8,), total)

    def again(i):
        k = td.reduce_axis("k", 8)
        return td.sum(s1[i] * td.cast(k + 1, "float32"), over=k)

    return s1, td.compute("s2", (8,), again)


def test_case():
    _, s2 = program(1)
    check(td.schedule(s2).compute_with("s1", "s2", "k"), {}, seed=7614, mode="whole")


def test_a_shared_loop_of_blocks():
    _, s2 = program(2)
    s = td.schedule(s2).split("s1", "k", 2).split("s2", "k", 2).compute_with("s1", "s2", "ko")
    check(s, {}, seed=7614, mode="whole")


def test_lanes():
    _, s2 = program(2)
    s = td.schedule(s2).split("s1", "k", 2).vectorize("s1", "ki").split("s2", "k", 2)
    with pytest.raises(td.LimitError, match="L126: s1 is summed in lanes, and s2 reads it"):
        td.build(s.compute_with("s1", "s2", "ko"))
