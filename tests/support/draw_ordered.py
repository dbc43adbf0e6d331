"""Random recurrences and updates: stages whose points depend on each other, at drawn distances or through data.

In: dice, tensors, dims. Out: the value of a recurrence as a `Term`, an update as a `StageDecl`. Reads of the stage
itself are guarded where they leave the array, and look backwards, or forwards throughout, so that an order exists.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from tests.support.draw_terms import Axes, Dim, Scope, TensorInfo, converted, draw_read, draw_term
from tests.support.programs import StageDecl
from tests.support.terms import Term, read

OFFSETS = {
    1: ((-1,), (-1,), (-2,), (-3,)),
    2: ((-1, 0), (0, -1), (-1, -1), (-1, 1), (-2, 0), (0, -2), (-1, 2), (-2, 1)),
}
"""Distances of what a recurrence reads, by rank."""
WHOLE = (
    "({0} + {1})",
    "({0} - {1})",
    "td.maximum({0}, {1})",
    "td.minimum({0}, {1})",
    "({0} + {1} * 2)",
    "{0} * {1}",
)
BOUNDS = (
    "({0} + {1})",
    "({0} + {1})",
    "td.maximum({0}, {1})",
    "td.maximum({0}, {1})",
    "({0} + {1} * 2)",
    "{0} * {1}",
)


def combined(dice: random.Random, left: Term, right: Term) -> Term:
    """Two values as one."""
    place = dice.randrange(len(WHOLE))
    return Term(WHOLE[place], left.dtype, (left, right), BOUNDS[place])


def recurrence_value(scope: Scope, names: Sequence[str], dims: Sequence[Dim], dtype: str, place: int) -> Term:
    """The value of component `place` of a recurrence over AXES."""
    dice = scope.dice
    axes = list(scope.axes.bounds)
    value = draw_term(scope, dtype, 1)
    if not dims:
        return value
    turn = -1 if len(names) == 1 and dice.random() < 0.1 else 1
    for offset in dice.sample(OFFSETS[len(dims)], dice.choice([1, 1, 2, 3])):
        distances = [turn * number for number in offset]
        name = dice.choice(names)
        near = self_read(name, dtype, axes, distances, dims)
        guarded = Term(near.form, dtype, (*near.parts, draw_term(scope, dtype, 0)), near.bound, kept=True)
        value = combined(dice, guarded, value) if dtype != "bool" else Term(
            "td.any({0}, {1})", dtype, (guarded, value), 'td.cast(1, "float64")'
        )  # fmt: skip
    return value


def self_read(
    name: str, dtype: str, axes: Sequence[str], distances: Sequence[int], dims: Sequence[Dim]
) -> Term:
    """`name` at a distance; where it may be outside, under the condition that it is not, with a hole for what else."""
    subscripts, conditions = [], []
    for axis, distance, dim in zip(axes, distances, dims):
        text = axis if distance == 0 else f"{axis} {'+' if distance > 0 else '-'} {abs(distance)}"
        subscripts.append(text)
        if distance < 0:
            conditions.append(f"{text} >= 0")
        elif distance > 0:
            conditions.append(f"{text} < {dim.text()}")
    near = read(name, dtype, ", ".join(subscripts))
    test = conditions[0] if len(conditions) == 1 else f"td.all({', '.join(conditions)})"
    form = f"td.where({test}, {{0}}, {{1}})"
    return Term(form, dtype, (near,), form, kept=True)


def own_sum(scope: Scope, name: str, dtype: str, dims: Sequence[Dim], value: Term) -> tuple[str, Term]:
    """A reduction axis, and a value with a reduction of the elements before its own along one of its axes."""
    dice, axes = scope.dice, list(scope.axes.bounds)
    place = dice.randrange(len(axes))
    index = ["k0" if number == place else axis for number, axis in enumerate(axes)]
    term = read(name, dtype, ", ".join(index))
    if dice.random() < 0.5:
        term = Term("{0} * {1}", dtype, (term, draw_term(scope, dtype, 0)), "{0} * {1}")
    reducer = dice.choice(["sum", "sum", "max"])
    bound = "td.sum({0}, over=k0)" if reducer == "sum" else "td.maximum(td.max({0}, over=k0), 0.0)"
    total = Term(f"td.{reducer}({{0}}, over=k0)", dtype, (term,), bound)
    return f'k0 = td.reduce_axis("k0", (0, {axes[place]}))', combined(dice, total, value)


def update_stage(scope: Scope, name: str, base: TensorInfo) -> StageDecl:
    """An update of a tensor: rows, triangles, mirrored or halved targets, targets from data, sums into elements."""
    dice = scope.dice
    axes, lines, at = Axes({}, {}), list[str](), list[str]()
    gather = [one for one in scope.tensors if one.indexes == base.dims[0] and len(one.dims) == 1]
    through = gather[0] if gather and dice.random() < 0.7 else None
    for place, dim in enumerate(base.dims):
        axis = f"{name}_{'xyz'[place]}"
        walked = through.dims[0] if through is not None and place == 0 else dim
        lower, upper = _bounds(dice, walked, list(axes.bounds))
        axes.bounds[axis], axes.near[axis] = (lower, upper), walked
        at.append(dice.choice([axis, axis, axis, axis, f"{dim.text()} - 1 - {axis}", f"{axis} // 2"]))
    if dice.random() < 0.35:
        axes.bounds[f"{name}_t"] = ("0", dice.choice(["2", "3", base.dims[0].text()]))
    order = list(axes.bounds)
    dice.shuffle(order)
    order = _outer_first(order, axes)
    lines = [
        f'{axis} = td.axis("{axis}", ({axes.bounds[axis][0]}, {axes.bounds[axis][1]}))' for axis in order
    ]
    inner = Scope(dice, scope.tensors, axes, scope.sizes, scope.params)
    if through is not None:
        at[0] = f"{through.name}[{name}_x]"
    own = read(name, base.dtype, base.subscript(at))
    value = combined(dice, own, draw_term(inner, base.dtype, dice.choice([0, 1, 1])))
    while dice.random() < 0.4:
        value = combined(dice, value, draw_read(inner, replace(base, name=name), base.dtype))
    if dice.random() < 0.1:
        value = draw_term(inner, base.dtype, 1)
    if axes.bounds and not base.dtype.startswith("bool") and dice.random() < 0.25:
        line, total = _inner_sum(inner, name, base, at)
        lines.append(line)
        value = combined(dice, total, value)
    return StageDecl(
        (name,), (base.dtype,), base.shape(), tuple(order), tuple(lines), (converted(value, base.dtype),),
        sources=(base.name,), verb="update", at=base.subscript(at),
    )  # fmt: skip


def _inner_sum(scope: Scope, name: str, base: TensorInfo, at: Sequence[str]) -> tuple[str, Term]:
    """A reduction axis along a dim, and a reduction over it of elements of the update as they stand, times something."""
    dice, place = scope.dice, scope.dice.randrange(len(base.dims))
    axis, dim = f"{name}_k", base.dims[place]
    outer = [one for one, near in scope.axes.near.items() if near is dim and one == at[place]]
    upper = dice.choice([*outer, *outer, dim.text()])
    index = [axis if number == place else part for number, part in enumerate(at)]
    term = read(name, base.dtype, base.subscript(index))
    if dice.random() < 0.6:
        term = Term("{0} * {1}", base.dtype, (term, draw_term(scope, base.dtype, 0)), "{0} * {1}")
    reducer = dice.choice(["sum", "sum", "max", "min"])
    bound = (
        f"td.sum({{0}}, over={axis})" if reducer == "sum" else f"td.maximum(td.max({{0}}, over={axis}), 0.0)"
    )
    total = Term(f"td.{reducer}({{0}}, over={axis})", base.dtype, (term,), bound)
    return f'{axis} = td.reduce_axis("{axis}", (0, {upper}))', total


def _bounds(dice: random.Random, dim: Dim, outer: Sequence[str]) -> tuple[str, str]:
    style = dice.random()
    if style < 0.15:
        return "1", dim.text()
    if style < 0.3 and outer:
        axis = dice.choice(outer)
        return dice.choice([(axis, dim.text()), (f"{axis} + 1", dim.text())])
    return "0", dim.text()


def _outer_first(order: Sequence[str], axes: Axes) -> list[str]:
    """An order in which bounds name only axes that come before."""
    found: list[str] = []
    left = list(order)
    while left:
        free = next(
            axis for axis in left if not any(other in axes.bounds[axis][0] for other in left if other != axis)
        )
        found.append(free)
        left.remove(free)
    return found
