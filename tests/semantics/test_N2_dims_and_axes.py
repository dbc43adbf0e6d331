"""N2: storage directives name dims, which never change; loop directives name axes, the loops as they now stand."""

import pytest

import tdsl as td


def test_dims_never_change_and_axes_do(matmul):
    s = matmul.s.split("C", "i", 8).reorder("C", "k", "io")
    assert s.dims("C") == ("i", "j")
    assert s.axes("C") == ("k", "ii", "j", "io")


def test_storage_directives_name_dims(blur):
    s = blur.s.split("bx", "y", 4).store_root("bx").compute_at("bx", "by", "y")
    assert s.fold("bx", "y", 3).storage("bx")["dims"] == ("y", "x")
    with pytest.raises(td.UnknownAxisError):
        s.fold("bx", "yi", 3)
    with pytest.raises(td.UnknownAxisError):
        s.split("bx", "y", 4)


def test_dims_of_a_copy_are_the_plain_axes_of_its_reads(matmul, blur):
    assert matmul.s.cache_read("A", "C", name="c").dims("c") == ("i", "k")
    assert blur.s.cache_read("bx", "by", name="c").dims("c") == ("d0", "x")


def test_dims_of_recurrences_and_updates():
    n = td.size("n")
    x = td.placeholder("x", (n, n))
    h = td.recurrence("h", (n, n), lambda h, t, j: td.where(t > 0, h[t - 1, j], 0.0) + x[t, j])
    k, i = td.axis("k", n), td.axis("i", n)
    u = td.update("u", h, over=(k, i), at=(i, k), value=lambda u: u[i, k] * 2)
    s = td.schedule(u)
    assert s.dims(h) == ("t", "j") and s.dims(u) == ("t", "j") and s.axes(u) == ("k", "i")
    v = td.update("v", x, over=(k, i), at=(i, k), value=lambda v: v[i, k] * 2)
    assert td.schedule(v).dims(v) == ("i", "k")
    w = td.update("w", x, over=(k,), at=(n - 1 - k, k), value=lambda w: w[k, k] * 2)
    assert td.schedule(w).dims(w) == ("d0", "d1")
