"""The stages of an update that adds to its elements: partial results, and their sum; an update's state in, stages out.

`U[at] = U[at] op e`, with the same subscripts on both sides and `e` free of U, or a chain of such steps by one op,
possibly under conditions free of U, is a reduction scattered over the array: one partial array an iteration of a loop,
each updated in order, then reduced in order (semantics P10).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tdsl.expr.build import add, reduction
from tdsl.expr.node import Binary, Fma, Node, Read, Select, Var, axis_var, index_const
from tdsl.expr.reducers import ALL, ALL_BITS, ANY, ANY_BITS, MAX, MIN, ODD_BITS, PROD, SUM
from tdsl.expr.rewrite import reads, substitute, variables
from tdsl.expr.tensor import Axis, Reducer, Stage, Tensor, tensors_of
from tdsl.location import Location
from tdsl.poly.model import LoopMark, Split
from tdsl.schedule.derive import fresh_state
from tdsl.schedule.directive import Directive
from tdsl.schedule.loop_parts import LoopParts
from tdsl.schedule.loops import origins
from tdsl.schedule.state import StageState

_REDUCERS: dict[str, Reducer] = {
    "add": SUM, "mul": PROD, "min": MIN, "max": MAX, "or": ANY_BITS, "and": ALL_BITS, "xor": ODD_BITS,
}  # fmt: skip
_OF_BOOLS: dict[str, Reducer] = {"or": ANY, "and": ALL}


@dataclass(frozen=True, slots=True)
class Added:
    """An update as a reduction: `with_element(x)` is its value where the element before is x."""

    reducer: Reducer
    with_element: Callable[[Node], Node]


def added(stage: Stage) -> Added | None:
    """What an update adds to its elements; None where it does something else, or adds a reduction of its own."""
    if stage.base is None or stage.reduce_axes:
        return None
    (value,), (own,) = stage.body, stage.own
    element = Read(own, stage.at)
    found = _split(value, element)
    if (
        found is None
        or found[0] is None
        or any(read.tensor is own for node in found[1] for read in reads(node))
    ):
        return None
    return Added(found[0], lambda fresh: substitute(value, {element: fresh}))


Found = tuple[Reducer | None, tuple[Node, ...]]
"""A reducer (None of the element as it is), and all that is combined with the element."""


def _split(value: Node, element: Node) -> Found | None:
    """The one reducer by which a value is made from the element, through a chain of its operations.

    `U + a - b`, `fma(a, b, U)` and `where(c, U + a, U)` are sums; None where operations are mixed, or are of no reducer.
    """
    if value is element:
        return None, ()
    match value:
        case Select(cond=cond, then=then, otherwise=otherwise):
            return _either(cond, _split(then, element), _split(otherwise, element))
        case Fma(a=a, b=b, c=c):
            return _one_more(SUM, _split(c, element), (a, b))
        case Binary(op="sub", lhs=lhs, rhs=rhs):
            return _one_more(SUM, _split(lhs, element), (rhs,))
        case Binary(op=op, lhs=lhs, rhs=rhs):
            reducer = (_OF_BOOLS if value.dtype.is_bool else _REDUCERS).get(op)
            left = _one_more(reducer, _split(lhs, element), (rhs,))
            return left or _one_more(reducer, _split(rhs, element), (lhs,))
        case _:
            return None


def _one_more(reducer: Reducer | None, inner: Found | None, terms: tuple[Node, ...]) -> Found | None:
    if reducer is None or inner is None or inner[0] not in (None, reducer):
        return None
    return reducer, (*inner[1], *terms)


def _either(cond: Node, then: Found | None, otherwise: Found | None) -> Found | None:
    if (
        then is None
        or otherwise is None
        or (then[0] is not otherwise[0] and None not in (then[0], otherwise[0]))
    ):
        return None
    return then[0] or otherwise[0], (cond, *then[1], *otherwise[1])


@dataclass(frozen=True, slots=True)
class Parts:
    """What becomes of an update: `start` (the identity everywhere), `partial` (the update of it), `rest` (the sum)."""

    start: Stage
    partial: Stage
    rest: Stage


def parts_of(
    stage: Stage, adding: Added, name: str, first: Axis, inner: Sequence[Axis], values: dict[Node, Node],
    dims: tuple[str, ...], where: Location | None,
) -> Parts:  # fmt: skip
    """The three stages.

    Args:
        first: the loop whose iterations keep a partial result each; inner: the other loops; values: what the axes of
            the update are in terms of them. dims: names for the axes of the array.
    """
    assert stage.base is not None
    dtype = stage.dtypes[0]
    whole = tuple(Axis(dim, index_const(0), extent) for dim, extent in zip(dims, stage.extents, strict=True))
    common = replace(stage, domain=(), fill=(), own=(), base=None, at=(), where=where, named_by_user=True)
    start = replace(
        common, name=f"{name}_start", tensor_names=(f"{name}_start",), axes=(first, *whole),
        tensors=[], body=adding.reducer.identity((dtype,)),
    )  # fmt: skip
    (zero,) = tensors_of(start)
    own = Tensor(name=name, extents=zero.extents, dtype=dtype, sizes=stage.sizes, where=where)
    at = (axis_var(first.name), *(substitute(node, values) for node in stage.at))
    element = Var(".element", dtype, "local")  # its subscripts are in terms of the new axes already
    term = substitute(substitute(adding.with_element(element), values), {element: Read(own, at)})
    partial = replace(
        common, name=name, tensor_names=(name,), axes=(first, *inner),
        tensors=[], body=(term,), own=(own,), base=zero, at=at,
    )  # fmt: skip
    (made,) = tensors_of(partial)
    index = tuple(axis_var(dim) for dim in dims)
    total = reduction(adding.reducer, (first.name,), (Read(made, (axis_var(first.name), *index)),), 0)
    body = adding.reducer.combine((Read(stage.base, index),), (total,))
    rest = replace(common, axes=whole, reduce_axes=(first,), body=body, name=stage.name, tensors=stage.tensors,
                   tensor_names=stage.tensor_names, named_by_user=stage.named_by_user, where=stage.where)  # fmt: skip
    return Parts(start, partial, rest)


def shared_out(
    step: Directive, entry: StageState, axis: str, name: str, adding: Added
) -> tuple[StageState, StageState, StageState] | None:
    """The states of the update, of the partial stage and of its start; None where the loops are not of the form."""
    stage = entry.stage
    if not all(isinstance(relation, Split) for relation in entry.relations):
        return None
    root = origins(entry)[axis][0]
    values: dict[Node, Node] = {}
    inner: list[Axis] = []
    first: Axis | None = None
    for declared in stage.axes:
        parts = LoopParts(entry, declared.name)
        strides = parts.strides[declared.name]
        fixed = [axis] if declared.name == root else []
        if fixed:
            first = Axis(axis, index_const(0), parts.extents[axis])
        for loop in sorted((loop for loop in strides if loop != axis), key=lambda loop: -strides[loop]):
            inner.append(Axis(loop, index_const(0), substitute(parts.bound(loop, fixed), values)))
            fixed.append(loop)
        values[axis_var(declared.name)] = add(
            parts.value(declared.name, fixed), substitute(declared.lower, values)
        )
    if first is None or any(var.kind == "axis" for var in variables(first.upper)):
        return None
    taken = {axis, *(size.name for size in stage.sizes)}
    dims = tuple(f"{dim}_" if dim in taken else dim for dim in entry.dims)
    made = parts_of(stage, adding, name, first, inner, values, dims, step.where)
    partial = fresh_state(made.partial, (axis, *dims))
    order = [loop for loop in entry.loops if loop.name != axis]
    partial = replace(partial, loops=(LoopMark(axis), *order), origin="rfactor")
    start = replace(fresh_state(made.start, (axis, *dims)), origin="rfactor")
    loops = fresh_state(made.rest, entry.dims).loops
    return replace(entry, stage=made.rest, loops=loops, relations=()), partial, start
