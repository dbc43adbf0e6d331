"""Sets made tighter by products of their constraints with sizes: empty where no real point is left, never otherwise."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from tdsl.expr.build import ZERO, add, compare, index_const, mul, sub
from tdsl.expr.node import axis_var, size_var
from tdsl.poly.affine import Affine
from tdsl.poly.products import Products
from tdsl.poly.tighten import Tightening

i, j, z = axis_var("i"), axis_var("j"), axis_var("z")
h, w = size_var("h"), size_var("w")
PARAMS = ((h,), (w,), (h, w))
BOX = [compare("ge", one, ZERO) for one in (i, j, h, w)] + [compare("lt", i, h), compare("lt", j, w)]


def tightening():
    products = Products()
    products.note((i, w), z)
    return Tightening(products, PARAMS, (i, j, z)), Affine((i, j, z), PARAMS)


def test_a_row_of_a_flat_array_is_inside():
    tighter, affine = tightening()
    past = compare("ge", add(z, j), mul(h, w))
    assert not affine.conditions([*BOX, past]).is_empty()
    assert tighter.empty(affine.conditions([*BOX, past]))
    assert tighter.empty(affine.conditions([*BOX, compare("lt", add(z, j), ZERO)]))
    assert not tighter.empty(
        affine.conditions([*BOX, compare("ge", add(z, j), sub(mul(h, w), index_const(1)))])
    )


@settings(max_examples=60)
@given(*(st.integers(-2, 2) for _ in range(6)))
def test_a_set_with_a_real_point_is_never_empty(a, b, c, d, e, f):
    tighter, affine = tightening()
    terms = [(i, a), (j, b), (z, c), (h, d), (mul(h, w), e)]
    value = index_const(f)
    for node, factor in terms:
        value = add(value, mul(node, index_const(factor)))
    points = affine.conditions([*BOX, compare("ge", value, ZERO)])
    real = any(
        a * x + b * y + c * x * columns + d * rows + e * rows * columns + f >= 0
        for rows, columns in product(range(5), repeat=2)
        for x in range(rows)
        for y in range(columns)
    )
    assert not (real and tighter.empty(points))
