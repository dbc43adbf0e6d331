"""Loop IR: a tree of statements over scalar nodes; what lowering makes and every code generator and interpreter reads.

A `Kernel` names its arguments and sizes and holds one statement. Statements mention buffers by name. All indices are
int64, multi-dimensional and already physical: folds, layouts and offsets are applied by lowering, so a buffer is a
plain row-major box of `extents` (arguments: in the general body any byte strides). Vector loops are lanes in lockstep:
each `Store`/`Let` of the body runs for all lanes (reads before writes) before the next one; an `If` in it is a mask.

Normal form: no `Block` directly inside a `Block`, none of a single statement (`block` makes it). Text form:
lower/printer.py and lower/parser.py. Invariants: lower/verifier.py. Meaning: lower/interpreter.py.
Counterpart: Halide's Stmt, TVM's TIR.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from tdsl.dtypes import DType
from tdsl.expr.intrinsic import Intrinsic
from tdsl.expr.node import Node

LoopKind = Literal[
    "serial",
    "parallel",
    "unroll",
    "vector",
    "block.x",
    "block.y",
    "block.z",
    "thread.x",
    "thread.y",
    "thread.z",
]
Scope = Literal["heap", "stack", "register", "shared", "local"]
Role = Literal["input", "output"]


@dataclass(frozen=True, slots=True)
class For:
    """`for var in lower..upper` by one; `upper` exclusive, `lower >= upper` runs nothing.

    `unroll` and `vector` need constant bounds (after constant folding); a vector body holds no loop but unrolled ones
    and no Allocate. `parallel`: iterations are independent and may run at once in any order.

    A kernel of a GPU: `block.z`, `block.y`, `block.x` loops from 0 over nothing but sizes (those there are, in this
    order), shared allocations, then `thread.z`, `thread.y`, `thread.x` loops from 0 with constant bounds. The variable
    of such a loop is called as its kind. Blocks run in any order; the threads of a block run at once and meet at each
    `Barrier`, which all of them reach.

    intrinsic: what code may compute the loop with, where all of it runs (lower/tiles.py); its meaning stays the loop's.
    """

    var: str
    lower: Node
    upper: Node
    kind: LoopKind
    body: Statement
    intrinsic: Intrinsic | None = None


@dataclass(frozen=True, slots=True)
class If:
    """Runs `then` where `cond` (bool) holds, else `otherwise`; under a vector loop, for each lane.

    `tail`: how the user wants the partial tile treated that this guards; None lets `separate_full_tiles` choose.
    """

    cond: Node
    then: Statement
    otherwise: Statement | None = None
    tail: str | None = None


@dataclass(frozen=True, slots=True)
class Let:
    """Binds the local `var` to `value` inside `body`."""

    var: str
    value: Node
    body: Statement


@dataclass(frozen=True, slots=True)
class Allocate:
    """A scratch buffer that lives during `body`; contents undefined at its start.

    register: constant extents; every index is constant plus lanes once unrolled loops are expanded; becomes values.
    local: as stack, memory of one GPU thread. shared: one for a block of threads, constant extents, outside of the
    thread loops. stack: constant extents, at most 64 KiB. heap: from the arena, 64-byte aligned, extents may be any int64 >= 0.
    `padding`: bytes-free elements past the end that may be read (their values are unused); heap and stack only.
    """

    buffer: str
    dtype: DType
    extents: tuple[Node, ...]
    scope: Scope
    body: Statement
    padding: int = 0


@dataclass(frozen=True, slots=True)
class Lanes:
    """Whose value is meant: that of the thread `ahead` further on in its part of `width` lanes of a warp, of x fastest;
    one's own where there is none. ahead 0: that of the first thread of the part. width: a power of two, at most 32.
    """

    ahead: int
    width: int


@dataclass(frozen=True, slots=True)
class Store:
    """`buffer[index] = value`; evaluates index and value, then writes.

    atomic: the value reads this very element, and nobody writes it in between: for iterations of a parallel loop that
    change one element. Such a store is in memory and not in a vector loop; other atomic stores to the element may come
    before or after it. stream: whole vectors may go past the caches; all threads see them when the loop that runs in parallel,
    or the kernel, has ended. lanes: the value is that of another thread of the block, all of which reach the statement
    together; in registers.
    """

    buffer: str
    index: tuple[Node, ...]
    value: Node
    atomic: bool = False
    stream: bool = False
    lanes: Lanes | None = None


@dataclass(frozen=True, slots=True)
class Barrier:
    """No thread of a block goes on before all have arrived; then all see what each wrote before. In thread loops only."""


@dataclass(frozen=True, slots=True)
class Block:
    """Statements in order; may be empty."""

    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Prefetch:
    """Asks for the cache line of `buffer[index]`, which is in memory and may be read soon; changes nothing."""

    buffer: str
    index: tuple[Node, ...]


Statement = For | If | Let | Allocate | Store | Prefetch | Block | Barrier


@dataclass(frozen=True, slots=True)
class ArrayArgument:
    """An array the caller passes. extents: nodes over sizes. Inputs are never written, and overlap no output.

    value_range: half-open range of an input used as an index; checked before the kernel runs (semantics B2).
    """

    name: str
    dtype: DType
    extents: tuple[Node, ...]
    role: Role
    value_range: tuple[Node, Node] | None = None


@dataclass(frozen=True, slots=True)
class ScalarArgument:
    """A scalar the caller passes; `Var(name, dtype, "param")` in expressions."""

    name: str
    dtype: DType


@dataclass(frozen=True, slots=True)
class Kernel:
    """A whole kernel: arguments in call order (inputs and scalars, then outputs), sizes in a fixed order, one body.

    assumptions: bool nodes over sizes and params that hold whenever the body runs (checked by the caller). lines: of
    loop variables and buffers, the user's file and line that made them, for generated code that says so.
    """

    name: str
    sizes: tuple[str, ...]
    arguments: tuple[ArrayArgument | ScalarArgument, ...]
    body: Statement
    assumptions: tuple[Node, ...] = field(default=())
    lines: tuple[tuple[str, str, int], ...] = field(default=())


def block(statements: Sequence[Statement]) -> Statement:
    """Statements in order, in normal form: blocks inside are spliced in, a single statement stays itself."""
    parts: list[Statement] = []
    for one in statements:
        parts.extend(one.statements if isinstance(one, Block) else (one,))
    return parts[0] if len(parts) == 1 else Block(tuple(parts))


def arrays(kernel: Kernel) -> tuple[ArrayArgument, ...]:
    """The array arguments of a kernel, in order."""
    return tuple(argument for argument in kernel.arguments if isinstance(argument, ArrayArgument))
