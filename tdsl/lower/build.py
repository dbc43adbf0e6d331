"""Nest -> Loop IR: statements written out over the buffers the nest planned; no decision is left to make here.

In: a `Nest`, the stages it was made from, the arguments. Out: a `Kernel`, correct as it stands; the passes after it only
make it faster. Reads become loads at their physical subscripts, reductions become updates of their accumulators.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tdsl.dtypes import DType
from tdsl.errors import InternalError
from tdsl.expr.build import ONE, ZERO, constant, fma, logical_and, maximum, minimum, select, sub
from tdsl.expr.node import Binary, Load, Node, Read, Reduce, Var, axis_var
from tdsl.expr.reduction_groups import reduction_groups, reduction_key, replaced_reductions
from tdsl.expr.rewrite import reads, rewrite, substitute, variables, walk
from tdsl.expr.simplify import simplify
from tdsl.expr.tensor import Stage
from tdsl.lower.exchange import exchange
from tdsl.lower.ir import (
    Allocate,
    ArrayArgument,
    Barrier,
    Block,
    For,
    If,
    Kernel,
    Let,
    Prefetch,
    ScalarArgument,
    Statement,
    Store,
)  # fmt: skip
from tdsl.lower.launches import Device, launch_of
from tdsl.lower.rewrite_statement import expressions, walk_statements
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
    range_of,
)  # fmt: skip
from tdsl.schedule.nest_swizzle import permuted


@dataclass(frozen=True, slots=True)
class Signature:
    """What the kernel is called and takes: arguments in call order (inputs, scalars, then outputs), sizes, assumptions."""

    name: str
    sizes: tuple[str, ...]
    arguments: tuple[ArrayArgument | ScalarArgument, ...]
    assumptions: tuple[Node, ...] = ()


def build_loops(
    nest: Nest,
    stages: Mapping[str, Stage],
    inputs: Sequence[Storage],
    signature: Signature,
    *,
    on_device: bool = False,
) -> Kernel:
    """The kernel a nest describes. stages: by name, as they now stand. inputs: storage of the caller's arrays.

    on_device: each item at root is a launch on a GPU.
    """
    storage = {one.tensor: one for one in (*nest.storage, *inputs)}
    lowering = _Lowering(stages, storage)
    body = lowering.launches(nest.items) if on_device else lowering.items(nest.items)
    return Kernel(signature.name, signature.sizes, signature.arguments, body, signature.assumptions)


class _Lowering:
    def __init__(self, stages: Mapping[str, Stage], storage: Mapping[str, Storage]) -> None:
        self.stages = stages
        self.storage = storage
        self.device: Device | None = None
        self.ranges: dict[str, tuple[Node, Node]] = {}
        """Of the variables of the loops around."""

    def launches(self, items: tuple[NestItem, ...]) -> Statement:
        """The items at root, each one a launch; arrays between them around them."""
        made: list[Statement] = []
        for one in items:
            if isinstance(one, NestAllocate) and one.storage.scope == "heap":
                kept, body = one.storage, self.launches(one.body)
                made.append(Allocate(kept.buffer, kept.dtype, kept.extents, "heap", body))
                continue
            launch = launch_of(one)
            self.device = Device(launch)
            made.append(launch.around(self.item(one)))
        return block(made)

    def items(self, items: tuple[NestItem, ...]) -> Statement:
        return block([self.item(one) for one in items])

    def item(self, item: NestItem) -> Statement:
        match item:
            case NestLoop():
                return self.loop(item)
            case NestGuard(cond, body, tail, otherwise):
                asked, then = self.expression(self.placed(cond), {}), self.items(body)
                if tail == "shift" and not _can_move(asked, body, then):
                    tail = None
                return If(asked, then, self.items(otherwise) if otherwise else None, tail)
            case NestLet(var, value, body):
                return Let(var, value, self.items(body))
            case NestAllocate(storage, body) if storage.scope == "shared":
                return self.items(body)  # stands around the threads
            case NestAllocate(storage, body):
                return Allocate(
                    storage.buffer, storage.dtype, storage.extents, storage.scope, self.items(body)
                )
            case NestCompute():
                return self.compute(item)
            case NestExchange():
                return self.exchange(item)
            case NestBarrier():
                return Barrier()

    def placed(self, cond: Node) -> Node:
        """A condition; on a GPU it may ask where the thread stands."""
        return cond if self.device is None else self.device.named(cond)

    def loop(self, loop: NestLoop) -> Statement:
        """A loop; on a GPU, a place or shared-out work."""
        self.ranges |= range_of(loop)
        if loop.kind in ("serial", "parallel", "unroll", "vector"):
            lower, upper = self.expression(loop.lower, {}), self.expression(loop.upper, {})
            return For(loop.var, lower, upper, loop.kind, self.items(loop.body), loop.intrinsic)
        if self.device is None:
            raise InternalError(
                f"{loop.name} of {loop.stage} is bound to {loop.kind}", pass_name="lower.build"
            )
        return self.device.loop(loop, self.items(loop.body))

    # ------------------------------------------------------------ statements
    def compute(self, item: NestCompute) -> Statement:
        stage = self.stages[item.stage]
        match item.role:
            case "source":
                return self.source(stage, item)
            case "assign":
                return self.assign(stage, item, stage.body)
            case "init":
                return self.init(stage, item)
            case "update":
                return self.update(stage, item)
            case "finish":
                return self.finish(stage, item)
            case "tile_load":
                return self.tile_load(stage, item)
            case "tile_store":
                pairs = zip(item.outer, item.slots, _dtypes(stage), strict=True)
                return block(
                    [
                        Store(to.buffer, to.index, _load(tile, dtype), stream=item.stream)
                        for to, tile, dtype in pairs
                    ]
                )
            case "combine":
                return self.combine(stage, item)
            case "prefetch":
                return self.prefetch(stage, item)

    def prefetch(self, stage: Stage, item: NestCompute) -> Statement:
        """The elements of a tensor that the stage reads at a point, whatever is there: moved to the tensor's edges."""
        point: dict[Node, Node] = {axis_var(name): value for name, value in item.axes}
        storage = self.storage[item.tensor]
        found: dict[Prefetch, None] = {}
        for read in reads(*stage.body):
            if read.tensor.name == item.tensor and not reads(*read.index):
                slot = self.slot(storage, [substitute(node, point) for node in read.index])
                pairs = zip(slot.index, storage.extents, strict=True)
                index = tuple(minimum(maximum(part, ZERO), sub(extent, ONE)) for part, extent in pairs)
                found[Prefetch(slot.buffer, index)] = None
        return block(list(found))

    def assign(self, stage: Stage, item: NestCompute, body: Sequence[Node]) -> Statement:
        """Elements := body, `fill` outside the stage's domain."""
        point: dict[Node, Node] = {axis_var(name): value for name, value in item.axes}
        slots: list[Slot] = []
        values: list[Node] = []
        for position, value in enumerate(body):
            if stage.domain:
                value = select(logical_and(*stage.domain), value, stage.fill[position])
            slots.append(self.element(stage, position, point))
            written = self.expression(value, point)
            if item.inside:
                written = select(logical_and(*item.inside), written, constant(0, written.dtype))
            values.append(written)
        if stage.own:  # a later value may read what an earlier one replaces
            return _stored(slots, tuple(values), item.stage, atomic=item.atomic, stream=item.stream)
        pairs = zip(slots, values, strict=True)
        return block([Store(slot.buffer, slot.index, value, stream=item.stream) for slot, value in pairs])

    def source(self, stage: Stage, item: NestCompute) -> Statement:
        """An element of an update as its base has it."""
        assert stage.base is not None
        index = tuple(value for _, value in item.axes)
        to = self.slot(self.storage[stage.tensor_names[0]], index)
        return Store(to.buffer, to.index, self.expression(Read(stage.base, index), {}))

    def init(self, stage: Stage, item: NestCompute) -> Statement:
        slots = iter(item.slots)
        stores: list[Statement] = []
        for node in _nodes(stage, item.group):
            for value in node.reducer.identity(tuple(operand.dtype for operand in node.operands)):
                slot = next(slots)
                stores.append(Store(slot.buffer, slot.index, value))
        return block(stores)

    def update(self, stage: Stage, item: NestCompute) -> Statement:
        """One term; products of a fused sum enter by fma (semantics D5)."""
        point: dict[Node, Node] = {axis_var(name): value for name, value in item.axes}
        slots = list(item.slots)
        table = self.table(stage, item)
        parts: list[Statement] = []
        for node in _nodes(stage, item.group):
            mine, slots = slots[: len(node.operands)], slots[len(node.operands) :]
            current = tuple(_load(slot, one.dtype) for slot, one in zip(mine, node.operands, strict=True))
            operands = (
                replaced_reductions(operand, table) if table else operand for operand in node.operands
            )
            term = tuple(self.expression(operand, point) for operand in operands)
            parts.append(_stored(mine, _accumulated(node, current, term), item.stage, atomic=item.atomic))
        body = block(parts)
        if stage.domain:
            return If(self.expression(logical_and(*stage.domain), point), body)
        return body

    def combine(self, stage: Stage, item: NestCompute) -> Statement:
        near, far = list(item.slots), list(item.outer)
        parts: list[Statement] = []
        for node in _nodes(stage, item.group):
            count = len(node.operands)
            left = tuple(
                _load(slot, one.dtype) for slot, one in zip(near[:count], node.operands, strict=True)
            )
            right = tuple(
                _load(slot, one.dtype) for slot, one in zip(far[:count], node.operands, strict=True)
            )
            parts.append(_stored(near[:count], node.reducer.combine(left, right), item.stage))
            near, far = near[count:], far[count:]
        return block(parts)

    def exchange(self, item: NestExchange) -> Statement:
        """What the threads of a block have, combined."""
        assert self.device is not None
        stage = self.stages[item.stage]

        def combined(near: Sequence[Slot], far: Sequence[Slot]) -> Statement:
            return self.combine(stage, NestCompute(item.stage, "combine", (), tuple(near), tuple(far)))

        return exchange(item, combined, self.device.standing())

    def finish(self, stage: Stage, item: NestCompute) -> Statement:
        """Elements := the expression with its reductions read from their accumulators."""
        table = self.table(stage, item)
        return self.assign(stage, item, [replaced_reductions(value, table) for value in stage.body])

    def table(self, stage: Stage, item: NestCompute) -> dict[tuple[object, ...], tuple[Node, ...]]:
        """Reductions that feed a statement -> loads of their accumulators."""
        feeding = item.inner or (((0, item.slots),) if item.role == "finish" else ())
        found: dict[tuple[object, ...], tuple[Node, ...]] = {}
        for number, slots in feeding:
            rest = list(slots)
            for node in _nodes(stage, number):
                mine, rest = rest[: len(node.operands)], rest[len(node.operands) :]
                loads = (_load(slot, one.dtype) for slot, one in zip(mine, node.operands, strict=True))
                found[reduction_key(node)] = tuple(loads)
        return found

    def tile_load(self, stage: Stage, item: NestCompute) -> Statement:
        """The tile from the accumulator, which earlier blocks left there."""
        pairs = zip(item.slots, item.outer, _dtypes(stage), strict=True)
        return block([Store(tile.buffer, tile.index, _load(home, dtype)) for tile, home, dtype in pairs])

    # ------------------------------------------------------------ expressions
    def element(self, stage: Stage, component: int, point: Mapping[Node, Node]) -> Slot:
        """Where the stage's own element at `point` is."""
        storage = self.storage[stage.tensor_names[component]]
        slot = self.slot(storage, [self.expression(node, point) for node in stage.target])
        return Slot(slot.buffer, _inside(slot.index, storage.extents))

    def slot(self, storage: Storage, index: Sequence[Node]) -> Slot:
        """An element of a tensor; in registers it is constant once the loops around are known (nest_registers.py)."""
        point: dict[Node, Node] = {
            axis_var(dim): value for dim, value in zip(storage.dims, index, strict=True)
        }
        pairs = zip(storage.subscripts, storage.lower, strict=True)
        ranges = self.ranges if storage.scope == "register" else None
        cells = tuple(simplify(sub(substitute(node, point), lower), ranges) for node, lower in pairs)
        return Slot(storage.buffer, permuted(storage, cells))

    def expression(self, node: Node, point: Mapping[Node, Node]) -> Node:
        """A body at a point, reads as loads."""

        def loaded(one: Node) -> Node:
            if not isinstance(one, Read):
                return one
            storage = self.storage.get(one.tensor.name)
            if storage is None:
                raise InternalError(f"no storage for {one.tensor.name}", pass_name="lower.build")
            slot = self.slot(storage, one.index)
            return Load(slot.buffer, one.dtype, _inside(slot.index, storage.extents))

        return rewrite(substitute(node, point), loaded)


