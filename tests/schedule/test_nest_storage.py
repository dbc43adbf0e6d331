"""Where tensors live: boxes of placed stages, folds, layouts, scopes, padding."""

import pytest

import tdsl as td
from tdsl.expr.printer import text
from tdsl.schedule.nest_build import build_nest


def storage(schedule, name):
    (found,) = [one for one in build_nest(schedule.state).storage if one.tensor == name]
    return found


def extents(schedule, name):
    return tuple(text(node) for node in storage(schedule, name).extents)


def test_root_storage_is_the_whole_tensor(blur):
    assert extents(blur.s, "bx") == ("h + 2", "w")


def test_tile_storage_is_the_exact_box(blur):
    s = blur.s.tile("by", {"y": 8, "x": 16}).compute_at("bx", "by", "xo")
    assert extents(s, "bx") == ("10", "16")
    assert [text(node) for node in storage(s, "bx").lower] == ["yo * 8", "xo * 16"]


def test_fold_keeps_its_rows(blur):
    s = blur.s.split("by", "y", 8).store_at("bx", "by", "yo").compute_at("bx", "by", "yi").fold("bx", "y", 4)
    assert extents(s, "bx") == ("4", "w")


def test_layout_rounds_its_extents_up(matmul):
    s = matmul.s.cache_read(matmul.A, "C", name="Ap").layout("Ap", lambda i, k: (i // 8, k, i % 8))
    assert extents(s, "Ap") == ("(m + 7) // 8", "p", "8")


def test_outputs_are_the_callers(matmul):
    assert storage(matmul.s, "C").argument


def test_padded_scratch_is_longer(blur):
    s = blur.s.vectorize("bx", "x", 8, tail="pad")
    assert extents(s, "bx") == ("h + 2", "w + 7")


def test_outputs_cannot_be_padded(blur):
    with pytest.raises(td.LimitError, match="L109"):
        build_nest(blur.s.vectorize("by", "x", 8, tail="pad").state)
