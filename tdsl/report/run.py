"""Runs statements one by one on the cells of a schedule, in any order: the scheduled half of a replay.

In: the stages of a schedule, what each copy is (`poly.listing`), inputs, and steps in order. Out: what every cell holds
in the end, and what was read where. A value that is not there when it is read makes what depends on it unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tdsl.expr.interpreter import Frame, Run
from tdsl.expr.narrow_floats import held
from tdsl.expr.node import Node, Read, Var, axis_var
from tdsl.expr.scalar_ops import Array
from tdsl.expr.tensor import Stage, Tensor
from tdsl.poly.listing import Copy, Listing
from tdsl.report.effects import Effect, Stored, effects_of

Part = Literal["whole", "load", "store"]
Cell = tuple[object, ...]


class Unknown(Exception):
    """A value that is read was never made, or depends on one that was not."""


@dataclass(frozen=True, slots=True)
class Step:
    """A copy that runs: whole, or only its reads, or only its writes (of another thread's in between)."""

    copy: Copy
    part: Part = "whole"


class CellRun(Run):
    """A run whose tensors are cells of a schedule's storage."""

    def __init__(
        self,
        stages: Iterable[Stage],
        listing: Listing,
        arrays: Mapping[str, Array],
        point: Mapping[str, int],
        params: Mapping[str, object],
    ) -> None:
        super().__init__(dict(arrays), dict(point), dict(params), has_fma=True)
        self.listing = listing
        self.effects: dict[str, Effect] = {}
        for stage in stages:
            self.effects |= effects_of(stage)
        self.memory: dict[Cell, Array | None] = {}
        """None: something unknown was stored."""
        self.seen: dict[tuple[Copy, str, tuple[int, ...]], Array | None] = {}
        """What a copy read of an element; None where it was unknown."""
        self.copy: Copy | None = None
        self.mentions: dict[Node, frozenset[Var]] = {}

    # reading

    def read(self, node: Read, subscripts: Sequence[Array], mask: Array) -> Array:
        """One element, from the cell where the copy that runs finds it."""
        if not np.any(mask):
            return np.zeros((), held(node.tensor.dtype))
        element = tuple(int(one) for one in subscripts)
        if node.tensor.name in self.arrays:
            array = self.input(node.tensor)
            if any(not 0 <= one < extent for one, extent in zip(element, array.shape, strict=True)):
                raise Unknown  # a subscript that was computed from a wrong value
            return np.asarray(array[element])
        assert self.copy is not None
        value = self.memory.get(self.cell(node.tensor.name, self.copy, element))
        self.seen[self.copy, node.tensor.name, element] = value
        if value is None:
            raise Unknown
        return value

    def cell(self, holder: str, copy: Copy | None, element: tuple[int, ...]) -> Cell:
        """The cell of an element of a tensor, or of a component of a running value."""
        tensor = holder.partition(":")[0]
        return holder, self.listing.cell(tensor, copy, element)

    def at_end(self, tensor: Tensor, element: tuple[int, ...]) -> Array | None:
        """What a result holds after everything."""
        return self.memory.get(self.cell(tensor.name, None, element))

    # running

    def steps(self, steps: Sequence[Step]) -> None:
        """Runs steps in order; neighbours at one time are lanes, which all read before any writes."""
        waiting: dict[Copy, list[tuple[Cell, Array | None]]] = {}
        place = 0
        while place < len(steps):
            batch = [steps[place]]
            while place + len(batch) < len(steps) and self._lanes(batch[0], steps[place + len(batch)]):
                batch.append(steps[place + len(batch)])
            place += len(batch)
            for step in batch:
                if step.part != "store":
                    waiting[step.copy] = self._values(step.copy)
            for step in batch:
                if step.part != "load":
                    self.memory.update(waiting.pop(step.copy))

    def _lanes(self, one: Step, other: Step) -> bool:
        """Whether two steps are lanes of one statement; the terms of a sum are added one after another."""
        same = one.copy.statement == other.copy.statement and one.copy.time == other.copy.time
        if not same or one.part != other.part or one.part != "whole":
            return False
        return self.listing.copies.tree.statements[one.copy.statement].role != "update"

    def _values(self, copy: Copy) -> list[tuple[Cell, Array | None]]:
        """What a copy stores where."""
        effect = self.effects.get(copy.statement)
        if effect is None:  # a sink reads what is there in the end
            return []
        self.copy = copy
        axes = self.listing.copies.axes(copy.statement)
        env = {
            axis_var(axis): np.asarray(value, np.int64) for axis, value in zip(axes, copy.axes, strict=True)
        }
        frame = Frame(self, (), env, np.asarray(True))
        frame.mentions = self.mentions
        try:
            if not frame.value(effect.condition):
                return []
        except Unknown:
            return []
        return [stored for one in effect.stores for stored in self._stored(frame, copy, one)]

    def _stored(self, frame: Frame, copy: Copy, one: Stored) -> list[tuple[Cell, Array | None]]:
        try:
            element = tuple(int(frame.value(part)) for part in one.index)
        except Unknown:
            return []  # nobody knows where
        try:
            value: Array | None = np.array(frame.value(one.value), dtype=held(one.dtype))
        except Unknown:
            value = None
        return [(self.cell(one.tensor, copy, element), value)]
