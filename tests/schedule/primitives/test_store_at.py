"""`store_at`: storage at a loop; computed outside it, the computation moves along (P3)."""

from tdsl.poly.model import Place


def test_the_loops_before_and_after(blur, golden):
    strips = blur.s.split(blur.by, "y", 32)
    slid = strips.store_at(blur.bx, blur.by, "yo").compute_at(blur.bx, blur.by, "yi")
    golden(f"{strips}\n\n{slid}")


def test_the_computation_moves_in(blur):
    entry = blur.s.split("by", "y", 8).store_at("bx", "by", "yo").state.stage("bx")
    assert entry.compute == entry.store == Place("by", "yo")


def test_a_deeper_computation_stays(blur):
    s = blur.s.split("by", "y", 8).compute_at("bx", "by", "yi").store_at("bx", "by", "yo")
    assert s.state.stage("bx").compute == Place("by", "yi")
    assert s.state.stage("bx").store == Place("by", "yo")


def test_a_later_compute_at_keeps_the_storage_or_moves_it_out(blur):
    s = blur.s.split("by", "y", 8).store_at("bx", "by", "yi")
    assert s.compute_at("bx", "by", "x").state.stage("bx").store == Place("by", "yi")
    outer = s.compute_at("bx", "by", "yo").state.stage("bx")
    assert (outer.compute, outer.store) == (Place("by", "yo"), None)


def test_readers_must_be_inside(matmul, told):
    s = matmul.s.cache_read("A", "C", name="Ap").cache_write("C", name="acc")
    assert told(lambda: s.store_at("Ap", "C", "i")).startswith(
        "PlacementError S301: acc reads Ap outside loop i of C"
    )
