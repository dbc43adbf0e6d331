"""Buffers in scope `register`: SSA values, never memory. Indices that are constants, lanes aside, in; values out.

The elements, row-major, are cut into chunks as wide as the vector loops that touch the buffer, so that an accumulator
of a tile is one vector value each. Lanes that make up a chunk are that chunk; others are picked from chunks, or put
into them, by shuffles. Loops and branches carry the chunks through phi nodes (statements.py).
"""

from __future__ import annotations

from tdsl.codegen.llvm.buffers import RegisterBuffer
from tdsl.codegen.llvm.context import Context
from tdsl.codegen.llvm.operations import lane_of, shuffled, with_lane
from tdsl.codegen.llvm.reads import Names, depends_on, nodes, subnodes
from tdsl.codegen.llvm.types import element_type, zero
from tdsl.codegen.llvm.values import Linear, Value, is_uniform, row
from tdsl.errors import InternalError, LimitError
from tdsl.expr.node import Const, Load
from tdsl.lower.ir import Allocate, Barrier, Block, For, If, Let, Prefetch, Statement, Store

MAXIMUM_ELEMENTS = 4096
"""More values than any register file holds 8 times over: beyond it the code would only spill."""

MAXIMUM_VALUES = 512
"""Of one buffer, elements side by side in lanes being one: 16 times the registers of AVX-512. LLVM takes half a second
for so many that live at once, and ten for eight times as many."""


def register_buffer(ctx: Context, allocate: Allocate, extents: tuple[int, ...]) -> RegisterBuffer:
    """A fresh buffer; its contents are undefined, and 0 so that nothing depends on what LLVM makes of undefined."""
    count = 1
    for extent in extents:
        count *= extent
    if count > MAXIMUM_ELEMENTS:
        raise LimitError(
            "L121",
            f"{allocate.buffer} in scope register holds {count} elements",
            why=(f"at most {MAXIMUM_ELEMENTS} fit; extents {' x '.join(map(str, extents))}",),
            hint=("a smaller tile", 'scope "stack"'),
        )
    width = _width(allocate, count)
    values = count // (width or 1)
    if values > MAXIMUM_VALUES:
        raise LimitError(
            "L121",
            f"{allocate.buffer} in scope register is {values} values",
            why=(
                f"at most {MAXIMUM_VALUES} fit; extents {' x '.join(map(str, extents))}, {width or 1} to a value",
            ),
            hint=("a smaller tile", "vectorize the loops that touch it", 'scope "stack"'),
        )
    zero = _zero(allocate, width)
    return RegisterBuffer(allocate.buffer, allocate.dtype, extents, width, [zero] * values)


def _zero(allocate: Allocate, width: int) -> str:
    if width:
        return "zeroinitializer"
    return zero(allocate.dtype)


def _width(allocate: Allocate, count: int) -> int:
    """The widest vector loop that touches the buffer with its lanes and divides it; 0 where there is none."""
    found = [0]
    _collect(allocate.body, allocate.buffer, {}, 1, found)
    return max(width for width in found if width == 0 or (width > 1 and count % width == 0))


def _collect(statement: Statement, buffer: str, lanes: Names, width: int, found: list[int]) -> None:
    """Note the number of lanes of every access to the buffer that depends on a lane."""
    match statement:
        case Block(statements):
            for part in statements:
                _collect(part, buffer, lanes, width, found)
        case If(_, then, other):
            _collect(then, buffer, lanes, width, found)
            if other is not None:
                _collect(other, buffer, lanes, width, found)
        case For(var, lower, upper, kind, body):
            if kind == "vector" and isinstance(lower, Const) and isinstance(upper, Const):
                lanes, width = {**lanes, var: None}, width * (int(upper.value) - int(lower.value))
            _collect(body, buffer, lanes, width, found)
        case Let(var, value, body):
            if lanes and depends_on(value, lanes):
                lanes = {**lanes, var: None}
            _collect(body, buffer, lanes, width, found)
        case Allocate(body=body):
            _collect(body, buffer, lanes, width, found)
        case Store() | Prefetch() | Barrier():
            pass
    if lanes and _touches(statement, buffer, lanes):
        found.append(width)


def _touches(statement: Statement, buffer: str, lanes: Names) -> bool:
    if isinstance(statement, Store) and statement.buffer == buffer:
        if any(depends_on(part, lanes) for part in statement.index):
            return True
    return any(
        isinstance(node, Load)
        and node.buffer == buffer
        and any(depends_on(part, lanes) for part in node.index)
        for root in nodes(statement)
        for node in subnodes(root)
    )


# access


def read_register(ctx: Context, buffer: RegisterBuffer, index: list[Value]) -> Value:
    """The elements of all lanes."""
    places = _places(ctx, buffer, index)
    chunk = _whole_chunk(buffer, places)
    if chunk is not None:
        return ctx.result(buffer.dtype, ctx.lanes, buffer.chunks[chunk])
    element = element_type(buffer.dtype)
    if len(set(places)) == 1:
        return ctx.result(buffer.dtype, 0, _one(ctx, buffer, places[0]))
    if not buffer.width:
        result = "poison"
        for lane, place in enumerate(places):
            result = with_lane(ctx.f, element, ctx.lanes, result, lane, buffer.chunks[place])
        return ctx.result(buffer.dtype, ctx.lanes, result)
    return ctx.result(buffer.dtype, ctx.lanes, _picked(ctx, buffer, places))


def _whole_chunk(buffer: RegisterBuffer, places: tuple[int, ...]) -> int | None:
    """The chunk that the lanes make up, in order; None if they are something else."""
    width = buffer.width
    if len(places) != width or places[0] % width or places != row(width, 1, places[0]):
        return None
    return places[0] // width


