"""Declarations: tensors, axes and stages as frozen values; what `declare/` makes and every later package reads.

A `Tensor` is a name with a shape and a dtype; it is compared by identity and usable as a dict key. A `Stage` is the
loop nest that computes one or more tensors. Expressions inside are interned scalar nodes (`expr/node.py`); axes and
sizes appear in them as `Var`s by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING, cast

from tdsl.dtypes import DType
from tdsl.errors import ArgumentTypeError
from tdsl.expr.node import Node, axis_var
from tdsl.expr.operators import Operators
from tdsl.location import Location, here, hide_internal_frames
from tdsl.records import dataclass
from tdsl.settings import Options
from tdsl.slots import MATMUL

if TYPE_CHECKING:
    from tdsl.expr.combination import Combination
    from tdsl.expr.handles import Expr


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Reducer:
    """An associative, commutative combination of values (of tuples of values when it has several components).

    `combine(a, b)` takes and returns one node a component; `identity(dtypes)` gives one constant a component.
    `exact`: the result does not depend on the order of the terms for any dtype (min, max, any, all); sums and products
    of integers are exact too (they wrap), of floats they are not. `combination`: what a reducer of the user's own was
    made from, None of the built-in ones; two of one name and combination are one object.
    """

    name: str
    combine: Callable[[tuple[Node, ...], tuple[Node, ...]], tuple[Node, ...]]
    identity: Callable[[tuple[DType, ...]], tuple[Node, ...]]
    exact: bool
    combination: Combination | None = None

    def __reduce__(self) -> tuple[object, ...]:
        """The built-in reducers pickle by name, the user's by their expressions; others need callables that pickle."""
        from tdsl.expr.combination import own_reducer
        from tdsl.expr.reducers import REDUCERS, built_in

        if REDUCERS.get(self.name) is self:
            return built_in, (self.name,)
        if self.combination is not None:
            return own_reducer, (self.name, self.combination)
        return Reducer, (self.name, self.combine, self.identity, self.exact)


