"""Where the threads of a block wait for each other: barriers from what the statements of a nest touch; items in, items out.

A barrier stands between two statements of which one writes what the other touches, where different threads may do so:
as late as possible, outside of loops that need it only once, never under a condition that differs between threads. Each
one is needed: what it waits for is named in it. Counterpart: TVM's ThreadSync (which puts them by syntax, and forgot
some: its issues 15478, 17439); Halide's FuseGPUThreadLoops (which puts one after every stage).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

from tdsl.errors import LimitError
from tdsl.expr.rewrite import reads
from tdsl.expr.tensor import Stage
from tdsl.schedule.across import crossing_stages
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
)  # fmt: skip
from tdsl.schedule.nest_device import (
    BLOCKS,
    SHARED_OUT,
    THREADS,
    Items,
    Uniform,
    block_extents,
    each_kernel,
    filled,
    gathered,
    loops_of,
)
from tdsl.schedule.nest_exchange import exchange_form
from tdsl.schedule.nest_private import PRIVATE, check_private
from tdsl.schedule.state import StageState, State
from tdsl.schedule.step_lines import said_at


def completed(state: State, items: Items, storage: Sequence[Storage]) -> Items:
    """The root items of a nest on a GPU, blocks filled and barriers placed.

    Errors: L132 threads that would have to wait where not all of them come by.
    """
    stages = {entry.name: entry.stage for entry in state.live()}
    shared = frozenset(entry.name for entry in state.live() if entry.scope == "shared")
    scopes = {one.tensor: one.scope for one in storage}
    private = frozenset(
        name for name, stage in stages.items() if all(scopes[each] in PRIVATE for each in stage.tensor_names)
    )
    crossing = crossing_stages(state)
    items = filled(items, shared, private, crossing)
    buffers = {one.tensor: one for one in storage}
    check_private(state, items, buffers, crossing)
    placing = _Placing(state, stages, buffers)
    uniform = Uniform(shared, crossing=crossing)
    return gathered(each_kernel(items, lambda item: placing.kernel(item, uniform)))


@dataclass(frozen=True, slots=True)
class Touch:
    """A statement touches a buffer that other threads see."""

    buffer: str
    stage: str
    writes: bool
    chained: bool
    """The stage reads what it made itself, so that its own statements may wait for one another."""
    atomic: bool = False
    """An element is changed at once; other such changes may come between."""


Touches = frozenset[Touch]
_NOTHING: Touches = frozenset()


def _waits(pending: Touches, touches: Touches) -> tuple[str, ...]:
    """The buffers for which `touches` must wait until what is pending is done."""
    found = {
        one.buffer
        for one in pending
        for other in touches
        if one.buffer == other.buffer and (one.writes or other.writes) and _crosses(one, other)
    }
    return tuple(sorted(found))


def _crosses(one: Touch, other: Touch) -> bool:
    """Whether two threads may touch one element: the chain of one element of a stage is one thread's."""
    if one.atomic and other.atomic:
        return False
    return one.stage != other.stage or one.chained or one.atomic or other.atomic


def _is_alone(entry: StageState) -> bool:
    """Whether what a recurrence reads of itself is its own thread's: threads stand outside of all that runs in order.

    Bound loops carry nothing among the same iterations of the loops around them (legality), and those are blocks here.
    """
    if entry.compute is not None or entry.joined is not None or entry.stage.base is not None or entry.cuts:
        return False
    kinds = [loop.kind for loop in entry.loops]
    outer = [kind in SHARED_OUT or kind in BLOCKS for kind in kinds]
    return any(kind in THREADS for kind in kinds) and outer == sorted(outer, reverse=True)


def _in_order(item: NestItem) -> bool:
    """Whether threads of the block share out a loop inside one that runs in order: its iterations may be other threads'.

    A loop in order inside all that threads share out carries nothing between them (legality of bound loops).
    """
    match item:
        case NestLoop():
            in_order = item.kind not in (*SHARED_OUT, "vector")
            shared_out = in_order and any(loop.kind in SHARED_OUT for loop in loops_of(item))
            return shared_out or any(map(_in_order, item.body))
        case NestLet() | NestAllocate():
            return any(map(_in_order, item.body))
        case NestGuard():
            return any(map(_in_order, (*item.body, *item.otherwise)))
        case NestCompute() | NestBarrier() | NestExchange():
            return False


def _used(item: NestExchange) -> Iterator[Touch]:
    """The shared buffers of an exchange, written and read."""
    for buffer in item.scratch:
        yield Touch(buffer, item.stage, True, True)
        yield Touch(buffer, item.stage, False, True)


def _left(item: NestExchange) -> Touches:
    """What is touched since the last barrier inside an exchange."""
    return frozenset(one for one in _used(item) if not one.writes)


