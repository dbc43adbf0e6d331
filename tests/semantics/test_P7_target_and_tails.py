"""P7: a schedule has a target, the host by default; an explicit tail is kept; shift is for pure, serial loops."""

import numpy as np
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


@pytest.mark.parametrize("tail", ["guard", "mask", "peel", "shift", "pad"])
def test_an_explicit_tail_stays_whatever_its_inner_loop_becomes(blur, tail):
    tiled = blur.s.split("bx", "x", 8, tail=tail)
    for s in (tiled, tiled.vectorize("bx", "xi"), tiled.vectorize("bx", "xi", 4), tiled.unroll("bx", "xi")):
        assert f"# tail {tail}" in str(s)


def test_shift_is_for_pure_stages():
    n = td.size("n")
    x, i = td.placeholder("x", (n,)), td.axis("i", n)
    U = td.update("U", x, over=i, at=(i,), value=lambda U: U[i] * 2)
    with pytest.raises(td.ArgumentError, match="updates in place"):
        td.schedule(U).vectorize(U, "i", 8, tail="shift")


def test_shift_has_a_guarded_form_below_the_factor(blur):
    f = td.build(blur.s.vectorize("by", "x", 8, tail="shift"))
    for width in (0, 1, 7, 8, 9, 21):
        image = np.random.default_rng(width).standard_normal((5, width + 2), dtype=np.float32)
        np.testing.assert_array_equal(f(image), td.build(blur.s)(image))


def test_another_target_is_built_from_the_same_schedule(blur):
    s = td.schedule(blur.by, target="cpu:x86-64-v2").vectorize("by", "x", 8).split("by", "y", 4, tail="peel")
    assert s.target == td.Target("cpu", mcpu="x86-64-v2") and "# tail peel" in str(s)
    image = np.random.default_rng(0).standard_normal((9, 13), dtype=np.float32)
    for target in ("cpu", "interpret"):
        np.testing.assert_array_equal(td.build(s, target=target)(image), td.build(blur.s)(image))
