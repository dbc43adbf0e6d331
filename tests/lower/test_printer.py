"""The text of Loop IR: one golden kernel with every construct, and parts shared before text grows."""

from __future__ import annotations

from collections.abc import Callable

from tdsl.dtypes import DTYPES
from tdsl.expr.build import add, cast, compare, floordiv, fma, logical_and, lt, mod, mul, select, sub, unary
from tdsl.expr.node import INT64, Binary, Load, Node, Var, const, index_const, size_var
from tdsl.lower.ir import (
    Allocate,
    ArrayArgument,
    Block,
    For,
    If,
    Kernel,
    Let,
    ScalarArgument,
    Statement,
    Store,
)  # fmt: skip
from tdsl.lower.parser import parse_kernel
from tdsl.lower.printer import kernel_text, statement_text

FLOAT = DTYPES["float32"]
N = size_var("n")


def local(name: str) -> Var:
    return Var(name, INT64, "local")


def load(buffer: str, *index: Node) -> Load:
    return Load(buffer, FLOAT, index)


def number(value: int) -> Node:
    return index_const(value)


def every_construct() -> Kernel:
    """A matrix product by tiles of 2 x 8 in registers, written out by hand; rows are found through `row`."""
    io, jo, k, jv, iu = (local(name) for name in ("io", "jo", "k", "C.jv", "iu"))
    i, j = add(mul(io, number(2)), iu), add(mul(jo, number(8)), jv)
    point: tuple[Node, ...] = (iu, jv)
    acc = Load("C.tile", FLOAT, point)
    row = cast(Load("row", DTYPES["int32"], (local("i"),)), "int64")
    term = fma(load("A", row, k), load("packed", k, jv), acc, contracted=True)

    def tile(body: Statement) -> Statement:
        return For("iu", number(0), number(2), "unroll", For("C.jv", number(0), number(8), "vector", body))

    guarded = If(lt(local("i"), N), Store("C.tile", point, term), tail="guard")
    scaled = mul(Var("alpha", FLOAT, "param"), acc)
    stored = If(
        logical_and(lt(i, N), lt(j, N)),
        Store("C", (i, j), select(compare("ge", scaled, const(0.0, FLOAT)), scaled, unary("neg", scaled))),
        Block(()),
        tail="mask",
    )
    pack_value = select(lt(j, N), load("B", k, j), const(0.0, FLOAT))
    pack = For(
        "k",
        number(0),
        N,
        "serial",
        For("C.jv", number(0), number(8), "vector", Store("packed", (k, jv), pack_value)),
    )
    body = Block(
        (
            tile(Store("C.tile", point, const(0.0, FLOAT))),
            For("k", number(0), N, "serial", tile(Let("i", i, guarded))),
            tile(stored),
        )
    )
    rows = For(
        "io",
        number(0),
        floordiv(add(N, number(1)), number(2)),
        "parallel",
        Allocate("C.tile", FLOAT, (number(2), number(8)), "register", body),
    )
    panel = Allocate("packed", FLOAT, (N, number(8)), "heap", Block((pack, rows)), padding=8)
    columns = For("jo", number(0), floordiv(add(N, number(7)), number(8)), "serial", panel)
    return Kernel(
        "product",
        ("n",),
        (
            ArrayArgument("A", FLOAT, (N, N), "input"),
            ArrayArgument("B", FLOAT, (N, N), "input"),
            ArrayArgument("row", DTYPES["int32"], (N,), "input", (number(0), N)),
            ScalarArgument("alpha", FLOAT),
            ArrayArgument("C", FLOAT, (N, N), "output"),
        ),
        columns,
        (compare("ge", N, number(1)), compare("eq", mod(N, number(4)), number(0))),
    )


def test_every_construct(golden: Callable[..., None]) -> None:
    kernel = every_construct()
    golden(kernel_text(kernel))
    assert parse_kernel(kernel_text(kernel)) == kernel


def test_a_statement_on_its_own() -> None:
    loop = For("i", number(0), N, "serial", Store("C", (local("i"),), load("A", local("i"))))
    assert statement_text(loop) == "serial i in 0 .. n\n  C[i] = A[i]"
    assert statement_text(Block(())) == "pass"


def doubled(times: int) -> Node:
    """`x + x` of `x + x` of …: 2**times leaves in `times` nodes."""
    node: Node = load("A", number(0))
    for position in range(times):
        node = Binary("mul" if position % 2 else "add", node, node)
    return node


def simple(value: Node) -> Kernel:
    arguments = (ArrayArgument("A", FLOAT, (N,), "input"), ArrayArgument("C", FLOAT, (N,), "output"))
    return Kernel("shared", ("n",), arguments, Store("C", (number(0),), value))


def test_repeated_parts_are_shared_where_text_would_grow(golden: Callable[..., None]) -> None:
    kernel = simple(doubled(12))
    golden(kernel_text(kernel))
    assert parse_kernel(kernel_text(kernel)) == kernel


def test_text_grows_with_the_expression_and_not_with_its_paths() -> None:
    kernel = simple(doubled(60))
    assert len(kernel_text(kernel)) < 5000
    assert parse_kernel(kernel_text(kernel)) == kernel


def test_long_expressions_are_cut_into_parts_and_keep_every_operation() -> None:
    node: Node = load("A", number(0))
    for position in range(3000):
        node = Binary("add", node, const(float(position), FLOAT))
    kernel = simple(node)
    assert "…" not in kernel_text(kernel)
    assert parse_kernel(kernel_text(kernel)) == kernel


def test_short_expressions_are_written_out() -> None:
    value = sub(mul(load("A", number(0)), load("A", number(0))), load("A", number(0)))
    assert statement_text(Store("C", (number(0),), value)) == "C[0] = A[0] * A[0] - A[0]"


def test_shared_parts_in_conditions_and_bounds() -> None:
    i = local("i")
    big: Node = i
    for _ in range(9):
        big = Binary("mul", Binary("add", big, big), big)
    body = If(compare("lt", big, N), Store("C", (number(0),), load("A", number(0))))
    kernel = Kernel(
        "shared", ("n",), simple(load("A", number(0))).arguments, For("i", number(0), N, "serial", body)
    )
    assert kernel_text(kernel).count("share ") > 0
    assert parse_kernel(kernel_text(kernel)) == kernel
