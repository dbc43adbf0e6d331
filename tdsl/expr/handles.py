"""What users hold: `Expr`, a typed expression with the declarations it came from, and axes, sizes, params as such.

In: nodes and declarations. Out: handles whose operators build nodes (`operators.py`, `arithmetic.py`), and back to
nodes: `as_node`, `as_index`. An `Expr` carries its `origins`, the axes, sizes and params that occur in it, so that a
stage can collect their bounds and facts without any registry.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from tdsl.dtypes import DType, Number, as_dtype, promote, promote_weak, weak_fits
from tdsl.errors import ArgumentTypeError, DTypeError
from tdsl.expr import build
from tdsl.expr.node import BOOL, INT64, Binary, Cast, Const, Fma, Node, Read, Select, Unary, Var, index_const
from tdsl.expr.operators import Operators
from tdsl.expr.rewrite import walk
from tdsl.expr.tensor import Axis, Param, Size, Tensor
from tdsl.location import Location, here, hide_internal_frames
from tdsl.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, eq=False)
class AxisOrigin:
    """The declaration behind an axis: its bounds, what occurs in them, and where it was written.

    reduced: made by `reduce_axis`, so it may stand only under an `over=` that names it.
    """

    axis: Axis
    reduced: bool = False
    bounds: tuple[Origin, ...] = ()
    where: Location | None = None


Origin = AxisOrigin | Size | Param


class Expr(Operators["Expr"]):
    """A scalar expression: an interned node and the declarations it mentions.

    weak: made of Python numbers only (`td.where(c, 1, 0)`): it takes the dtype of what it meets (semantics E7).
    """

    __slots__ = ("__weakref__", "node", "origins", "weak")

    node: Node
    origins: tuple[Origin, ...]
    weak: bool

    def __init__(self, node: Node, origins: Iterable[Origin] = (), *, weak: bool = False) -> None:
        self.node = node
        self.origins = tuple(origins)
        self.weak = weak

    @property
    def dtype(self) -> DType:
        return self.node.dtype

    def __eq__(self, other: object) -> Expr:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
        return self._apply("eq", other)

    def __ne__(self, other: object) -> Expr:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
        return self._apply("ne", other)

    __hash__ = object.__hash__

    def __str__(self) -> str:
        from tdsl.expr.printer import text

        return text(self.node)

    def __repr__(self) -> str:
        return str(self)


class AxisHandle(Expr):
    """An axis as an expression, and what `over=` takes."""

    __slots__ = ("origin",)

    origin: AxisOrigin

    def __init__(self, origin: AxisOrigin) -> None:
        super().__init__(Var(origin.axis.name, INT64, "axis"), (origin,))
        self.origin = origin

    @property
    def name(self) -> str:
        return self.origin.axis.name


class SizeHandle(Expr):
    """A size as an expression."""

    __slots__ = ("size",)

    size: Size

    def __init__(self, size: Size) -> None:
        super().__init__(Var(size.name, INT64, "size"), (size,))
        self.size = size

    @property
    def name(self) -> str:
        return self.size.name


class ParamHandle(Expr):
    """A scalar argument as an expression."""

    __slots__ = ("param",)

    param: Param

    def __init__(self, param: Param) -> None:
        super().__init__(Var(param.name, param.dtype, "param"), (param,))
        self.param = param

    @property
    def name(self) -> str:
        return self.param.name


# origins


def merged(groups: Iterable[Iterable[Origin]]) -> tuple[Origin, ...]:
    """The origins of several expressions, each once, in order of first occurrence."""
    found: dict[Origin, None] = {}
    for group in groups:
        found.update(dict.fromkeys(group))
    return tuple(found)


def expression(node: Node, *operands: object, weak: bool = False) -> Expr:
    """A new expression that mentions what its operands mention."""
    return Expr(node, merged(part.origins for part in operands if isinstance(part, Expr)), weak=weak)


# from what users write to nodes


def as_number(value: object) -> Number | None:
    """A plain Python number; None for anything else, NumPy scalars included (they have a dtype)."""
    if type(value) in (bool, int, float):
        return value  # pyright: ignore[reportReturnType]
    return None


def as_operand(value: object) -> Expr | Number:
    """An expression or a weak Python number from what stands in an expression.

    A tensor of rank 0 is its one element; a NumPy scalar is a constant of its dtype.

    Errors: E113 anything else.
    """
    if isinstance(value, Expr):
        return value
    if isinstance(value, Tensor):
        if value.ndim == 0:
            return value[()]
        raise ArgumentTypeError(
            "E113",
            f"the whole tensor {value.name} stands where one element is meant",
            where=here(),
            why=(f"it has rank {value.ndim}",),
            hint=(f"{value.name}[{', '.join('ijklmn'[: value.ndim])}]",),
        )
    number = as_number(value)
    if number is not None:
        return number
    if isinstance(value, (bool, int, float)) and not hasattr(value, "dtype"):
        return value  # a subclass, such as an IntEnum
    constant = _numpy_scalar(value)
    if constant is not None:
        return Expr(constant)
    shown = repr(value)
    raise ArgumentTypeError(
        "E113",
        f"{shown if len(shown) <= 40 else type(value).__name__} cannot stand in an expression",
        where=here(),
        why=(
            f"it is a {type(value).__name__}; an expression is made of elements, axes, sizes, params and numbers",
        ),
        hint=('an array is an argument of the kernel: A = td.placeholder("A", shape, dtype), then A[i, j]',)
        if hasattr(value, "__array__")
        else (),
    )


def _numpy_scalar(value: object) -> Const | None:
    item = getattr(value, "item", None)
    if getattr(value, "shape", None) != () or item is None or not hasattr(value, "dtype"):
        return None
    dtype = as_dtype(getattr(value, "dtype", None), where=here())
    return build.constant(item(), dtype)


def as_node(value: object, dtype: DType | None = None) -> Node:
    """The node of what a user wrote; a Python number takes `dtype`.

    The node of an expression keeps its own dtype, whatever `dtype` says: converting is the caller's choice.

    Errors: E113 not an expression; E204 the number does not fit; E208 a number without a dtype to take.
    """
    operand = as_operand(value)
    if isinstance(operand, Expr):
        return adopt(operand, dtype) if operand.weak and dtype is not None else operand.node
    if dtype is None:
        raise DTypeError(
            "E208",
            f"{operand!r} alone has no dtype",
            where=here(),
            why=("a Python number takes the dtype of what it meets, and it meets nothing here",),
            hint=('dtype="float32" on the stage', f'td.cast({operand!r}, "float32")'),
        )
    return weak_constant(operand, dtype)


def weak_constant(value: Number, dtype: DType) -> Const:
    """A Python number as a constant of a dtype that holds it. Errors: E204 it does not fit."""
    if not weak_fits(value, dtype):
        promote_weak(dtype, value, where=here())
        raise DTypeError(
            "E204",
            f"{value!r} does not fit in {dtype}",
            where=here(),
            hint=(f'td.cast({value!r}, "{dtype}")',),
        )
    return build.constant(value, dtype)


def adopts(*operands: object) -> bool:
    """Whether an operand is weak because it holds elements of a tensor whose dtype is being found (semantics E8)."""
    return any(
        isinstance(part, Read) and part.tensor.adopts
        for operand in operands
        if isinstance(operand, Expr) and operand.weak
        for part in walk(operand.node)
    )


def adopt(weak: Expr, dtype: DType) -> Node:
    """A weak expression in the dtype it meets: its numbers become constants of that dtype."""
    if dtype.is_bool or (dtype.is_integer and weak.dtype.is_float):
        return weak.node
    return _adopt(weak.node, dtype)


def _adopt(node: Node, dtype: DType) -> Node:
    match node:
        case Const():
            return weak_constant(node.value, dtype)
        case Select():
            return build.select(node.cond, _adopt(node.then, dtype), _adopt(node.otherwise, dtype))
        case Binary():
            return build.binary(node.op, _adopt(node.lhs, dtype), _adopt(node.rhs, dtype))
        case Unary():
            return build.unary(node.op, _adopt(node.operand, dtype))
        case Fma():
            return build.fma(*(_adopt(part, dtype) for part in (node.a, node.b, node.c)))
        case Cast(operand=Read()):
            return build.cast(node.operand, dtype)
        case _:  # numbers alone, or an element of a tensor whose dtype is being found
            return build.cast(node, dtype)


def meet(*values: object) -> tuple[tuple[Node, ...], bool]:
    """Operands brought to the one dtype in which they meet (D1), and whether the result is still weak.

    Errors: E203 they do not meet without losing bits; E204 a number does not fit.
    """
    operands = [as_operand(value) for value in values]
    strong = [operand for operand in operands if isinstance(operand, Expr) and not operand.weak]
    if not strong:
        dtype = _weak_dtype(operands)
        return tuple(_in_dtype(operand, dtype) for operand in operands), True
    dtype, holder = strong[0].dtype, strong[0]
    for operand in strong[1:]:
        if operand.dtype is not dtype:
            dtype = promote(dtype, operand.dtype, where=here(), shown=(str(holder), str(operand)))
            holder = operand if operand.dtype is dtype else holder
    for operand in operands:
        for number in _numbers(operand):
            dtype = _promoted(dtype, number, holder)
    return tuple(_in_dtype(operand, dtype) for operand in operands), False


def _promoted(dtype: DType, number: Number, holder: Expr) -> DType:
    """The dtype that a number meets; the text of what it meets is written for the error only, since it may be long."""
    with suppress(DTypeError):
        return promote_weak(dtype, number)
    return promote_weak(dtype, number, where=here(), shown=str(holder))


def _numbers(operand: Expr | Number) -> list[Number]:
    """The weak numbers in an operand."""
    if not isinstance(operand, Expr):
        return [operand]
    if not operand.weak:
        return []
    found: list[Number] = []
    stack = [operand.node]
    while stack:
        node = stack.pop()
        if isinstance(node, Const):
            found.append(node.value)
        elif isinstance(node, Select):
            stack += (node.otherwise, node.then)
        elif isinstance(node, (Binary, Unary, Fma)):
            stack += reversed(node.children)
    return found


def _weak_dtype(operands: list[Expr | Number]) -> DType:
    """The dtype that numbers alone are kept in until they meet another: bool, int64 or float64."""
    kinds = [
        operand.dtype
        if isinstance(operand, Expr)
        else as_dtype(bool if isinstance(operand, bool) else type(operand))
        for operand in operands
    ]
    if any(kind.is_bool for kind in kinds) and not all(kind.is_bool for kind in kinds):
        return promote(BOOL, INT64, where=here())
    return next((kind for kind in kinds if kind.is_float), kinds[0])


def _in_dtype(operand: Expr | Number, dtype: DType) -> Node:
    if not isinstance(operand, Expr):
        return weak_constant(operand, dtype)
    return adopt(operand, dtype) if operand.weak else build.cast(operand.node, dtype)


@hide_internal_frames
def as_index(value: object, what: str = "an index") -> Node:
    """An int64 node from an int or an integer expression: subscripts, extents, bounds of axes.

    Errors: E113 a float, a bool or anything else that is no integer; E203 uint64.
    """
    operand = as_operand(value)
    if isinstance(operand, Expr) and operand.dtype.is_integer:
        promote(operand.dtype, INT64, where=here())
        return build.cast(operand.node, INT64)
    if isinstance(operand, int) and not isinstance(operand, bool):
        return index_const(int(weak_constant(operand, INT64).value))
    kind = operand.dtype if isinstance(operand, Expr) else type(operand).__name__
    raise ArgumentTypeError(
        "E113",
        f"{what} is an integer, not {operand!r}",
        where=here(),
        why=(f"{operand!r} is a {kind}",),
        hint=integer_hint(operand),
    )


def integer_hint(operand: Expr | Number) -> tuple[str, ...]:
    """What to write where an integer is meant."""
    if isinstance(operand, Expr):
        if operand.dtype.is_float:
            return (f'td.floor({operand}).astype("int64"), with td.clamp to keep it inside',)
        return ("td.where(condition, 1, 0)",)
    return (f"{operand:.0f}",) if isinstance(operand, float) and operand == operand else ()


def shown_extent(node: Node, origins: Iterable[Origin] = ()) -> int | Expr:
    """An extent as users see it in `.shape`: an int where it is constant, else an expression."""
    return int(node.value) if isinstance(node, Const) else Expr(node, origins)
