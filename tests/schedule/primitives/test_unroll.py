"""`unroll`: the whole loop, or blocks of it."""

import tdsl as td


def test_the_loops_before_and_after(blur, golden):
    golden(f"{blur.s}\n\n{blur.s.unroll(blur.by, 'x', 4)}")


def test_a_whole_loop_of_constant_extent(golden):
    A = td.placeholder("A", (6, 4))
    C = td.compute("C", (6, 4), lambda i, j: A[i, j] + 1)
    s = td.schedule(C).unroll(C, "j")
    assert s.axes(C) == ("i", "j")
    golden(str(s))


def test_a_symbolic_extent_of_an_output(matmul, told):
    assert told(lambda: matmul.s.unroll("C", "j")) == (
        "ArgumentError S125: unroll of the whole axis j of C needs a constant extent\n"
        '  here: unroll("C", "j")\n'
        "  j runs as often as sizes say when the kernel is called\n"
        '  try: unroll("C", "j", 8)'
    )


def test_a_stage_that_may_still_be_placed_is_pending(blur):
    s = blur.s.unroll("bx", "y")
    assert "bx" in "\n".join(s.pending())
    placed = s.split("by", "y", 8).compute_at("bx", "by", "yo")
    assert not any("unroll" in item for item in placed.pending())


def test_a_parallel_loop_may_be_unrolled_inside(blur):
    s = blur.s.parallel("by", "x").unroll("by", "x", 2)
    assert [(loop.name, loop.kind) for loop in s.state.stage("by").loops] == [
        ("y", "serial"), ("x", "parallel"), ("xu", "unroll"),
    ]  # fmt: skip
