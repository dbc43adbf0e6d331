"""P6: vectorize, unroll and parallel(chunk=) are splits that keep the loop's name; lanes sink innermost."""

import tdsl as td


def test_names(matmul):
    s = matmul.s.vectorize("C", "i", 8).unroll("C", "i", 2)
    assert s.axes("C") == ("i", "iu", "j", "k", "iv")
    assert matmul.s.parallel("C", "i", chunk=4).axes("C") == ("i", "ic", "j", "k")


def test_a_whole_axis_is_retired():
    A = td.placeholder("A", (8, 8))
    C = td.compute("C", (8, 8), lambda i, j: A[i, j])
    s = td.schedule(C).vectorize(C, "i")
    assert s.axes(C) == ("j", "iv")
    assert s.unroll(C, "j").axes(C) == ("j", "iv")


def test_lanes_of_what_slides_along_them(blur):
    """The producer's elements are made in lanes; the reader's lanes read what others made: both lockstep and legal."""
    s = blur.s.compute_at("bx", "by", "y").vectorize("bx", "x", 8).vectorize("by", "x", 8)
    assert s.axes("bx") == ("y", "x", "xv")
