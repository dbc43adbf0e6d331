"""The loops that become an instruction, as a nest has them: a builder and a loop in, the intrinsic it is marked with out.

What `tensorize` asked for is compared with the nest that results: the tile is all that stands inside its first loop,
and an operand that the instruction takes once for a dim is the same along the loops of that dim, by what its
subscripts come to in the tile (an index relation), however they are written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdsl.errors import LimitError
from tdsl.expr.intrinsic import Intrinsic
from tdsl.expr.node import Binary, Cast, Node, axis_var
from tdsl.expr.rewrite import reductions, substitute, variables
from tdsl.expr.simplify import simplify
from tdsl.schedule.nest import NestCompute, NestGuard, NestItem, NestLoop
from tdsl.schedule.nest_plan import StagePlan

if TYPE_CHECKING:
    from tdsl.schedule.nest_build import NestBuilder


def whole_tile(
    builder: NestBuilder, plan: StagePlan, loop: str, items: tuple[NestItem, ...]
) -> Intrinsic | None:
    """The intrinsic of the tile that `loop` of the stage's terms begins; None for all other loops. Errors: L114."""
    asked = plan.state.tensorized
    if asked is None or loop != asked.loops[0]:
        return None
    inside: list[str] = [loop]
    while len(items) == 1 and not isinstance(items[0], NestCompute):
        (item,) = items
        if isinstance(item, NestLoop) and item.stage == plan.name:
            inside.append(item.name)
        elif not isinstance(item, NestGuard) or item.otherwise:
            break
        items = item.body
    last = items[0] if len(items) == 1 else None
    if not isinstance(last, NestCompute) or last.role != "update" or set(inside) != set(asked.loops):
        raise _apart(plan, "something else stands inside of it")
    data = [name for name in inside if name not in plan.reducing]
    _check_operands(builder, plan, asked.intrinsic, data)
    builder.tensorized.add(plan.name)
    return asked.intrinsic


def check_tensorized(builder: NestBuilder) -> None:
    """Raises where a tile was not found any more. Errors: L114."""
    for plan in builder.plans.values():
        if plan.state.tensorized is not None and plan.name not in builder.tensorized:
            raise _apart(plan, "later directives moved its loops")


def _check_operands(builder: NestBuilder, plan: StagePlan, intrinsic: Intrinsic, data: list[str]) -> None:
    """Raises where no order of the factors gives each operand what it takes. Errors: L114."""
    point: dict[Node, Node] = {axis_var(name): value for name, value in builder.axes(plan, plan.name)}
    (reduction,) = reductions(*plan.state.stage.body)
    term = reduction.operands[0]
    if not (isinstance(term, Binary) and isinstance(term.lhs, Cast) and isinstance(term.rhs, Cast)):
        raise _apart(plan, "its terms are no products of casts any more")
    factors = [simplify(substitute(one.operand, point), builder.known) for one in (term.lhs, term.rhs)]
    dims = _dims(builder, plan, intrinsic, data)
    for pair in (factors, factors[::-1]):
        if all(
            node.dtype is operand.dtype
            and not any(
                operand.shape[place] == 1 and width > 1 and moving & {var.name for var in variables(node)}
                for place, (width, moving) in enumerate(zip(intrinsic.data, dims, strict=True))
            )
            for node, operand in zip(pair, intrinsic.operands, strict=True)
        ):
            return
    raise _apart(plan, f"it is {intrinsic.meaning()}, and the factors vary along other loops")


def _dims(builder: NestBuilder, plan: StagePlan, intrinsic: Intrinsic, data: list[str]) -> list[set[str]]:
    """The variables of the loops that make up each data dim."""
    found: list[set[str]] = []
    left = list(data)
    for dim in intrinsic.data:
        count, mine = 1, set[str]()
        while count < dim and left:
            loop = left.pop(0)
            count *= builder.extents[plan.name, loop]
            mine.add(builder.names[plan.name, loop])
        found.append(mine)
    return found


def _apart(plan: StagePlan, why: str) -> LimitError:
    assert plan.state.tensorized is not None
    asked = plan.state.tensorized
    return LimitError(
        "L114",
        f"the tile {asked.loops[0]} of {plan.name} cannot become {asked.intrinsic.name}",
        why=[why],
        hint=["tensorize last"],
    )
