"""Proves the reads of a stage in bounds, or explains the smallest one that escapes, with what to write instead.

In: a stage and its body as written. Out: nothing, or a `BoundsError` on the user's line (semantics B1, B2). Most reads
are decided at a glance; isl is loaded only when one is not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tdsl.errors import BoundsError
from tdsl.expr import build, printer
from tdsl.expr.node import INT64, Binary, Cast, Const, Node, Read, Var
from tdsl.expr.rewrite import rewrite, walk
from tdsl.expr.tensor import Axis, Stage, Tensor
from tdsl.poly.reads import is_obvious, read_sites
from tdsl.poly.towers import MAXIMUM_FLOORS

if TYPE_CHECKING:
    from tdsl.poly.bounds import Escape, Unproven


def prove_reads(stage: Stage, written: tuple[Node, ...]) -> None:
    """Checks every read of a stage, and the elements that an update writes.

    Args:
        written: the body before contraction, so that messages show what the user wrote.

    Errors: E301 a read outside its tensor; E302 an index from data without a range; E303 an index that is not decided.
    """
    reduce_axes = tuple(map(_with_own_data, stage.reduce_axes))
    axes = {axis.name: axis for axis in (*stage.axes, *reduce_axes)}
    targets = tuple(build.read(tensor, stage.at) for tensor in stage.own) if stage.at else ()
    sites = read_sites((*written, *targets), axes.values())
    sites = [site for site in sites if not is_obvious(site.read, axes)]
    if not sites:
        return
    from tdsl.poly.bounds import Escape, Scope, check_reads

    scope = Scope(
        axes=stage.axes,
        reduce_axes=reduce_axes,
        domain=stage.domain,
        sizes=stage.sizes,
        facts=stage.facts,
        params=stage.params,
    )
    failure = check_reads(sites, scope)
    if failure is None:
        return
    writes = failure.read in targets
    raise _escaped(failure, stage, writes) if isinstance(failure, Escape) else _unproven(failure, stage)


def _with_own_data(axis: Axis) -> Axis:
    """The axis with bounds that no condition of the body can be about, even where both read the same element.

    The element is read anew where the loop starts, and clamped to its range there (B2): another thread may have changed
    it since the condition was evaluated. So only its range counts.
    """
    twins: dict[Tensor, Tensor] = {}

    def twin(node: Node) -> Node:
        if not isinstance(node, Read):
            return node
        return Read(twins.setdefault(node.tensor, replace(node.tensor)), node.index)

    lower, upper = rewrite(axis.lower, twin), rewrite(axis.upper, twin)
    return axis if lower is axis.lower and upper is axis.upper else replace(axis, lower=lower, upper=upper)


def _escaped(escape: Escape, stage: Stage, writes: bool) -> BoundsError:
    read, place = escape.read, escape.dimension
    name, extent = read.tensor.name, read.tensor.extents[place]
    index = escape.index[place]
    side = "before the start" if index < 0 else "past the end"
    along = f" along dimension {place}" if read.tensor.ndim > 1 else ""
    return BoundsError(
        "E301",
        f"{text(read)} in {stage.name} {'writes' if writes else 'reads'} {side} of {name}{along}",
        where=stage.where,
        why=(_example(escape, writes), *_zero_size(escape)),
        hint=_clamped(stage, read, place) if writes else _repairs(stage, escape, read.index[place], extent),
        access=text(read),
        index=escape.index,
        sizes=dict(escape.sizes),
    )


def _example(escape: Escape, writes: bool) -> str:
    """``with n=1 the shape is (1,), and at i=0 it is V[1]``."""
    name = escape.read.tensor.name
    given = ", ".join(f"{size}={value}" for size, value in escape.sizes)
    point = ", ".join(f"{axis}={value}" for axis, value in escape.iteration)
    data = ", ".join(f"{text(node)}={value}" for node, value in escape.data)
    shape = ", ".join(map(str, escape.shape)) + ("," if len(escape.shape) == 1 else "")
    at = " and ".join(part for part in (point, data) if part)
    element = f"{name}[{', '.join(map(str, escape.index))}]"
    verb = "writes" if writes else "reads"
    reads = f"at {at} it {verb} {element}" if at else f"it {verb} {element}"
    return f"{'with ' + given + ' ' if given else ''}{name} has shape ({shape}); {reads}"


def _zero_size(escape: Escape) -> tuple[str, ...]:
    """Says where the whole trouble is an empty dimension."""
    return (
        (f"dimension {escape.dimension} of {escape.read.tensor.name} may be empty",)
        if escape.shape[escape.dimension] == 0
        else ()
    )


def _repairs(stage: Stage, escape: Escape, index: Node, extent: Node) -> tuple[str, ...]:
    read, place = escape.read, escape.dimension
    if isinstance(index, Const) and isinstance(extent, Var):
        if int(index.value) < 0:
            return _from_the_end(read, place, int(index.value), extent)
        return (_at_least(extent, int(index.value) + 1), _guarded(escape, text(index), text(extent)))
    guarded = _guarded(escape, text(index), text(extent))
    if read.tensor not in stage.own:
        return guarded, *_clamped(stage, read, place), *_padded(read, index)
    # At an edge a recurrence would read the element that it makes.
    return (guarded,) if stage.base is None else (guarded, *_clamped(stage, read, place))


def _from_the_end(read: Read, place: int, index: int, extent: Var) -> tuple[str, ...]:
    """What a negative constant means in NumPy: an element counted from the end."""
    return (f"{_with_subscript(read, place, f'{extent.name} - {-index}')}, counted from the end, with "
            f"{_at_least(extent, -index)}",)  # fmt: skip


def _at_least(size: Var, least: int) -> str:
    return f'{size.name} = td.size("{size.name}", min={least})'


def _guarded(escape: Escape, shown: str, end: str) -> str:
    conditions = [f"{shown} >= 0"] * escape.below + [f"{shown} < {end}"] * escape.above
    condition = conditions[0] if len(conditions) == 1 else f"td.all({', '.join(conditions)})"
    zero = {"bool": "False", "float": "0.0"}.get(escape.read.dtype.kind, "0")
    return f"td.where({condition}, {text(escape.read)}, {zero})"


def _clamped(stage: Stage, read: Read, place: int) -> tuple[str, ...]:
    """The read with one subscript kept inside; nothing is inside where the dimension may be empty."""
    extent, index = read.tensor.extents[place], read.index[place]
    last = str(int(extent.value) - 1) if isinstance(extent, Const) else f"{text(extent)} - 1"
    known = _at_least(extent, 1) if isinstance(extent, Var) and _may_be_empty(stage, extent) else ""
    match rewrite(index, _unconverted):
        case Binary(op="min", lhs=Binary(op="max", rhs=Const()), rhs=end) if text(end) == last:
            return (known,) if known else ()  # it is clamped already
        case _:
            kept = _with_subscript(read, place, f"td.clamp({text(index)}, 0, {last})")
            return (f"{kept}, with {known}" if known else kept,)


def _may_be_empty(stage: Stage, extent: Var) -> bool:
    """Whether a size may be 0 where the stage's elements are computed: no fact and no axis says otherwise."""
    over = any(axis.upper is extent for axis in (*stage.axes, *stage.reduce_axes))
    return not over and any(size.name == extent.name and size.minimum == 0 for size in stage.sizes)


