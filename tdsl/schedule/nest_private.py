"""Whether what a thread or block keeps for itself is all made by it; a nest of a GPU in, nothing or an error out.

Storage of a thread ("register", "local", "stack") that lies outside of a loop bound to threads exists once a thread:
each has what it wrote. What is made outside of such loops every thread makes, so all have all of it; what is made
inside of one, each thread has a part. The same holds for shared storage and loops bound to blocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tdsl.errors import LimitError
from tdsl.expr.tensor import Stage
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
from tdsl.schedule.nest_device import BLOCKS, SHARED_OUT
from tdsl.schedule.state import State
from tdsl.schedule.step_lines import said_at

PRIVATE = ("register", "local", "stack")
"""Scopes whose storage belongs to one thread."""


def check_private(
    state: State, items: Sequence[NestItem], storage: Mapping[str, Storage], crossing: frozenset[str]
) -> None:
    """Every buffer of a thread or block is made by it alone. crossing: stages that threads reduce together.

    Errors: L110 storage of a thread outside of the threads that make it, or of a block outside of blocks.
    """
    exempt = frozenset(f"{name}.accumulator" for name in crossing)
    _Walk(state, {entry.name: entry.stage for entry in state.live()}, storage, exempt).items(items, {})


class _Walk:
    """exempt: storage that threads fill in parts and combine then."""

    def __init__(
        self,
        state: State,
        stages: Mapping[str, Stage],
        storage: Mapping[str, Storage],
        exempt: frozenset[str],
    ) -> None:
        self.state = state
        self.stages = stages
        self.storage = storage
        self.exempt = exempt

    def items(self, items: Sequence[NestItem], kept: Mapping[str, tuple[Storage, NestLoop | None]]) -> None:
        """kept: private and shared buffers around, each with the first loop since that shares its iterations out."""
        for item in items:
            match item:
                case NestAllocate(storage, body):
                    mine = storage.scope in (*PRIVATE, "shared") and storage.tensor not in self.exempt
                    self.items(body, {**kept, storage.buffer: (storage, None)} if mine else kept)
                case NestLoop():
                    self.items(item.body, {buffer: _inside(one, item) for buffer, one in kept.items()})
                case NestGuard():
                    self.items((*item.body, *item.otherwise), kept)
                case NestLet():
                    self.items(item.body, kept)
                case NestCompute():
                    for buffer in self.written(item):
                        one = kept.get(buffer)
                        if one is not None and one[1] is not None:
                            raise _in_parts(self.state, one[0], one[1])
                case NestExchange() | NestBarrier():
                    pass

    def written(self, item: NestCompute) -> set[str]:
        """The buffers that a statement changes."""
        if item.role in ("assign", "finish", "source"):
            return {self.storage[name].buffer for name in self.stages[item.stage].tensor_names}
        return {slot.buffer for slot in (item.outer if item.role == "tile_store" else item.slots)}


def _inside(one: tuple[Storage, NestLoop | None], loop: NestLoop) -> tuple[Storage, NestLoop | None]:
    storage, first = one
    kinds = BLOCKS if storage.scope == "shared" else (*BLOCKS, *SHARED_OUT)
    return storage, loop if first is None and loop.kind in kinds else first


def _in_parts(state: State, storage: Storage, loop: NestLoop) -> LimitError:
    owner = "block" if storage.scope == "shared" else "thread"
    shares = "all threads of the block share" if loop.kind == "cooperate" else f"is bound to {loop.kind}"
    return LimitError(
        "L110",
        f"{storage.buffer} in scope {storage.scope} belongs to one {owner} and would be made in parts by several",
        where=said_at(state, storage.tensor.partition(".")[0], "scope", "compute_at", "bind"),
        why=[f"it is kept outside of loop {loop.name} of {loop.stage}, which {shares}"],
        hint=[f"compute_at or store_at a loop inside {loop.name}"]
        + (['scope "shared"'] if owner == "thread" else []),
    )
