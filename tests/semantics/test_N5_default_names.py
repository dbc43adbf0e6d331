"""N5: default names, new names must be free, retired names say who consumed them."""

import pytest

import tdsl as td


def test_defaults(matmul):
    s = matmul.s
    assert s.split("C", "i", 8).axes("C")[:2] == ("io", "ii")
    assert s.split("C", "i", (2, 4)).axes("C")[:3] == ("i0", "i1", "i2")
    assert s.fuse("C", "i", "j").axes("C")[0] == "i_j"
    assert s.cache_read("A", "C").stages() == ("A_heap", "C")
    assert s.cache_read("A", "C", scope="stack").stages() == ("A_stack", "C")
    assert s.cache_write("C", scope="register").stages() == ("C_register", "C")


def test_into_is_outermost_first(matmul):
    assert matmul.s.split("C", "i", 8, into=("a", "b")).axes("C") == ("a", "b", "j", "k")


def test_new_names_must_be_free(matmul):
    with pytest.raises(td.ArgumentError, match="it has that axis already"):
        matmul.s.split("C", "i", 8, into=("j", "b"))


def test_a_retired_name_says_what_consumed_it_and_where(matmul):
    s = matmul.s.split("C", "i", 8)
    with pytest.raises(td.UnknownAxisError) as caught:
        s.parallel("C", "i")
    assert caught.value.why[0] == (
        f'consumed by split("C", "i", 8) at {s.steps[0].where.brief()}, which made io, ii'
    )


def test_a_skew_names_its_axis():
    n = td.size("n")
    x = td.placeholder("x", (n, n))
    y = td.compute("y", (n, n), lambda i, j: x[i, j])
    assert td.schedule(y).skew(y, "j", by="i", into="w").axes(y) == ("i", "w")
    with pytest.raises((td.TdslError, TypeError)):
        td.schedule(y).skew(y, "j", by="i")
