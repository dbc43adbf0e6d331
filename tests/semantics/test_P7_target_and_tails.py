"""P7: a schedule has a target, the host by default; an explicit tail is kept; shift is for pure, serial loops."""

import pytest

import tdsl as td


def test_the_target(blur):
    assert blur.s.target == td.Target()
    assert td.schedule(blur.by, target="interpret").split("by", "y", 8).target == td.Target("interpret")


def test_a_tail_is_kept_with_its_loop(blur):
    s = blur.s.split("by", "y", 8, tail="guard").vectorize("by", "x", 8, tail="mask")
    assert s.state.stage("by").tails == (("yi", "guard"), ("xv", "mask"))


def test_shift(blur, matmul):
    assert blur.s.vectorize("by", "x", 8, tail="shift").state.stage("by").tails == (("xv", "shift"),)
    with pytest.raises(td.ArgumentError, match="is a reduction"):
        matmul.s.vectorize("C", "j", 8, tail="shift")
    with pytest.raises(td.ArgumentError, match="runs in parallel"):
        blur.s.parallel("by", "x").vectorize("by", "x", 8, tail="shift")
    with pytest.raises(td.ArgumentError, match="overlaps"):
        blur.s.split("by", "x", 8, tail="shift").parallel("by", "xo")
