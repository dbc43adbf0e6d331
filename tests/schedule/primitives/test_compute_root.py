"""`compute_root`: back to where every stage starts."""


def test_the_loops_before_and_after(blur, golden):
    placed = blur.s.compute_at(blur.bx, blur.by, "y")
    golden(f"{placed}\n\n{placed.compute_root(blur.bx)}")


def test_storage_comes_along(blur):
    s = blur.s.store_at("bx", "by", "y").compute_at("bx", "by", "x").compute_root("bx")
    assert s.state.stage("bx").compute is None
    assert s.state.stage("bx").store is None
    assert s.stages() == blur.s.stages()
    assert s != blur.s
