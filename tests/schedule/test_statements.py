"""What the polyhedral layer is told about a stage."""

import tdsl as td
from tdsl.expr.printer import text
from tdsl.schedule.statements import accumulator, statements_of


def shown(access):
    index = ", ".join("?" if node is None else text(node) for node in access.index)
    return f"{access.tensor}[{index}]" + "".join(f" if {text(node)}" for node in access.guard)


def test_a_pure_stage_is_one_statement(blur):
    (statement,) = statements_of(blur.by.producer)
    assert (statement.role, statement.axes) == ("assign", ("y", "x"))
    assert [shown(read) for read in statement.reads] == ["bx[y, x]", "bx[y + 1, x]", "bx[y + 2, x]"]
    assert [text(node) for node in statement.domain] == ["y >= 0", "y < h", "x >= 0", "x < w"]


def test_a_bare_reduction_is_two(matmul):
    init, update = statements_of(matmul.C.producer)
    assert (init.role, init.axes, init.reads) == ("init", ("i", "j"), ())
    assert (update.axes, update.reduction_axes, update.exact) == (("i", "j", "k"), ("k",), False)
    assert [shown(write) for write in (*init.writes, *update.writes)] == ["C[i, j]", "C[i, j]"]
    assert accumulator(matmul.C.producer) == "C"


def test_an_epilogue_is_a_third():
    n = td.size("n")
    A, b = td.placeholder("A", (n, n), "int32"), td.placeholder("b", (n,), "int32")
    k = td.reduce_axis("k", n)
    C = td.compute("C", (n,), lambda i: td.sum(A[i, k], over=k) + b[i])
    init, update, finish = statements_of(C.producer)
    assert [shown(write) for write in (*init.writes, *update.writes, *finish.writes)] == [
        "C.accumulator[i]", "C.accumulator[i]", "C[i]",
    ]  # fmt: skip
    assert {shown(read) for read in finish.reads} == {"C.accumulator[i]", "b[i]"}
    assert update.exact


def test_branches_guard_their_reads():
    n = td.size("n")
    V = td.placeholder("V", (n,))
    C = td.compute("C", (n,), lambda i: td.where(i + 1 < n, V[td.minimum(i + 1, n - 1)], V[i]))
    reads = {shown(read) for read in statements_of(C.producer)[0].reads}
    assert reads == {"V[min(i + 1, n - 1)] if n > i + 1", "V[i] if n <= i + 1"}


def test_conditions_on_data_guard_nothing():
    n = td.size("n")
    V = td.placeholder("V", (n,))
    C = td.compute("C", (n,), lambda i: td.where(V[i] > 0, V[i], 0.0))
    assert [shown(read) for read in statements_of(C.producer)[0].reads] == ["V[i]"]


def test_a_data_dependent_subscript_has_its_range():
    n = td.size("n")
    V = td.placeholder("V", (n,))
    at = td.placeholder("at", (n,), "int64", range=(0, n))
    C = td.compute("C", (n,), lambda i: V[at[i]])
    reads = statements_of(C.producer)[0].reads
    assert [shown(read) for read in reads] == ["at[i]", "V[?]"]
    (place, lower, upper) = reads[1].opaque[0]
    assert (place, text(lower), text(upper), reads[1].opaque_text) == (0, "0", "n", "V[at[i]]")


def test_a_guarded_reduction_runs_where_it_is_read():
    n = td.size("n")
    A = td.placeholder("A", (n, n))
    k = td.reduce_axis("k", n)
    C = td.compute("C", (n,), lambda i: td.where(i > 0, td.sum(A[td.maximum(i - 1, 0), k], over=k), 0.0))
    update = statements_of(C.producer)[1]
    assert text(update.domain[-1]) == "i > 0"
