"""Which loops must be written out because an index of register storage moves with them; a nest in, loops out.

`nest_storage.register_loops` names the loops that carry the dims of such storage. A box that starts where a loop of a
host stands, or a producer's axis that follows its host, brings in more; they are found here, on the finished nest, and
the nest is built again with them at constant extents, until none is left (semantics P12).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tdsl.errors import LimitError
from tdsl.expr.node import Load, Node, Read, axis_var
from tdsl.expr.printer import text
from tdsl.expr.rewrite import reads, substitute, variables, walk
from tdsl.expr.simplify import simplify
from tdsl.expr.tensor import Stage
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
    Storage,
    range_of,
)  # fmt: skip
from tdsl.schedule.nest_storage import element

Dim = tuple[str, str]
Names = frozenset[str]
SHARED = ("parallel", "block.x", "block.y", "block.z")
"""Loops inside which registers outside are another thread's; threads of a GPU each have their own (nest_private.py)."""

_NONE: Names = frozenset()


def moving_loops(nest: Nest, stages: Mapping[str, Stage], names: Mapping[Dim, str]) -> frozenset[Dim]:
    """The leaf loops (stage, loop) that index registers and are not written out. names: their IR variables.

    Errors: L104 an index that depends on a size; L110 registers of another thread; L112 atomic changes of registers.
    """
    registers = {one.tensor: one for one in nest.storage if one.scope == "register"}
    walk = _Walk(stages, registers, {variable: dim for dim, variable in names.items()})
    for item in nest.items:
        walk.item(item, frozenset(), _NONE, _NONE)
    return frozenset(walk.found)


class _Walk:
    """One pass over a nest."""

    def __init__(
        self, stages: Mapping[str, Stage], registers: Mapping[str, Storage], loops: Mapping[str, Dim]
    ) -> None:
        self.stages = stages
        self.registers = registers
        self.loops = loops
        self.found: set[Dim] = set()
        self.places: set[str] = set()
        """Variables of loops bound to blocks and threads: no loops that could be written out."""
        self.ranges: dict[str, tuple[Node, Node]] = {}
        """Of loop variables."""

    def item(self, item: NestItem, fixed: Names, buffers: Names, shared: Names) -> None:
        """fixed: variables that become constants; buffers: those in registers, shared: of these, another thread's."""
        match item:
            case NestLoop():
                if "." in item.kind:
                    self.places.add(item.var)
                self.ranges |= range_of(item)
                inner = fixed | {item.var} if item.kind in ("vector", "unroll") else fixed
                outside = buffers if item.kind in SHARED else shared
                self.items(item.body, inner, buffers, outside)
            case NestLet():
                constant = all(var.name in fixed for var in variables(item.value))
                self.items(item.body, fixed | {item.var} if constant else fixed, buffers, shared)
            case NestAllocate():
                mine = {item.storage.buffer} if item.storage.scope == "register" else set[str]()
                self.items(item.body, fixed, buffers | mine, shared)
            case NestGuard():
                self.items((*item.body, *item.otherwise), fixed, buffers, shared)
            case NestBarrier():
                pass
            case NestCompute() | NestExchange():
                if isinstance(item, NestCompute) and item.atomic and self.changed(item) & buffers:
                    raise atomic_in_registers(item.stage)
                for buffer, index in self.indices(item, buffers):
                    if buffer in shared:
                        raise _another_thread(buffer)
                    for part in index:
                        self.index(buffer, part, fixed)

    def items(self, items: tuple[NestItem, ...], fixed: Names, buffers: Names, shared: Names) -> None:
        for one in items:
            self.item(one, fixed, buffers, shared)

    def changed(self, item: NestCompute) -> Names:
        """The buffers that a statement changes, as far as they are registers."""
        own = (self.registers.get(name) for name in self.stages[item.stage].tensor_names)
        slots = item.slots or [one for one in own if one is not None]
        return frozenset(one.buffer for one in slots)

    def indices(
        self, item: NestCompute | NestExchange, buffers: Names
    ) -> Iterator[tuple[str, tuple[Node, ...]]]:
        """Every element of register storage in a statement, by buffer and subscripts."""
        if isinstance(item, NestExchange):
            yield from ((slot.buffer, slot.index) for slot in item.slots if slot.buffer in buffers)
            return
        for slot in (*item.slots, *item.outer):
            if slot.buffer in buffers:
                yield slot.buffer, slot.index
        stage = self.stages[item.stage]
        point: dict[Node, Node] = {axis_var(name): value for name, value in item.axes}
        if item.role in ("assign", "finish"):
            for name in stage.tensor_names:
                yield from self.elements(name, stage.target, point)
        if item.role == "source" and stage.base is not None:
            for name in (stage.base.name, *stage.tensor_names):
                yield from self.elements(name, tuple(value for _, value in item.axes), {})
        if item.role in ("assign", "finish", "update"):
            for read in reads(*stage.body):
                if all(var in point or var.kind != "axis" for node in read.index for var in variables(node)):
                    yield from self.elements(read.tensor.name, read.index, point)

    def elements(
        self, tensor: str, index: tuple[Node, ...], point: dict[Node, Node]
    ) -> Iterator[tuple[str, tuple[Node, ...]]]:
        """One element of a tensor, where it is in registers."""
        storage = self.registers.get(tensor)
        if storage is not None:
            pairs = zip(storage.dims, index, strict=True)
            values: dict[Node, Node] = {axis_var(dim): substitute(node, point) for dim, node in pairs}
            cells = element(storage, values).index
            yield storage.buffer, tuple(simplify(cell, self.ranges) for cell in cells)

    def index(self, buffer: str, index: Node, fixed: Names) -> None:
        for node in walk(index):
            if isinstance(node, Load | Read):
                raise _found_by(buffer, index, "data")
        for var in variables(index):
            if var.name in fixed:
                continue
            if var.name not in self.loops or var.name in self.places:
                raise _found_by(buffer, index, var.name)
            self.found.add(self.loops[var.name])


def _found_by(buffer: str, index: Node, what: str) -> LimitError:
    return LimitError(
        "L104",
        f"{buffer} is in registers and its elements are found by {what}, which is no constant",
        why=[f"a subscript of it is {text(index)}"],
        hint=['scope="stack" or "heap"', "compute_at a loop that moves with it"],
    )


def atomic_in_registers(stage: str) -> LimitError:
    """L112: what changes at once lies where one thread alone sees it."""
    return LimitError(
        "L112",
        f"{stage} adds to its elements at once, and they are in registers",
        why=["registers belong to one thread"],
        hint=['scope="stack" or "heap"'],
    )


def _another_thread(buffer: str) -> LimitError:
    return LimitError(
        "L110",
        f"{buffer} is in registers outside of a parallel loop and used inside it",
        why=["registers belong to one thread"],
        hint=[
            "compute_at or store_at a loop inside the parallel one",
            'scope="stack" or "heap", on a GPU "shared"',
        ],
    )
