"""Vector loops in CUDA C: neighbouring elements as one access of up to 16 bytes; a loop of lanes in, statements out.

Each store of the body runs for all lanes before the next one (semantics P6). Where its elements are neighbours that
begin at a multiple of the vector, it is one access, and so are its loads; anything else is written lane by lane in an
unrolled loop. Conditions that all lanes share stand around; others stay with their lane.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tdsl.codegen.cuda import expressions, memory
from tdsl.codegen.cuda.context import Context
from tdsl.codegen.cuda.types import LANES, c_type
from tdsl.expr import build
from tdsl.expr.linear import linear
from tdsl.expr.node import INT64, Compare, Const, Load, Node, Select, Var, index_const
from tdsl.expr.rewrite import rewrite, substitute, walk
from tdsl.lower.ir import Allocate, Barrier, Block, For, If, Let, Prefetch, Statement, Store

WIDEST_BYTES = 16
"""Bytes of the widest access of a thread (PTX ISA, "Vectors")."""

Write = Callable[[Context, Statement], None]


Lets = tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Masked:
    """A store of the body under conditions, and the integers that were given names around it."""

    store: Store
    conds: tuple[Node, ...]
    lets: Lets

    def statement(self) -> Statement:
        """As it stands in the loop."""
        body: Statement = self.store
        for cond in reversed(self.conds):
            body = If(cond, body)
        for var, value in reversed(self.lets):
            body = Let(var, value, body)
        return body

    def resolved(self, table: Mapping[Node, Node]) -> Masked:
        """With names replaced by what they stand for."""
        store = self.store
        index = tuple(substitute(part, table) for part in store.index)
        value = substitute(store.value, table)
        conds = tuple(substitute(cond, table) for cond in self.conds)
        return Masked(Store(store.buffer, index, value), conds, ())


def vector(ctx: Context, loop: For, write: Write) -> None:
    """A vector loop."""
    assert isinstance(loop.lower, Const) and isinstance(loop.upper, Const)
    lane = Var(loop.var, INT64, "local")
    low, high = int(loop.lower.value), int(loop.upper.value)
    stores = list(_stores(loop.body, (), ())) if _is_plain(loop.body) else []
    if not stores:
        _lane_by_lane(ctx, loop, loop.body, write)
    for one in stores:
        if low == 0 and _together(ctx, one.resolved(_written_out(one.lets)), lane, high) is not None:
            _write_together(ctx, one, lane, high)
        else:
            _lane_by_lane(ctx, loop, one.statement(), write)


def _stores(body: Statement, conds: tuple[Node, ...], lets: Lets) -> Iterator[Masked]:
    """The stores of a plain body."""
    match body:
        case Store():
            yield Masked(body, conds, lets)
        case Let(var, value, inner):
            yield from _stores(inner, conds, (*lets, (var, value)))
        case If(cond, then):
            yield from _stores(then, (*conds, cond), lets)
        case Block(statements):
            for one in statements:
                yield from _stores(one, conds, lets)
        case For() | Allocate() | Barrier() | Prefetch():
            return


def _written_out(lets: Lets) -> dict[Node, Node]:
    """What names stand for."""
    known: dict[Node, Node] = {}
    for var, value in lets:
        known[Var(var, value.dtype, "local")] = substitute(value, known)
    return known


def _named(ctx: Context, lets: Lets, lane: Var) -> dict[Node, Node]:
    """Declares the names that move with the lane by one, as they are in the first lane; what all names stand for."""
    known: dict[Node, Node] = {}
    for var, value in lets:
        name: Node = Var(var, value.dtype, "local")
        meant = substitute(value, known)
        if memory.factor(meant, lane) != 1:
            known[name] = meant
            continue
        first = _sum(substitute(meant, {lane: index_const(0)}))
        text = expressions.expression(ctx, first)
        kind, declared = ctx.declare(var, ctx.ranges.interval(first), ctx.ranges.divisor(first) or 1)
        ctx.line(f"const {kind} {declared} = {text.text};")
        known[name] = build.add(name, lane)
    return known


def _is_plain(body: Statement) -> bool:
    """Whether a body is stores under lets of integers and conditions that no store of it changes."""
    match body:
        case Store():
            return True
        case Let(_, value, inner):
            return value.dtype is INT64 and not _loads(value) and _is_plain(inner)
        case If(cond, then, otherwise):
            return otherwise is None and not _loads(cond) and _is_plain(then)
        case Block(statements):
            return all(map(_is_plain, statements))
        case For() | Allocate() | Barrier() | Prefetch():
            return False


def _loads(node: Node) -> bool:
    return any(isinstance(one, Load) for one in walk(node))


def _lane_by_lane(ctx: Context, loop: For, body: Statement, write: Write) -> None:
    """The lanes one after the other; a statement that reads what other lanes write reads first."""
    write(ctx, For(loop.var, loop.lower, loop.upper, "unroll", body))


# ---------------------------------------------------------------- all lanes at once
def _together(ctx: Context, one: Masked, lane: Var, lanes: int) -> tuple[Node, ...] | None:
    """The conditions under which a store can be done for all lanes at once; None where it cannot."""
    conds = [_shared_condition(ctx, cond, lane, lanes) for cond in one.conds]
    store = one.store
    target = ctx.buffers[store.buffer]
    width = _lanes_at_once(ctx, store, lanes)
    if any(cond is None for cond in conds) or lanes % width or _reads_elsewhere(store):
        return None
    if target.memory == "private" or not _is_vector(ctx, store.buffer, store.index, lane, width):
        if target.memory == "global" or not _pays(ctx, store, lane, lanes):
            return None
    return tuple(cond for cond in dict.fromkeys(conds) if cond is not None)


def _lanes_at_once(ctx: Context, store: Store, lanes: int) -> int:
    return min(lanes, WIDEST_BYTES // ctx.buffers[store.buffer].dtype.bytes)


def _write_together(ctx: Context, one: Masked, lane: Var, lanes: int) -> None:
    """A store for all lanes at once."""
    made = one.resolved(_named(ctx, one.lets, lane))
    tests = _together(ctx, made, lane, lanes)
    assert tests is not None
    width = _lanes_at_once(ctx, made.store, lanes)
    if not tests:
        _chunks(ctx, made.store, lane, lanes, width)
        return
    level = expressions.BOTH if len(tests) > 1 else 0
    texts = [expressions.condition(ctx, cond).within(level) for cond in tests]
    with ctx.block(f"if ({' && '.join(texts)})"):
        _chunks(ctx, made.store, lane, lanes, width)


def _pays(ctx: Context, store: Store, lane: Var, lanes: int) -> bool:
    """Whether lanes are worth writing out one by one, to registers or to shared memory that turns a tile: something is
    read as a vector for them.
    """
    return any(
        ctx.buffers[load.buffer].memory != "private"
        and _is_vector(ctx, load.buffer, load.index, lane, _width(ctx, load, lanes))
        for load in _certain_loads(store.value)
    )


def _width(ctx: Context, load: Load, lanes: int) -> int:
    return min(lanes, WIDEST_BYTES // ctx.buffers[load.buffer].dtype.bytes)


def _is_vector(ctx: Context, name: str, index: tuple[Node, ...], lane: Var, width: int) -> bool:
    """Whether neighbouring lanes are neighbours in memory, in vectors that are aligned."""
    if width < 2 or memory.whole_type(ctx, name, width) is None:
        return False
    return memory.runs_along(index, lane) and memory.aligned(ctx, name, index, lane, width)


def _reads_elsewhere(store: Store) -> bool:
    """Whether the value reads other elements of the buffer than the one it replaces."""
    return any(
        isinstance(one, Load) and one.buffer == store.buffer and one.index != store.index
        for one in walk(store.value)
    )


def _shared_condition(ctx: Context, cond: Node, lane: Var, lanes: int) -> Node | None:
    """A condition as that of the first lane, where it is the same for all lanes; None where it is not.

    `a + lane < b` is, where the number of lanes divides both a and b: a vector lies inside or outside as a whole.
    """
    if not memory.mentions(cond, lane):
        return cond
    if not isinstance(cond, Compare) or cond.op not in ("lt", "ge") or cond.lhs.dtype is not INT64:
        return None
    if memory.mentions(cond.rhs, lane) or not ctx.facts.vectors:
        return None
    terms, constant = linear(cond.lhs)
    if terms.get(lane) != 1 or constant % lanes:
        return None
    rest = {term: factor for term, factor in terms.items() if term is not lane}
    if any(memory.mentions(term, lane) for term in rest):
        return None
    if any((factor * ctx.ranges.divisor(term)) % lanes for term, factor in rest.items()):
        return None
    if not memory.divisible(ctx, cond.rhs, lanes):
        return None
    lhs, rhs = (_sum(substitute(side, {lane: index_const(0)})) for side in (cond.lhs, cond.rhs))
    return build.compare(cond.op, lhs, rhs)


def _sum(node: Node) -> Node:
    """A node whose sums with zero are gone."""
    return rewrite(node, build.refold)


def _chunks(ctx: Context, store: Store, lane: Var, lanes: int, width: int) -> None:
    """A store in accesses of `width` lanes."""
    for start in range(0, lanes, width):
        _chunk(ctx, store, lane, start, width)


def _at(index: tuple[Node, ...], lane: Var, number: int) -> tuple[Node, ...]:
    return tuple(_sum(substitute(part, {lane: index_const(number)})) for part in index)


def _chunk(ctx: Context, store: Store, lane: Var, start: int, width: int) -> None:
    target = ctx.buffers[store.buffer]
    apart = target.memory == "private" or not _is_vector(ctx, store.buffer, store.index, lane, width)
    ctx.say_line(store.buffer)
    place = _at(store.index, lane, start)
    copied = store.value
    if not apart and isinstance(copied, Load) and _is_vector(ctx, copied.buffer, copied.index, lane, width):
        if copied.dtype is target.dtype:
            _copy(ctx, store.buffer, place, copied.buffer, _at(copied.index, lane, start), width)
            return
    lanes_of = _loaded(ctx, store.value, lane, start, width)
    values: list[str] = []
    for number in range(width):
        before = dict(ctx.texts)
        ctx.texts.update(lanes_of[number])
        value = substitute(store.value, {lane: index_const(start + number)})
        for load, text in lanes_of[number].items():
            ctx.texts[substitute(load, {lane: index_const(start + number)})] = text
        values.append(expressions.value(ctx, value))
        ctx.texts = before
    if apart:
        for number, text in enumerate(values):
            to = memory.element(ctx, store.buffer, _at(store.index, lane, start + number), writes=True)
            ctx.line(f"{to} = {text};")
        return
    _store(ctx, store.buffer, place, values, width)


def _loaded(ctx: Context, value: Node, lane: Var, start: int, width: int) -> list[dict[Node, str]]:
    """Vector loads of a value, named; for each lane, load -> its text."""
    found: list[dict[Node, str]] = [{} for _ in range(width)]
    for load in _certain_loads(value):
        buffer = ctx.buffers[load.buffer]
        if buffer.memory == "private":
            continue
        if not any(memory.mentions(part, lane) for part in load.index):
            name = ctx.fresh(f"{buffer.name}_value")
            ctx.line(f"const {c_type(load.dtype)} {name} = {memory.element(ctx, load.buffer, load.index)};")
            for one in found:
                one[load] = name
            continue
        kind = memory.vector_type(ctx, load.buffer, width)
        if kind is None or not _is_vector(ctx, load.buffer, load.index, lane, width):
            continue
        name = ctx.fresh(f"{buffer.name}_vector")
        place = memory.element(ctx, load.buffer, _at(load.index, lane, start))
        ctx.line(f"const {kind} {name} = *(const {kind}*)&{place};")
        for number, one in enumerate(found):
            one[load] = f"{name}.{LANES[number]}"
    return found


def _certain_loads(value: Node) -> list[Load]:
    """Loads that no choice decides about, each once."""
    found: dict[Load, None] = {}
    stack = [value]
    seen: set[Node] = set()
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, Load):
            found[node] = None
        stack.extend((node.cond,) if isinstance(node, Select) else reversed(node.children))
    return list(found)


def _copy(
    ctx: Context, target: str, place: tuple[Node, ...], source: str, origin: tuple[Node, ...], width: int
) -> None:
    kind = memory.whole_type(ctx, target, width)
    to = memory.element(ctx, target, place, writes=True)
    ctx.line(f"*({kind}*)&{to} = *(const {kind}*)&{memory.element(ctx, source, origin)};")


def _store(ctx: Context, target: str, place: tuple[Node, ...], values: list[str], width: int) -> None:
    to = memory.element(ctx, target, place, writes=True)
    kind = memory.vector_type(ctx, target, width)
    if kind is not None:
        ctx.line(f"*({kind}*)&{to} = make_{kind}({', '.join(values)});")
        return
    whole = memory.whole_type(ctx, target, width)
    element = c_type(ctx.buffers[target].dtype)
    name = ctx.fresh(f"{ctx.buffers[target].name}_lanes")
    ctx.line(f"__align__(16) const {element} {name}[{width}] = {{{', '.join(values)}}};")
    ctx.line(f"*({whole}*)&{to} = *(const {whole}*){name};")
