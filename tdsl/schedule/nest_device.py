"""What is special about a nest whose loops are bound to a GPU: uniform bounds, guards that sink, blocks that are filled.

In: a state, and items as `nest_build` makes them. Out: the arrangement whose scanning keeps threads together, and items
in which all threads of a block reach every barrier: a condition that differs between threads moves below the stages in
shared storage (semantics P11); a thread loop shorter than the block's is predicated; what no thread loop shares out is
done by the first thread along that dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from tdsl.errors import LimitError
from tdsl.expr.build import ZERO, compare
from tdsl.expr.node import Const, Load, Node, Read, index_const
from tdsl.expr.rewrite import variables, walk
from tdsl.poly.model import Arranged, LoopMark
from tdsl.schedule import arguments
from tdsl.schedule.across import crossing_stages
from tdsl.schedule.legality import arranged_of, bound
from tdsl.schedule.nest import (
    NestAllocate,
    NestBarrier,
    NestCompute,
    NestExchange,
    NestGuard,
    NestItem,
    NestLet,
    NestLoop,
    local,
)  # fmt: skip
from tdsl.schedule.nest_plan import StagePlan
from tdsl.schedule.state import StageState, State

Items = tuple[NestItem, ...]

THREADS = ("thread.x", "thread.y", "thread.z")
BLOCKS = ("block.x", "block.y", "block.z")
SHARED_OUT = (*THREADS, "cooperate")


def on_device(state: State) -> bool:
    """Whether any loop is bound to a place on a GPU."""
    return any(bound(loop) for entry in state.live() for loop in entry.loops)


def arranged_on_device(state: State) -> Arranged:
    """The arrangement as loops are scanned from: bound loops are told, shared storage is a block's."""
    arranged = arranged_of(state)
    if not on_device(state):
        return arranged
    entries = {entry.name: entry for entry in state.live()}
    told = [
        replace(
            one,
            blocks=tuple(loop.name for loop in entries[one.stage].loops if loop.kind in BLOCKS),
            threads=tuple(loop.name for loop in entries[one.stage].loops if loop.kind in THREADS),
            shared=entries[one.stage].scope == "shared",
        )
        for one in arranged.arrangements
    ]
    return replace(arranged, arrangements=tuple(told))


def shared_stages(state: State) -> frozenset[str]:
    """Stages whose storage the threads of a block share."""
    return frozenset(entry.name for entry in state.live() if entry.scope == "shared")


def symbolic_threads(state: State, entry: StageState, mark: LoopMark) -> LimitError:
    """The error of a loop bound to threads that runs as often as sizes say."""
    step = arguments.marked_by(state, entry, mark.name)
    split = f'.split("{entry.name}", "{mark.name}", 128)'
    return LimitError(
        "L130",
        f"{mark.name} of {entry.name} is bound to {mark.kind} and has no constant number of iterations",
        where=None if step is None else step.where,
        why=["the number of threads of a block is part of the code"],
        hint=[f"{split}, the outer loop to block.x, the inner one to {mark.kind}"],
    )


