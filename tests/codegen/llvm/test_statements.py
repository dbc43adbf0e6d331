"""Conditions, masks, lets and lazy selects against the Loop IR interpreter."""

from tdsl.dtypes import as_dtype
from tdsl.expr.node import Select, Var
from tdsl.target import Target
from tests.codegen.llvm.kernels import (
    agree,
    array,
    array_at_end_of_page,
    block,
    build,
    floats,
    kernel,
    let,
    load,
    local,
    loop,
    number,
    plus,
    rows,
    size,
    store,
    when,
)

F = "float32"
N, M = size("n"), size("m")


def test_a_select_is_lazy():
    """The branch not taken is never read: n is the whole array, i + 1 would be outside."""
    i = local("i")

    def value(x):
        return Select(
            build.lt(plus(x, 1), N), load("A", F, plus(x, 1)), build.constant(-1.0, load("A", F, x).dtype)
        )

    page = array_at_end_of_page(21)
    page[:] = floats(21)
    arguments = [array("A", F, (N,)), array("B", F, (N,), "output")]
    agree(
        kernel("lazy", ["n"], arguments, loop("i", 0, N, store("B", (i,), value(i)))), {"A": page}, {"n": 21}
    )
    agree(
        kernel("lazy", ["n"], arguments, rows(8, lambda x: store("B", (x,), value(x)))),
        {"A": page},
        {"n": 21},
    )


def test_masks_nest_and_have_two_arms():
    def body(x):
        deep = when(
            build.lt(load("A", F, x), build.constant(0.5, load("A", F, x).dtype)),
            store("B", (x,), load("A", F, x)),
            store("C", (x,), load("A", F, x)),
        )
        return when(
            build.logical_and(build.lt(x, M), build.gt(size("k"), build.ZERO)),
            deep,
            store("B", (x,), build.unary("neg", load("A", F, x))),
        )

    made = kernel(
        "arms",
        ["n", "m", "k"],
        [array("A", F, (N,)), array("B", F, (N,), "output"), array("C", F, (N,), "output")],
        rows(8, body),
    )
    for m, k in ((0, 1), (13, 1), (13, 0), (40, 1)):
        agree(made, {"A": floats(29)}, {"n": 29, "m": m, "k": k})


def test_branches_on_sizes():
    i = local("i")
    made = kernel(
        "branch",
        ["n", "m"],
        [array("A", F, (N,)), array("B", F, (N,), "output")],
        when(
            build.lt(N, M),
            loop("i", 0, N, store("B", (i,), load("A", F, i))),
            loop("i", 0, N, store("B", (i,), build.unary("neg", load("A", F, i)))),
        ),
    )
    for m in (3, 9):
        agree(made, {"A": floats(5)}, {"n": 5, "m": m}, targets=(Target(),))


def test_lets_hold_values_of_any_kind():
    v, q = Var("v", as_dtype(F), "local"), local("q")

    def body(x):
        total = store("B", (x,), build.add(v, build.cast(q, as_dtype(F))))
        return let(
            "v", load("A", F, x), let("q", build.floordiv(x, number(3)), block(store("C", (x,), v), total))
        )

    made = kernel(
        "lets",
        ["n"],
        [array("A", F, (N,)), array("B", F, (N,), "output"), array("C", F, (N,), "output")],
        rows(8, body),
    )
    agree(made, {"A": floats(21)}, {"n": 21})


def test_conditions_that_are_constants_leave_one_arm():
    lane = local("lane")
    body = when(
        build.lt(lane, number(16)),
        store("B", (lane,), load("A", F, lane)),
        store("B", (lane,), build.unary("neg", load("A", F, lane))),
    )
    made = kernel(
        "known",
        [],
        [array("A", F, (number(16),)), array("B", F, (number(16),), "output")],
        loop("lane", 0, 16, body, "vector"),
    )
    _, text = agree(made, {"A": floats(16)}, targets=(Target(),), bodies=("contiguous",))
    assert "masked" not in text and "fneg" not in text
