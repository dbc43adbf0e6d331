"""The smallest point of a set: least sum of sizes, then sizes in order, then dimensions in order; for witnesses.

In: a set over the dimensions and parameters of an `Affine`. Out: values of its variables as plain ints. A product of
sizes is a parameter of its own to isl, so points where it is not the product are passed over by trying small sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from math import isqrt, prod

from tdsl.expr.build import compare, mul
from tdsl.expr.node import Node, Var, index_const
from tdsl.expr.rewrite import substitute
from tdsl.expr.tensor import Size
from tdsl.poly import library as isl
from tdsl.poly.affine import Affine
from tdsl.poly.isl import PARAM, SET, basic_set
from tdsl.poly.polynomial import Monomial

SAMPLES = 5
"""Values tried for each size where a product of sizes occurs; of two sizes as many as make no more points."""


@dataclass(frozen=True, slots=True)
class Smallest:
    """The point. `at`: every variable's value. `involved`: the dimensions the set says anything of; others are 0."""

    at: dict[Var, int]
    involved: frozenset[Var]

    @property
    def order(self) -> tuple[int, ...]:
        """What points are compared by."""
        return sum(value for var, value in self.at.items() if var.kind == "size"), *self.at.values()


def smallest_point(
    points: isl.Set, affine: Affine, sizes: Sequence[Size], defined: Sequence[tuple[Var, Node]] = ()
) -> Smallest | None:
    """The smallest point of a set that is not empty and bounded below; None where no small sizes fit its products.

    defined: dimensions that are values of the others and of sizes, which are affine once the sizes are numbers.
    """
    if defined or any(len(monomial) > 1 for monomial in affine.params):
        consistent = _with_products(points, affine, sizes, defined)
        if consistent is None:
            return None
        points = consistent
    count, dims = len(affine.params), affine.dims
    involved = [points.involves_dims(SET, place, 1) for place in range(len(dims))]
    width = 2 + count + len(dims)
    summed = [int(len(monomial) == 1 and monomial[0].kind == "size") for monomial in affine.params]
    rows = [[0, -1, *summed, *(0 for _ in dims)]]
    rows += [_only(2 + count + place, width) for place, one in enumerate(involved) if not one]
    flat = points.move_dims(SET, 0, PARAM, 0, count).insert_dims(SET, 0, 1)
    point = flat.intersect(basic_set(flat.get_space(), rows, [])).lexmin().sample_point()
    values = isl.coordinates(point, 1 + count + len(dims))[1:]
    at = {
        monomial[0]: value
        for monomial, value in zip(affine.params, values, strict=False)
        if len(monomial) == 1
    }
    at |= dict(zip(dims, values[count:], strict=True))
    return Smallest(at, frozenset(dim for dim, one in zip(dims, involved, strict=True) if one))


def _with_products(
    points: isl.Set, affine: Affine, sizes: Sequence[Size], defined: Sequence[tuple[Var, Node]]
) -> isl.Set | None:
    """The part of the set at the smallest sizes for which it is not empty and every product is one."""
    singles = [monomial[0] for monomial in affine.params if len(monomial) == 1]
    facts = {size.name: size for size in sizes}
    known = [facts.get(var.name, Size(var.name)) for var in singles]
    least = [-(-size.minimum // size.multiple_of) * size.multiple_of for size in known]
    width = 1 + len(affine.params) + len(affine.dims)
    tried = SAMPLES if len(singles) > 2 else isqrt(SAMPLES**3)
    steps = sorted(product(range(tried), repeat=len(singles)), key=lambda step: (sum(step), step))
    for step in steps[: SAMPLES**3]:
        values = [low + size.multiple_of * count for low, size, count in zip(least, known, step, strict=True)]
        at = dict(zip(singles, values, strict=True))
        rows = [
            _only(1 + place, width, -prod(at[var] for var in monomial))
            for place, monomial in enumerate(affine.params)
        ]
        there = points.intersect(basic_set(affine.space, rows, []))
        if defined and not there.is_empty():
            numbers: dict[Node, Node] = {var: index_const(value) for var, value in at.items()}
            there = there.intersect(
                affine.conditions(compare("eq", var, substitute(node, numbers)) for var, node in defined)
            )
        if not there.is_empty():
            return there
    return None


def product_node(monomial: Monomial) -> Node:
    """The product that a parameter stands for."""
    nodes: list[Node] = list(monomial)
    return reduce(mul, nodes)


def _only(column: int, width: int, constant: int = 0) -> list[int]:
    """The row `column + constant`."""
    return [constant, *(int(place == column) for place in range(1, width))]