def _with_subscript(read: Read, place: int, subscript: str) -> str:
    subscripts = [text(index) for index in read.index]
    subscripts[place] = subscript
    return f"{read.tensor.name}[{', '.join(subscripts)}]"


def _padded(read: Read, index: Node) -> tuple[str, ...]:
    """Padding is the repair where an axis is shifted by a constant."""
    match index:
        case Binary(op="add" | "sub", lhs=Var(), rhs=Const() as shift):
            width = abs(int(shift.value))
            return (f'td.pad({read.tensor.name}, {width}, mode="edge"), and subscripts {width} larger',)
        case _:
            return ()


def text(node: Node) -> str:
    """An expression as the user wrote it: without the conversions to int64 that subscripts get."""
    return printer.text(rewrite(node, _unconverted))


def _unconverted(node: Node) -> Node:
    return (
        node.operand
        if isinstance(node, Cast) and node.to is INT64 and node.operand.dtype.is_integer
        else node
    )


_WHY = {
    "product": "not affine in axes and sizes, so no proof covers all sizes",
    "division": "not affine in axes and sizes, so no proof covers all sizes",
    "reduction": "computed, and nothing is known of its value",
    "wraps": "may leave {dtype} and wrap around",
    "tower": f"more than {MAXIMUM_FLOORS} different // and %, of which proofs use the interval alone",
    "large": "the proof takes more than its budget of isl operations",
}


def _unproven(failure: Unproven, stage: Stage) -> BoundsError:
    read, place, term = failure.read, failure.dimension, failure.term
    extent = text(read.tensor.extents[place])
    if failure.why == "range":
        along = f" along dimension {place}" if read.tensor.ndim > 1 else ""
        return BoundsError(
            "E302",
            f"{text(read)} in {stage.name}: nothing is known of the index {text(term)}",
            where=stage.where,
            why=(
                f"{text(term)} is {term.dtype} data, and an index of {read.tensor.name}{along} is in 0 <= … < {extent}",
            ),
            hint=(*_declared(term, extent), *_clamped(stage, read, place)),
            access=text(read),
        )
    return BoundsError(
        "E303",
        f"{text(read)} in {stage.name} is not proved to stay inside {read.tensor.name}",
        where=stage.where,
        why=(f"{text(term)}: {_WHY[failure.why].format(dtype=term.dtype)}",),
        hint=(*_widened(failure), *(() if failure.why == "wraps" else _clamped(stage, read, place))),
        access=text(read),
    )


def _widened(failure: Unproven) -> tuple[str, ...]:
    """Arithmetic in a narrow dtype is repaired by a wider one, taken before."""
    if failure.why != "wraps" or failure.term.dtype.bits == 64:
        return ()
    narrow = (
        part
        for part in walk(failure.term)
        if isinstance(part, (Read, Var)) and part.dtype is failure.term.dtype
    )
    data = next(narrow, None)
    return () if data is None else (f'td.cast({text(data)}, "int64") instead of {text(data)}',)


def _declared(term: Node, extent: str) -> tuple[str, ...]:
    """The declaration with a range that would decide an index from data."""
    if isinstance(term, Read) and term.dtype.is_integer and term.tensor.producer is None:
        return (f'td.placeholder("{term.tensor.name}", …, "{term.dtype}", range=(0, {extent}))',)
    if isinstance(term, Var) and term.kind == "param":
        return (f'td.param("{term.name}", "{term.dtype}", range=(0, {extent}))',)
    return ()
