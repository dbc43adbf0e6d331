"""Loops along the rows that lanes read: as many iterations at a time as turn a block of rows into vectors (P12).

Rewrite, for a serial loop over k whose lanes l read `A[l, k]`, contiguous along k:

    for k in lower..upper: … A[l, k] …

    for block in 0..(upper - lower) / 16: rows = A[l, k .. k + 16], turned; the body 16 times, with columns of them
    for k in the rest: … A[l, k] …

Each lane meets its elements in the same order, so the bits are the same; a gather an iteration, or a load a lane,
becomes one vector load and log2(16) shuffles. Legal where every iteration of a block surely reads the element for the
same lanes: nothing in the loop writes the buffer, and the read is under no condition that the loop may change.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tdsl.codegen.llvm.addresses import Address, address, lane_pointers, pattern
from tdsl.codegen.llvm.buffers import MemoryBuffer
from tdsl.codegen.llvm.context import Context
from tdsl.codegen.llvm.memory import DUMMY, DUMMY_TEXT, SPAN_LOADS, from_memory, read_plain
from tdsl.codegen.llvm.operations import lane_of, shuffled
from tdsl.codegen.llvm.reads import Names, depends_on, nodes, parts, stored, weight
from tdsl.codegen.llvm.transposes import transposed
from tdsl.codegen.llvm.types import memory_type
from tdsl.codegen.llvm.values import Linear, Value, plus
from tdsl.expr.linear import linear
from tdsl.expr.node import Const, Load, Node, Select, Var
from tdsl.lower.ir import Allocate, Barrier, Block, For, If, Let, Prefetch, Statement, Store

LARGEST_BLOCK = 16
"""Iterations of a block: a square of them in 32-bit elements fills half of AVX-512's registers."""

SMALLEST_BLOCK = 4
"""A square of two costs as much as what it replaces."""

LARGEST_BODY = 256
"""Stores of a block's body, written out: beyond it the code would cost more than the reads."""


@dataclass(slots=True)
class BlockedLoop:
    """A block whose iterations are being written out.

    Fields:
        var: the loop variable; in this iteration it is `step` beyond the block's first value.
        size: iterations in all.
        reads: the loads that each iteration of the loop does, for lanes of different rows.
        depth: of the scope of the block's body.
        columns: what the lanes read in each iteration, by what was read.
    """

    var: str
    size: int
    reads: dict[Load, None]
    step: int = 0
    depth: int = 0
    columns: dict[tuple[object, ...], list[str]] = field(default_factory=dict[tuple[object, ...], list[str]])


def blocked_loop(ctx: Context, loop: For) -> BlockedLoop | None:
    """How to take iterations together; None where nothing in the loop reads along it in several rows."""
    inside = parts(loop.body)
    moving: Names = {loop.var: None}
    for part in inside:
        if isinstance(part, For) and part.kind in ("serial", "parallel"):
            return None
        if isinstance(part, Let) and depends_on(part.value, moving):
            return None
    found = BlockedLoop(loop.var, 0, {})
    _collect(ctx, found, loop.body, dict.fromkeys(stored(loop.body)), {}, 1)
    return found if 0 < found.size * weight(loop.body) <= LARGEST_BODY else None


def _collect(
    ctx: Context, found: BlockedLoop, statement: Statement, written: Names, lanes: Names, width: int
) -> None:
    """Note the reads along the loop under lanes that no condition on the loop's variable may skip."""
    match statement:
        case Block(statements):
            for part in statements:
                _collect(ctx, found, part, written, lanes, width)
        case For(var, lower, upper, kind, body):
            if kind == "vector" and isinstance(lower, Const) and isinstance(upper, Const):
                lanes, width = {**lanes, var: None}, width * (int(upper.value) - int(lower.value))
            _collect(ctx, found, body, written, lanes, width)
        case Let(body=body) | Allocate(body=body):
            _collect(ctx, found, body, written, lanes, width)
        case If(cond, then, otherwise):
            if not depends_on(cond, {found.var: None}):
                _collect(ctx, found, then, written, lanes, width)
                if otherwise is not None:
                    _collect(ctx, found, otherwise, written, lanes, width)
        case Store() | Prefetch() | Barrier():
            pass
    if not lanes or isinstance(statement, (Block, For)):
        return
    for node in _surely_read(nodes(statement)):
        if node.buffer not in written and _reads_rows(ctx, found.var, node, lanes):
            side = _side(ctx, ctx.buffers[node.buffer].dtype.bytes, width)
            if side >= SMALLEST_BLOCK:
                found.reads[node] = None
                found.size = max(found.size, side)


def _surely_read(roots: tuple[Node, ...]) -> list[Load]:
    """The loads below some nodes, but for those that a select may leave out."""
    seen: dict[Node, None] = {}
    stack = list(reversed(roots))
    while stack:
        node = stack.pop()
        if node not in seen:
            seen[node] = None
            stack += (node.cond,) if isinstance(node, Select) else reversed(node.children)
    return [node for node in seen if isinstance(node, Load)]


