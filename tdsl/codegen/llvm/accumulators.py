"""An accumulator in memory that a loop reads and writes at one place is held in a register buffer instead.

Rewrite, for a serial loop over k whose body touches C only as `C[I]`, with I not depending on k:

    for k in lower..upper: … C[I] = f(C[I], …)

    if lower < upper: acc = C[I];  for k in lower..upper: … acc = f(acc, …);  C[I] = acc

Legal when the store is reached in every iteration (so the place may be written), I mentions nothing that the body binds
but the lanes of the vector loop around the access, and I reads no memory. The chain of values is the same, so the bits
are; only the way through memory, several cycles a step, is gone. Source: scalar promotion, LLVM's LICM.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tdsl.codegen.llvm.reads import Names, depends_on, nodes, parts, subnodes
from tdsl.dtypes import DType
from tdsl.expr.node import Const, Load, Node, Var, index_const
from tdsl.lower.ir import Allocate, Barrier, Block, For, If, Let, Prefetch, Statement, Store

SUFFIX = ".held"
"""What is added to a buffer's name: no user's name has a dot."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a loop touches a buffer: the index, and the vector loop around every access, if there is one."""

    buffer: str
    dtype: DType
    index: tuple[Node, ...]
    lanes: For | None

    @property
    def held(self) -> str:
        return self.buffer + SUFFIX

    @property
    def position(self) -> tuple[Node, ...]:
        """The index in the register buffer: the lane counted from 0."""
        if self.lanes is None:
            return ()
        return (Var(self.lanes.var, self.lanes.lower.dtype, "local"),)

    @property
    def extents(self) -> tuple[Node, ...]:
        return () if self.lanes is None else (self.lanes.upper,)


def hold_accumulators(loop: For, memory: Names) -> Statement | None:
    """The loop with its accumulators held, or None where it has none; for where it runs at least once.

    memory: the buffers that lie in memory.
    """
    found = [place for name in _written(loop) if name in memory and (place := _place(loop, name)) is not None]
    if not found:
        return None
    body: Statement = loop
    before: list[Statement] = []
    after: list[Statement] = []
    for place in found:
        body = _replaced(body, place)
        value = Load(place.buffer, place.dtype, place.index)
        held = Load(place.held, place.dtype, place.position)
        before.append(_for_lanes(place, Store(place.held, place.position, value)))
        after.append(_for_lanes(place, Store(place.buffer, place.index, held)))
    whole: Statement = Block((*before, body, *after))
    for place in found:
        whole = Allocate(place.held, place.dtype, place.extents, "register", whole)
    return whole


def _written(loop: For) -> list[str]:
    return list(dict.fromkeys(part.buffer for part in parts(loop.body) if isinstance(part, Store)))


def _for_lanes(place: _Place, statement: Statement) -> Statement:
    return statement if place.lanes is None else replace(place.lanes, body=statement)


def _place(loop: For, buffer: str) -> _Place | None:
    """The one place where the loop touches a buffer, reading it and surely writing it; None if there is no such."""
    store = _sure_store(loop.body, buffer, None)
    if store is None or any(isinstance(part, For) and part.kind == "parallel" for part in parts(loop.body)):
        return None
    (statement, lanes) = store
    if statement.atomic:
        return None
    bound: Names = {loop.var: None}
    for part in parts(loop.body):
        if isinstance(part, (For, Let)) and not (lanes is not None and part is lanes):
            bound[part.var] = None
    inner = () if lanes is None else (lanes.var,)
    if any(name in bound for name in inner) or any(
        depends_on(part, bound) or any(isinstance(node, Load) for node in subnodes(part))
        for part in statement.index
    ):
        return None
    place = _Place(buffer, statement.value.dtype, statement.index, lanes)
    reads = _reads(loop.body, buffer)
    if lanes is not None and len(reads) != len(_reads(lanes, buffer)):
        return None  # what stands outside of the vector loop has no lane to read from
    writes = [part for part in parts(loop.body) if isinstance(part, Store) and part.buffer == buffer]
    same = all(access.index == place.index for access in (*reads, *writes))
    return place if reads and same and len(writes) == 1 else None


def _reads(statement: Statement, buffer: str) -> list[Load]:
    every = (node for part in parts(statement) for root in nodes(part) for node in subnodes(root))
    return [node for node in every if isinstance(node, Load) and node.buffer == buffer]


def _sure_store(statement: Statement, buffer: str, lanes: For | None) -> tuple[Store, For | None] | None:
    """The store to a buffer that every iteration reaches, with the vector loop around it."""
    match statement:
        case Store():
            return (statement, lanes) if statement.buffer == buffer else None
        case Block(statements):
            found = (_sure_store(part, buffer, lanes) for part in statements)
            return next((store for store in found if store is not None), None)
        case Let(body=body):
            return _sure_store(body, buffer, lanes)
        case For(_, lower, upper, "vector", body) if lanes is None and _is_from_zero(lower, upper):
            return _sure_store(body, buffer, statement)
        case For() | If() | Allocate() | Prefetch() | Barrier():
            return None


def _is_from_zero(lower: Node, upper: Node) -> bool:
    return lower is index_const(0) and isinstance(upper, Const) and int(upper.value) > 0


def _replaced(statement: Statement, place: _Place) -> Statement:
    """A statement with its accesses to the place turned into accesses to what is held."""
    match statement:
        case Store(buffer, index, value):
            if buffer == place.buffer:
                return Store(place.held, place.position, _held(value, place))
            new = tuple(_held(part, place) for part in index)
            return replace(statement, index=new, value=_held(value, place))
        case Prefetch(buffer, index):
            return Prefetch(buffer, tuple(_held(part, place) for part in index))
        case Block(statements):
            return Block(tuple(_replaced(part, place) for part in statements))
        case Let(var, value, body):
            return Let(var, _held(value, place), _replaced(body, place))
        case For(lower=lower, upper=upper, body=body):
            return replace(
                statement, lower=_held(lower, place), upper=_held(upper, place), body=_replaced(body, place)
            )
        case If(cond, then, otherwise):
            other = None if otherwise is None else _replaced(otherwise, place)
            return replace(statement, cond=_held(cond, place), then=_replaced(then, place), otherwise=other)
        case Allocate(body=body):
            return replace(statement, body=_replaced(body, place))
        case Barrier():
            return statement


def _held(root: Node, place: _Place) -> Node:
    """A node with its reads of the place turned into reads of what is held; by an explicit stack."""
    made: dict[Node, Node] = {}
    stack = [root]
    while stack:
        node = stack[-1]
        waiting = [child for child in node.children if child not in made]
        if waiting:
            stack += waiting
            continue
        stack.pop()
        if isinstance(node, Load) and node.buffer == place.buffer:
            made[node] = Load(place.held, place.dtype, place.position)
        else:
            made[node] = node.rebuilt(tuple(made[child] for child in node.children))
    return made[root]
