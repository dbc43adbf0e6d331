"""One door through which every stage is made: dtypes, names, facts and bounds are checked here, in this order.

In: names, axes and the values that a callable (or an operator) gave for them. Out: the tensors of a new `Stage`, every
read of which is proved in bounds; contraction (semantics D5) is explicit in its body.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tdsl.declare.check import unnamed_now
from tdsl.declare.extent import check_bytes
from tdsl.declare.names import entries, next_number
from tdsl.declare.nonempty import facts_of_places
from tdsl.declare.proof import prove_reads
from tdsl.declare.require import facts_about
from tdsl.declare.same_point import resolved
from tdsl.declare.scope import all_origins, check_names, checked_axes
from tdsl.declare.size import gather_sizes
from tdsl.dtypes import DType
from tdsl.errors import DTypeError, DuplicateNameError, LimitError
from tdsl.expr.build import cast
from tdsl.expr.contract import contract
from tdsl.expr.handles import AxisHandle, Expr, Origin, adopt, as_node, as_operand
from tdsl.expr.node import Node, axis_var
from tdsl.expr.relax import relax
from tdsl.expr.rewrite import reads, walk
from tdsl.expr.tensor import Param, Stage, Tensor, tensors_of
from tdsl.location import Location
from tdsl.records import dataclass
from tdsl.settings import Options, current_options


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is known of a stage before anything is checked.

    names: of its tensors. axes: data axes, one a dimension. values: one a tensor, as the callable gave them. dtype:
    what the user asked for. domain, fill: conditions of `where=` and the value outside (a tuple: one a tensor). facts:
    conditions the stage adds itself. origins: declarations that shape and conditions mention. own: by which the values
    read the stage's own tensors. base, at: of an update, what it starts from and the subscripts it writes; `axes` are
    those of `over=`. recorded: the options of a stage that was declared before, whose values are contracted already;
    None declares one now.
    """

    names: tuple[str, ...]
    axes: tuple[AxisHandle, ...]
    values: tuple[object, ...]
    dtype: DType | None = None
    domain: tuple[Node, ...] = ()
    fill: object = 0
    facts: tuple[Node, ...] = ()
    origins: tuple[Origin, ...] = ()
    own: tuple[Tensor, ...] = ()
    base: Tensor | None = None
    at: tuple[Node, ...] = ()
    named_by_user: bool = True
    recorded: Options | None = None
    where: Location


MAXIMUM_OPERATIONS = 4096
"""Different operations in one stage: what is known of each takes part of a millisecond to find out."""


def _check_operations(values: Sequence[Node], name: str, where: Location) -> None:
    count = sum(bool(node.children) for node in walk(*values))
    if count > MAXIMUM_OPERATIONS:
        raise LimitError(
            "L125", f"{name} has {count} operations, the limit is {MAXIMUM_OPERATIONS}", where=where,
            hint=("td.sum over an axis where terms are alike", "several stages"),
        )  # fmt: skip


def make_stage(draft: Draft) -> tuple[Tensor, ...]:
    """The tensors of the stage.

    Errors: E106 an axis without a loop; E109, E110 names and facts that clash; E208 a value without a dtype; E204 a
    fill that does not fit; L125 too many operations; E301 to E303 a read, or a target of an update, that is not proved in bounds.
    """
    what, where = draft.names[0], draft.where
    values = tuple(as_operand(value) for value in draft.values)
    written = tuple(_node(value, draft.dtype, what, where) for value in values)
    _check_operations(written, what, where)
    options = current_options() if draft.recorded is None else draft.recorded
    body = _as_options_say(written, options) if draft.recorded is None else written
    if draft.base is None:
        body = resolved(body, draft.own, tuple(axis_var(handle.name) for handle in draft.axes))
    origins = all_origins(_mentioned(draft, values))
    reduce_axes = checked_axes((*body, *draft.at), draft.axes, origins, what, where)
    axes = tuple(handle.origin.axis for handle in draft.axes)
    if draft.base is None:
        for node in body:
            check_bytes((axis.upper for axis in axes), node.dtype, what, where)
    bounds = tuple(bound for axis in (*axes, *reduce_axes) for bound in (axis.lower, axis.upper))
    tensors = _read(draft, (*body, *bounds))
    sizes = gather_sizes(origins, tensors, (*bounds, *body, *draft.at, *draft.domain, *draft.facts), where)
    params = _params(origins, where)
    check_names([axis.name for axis in (*axes, *reduce_axes)], sizes, params, what, where)
    stage = Stage(
        name=what,
        axes=axes,
        reduce_axes=reduce_axes,
        body=body,
        dtypes=tuple(node.dtype for node in body),
        tensor_names=draft.names,
        domain=draft.domain,
        fill=_fills(draft.fill, body) if draft.domain else (),
        sizes=sizes,
        params=params,
        facts=_facts(draft.facts, tensors, [size.name for size in sizes]),
        own=draft.own,
        base=draft.base,
        at=draft.at,
        options=options,
        number=next_number(),
        named_by_user=draft.named_by_user and not unnamed_now(),
        where=where,
    )
    needed = facts_of_places(stage)
    if needed:
        stage = replace(stage, facts=tuple(dict.fromkeys((*stage.facts, *needed))))
    prove_reads(stage, written)
    return tensors_of(stage)