def _side(ctx: Context, unit: int, lanes: int) -> int:
    """Rows and columns of the squares: a register's worth."""
    natural = ctx.capabilities.vector_bits // (8 * unit)
    return 0 if lanes & (lanes - 1) else min(lanes, natural, LARGEST_BLOCK)


def _reads_rows(ctx: Context, var: str, node: Load, lanes: Names) -> bool:
    """Whether lanes read different rows, each of them along the loop."""
    return (
        _runs_along(ctx, node, var)
        and not depends_on(node.index[-1], lanes)
        and any(depends_on(part, lanes) for part in node.index[:-1])
    )


def _runs_along(ctx: Context, node: Load, var: str) -> bool:
    """Whether the loop moves a read by one element of a contiguous dimension an iteration, and not otherwise."""
    buffer = ctx.buffers.get(node.buffer)
    if not isinstance(buffer, MemoryBuffer) or len(node.index) < 2:
        return False
    if buffer.strides[-1] != (buffer.dtype.bytes, None):
        return False
    terms, _ = linear(node.index[-1])
    alone = [term for term in terms if isinstance(term, Var) and term.kind == "local" and term.name == var]
    rest = [term for term in terms if term not in alone]
    moves = len(alone) == 1 and terms[alone[0]] == 1
    return moves and not any(depends_on(part, {var: None}) for part in (*rest, *node.index[:-1]))


def column(ctx: Context, node: Load, index: list[Value]) -> str | None:
    """What the lanes read in this iteration, out of a block of rows; None where the read is of another kind."""
    block, buffer = ctx.block, ctx.buffers.get(node.buffer)
    if block is None or node not in block.reads or not isinstance(buffer, MemoryBuffer):
        return None
    last, side = index[-1], min(_side(ctx, buffer.dtype.bytes, ctx.lanes), block.size)
    if side < SMALLEST_BLOCK or not isinstance(last, Linear) or not _stays(ctx, block):
        return None
    group = block.step // side * side
    at = address(ctx, buffer, [*index[:-1], plus(last, Linear(group - block.step))])
    steps = pattern(at, buffer.dtype.bytes)
    near = bool(steps) and max(steps) - min(steps) < SPAN_LOADS * ctx.lanes
    if at.is_uniform or near:
        return None
    version = ctx.versions.get(node.buffer, 0)
    key = (node.buffer, version, at, ctx.mask, ctx.lanes)
    if key not in block.columns:
        block.columns[key] = _turned(ctx, buffer, at, side)
    return from_memory(ctx, buffer, ctx.lanes, block.columns[key][block.step - group])


def _stays(ctx: Context, block: BlockedLoop) -> bool:
    """Whether this place is reached, with this mask, in each iteration or in none."""
    return ctx.f.depth == block.depth and (ctx.mask is None or ctx.f.level(ctx.mask) < block.depth)


def _turned(ctx: Context, buffer: MemoryBuffer, at: Address, side: int) -> list[str]:
    """The next `side` vectors of the lanes, from as many elements of each lane's row; rows that are off give 0."""
    f, element, lanes = ctx.f, memory_type(buffer.dtype), ctx.lanes
    pointers = lane_pointers(ctx, at)
    if ctx.mask is not None:
        ctx.module.texts[DUMMY] = DUMMY_TEXT
        active = [lane_of(f, "i1", lanes, ctx.mask, lane) for lane in range(lanes)]
        template = "select i1 %s, ptr %s, ptr %s"
        pairs = zip(active, pointers, strict=True)
        pointers = [f.pure("ptr", template, flag, pointer, DUMMY) for flag, pointer in pairs]
    rows = [read_plain(ctx, buffer, side, pointer, buffer.alignment) for pointer in pointers]
    squares = [
        transposed(f, element, 8 * buffer.dtype.bytes, rows[start : start + side])
        for start in range(0, lanes, side)
    ]
    return [_joined(ctx, element, [square[place] for square in squares]) for place in range(side)]


def _joined(ctx: Context, element: str, pieces: list[str]) -> str:
    """Vectors one after the other, two and two."""
    width = ctx.lanes // len(pieces)
    while len(pieces) > 1:
        pairs = zip(pieces[::2], pieces[1::2], strict=True)
        pieces = [_both(ctx, element, width, a, b) for a, b in pairs]
        width *= 2
    return pieces[0]


def _both(ctx: Context, element: str, width: int, a: str, b: str) -> str:
    return shuffled(ctx.f, element, width, a, b, range(2 * width))


def first_of_block(lower: Linear, block: str, size: int) -> Linear:
    """The value of the variable in the first iteration of a block."""
    return plus(lower, Linear(0, ((block, size),)))
