"""P3: `store_at` moves a computation that stands outside; loops between storage and computation run in order."""

import pytest

import tdsl as td
from tdsl.poly.model import Place


def test_the_computation_moves_in(blur):
    s = blur.s.store_at("bx", "by", "y")
    assert s.state.stage("bx").compute == Place("by", "y")


def test_store_root_keeps_it_and_a_later_compute_at_keeps_the_storage(blur):
    s = blur.s.store_root("bx")
    assert s.state.stage("bx").compute is None
    assert s.compute_at("bx", "by", "x").state.stage("bx").store == "root"


def test_reuse_is_exact(blur):
    s = blur.s.split("by", "y", 32).store_at("bx", "by", "yo").compute_at("bx", "by", "yi")
    assert s.storage("bx")["shape"] == ("34", "w")
    assert s.min_fold("bx", "y") == 3


def test_the_loops_between_may_not_run_in_parallel(blur):
    s = blur.s.split("by", "y", 32).store_at("bx", "by", "yo").compute_at("bx", "by", "yi")
    with pytest.raises(td.IllegalSchedule, match="bx is kept outside yi and made inside it"):
        s.parallel("by", "yi")
    assert s.parallel("by", "yo").parallel_axes("by") == ("yo", "x")
