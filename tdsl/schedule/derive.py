"""Derived declarations: stages with reads redirected or inlined, copies, halves of a split stage; stages in and out.

A changed stage keeps the tensors it was declared with (handles find it), a new one gets tensors of its own. Nothing
here is approximate: every value keeps its expression, only where it is stored or computed changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from tdsl.errors import PlacementError
from tdsl.expr.build import add, mul, select
from tdsl.expr.node import Node, Read, Var, axis_var, index_const
from tdsl.expr.rewrite import Rule, reads, rewrite, substitute, variables
from tdsl.expr.tensor import Axis, Size, Stage, Tensor, tensors_of
from tdsl.poly.model import LoopMark, View
from tdsl.schedule.directive import Directive
from tdsl.schedule.placement import nodes_of
from tdsl.schedule.state import StageState, StorageScope


def fresh_state(stage: Stage, dims: tuple[str, ...]) -> StageState:
    """A stage as it starts: at root, its loops in order of declaration (data axes, then reduction axes)."""
    tensors_of(stage)
    return StageState(stage, dims, tuple(LoopMark(axis.name) for axis in (*stage.axes, *stage.reduce_axes)))


def rewritten(stage: Stage, rule: Rule, *others: Stage) -> Stage:
    """The stage with a rule applied to all its expressions; itself where nothing changes.

    The facts and sizes of `others`, whose expressions come in, come with them.
    """
    memo: dict[Node, Node] = {}

    def apply(node: Node) -> Node:
        return rewrite(node, rule, memo)

    def axis(given: Axis) -> Axis:
        lower, upper = apply(given.lower), apply(given.upper)
        return (
            given
            if lower is given.lower and upper is given.upper
            else replace(given, lower=lower, upper=upper)
        )

    before = nodes_of(stage)
    if all(apply(node) is node for node in before):
        return stage
    sizes = {size.name: size for part in (stage, *others) for size in part.sizes}
    params = dict.fromkeys(param for part in (stage, *others) for param in part.params)
    facts = dict.fromkeys(fact for part in (stage, *others) for fact in part.facts)
    return replace(
        stage,
        body=tuple(map(apply, stage.body)),
        domain=tuple(map(apply, stage.domain)),
        fill=tuple(map(apply, stage.fill)),
        at=tuple(map(apply, stage.at)),
        axes=tuple(map(axis, stage.axes)),
        reduce_axes=tuple(map(axis, stage.reduce_axes)),
        sizes=tuple(sizes.values()),
        params=tuple(params),
        facts=tuple(facts),
    )


def redirected(
    stage: Stage,
    old: Sequence[Tensor],
    new: Sequence[Tensor],
    subscripts: Callable[[Read], tuple[Node, ...]] | None = None,
) -> Stage:
    """The stage reading `new` wherever it read `old`, at the same subscripts unless they are given."""
    table = dict(zip(old, new, strict=True))

    def rule(node: Node) -> Node:
        if isinstance(node, Read) and node.tensor in table:
            return Read(table[node.tensor], node.index if subscripts is None else subscripts(node))
        return node

    if stage.base is not None and stage.base in table:
        stage = replace(stage, base=table[stage.base])
    return rewritten(stage, rule)


def element(stage: Stage, component: int) -> Node:
    """The expression of an element of a pure stage: its body inside the domain, the fill outside."""
    body = stage.body[component]
    for condition in reversed(stage.domain):
        body = select(condition, body, stage.fill[component])
    return body


def inlined_into(step: Directive, reader: StageState, entry: StageState) -> StageState:
    """The reader with every read of the pure stage `entry` replaced by that stage's expression.

    Errors: S308 an axis of the reader has the name of a size or param that would come in.
    """
    stage = entry.stage
    component = {tensor: place for place, tensor in enumerate(stage.tensors)}
    axes = [axis_var(axis.name) for axis in stage.axes]
    own = {axis.name for axis in (*reader.stage.axes, *reader.stage.reduce_axes)} | set(reader.axes)
    for var in variables(*nodes_of(stage)):
        if var.kind in ("size", "param") and var.name in own:
            raise step.refusal(
                PlacementError,
                "S308",
                f"{var.name} is an axis of {reader.name} and a {var.kind} in {stage.name}: they would meet",
                hint=(f"another name for the axis of {reader.name}",),
            )

    def rule(node: Node) -> Node:
        if isinstance(node, Read) and node.tensor in component:
            return substitute(
                element(stage, component[node.tensor]), dict(zip(axes, node.index, strict=True))
            )
        return node

    return replace(reader, stage=rewritten(reader.stage, rule, stage))


def copy_of(
    tensor: Tensor,
    name: str,
    dims: tuple[str, ...],
    sizes: tuple[Size, ...],
    facts: tuple[Node, ...],
    apart: Mapping[int, View] | None = None,
) -> Stage:
    """A stage that copies a tensor, element for element; dimensions in `apart` as several."""
    extents: list[Node] = []
    index: list[Node] = []
    for place, extent in enumerate(tensor.extents):
        view = (apart or {}).get(place)
        parts = (extent,) if view is None else view.extents
        own = [axis_var(dim) for dim in dims[len(extents) : len(extents) + len(parts)]]
        strides = () if view is None else view.strides
        total: Node = own[-1]
        for part, stride in zip(reversed(own[:-1]), reversed(strides), strict=True):
            total = add(mul(part, stride), total)
        extents += parts
        index.append(total)
    return Stage(
        name=name,
        axes=tuple(Axis(dim, index_const(0), extent) for dim, extent in zip(dims, extents, strict=True)),
        reduce_axes=(),
        body=(Read(tensor, tuple(index)),),
        dtypes=(tensor.dtype,),
        tensor_names=(name,),
        sizes=sizes,
        facts=facts,
        number=tensor.number,
    )


def renamed_tensors(stage: Stage, name: str) -> tuple[str, ...]:
    """Names of the tensors of a copy of a stage called `name`."""
    if len(stage.tensor_names) == 1:
        return (name,)
    return tuple(f"{name}_{tensor}" for tensor in stage.tensor_names)


def copied(stage: Stage, name: str) -> Stage:
    """The same computation as a stage called `name`, with tensors of its own."""
    inner = replace(
        stage, name=name, tensor_names=renamed_tensors(stage, name), tensors=[], named_by_user=True
    )
    if stage.own:
        own = tuple(
            replace(one, name=called) for one, called in zip(stage.own, inner.tensor_names, strict=True)
        )
        inner = replace(redirected(inner, stage.own, own), own=own)
    return inner


def write_copy(entry: StageState, name: str, scope: StorageScope) -> tuple[StageState, StageState]:
    """A stage split in two: the whole expression under `name`, and the stage itself, which copies it (P10).

    Returns:
        The computing stage and the copying one.
    """
    stage = entry.stage
    inner = copied(stage, name)
    tensors = tensors_of(inner)
    axes = stage.axes if stage.base is None else _whole(stage, entry.dims)
    index = tuple(axis_var(axis.name) for axis in axes)
    outer = replace(
        stage, axes=axes, reduce_axes=(), body=tuple(Read(tensor, index) for tensor in tensors), domain=(), fill=(),
        own=(), base=None, at=(),
    )  # fmt: skip
    computing = replace(fresh_state(inner, entry.dims), scope=scope, origin="cache_write")
    copying = replace(entry, stage=outer, loops=tuple(LoopMark(axis.name) for axis in axes), relations=())
    return computing, copying


def _whole(stage: Stage, dims: Sequence[str]) -> tuple[Axis, ...]:
    """Axes over the whole array of an update, called after its dims."""
    taken = {size.name for size in stage.sizes}
    return tuple(
        Axis(f"{dim}_" if dim in taken else dim, index_const(0), extent)
        for dim, extent in zip(dims, stage.extents, strict=True)
    )


def plain_dims(
    stages: Sequence[Stage], tensor: Tensor, subscripts: Callable[[Stage, Read], tuple[Node, ...]]
) -> tuple[str, ...]:
    """Dims of a copy (N2): per dimension the one plain axis that every read uses there, else d0, d1, …

    subscripts: of a read of the tensor by a stage, as the copy is read.
    """
    read = [subscripts(stage, node) for stage in stages for node in _reads_of(stage, tensor)]
    if not read:  # it is but the base of an update
        return tuple(f"d{place}" for place in range(tensor.ndim))
    taken = {var.name for var in variables(*tensor.extents)}
    dims: list[str] = []
    for place, column in enumerate(zip(*read, strict=True)):
        only = column[0] if len(set(column)) == 1 else None
        plain = isinstance(only, Var) and only.kind == "axis" and only.name not in (*dims, *taken)
        dims.append(only.name if plain and isinstance(only, Var) else f"d{place}")
    return tuple(dims)


def _reads_of(stage: Stage, tensor: Tensor) -> Iterator[Read]:
    return (node for node in reads(*nodes_of(stage)) if node.tensor is tensor)
