"""What a GPU cannot launch, and where the user said so: a nest or loops and a state in, nothing or an error out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from tdsl.errors import LimitError, TargetError
from tdsl.expr.node import Const
from tdsl.location import Location
from tdsl.lower.ir import Allocate, For, Kernel
from tdsl.lower.rewrite_statement import walk_statements
from tdsl.schedule.loops import over_reduction
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
)  # fmt: skip
from tdsl.schedule.nest_device import BLOCKS, THREADS, loops_of, on_device
from tdsl.schedule.state import StageState, State
from tdsl.schedule.step_lines import said_at


@dataclass(frozen=True, slots=True)
class DeviceLimits:
    """Of one architecture: its name, threads of a block at most, along z, and bytes of shared memory of a block."""

    name: str
    threads: int
    depth: int
    shared_bytes: int


OF_A_CPU = ("specialize", "prefetch", "compute_with", "tensorize", "double_buffer", "stream")
"""Primitives without code for a GPU."""


def refuse_steps_of_a_cpu(state: State) -> None:
    """What has no code for a GPU is refused where it was asked for. Errors: G144."""
    for step in state.steps:
        if step.primitive in OF_A_CPU:
            raise TargetError(
                "G144",
                f"{step.primitive} is not generated for GPUs yet",
                where=step.where,
                hint=["a schedule without it" + (" for each case" if step.primitive == "specialize" else "")],
            )


def refuse_bound_loops(state: State) -> None:
    """A schedule for a GPU has no code for a CPU. Errors: G143."""
    shared = next((entry for entry in state.live() if entry.scope in ("shared", "local")), None)
    if not on_device(state) and shared is None and all(entry.cooperate is None for entry in state.live()):
        return
    steps = [step for step in state.steps if step.primitive in ("bind", "cooperate")]
    where = steps[0].where if steps else None
    raise TargetError(
        "G143",
        "this schedule is for a GPU: its loops are bound to blocks and threads, or its storage is a block's",
        where=where,
        hint=[
            'td.build(s, target="cuda:sm_90")',
            "leave bind, cooperate, swizzle and the scopes shared and local out",
        ],
    )


def check_nest(nest: Nest, state: State) -> None:
    """Every item at root is a launch. Errors: L133 a loop outside of blocks; L134 one dimension bound twice."""
    for entry in state.live():
        _check_atomic(entry, state)
    for item in _at_root(nest.items):
        if isinstance(item, NestLoop) and not any(
            loop.kind in (*BLOCKS, *THREADS) for loop in loops_of(item)
        ):
            raise _unbound(item, state)
        _check_twice(item, state)
        _check_outside(item, state)
        blocks = frozenset(loop.kind for loop in loops_of(item) if loop.kind in BLOCKS)
        _check_stores(item, state, blocks, _Around(frozenset(), frozenset()))


def _check_atomic(entry: StageState, state: State) -> None:
    """Elements that several blocks add to are set to the identity by a launch of its own, before."""
    reducing = [place for place, loop in enumerate(entry.loops) if over_reduction(entry, loop.name)]
    shared = [entry.loops[place].name for place in reducing if entry.loops[place].kind in BLOCKS]
    if entry.atomic and shared and reducing[0] > 0:
        raise LimitError(
            "L137",
            f"blocks along {shared[0]} add to elements of {entry.name} that they also set to the start value",
            where=said_at(state, entry.name, "bind", "atomic"),
            why=[
                f"{entry.loops[0].name} stands outside of {shared[0]}, so each block would start its elements anew"
            ],
            hint=[f'reorder("{entry.name}", "{shared[0]}", ...): the start is then a launch of its own'],
        )


def _at_root(items: tuple[NestItem, ...]) -> Iterator[NestItem]:
    for item in items:
        if isinstance(item, NestAllocate) and item.storage.scope == "heap":
            yield from _at_root(item.body)
        else:
            yield item


@dataclass(frozen=True, slots=True)
class _Around:
    """What stands around an item: kinds of block loops, and buffers that live inside the launch."""

    blocks: frozenset[str]
    buffers: frozenset[str]


def _check_stores(item: NestItem, state: State, blocks: frozenset[str], around: _Around) -> None:
    """What every block of a launch would write again is refused. Errors: L138 such a stage; L139 a buffer of a block in heap."""
    match item:
        case NestCompute():
            own = {
                slot.buffer
                for slot in (
                    item.slots if item.role in HELD else item.outer if item.role == "tile_store" else ()
                )
            }
            elsewhere = own <= around.buffers if own else item.stage in around.buffers
            if around.blocks != blocks and not elsewhere and item.role not in ("tile_load", "prefetch"):
                raise _written_by_all(item.stage, state, sorted(blocks - around.blocks))
        case NestAllocate(storage, body):
            if storage.scope == "heap":  # at root they are buffers of the device
                raise _heap_in_block(storage, state)
            held = around.buffers | {storage.buffer, storage.tensor}
            for one in body:
                _check_stores(one, state, blocks, _Around(around.blocks, held))
        case NestLoop():
            within = around.blocks | ({item.kind} & set(BLOCKS))
            for one in item.body:
                _check_stores(one, state, blocks, _Around(within, around.buffers))
        case NestLet() | NestGuard():
            for one in (*item.body, *(item.otherwise if isinstance(item, NestGuard) else ())):
                _check_stores(one, state, blocks, around)
        case NestBarrier() | NestExchange():
            pass


HELD = ("init", "update", "combine")
"""Roles that write accumulators."""


def _written_by_all(stage: str, state: State, kinds: Sequence[str]) -> LimitError:
    return LimitError(
        "L138",
        f"{stage} would be written by every block along {', '.join(kinds)}",
        where=said_at(state, stage, "compute_at", "bind"),
        why=["blocks run in any order, and at once"],
        hint=[
            f'compute_root("{stage}"), with loops of its own bound to blocks',
            f'scope("{stage}", "shared")',
        ],
    )


def _heap_in_block(storage: Storage, state: State) -> LimitError:
    return LimitError(
        "L139",
        f"{storage.buffer} would be allocated by each block in scope heap",
        where=said_at(state, storage.tensor.partition(".")[0], "compute_at", "promote", "bind"),
        why=["memory of the device is allocated before a kernel starts"],
        hint=['scope "shared", "local" or "register"', "constant extents, by splitting the loops inside"],
    )


def _check_twice(item: NestItem, state: State) -> None:
    for kind in BLOCKS:
        twice = [loop for loop in loops_of(item) if loop.kind == kind]
        if len(twice) > 1:
            one, other = twice[:2]
            raise LimitError(
                "L134",
                f"{one.name} of {one.stage} and {other.name} of {other.stage} are both {kind} in one kernel",
                where=said_at(state, other.stage, "bind"),
                hint=[f"another place for {other.name}", f'compute_root("{other.stage}")'],
            )


def _check_outside(item: NestItem, state: State) -> None:
    """No loop stands around blocks."""
    outside = item
    while isinstance(outside, NestLoop):
        inner = [loop for loop in loops_of(outside) if loop is not outside]
        if outside.kind in ("serial", "unroll", "parallel") and any(loop.kind in BLOCKS for loop in inner):
            raise _unbound(outside, state)
        if len(outside.body) != 1:
            return
        outside = outside.body[0]


def _unbound(loop: NestLoop, state: State) -> LimitError:
    entry = next(one for one in state.live() if one.name == loop.stage)
    base = entry.stage.base
    hint = [f'bind("{loop.stage}", "{loop.name}", "block.x")', "reorder: bound loops outside"]
    if base is not None and all(own.name != loop.name for own in entry.loops):
        # The loops that copy what the update starts from are no axes of it: a stage has loops that can be bound.
        copy = f"{base.name}_start"
        hint = [
            f'cache_read("{base.name}", "{loop.stage}", name="{copy}", scope="heap"), and bind the loops of {copy}'
        ]
    return LimitError(
        "L133",
        f"loop {loop.name} of {loop.stage} stands outside of the blocks of the grid",
        where=said_at(state, loop.stage, "bind"),
        why=["a GPU runs kernels: what is not inside blocks would be run by nobody"],
        hint=hint,
    )


def check_launches(kernel: Kernel, state: State, limits: DeviceLimits) -> Kernel:
    """The kernel itself, where every launch is possible. Errors: L135 too many threads; L136 too much shared memory."""
    for loop in _outermost(kernel):
        inside = list(walk_statements(loop))
        threads = [one for one in inside if isinstance(one, For) and one.kind.startswith("thread")]
        _check_threads(threads, state, limits)
        _check_shared([one for one in inside if isinstance(one, Allocate)], state, limits)
    return kernel


def _outermost(kernel: Kernel) -> Iterator[For]:
    """One loop a launch: the outermost of its blocks."""
    covered: set[int] = set()
    for one in walk_statements(kernel.body):
        if isinstance(one, For) and one.kind.startswith("block") and id(one) not in covered:
            covered.update(id(inner) for inner in walk_statements(one))
            yield one


def _check_threads(loops: list[For], state: State, limits: DeviceLimits) -> None:
    extents = {loop.kind: _extent(loop) for loop in loops}
    count = prod(extents.values())
    deep = extents.get("thread.z", 1)
    if count <= limits.threads and deep <= limits.depth:
        return
    what, most = (
        (f"{count} threads", limits.threads)
        if count > limits.threads
        else (f"{deep} threads along z", limits.depth)
    )
    shown = " x ".join(str(extents.get(kind, 1)) for kind in ("thread.x", "thread.y", "thread.z"))
    raise LimitError(
        "L135",
        f"a block of {what} cannot be launched: at most {most}",
        where=_bound_at(state, "thread"),
        why=[f"the loops bound to threads run {shown} times along x, y, z"],
        hint=["smaller tiles, each thread making several elements", "a part of the loop to block.x"],
    )


def _extent(loop: For) -> int:
    assert isinstance(loop.upper, Const)
    return int(loop.upper.value)


def _bound_at(state: State, kind: str) -> Location | None:
    """The last step that bound a loop to such a place."""
    for step in reversed(state.steps):
        places: tuple[tuple[str, str], ...] = getattr(step, "places", ())
        if step.primitive == "bind" and any(place.startswith(kind) for _, place in places):
            return step.where
    return None


def _check_shared(allocations: list[Allocate], state: State, limits: DeviceLimits) -> None:
    sizes = {one.buffer: _bytes(one) for one in allocations if one.scope == "shared"}
    total = sum(-(-size // 16) * 16 for size in sizes.values())
    if total <= limits.shared_bytes:
        return
    largest = max(sizes, key=lambda name: sizes[name])
    parts = ", ".join(f"{name} {size}" for name, size in sizes.items())
    raise LimitError(
        "L136",
        f"a block needs {total} bytes of shared memory and has at most {limits.shared_bytes} on {limits.name}",
        where=said_at(state, largest, "scope"),
        why=[f"in bytes: {parts}"],
        hint=["smaller tiles, or a loop further in to keep them in"],
    )


def _bytes(allocate: Allocate) -> int:
    count = 1
    for extent in allocate.extents:
        assert isinstance(extent, Const)
        count *= int(extent.value)
    return max(count, 1) * allocate.dtype.bytes