# ------------------------------------------------------------ conditions
class Uniform:
    """Which values all threads of a block share.

    shared: stages whose storage is shared. varying: variables that differ between threads. crossing: stages that
    threads reduce together.
    """

    def __init__(
        self,
        shared: frozenset[str],
        varying: frozenset[str] = frozenset(THREADS),
        crossing: frozenset[str] = frozenset(),
    ) -> None:
        self.shared = shared
        self.varying = varying
        self.crossing = crossing

    def holds(self, node: Node) -> bool:
        """Whether a value is the same for all threads; of what is read from memory that is not known."""
        if any(isinstance(one, Load | Read) for one in walk(node)):
            return False
        return all(var.name not in self.varying for var in variables(node))

    def inside(self, item: NestLoop | NestLet) -> Uniform:
        """The same inside a loop or a binding."""
        if isinstance(item, NestLet):
            fixed = self.holds(item.value)
        else:
            fixed = item.kind not in SHARED_OUT and self.holds(item.lower) and self.holds(item.upper)
        return self if fixed else Uniform(self.shared, self.varying | {item.var}, self.crossing)

    def meets(self, item: NestItem, owner: str) -> bool:
        """Whether a stage in shared storage, another one than `owner`, is made inside, or threads combine what they have."""
        match item:
            case NestCompute():
                starts = item.role == "init" and item.stage in self.crossing
                return self._of_block(item.stage, owner) or starts
            case NestLoop() | NestLet() | NestAllocate():
                return any(self.meets(one, owner) for one in item.body)
            case NestGuard():
                return any(self.meets(one, owner) for one in (*item.body, *item.otherwise))
            case NestBarrier() | NestExchange():
                return True

    def _of_block(self, stage: str, owner: str) -> bool:
        return stage in self.shared and stage != owner

    def guarded(self, guard: NestGuard, items: Items, owner: str) -> Items:
        """`items` under a condition that differs between threads, which stays out of the way of what all must do.

        owner: the stage whose condition it is; its own statements keep it, wherever the stage is stored.
        """
        if not any(self.meets(item, owner) for item in items):
            return (replace(guard, body=items),) if items else ()
        result: list[NestItem] = []
        waiting: list[NestItem] = []
        for item in items:
            if not self.meets(item, owner):
                waiting.append(item)
                continue
            if waiting:
                result.append(replace(guard, body=tuple(waiting)))
                waiting = []
            result.append(self._sunk(guard, item, owner))
        if waiting:
            result.append(replace(guard, body=tuple(waiting)))
        return tuple(result)

    def _sunk(self, guard: NestGuard, item: NestItem, owner: str) -> NestItem:
        match item:
            case NestLoop() if self._of_block(item.stage, owner):
                return item
            case NestLoop() | NestLet() | NestAllocate():
                return replace(item, body=self.guarded(guard, item.body, owner))
            case NestGuard():
                other = self.guarded(guard, item.otherwise, owner) if item.otherwise else ()
                return replace(item, body=self.guarded(guard, item.body, owner), otherwise=other)
            case NestCompute() | NestBarrier() | NestExchange():
                return item


def uniform_values(state: State, plans: Iterable[StagePlan], names: Mapping[tuple[str, str], str]) -> Uniform:
    """What threads share in the nest of a state. names: of the IR variables of leaf loops."""
    bound = {names[plan.name, leaf] for plan in plans for leaf in plan.threads}
    return Uniform(shared_stages(state), frozenset(THREADS) | bound, crossing_stages(state))


# ------------------------------------------------------------ blocks
def block_extents(item: NestItem) -> dict[str, int]:
    """Threads of the block that an item needs, by dimension: the largest of its loops bound to each."""
    match item:
        case NestLoop():
            found = _largest(item.body)
            if item.kind in THREADS:
                assert isinstance(item.upper, Const)
                found[item.kind] = max(int(item.upper.value), found.get(item.kind, 1))
            return found
        case NestLet() | NestAllocate():
            return _largest(item.body)
        case NestGuard():
            return _largest((*item.body, *item.otherwise))
        case NestCompute() | NestBarrier() | NestExchange():
            return {}


def _largest(items: Items) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in items:
        for place, extent in block_extents(item).items():
            found[place] = max(extent, found.get(place, 1))
    return found


def filled(
    items: Items, shared: frozenset[str], private: frozenset[str], crossing: frozenset[str] = frozenset()
) -> Items:
    """Every kernel with its thread loops as long as its block, what is not shared out done by one thread.

    shared: stages in shared storage; private: stages whose storage belongs to a thread; crossing: stages that threads
    reduce together.
    """

    def one(item: NestItem) -> Items:
        uniform = Uniform(shared, crossing=crossing)
        return _Filling(shared, private, block_extents(item)).items((item,), uniform, frozenset())

    return each_kernel(items, one)


def each_kernel(items: Items, change: Callable[[NestItem], Items]) -> Items:
    """Root items with each kernel changed on its own: arrays between kernels stand around several."""
    result: list[NestItem] = []
    for item in items:
        if isinstance(item, NestAllocate) and item.storage.scope == "heap":
            result.append(replace(item, body=each_kernel(item.body, change)))
        else:
            result += change(item)
    return tuple(result)


