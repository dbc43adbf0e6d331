"""P11: heap, stack and register on every target; the rest belongs to CUDA."""

import pytest

import tdsl as td


@pytest.mark.parametrize("scope", ["heap", "stack", "register"])
def test_scopes_of_every_target(blur, scope):
    s = blur.s.tile("by", {"y": 4, "x": 8}).compute_at("bx", "by", "xo").scope("bx", scope)
    assert s.storage("bx")["scope"] == scope


@pytest.mark.parametrize("scope", ["shared", "local"])
def test_scopes_of_cuda(blur, scope):
    s = blur.s.tile("by", {"y": 4, "x": 8}).compute_at("bx", "by", "xo").scope("bx", scope)
    assert s.storage("bx")["scope"] == scope
    with pytest.raises(td.TargetError, match="G143: this schedule is for a GPU"):
        td.build(s)


def test_fragments_are_not_there_yet(blur):
    with pytest.raises(td.ArgumentError, match="scope is one of .* not 'fragment'"):
        blur.s.scope("bx", "fragment")


def test_capacity_is_pending_until_the_place_is_final(blur):
    s = blur.s.scope("bx", "stack")
    assert s.pending() != ()
    assert "pending:" in str(s)
