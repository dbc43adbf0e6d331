"""The state a list of directives leads to: every stage as it now stands; what nests, legality and printing are made of.

A `Schedule` is (declarations, directives); `State` is what each directive makes of the state before it, a plain value:
a new state shares what did not change. Loop directives edit `loops` and `relations`, storage directives the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, replace
from typing import TYPE_CHECKING, Literal

from tdsl.expr.intrinsic import Intrinsic
from tdsl.expr.node import Node
from tdsl.expr.tensor import Stage, Tensor
from tdsl.poly.model import AxisRelation, Join, LoopMark, Place, Region
from tdsl.records import dataclass

if TYPE_CHECKING:
    from tdsl.schedule.directive import Directive

StorageScope = Literal["heap", "stack", "register", "shared", "local"]
Tail = Literal["guard", "mask", "peel", "shift", "pad"]


@dataclass(frozen=True, slots=True)
class Promote:
    """The accumulator tile of one iteration of `loop` lives in `scope` under `name` (semantics P10b)."""

    loop: str
    name: str
    scope: StorageScope


@dataclass(frozen=True, slots=True)
class Cooperate:
    """The elements of the stage are made by all threads of the block together, `vector` neighbours at a time each.

    vector: None lets the nest choose the widest that fits.
    """

    vector: int | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """Physical subscripts as nodes over `axis_var(dim)`, one a physical dimension, outermost first."""

    subscripts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """`loop` runs in parts: its first and last iterations apart, or (`separate`) full and partial tiles apart."""

    loop: str
    first: int = 0
    last: int = 0
    separate: bool = False


@dataclass(frozen=True, slots=True)
class Prefetched:
    """Each iteration of `loop` asks for what the iteration `ahead` later reads of `tensor` first."""

    loop: str
    tensor: str
    ahead: int


@dataclass(frozen=True, slots=True)
class Tensorized:
    """The innermost `loops`, those of the reduction first, are one `intrinsic` where they run whole."""

    loops: tuple[str, ...]
    intrinsic: Intrinsic


@dataclass(frozen=True, slots=True)
class StageState:
    """One stage of the schedule.

    stage: the declaration as it now stands (reads inlined or redirected to copies); its tensors are the declared ones,
    so that a handle finds its stage by identity in `stage.tensors` (a tensor's `producer` is the declaration it was
    made with). dims: names of the array's dimensions (N2). loops: outermost first. relations: in the order they were
    made; a split may keep the name of its parent for its outer loop (`vectorize`, `unroll`, `parallel(chunk=)`), so a
    name means what the relations before it made of it. retired: axis name -> index of the directive that consumed it.
    tails: name of a split's inner loop -> tail asked for (absent: automatic). cuts: loops that run in parts.
    atomic: its elements are read, changed and written at once. tensorized: its innermost loops are an instruction.
    copies: tiles that iterations of the loop around take in turn, each made ahead. streamed: its stores go past the caches.
    inlined: it has no loops of its own any more. joined: whose loops it shares; compute and store then follow that
    stage's. cooperate: the threads of a block share its work. origin: how it came to be.
    """

    stage: Stage
    dims: tuple[str, ...]
    loops: tuple[LoopMark, ...]
    relations: tuple[AxisRelation, ...] = ()
    retired: tuple[tuple[str, int], ...] = ()
    compute: Place | None = None
    store: Place | Literal["root"] | None = None
    scope: StorageScope = "heap"
    folds: tuple[tuple[str, int], ...] = ()
    aligns: tuple[tuple[str, int], ...] = ()
    layout: Layout | None = None
    promotes: tuple[Promote, ...] = ()
    tails: tuple[tuple[str, Tail], ...] = ()
    cuts: tuple[Cut, ...] = ()
    atomic: bool = False
    prefetches: tuple[Prefetched, ...] = ()
    tensorized: Tensorized | None = None
    copies: int = 1
    streamed: bool = False
    inlined: bool = False
    joined: Join | None = None
    cooperate: Cooperate | None = None
    region: Region = "usual"
    """What it makes inside another stage: as much as it takes for the schedule to be legal (`legality.settled`)."""
    swizzle: int | None = None
    """Elements that stay side by side where the cells of its shared rows are permuted."""
    origin: Literal["declared", "cache_read", "cache_write", "rfactor", "clone", "hoist"] = "declared"

    @property
    def name(self) -> str:
        return self.stage.name

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the loops as they now stand, outermost first."""
        return tuple(loop.name for loop in self.loops)


@dataclass(frozen=True, slots=True)
class State:
    """All stages in topological order (declaration order, derived stages where they belong).

    outputs: the tensors returned, in order. assumptions: bool nodes of `assume`, checked at the call.
    versions: what runs instead where their conditions hold, of which at most one does.
    steps: the directives that led here, oldest first; errors name them, nothing else depends on them.
    keeps_bits: `td.schedule(…, exact=True)`: steps that take the terms of a sum in another order are refused.
    """

    stages: tuple[StageState, ...]
    outputs: tuple[Tensor, ...]
    assumptions: tuple[Node, ...] = ()
    versions: tuple[Version, ...] = ()
    steps: tuple[Directive, ...] = field(default=(), compare=False)
    keeps_bits: bool = field(default=False, compare=False)

    def find(self, name: str) -> StageState | None:
        """The stage of that name, or that computes a tensor of that name."""
        for entry in self.stages:
            if entry.name == name or name in entry.stage.tensor_names:
                return entry
        return None

    def stage(self, name: str) -> StageState:
        """The stage of that name, which is known to exist."""
        found = self.find(name)
        assert found is not None, name
        return found

    def live(self) -> Iterator[StageState]:
        """The stages that have loops: all but the inlined ones."""
        return (entry for entry in self.stages if not entry.inlined)

    def with_stage(self, changed: StageState) -> State:
        """The state with one stage replaced (by name)."""
        return replace(
            self, stages=tuple(changed if entry.name == changed.name else entry for entry in self.stages)
        )

    def with_stages(self, *changed: StageState) -> State:
        """The state with several stages replaced (by name)."""
        table = {entry.name: entry for entry in changed}
        return replace(self, stages=tuple(table.get(entry.name, entry) for entry in self.stages))

    def inserted(self, fresh: StageState, before: str) -> State:
        """The state with a new stage right before the named one."""
        place = next(index for index, entry in enumerate(self.stages) if entry.name == before)
        return replace(self, stages=(*self.stages[:place], fresh, *self.stages[place:]))


@dataclass(frozen=True, slots=True)
class Version:
    """A whole kernel for calls that satisfy `condition`; its state assumes it and has no versions of its own."""

    condition: Node
    state: State
