"""`cache_write`: the whole expression moves to a new stage, the old one copies."""

import tdsl as td


def test_the_loops_before_and_after(matmul, golden):
    golden(f"{matmul.s}\n\n{matmul.s.cache_write(matmul.C, name='acc')}")


def test_all_axes_move_and_the_epilogue_with_them(matmul):
    z = td.compute("z", (matmul.m,), lambda i: td.sum(matmul.A[i, matmul.k] * 2, over=matmul.k) + 1)
    s = td.schedule(z).cache_write(z, name="acc", scope="stack")
    assert (s.axes("acc"), s.axes("z"), s.dims("acc")) == (("i", "k"), ("i",), ("i",))
    assert str(td.Expr(s.state.stage("z").stage.body[0])) == "acc[i]"
    assert s.state.stage("acc").scope == "stack"
    assert s.state.outputs == (z,)


def test_the_default_name_tells_the_scope(matmul):
    assert matmul.s.cache_write("C").stages() == ("C_heap", "C")


def test_readers_read_the_copied_stage(blur):
    s = blur.s.cache_write("bx", name="made")
    assert s.stages() == ("made", "bx", "by")


def test_loop_and_placement_directives_came_before(matmul, told):
    s = matmul.s.split("C", "i", 4)
    assert told(lambda: s.cache_write("C", name="acc")) == (
        "PlacementError S310: cache_write of C must come before its loop and placement directives\n"
        '  here: cache_write("C", name="acc")\n'
        f'  the first of them is split("C", "i", 4) at {s.steps[0].where.brief()}\n'
        "  try: cache_write first: its loops are then those of the copy"
    )


def test_what_stands_in_loops_that_only_the_update_has(told):
    n = td.size("n")
    x = td.placeholder("x", (n,), "int32")
    i = td.axis("i", n)
    base = td.compute("base", (n,), lambda d: x[d] * 2)
    P = td.compute("P", (n,), lambda p: x[p] + 1)
    U = td.update("U", base, over=i, at=(i,), value=lambda U: U[i] + P[i])
    s = td.schedule(td.compute("T", (n,), lambda t: U[t] + 1)).compute_at(P, U, "i")
    assert told(lambda: s.cache_write(U, name="W")) == (
        "PlacementError S310: cache_write of U must come before what stands in its loops\n"
        '  here: cache_write(U, name="W")\n'
        "  P is computed at i of U; U will only copy, in loops d\n"
        '  try: cache_write first, then compute_at("P", "W", "i")'
    )
    s.compute_root(P).cache_write(U, name="W").compute_at("P", "W", "i")
