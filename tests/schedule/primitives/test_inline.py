"""`inline`: the expression in place of every read."""

import tdsl as td


def test_the_loops_before_and_after(blur, golden):
    golden(f"{blur.s}\n\n{blur.s.inline(blur.bx)}")


def test_readers_of_readers(blur):
    last = td.compute("z", (blur.h, blur.w), lambda y, x: blur.by[y, x] * 2)
    s = td.schedule(last).inline((blur.bx, blur.by))
    assert s.stages() == ("z",)
    assert [step.stage for step in s.steps] == ["by", "bx"]


def test_a_domain_and_its_fill_come_along():
    n = td.size("n")
    A = td.placeholder("A", (n, n))
    T = td.compute("T", (n, n), lambda i, j: A[i, j] * 2, where=lambda i, j: j <= i, fill=-1.0)
    R = td.compute("R", (n, n), lambda i, j: T[j, i] + 1)
    body = td.schedule(R).inline(T).state.stage("R").stage.body[0]
    assert str(td.Expr(body)) == "where(i <= j, A[j, i] * 2.0, -1.0) + 1.0"


def test_a_reduction(matmul, told):
    z = td.compute("z", (matmul.m, matmul.n), lambda i, j: matmul.C[i, j] + 1)
    assert told(lambda: td.schedule(z).inline("C")) == (
        "PlacementError S306: C is a reduction over k: it cannot be inlined\n"
        '  here: inline("C")\n'
        "  every reader would run the whole reduction again inside its expression\n"
        '  try: compute_at("C", "z", "j")'
    )


def test_an_output(blur, told):
    assert told(lambda: blur.s.inline("by")) == (
        "PlacementError S302: by is an output: its array is asked for, so it cannot be inlined\n"
        '  here: inline("by")\n'
        "  try: inline what by reads"
    )


def test_directives_of_its_own_are_not_dropped(blur, told):
    s = blur.s.split("bx", "y", 8)
    assert told(lambda: s.inline("bx")) == (
        "PlacementError S307: bx has directives of its own, which inlining would drop\n"
        '  here: inline("bx")\n'
        f'  split("bx", "y", 8) at {s.steps[0].where.brief()}\n'
        "  try: inline it first, or leave those steps out: s.without(step)"
    )


def test_an_inlined_stage_has_no_loops(blur, told):
    s = blur.s.inline("bx")
    assert told(lambda: s.parallel("bx", "y")) == (
        "UnknownStageError S103: bx has no loops of its own: it was inlined\n"
        '  here: parallel("bx", "y")\n'
        f'  by inline("bx") at {s.steps[0].where.brief()}\n'
        "  try: leave that step out: s.without(step)"
    )


def test_names_that_would_meet(told):
    n, k = td.size("n"), td.size("k", min=1)
    A = td.placeholder("A", (n, k))
    E = td.compute("E", (n,), lambda i: A[i, k - 1] * 2)
    R = td.compute("R", (n,), lambda i: E[i] + 1)
    s = td.schedule(R).split("R", "i", 4, into=("k", "ki"))
    assert told(lambda: s.inline("E")) == (
        "PlacementError S308: k is an axis of R and a size in E: they would meet\n"
        '  here: inline("E")\n'
        "  try: another name for the axis of R"
    )
