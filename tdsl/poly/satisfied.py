"""Whether conditions on sizes and params can hold together: where versions of a kernel would overlap.

In: conditions, what is known of sizes and params. Out: None where no call satisfies all of them, or the smallest sizes
that do; a condition said with fewer words under what is known. A value that isl does not see inside (a comparison of
floats) may be anything, but is the same wherever it occurs. Source: emptiness of Presburger sets, as nonempty.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tdsl.expr.node import Node
from tdsl.expr.rewrite import walk
from tdsl.expr.tensor import Param, Size
from tdsl.poly.bounds import Scope, base_conditions, products_known, space_of
from tdsl.poly.isl import TooLarge, budget
from tdsl.poly.lift import Lifting
from tdsl.poly.nodes import monomial_node, params_node
from tdsl.poly.smallest import smallest_point


@dataclass(frozen=True, slots=True)
class Example:
    """Sizes at which all conditions may hold; `values` is None where none are known, `certain` whether they do hold."""

    values: tuple[tuple[str, int], ...] | None
    certain: bool


def satisfied(
    conditions: Sequence[Node], sizes: Sequence[Size], params: Sequence[Param], facts: Sequence[Node]
) -> Example | None:
    """The smallest sizes at which all conditions hold under the facts; None where there are none."""
    scope = Scope(axes=(), sizes=tuple(sizes), facts=tuple(facts), params=tuple(params))
    try:
        with budget():
            return _smallest(conditions, scope)
    except TooLarge:
        return Example(None, False)


def _smallest(conditions: Sequence[Node], scope: Scope) -> Example | None:
    lifting = Lifting((), scope.sizes, scope.params)
    nodes: list[Node] = [lifting.lift(node) for node in (*base_conditions(scope), *conditions)]
    nodes += [condition for opaque in lifting.opaque.values() for condition in opaque.range()]
    affine = space_of(scope, lifting.opaque.values(), nodes)
    points = affine.conditions((*nodes, *products_known(affine.params)))
    if points.is_empty():
        return None
    certain = not lifting.opaque
    smallest = smallest_point(points, affine, scope.sizes)
    if smallest is None:
        return Example(None, False)
    return Example(
        tuple((var.name, value) for var, value in smallest.at.items() if var.kind == "size"), certain
    )


def simplified(condition: Node, sizes: Sequence[Size], facts: Sequence[Node]) -> Node:
    """A condition on sizes that says the same where the facts hold, in the fewest comparisons that isl finds."""
    scope = Scope(axes=(), sizes=tuple(sizes), facts=tuple(facts))
    lifting = Lifting((), scope.sizes, ())
    known = [lifting.lift(node) for node in base_conditions(scope)]
    wanted = lifting.lift(condition)
    if lifting.opaque:
        return condition
    affine = space_of(scope, (), (*known, wanted))
    try:
        with budget():
            context = affine.conditions((*known, *products_known(affine.params))).coalesce()
            points = affine.condition(wanted).intersect(context).coalesce().gist(context).coalesce()
    except TooLarge:
        return condition
    found = params_node(points, [monomial_node(monomial) for monomial in affine.params])
    return found if sum(1 for _ in walk(found)) < sum(1 for _ in walk(condition)) else condition
