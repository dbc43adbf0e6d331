"""Partial tiles moved back (`shift`): only where the lanes of an iteration are elements beside one another."""

import pytest

import tdsl as td
from tests.support.compare import check


def test_lanes_farther_apart_than_the_steps_of_the_loop() -> None:
    """Lanes 4 apart in a loop by steps of one: moved back, they left elements out (wrong results)."""
    s1 = td.compute("s1", (10,), lambda i: td.cast(i + 1, "int32"))
    s2 = td.compute("s2", (8,), lambda i: s1[i + 1])
    s = td.schedule(s2).split("s1", "i", 4, into=("ix", "iy")).vectorize("s1", "ix", 4, tail="shift")
    check(s, {}, seed=0, mode="whole", environment=locals())


@pytest.mark.parametrize("length", [13, 23])
def test_blocks_of_lanes_that_a_tile_cuts(length: int) -> None:
    """Three blocks of four lanes in tiles of ten: more lanes than steps of the loop."""
    s1 = td.compute("s1", (length,), lambda i: td.cast(i + 1, "int32"))
    s = td.schedule(s1).split("s1", "i", 10, into=("io", "ii"), tail="shift")
    s = s.split("s1", "ii", 4, into=("ib", "il")).vectorize("s1", "il").unroll("s1", "ib")
    check(s, {}, seed=0, mode="whole", environment=locals())
