"""`shift`: the same iterations in the same order under other values; splits, skews and placements follow them."""

import numpy as np

import tdsl as td


def _same(shifted, plain, *arrays):
    want = td.build(plain)(*arrays)
    for target in ("interpret", "cpu"):
        assert np.array_equal(td.build(shifted, target=target)(*arrays), want)


def test_the_loops_before_and_after(blur, golden):
    shifted = blur.s.shift("by", "y", 3).shift("by", "x", -2, into="z")
    golden(f"{blur.s}\n\n{shifted}")
    _same(shifted, blur.s, np.arange(63, dtype=np.float32).reshape(7, 9))


def test_a_block_starts_where_the_shifted_loop_starts(blur):
    v = np.arange(63, dtype=np.float32).reshape(7, 9)
    plain = td.build(blur.s.split("by", "x", 4), target="interpret")
    shifted = td.build(blur.s.shift("by", "x", 3).split("by", "x", 4), target="interpret")
    assert np.array_equal(shifted(v), plain(v))
    twice = blur.s.split("by", "x", 4).shift("by", "xi", 1).split("by", "xi", 2).vectorize("by", "xii")
    _same(twice, blur.s, v)


def test_a_split_of_a_shifted_loop_has_as_many_blocks():
    x = td.placeholder("x", (16,))
    y = td.compute("y", (16,), lambda i: x[i] + 1)
    s = td.schedule(y).shift(y, "i", 3).split(y, "i", 8)
    assert "io" in str(s) and "0 .. 2" in str(s).replace("in ", "")
    _same(s.vectorize(y, "ii"), td.schedule(y), np.arange(16, dtype=np.float32))


def test_of_a_reduction_and_of_a_stage_that_is_placed(matmul, blur):
    a = np.arange(15, dtype=np.float32).reshape(3, 5)
    s = matmul.s.shift("C", "k", 7).split("C", "k", 2).shift("C", "ko", -1).shift("C", "i", 1)
    _same(s, matmul.s, a, a.T.copy())
    lanes = matmul.s.shift("C", "k", 7).vectorize("C", "k", 4)
    _same(lanes, matmul.s.vectorize("C", "k", 4), a, a.T.copy())
    placed = blur.s.shift("by", "y", 2).compute_at("bx", "by", "y").shift("bx", "y", -4).split("bx", "y", 2)
    _same(placed, blur.s, np.arange(63, dtype=np.float32).reshape(7, 9))


def test_a_shift_before_a_skew_is_the_same_wavefront():
    n = td.size("n")
    D = td.recurrence(
        "D",
        (n, n),
        lambda D, i, j: td.where(td.all(i > 0, j > 0), D[i - 1, j] + D[i, j - 1], 1),
        dtype="int64",
    )
    s = td.schedule(D).shift(D, "i", 5).skew(D, "j", by="i", into="w").reorder(D, "w", "i").parallel(D, "i")
    assert np.array_equal(td.build(s)(n=6), td.build(td.schedule(D))(n=6))


def test_round_trips(blur):
    s = blur.s.shift("by", "y", 2, into="t").shift("by", "x", td.knob("d", [1, 2], default=2))
    assert s.steps[0].label == 'shift("by", "y", 2, into="t")'
    assert td.Schedule.from_json(s.to_json(), blur.by) == s
    assert eval(s.script(), {"td": td, "by": blur.by}) == s
    assert s.axes("by") == ("t", "x")
    assert s.history().splitlines()[0].split("  ")[2] == "exact"


def test_by_nothing(blur, told):
    assert told(lambda: blur.s.shift("by", "y", 0)) == (
        "ArgumentError S143: y of by cannot be shifted by 0\n"
        '  here: shift("by", "y", 0)\n'
        "  nothing would be shifted\n"
        "      for y   <-\n"
        "        for x\n"
        "          by[y, x] = …"
    )
    assert "S143" in told(lambda: blur.s.shift("by", "y", 2**41))


def test_by_a_size(blur, told):
    assert told(lambda: blur.s.shift("by", "y", blur.h)) == (
        "ArgumentTypeError S143: the offset of shift is a constant, not h\n"
        '  here: shift("by", "y", blur.h)\n'
        "  a loop is shifted when the schedule is made, before sizes are known\n"
        '  try: shift("by", "y", 1)'
    )


def test_partial_results_of_a_shifted_loop(matmul, told):
    assert "k was shifted" in told(lambda: matmul.s.shift("C", "k", 1).rfactor("C", "k"))