class _Placing:
    """Walks a nest with what was touched since the last barrier."""

    def __init__(self, state: State, stages: Mapping[str, Stage], buffers: Mapping[str, Storage]) -> None:
        self.state = state
        self.stages = stages
        self.buffers = buffers
        self.alone = frozenset(entry.name for entry in state.live() if _is_alone(entry))
        self.seen: dict[str, bool] = {one.buffer: one.scope not in PRIVATE for one in buffers.values()}

    def kernel(self, item: NestItem, uniform: Uniform) -> Items:
        """One kernel: it begins when the one before has ended, so nothing is pending."""
        if prod(block_extents(item).values()) == 1:
            return (item,)
        made, _ = self.items((item,), _NOTHING, uniform)
        return made

    def items(self, items: Items, pending: Touches, uniform: Uniform) -> tuple[Items, Touches]:
        """`items` with barriers, and what is touched since the last one."""
        result: list[NestItem] = []
        for item in items:
            if isinstance(item, NestAllocate):
                self.seen[item.storage.buffer] = item.storage.scope not in PRIVATE
            if self._opens(item, uniform):
                before, item, pending = self._inside(item, pending, uniform)
                result += before
            else:
                touches = frozenset(self._touches(item))
                if not isinstance(item, NestExchange):
                    self._check(item, touches)
                elif not exchange_form(item).waits:
                    touches = _NOTHING
                waits = _waits(pending, touches)
                if waits:
                    result.append(NestBarrier(waits))
                    pending = _NOTHING
                pending = _left(item) if isinstance(item, NestExchange) and touches else pending | touches
            result.append(item)
        return tuple(result), pending

    def _opens(self, item: NestItem, uniform: Uniform) -> bool:
        """Whether a barrier may stand inside: all threads of a block run it alike."""
        match item:
            case NestLoop(kind="cooperate" | "vector"):
                return False
            case NestLoop():
                return uniform.holds(item.lower) and uniform.holds(item.upper)
            case NestLet() | NestAllocate():
                return True
            case NestGuard():
                return uniform.holds(item.cond)
            case NestCompute() | NestBarrier() | NestExchange():
                return False

    def _inside(self, item: NestItem, pending: Touches, uniform: Uniform) -> tuple[Items, NestItem, Touches]:
        """(barriers before, the item with barriers, what is touched since)."""
        match item:
            case NestLoop(kind="serial" | "unroll" | "parallel"):
                return self._loop(item, pending, uniform.inside(item))
            case NestLoop() | NestLet():
                body, after = self.items(item.body, pending, uniform.inside(item))
                return (), replace(item, body=body), after
            case NestAllocate():
                body, after = self.items(item.body, pending, uniform)
                return (), replace(item, body=body), after
            case NestGuard():
                body, after = self.items(item.body, pending, uniform)
                other, otherwise = self.items(item.otherwise, pending, uniform)
                return (), replace(item, body=body, otherwise=other), after | otherwise
            case NestCompute() | NestBarrier() | NestExchange():
                return (), item, pending

    def _loop(self, loop: NestLoop, pending: Touches, uniform: Uniform) -> tuple[Items, NestItem, Touches]:
        """A loop: what one iteration leaves is pending in the next; what came before waits outside where it can."""
        carried, body, after = _NOTHING, loop.body, _NOTHING
        while True:
            body, after = self.items(loop.body, carried, uniform)
            if after <= carried:
                break
            carried |= after
        with_before, _ = self.items(loop.body, carried | pending, uniform)
        if with_before == body:
            return (), replace(loop, body=body), after | pending
        touches = frozenset(self._touches(loop))
        waits = _waits(pending, touches)
        return (NestBarrier(waits),), replace(loop, body=body), after

    # ------------------------------------------------------------ what is touched
    def _touches(self, item: NestItem) -> Iterator[Touch]:
        match item:
            case NestLoop() | NestLet():
                for one in item.body:
                    yield from self._touches(one)
            case NestAllocate():
                self.seen[item.storage.buffer] = item.storage.scope not in PRIVATE
                for one in item.body:
                    yield from self._touches(one)
            case NestGuard():
                for one in (*item.body, *item.otherwise):
                    yield from self._touches(one)
            case NestCompute():
                yield from self._statement(item)
            case NestExchange():
                yield from _used(item)
            case NestBarrier():
                pass

    def _statement(self, item: NestCompute) -> Iterator[Touch]:
        stage = self.stages[item.stage]
        own = {tensor.name for tensor in stage.tensors} | {tensor.name for tensor in stage.own}
        read_by = {read.tensor.name for value in stage.body for read in reads(value)}
        chained = bool(own & read_by) and item.stage not in self.alone
        touched: dict[tuple[str, bool], None] = {}
        read = {self.buffers[name].buffer for name in read_by - own if name in self.buffers}
        if item.role in ("assign", "finish", "source"):
            touched |= {(self.buffers[name].buffer, True): None for name in stage.tensor_names}
        if item.role == "source" and stage.base is not None:
            touched |= self._reads((stage.base.name,))
        if item.role in ("assign", "update", "finish"):
            touched |= self._reads(sorted(read_by))
        for slot in item.slots:
            touched |= {(slot.buffer, False): None, (slot.buffer, True): None}
        for slot in item.outer:
            touched[slot.buffer, item.role == "tile_store"] = None
        for _, slots in item.inner:
            touched |= {(slot.buffer, False): None for slot in slots}
        for buffer, writes in touched:
            if self.seen.get(buffer, False):
                yield Touch(buffer, item.stage, writes, chained, item.atomic and buffer not in read)

    def _reads(self, tensors: Sequence[str]) -> dict[tuple[str, bool], None]:
        """Reads of tensors that are computed here; inputs are never written."""
        return {(self.buffers[name].buffer, False): None for name in tensors if name in self.buffers}

    def _check(self, item: NestItem, touches: Touches) -> None:
        """Nothing inside one piece that threads run differently may wait for another thread.

        What a stage reads of itself is of other iterations of loops in order: those outside wait, those inside cannot.
        """
        if not _in_order(item):
            touches = frozenset(replace(one, chained=False) for one in touches)
        waits = _waits(touches, touches)
        if waits:
            makers = sorted({one.stage for one in touches if one.buffer in waits})
            stand = "stands" if len(makers) == 1 else "stand"
            raise LimitError(
                "L132",
                f"threads of a block would have to wait for {', '.join(waits)} where not all of them come by",
                where=said_at(self.state, makers[-1], "compute_at", "bind"),
                why=[
                    f"{' and '.join(makers)} {stand} inside a loop or condition that differs between threads"
                ],
                hint=["compute_at a loop that all threads run alike", "bind another loop to the threads"],
            )
