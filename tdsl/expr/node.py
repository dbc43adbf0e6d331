"""Scalar expression nodes: interned, frozen, typed; expressions and Loop IR are built from these and nothing else.

A node is created once: building it again from the same fields gives the same object, so nodes compare and hash by
identity and memo tables are exact (`1`, `True` and `1.0`, or `0.0` and `-0.0`, are different constants because a
constant is keyed by dtype and bits). User locations never live here: they belong to declarations and directives.

Meaning of the operators is semantics D2-D7 (docs/semantics.md): integers wrap, `floordiv` and `mod` floor and give 0
for a zero divisor, comparisons give bool, `Select` is lazy. Source of the interning scheme: tinygrad's UOp, JAX's
hash-consed jaxprs; Halide's IR.h for the node set.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, ClassVar, Literal
from weakref import WeakValueDictionary

from tdsl.dtypes import DType, as_dtype, bits_of, value_of
from tdsl.records import dataclass

if TYPE_CHECKING:
    from tdsl.expr.tensor import Reducer, Tensor

VarKind = Literal["axis", "size", "param", "local"]
UnaryOp = Literal[
    "neg", "not", "abs", "sqrt", "floor", "ceil", "trunc", "round", "popcount", "clz", "ctz"
]  # fmt: skip
BinaryOp = Literal[
    "add", "sub", "mul", "div", "floordiv", "mod", "min", "max", "and", "or", "xor", "shl", "shr"
]
CompareOp = Literal["eq", "ne", "lt", "le", "gt", "ge"]

INT64 = as_dtype("int64")
BOOL = as_dtype("bool")

_interned: WeakValueDictionary[tuple[object, ...], Node] = WeakValueDictionary()
_lock = threading.Lock()

if hasattr(os, "register_at_fork"):
    # A thread that held the lock does not exist in the child.
    os.register_at_fork(after_in_child=lambda: globals().update(_lock=threading.Lock()))

if TYPE_CHECKING:
    _Interning = type
else:

    class _Interning(type):
        """Calls return the one node with these fields; the dtype is found once, at construction."""

        def __call__(cls, *args: object, **kwargs: object) -> object:
            if kwargs or len(args) != len(cls.__match_args__):
                plain = super().__call__(*args, **kwargs)
                args = tuple(getattr(plain, name) for name in cls.__match_args__)
            key = (cls, *args)
            found = _interned.get(key)
            if found is not None:
                return found
            fresh = super().__call__(*args)
            object.__setattr__(fresh, "dtype", fresh._result())
            with _lock:
                return _interned.setdefault(key, fresh)


class Node(metaclass=_Interning):
    """A scalar expression. `dtype` is its type; `children` its operands in order."""

    __slots__ = ("__weakref__",) if TYPE_CHECKING else ("__weakref__", "dtype")
    __match_args__: ClassVar[tuple[str, ...]] = ()

    if TYPE_CHECKING:

        @property
        def dtype(self) -> DType: ...

    def _result(self) -> DType:
        """The dtype, from the fields."""
        raise NotImplementedError

    @property
    def children(self) -> tuple[Node, ...]:
        return ()

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        """The same operation on other operands; itself when nothing changed."""
        assert not children
        return self

    def __repr__(self) -> str:
        from tdsl.expr.printer import text

        return text(self)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), tuple(getattr(self, name) for name in type(self).__match_args__)


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Const(Node):
    """A constant: `bits` is the two's complement or IEEE pattern in the width of `of`, as a non-negative int."""

    of: DType
    bits: int

    def _result(self) -> DType:
        return self.of

    @property
    def value(self) -> int | float | bool:
        return value_of(self.bits, self.of)


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Var(Node):
    """A name bound outside the expression.

    `axis`: an iteration variable of the stage (int64); `size`, `param`: a size or scalar argument; `local`: a
    variable of Loop IR (loop variable or `Let`).
    """

    name: str
    of: DType
    kind: VarKind

    def _result(self) -> DType:
        return self.of


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Unary(Node):
    """`neg`, `not` (logical on bool, bitwise on integers), `abs`; on floats `sqrt floor ceil trunc round`.

    On integers `popcount clz ctz`: bits that are set, zeros before the first and after the last of them (D2).
    """

    op: UnaryOp
    operand: Node

    def _result(self) -> DType:
        return self.operand.dtype

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand,)

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        return self if children[0] is self.operand else Unary(self.op, children[0])


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Binary(Node):
    """Two operands of one dtype, which is the result's. `and or xor` work on bool (strict, both sides) and integers."""

    op: BinaryOp
    lhs: Node
    rhs: Node

    def _result(self) -> DType:
        return self.lhs.dtype

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.lhs, self.rhs)

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        if children[0] is self.lhs and children[1] is self.rhs:
            return self
        return Binary(self.op, children[0], children[1])


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Compare(Node):
    """A comparison of two operands of one dtype; bool. NaN compares as IEEE says (`ne` true, the rest false)."""

    op: CompareOp
    lhs: Node
    rhs: Node

    def _result(self) -> DType:
        return BOOL

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.lhs, self.rhs)

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        if children[0] is self.lhs and children[1] is self.rhs:
            return self
        return Compare(self.op, children[0], children[1])


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Select(Node):
    """`then` where `cond` holds, else `otherwise`; the branch not taken is never evaluated (language.md, `where`)."""

    cond: Node
    then: Node
    otherwise: Node

    def _result(self) -> DType:
        return self.then.dtype

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.cond, self.then, self.otherwise)

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        if children[0] is self.cond and children[1] is self.then and children[2] is self.otherwise:
            return self
        return Select(*children)


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Cast(Node):
    """Conversion: int to int wraps, float to int truncates and saturates (NaN gives 0), to bool is `!= 0` (D2)."""

    to: DType
    operand: Node

    def _result(self) -> DType:
        return self.to

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand,)

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        return self if children[0] is self.operand else Cast(self.to, children[0])


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Bitcast(Node):
    """The bits of the operand, a number, read as another number of the same width."""

    to: DType
    operand: Node

    def _result(self) -> DType:
        return self.to

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand,)

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        return self if children[0] is self.operand else Bitcast(self.to, children[0])


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Call(Node):
    """A function of floats of one dtype, the result's: `exp(x)`. What it means is its expansion (D6).

    `functions/definition.py` knows the expansion by the name; rewriters see a call and its arguments.
    """

    name: str
    args: tuple[Node, ...]

    def _result(self) -> DType:
        return self.args[0].dtype

    @property
    def children(self) -> tuple[Node, ...]:
        return self.args

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        if all(a is b for a, b in zip(children, self.args, strict=True)):
            return self
        return Call(self.name, children)


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Fma(Node):
    """`a * b + c` rounded once. `contracted`: made by rule D5 at the declaration, so a target without FMA rounds twice.

    A subtraction `x*y - z` is `Fma(x, y, -z)`, `z - x*y` is `Fma(-x, y, z)`: negation is exact.
    """

    a: Node
    b: Node
    c: Node
    contracted: bool

    def _result(self) -> DType:
        return self.c.dtype

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.a, self.b, self.c)

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        if children[0] is self.a and children[1] is self.b and children[2] is self.c:
            return self
        return Fma(children[0], children[1], children[2], self.contracted)


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Read(Node):
    """One element of a declared tensor (expressions only; Loop IR has `Load`). `index`: int64, one a dimension."""

    tensor: Tensor
    index: tuple[Node, ...]

    def _result(self) -> DType:
        return self.tensor.dtype

    @property
    def children(self) -> tuple[Node, ...]:
        return self.index

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        return (
            self
            if all(a is b for a, b in zip(children, self.index, strict=True))
            else Read(self.tensor, children)
        )


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Load(Node):
    """One element of a Loop IR buffer, by name (Loop IR only). `index`: int64, one a dimension of the buffer."""

    buffer: str
    of: DType
    index: tuple[Node, ...]

    def _result(self) -> DType:
        return self.of

    @property
    def children(self) -> tuple[Node, ...]:
        return self.index

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        if all(a is b for a, b in zip(children, self.index, strict=True)):
            return self
        return Load(self.buffer, self.of, children)


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Reduce(Node):
    """Reduction of `operands` over `axes` (names of the stage's reduction axes, outermost first); expressions only.

    `component` picks one result of a tuple-valued reducer. `fused`: the operand of a float sum was written directly as
    a product, so each step is one fma (D5); decided at the declaration, never changed by inlining.
    """

    reducer: Reducer
    axes: tuple[str, ...]
    operands: tuple[Node, ...]
    component: int
    fused: bool

    def _result(self) -> DType:
        return self.operands[self.component].dtype

    @property
    def children(self) -> tuple[Node, ...]:
        return self.operands

    def rebuilt(self, children: tuple[Node, ...]) -> Node:
        if all(a is b for a, b in zip(children, self.operands, strict=True)):
            return self
        return Reduce(self.reducer, self.axes, children, self.component, self.fused)


def const(value: int | float | bool, dtype: DType | str) -> Const:
    """The constant `value` in `dtype` (it must fit; integers are not wrapped)."""
    of = as_dtype(dtype)
    return Const(of, bits_of(value, of))


def index_const(value: int) -> Const:
    """An int64 constant, the dtype of axes, sizes and subscripts."""
    return Const(INT64, value & 0xFFFF_FFFF_FFFF_FFFF)


def axis_var(name: str) -> Var:
    """The iteration variable of axis `name`, int64."""
    return Var(name, INT64, "axis")


def size_var(name: str) -> Var:
    """The size `name`, int64, non-negative."""
    return Var(name, INT64, "size")
