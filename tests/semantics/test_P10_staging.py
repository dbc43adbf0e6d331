"""P10: cache_read adds a root stage, cache_write splits a stage, rfactor keeps partial results in a new first dim."""

import pytest

import tdsl as td


def test_cache_read_leaves_the_readers_directives(matmul):
    s = matmul.s.split("C", "i", 8).parallel("C", "io").cache_read("A", "C", name="Ap")
    assert s.axes("C") == ("io", "ii", "j", "k")
    assert s.state.stage("Ap").compute is None


def test_cache_write_takes_the_whole_value_and_all_axes(matmul):
    z = td.compute("z", (matmul.m,), lambda i: td.sum(matmul.A[i, matmul.k], over=matmul.k) * 2 + 1)
    s = td.schedule(z).cache_write(z, name="acc")
    assert (s.axes("acc"), s.axes("z")) == (("i", "k"), ("i",))
    with pytest.raises(td.PlacementError):
        td.schedule(z).parallel(z, "i").cache_write(z, name="acc")


def test_rfactor(matmul):
    s = matmul.s.split("C", "k", 8).rfactor("C", "ki", name="part")
    assert s.dims("part") == ("ki", "i", "j")
    assert s.axes("part") == ("ki", "i", "j", "ko")
    assert s.axes("C") == ("i", "j", "ki")
