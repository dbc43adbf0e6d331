"""What a shared loop is to each of its stages, as relations; `Copies` in, isl maps of the same call out.

The axes of a joined stage take the values that the leader's axes of the same name (or aligned with it) have in the loops
they share; loops of the leader further inside may have any value. Which bodies have values that flow within one
iteration is asked here, too, for the few that have no order by the names of tensors alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdsl.poly import library as isl
from tdsl.poly.isl import IN, OUT, TooLarge, basic_map, budget
from tdsl.poly.looptree import Dim
from tdsl.poly.model import Statement

if TYPE_CHECKING:
    from tdsl.poly.copies import Copies

WITHIN_BUDGET = 200_000
"""isl operations that one pair of statements may take; beyond, a value is taken to flow."""


def aligned(copies: Copies, statement: Statement) -> isl.Map:
    """{ host's dims, shared dims -> axes } of a joined statement; axes that no shared loop concerns are free."""
    joins = copies.tree.joins
    dims = (*copies.tree.host(statement.stage), *joins.joint(statement.name))
    leader = _inside(copies, joins.of[statement.stage].stage, dims)
    relation = copies.free(leader)
    relation = relation.project_out(IN, len(dims), relation.dim(IN) - len(dims))
    match = joins.match(statement.stage)
    lags = dict(joins.of[statement.stage].lags)
    rows: list[list[int]] = []
    params = 1 + len(copies.params())
    for place, axis in enumerate(leader.axes):
        mine = match.get(axis)
        if mine is not None and mine in statement.axes:
            row = [0] * (params + len(leader.axes) + len(statement.axes))
            row[0] = lags.get(mine, 0)
            row[params + place] = 1
            row[params + len(leader.axes) + statement.axes.index(mine)] = -1
            rows.append(row)
    return relation.apply_range(basic_map(copies.space(len(leader.axes), len(statement.axes)), rows, ()))


def _inside(copies: Copies, stage: str, dims: tuple[Dim, ...]) -> Statement:
    """The statement of a stage that stands in the loops of `dims`: its terms, where it has any there."""
    inside = [each for each in copies.tree.of_stage[stage] if copies.tree.inside(each.name, dims)]
    return max(inside, key=lambda each: len(each.axes))


def within(copies: Copies, body: tuple[Dim, ...], writer: str, reader: str) -> bool:
    """Whether a value flows from one statement to another within one iteration of the loops around a body."""
    tree = copies.tree
    try:
        with budget(WITHIN_BUDGET):
            return _flows_within(copies, body, tree.statements[writer], tree.statements[reader])
    except TooLarge:
        return True


def _flows_within(copies: Copies, body: tuple[Dim, ...], one: Statement, other: Statement) -> bool:
    for tensor in dict.fromkeys(access.tensor for access in one.writes):
        if not any(access.tensor == tensor for access in other.reads):
            continue
        for which in copies.flow.accesses(other, tensor):
            pairs = copies.relation(other.name).apply_range(copies.flow.sources(other, one, tensor, which))
            pairs = pairs.apply_range(copies.relation(one.name).reverse())
            for place in range(len(body)):
                pairs = pairs.equate(IN, place, OUT, place)
            if not pairs.is_empty():
                return True
    return False
