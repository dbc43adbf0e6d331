"""A root item of a nest on a GPU -> the loops of one launch: blocks, shared buffers, threads, and what each thread does.

In: an item whose loops are bound, barriers placed. Out: `block` loops over sizes, shared allocations, `thread` loops
with constant bounds, and inside them the nest with bound loops as values. A loop that the threads share out becomes
steps of as many iterations as the block has threads. Counterpart: TVM's SplitHostDevice and LowerThreadAllreduce's
launch arguments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

from tdsl.expr.build import add, ceildiv, compare, mul, sub
from tdsl.expr.node import Const, Node, index_const
from tdsl.expr.rewrite import substitute, variables
from tdsl.expr.simplify import simplify
from tdsl.lower.exchange import scratch_of
from tdsl.lower.ir import Allocate, For, If, Let, LoopKind, Statement
from tdsl.schedule.nest import (
    NestAllocate,
    NestBarrier,
    NestCompute,
    NestExchange,
    NestGuard,
    NestItem,
    NestLet,
    NestLoop,
    Storage,
    local,
)  # fmt: skip
from tdsl.schedule.nest_device import BLOCKS, THREADS, block_extents, loops_of

MOST_UNROLLED_STEPS = 8
"""Steps of a shared-out loop that are written out: more would be code without use, as they wait for memory."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What stands around the threads of one launch.

    grid: blocks by dimension, over sizes; threads: of the block; names: what the dimensions are called; shared: buffers.
    """

    grid: Mapping[str, Node]
    threads: Mapping[str, int]
    names: Mapping[str, str]
    shared: tuple[Storage, ...]

    def around(self, body: Statement) -> Statement:
        """The loops of the launch around what each thread does."""
        for kind in THREADS:
            if kind in self.threads:
                extent = index_const(self.threads[kind])
                body = For(self.names[kind], index_const(0), extent, _kind(kind), body)
        if not self.threads:
            body = For("thread.x", index_const(0), index_const(1), "thread.x", body)
        for one in reversed(self.shared):
            body = Allocate(one.buffer, one.dtype, one.extents, "shared", body)
        for kind in BLOCKS:
            if kind in self.grid:
                body = For(self.names[kind], index_const(0), self.grid[kind], _kind(kind), body)
        if not self.grid:
            body = For("block.x", index_const(0), index_const(1), "block.x", body)
        return body


def launch_of(item: NestItem) -> Launch:
    """The launch that a root item is."""
    names = {kind: _name(item, kind) for kind in (*BLOCKS, *THREADS)}
    shared = [one.storage for one in _allocations(item) if one.storage.scope == "shared"]
    shared += dict.fromkeys(one for made in exchanges(item) for one in scratch_of(made))
    return Launch(_grid(item), block_extents(item), names, tuple(shared))


def _kind(kind: str) -> LoopKind:
    assert kind in ("block.x", "block.y", "block.z", "thread.x", "thread.y", "thread.z")
    return kind


def _grid(item: NestItem) -> dict[str, Node]:
    """Blocks in each dimension, over sizes."""
    return {
        loop.kind: simplify(sub(loop.upper, loop.lower)) for loop in loops_of(item) if loop.kind in BLOCKS
    }


def _name(item: NestItem, kind: str) -> str:
    """What a bound dimension is called: as the first loop bound to it whose value it is."""
    for loop in loops_of(item):
        if loop.kind == kind and isinstance(loop.lower, Const) and loop.lower.value == 0:
            return loop.var
    return kind


def _allocations(item: NestItem) -> Iterator[NestAllocate]:
    match item:
        case NestAllocate():
            yield item
            for one in item.body:
                yield from _allocations(one)
        case NestLoop() | NestLet():
            for one in item.body:
                yield from _allocations(one)
        case NestGuard():
            for one in (*item.body, *item.otherwise):
                yield from _allocations(one)
        case NestCompute() | NestBarrier() | NestExchange():
            pass


def exchanges(item: NestItem) -> Iterator[NestExchange]:
    """The places in an item where threads combine what they have."""
    match item:
        case NestExchange():
            yield item
        case NestAllocate() | NestLoop() | NestLet():
            for one in item.body:
                yield from exchanges(one)
        case NestGuard():
            for one in (*item.body, *item.otherwise):
                yield from exchanges(one)
        case NestCompute() | NestBarrier():
            pass


class Device:
    """What the special items of a nest are for one thread of a launch."""

    def __init__(self, launch: Launch) -> None:
        self.names = launch.names
        self.threads = launch.threads
        self.places: dict[Node, Node] = {
            local(kind): local(launch.names[kind]) if kind in launch.threads else index_const(0)
            for kind in THREADS
        }

    def loop(self, loop: NestLoop, body: Statement) -> Statement:
        """A bound loop as a value, a shared-out one as steps."""
        if loop.kind == "cooperate":
            return self._steps(loop, body)
        name = self.names[loop.kind]
        if name == loop.var:
            return body
        start = index_const(0) if loop.kind in THREADS else loop.lower
        return Let(loop.var, simplify(add(start, local(name))), body)

    def _steps(self, loop: NestLoop, body: Statement) -> Statement:
        assert isinstance(loop.upper, Const)
        total, threads = int(loop.upper.value), prod(self.threads.values())
        steps = int(_constant(ceildiv(loop.upper, threads)))
        if total % threads:
            body = If(compare("lt", local(loop.var), loop.upper), body)
        if steps == 1:
            return Let(loop.var, self.thread(), body)
        step = f"{loop.stage}.step"
        body = Let(loop.var, add(mul(local(step), index_const(threads)), self.thread()), body)
        kind: LoopKind = "unroll" if steps <= MOST_UNROLLED_STEPS else "serial"
        return For(step, index_const(0), index_const(steps), kind, body)

    def thread(self) -> Node:
        """The number of the thread in its block, x fastest."""
        value: Node = index_const(0)
        for kind in reversed(THREADS):
            if kind in self.threads:
                value = add(mul(value, index_const(self.threads[kind])), local(self.names[kind]))
        return simplify(value)

    def standing(self) -> tuple[Node, ...]:
        """Where the thread stands along x, y and z."""
        return tuple(self.places[local(kind)] for kind in THREADS)

    def named(self, cond: Node) -> Node:
        """A condition on places by their kind, over their names."""
        asked = any(var.name in THREADS for var in variables(cond))
        return substitute(cond, self.places) if asked else cond


def _constant(node: Node) -> int:
    assert isinstance(node, Const)
    return int(node.value)
