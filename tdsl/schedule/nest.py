"""What a schedule means, as a value: the loop tree with bounds, and where every tensor lives.

Made by `nest_build.build_nest(state)` through poly, printed by `nest_text`, expanded by `lower/`. All bounds, guards,
axis values and storage offsets are nodes over IR locals (`Var(name, int64, "local")`), sizes and params; nothing in
here asks isl any more. Counterpart: Halide's print_loop_nest, taco's scheduled statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tdsl.dtypes import DType
from tdsl.expr.intrinsic import Intrinsic
from tdsl.expr.node import INT64, Node, Var
from tdsl.expr.tensor import Tensor
from tdsl.poly.model import Dimension
from tdsl.schedule.state import StorageScope

LoopKind = Literal["serial", "parallel", "unroll", "vector", "cooperate"] | Dimension
ComputeRole = Literal[
    "source", "assign", "init", "update", "finish", "tile_load", "tile_store", "combine", "prefetch"
]


def local(name: str) -> Var:
    """The Loop IR variable `name`."""
    return Var(name, INT64, "local")


@dataclass(frozen=True, slots=True)
class Slot:
    """One element of a buffer: where an accumulator of a reduction stands."""

    buffer: str
    index: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Swizzle:
    """Cell c of `vector` elements of a row lies at ``c ^ phase``, phase = (row // rows) % phases, a power of two."""

    vector: int
    phases: int
    rows: int


@dataclass(frozen=True, slots=True)
class Storage:
    """Where a tensor's elements are: `buffer[subscripts - lower]`.

    subscripts: nodes over `axis_var(dim)` of `dims` (the layout and folds applied). lower: offset of the box, over
    the loops that own the buffer. extents: of the box. argument: the caller's array (scope is then "heap").
    swizzle: how cells of a row are permuted (nest_swizzle.py).
    """

    tensor: str
    buffer: str
    dtype: DType
    scope: StorageScope
    dims: tuple[str, ...]
    subscripts: tuple[Node, ...]
    lower: tuple[Node, ...]
    extents: tuple[Node, ...]
    argument: bool = False
    swizzle: Swizzle | None = None


@dataclass(frozen=True, slots=True)
class NestCompute:
    """One statement at the innermost point: of `stage`, with the value of each axis it has.

    source: an element of an update := its base's (axes: the dims). assign: the tensors' elements := body. init:
    accumulators := identity. update: accumulators take one term.
    finish: elements := body with the accumulators for the reductions. tile_load/tile_store: `slots` <- / -> `outer`
    (promote). combine: slots := slots op the slots `outer` (halving of lanes). inside: where the point is one of the
    stage's (tail "pad": elsewhere padding is written). group: which of the stage's reduction nests; inner:
    accumulators of the nests that feed this statement, where there are several. atomic: read, changed and written at
    once. stream: stored past the caches. prefetch: what the stage reads of `tensor` at the point is asked for; `ahead`:
    of which loop, how many iterations.
    """

    stage: str
    role: ComputeRole
    axes: tuple[tuple[str, Node], ...]
    slots: tuple[Slot, ...] = ()
    outer: tuple[Slot, ...] = ()
    inside: tuple[Node, ...] = ()
    group: int = 0
    inner: tuple[tuple[int, tuple[Slot, ...]], ...] = ()
    atomic: bool = False
    stream: bool = False
    tensor: str = ""
    ahead: tuple[str, int] = ("", 0)


@dataclass(frozen=True, slots=True)
class NestLoop:
    """A loop of `stage` named `name` by the user; IR variable `var`, `lower <= var < upper`.

    A constant loop (vector, unroll, bound to threads) runs var over 0..extent; the axis value adds its base itself.
    `implied`: the lowerer unrolls it because it indexes registers. `block.x` … `thread.z`: a place on a GPU.
    `cooperate`: the threads of the block share its iterations out. intrinsic: what its whole tiles are computed with.
    """

    stage: str
    name: str
    var: str
    kind: LoopKind
    lower: Node
    upper: Node
    body: tuple[NestItem, ...]
    implied: bool = False
    intrinsic: Intrinsic | None = None


@dataclass(frozen=True, slots=True)
class NestGuard:
    """`body` runs where `cond` holds, else `otherwise`. `tail`: the named tail it comes from, None where automatic."""

    cond: Node
    body: tuple[NestItem, ...]
    tail: str | None = None
    otherwise: tuple[NestItem, ...] = ()


@dataclass(frozen=True, slots=True)
class NestAllocate:
    """A buffer that lives during `body`."""

    storage: Storage
    body: tuple[NestItem, ...]


@dataclass(frozen=True, slots=True)
class NestLet:
    """Binds an IR local (the halves of a fused loop)."""

    var: str
    value: Node
    body: tuple[NestItem, ...]


@dataclass(frozen=True, slots=True)
class NestBarrier:
    """All threads of the block arrive before any goes on. `buffers`: what they wait for."""

    buffers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NestExchange:
    """The threads of a block along `places` combine their accumulators `slots` of `stage`; the first of them has the result.

    block: threads along x, y, z (known once the kernel is whole). everyone: all threads get the result. Every thread of
    the block comes by; `scratch` names the shared buffers of it (lower/exchange.py), which hold nothing between.
    """

    stage: str
    slots: tuple[Slot, ...]
    dtypes: tuple[DType, ...]
    places: tuple[Dimension, ...]
    everyone: bool
    block: tuple[int, int, int] = (1, 1, 1)

    @property
    def scratch(self) -> tuple[str, ...]:
        """Names of shared buffers, one an accumulator."""
        return tuple(f"{slot.buffer}_warps" for slot in self.slots)


NestItem = NestCompute | NestLoop | NestGuard | NestAllocate | NestLet | NestBarrier | NestExchange


@dataclass(frozen=True, slots=True)
class Nest:
    """The whole: statements at root in order, storage of every tensor that has one, outputs in order.

    pending: what only a build can decide, in words (empty when nothing is pending).
    """

    items: tuple[NestItem, ...]
    storage: tuple[Storage, ...]
    outputs: tuple[Tensor, ...]
    pending: tuple[str, ...] = ()


def range_of(loop: NestLoop) -> dict[str, tuple[Node, Node]]:
    """The range of a loop's variable, where it is that of its bounds: `(jo * 2 + ji) // 2 - jo` is 0 for ji in 0 .. 2."""
    exact = loop.kind in ("serial", "parallel", "unroll", "vector")
    return {loop.var: (loop.lower, loop.upper)} if exact else {}
