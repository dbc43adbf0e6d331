"""A nest as text: the loops with bounds and marks, the statements, the buffers; what `print(schedule)` shows.

In: a Nest and the stages' names. Out: lines, one a loop or statement, two spaces a level. The same lines carry the place
marked in errors and the HTML of notebooks (`nest_html`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tdsl.expr.printer import text
from tdsl.expr.rewrite import variables
from tdsl.schedule.nest import (
    Nest,
    NestAllocate,
    NestBarrier,
    NestCompute,
    NestExchange,
    NestGuard,
    NestItem,
    NestLet,
    NestLoop,
    Slot,
    Storage,
)  # fmt: skip

_MARKS = {"serial": "", "parallel": "parallel ", "unroll": "unrolled ", "vector": "vector "}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a printed nest: indentation level, what it shows, and the loop it belongs to (for marks)."""

    level: int
    text: str
    stage: str = ""
    loop: str = ""
    kind: str = "statement"


def nest_lines(nest: Nest, bodies: Mapping[str, str]) -> tuple[Line, ...]:
    """The lines of a nest; bodies: stage -> what its statement computes, as text."""
    return tuple(_Writer(bodies).items(nest.items, 0, {}))


def nest_text(nest: Nest, bodies: Mapping[str, str]) -> str:
    """The lines joined, two spaces a level."""
    return "\n".join("  " * line.level + line.text for line in nest_lines(nest, bodies))


@dataclass(frozen=True, slots=True)
class _Writer:
    """bodies: what each stage's statement computes."""

    bodies: Mapping[str, str]

    def items(self, items: tuple[NestItem, ...], level: int, fixed: Mapping[str, str]) -> Iterator[Line]:
        """Lines of items; fixed: constant loops around them, name -> kind."""
        for item in items:
            match item:
                case NestCompute():
                    yield Line(level, _statement(item, self.bodies), item.stage, kind="statement")
                case NestLoop():
                    yield _loop(item, level)
                    inner = {**fixed, item.var: item.kind} if item.kind in ("unroll", "vector") else fixed
                    yield from self.items(item.body, level + 1, inner)
                case NestGuard():
                    yield from self.guard(item, level, fixed)
                case NestAllocate(storage, body):
                    yield Line(level, _allocation(storage), storage.tensor, kind="storage")
                    yield from self.items(body, level, fixed)
                case NestLet(var, value, body):
                    yield Line(level, f"{var} = {text(value)}", kind="let")
                    yield from self.items(body, level, fixed)
                case NestExchange(_, slots, _, places):
                    names = ", ".join(slot.buffer for slot in slots)
                    yield Line(level, f"{names} ⊕= across {', '.join(places)}", item.stage, kind="statement")
                case NestBarrier(buffers):
                    yield Line(level, f"barrier  # {', '.join(buffers)}", kind="barrier")

    def guard(self, item: NestGuard, level: int, fixed: Mapping[str, str]) -> Iterator[Line]:
        """A condition, with the tail it stands for."""
        kinds = {fixed[var.name] for var in variables(item.cond) if var.name in fixed}
        tail = item.tail or ("mask" if "vector" in kinds else "guard" if kinds else None)
        label = f"  # tail {tail}" if tail else ""
        yield Line(level, f"if {text(item.cond)}:{label}", kind="guard")
        yield from self.items(item.body, level + 1, fixed)
        if item.otherwise:
            yield Line(level, "else:", kind="guard")
            yield from self.items(item.otherwise, level + 1, fixed)


def _loop(loop: NestLoop, level: int) -> Line:
    mark = _MARKS.get(loop.kind, f"{loop.kind} ")
    note = "  # indexes registers" if loop.implied else ""
    note = note if loop.intrinsic is None else f"  # {loop.intrinsic.name}"
    span = f"{text(loop.lower)} .. {text(loop.upper)}"
    return Line(level, f"{mark}for {loop.var} in {span}:{note}", loop.stage, loop.name, "loop")


def _allocation(storage: Storage) -> str:
    shape = ", ".join(text(extent) for extent in storage.extents)
    return f"{storage.buffer}: {storage.dtype}[{shape}] in {storage.scope}"


def accumulator_name(group: int, place: int) -> str:
    """How bodies name the accumulators of a reduction nest, until a statement says which buffers they are."""
    return f"‹{group}.{place}›"


def _fed(item: NestCompute, body: str) -> str:
    """An expression with the buffers of the sums in it."""
    for group, slots in item.inner or ((0, item.slots),):
        for place, slot in enumerate(slots):
            body = body.replace(accumulator_name(group, place), _slots((slot,)))
    return body


def _slots(slots: Iterable[Slot]) -> str:
    return ", ".join(f"{slot.buffer}[{', '.join(text(i) for i in slot.index)}]" for slot in slots)


def _statement(item: NestCompute, bodies: Mapping[str, str]) -> str:
    return _plain(item, bodies) + ("  # stream" if item.stream else "")


def _plain(item: NestCompute, bodies: Mapping[str, str]) -> str:
    slots, outer = _slots(item.slots), _slots(item.outer)
    match item.role:
        case "source":
            index = ", ".join(text(value) for _, value in item.axes)
            return f"{item.stage}[{index}] = {bodies[f'{item.stage}.source']}[{index}]"
        case "assign":
            return bodies[item.stage] + (
                "  # atomic" if item.atomic else "  # tail pad" if item.inside else ""
            )
        case "init":
            return f"{slots} = identity"
        case "update":
            term = _fed(item, bodies.get(f"{item.stage}.update{item.group}", bodies[item.stage]))
            return f"{slots} ⊕= {term}" + ("  # atomic" if item.atomic else "")
        case "finish":
            body = bodies.get(f"{item.stage}.finish")
            fed = ", ".join(_slots(inner) for _, inner in item.inner)
            return f"{item.stage} = {fed or slots}" if body is None else _fed(item, body)
        case "tile_load":
            return f"{slots} = {outer}"
        case "tile_store":
            return f"{outer} = {slots}"
        case "prefetch":
            return f"prefetch {item.tensor} for {item.ahead[0]} + {item.ahead[1]}"
        case "combine":
            return f"{slots} ⊕= {outer}"
