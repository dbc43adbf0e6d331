"""Random sums of products of narrow integers, as instructions for dot products compute them; dice and dims in, a stage out.

The factors are casts of inputs of 8 or 16 bits, over rows, lanes and terms: packed either way, guarded now and then, with
something done to the sum or not. Extents are those of tiles, a few tiles, or whatever the program has.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from tests.support.draw_terms import Axes, Dim, Scope, converted, draw_term
from tests.support.programs import InputDecl, StageDecl
from tests.support.terms import Term, constant, read

FACTORS = (
    (("uint8", "int8"),) * 4
    + (("int8", "uint8"),) * 2
    + (("int16", "int16"),) * 3
    + (("int8", "int8"), ("uint8", "uint8"))
)
"""Dtypes of the two factors."""
LANES = (4, 4, 4, 5, 8, 8, 9, 16)
TERMS = (2, 4, 4, 4, 5, 8)


def narrow_stage(
    scope: Scope, name: str, base: Sequence[Dim]
) -> tuple[StageDecl, tuple[InputDecl, ...], tuple[Dim, ...]]:
    """The stage, its operands, its dims."""
    dice = scope.dice
    lanes, terms = _extent(dice, LANES, base), _extent(dice, TERMS, base)
    rows = () if dice.random() < 0.15 else (dice.choice(base),)
    dims, axes = (*rows, lanes), ("i", "j")[1 - len(rows) :]
    total = dice.choice(["int32"] * 5 + ["uint32"])
    inputs: list[InputDecl] = []
    factors: list[Term] = []
    for place, dtype in enumerate(dice.choice(FACTORS)):
        operand, packed = f"{name}{'lr'[place]}", dice.random() < 0.5
        outer = lanes if place else (rows or (None,))[0]
        shape, index = ([], []) if outer is None else ([outer], ["j" if place else "i"])
        shape.insert(len(shape) if packed else 0, terms)
        index.insert(len(index) if packed else 0, "k0")
        inputs.append(InputDecl(operand, dtype, tuple(dim.text() for dim in shape)))
        value = read(operand, dtype, ", ".join(index))
        if dice.random() < 0.1:
            form = dice.choice(["td.where(k0 >= 1, {0}, {1})", "td.where(j < 3, {0}, {1})"])
            value = Term(form, dtype, (value, constant(dtype, 2)), form)
        factors.append(converted(value, total))
    product = Term("{0} * {1}", total, tuple(factors), "{0} * {1}")
    value = Term("td.sum({0}, over=k0)", total, (product,), "td.sum({0}, over=k0)")
    if dice.random() < 0.25:
        around = Scope(dice, scope.tensors, Axes({}, {}), scope.sizes, scope.params)
        for axis, dim in zip(axes, dims):
            around.axes.bounds[axis], around.axes.near[axis] = ("0", dim.text()), dim
        value = Term("({0} + {1})", total, (value, draw_term(around, total, 1)), "({0} + {1})")
    line = f'k0 = td.reduce_axis("k0", {terms.text()})'
    shape = tuple(dim.text() for dim in dims)
    return StageDecl((name,), (total,), shape, axes, (line,), (value,)), tuple(inputs), dims


def _extent(dice: random.Random, counts: Sequence[int], base: Sequence[Dim]) -> Dim:
    return Dim("", 1, dice.choice(counts)) if dice.random() < 0.75 else dice.choice(base)
