"""Which reductions of a body share a nest, and which stand inside another."""

import tdsl as td
from tdsl.expr.reduction_groups import children_of, reduction_groups


def groups_of(body):
    n = td.size("n")
    x = td.placeholder("x", (n,))
    k, q = td.reduce_axis("k", n), td.reduce_axis("q", n)
    return reduction_groups(td.compute("y", (n,), lambda i: body(x, i, k, q)).producer)


def test_the_same_axes_share_a_nest():
    (group,) = groups_of(lambda x, i, k, q: td.sum(x[k], over=k) + td.max(x[k], over=k))
    assert (group.axes, group.within, len(group.nodes)) == (("k",), (), 2)


def test_different_axes_run_in_order_of_appearance():
    first, second = groups_of(lambda x, i, k, q: td.sum(x[q], over=q) - td.sum(x[k], over=k))
    assert (first.axes, second.axes) == (("q",), ("k",))
    assert children_of((first, second), ()) == (first, second)


def test_a_reduction_in_an_operand_stands_inside():
    outer, inner = groups_of(lambda x, i, k, q: td.sum(x[k] * td.max(x[q] + x[k], over=q), over=k))
    assert (outer.axes, outer.chain, inner.axes, inner.within) == (("k",), (0,), ("q",), (0,))


def test_one_reduction_written_twice_is_one():
    (group,) = groups_of(lambda x, i, k, q: td.sum(x[k], over=k) * td.sum(x[k], over=k))
    assert len(group.nodes) == 1