def _as_options_say(written: tuple[Node, ...], options: Options) -> tuple[Node, ...]:
    """The values as they are computed (D5, D8)."""
    body = tuple(map(relax, written)) if options.fast_math else written
    return tuple(map(contract, body)) if options.contract else body


def _read(draft: Draft, body: Iterable[Node]) -> dict[Tensor, None]:
    """The tensors of other stages that the stage reads, each once."""
    found = dict.fromkeys(read.tensor for read in reads(*body, *draft.at) if read.tensor not in draft.own)
    if draft.base is not None:
        found.setdefault(draft.base)
    return found


def _mentioned(draft: Draft, values: Sequence[object]) -> Iterable[Origin]:
    yield from draft.origins
    for axis in draft.axes:
        yield from axis.origins
    for value in (*values, draft.fill):
        if isinstance(value, Expr):
            yield from value.origins


def _node(value: object, dtype: DType | None, what: str, where: Location) -> Node:
    """The value as a node of the stage's dtype. Errors: E208 numbers only and no `dtype=` (semantics E7)."""
    weak = not isinstance(value, Expr) or value.weak
    if weak and dtype is None:
        raise DTypeError(
            "E208",
            f"the value of {what} is made of numbers only and has no dtype: {value}",
            where=where,
            why=("a Python number takes the dtype of what it meets, and it meets nothing here",),
            hint=('dtype="float32"',),
        )
    if isinstance(value, Expr) and weak and dtype is not None:
        return cast(adopt(value, dtype), dtype)
    node = as_node(value, dtype)
    return node if dtype is None else cast(node, dtype)


def _fills(value: object, body: Sequence[Node]) -> tuple[Node, ...]:
    """The values outside the domain, one a tensor, each in its tensor's dtype."""
    parts = entries(value)
    parts = (value,) * len(body) if parts is None else parts
    return tuple(_fill(part, node.dtype) for part, node in zip(parts, body, strict=True))


def _fill(value: object, dtype: DType) -> Node:
    if isinstance(value, int) and value == 0:
        return as_node(False if dtype.is_bool else 0, dtype)
    return cast(as_node(value, dtype), dtype)


def _params(origins: Iterable[Origin], where: Location) -> tuple[Param, ...]:
    """The scalar arguments that the stage mentions itself, one a name (semantics N3). Errors: E110 they differ."""
    found: dict[str, Param] = {}
    for origin in origins:
        if not isinstance(origin, Param):
            continue
        known = found.setdefault(origin.name, origin)
        if (known.dtype, known.value_range) != (origin.dtype, origin.value_range):
            raise DuplicateNameError(
                "E110",
                f"the param {origin.name} meets itself with another dtype or range",
                where=where,
                why=tuple(
                    f"{param.dtype}, declared at {param.where.brief()}"
                    for param in (known, origin)
                    if param.where
                ),
                hint=(f"declare {origin.name} once and use it everywhere",),
            )
    return tuple(found.values())


def _facts(own: Iterable[Node], tensors: Iterable[Tensor], sizes: Iterable[str]) -> tuple[Node, ...]:
    """Facts of the stage, of the stages it reads, and those required of its sizes, each once."""
    found = dict.fromkeys(own)
    for tensor in tensors:
        found.update(dict.fromkeys(tensor.producer.facts if tensor.producer is not None else ()))
    found.update(dict.fromkeys(facts_about(sizes)))
    return tuple(found)
