"""Where elements are: a buffer and subscripts in, the text of an lvalue or of a vector access out.

Row-major buffers are indexed by one flat sum written as nested products, `(i * n + j) * m + k`; arrays of the general
body by their strides. Where a buffer has fewer than 2^30 elements, subscripts in bounds and their sum fit 32 bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdsl.codegen.cuda import expressions
from tdsl.codegen.cuda.types import BLOCKS, VECTORS
from tdsl.errors import InternalError
from tdsl.expr.linear import linear
from tdsl.expr.node import INT64, Const, Node, Var

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdsl.codegen.cuda.context import Buffer, Context
    from tdsl.codegen.cuda.expressions import Text


def buffer_of(ctx: Context, name: str, *, writes: bool = False) -> Buffer:
    """A buffer that is accessed."""
    found = ctx.buffers.get(name)
    if found is None:
        raise InternalError(f"no buffer {name}", pass_name="codegen.cuda")
    if found.memory == "global":
        (ctx.written if writes else ctx.touched)[name] = None
    return found


def element(ctx: Context, name: str, index: Sequence[Node], *, writes: bool = False) -> str:
    """`A[i * n + j]`."""
    buffer = buffer_of(ctx, name, writes=writes)
    if buffer.single:
        return buffer.name
    return f"{buffer.name}[{flat(ctx, buffer, index).text}]"


def flat(ctx: Context, buffer: Buffer, index: Sequence[Node]) -> Text:
    """The number of an element of a buffer."""
    if buffer.strides is not None:
        return _strided(ctx, buffer, index)
    found: Text | None = None
    wide = ctx.facts.wide and buffer.memory == "global"
    for part, extent in zip(index, buffer.extents, strict=True):
        here = _subscript(ctx, part, wide)
        if found is None or found.text == "0":
            found = here
            continue
        width = _subscript(ctx, extent, wide)
        if width.text == "1":
            found = found if here.text == "0" else _plus(found, here)
            continue
        product = f"{found.within(expressions.PRODUCT)} * {width.within(expressions.UNARY)}"
        found = expressions.Text(product, expressions.PRODUCT)
        if here.text != "0":
            found = _plus(found, here)
    return found or expressions.Text("0")


def _plus(one: Text, other: Text) -> Text:
    if other.text.startswith("-"):
        return expressions.Text(f"{one.within(expressions.SUM)} + ({other.text})", expressions.SUM)
    return expressions.Text(
        f"{one.within(expressions.SUM)} + {other.within(expressions.SUM)}", expressions.SUM
    )


def _subscript(ctx: Context, part: Node, wide: bool) -> Text:
    """A subscript as `int`, where the flat number needs no more, else as `long long`."""
    found = expressions.expression(ctx, part)
    if wide:
        if isinstance(part, Const):
            return expressions.Text(found.text, found.precedence)
        return expressions.typed(ctx, part)
    if found.wide and part.dtype is INT64:
        return expressions.Text(f"(int){found.within(expressions.UNARY)}", expressions.UNARY)
    return found


def _strided(ctx: Context, buffer: Buffer, index: Sequence[Node]) -> Text:
    assert buffer.strides is not None
    terms: list[str] = []
    for part, stride in zip(index, buffer.strides, strict=True):
        here = expressions.expression(ctx, part)
        if here.text == "0":
            continue
        terms.append(f"{here.within(expressions.PRODUCT)} * {stride}")
    level = expressions.PRODUCT if len(terms) == 1 else expressions.SUM
    return expressions.Text(" + ".join(terms) or "0", level if terms else expressions.ATOM)


# ---------------------------------------------------------------- vectors
def runs_along(index: Sequence[Node], lane: Var) -> bool:
    """Whether the lanes are neighbours: the last subscript moves with the lane by one, the others not at all."""
    if not index:
        return False
    for part in index[:-1]:
        if factor(part, lane) != 0:
            return False
    return factor(index[-1], lane) == 1


def factor(node: Node, lane: Var) -> int | None:
    """What a lane's number is multiplied by in a node; None where it is not linear in it."""
    terms, _ = linear(node)
    for term in terms:
        if term is not lane and _mentions(term, lane):
            return None
    return terms.get(lane, 0)


def _mentions(node: Node, lane: Var) -> bool:
    stack = [node]
    while stack:
        one = stack.pop()
        if one is lane:
            return True
        stack.extend(one.children)
    return False


def mentions(node: Node, lane: Var) -> bool:
    """Whether a node depends on the lane."""
    return _mentions(node, lane)


def vector_type(ctx: Context, name: str, lanes: int) -> str | None:
    """The type whose lanes can be read one by one; None where there is none for the buffer's dtype."""
    return VECTORS.get((ctx.buffers[name].dtype.name, lanes))


def whole_type(ctx: Context, name: str, lanes: int) -> str | None:
    """The type that copies so many neighbours at once."""
    buffer = ctx.buffers[name]
    return vector_type(ctx, name, lanes) or BLOCKS.get(lanes * buffer.dtype.bytes)


def aligned(ctx: Context, name: str, index: Sequence[Node], lane: Var, lanes: int) -> bool:
    """Whether the first lane's element stands at a multiple of the vector; sizes that must divide for that are noted.

    Arrays and shared buffers begin at a multiple of 16 bytes.
    """
    buffer = ctx.buffers[name]
    if buffer.strides is not None or buffer.memory == "private" or not ctx.facts.vectors:
        return False
    if buffer.memory == "global" and ctx.facts.wide:
        return False
    rows = buffer.extents[1:]
    if rows and not divisible(ctx, rows[-1], lanes):
        return False
    return _first_divides(ctx, index[-1], lane, lanes)


def _first_divides(ctx: Context, part: Node, lane: Var, lanes: int) -> bool:
    terms, constant = linear(part)
    rest = [(term, factor) for term, factor in terms.items() if term is not lane]
    if constant % lanes:
        return False
    return all(factor % lanes == 0 or factor * ctx.ranges.divisor(term) % lanes == 0 for term, factor in rest)


def divisible(ctx: Context, node: Node, factor: int) -> bool:
    """Whether a size is divisible, known or to be asked at the call."""
    if ctx.ranges.divides(node, factor):
        return True
    if isinstance(node, Const) or not _of_sizes(node):
        return False
    before = ctx.facts.multiples.get(node, 1)
    ctx.facts.multiples[node] = max(before, factor)
    return True


def _of_sizes(node: Node) -> bool:
    stack = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, Var) and one.kind != "size":
            return False
        if not isinstance(one, Var | Const) and not one.children:
            return False
        stack.extend(one.children)
    return True
