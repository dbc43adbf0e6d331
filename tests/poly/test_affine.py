"""Nodes to isl and back agree with plain evaluation on a small box; what is not affine names its term."""

from __future__ import annotations

import random

import pytest

from tdsl.expr.build import add, cast, compare, floordiv, maximum, minimum, mod, mul, neg, select, sub
from tdsl.expr.node import Var, axis_var, index_const, size_var
from tdsl.expr.printer import text
from tdsl.poly import library as islpy
from tdsl.poly.affine import Affine, NonAffine, conjuncts, params_set
from tdsl.poly.isl import PARAM, SET
from tdsl.poly.nodes import aff_node, monomial_node, params_node, pw_aff_node, set_node
from tdsl.poly.polynomial import parameters
from tests.poly.oracle import value
from tests.poly.programs import node

I, J, N = axis_var("i"), axis_var("j"), size_var("n")
DIMS, PARAMS = (I, J), ((N,),)
AFFINE = Affine(DIMS, PARAMS)
POINTS = [(n, i, j) for n in (0, 3, 4) for i in (-3, 0, 2, 5) for j in (-2, 1, 4)]


def drawn(dice, depth):
    """A random integer node over i, j, n."""
    if depth == 0:
        return dice.choice([I, J, N, index_const(dice.randrange(-4, 5))])
    a, b = drawn(dice, depth - 1), drawn(dice, depth - 1)
    constant = index_const(dice.choice([-3, -2, 1, 2, 3, 4]))
    match dice.randrange(9):
        case 0:
            return add(a, b)
        case 1:
            return sub(a, b)
        case 2:
            return mul(a, constant)
        case 3:
            return floordiv(a, constant)
        case 4:
            return mod(a, constant)
        case 5:
            return minimum(a, b)
        case 6:
            return maximum(a, b)
        case 7:
            return neg(a)
        case _:
            return select(condition(dice, depth - 1), a, b)


def condition(dice, depth):
    op = dice.choice(["eq", "ne", "lt", "le", "gt", "ge"])
    return compare(op, drawn(dice, depth), drawn(dice, depth))


def at(pw, n, i, j):
    """The value of a piecewise affine value at a point."""
    values = islpy.Map.from_pw_aff(pw).fix_val(PARAM, 0, n)
    point = values.fix_val(islpy.dim_type.in_, 0, i).fix_val(islpy.dim_type.in_, 1, j).range()
    return point.lexmin().sample_point().get_coordinate_val(SET, 0).to_python()


@pytest.mark.parametrize("seed", range(60))
def test_values_and_round_trips(seed):
    dice = random.Random(seed)
    made = drawn(dice, 2)
    pw = AFFINE.value(made)
    back = pw_aff_node(pw, DIMS, (N,))
    for n, i, j in POINTS:
        names = {"n": n, "i": i, "j": j}
        assert at(pw, n, i, j) == value(made, names), text(made)
        assert value(back, names) == value(made, names), (text(made), text(back))


@pytest.mark.parametrize("seed", range(60))
def test_conditions_and_round_trips(seed):
    dice = random.Random(seed)
    wanted = [condition(dice, 1), condition(dice, 1)]
    domain = AFFINE.conditions(wanted)
    back = set_node(domain, DIMS, (N,))
    for n, i, j in POINTS:
        names = {"n": n, "i": i, "j": j}
        inside = not domain.fix_val(PARAM, 0, n).fix_val(SET, 0, i).fix_val(SET, 1, j).is_empty()
        assert inside == all(value(each, names) for each in wanted)
        assert bool(value(back, names)) == inside


@pytest.mark.parametrize(
    ("made", "term"),
    [
        ("1 + 2 * (i * n)", "i * n"),
        ("i * n + j", "i * n"),
        ("j + i // n", "i // n"),
        ("min(i * j, 3)", "i * j"),
        ("(i // 2) * j", "i // 2 * j"),
        ("i % n", "i % n"),
    ],
)
def test_what_is_not_affine_names_the_term(made, term):
    made = node(made, ("i", "j"))
    with pytest.raises(NonAffine) as caught:
        AFFINE.value(made)
    assert text(caught.value.term) == term
    assert text(AFFINE.offender(made)) == term


