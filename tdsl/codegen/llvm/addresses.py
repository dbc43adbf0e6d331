"""Where elements lie: a buffer and the values of an index in; the address of lane 0 and the way to the others out.

An address is the buffer's pointer plus a sum of bytes, added up from the outermost scope inwards, so that what a loop
does not change is worked out before it. No `inbounds`: partial sums may leave the array. What is left for the innermost
loop is mostly one term and a constant, which the machine's addressing takes in.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import gcd
from operator import add

from tdsl.codegen.llvm.buffers import MemoryBuffer
from tdsl.codegen.llvm.context import Context
from tdsl.codegen.llvm.operations import splat_value
from tdsl.codegen.llvm.types import vector_constant
from tdsl.codegen.llvm.values import Linear, Value, wrapped

ELEMENT = "getelementptr i8, ptr %s, i64 %s"


@dataclass(frozen=True, slots=True)
class Address:
    """The addresses of one access.

    Fields:
        pointer: of lane 0, without `vector`.
        steps: bytes from lane 0 to each lane, where known; empty where all are 0.
        strided: (steps, name): further bytes, steps times a value known at run time.
        vector: further bytes of each lane, `<w x i64>`, or None.
        alignment: of lane 0.
    """

    pointer: str
    steps: tuple[int, ...]
    strided: tuple[tuple[tuple[int, ...], str], ...]
    vector: str | None
    alignment: int

    @property
    def is_uniform(self) -> bool:
        return not self.steps and not self.strided and self.vector is None

    @property
    def is_regular(self) -> bool:
        """Whether lanes lie at known byte distances."""
        return not self.strided and self.vector is None


@dataclass(slots=True)
class _Sum:
    """Bytes collected over the dimensions of an index."""

    constant: int
    terms: dict[str, int]
    steps: tuple[int, ...]
    strided: list[tuple[tuple[int, ...], str]]
    vectors: list[str]


def address(ctx: Context, buffer: MemoryBuffer, index: list[Value]) -> Address:
    """The address of `buffer[index]`."""
    total = _Sum(0, {}, (), [], [])
    for value, (factor, stride) in zip(index, buffer.strides, strict=True):
        if isinstance(value, Linear):
            _add(ctx, total, value, factor, stride)
        else:
            total.vectors.append(_vector_bytes(ctx, value, factor, stride))
    alignment = _alignment(buffer, total)
    pointer = _pointer(ctx, buffer.pointer, total)
    vector: str | None = None
    for text in total.vectors:
        o = ctx.operations(ctx.lanes)
        vector = text if vector is None else o.binary("add", "i64", vector, text)
    steps = total.steps if any(total.steps) else ()
    return Address(pointer, steps, tuple(total.strided), vector, alignment)


def _add(ctx: Context, total: _Sum, value: Linear, factor: int, stride: str | None) -> None:
    """One dimension: its index times factor * stride bytes."""
    if stride is None:
        total.constant += value.constant * factor
        if value.lanes:
            steps = _scaled(value.lanes, factor)
            total.steps = tuple(map(add, total.steps, steps)) if total.steps else steps
    else:
        if value.constant:
            total.terms[stride] = total.terms.get(stride, 0) + value.constant * factor
        if value.lanes:
            total.strided.append((_scaled(value.lanes, factor), stride))
    for name, coefficient in value.terms:
        part = name if stride is None else ctx.f.pure("i64", "mul i64 %s, %s", name, stride)
        total.terms[part] = total.terms.get(part, 0) + coefficient * factor


@lru_cache(maxsize=1024)
def _scaled(steps: tuple[int, ...], factor: int) -> tuple[int, ...]:
    return tuple(step * factor for step in steps)


def _vector_bytes(ctx: Context, value: Value, factor: int, stride: str | None) -> str:
    o = ctx.operations(ctx.lanes)
    text = ctx.text(value, ctx.lanes)
    if stride is not None:
        text = o.binary("mul", "i64", text, splat_value(ctx.f, "i64", ctx.lanes, stride))
    return text if factor == 1 else o.binary("mul", "i64", text, o.integer(factor, 64))


def _alignment(buffer: MemoryBuffer, total: _Sum) -> int:
    """The element's alignment, or more where every part of the sum is a multiple of more."""
    common = gcd(buffer.start, total.constant, *total.terms.values())
    return max(buffer.alignment, common & -common)