def _one(ctx: Context, buffer: RegisterBuffer, place: int) -> str:
    if not buffer.width:
        return buffer.chunks[place]
    chunk = buffer.chunks[place // buffer.width]
    if chunk == "zeroinitializer":
        return zero(buffer.dtype)
    return lane_of(ctx.f, element_type(buffer.dtype), buffer.width, chunk, place % buffer.width)


def _picked(ctx: Context, buffer: RegisterBuffer, places: tuple[int, ...]) -> str:
    """Lanes picked from the chunks they lie in, one chunk after the other."""
    f, element, width = ctx.f, element_type(buffer.dtype), buffer.width
    lanes = len(places)
    result: str | None = None
    for chunk in dict.fromkeys(place // width for place in places):
        mine = [place - chunk * width if place // width == chunk else None for place in places]
        part = shuffled(f, element, width, buffer.chunks[chunk], "poison", [lane or 0 for lane in mine])
        if result is None:
            result = part
        else:
            picks = [lane if own is None else lanes + lane for lane, own in enumerate(mine)]
            result = shuffled(f, element, lanes, result, part, picks)
    assert result is not None
    return result


def write_register(ctx: Context, buffer: RegisterBuffer, index: list[Value], value: Value) -> None:
    """Replace the elements of all active lanes; the last lane wins where several meet."""
    places = _places(ctx, buffer, index)
    element = element_type(buffer.dtype)
    chunk = _whole_chunk(buffer, places)
    if chunk is not None:
        text = ctx.text(value, ctx.lanes)
        if ctx.mask is not None:
            text = ctx.operations(ctx.lanes).select(element, ctx.mask, text, buffer.chunks[chunk])
        buffer.chunks[chunk] = text
        return
    if len(set(places)) == 1 and is_uniform(value) and ctx.mask is None:
        _replace_one(ctx, buffer, places[0], ctx.scalar(value))
        return
    lanes = ctx.lanes
    text = ctx.text(value, lanes)
    if len(set(places)) < lanes:
        _replace_each(ctx, buffer, places, text)
        return
    for chunk in dict.fromkeys(place // (buffer.width or 1) for place in places):
        if not buffer.width:
            _replace_each(ctx, buffer, places, text)
            return
        mine = [-1] * buffer.width
        for lane, place in enumerate(places):
            if place // buffer.width == chunk:
                mine[place % buffer.width] = lane
        buffer.chunks[chunk] = _blended(ctx, buffer, buffer.chunks[chunk], text, mine, element)


def _blended(
    ctx: Context, buffer: RegisterBuffer, chunk: str, text: str, lanes_of: list[int], element: str
) -> str:
    """A chunk with some of its elements replaced by lanes of a vector; -1 keeps the old element."""
    f, width, lanes = ctx.f, buffer.width, ctx.lanes
    spread = shuffled(f, element, lanes, text, "poison", [max(lane, 0) for lane in lanes_of])
    if min(lanes_of) < 0:
        picks = [at if lane < 0 else width + at for at, lane in enumerate(lanes_of)]
        spread = shuffled(f, element, width, chunk, spread, picks)
    if ctx.mask is None:
        return spread
    mask = shuffled(f, "i1", lanes, ctx.mask, "poison", [max(lane, 0) for lane in lanes_of])
    return ctx.operations(width).select(element, mask, spread, chunk)


def _replace_one(ctx: Context, buffer: RegisterBuffer, place: int, scalar: str) -> None:
    if not buffer.width:
        buffer.chunks[place] = scalar
        return
    chunk, lane = divmod(place, buffer.width)
    element = element_type(buffer.dtype)
    buffer.chunks[chunk] = with_lane(ctx.f, element, buffer.width, buffer.chunks[chunk], lane, scalar)


def _replace_each(ctx: Context, buffer: RegisterBuffer, places: tuple[int, ...], text: str) -> None:
    """Lane by lane, for what shuffles do not say."""
    element, lanes = element_type(buffer.dtype), ctx.lanes
    for lane, place in enumerate(places):
        scalar = lane_of(ctx.f, element, lanes, text, lane)
        if ctx.mask is not None:
            active = lane_of(ctx.f, "i1", lanes, ctx.mask, lane)
            scalar = ctx.operations(0).select(element, active, scalar, _one(ctx, buffer, place))
        _replace_one(ctx, buffer, place, scalar)


def _places(ctx: Context, buffer: RegisterBuffer, index: list[Value]) -> tuple[int, ...]:
    """The position of each lane's element in row-major order."""
    start = 0
    steps: tuple[int, ...] = ()
    for part, extent in zip(index, buffer.extents, strict=True):
        if not isinstance(part, Linear) or part.terms:
            raise InternalError(
                f"an index of {buffer.name}, which is in scope register, is not constant",
                pass_name="codegen.llvm.registers",
                why=(f"extents {buffer.extents}; unroll or vectorize every loop that indexes it",),
            )
        start = start * extent + part.constant
        if steps:
            lanes = part.lanes or (0,) * len(steps)
            steps = tuple([step * extent + more for step, more in zip(steps, lanes, strict=True)])
        else:
            steps = part.lanes
    places = tuple([start + step for step in steps]) if steps else (start,) * (ctx.lanes or 1)
    # A lane or branch that is off may be anywhere; element 0 will do for what nobody looks at.
    size = len(buffer.chunks) * (buffer.width or 1)
    if min(places) >= 0 and max(places) < size:
        return places
    return tuple([place if 0 <= place < size else 0 for place in places])