def _can_move(cond: Node, items: tuple[NestItem, ...], body: Statement) -> bool:
    """Whether a partial tile may be moved back to the edge (tail `shift`), by less than its width.

    No quotient or remainder in it may depend on where the tile starts: `(2*io + ii) % 2` is `ii` in whole steps of the
    tile only, and is simplified to that. Nor may regions of other stages have been found for where the tile stood.
    """
    stages = {one.stage for item in items for one in _computed(item)}
    own = {var for var in variables(cond) if var.kind == "local"}
    whole = (node for one in walk_statements(body) for node in walk(*expressions(one)))
    divided = (node for node in whole if isinstance(node, Binary) and node.op in ("mod", "floordiv"))
    return len(stages) == 1 and not any(own & set(variables(node)) for node in divided)


def _computed(item: NestItem) -> Iterator[NestCompute]:
    match item:
        case NestCompute():
            yield item
        case NestGuard():
            for one in (*item.body, *item.otherwise):
                yield from _computed(one)
        case NestLoop() | NestLet() | NestAllocate():
            for one in item.body:
                yield from _computed(one)
        case NestBarrier() | NestExchange():
            pass


def _inside(index: Sequence[Node], extents: Sequence[Node]) -> tuple[Node, ...]:
    """Subscripts that depend on data, clamped: a thread may change the data after its range was checked (B2)."""
    return tuple(
        minimum(maximum(part, ZERO), sub(extent, ONE))
        if any(isinstance(one, Load) for one in walk(part))
        else part
        for part, extent in zip(index, extents, strict=True)
    )


