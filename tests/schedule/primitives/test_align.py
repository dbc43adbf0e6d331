"""`align`: rows of an array are allocated to a multiple of elements; values stay where they are."""

import numpy as np

import tdsl as td


def _same(aligned, plain, *arrays):
    want = td.build(plain)(*arrays)
    for target in ("interpret", "cpu"):
        assert np.array_equal(td.build(aligned, target=target)(*arrays), want)


def test_the_loops_and_storage(blur, golden):
    s = blur.s.align("bx", "x", 16)
    golden(f"{s}\n\n{s.compute_at('bx', 'by', 'y')}")
    found = s.storage("bx")
    assert found["shape"] == found["physical"] == ("h + 2", "w")
    assert found["allocated"] == ("h + 2", "(w + 15) // 16 * 16")
    _same(s, blur.s, np.arange(63, dtype=np.float32).reshape(7, 9))


def test_with_folds_tails_and_places(blur):
    v = np.arange(108, dtype=np.float32).reshape(9, 12)
    s = (
        blur.s.store_root("bx")
        .compute_at("bx", "by", "y")
        .fold("bx", "y", 4)
        .align("bx", "x", 8)
        .align("bx", "y", 3)
    )
    _same(s, blur.s, v)
    assert s.storage("bx")["allocated"][0] == "6"
    _same(blur.s.vectorize("bx", "x", 4, tail="pad").align("bx", "x", 16).vectorize("by", "x", 8), blur.s, v)
    _same(blur.s.tile("by", {"y": 2, "x": 4}).compute_at("bx", "by", "xo").align("bx", "x", 16), blur.s, v)


def test_an_update_does_not_overwrite_an_aligned_base():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    p = td.compute("p", (n,), lambda i: x[i] * 2)
    i = td.axis("i", n)
    U = td.update("U", p, over=i, at=(i,), value=lambda U: U[i] + 1)
    y = td.compute("y", (n,), lambda i: U[i] * 2)
    s = td.schedule(y)
    _same(s.align(p, "i", 8), s, np.arange(5, dtype="f"))
    _same(s.align(U, "i", 8), s, np.arange(5, dtype="f"))


def test_round_trips(blur):
    s = blur.s.align("bx", "x", td.knob("a", [8, 16], default=16))
    assert td.Schedule.from_json(s.to_json(), blur.by) == s
    assert eval(s.script(), {"td": td, "by": blur.by}) == s
    assert s.set(a=8).storage("bx")["allocated"] == ("h + 2", "(w + 7) // 8 * 8")
    assert blur.s.on("bx").align("x", 4).schedule == blur.s.align("bx", "x", 4)
    assert "exact" in s.history()


def test_what_cannot_be_aligned(blur, told):
    assert told(lambda: blur.s.align("by", "x", 16)) == (
        "PlacementError S314: by is an output: its array is the caller's\n"
        '  here: align("by", "x", 16)\n'
        '  try: cache_write("by", name="…") and align the copy'
    )
    s = blur.s.align("bx", "x", 16)
    assert "S335" in told(lambda: s.align("bx", "x", 8))
    assert "S335" in told(lambda: s.layout("bx", lambda y, x: (x, y)))
    assert "S335" in told(lambda: blur.s.layout("bx", lambda y, x: (x, y)).align("bx", "x", 8))
    assert "S107" in told(lambda: blur.s.align("bx", "z", 8))
    assert "S108" in told(lambda: blur.s.align("bx", "x", 0))
    assert "S115" in told(lambda: blur.s.align("bx", "x", 2**21))
