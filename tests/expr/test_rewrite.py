"""The rewriter: order of the walk, sharing, substitution under reductions, and depth."""

from __future__ import annotations

from tdsl.expr import build
from tdsl.expr.node import Binary, Node, index_const
from tdsl.expr.rewrite import free_vars, reads, reductions, rewrite, substitute, variables, walk


def test_walk_gives_each_node_once_children_first(expr):
    node = expr.read("(x + y) * (x + y) - int64(B[x])")
    order = list(walk(node))
    assert len(order) == len(set(order)) and order[-1] is node
    assert all(order.index(child) < order.index(part) for part in order for child in part.children)
    assert [str(part) for part in walk(node, skip={expr.read("x + y")})][0] == "(x + y) * (x + y)"


def test_rewrite_asks_once_a_node_and_keeps_what_does_not_change(expr):
    node = expr.read("min(x + y, x + y) * 3 + y")
    asked: list[Node] = []

    def nothing(part: Node) -> Node:
        asked.append(part)
        return part

    assert rewrite(node, nothing) is node
    assert len(asked) == len(set(asked))
    doubled = rewrite(node, lambda part: index_const(6) if part is index_const(3) else part)
    assert str(doubled) == "min(x + y, x + y) * 6 + y"


def test_substitution_is_simultaneous(expr):
    x, y = expr.variables["x"], expr.variables["y"]
    assert str(substitute(expr.read("x - y"), {x: y, y: x})) == "y - x"
    assert str(substitute(expr.read("x + 1"), {x: expr.read("x + 1")})) == "x + 1 + 1"
    node = expr.read("x * y")
    assert substitute(node, {expr.variables["i"]: x}) is node and substitute(node, {}) is node


def test_an_axis_that_a_reduction_binds_is_its_own(expr):
    node = expr.read("sum(A[i, k] * A[j, k], over=(k)) + A[k, 0]")
    got = substitute(node, {expr.variables["k"]: expr.variables["x"], expr.variables["i"]: index_const(0)})
    assert str(got) == "sum(A[0, k] * A[j, k], over=(k)) + A[x, 0]"


def test_variables(expr):
    node = expr.read("sum(A[i, k] * A[j, k], over=(k)) + A[n - 1, 0]")
    assert [var.name for var in variables(node)] == ["i", "k", "j", "n"]
    assert [var.name for var in free_vars(node)] == ["i", "j", "n"]
    assert [var.name for var in free_vars(expr.read("x + k"))] == ["x", "k"]


def test_what_is_read_and_reduced(expr):
    node = expr.read("A[int64(B[x]), 0] + sum(max(A[k, 0], over=(l)), over=(k)) + A[int64(B[x]), 0]")
    assert [str(part) for part in reads(node)] == ["B[x]", "A[int64(B[x]), 0]", "A[k, 0]"]
    assert [part.axes for part in reductions(node)] == [("l",), ("k",)]


def test_depth_is_bounded_by_memory_only(expr):
    node = expr.variables["x"]
    for step in range(8_000):
        node = Binary("sub", node, index_const(step))
    got = substitute(node, {expr.variables["x"]: expr.variables["y"]})
    assert free_vars(got) == (expr.variables["y"],)
    assert rewrite(got, lambda part: build.neg(part) if part is expr.variables["y"] else part) is not got
