"""P2: a placed stage computes the exact union of what its readers inside the loop read; readers first; no outputs."""

import pytest

import tdsl as td


def test_the_exact_region(blur):
    s = blur.s.tile("by", {"y": 8, "x": 16}).compute_at("bx", "by", "xo")
    assert s.storage("bx")["shape"] == ("10", "16")


def test_a_strided_reader_needs_only_what_it_reads():
    n = td.size("n")
    A = td.placeholder("A", (4 * n,))
    P = td.compute("P", (4 * n,), lambda i: A[i] * 2)
    S = td.compute("S", (n,), lambda i: P[4 * i])
    assert td.schedule(S).split(S, "i", 8).compute_at(P, S, "ii").storage(P)["shape"] == ("1",)


def test_its_loops_are_its_declared_axes(blur):
    assert blur.s.compute_at("bx", "by", "y").axes("bx") == ("y", "x")


def test_storage_moves_along_unless_it_stands_further_out(blur):
    assert blur.s.compute_at("bx", "by", "y").storage("bx")["where"] == "y of by"
    assert blur.s.store_root("bx").compute_at("bx", "by", "y").storage("bx")["where"] == "root"


def test_every_reader_lies_inside_directly_or_through_stages_placed_there(blur):
    z = td.compute("z", (blur.h, blur.w), lambda y, x: blur.by[y, x] + blur.bx[y, x])
    s = td.schedule(z)
    with pytest.raises(td.PlacementError) as caught:
        s.compute_at(blur.bx, z, "y")
    assert caught.value.why == ("reader by is computed at root", "reader z is computed at root, inside")
    assert s.compute_at(blur.by, z, "y").compute_at(blur.bx, z, "y").stages() == ("bx", "by", "z")


def test_a_tuple_is_placed_readers_first(blur):
    z = td.compute("z", (blur.h, blur.w), lambda y, x: blur.by[y, x] * 2)
    s = td.schedule(z)
    both = s.compute_at((blur.bx, blur.by), z, "y")
    assert both == s.compute_at(blur.by, z, "y").compute_at(blur.bx, z, "y")


def test_outputs_stay_outside(blur):
    with pytest.raises(td.PlacementError, match="is an output"):
        td.schedule(blur.by, blur.bx).compute_at(blur.bx, blur.by, "y")


def test_readers_in_two_places_have_a_clone_each(blur):
    other = td.compute("other", (blur.h, blur.w), lambda y, x: blur.bx[y, x] * 2)
    s = td.schedule(blur.by, other)
    with pytest.raises(td.PlacementError, match="reads bx outside loop y of by"):
        s.compute_at("bx", "by", "y")
    s = s.clone("bx", "other", name="mine").compute_at("bx", "by", "y").compute_at("mine", "other", "x")
    assert s.axes("mine") == ("y", "x")


def test_what_a_loop_does_not_change_moves_out_of_it():
    n = td.size("n")
    x, A = td.placeholder("x", (n,)), td.placeholder("A", (n, n))
    y = td.compute("y", (n, n), lambda i, j: A[i, j] / td.sqrt(x[i]))
    assert td.schedule(y).hoist(y, "j", name="root").axes("root") == ("i",)
