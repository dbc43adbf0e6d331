"""Loops that copy from here or from there: a select that stores choose by becomes loops without it. Loop IR in and out.

In: Loop IR whose loops end in one store of a select: `concat`, `roll`, `stack`, `pad`, triangles of matrices. Out: what no
loop inside changes is asked once, outside of them; an inequality along a loop cuts that loop in three: iterations in which
all lanes take the one arm, those that have both, those that take the other. Chains of selects grow by one more part each.
Counterpart: LLVM's loop unswitching and index-set splitting (Midkiff, 2012); Halide's loop partitioning.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce

from tdsl.expr.build import add, floordiv, logical_and, maximum, minimum, mul, neg
from tdsl.expr.node import INT64, Compare, Const, Load, Node, Select, Var, index_const
from tdsl.expr.rewrite import variables, walk
from tdsl.expr.simplify import linear
from tdsl.lower.ir import Allocate, Barrier, Block, For, If, Kernel, Let, Prefetch, Statement, Store
from tdsl.lower.passes.separate_full_tiles import conjuncts, gap_of

MOST_NODES = 96
"""Nodes of a value that is written out more than once: those of an operator that moves data have fewer."""

MOST_PARTS = 16
"""Parts that the selects of one store make."""


def separate_selects(kernel: Kernel) -> Kernel:
    """The kernel with copies from several places in loops of their own.

    Rewrite::

        serial j in 0 .. (n + 7) // 8             serial j in 0 .. min(m // 8, …)
          vector v in 0 .. 8                 ->     C[j * 8 + v] = A[j * 8 + v]
            C[..] = where(.. < m, A[..], B[..])   serial j in max(0, m // 8) .. min((m + 7) // 8, …)
                                                    C[j * 8 + v] = where(…)
                                                  serial j in max(0, (m + 7) // 8) .. (n + 7) // 8
                                                    C[j * 8 + v] = B[j * 8 + v - m]
    """
    body = _separated(kernel.body)
    return kernel if body is kernel.body else replace(kernel, body=body)


def _separated(statement: Statement) -> Statement:
    match statement:
        case For():
            store = _only_store(statement)
            if store is not None and statement.kind != "parallel":
                return _apart(statement, store, MOST_PARTS)
            return _with_body(statement, _separated(statement.body))
        case Let() | Allocate():
            return _with_body(statement, _separated(statement.body))
        case Block(inside):
            found = tuple(map(_separated, inside))
            return statement if all(map(_same, found, inside)) else replace(statement, statements=found)
        case If(_, then, other):
            one, two = _separated(then), None if other is None else _separated(other)
            return statement if one is then and two is other else replace(statement, then=one, otherwise=two)
        case Store() | Prefetch() | Barrier():
            return statement


def _same(one: Statement, other: Statement) -> bool:
    return one is other


def _with_body(statement: For | Let | Allocate, body: Statement) -> Statement:
    return statement if body is statement.body else replace(statement, body=body)


def _only_store(statement: Statement) -> Store | None:
    """The store that loops and guards around it end in; None where they hold anything else.

    A tail that is moved back over whole tiles would leave the part of the loop that it is decided for.
    """
    while not isinstance(statement, Store):
        match statement:
            case If(tail="shift"):
                return None
            case For(kind="serial" | "vector", body=body, intrinsic=None) | If(then=body, otherwise=None):
                statement = body
            case _:
                return None
    plain = not statement.atomic and statement.lanes is None and isinstance(statement.value, Select)
    return statement if plain and sum(1 for _ in walk(statement.value)) <= MOST_NODES else None


def _stored(statement: Statement, value: Node) -> Statement:
    """The loops around the one store, with another value."""
    match statement:
        case Store():
            return replace(statement, value=value)
        case For(body=body):
            return replace(statement, body=_stored(body, value))
        case If(then=then):
            return replace(statement, then=_stored(then, value))
        case _:
            return statement


def _apart(statement: Statement, store: Store, parts: int) -> Statement:
    """A loop nest around one store, its select decided where loops allow."""
    if isinstance(statement, Store) or parts <= 1 or not isinstance(store.value, Select):
        return statement
    if isinstance(statement, If):
        then = _apart(statement.then, store, parts)
        return statement if then is statement.then else replace(statement, then=then)
    assert isinstance(statement, For)
    select = store.value
    inside = _bound(statement)
    asked = list(conjuncts(select.cond))
    free = [part for part in asked if not _mentions(part, inside) and not _reads(part)]
    if free:
        rest = [part for part in asked if part not in free]
        value = select.then if not rest else select.rebuilt((_all(rest), select.then, select.otherwise))
        first, second = (
            _again(statement, store, value, parts),
            _again(statement, store, select.otherwise, parts),
        )
        return If(_all(free), first, second)
    cut = _cut(statement, asked) if statement.kind == "serial" else None
    if cut is None:
        return _with_body(statement, _apart(statement.body, store, parts))
    return _in_three(statement, store, cut, parts)


def _again(statement: Statement, store: Store, value: Node, parts: int) -> Statement:
    return _apart(_stored(statement, value), replace(store, value=value), parts - 1)


def _in_three(loop: For, store: Store, cut: _Cut, parts: int) -> Statement:
    select = store.value
    assert isinstance(select, Select)
    early, late = (select.then, select.otherwise) if cut.first else (select.otherwise, select.then)
    middle = maximum(loop.lower, cut.sure), maximum(loop.lower, cut.never)
    loops = (
        (loop.lower, minimum(cut.sure, loop.upper), early),
        (middle[0], minimum(cut.never, loop.upper), select),
        (middle[1], loop.upper, late),
    )
    made: list[Statement] = []
    for lower, upper, value in loops:
        part = replace(_stored(loop, value), lower=lower, upper=upper)
        made.append(part if value is select else _again(part, store, value, parts))
    return Block(tuple(made))


@dataclass(frozen=True, slots=True)
class _Cut:
    """Before iteration `sure` all lanes take one arm, from `never` on all take the other; `first`: which is `then`."""

    sure: Node
    never: Node
    first: bool


def _cut(loop: For, asked: list[Node]) -> _Cut | None:
    """Where an inequality along a loop and the lanes inside it is decided."""
    if len(asked) != 1 or _reads(asked[0]):
        return None
    lanes = _lanes(loop.body)
    if not isinstance(asked[0], Compare) or asked[0].lhs.dtype != INT64 or lanes is None:
        return None
    gap = gap_of(asked[0])
    if gap is None:
        return None
    terms, constant = linear(gap)
    name = Var(loop.var, INT64, "local")
    factor = terms.get(name, 0)
    low, high, rest = constant, constant, index_const(0)
    for term, count in terms.items():
        if isinstance(term, Var) and term.kind == "local" and term.name in lanes:
            ends = sorted(count * lane for lane in lanes[term.name])
            low, high = low + ends[0], high + ends[1]
        elif term is not name:
            if _mentions(term, {loop.var, *lanes}):
                return None
            rest = add(rest, mul(term, index_const(count)))
    if factor == 0:
        return None
    # factor * i + rest + low >= 0: all lanes hold; factor * i + rest + high < 0: none does.
    if factor < 0:
        sure = add(floordiv(add(rest, index_const(low)), index_const(-factor)), index_const(1))
        never = add(floordiv(add(rest, index_const(high)), index_const(-factor)), index_const(1))
        return _Cut(sure, never, first=True)
    sure = neg(floordiv(add(rest, index_const(high)), index_const(factor)))
    never = neg(floordiv(add(rest, index_const(low)), index_const(factor)))
    return _Cut(sure, never, first=False)


def _lanes(body: Statement) -> dict[str, tuple[int, int]] | None:
    """First and last value of the lanes inside a loop that has no other loop inside; None where it has."""
    found: dict[str, tuple[int, int]] = {}
    while not isinstance(body, Store):
        match body:
            case For(kind="vector", lower=Const() as low, upper=Const() as high):
                found[body.var] = int(low.value), int(high.value) - 1
                body = body.body
            case If(then=then):
                body = then
            case _:
                return None
    return found


def _bound(statement: Statement) -> set[str]:
    """Variables of the loops down to the store."""
    found: set[str] = set()
    while not isinstance(statement, Store):
        match statement:
            case For(var=var, body=body):
                found.add(var)
                statement = body
            case If(then=then):
                statement = then
            case _:
                break
    return found


def _all(parts: list[Node]) -> Node:
    return reduce(logical_and, parts)


def _mentions(node: Node, names: set[str]) -> bool:
    return any(var.kind == "local" and var.name in names for var in variables(node))


def _reads(node: Node) -> bool:
    return any(isinstance(part, Load) for part in walk(node))
