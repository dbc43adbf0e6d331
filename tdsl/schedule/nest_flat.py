"""Stages of flat shape placed in a loop whose reader goes by rows: what one iteration reads, where isl sees the whole array.

In: the builder's tables, a stage whose loops have bounds. Out: the same loops from the least element that is read in one
iteration of the loops around to the greatest, `i * w .. i * w + w` for `A[i * w + j]`. The bounds of a polynomial that is
linear in axes are those of its axes, which poly gives for each iteration (ADR 0023). What is made in vain lies between
elements that are read; legality was judged for the whole array, of which some is not made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import TYPE_CHECKING

from tdsl.expr.build import ONE, add, maximum, minimum, mul
from tdsl.expr.node import Node, index_const
from tdsl.poly.model import Access, Split, Statement
from tdsl.poly.polynomial import Linear, polynomial
from tdsl.poly.products import product_of
from tdsl.poly.span import axis_span
from tdsl.schedule.nest_data import narrow
from tdsl.schedule.nest_plan import StagePlan

if TYPE_CHECKING:
    from tdsl.schedule.nest_build import Dim, NestBuilder

Span = tuple[Node, Node]
"""Least and greatest value, inclusive, over the loops around."""


def narrowed_flat(builder: NestBuilder, plan: StagePlan, statement: str, dims: Sequence[Dim]) -> None:
    """Narrows the loop of a flat stage to what is read of it in each iteration of the loops around."""
    if len(plan.state.stage.axes) != 1 or plan.state.compute is None:
        return
    span = _span(builder, plan, statement)
    if span is not None:
        lower, upper = (builder.resolve(end) for end in span)
        narrow(builder, plan, plan.state.stage.axes[0].name, (lower, add(upper, ONE)), dims)


def _span(builder: NestBuilder, plan: StagePlan, statement: str) -> Span | None:
    """What the readers inside read of a flat stage; None where poly's own region is what is made."""
    if statement not in builder.flat:
        builder.flat[statement] = _found(builder, plan, builder.copies.tree.statements[statement])
    return builder.flat[statement]


def _found(builder: NestBuilder, plan: StagePlan, one: Statement) -> Span | None:
    if not _plain(builder, plan, one):
        return None
    tree, host, tensor = builder.copies.tree, builder.copies.tree.host(plan.name), one.writes[0].tensor
    found: list[Span] = []
    by_rows = False
    for reader in tree.readers.get(tensor, ()):
        # A flat reader at the same place makes what is read of it in turn; one whose loop is in blocks makes more.
        theirs = builder.plans[reader.stage]
        same = tree.host(reader.stage) == host and not theirs.state.relations
        flat = _span(builder, theirs, reader.name) if same else None
        for access in reader.reads:
            if access.tensor != tensor:
                continue
            by_rows = by_rows or flat is not None or access.index[0] is None
            span = _read(builder, host, reader, access, flat)
            if span is None:
                return None
            found.append(span)
    if not by_rows or not found:
        return None
    return reduce(minimum, (low for low, _ in found)), reduce(maximum, (high for _, high in found))


def _plain(builder: NestBuilder, plan: StagePlan, one: Statement) -> bool:
    """Whether a stage is pure, flat, made anew in every iteration of the loops around, and has no stage inside its own.

    What slides along its loop is made in the first iteration that needs it, which might be one that falls away.
    """
    state, tree = plan.state, builder.copies.tree
    host = tree.host(plan.name)
    return (
        bool(host)
        and one.role == "assign"
        and len(one.axes) == 1 == len(one.writes)
        and state.stage.base is None
        and one.writes[0].tensor not in {access.tensor for access in one.reads}
        and tree.level(one.writes[0].tensor) == len(host)
        and plan.name not in tree.joins.of
        and not tree.joins.of
        and all(isinstance(relation, Split) for relation in state.relations)
        and not (state.cuts or state.tails or state.cooperate or state.tensorized or state.copies > 1)
        and not any(tree.bound(dim) for dim in host)
        and not any(dim[0] == plan.name for each in builder.plans for dim in tree.host(each))
    )


def _read(
    builder: NestBuilder, host: tuple[Dim, ...], reader: Statement, access: Access, flat: Span | None
) -> Span | None:
    """The least and the greatest subscript that a reader has in one iteration of the loops around the stage."""
    copies = builder.copies
    node = access.index[0] if access.index[0] is not None else dict(access.linearised).get(0)
    form = None if node is None else polynomial(node)
    if form is None or not copies.tree.inside(reader.name, host):
        return None

    def span(axis: str) -> Span | None:
        return (
            flat if flat is not None else axis_span(copies, reader.name, len(host), reader.axes.index(axis))
        )

    return _of_form(form, reader.axes, span)


def _of_form(form: Linear, axes: Sequence[str], span: Callable[[str], Span | None]) -> Span | None:
    """The ends of a polynomial, linear in axes whose factors are sizes, so not negative."""
    low: Node = index_const(form[1])
    high: Node = low
    for monomial, count in form[0].items():
        moving = [var for var in monomial if var.kind == "axis"]
        rest = tuple(var for var in monomial if var.kind != "axis")
        if len(moving) > 1 or any(var.kind != "size" for var in rest):
            return None
        factor = mul(product_of(rest), index_const(count)) if rest else index_const(count)
        if not moving:
            low, high = add(low, factor), add(high, factor)
            continue
        ends = span(moving[0].name) if moving[0].name in axes else None
        if ends is None:
            return None
        first, last = ends if count > 0 else ends[::-1]
        low, high = add(low, mul(first, factor)), add(high, mul(last, factor))
    return low, high