def block(statements: Sequence[Statement]) -> Statement:
    """Statements in order; a single one stays itself."""
    return statements[0] if len(statements) == 1 else Block(tuple(statements))


def _load(slot: Slot, dtype: DType) -> Node:
    return Load(slot.buffer, dtype, slot.index)


def _nodes(stage: Stage, group: int) -> tuple[Reduce, ...]:
    """The reductions of one nest."""
    return reduction_groups(stage)[group].nodes


def _dtypes(stage: Stage) -> tuple[DType, ...]:
    return tuple(operand.dtype for node in _nodes(stage, 0) for operand in node.operands)


def _accumulated(node: Reduce, current: tuple[Node, ...], term: tuple[Node, ...]) -> tuple[Node, ...]:
    (value, *_) = term
    if node.fused and isinstance(value, Binary) and value.op == "mul":
        return (fma(value.lhs, value.rhs, current[0], contracted=True),)
    return node.reducer.combine(current, term)


def _stored(
    slots: Sequence[Slot], values: tuple[Node, ...], stage: str, *, atomic: bool = False, stream: bool = False
) -> Statement:
    """All values are computed before the first is stored."""
    if len(slots) == 1:
        return Store(slots[0].buffer, slots[0].index, values[0], atomic, stream)
    names = [f"{stage}.next{position}" for position in range(len(slots))]
    stores = [
        Store(slot.buffer, slot.index, Var(name, value.dtype, "local"), stream=stream)
        for slot, name, value in zip(slots, names, values, strict=True)
    ]
    body: Statement = Block(tuple(stores))
    for name, value in reversed(list(zip(names, values, strict=True))):
        body = Let(name, value, body)
    return body
