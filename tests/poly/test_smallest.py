"""The smallest point of a set: sum of sizes, then sizes, then dimensions."""

import tdsl as td
from tdsl.expr.node import axis_var, size_var
from tdsl.expr.tensor import Size
from tdsl.poly.affine import Affine
from tdsl.poly.polynomial import parameters
from tdsl.poly.smallest import product_node, smallest_point

I, J, N, M = axis_var("i"), axis_var("j"), size_var("n"), size_var("m")


def smallest(*conditions, sizes=()):
    nodes = [condition.node for condition in conditions]
    affine = Affine((I, J), parameters([N, M, *nodes]))
    return smallest_point(affine.conditions(nodes), affine, sizes)


def names():
    return td.axis("i", 9), td.axis("j", 9), td.size("n"), td.size("m")


def test_sum_of_sizes_comes_first():
    i, j, n, m = names()
    point = smallest(n >= 0, m >= 0, 2 * n + 3 * m >= 6, i >= m, j >= 1 - i, j >= 0)
    assert point.at == {M: 2, N: 0, I: 2, J: 0} and point.involved == {I, J}
    assert point.order == (2, 2, 0, 2, 0)


def test_what_is_not_mentioned_is_zero():
    i, _, n, m = names()
    point = smallest(n == 3, m == 1, i == 5)
    assert point.at[J] == 0 and point.involved == {I}


def test_products_are_products():
    i, _, n, m = names()
    point = smallest(n >= 0, m >= 0, i >= 0, i < n * m, i >= 5)
    assert point.at[N] * point.at[M] >= 6 and point.at[I] == 5 and point.at[N] + point.at[M] == 5
    assert smallest(n >= 0, m >= 0, i >= 0, i < n * m, i >= 500) is None
    floor = smallest(n >= 0, m >= 0, i >= 0, i < n * m, n % 4 == 0, sizes=(Size("n", 3, 4), Size("m", 2)))
    assert floor.at[N] == 4 and floor.at[M] == 2


def test_product_node():
    assert product_node((M, N)) is (td.size("m") * td.size("n")).node
