"""`separate`: full and partial tiles in loops of their own; bounds and guards are gone where tiles are full."""

import numpy as np
import pytest

import tdsl as td


def _same(separated, plain, *arrays):
    want = td.build(plain)(*arrays)
    for target in ("interpret", "cpu"):
        assert np.array_equal(td.build(separated, target=target)(*arrays), want)


def test_the_loops_before_and_after(matmul, golden):
    s = matmul.s.tile("C", {"i": 4, "j": 8}).vectorize("C", "ji").parallel("C", "io")
    golden(f"{s}\n\n{s.separate('C', 'io').separate('C', 'jo')}")


@pytest.mark.parametrize("shape", [(0, 3), (1, 1), (4, 8), (5, 17), (9, 8)])
def test_any_size(matmul, shape):
    s = matmul.s.tile("C", {"i": 4, "j": 8}).split("C", "k", 3).separate("C", "io").separate("C", "ko")
    n, m = shape
    a, b = np.arange(n * 7, dtype=np.float32).reshape(n, 7), np.arange(7 * m, dtype=np.float32).reshape(7, m)
    _same(s, matmul.s, a, b)


def test_triangles_have_partial_tiles_at_both_ends(golden):
    n = td.size("n")
    A = td.placeholder("A", (n, n))

    def between(i, j):
        k = td.reduce_axis("k", (j, i))
        return td.sum(A[i, k] * A[k, j], over=k)

    C = td.compute("C", (n, n), between)
    s = td.schedule(C).split(C, "k", 4).separate(C, "ko")
    golden(f"{s}")
    a = np.arange(169, dtype=np.float32).reshape(13, 13)
    _same(s, td.schedule(C), a)


def test_a_loop_without_partial_tiles_stays_whole():
    x = td.placeholder("x", (32,))
    y = td.compute("y", (32,), lambda i: x[i] + 1)
    s = td.schedule(y).split(y, "i", 8)
    assert str(s.separate(y, "io")) == str(s)
    n = td.size("n")
    z = td.compute("z", (n * 8,), lambda i: td.where(i > 2, 1.0, 0.0), dtype="float32")
    t = td.schedule(z).split(z, "i", 8)
    assert str(t.separate(z, "io")) == str(t)


def test_a_producer_in_a_tile(blur):
    s = (
        blur.s.tile("by", {"y": 2, "x": 4})
        .compute_at("bx", "by", "xo")
        .separate("by", "yo")
        .separate("by", "xo")
    )
    _same(s, blur.s, np.arange(108, dtype=np.float32).reshape(9, 12))


def test_tails_keep_their_names(blur):
    for tail in ("guard", "mask", "peel", "shift"):
        s = blur.s.vectorize("by", "x", 4, tail=tail).separate("by", "x")
        _same(s, blur.s, np.arange(108, dtype=np.float32).reshape(9, 12))
        assert f"tail {tail}" in str(s)


def test_a_loop_that_indexes_registers(matmul, told):
    C = matmul.s.split("C", "j", 4).split("C", "jo", 2).reorder("C", "joo", "i", "k", "joi", "ji")
    s = C.promote("C", "i").separate("C", "joi")
    with pytest.raises(td.LimitError, match="L111: loop joi of C is written out"):
        td.build(s)


def test_round_trips(blur):
    s = blur.s.split("by", "y", 4).separate("by", "yo")
    assert td.Schedule.from_json(s.to_json(), blur.by) == s
    assert eval(s.script(), {"td": td, "by": blur.by}) == s
    assert blur.s.on("by").split("y", 4).separate("yo").schedule == s


def test_no_tiles(blur, told):
    assert told(lambda: blur.s.separate("by", "y")) == (
        "ArgumentError S145: y of by is no loop over tiles\n"
        '  here: separate("by", "y")\n'
        "  full and partial tiles come of a split, whose outer loop walks them\n"
        "      for y   <-\n"
        "        for x\n"
        "          by[y, x] = …\n"
        '  try: split("by", "y", 8), then separate of its outer loop'
    )
    assert "S145" in told(lambda: blur.s.split("by", "y", 4).separate("by", "yi"))


def test_too_many_copies(told):
    A = td.placeholder("A", (9, 9, 9, 9))
    C = td.compute("C", (9, 9, 9, 9), lambda i, j, k, l: A[i, j, k, l] + 1)
    s = td.schedule(C).tile(C, {"i": 2, "j": 2, "k": 2, "l": 2})
    s = s.separate(C, "io").separate(C, "jo").separate(C, "ko")
    assert "S115" in told(lambda: s.separate(C, "lo"))