def _pointer(ctx: Context, start: str, total: _Sum) -> str:
    f = ctx.f
    by_level: dict[int, list[tuple[str, int]]] = {}
    for name, factor in total.terms.items():
        if wrapped(factor):
            by_level.setdefault(f.level(name), []).append((name, wrapped(factor)))
    pointer = start
    for level in sorted(by_level):
        pointer = f.pure("ptr", ELEMENT, pointer, ctx.sum(0, by_level[level]))
    return moved(ctx, pointer, total.constant)


def moved(ctx: Context, pointer: str, bytes_: int) -> str:
    """A pointer some bytes further on."""
    return ctx.f.pure("ptr", ELEMENT, pointer, str(wrapped(bytes_))) if bytes_ else pointer


def all_pointers(ctx: Context, at: Address) -> str:
    """The addresses of all lanes, `<w x ptr>`."""
    lanes = ctx.lanes
    o = ctx.operations(lanes)
    offset: str | None = at.vector
    for steps, stride in at.strided:
        everywhere = splat_value(ctx.f, "i64", lanes, stride)
        part = o.binary("mul", "i64", everywhere, vector_constant(steps, "i64"))
        offset = part if offset is None else o.binary("add", "i64", offset, part)
    bits = 64
    if at.steps or offset is None:
        steps = at.steps or (0,) * lanes
        bits = 32 if offset is None and max(map(abs, steps)) < 1 << 31 else 64
        constant = vector_constant(steps, f"i{bits}")
        offset = constant if offset is None else o.binary("add", "i64", offset, constant)
    template = f"getelementptr i8, ptr %s, <{lanes} x i{bits}> %s"
    return ctx.f.pure(f"<{lanes} x ptr>", template, at.pointer, offset)


def lane_pointers(ctx: Context, at: Address) -> list[str]:
    """The address of each lane on its own, by scalar arithmetic."""
    f, lanes = ctx.f, ctx.lanes
    pointers = [moved(ctx, at.pointer, step) for step in at.steps or (0,) * lanes]
    for steps, stride in at.strided:
        if len(set(pointers)) == 1 and at.vector is None and _evenly(steps):
            unit = ctx.sum(0, [(stride, steps[1])])
            for lane in range(1, lanes):
                pointers[lane] = f.pure("ptr", ELEMENT, pointers[lane - 1], unit)
            continue
        pointers = [
            f.pure("ptr", ELEMENT, pointer, ctx.sum(0, [(stride, step)])) if step else pointer
            for pointer, step in zip(pointers, steps, strict=True)
        ]
    if at.vector is not None:
        for lane in range(lanes):
            template = f"extractelement <{lanes} x i64> %s, i64 {lane}"
            offset = f.pure("i64", template, at.vector)
            pointers[lane] = f.pure("ptr", ELEMENT, pointers[lane], offset)
    return pointers


def _evenly(steps: tuple[int, ...]) -> bool:
    return steps == tuple(steps[1] * lane for lane in range(len(steps)))


def pattern(at: Address, unit: int) -> tuple[int, ...] | None:
    """The lanes as distances in elements of `unit` bytes, where they are known and whole."""
    return _in_units(at.steps, unit) if at.is_regular else None


@lru_cache(maxsize=1024)
def _in_units(steps: tuple[int, ...], unit: int) -> tuple[int, ...] | None:
    return None if any(step % unit for step in steps) else tuple(step // unit for step in steps)
