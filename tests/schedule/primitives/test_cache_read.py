"""`cache_read`: a copy stage between a tensor and its readers; its dims by N2."""

import tdsl as td
from tests.support.compare import check


def test_the_loops_before_and_after(matmul, golden):
    golden(f"{matmul.s}\n\n{matmul.s.cache_read(matmul.A, matmul.C, name='Ap')}")


def test_dims_are_the_axes_that_index_it(matmul):
    s = matmul.s.cache_read("A", "C", name="Ap").cache_read("B", "C", name="Bp")
    assert s.dims("Ap") == s.axes("Ap") == ("i", "k")
    assert s.dims("Bp") == ("k", "j")
    assert s.stages() == ("Ap", "Bp", "C")


def test_else_they_are_numbered(blur):
    assert blur.s.cache_read("inp", "bx").dims("inp_heap") == ("y", "d1")
    assert blur.s.cache_read("bx", "by", name="c").dims("c") == ("d0", "x")


def test_an_axis_that_indexes_two_dims_names_the_first():
    n = td.size("n")
    A = td.placeholder("A", (n, n))
    C = td.compute("C", (n,), lambda i: A[i, i])
    assert td.schedule(C).cache_read(A, C, name="c").dims("c") == ("i", "d1")


def test_only_the_named_readers_read_the_copy():
    n = td.size("n")
    A = td.placeholder("A", (n,))
    B = td.compute("B", (n,), lambda i: A[i] * 2)
    C = td.compute("C", (n,), lambda i: A[i] + B[i])
    s = td.schedule(C).cache_read(A, C, name="c")
    assert s.stages() == ("B", "c", "C")
    assert str(td.Expr(s.state.stage("C").stage.body[0])) == "c[i] + B[i]"
    assert str(td.Expr(s.state.stage("B").stage.body[0])) == "A[i] * 2.0"
    for both in (td.schedule(C).cache_read(A, name="c"), td.schedule(C).cache_read(A, (B, C), name="c")):
        assert both.stages() == ("c", "B", "C")
        assert str(td.Expr(both.state.stage("B").stage.body[0])) == "c[i] * 2.0"


def test_a_copy_can_be_copied(matmul):
    s = matmul.s.cache_read("A", "C", name="A1").cache_read("A1", "C", name="A2")
    assert s.stages() == ("A1", "A2", "C")


def test_the_readers_earlier_directives_stand(matmul):
    s = matmul.s.split("C", "i", 8).parallel("C", "io").cache_read("A", "C", name="Ap")
    assert s.axes("C") == ("io", "ii", "j", "k")


def test_what_does_not_read_it(matmul, told):
    z = td.compute("z", (matmul.m, matmul.n), lambda i, j: matmul.C[i, j] + 1)
    assert told(lambda: td.schedule(z).cache_read("A", "z")) == (
        'PlacementError S309: z does not read A\n  here: cache_read("A", "z")\n  readers of A: C'
    )


def test_no_such_tensor(matmul, told):
    assert told(lambda: matmul.s.cache_read("Q", "C")) == (
        "UnknownStageError S127: this schedule has no tensor 'Q'\n"
        '  here: cache_read("Q", "C")\n'
        "  tensors that are read: A, B"
    )
    assert told(lambda: matmul.s.cache_read("C", "C")) == (
        'UnknownStageError S127: nothing reads C\n  here: cache_read("C", "C")\n  tensors that are read: A, B'
    )


def flat(kind="float32"):
    h, w = td.size("h"), td.size("w")
    F = td.placeholder("F", (h * w,), kind)
    C = td.compute("C", (h, w), lambda i, j: td.where(i > 0, F[(i - 1) * w + j], F[j]) + F[i * w + j])
    return F, C


def test_a_linearised_dimension_is_several_of_the_copy():
    F, C = flat()
    s = td.schedule(C).cache_read(F, C, name="c")
    assert s.dims("c") == ("d0", "j") and s.storage("c")["shape"] == ("h", "w")
    assert str(td.Expr(s.state.stage("C").stage.body[0])) == "where(i > 0, c[i - 1, j], c[0, j]) + c[i, j]"
    placed = s.tile(C, {"i": 4, "j": 8}).compute_at("c", C, "jo")
    assert placed.storage("c")["shape"] == ("5", "8")
    for schedule in (
        s,
        placed,
        placed.vectorize("c", "j", 4).vectorize(C, "ji", 4),
        s.compute_at("c", C, "i"),
    ):
        check(schedule, {"h": 7, "w": 10})
        check(schedule, {"h": 1, "w": 3})


def test_the_base_of_an_update_keeps_its_shape():
    h, w = td.size("h"), td.size("w")
    F = td.placeholder("F", (h * w,), "int64")
    i, j = td.axis("i", h), td.axis("j", w)
    u = td.update("u", F, over=(i, j), at=(i * w + j,), value=lambda u: u[i * w + j] + F[i * w + w - 1 - j])
    s = td.schedule(u).cache_read(F, u, name="c")
    assert s.dims("c") == ("d0",)
    check(s, {"h": 2, "w": 3})


def test_subscripts_that_have_no_parts_are_copied_whole():
    h, w = td.size("h"), td.size("w")
    F = td.placeholder("F", (h * w,))
    C = td.compute("C", (h, w), lambda i, j: F[i * w + j] + F[td.clamp(i + j, 0, h * w - 1)])
    s = td.schedule(C).cache_read(F, C, name="c")
    assert s.dims("c") == ("d0",)
    check(s.compute_at("c", C, "i"), {"h": 3, "w": 2})
