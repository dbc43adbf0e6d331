"""`fold`: a circular buffer that keeps every value until its last reader had it."""

import pytest

import tdsl as td


def slid(blur):
    return blur.s.store_root("bx").compute_at("bx", "by", "y")


def test_the_loops_before_and_after(blur, golden):
    golden(f"{slid(blur)}\n\n{slid(blur).fold('bx', 'y', 3)}")


def test_the_smallest_legal_fold(blur, told):
    s = slid(blur)
    assert s.min_fold("bx", "y") == 3
    assert s.fold("bx", "y", 3).storage("bx")["shape"] == ("3", "w")
    assert told(lambda: s.fold("bx", "y", 2)) == (
        "IllegalSchedule S203: fold would overwrite bx before its last read\n"
        '  here: fold("bx", "y", 2)\n'
        "  a value of bx is overwritten by bx before by has read it\n"
        "  by at y=0, x=0 reads bx[0, 0], whose place bx at y=2, x=0 has taken   (h=1, w=1)\n"
        "      for y\n"
        "        for x\n"
        "          bx[y, x] = …\n"
        '  try: fold("bx", "y", 3): the smallest legal one\n'
        "   or: assume(h <= 0 or w <= 0): then it is legal"
    )


def test_the_lost_write_is_in_the_witness(blur):
    with pytest.raises(td.IllegalSchedule) as caught:
        slid(blur).fold("bx", "y", 2)
    witness = caught.value.witness
    assert witness is not None
    assert witness.iterations == ({"y": 0, "x": 0}, {"y": 2, "x": 0})
    assert witness.lost == {"y": 0, "x": 0}


def test_a_dim_that_never_folds(blur, told):
    assert "no fold of x up to 64 keeps what is still read" in told(lambda: slid(blur).fold("bx", "x", 2))


def test_a_dim_once(blur, told):
    s = slid(blur).fold("bx", "y", 4)
    assert told(lambda: s.fold("bx", "y", 3)) == (
        "PlacementError S315: dim y of bx is folded already\n"
        '  here: fold("bx", "y", 3)\n'
        f'  by fold("bx", "y", 4) at {s.steps[-1].where.brief()}\n'
        "  try: s.replace(step, factor=…)"
    )


def test_an_output(blur, told):
    assert told(lambda: blur.s.fold("by", "y", 4)) == (
        "PlacementError S314: by is an output: every element of its array is asked for\n"
        '  here: fold("by", "y", 4)\n'
        '  try: cache_write("by", name="…") and fold the copy'
    )


def test_with_a_layout(blur, told):
    s = slid(blur).layout("bx", lambda y, x: (x, y))
    assert told(lambda: s.fold("bx", "y", 4)).startswith(
        "PlacementError S316: bx has a layout; a fold and a layout together are not supported"
    )
