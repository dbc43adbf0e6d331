"""`store_root`: storage for the whole kernel; the computation stays."""

from tdsl.poly.model import Place


def test_the_loops_before_and_after(blur, golden):
    placed = blur.s.compute_at(blur.bx, blur.by, "y")
    golden(f"{placed}\n\n{placed.store_root(blur.bx)}")


def test_before_or_after_the_placement(blur):
    first = blur.s.store_root("bx").compute_at("bx", "by", "y")
    second = blur.s.compute_at("bx", "by", "y").store_root("bx")
    assert first.state == second.state
    assert first.state.stage("bx").compute == Place("by", "y")
    assert first.storage("bx")["where"] == "root"