class _Filling:
    """One kernel. extents: of its blocks."""

    def __init__(self, shared: frozenset[str], private: frozenset[str], extents: Mapping[str, int]) -> None:
        self.shared = shared
        self.private = private
        self.extents = extents

    def items(self, items: Items, uniform: Uniform, taken: frozenset[str]) -> Items:
        """taken: dimensions along which the statements here are shared out already."""
        return tuple(made for item in items for made in self.item(item, uniform, taken))

    def item(self, item: NestItem, uniform: Uniform, taken: frozenset[str]) -> Items:
        match item:
            case NestLoop():
                return self.loop(item, uniform, taken)
            case NestLet():
                return (replace(item, body=self.items(item.body, uniform.inside(item), taken)),)
            case NestAllocate():
                return (replace(item, body=self.items(item.body, uniform, taken)),)
            case NestGuard():
                body, other = (self.items(part, uniform, taken) for part in (item.body, item.otherwise))
                return (replace(item, body=body, otherwise=other),)
            case NestCompute():
                return self.once(item, uniform, taken)
            case NestExchange():
                x, y, z = (self.extents.get(place, 1) for place in THREADS)
                return (replace(item, block=(x, y, z), everyone=item.stage in self.private),)
            case NestBarrier():
                return (item,)

    def loop(self, loop: NestLoop, uniform: Uniform, taken: frozenset[str]) -> Items:
        if loop.stage in self.shared and not self._within(loop.stage):
            inner = _Filling(self.shared, self.private, self.extents)
            inner.within = loop.stage
            return inner.loop(loop, uniform, frozenset())
        inside = uniform.inside(loop)
        if loop.kind == "cooperate":
            return (replace(loop, body=self.items(loop.body, inside, frozenset(THREADS))),)
        if loop.kind not in THREADS:
            return (replace(loop, body=self.items(loop.body, inside, taken)),)
        body = self.items(loop.body, inside, taken | {loop.kind})
        assert isinstance(loop.upper, Const)
        whole = self.extents[loop.kind]
        if int(loop.upper.value) < whole:
            body = inside.guarded(NestGuard(compare("lt", local(loop.var), loop.upper), ()), body, loop.stage)
        return (replace(loop, upper=index_const(whole), body=body),)

    within: str = ""

    def _within(self, stage: str) -> bool:
        return self.within == stage

    def once(self, item: NestCompute, uniform: Uniform, taken: frozenset[str]) -> Items:
        """A statement that writes what others see: the first thread does it along every dimension not shared out."""
        if item.stage in self.private and item.role != "tile_store":
            return (item,)
        if item.role == "init" and item.stage in uniform.crossing:
            return (item,)
        body: Items = (item,)
        for place in reversed(THREADS):
            if self.extents.get(place, 1) > 1 and place not in taken:
                body = (NestGuard(compare("eq", local(place), ZERO), body),)
        return body


def loops_of(item: NestItem) -> Iterator[NestLoop]:
    """The loops inside an item, itself included, outermost first."""
    match item:
        case NestLoop():
            yield item
            for one in item.body:
                yield from loops_of(one)
        case NestLet() | NestAllocate():
            for one in item.body:
                yield from loops_of(one)
        case NestGuard():
            for one in (*item.body, *item.otherwise):
                yield from loops_of(one)
        case NestCompute() | NestBarrier() | NestExchange():
            pass


# ------------------------------------------------------------ after barriers
def gathered(items: Items) -> Items:
    """Neighbours under one condition on the thread as one piece, the condition outside of loops it does not change in."""
    result: list[NestItem] = []
    for item in map(_lifted, items):
        last = result[-1] if result else None
        if isinstance(item, NestGuard) and isinstance(last, NestGuard) and _same(last, item):
            result[-1] = replace(last, body=gathered((*last.body, *item.body)))
        else:
            result.append(item)
    return tuple(result)


def _same(one: NestGuard, other: NestGuard) -> bool:
    plain = not (one.otherwise or other.otherwise)
    return plain and one.cond is other.cond and _of_thread(one)


def _of_thread(guard: NestGuard) -> bool:
    """Whether a condition asks for nothing but where the thread stands."""
    return all(var.name in THREADS for var in variables(guard.cond)) and not guard.otherwise


def _lifted(item: NestItem) -> NestItem:
    match item:
        case NestLoop() | NestLet() | NestAllocate():
            body = gathered(item.body)
            inner = body[0] if len(body) == 1 else None
            if isinstance(inner, NestGuard) and _of_thread(inner) and not _is_bound(item):
                return replace(inner, body=(replace(item, body=inner.body),))
            return replace(item, body=body)
        case NestGuard():
            return replace(item, body=gathered(item.body), otherwise=gathered(item.otherwise))
        case NestCompute() | NestBarrier() | NestExchange():
            return item


def _is_bound(item: NestItem) -> bool:
    return isinstance(item, NestLoop) and item.kind in (*THREADS, *BLOCKS, "cooperate")