def test_an_axis_of_another_stage_is_no_dimension():
    with pytest.raises(NonAffine):
        AFFINE.value(axis_var("k"))


def test_affine_nodes_have_no_offender():
    for seed in range(60):
        assert AFFINE.offender(drawn(random.Random(seed), 2)) is None


def test_products_of_sizes_are_parameters_of_their_own():
    m = size_var("m")
    area = mul(m, N)
    params = parameters([compare("lt", I, area)])
    assert [text(monomial_node(each)) for each in params] == ["m", "n", "m * n"]
    affine = Affine((I,), params)
    assert str(affine.conditions([compare("lt", I, area)])) == "[p0, p1, p2] -> { [i0] : i0 < p2 }"
    # (m + 1) * n is m*n + n, whatever way it is written
    assert affine.row(mul(add(m, index_const(1)), N)) == [0, 0, 1, 1, 0]
    assert params == parameters([mul(N, m)])


def test_a_cast_counts_where_it_keeps_every_value():
    small = Var("p", cast(index_const(0), "int32").dtype, "param")
    params = ((small,),)
    assert Affine((I,), params).row(add(I, cast(small, "int64"))) == [0, 1, 1]
    wrapped = cast(add(small, cast(index_const(1), "int32")), "int64")
    assert Affine((I,), params).offender(wrapped) is not None


def test_a_relation_has_one_output_a_subscript():
    assert str(AFFINE.relation([node("i + 1", ("i",)), J])) == "[p0] -> { [i0, i1] -> [1 + i0, i1] }"
    halves = AFFINE.relation([node("i // 2", ("i",))])
    assert (
        halves.fix_val(islpy.dim_type.in_, 0, 5)
        .range()
        .lexmin()
        .sample_point()
        .get_coordinate_val(SET, 0)
        .to_python()
        == 2
    )


def test_between_is_half_open():
    relation = AFFINE.between(index_const(0), node("min(n, i)", ("i",)))
    line = (
        relation.fix_val(PARAM, 0, 4)
        .fix_val(islpy.dim_type.in_, 0, 3)
        .fix_val(islpy.dim_type.in_, 1, 0)
        .range()
    )
    assert line.count_val().to_python() == 3


def test_conjuncts_take_every_and_apart():
    assert [text(each) for each in conjuncts([node("0 <= i < n and j == 2", ("i", "j"))])] == [
        "0 <= i",
        "i < n",
        "j == 2",
    ]


@pytest.mark.parametrize(
    ("made", "want"),
    [
        ("(i + 1) % 7", "(i + 1) % 7"),
        ("3 * ((2 * i + j) // 4)", "(i * 2 + j) // 4 * 3"),
        ("min(i, n - j)", "min(i, n - j)"),
        ("max(i, 0)", "max(i, 0)"),
        ("i - j + 2", "i - j + 2"),
    ],
)
def test_nodes_read_well(made, want):
    back = text(pw_aff_node(AFFINE.value(node(made, ("i", "j"))), DIMS, (N,)))
    sides = {want, want.replace("min(i, n - j)", "min(n - j, i)").replace("max(i, 0)", "max(0, i)")}
    assert back in sides


def test_conditions_on_sizes_read_well():
    assert text(params_node(params_set(PARAMS, [node("n % 16 == 0")]), (N,))) == "n % 16 == 0"
    assert text(params_node(params_set(PARAMS, [node("2 * n <= 9")]), (N,))) == "n <= 4"
    assert text(params_node(params_set(PARAMS, [node("n != 3")]), (N,))) in (
        "n <= 2 or n >= 4",
        "n >= 4 or n <= 2",
        "n <= 2 | n >= 4",
    )


def test_fractions_become_one_floor():
    half = islpy.Aff.read_from_str(islpy.Context(), "[n] -> { [i, j] -> [floor((i + n)/2) + 1] }")
    assert text(aff_node(half, DIMS, (N,))) == "(n + i) // 2 + 1"
