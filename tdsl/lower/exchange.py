"""The threads of a block combine what they have: a `NestExchange` in, shuffles, shared memory and barriers out.

The order is fixed by the number of threads alone. Of `count` values in a row, value i takes that `step` further on, for
step = the largest power of two below count, and so on by halves to 1. Within a warp values move between lanes; warps hand
one value each through shared memory and go on by the same rule. The left operand is always the earlier thread's.
Counterpart: TVM's LowerThreadAllreduce; Harris, "Optimizing Parallel Reduction in CUDA"; CUDA C++ Programming Guide,
"Warp Shuffle Functions".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tdsl.expr.build import add, compare, floordiv, mod, mul
from tdsl.expr.node import Load, Node, index_const
from tdsl.expr.simplify import simplify
from tdsl.lower.ir import Allocate, Barrier, If, Lanes, Statement, Store, block
from tdsl.schedule.nest import NestExchange, Slot, Storage
from tdsl.schedule.nest_exchange import AXES, WARP, ExchangeForm, exchange_form

Combine = Callable[[Sequence[Slot], Sequence[Slot]], Statement]
"""(near, far) -> near := near op far."""


def scratch_of(item: NestExchange) -> tuple[Storage, ...]:
    """The shared buffers that an exchange needs."""
    extents = tuple(index_const(extent) for extent in exchange_form(item).scratch)
    if not extents:
        return ()
    zeros = tuple(index_const(0) for _ in extents)
    return tuple(
        Storage(f"{item.stage}.exchange", name, dtype, "shared", (), (), zeros, extents)
        for name, dtype in zip(item.scratch, item.dtypes, strict=True)
    )


def exchange(item: NestExchange, combine: Combine, names: Sequence[Node]) -> Statement:
    """The statements of one exchange. names: where the thread stands along x, y, z."""
    form = exchange_form(item)
    if form.kind == "none":
        return block(())
    parts = _Parts(item, form, combine, *_places(item, names))
    made = block([*(parts.tree() if form.kind == "tree" else parts.by_warps())])
    if form.kind == "tree":
        return made
    for slot, dtype in zip(reversed(parts.ahead), reversed(item.dtypes), strict=True):
        made = Allocate(slot.buffer, dtype, (), "register", made)
    return made


def _places(item: NestExchange, names: Sequence[Node]) -> tuple[Node, Node]:
    """(number of the thread's group, its number in the group), x fastest."""
    found: list[Node] = []
    for mine in (False, True):
        value: Node = index_const(0)
        for place, name, extent in reversed(list(zip(AXES, names, item.block, strict=True))):
            if (place in item.places) is mine:
                value = add(mul(value, index_const(extent)), name)
        found.append(simplify(value))
    return found[0], found[1]


@dataclass(frozen=True, slots=True)
class _Parts:
    """group, place: where the thread stands."""

    item: NestExchange
    form: ExchangeForm
    combine: Combine
    group: Node
    place: Node

    @property
    def ahead(self) -> tuple[Slot, ...]:
        """Where the values of other lanes arrive."""
        return tuple(Slot(f"{slot.buffer}_ahead", ()) for slot in self.item.slots)

    # ------------------------------------------------------------ lanes, then warps
    def by_warps(self) -> Iterator[Statement]:
        """Lanes of each warp; where there are several, their results through shared memory."""
        count, everyone = self.form.count, self.item.everyone
        if self.form.kind == "lanes":
            yield from self.lanes(count, self.place, count)
            if everyone:
                yield from self.moved(0, self.item.slots)
            return
        rest = count % WARP or WARP
        yield from self.lanes(WARP, self.place, count if rest != WARP else None, rest)
        lane = simplify(mod(self.place, index_const(WARP)))
        first = compare("eq", lane, index_const(0))
        warp = simplify(floordiv(self.place, index_const(WARP)))
        shared = self.shared((self.group, warp))
        yield If(first, block([*_copies(shared, self.item.slots, self.item)]))
        yield Barrier()
        warps = self.form.warps
        held = block([*_copies(self.item.slots, self.shared((self.group, lane)), self.item)])
        yield If(compare("lt", lane, index_const(warps)), held)
        yield from self.lanes(warps, lane, warps)
        if everyone and rest == WARP:
            yield from self.moved(0, self.item.slots)
        elif everyone:  # the last warp may have fewer lanes than there are warps
            result = self.shared((self.group, index_const(warps)))
            owner = compare("eq", self.place, index_const(0))
            yield If(owner, block([*_copies(result, self.item.slots, self.item)]))
            yield Barrier()
            yield block([*_copies(self.item.slots, result, self.item)])

    def lanes(self, count: int, place: Node, end: int | None, rest: int = 0) -> Iterator[Statement]:
        """Values of `count` neighbouring lanes into the first one. end: where values end, None for whole warps;
        rest: lanes of the last warp, where it is not whole.
        """
        step, within = _below(count), rest or count
        while step >= 1:
            yield from self.moved(step, self.ahead)
            made = self.combine(self.item.slots, self.ahead)
            if end is not None and within < 2 * step:
                made = If(compare("lt", add(place, index_const(step)), index_const(end)), made)
            yield made
            within, step = (within if rest else step), step // 2

    def moved(self, ahead: int, to: Sequence[Slot]) -> Iterator[Statement]:
        """What a lane further on has, or the first one."""
        for target, slot, dtype in zip(to, self.item.slots, self.item.dtypes, strict=True):
            value = Load(slot.buffer, dtype, slot.index)
            yield Store(target.buffer, target.index, value, lanes=Lanes(ahead, self.form.width))

    # ------------------------------------------------------------ halves through shared memory
    def tree(self) -> Iterator[Statement]:
        """Every value in shared memory; halves are combined, a barrier a step."""
        mine, step = self.shared((self.group, self.place)), _below(self.form.count)
        yield block([*_copies(mine, self.item.slots, self.item)])
        yield Barrier()
        end = self.form.count
        while step >= 1:
            further = add(self.place, index_const(step))
            taken = min(step, end - step)
            parts = [self.combine(self.item.slots, self.shared((self.group, further)))]
            if step > 1 or self.item.everyone:
                parts += _copies(mine, self.item.slots, self.item)
            yield If(compare("lt", self.place, index_const(taken)), block(parts))
            # The next step reads places from step // 2 on: those before are each thread's own.
            if taken > step // 2 and (step > 1 or self.item.everyone):
                yield Barrier()
            end, step = step, step // 2
        if self.item.everyone:
            first = self.shared((self.group, index_const(0)))
            yield block([*_copies(self.item.slots, first, self.item)])

    def shared(self, index: tuple[Node, ...]) -> tuple[Slot, ...]:
        return tuple(Slot(name, index) for name in self.item.scratch)


def _below(count: int) -> int:
    """The largest power of two below a number; 0 for 1."""
    return 1 << (count - 1).bit_length() - 1 if count > 1 else 0


def _copies(to: Sequence[Slot], values: Sequence[Slot], item: NestExchange) -> list[Statement]:
    return [
        Store(target.buffer, target.index, Load(value.buffer, dtype, value.index))
        for target, value, dtype in zip(to, values, item.dtypes, strict=True)
    ]