@dataclass(frozen=True, slots=True)
class Size:
    """Facts of a named size: `minimum` (at least 0), `multiple_of` (at least 1), `typical` (a hint, never a fact)."""

    name: str
    minimum: int = 0
    multiple_of: int = 1
    typical: int | None = None


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a stage: `lower <= name < upper`, int64; bounds are affine in sizes and in axes outside it."""

    name: str
    lower: Node
    upper: Node


@dataclass(frozen=True, eq=False, slots=True, kw_only=True, repr=False)
class Tensor(Operators["Tensor"]):
    """A named array, and the public handle of it: `A[i, j]` is an element, operators take it whole (semantics E1).

    Compares and hashes by identity. `extents` are int64 nodes; the public property `shape` shows them as ints and
    expressions. `producer` is None for an input array. `value_range` (half-open, int64 nodes) is the declared range of
    an input whose values are used as indices, and of a copy of one. `strides` / `align` are declared layout facts in
    elements / bytes. `sizes`: the facts of every size that occurs in extents and range. `adopts`: stands for a tensor of
    a stage while its dtype is being found; its elements take the dtype of what they meet (semantics E8).
    """

    name: str
    extents: tuple[Node, ...]
    dtype: DType
    producer: Stage | None = None
    component: int = 0
    number: int = 0
    value_range: tuple[Node, Node] | None = None
    strides: tuple[int | None, ...] | None = None
    align: int | None = None
    sizes: tuple[Size, ...] = ()
    adopts: bool = False
    where: Location | None = None

    @property
    def ndim(self) -> int:
        return len(self.extents)

    @property
    def shape(self) -> tuple[int | Expr, ...]:
        """The extents: ints where they are constant, else expressions."""
        from tdsl.expr.handles import shown_extent

        return tuple(shown_extent(extent, self.sizes) for extent in self.extents)

    @hide_internal_frames
    def __getitem__(self, index: object) -> Expr:
        """One element: `A[i, j]`, `A[i + 1, 0]`, of a tensor of rank 0 `A[()]`; subscripts are integers.

        Errors: E102 a number of subscripts that is not the rank; E103 a subscript that is no integer; E103 a slice.
        """
        from tdsl.expr.subscripts import element

        return element(self, index)

    @hide_internal_frames
    def __matmul__(self, other: object) -> Tensor:
        """The matrix product of whole tensors, `td.ops.matmul`: leading axes are batches and broadcast.

        Errors: E113 an operand that is no tensor; E130 shapes that do not fit.
        """
        return cast(Tensor, MATMUL(self, self._whole(other)))

    @hide_internal_frames
    def __rmatmul__(self, other: object) -> Tensor:
        return cast(Tensor, MATMUL(self._whole(other), self))

    def _whole(self, other: object) -> Tensor:
        if isinstance(other, Tensor):
            return other
        raise ArgumentTypeError(
            "E113",
            f"@ multiplies whole tensors, not {type(other).__name__} values",
            where=here(),
            hint=('an array is an argument of the kernel: B = td.placeholder("B", shape, dtype)',),
        )

    @hide_internal_frames
    def text(self, *others: Tensor) -> str:
        """The tensor with all it depends on, as lines that `td.parse` reads back in any process.

        others: tensors to declare beside it; `td.parse` then gives a tuple.

        Errors: E105 two tensors of one name.
        """
        from tdsl.expr.program_text import program_text

        return program_text(self, *others)

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        from tdsl.expr.printer import shape_text

        return f"<tensor {self.name} {shape_text(self.extents)} {self.dtype}>"


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Param:
    """A named scalar argument; appears in expressions as `Var(name, dtype, "param")`."""

    name: str
    dtype: DType
    number: int = 0
    value_range: tuple[Node, Node] | None = None
    where: Location | None = None


class _Referable:
    """What weak tables may be keyed by."""

    __slots__ = ("__weakref__",)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Stage(_Referable):
    """One loop nest: at every point of `axes` the tensors' elements at that point get `body`.

    axes: data axes, one a dimension of the tensors, in shape order. reduce_axes: in order of first use, outermost
    first; their bounds may use data axes. body: one node a tensor; contains `Reduce` nodes over `reduce_axes`, reads of
    other tensors, and contraction is already explicit (`Fma`). domain: conditions (bool nodes over the data axes) of
    `where=`; outside it the element is `fill`. sizes: facts of every size that occurs. params: those that occur.
    facts: `td.require` conditions.

    own: where the body reads what the stage itself computes (a recurrence, an update), the tensors it reads by: one for
    each of `tensor_names`, of the same name, without a producer. base, at: of an update in place, the tensor whose
    values it starts from and the subscripts that are written at each point of `axes`, in order; `axes` are then those of
    `over=`, whose bounds may use axes outside them, and the dims of the tensor are the base's (semantics E11).
    """

    name: str
    axes: tuple[Axis, ...]
    reduce_axes: tuple[Axis, ...]
    body: tuple[Node, ...]
    dtypes: tuple[DType, ...]
    tensor_names: tuple[str, ...]
    domain: tuple[Node, ...] = ()
    fill: tuple[Node, ...] = ()
    sizes: tuple[Size, ...] = ()
    params: tuple[Param, ...] = ()
    facts: tuple[Node, ...] = ()
    own: tuple[Tensor, ...] = ()
    base: Tensor | None = None
    at: tuple[Node, ...] = ()
    options: Options = field(default_factory=Options)
    number: int = 0
    named_by_user: bool = True
    where: Location | None = None
    tensors: list[Tensor] = field(default_factory=list[Tensor])
    """Filled once by `tensors_of` right after construction; never changed later."""

    @property
    def extents(self) -> tuple[Node, ...]:
        """Of its tensors: the extents of the data axes, of an update those of its base."""
        from tdsl.expr.build import extent

        if self.base is not None:
            return self.base.extents
        return tuple(extent(axis) for axis in self.axes)

    @property
    def target(self) -> tuple[Node, ...]:
        """The subscripts of the element that a point of the data axes makes."""
        if self.base is not None:
            return self.at
        return tuple(axis_var(axis.name) for axis in self.axes)


def tensors_of(stage: Stage) -> tuple[Tensor, ...]:
    """The tensors a stage computes, created with it on first use."""
    if not stage.tensors:
        extents = stage.extents
        for component, (name, dtype) in enumerate(zip(stage.tensor_names, stage.dtypes, strict=True)):
            limits, sizes = _limits(stage, component)
            stage.tensors.append(
                Tensor(name=name, extents=extents, dtype=dtype, producer=stage, component=component, value_range=limits,
                       number=stage.number, sizes=sizes, where=stage.where)
            )  # fmt: skip
    return tuple(stage.tensors)


def _limits(stage: Stage, component: int) -> tuple[tuple[Node, Node] | None, tuple[Size, ...]]:
    """The range of a stage's values, and the sizes of its tensor: a copy of an array has the range declared of that."""
    from tdsl.expr.node import Read

    value = stage.body[component] if component < len(stage.body) else None
    if (
        not isinstance(value, Read)
        or stage.base is not None
        or stage.domain
        or stage.dtypes[component] is not value.dtype
    ):
        return None, stage.sizes
    limits = value.tensor.value_range
    return limits, stage.sizes if limits is None else tuple(
        dict.fromkeys((*stage.sizes, *value.tensor.sizes))
    )
