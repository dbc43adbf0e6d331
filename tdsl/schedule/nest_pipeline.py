"""Loops whose next tiles are made before the present one is used: a loop and what is made ahead in, three loops out.

Rewrite, for a stage P with `copies` tiles, made in each iteration of loop `a` and read by what else stands there:

    for a in lower .. upper: P(a); S(a)

    for a in lower .. min(lower + copies - 1, upper): P(a)
    for t in lower + copies - 1 .. upper: P(t); S(t - copies + 1)
    for a in max(lower, upper - copies + 1) .. upper: S(a)

Every P(a) is still made once, before S(a), from the same elements: P reads nothing that these iterations make. Iteration
a has tile `a mod copies`, and the next that takes it is made after S(a). So the flow of values is the same, as are the
cells of everything else. Source: Lam, "Software pipelining", 1988; TVM's InjectDoubleBuffer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tdsl.errors import LimitError
from tdsl.expr.build import add, maximum, minimum, mod, sub
from tdsl.expr.node import Node, index_const
from tdsl.expr.rewrite import variables
from tdsl.expr.simplify import simplify
from tdsl.schedule.nest import NestAllocate, NestItem, NestLet, NestLoop, Storage, local
from tdsl.schedule.nest_plan import StagePlan
from tdsl.schedule.pipelining import obstacle

if TYPE_CHECKING:
    from tdsl.schedule.nest_build import Dim, NestBuilder

Items = tuple[NestItem, ...]


def made_ahead(builder: NestBuilder, dim: Dim) -> list[StagePlan]:
    """The stages whose tiles are made ahead in the loop that is `dim`."""
    tree = builder.copies.tree
    return [
        plan
        for plan in builder.plans.values()
        if plan.state.copies > 1 and plan.state.compute is not None and tree.host(plan.name)[-1] == dim
    ]


def pipelined(
    builder: NestBuilder, host: StagePlan, ahead: Sequence[StagePlan], tiles: Items, loops: Items
) -> Items:
    """The loop of some stages made ahead. tiles: what makes them in one iteration. Errors: L115."""
    copies = ahead[0].state.copies
    for plan in ahead:
        why = obstacle(builder.state, plan.state)
        if plan.state.copies != copies:
            why = f"{ahead[0].name} is there {copies} times"
        if why:
            raise _not_ahead(plan, why)
    (loop,) = loops if len(loops) == 1 else (None,)
    if not isinstance(loop, NestLoop) or loop.kind != "serial":
        raise _not_ahead(
            ahead[0], f"the loop of {host.name} that it is made in does not run serially, as one loop"
        )
    items = _three(builder, loop, tiles, copies - 1)
    for plan in reversed(ahead):
        for storage in reversed(builder.storage.of(plan.name)):
            _check_fixed(plan, storage, loop)
            items = (NestAllocate(storage, items),)
        builder.ahead.add(plan.name)
    return items


def _three(builder: NestBuilder, loop: NestLoop, tiles: Items, early: int) -> Items:
    """The loop in three parts: tiles alone, tiles and uses `early` iterations later, uses alone."""
    span = index_const(early)
    variable = local(f"{loop.var}.ahead")

    def simple(node: Node) -> Node:
        return simplify(node, builder.known)

    def part(lower: Node, upper: Node, var: str, body: Items) -> NestLoop:
        return NestLoop(loop.stage, loop.name, var, "serial", simple(lower), simple(upper), body)

    first = part(loop.lower, minimum(add(loop.lower, span), loop.upper), loop.var, tiles)
    body = (NestLet(loop.var, variable, tiles), NestLet(loop.var, sub(variable, span), loop.body))
    main = part(add(loop.lower, span), loop.upper, variable.name, body)
    last = part(maximum(loop.lower, sub(loop.upper, span)), loop.upper, loop.var, loop.body)
    return first, main, last


def turning(builder: NestBuilder, plan: StagePlan, storage: Storage) -> Storage:
    """The storage of a stage made ahead: as many tiles as it has copies, iterations take them in turn."""
    from dataclasses import replace

    at = builder.place(plan)
    if plan.state.copies < 2 or at is None:
        return storage
    copies = index_const(plan.state.copies)
    turn = mod(local(builder.names[at.stage, at.loop]), copies)
    return replace(
        storage,
        subscripts=(turn, *storage.subscripts),
        lower=(index_const(0), *storage.lower),
        extents=(copies, *storage.extents),
    )


def _check_fixed(plan: StagePlan, storage: Storage, loop: NestLoop) -> None:
    if any(var.name == loop.var for extent in storage.extents for var in variables(extent)):
        raise _not_ahead(
            plan, f"its tiles are of different sizes from one iteration of {loop.name} to the next"
        )


def check_ahead(builder: NestBuilder) -> None:
    """Raises where a stage that is there several times was not made ahead. Errors: L115."""
    for plan in builder.plans.values():
        if plan.state.copies > 1 and plan.name not in builder.ahead:
            raise _not_ahead(
                plan, obstacle(builder.state, plan.state) or "its loop is shared with other stages"
            )


def _not_ahead(plan: StagePlan, why: str) -> LimitError:
    return LimitError(
        "L115",
        f"the tiles of {plan.name} cannot be made ahead",
        why=[why],
        hint=["double_buffer last, or leave it out"],
    )
