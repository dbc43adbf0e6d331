"""What the polyhedral layer is asked about: a program and an arrangement of it, as plain frozen values.

`schedule/` builds these from its state; `poly/` turns them into isl relations inside one call and answers with plain
values (poly/answers.py). Conditions and subscripts are scalar nodes over `Var`s: axes and loops by name (`axis_var`),
sizes and params by name. Source: docs of the feasibility study (Feautrier's value flow; Verdoolaege's isl).
"""

from __future__ import annotations

from typing import Literal

from tdsl.expr.node import Node
from tdsl.expr.tensor import Size
from tdsl.records import dataclass

Dimension = Literal["block.x", "block.y", "block.z", "thread.x", "thread.y", "thread.z"]
"""Where the iterations of a bound loop stand: blocks of the grid, threads of a block."""

LoopKind = Literal["serial", "parallel", "unroll", "vector"] | Dimension

StatementRole = Literal["assign", "init", "update", "finish", "source", "sink"]


@dataclass(frozen=True, slots=True)
class Access:
    """Reads or writes `tensor[index]` at those points of the statement where every condition of `guard` holds.

    An index node that is not affine in axes and sizes is replaced by None in `index` with its range in `opaque`
    (position -> (lower, upper) half-open nodes) and its text in `opaque_text`. One that is a polynomial, linear in axes
    and with sizes as factors, is also in `linearised` (position -> node).
    """

    tensor: str
    index: tuple[Node | None, ...]
    guard: tuple[Node, ...] = ()
    opaque: tuple[tuple[int, Node, Node], ...] = ()
    opaque_text: str = ""
    linearised: tuple[tuple[int, Node], ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a stage: its axes (a subset of the stage's, in order), where it runs, what it touches.

    A pure stage is one `assign`. A reduction is `init` (accumulator := identity, data axes only), `update` (all axes)
    and, where the stage is more than the bare reduction, `finish` (data axes; reads the accumulator, writes the
    tensor). The accumulator is the tensor itself for a bare reduction, else a tensor `<stage>.accumulator`.
    domain: bool nodes, all of which hold exactly at the instances (axis bounds included).
    reduction_axes: of an `update`, the axes along which its own chain may be reordered (soft order). group, within: of
    an `init` or `update`, the number of its reduction nest in the stage and of the nests around that (E2).
    """

    name: str
    stage: str
    role: StatementRole
    axes: tuple[str, ...]
    domain: tuple[Node, ...]
    reads: tuple[Access, ...]
    writes: tuple[Access, ...]
    reduction_axes: tuple[str, ...] = ()
    exact: bool = True
    """Whether reordering the chain of an `update` keeps every bit (integers, min, max)."""
    group: int = 0
    within: tuple[int, ...] = ()
    loose: tuple[str, ...] = ()
    """Axes whose bounds are data: the domain has what every value allows, and only a part of it is run."""


@dataclass(frozen=True, slots=True)
class View:
    """A linearised dimension of a tensor as several (`delinearise.py`).

    strides: of all but the last, outermost first. extents: how far each part goes. parts: of the subscripts there, by
    the name of the statement and its access.
    """

    tensor: str
    place: int
    strides: tuple[Node, ...]
    extents: tuple[Node, ...]
    parts: tuple[tuple[tuple[str, Access], tuple[Node, ...]], ...]


@dataclass(frozen=True, slots=True)
class Program:
    """Statements in order of declaration; `outputs` are tensors whose final value leaves the kernel.

    inputs: arrays nobody writes here. context: bool nodes over sizes/params known to hold (facts, assume).
    ordered: tensors written by updates in place (later: value flow by `compute_flow`); the rest is single assignment.
    views: dimensions that are taken apart where dependences are asked about, in that order.
    """

    sizes: tuple[Size, ...]
    context: tuple[Node, ...]
    statements: tuple[Statement, ...]
    shapes: tuple[tuple[str, tuple[Node, ...]], ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    ordered: tuple[str, ...] = ()
    views: tuple[View, ...] = ()


@dataclass(frozen=True, slots=True)
class Split:
    """parent = base + factor * outer + inner, 0 <= inner < factor.

    base is 0 for a stage at root whose axis starts at 0; else the smallest value the axis takes in one iteration of the
    loops around the stage (so that tiles start where the region starts): `relative` asks for that.
    """

    parent: str
    outer: str
    inner: str
    factor: int
    relative: bool = True


@dataclass(frozen=True, slots=True)
class Fuse:
    """`into` runs over (outer, inner) lexicographically; an order over the parents, never arithmetic."""

    outer: str
    inner: str
    into: str


@dataclass(frozen=True, slots=True)
class Skew:
    """into = parent + factor * by (by: another loop or axis of the stage)."""

    parent: str
    by: str
    factor: int
    into: str


@dataclass(frozen=True, slots=True)
class Reverse:
    """into = -parent (the loop runs from the axis' largest value down)."""

    parent: str
    into: str


@dataclass(frozen=True, slots=True)
class Rename:
    """into = parent (a whole axis turned into lanes: `vectorize` without a width)."""

    parent: str
    into: str


@dataclass(frozen=True, slots=True)
class Shift:
    """into = parent + by (the same iterations in the same order under other values)."""

    parent: str
    into: str
    by: int


Region = Literal["usual", "exact", "whole"]
"""What a stage inside another one makes there. usual: what is read, and what lies between its pieces where those are many.
exact: what is read and no more, in however many pieces. whole: everything of its domain between what is read, and all that
there is of a stage that reads itself.
"""

AxisRelation = Split | Fuse | Skew | Reverse | Rename | Shift


@dataclass(frozen=True, slots=True)
class Place:
    """The body of loop `loop` of stage `stage`."""

    stage: str
    loop: str


@dataclass(frozen=True, slots=True)
class Join:
    """A stage that is computed with another: it shares `stage`'s loops from the outermost one down to `loop`.

    Its axes are matched with the other's by name; `align` has pairs (its own axis, the other's) for names that differ.
    lags: (its own axis, n) where that is the other's axis + n in the shared loop (0 for all others).
    """

    stage: str
    loop: str
    align: tuple[tuple[str, str], ...] = ()
    lags: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class LoopMark:
    """A loop of a stage and how it runs. `vector`: lanes in lockstep (semantics P6). `block.x` … `thread.z`: its
    iterations are places on a GPU; for what is legal they are iterations in parallel.
    """

    name: str
    kind: LoopKind = "serial"


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How one stage is executed. loops: its own, outermost first, as they now stand (fused loops by their new name).

    compute: None at root. store: None means where it is computed; "root"; or a place farther out.
    folds: (dim position, factor). layout: physical subscripts as nodes over dim variables, or None.
    promotes: (loop name): the accumulator tile is staged for one iteration of that loop. joined: whose loops it shares;
    `compute` and `store` are then the other's.
    """

    stage: str
    loops: tuple[LoopMark, ...]
    relations: tuple[AxisRelation, ...]
    compute: Place | None = None
    store: Place | Literal["root"] | None = None
    folds: tuple[tuple[int, int], ...] = ()
    dims: tuple[str, ...] = ()
    layout: tuple[Node, ...] | None = None
    promotes: tuple[str, ...] = ()
    atomic: bool = False
    """The stage's elements are changed at once, by an operation that commutes: its own changes need no order."""
    across: tuple[str, ...] = ()
    """Loops over partial results that threads hold, one each, and combine together: its terms need no order there."""
    blocks: tuple[str, ...] = ()
    """Loops bound to blocks: their bounds may depend on sizes alone. Only read where loops are scanned."""
    threads: tuple[str, ...] = ()
    """Loops bound to threads of a block. Only read where loops are scanned."""
    shared: bool = False
    """Its storage belongs to a block: what it makes is what all threads of the block need (semantics P11)."""
    slide: Literal["burst", "rewind"] = "burst"
    """Where storage is farther out: when elements are made (poly/slide.py); rewind falls back to burst."""
    region: Region = "usual"
    """How exactly what is read of it is what it makes (`poly/regions.py` chooses)."""
    joined: Join | None = None


@dataclass(frozen=True, slots=True)
class Arranged:
    """A whole schedule as poly sees it: the program and one arrangement a stage, in order of declaration."""

    program: Program
    arrangements: tuple[Arrangement, ...]
