"""Random Loop IR kernels for the tests of `lower/` and `codegen/`: valid, in bounds, and with one meaning.

In: dtypes and scopes to draw from. Out: a `Case`: a kernel that the verifier accepts, sizes and params to run it
with; `Case.arrays` makes its arrays. Every subscript is in bounds (a loop's own variable, `%` by the extent, a clamp,
or a read under a `Select`), scratch and outputs are filled before they are read, lanes write different elements, and
iterations of a parallel loop touch rows of their own. So interpreter and generated code must agree bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from tdsl.dtypes import DTYPES, DType, max_value, min_value, to_numpy
from tdsl.expr.node import (
    BOOL,
    INT64,
    Binary,
    Cast,
    Compare,
    Const,
    Fma,
    Load,
    Node,
    Select,
    Unary,
    Var,
    const,
    index_const,
    size_var,
)  # fmt: skip
from tdsl.lower.ir import (
    Allocate,
    ArrayArgument,
    Block,
    For,
    If,
    Kernel,
    Let,
    ScalarArgument,
    Statement,
    Store,
    block,
)  # fmt: skip
from tdsl.lower.printer import kernel_text

DTYPE_NAMES = ("float32", "float64", "int64", "int32", "uint8", "int16", "uint32", "bool")
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
FLOATS = (0.0, -0.0, 1.0, -1.5, 0.1, 3.0e-3, 1.0e4, float("inf"), float("-inf"), float("nan"))
ZERO, ONE = index_const(0), index_const(1)


@dataclass(frozen=True, repr=False)
class Case:
    """A kernel with values for its sizes and params."""

    kernel: Kernel
    sizes: dict[str, int]
    params: dict[str, bool | int | float]

    def __repr__(self) -> str:
        return f"sizes {self.sizes} params {self.params}\n{kernel_text(self.kernel)}"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(repr(self))

    def arrays(self, seed: int = 0) -> dict[str, npt.NDArray[Any]]:
        """Arrays for all arguments: random inputs, outputs of a pattern that is no likely result."""
        generator = np.random.default_rng(seed)
        made: dict[str, npt.NDArray[Any]] = {}
        for argument in self.kernel.arguments:
            if isinstance(argument, ArrayArgument):
                shape = tuple(_number(extent, self.sizes) for extent in argument.extents)
                limits = argument.value_range and tuple(
                    _number(one, self.sizes) for one in argument.value_range
                )
                made[argument.name] = np.array(_random(generator, shape, argument.dtype, limits))
        return made


def same_bits(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    """Equal in every bit, all NaN counting as one."""
    if a.dtype.kind == "f":
        nan = np.isnan(a)
        if not np.array_equal(nan, np.isnan(b)):
            return False
        a, b = np.where(nan, 0, a).astype(a.dtype), np.where(nan, 0, b).astype(b.dtype)
    return a.tobytes() == b.tobytes()


def _number(node: Node, sizes: dict[str, int]) -> int:
    """An extent as a number."""
    match node:
        case Const():
            return int(node.value)
        case Var():
            return sizes[node.name]
        case Binary(op="add"):
            return _number(node.lhs, sizes) + _number(node.rhs, sizes)
        case _:
            raise AssertionError(node)


def _random(
    generator: np.random.Generator, shape: tuple[int, ...], dtype: DType, limits: tuple[int, ...] | None
) -> Any:
    kind = to_numpy(dtype)
    if limits is not None:
        return generator.integers(limits[0], limits[1], shape).astype(kind)
    if dtype.is_bool:
        return generator.integers(0, 2, shape).astype(kind)
    if dtype.is_float:
        return (generator.standard_normal(shape) * 10.0 ** generator.integers(-3, 4, shape)).astype(kind)
    return generator.integers(int(min_value(dtype)), int(max_value(dtype)), shape, kind, endpoint=True)


# ------------------------------------------------------------ strategies
@dataclass(frozen=True)
class _Buffer:
    """row: the one value of the first subscript that may be used here (rows of a parallel loop)."""

    name: str
    dtype: DType
    extents: tuple[Node, ...]
    writable: bool = False
    register: bool = False
    row: Node | None = None


@dataclass(frozen=True)
class _Scope:
    """What a statement may mention. counters: loop variables with their bounds; fixed: those with constant ones."""

    buffers: tuple[_Buffer, ...]
    values: tuple[Var, ...] = ()
    counters: tuple[tuple[Var, Node], ...] = ()
    fixed: tuple[tuple[Var, int], ...] = ()
    lane: tuple[Var, int] | None = None
    depth: int = 0

    def deeper(self, **changes: Any) -> _Scope:
        return replace(self, depth=self.depth + 1, **changes)


@st.composite
def kernels(
    draw: st.DrawFn,
    *,
    dtypes: Sequence[str] = DTYPE_NAMES,
    scopes: Sequence[str] = ("heap", "stack", "register"),
) -> Case:
    """Cases of random kernels over these dtypes, with scratch in these scopes."""
    return _Generator(draw, [DTYPES[name] for name in dtypes], tuple(scopes)).case()


@st.composite
def elementwise(draw: st.DrawFn, *, dtypes: Sequence[str] = DTYPE_NAMES, width: int = 8) -> Case:
    """One store in a vector loop that reads inputs only: the same in lockstep and one lane after another."""
    generator = _Generator(draw, [DTYPES[name] for name in dtypes], (), sizes={"n": width})
    extents, var = (index_const(width),), Var("v", INT64, "local")
    dtype = generator.pick(generator.dtypes)
    inputs = [
        ArrayArgument(f"A{place}", one, extents, "input")
        for place, one in enumerate((dtype, *generator.dtypes))
    ]
    scope = _Scope(
        tuple(_buffer(one) for one in inputs), (), ((var, extents[0]),), ((var, width),), (var, width)
    )
    store = Store("C", (var,), generator.operation(dtype, scope, 0))
    arguments = (*inputs, ArrayArgument("C", dtype, extents, "output"))
    facts = (Compare("ge", size_var("n"), ONE),)
    body = For("v", ZERO, extents[0], "vector", store)
    return Case(Kernel("elementwise", ("n",), arguments, body, facts), {"n": width}, {})


@dataclass
class _Generator:
    draw: st.DrawFn
    dtypes: list[DType]
    scopes: tuple[str, ...]
    names: int = 0
    budget: int = 14
    sizes: dict[str, int] = field(default_factory=dict[str, int])

    def pick(self, items: Sequence[Any]) -> Any:
        return self.draw(st.sampled_from(items))

    def number(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def fresh(self, stem: str) -> str:
        self.names += 1
        return f"{stem}{self.names}" if self.names % 5 else f"{stem}.part{self.names}"

    # -------------------------------------------------------- the whole
    def case(self) -> Case:
        self.sizes = {name: self.number(1, 6) for name in ("n", "m")[: self.number(1, 2)]}
        params: dict[str, bool | int | float] = {}
        arguments: list[ArrayArgument | ScalarArgument] = []
        for position in range(self.number(0, 2)):
            dtype = self.pick(self.dtypes)
            arguments.append(ScalarArgument(f"p{position}", dtype))
            params[f"p{position}"] = self.constant(dtype).value
        for position in range(self.number(1, 2)):
            arguments.append(ArrayArgument(f"A{position}", self.pick(self.dtypes), self.extents(), "input"))
        if self.draw(st.booleans()):
            limits = (ZERO, size_var(self.pick(list(self.sizes))))
            arguments.append(ArrayArgument("at", DTYPES["int32"], self.extents(), "input", limits))
        for position in range(self.number(1, 2)):
            arguments.append(ArrayArgument(f"C{position}", self.pick(self.dtypes), self.extents(), "output"))
        scope = _Scope(
            tuple(
                _buffer(one) for one in arguments if isinstance(one, ArrayArgument) and one.role == "input"
            ),
            tuple(Var(one.name, one.dtype, "param") for one in arguments if isinstance(one, ScalarArgument)),
        )
        body: list[Statement] = []
        for one in arguments:
            if isinstance(one, ArrayArgument) and one.role == "output":
                output = _buffer(one)
                body.append(self.filled(output, scope))
                scope = replace(scope, buffers=(*scope.buffers, output))
        body += [self.statement(scope) for _ in range(self.number(0, 3))]
        facts = tuple(Compare("ge", size_var(name), ONE) for name in self.sizes)
        return Case(
            Kernel("random", tuple(self.sizes), tuple(arguments), block(body), facts), self.sizes, params
        )

    def extents(self, rank: int | None = None) -> tuple[Node, ...]:
        return tuple(self.extent() for _ in range(self.number(0, 2) if rank is None else rank))

    def extent(self) -> Node:
        size = size_var(self.pick(list(self.sizes)))
        return self.pick([size, Binary("add", size, index_const(2)), index_const(self.number(1, 6))])

    def filled(self, buffer: _Buffer, scope: _Scope) -> Statement:
        """Loops that write every element of a buffer."""
        names = [self.fresh("f") for _ in buffer.extents]
        counters = tuple(Var(name, INT64, "local") for name in names)
        pairs = tuple(zip(counters, buffer.extents, strict=True))
        fixed = tuple((var, int(extent.value)) for var, extent in pairs if isinstance(extent, Const))
        inner = scope.deeper(counters=(*scope.counters, *pairs))
        if buffer.register:
            inner = replace(inner, fixed=(*inner.fixed, *fixed))
        body: Statement = Store(buffer.name, counters, self.expression(buffer.dtype, inner))
        kinds = ["unroll"] if buffer.register else ["serial", "serial", "parallel"]
        for name, extent in reversed(list(zip(names, buffer.extents, strict=True))):
            kind = self.pick(kinds if not scope.depth else [kind for kind in kinds if kind != "parallel"])
            body = For(name, ZERO, extent, kind, body)
        return body

    # -------------------------------------------------------- statements
    def statement(self, scope: _Scope) -> Statement:
        self.budget -= 1
        makers: list[Callable[[_Scope], Statement]] = [self.store, self.store]
        if self.budget > 0 and scope.depth < 4:
            makers += [self.branch, self.let, self.unrolled, self.several]
            if scope.lane is None:
                makers += [self.serial, self.lanes, self.lanes, self.scratch]
                if scope.depth == 0:
                    makers.append(self.parallel)
        return self.pick(makers)(scope)

    def several(self, scope: _Scope) -> Statement:
        return block([self.statement(scope.deeper()) for _ in range(self.number(0, 2))])

    def serial(self, scope: _Scope) -> Statement:
        var = Var(self.fresh("i"), INT64, "local")
        extent = self.extent()
        lower: Node = ZERO
        if scope.counters and self.draw(st.booleans()):
            lower = self.pick(scope.counters)[0]
        body = self.statement(scope.deeper(counters=(*scope.counters, (var, extent))))
        return For(var.name, lower, extent, "serial", body)

    def unrolled(self, scope: _Scope) -> Statement:
        var, count = Var(self.fresh("u"), INT64, "local"), self.number(0, 4)
        counters = (*scope.counters, (var, index_const(count)))
        inner = scope.deeper(counters=counters, fixed=(*scope.fixed, (var, count)))
        return For(var.name, ZERO, index_const(count), "unroll", self.statement(inner))

    def lanes(self, scope: _Scope) -> Statement:
        var, width = Var(self.fresh("v"), INT64, "local"), self.pick([1, 2, 4, 8, 8, 16])
        counters = (*scope.counters, (var, index_const(width)))
        inner = scope.deeper(counters=counters, fixed=(*scope.fixed, (var, width)), lane=(var, width))
        return For(var.name, ZERO, index_const(width), "vector", self.statement(inner))

    def parallel(self, scope: _Scope) -> Statement:
        """Each iteration has rows of its own of what it writes, and sees nothing else that is written."""
        outputs = [one for one in scope.buffers if one.writable and one.extents]
        if not outputs:
            return self.store(scope)
        chosen = self.pick(outputs)
        var = Var(self.fresh("p"), INT64, "local")
        buffers = tuple(one for one in scope.buffers if not one.writable) + (replace(chosen, row=var),)
        inner = scope.deeper(buffers=buffers, counters=(*scope.counters, (var, chosen.extents[0])))
        return For(var.name, ZERO, chosen.extents[0], "parallel", self.statement(inner))

    def branch(self, scope: _Scope) -> Statement:
        cond = self.expression(BOOL, scope)
        then = self.statement(scope.deeper())
        other = self.statement(scope.deeper()) if self.draw(st.booleans()) else None
        return If(cond, then, other, self.pick([None, None, "guard", "mask"]))

    def let(self, scope: _Scope) -> Statement:
        dtype = self.pick([INT64, *self.dtypes])
        var = Var(self.fresh("x"), dtype, "local")
        value = self.expression(dtype, scope)
        return Let(var.name, value, self.statement(scope.deeper(values=(*scope.values, var))))

    def scratch(self, scope: _Scope) -> Statement:
        where = self.pick(self.scopes)
        rank = self.number(0, 2)
        extents = self.extents(rank) if where == "heap" else tuple(
            index_const(self.pick([1, 2, 4, 8])) for _ in range(rank)
        )  # fmt: skip
        buffer = _Buffer(self.fresh("T"), self.pick(self.dtypes), extents, True, where == "register")
        inner = scope.deeper(buffers=(*scope.buffers, buffer))
        body = block([self.filled(buffer, scope.deeper()), self.statement(inner), self.statement(inner)])
        padding = self.pick([0, 0, 3]) if where != "register" else 0
        return Allocate(buffer.name, buffer.dtype, extents, where, body, padding)

    def store(self, scope: _Scope) -> Statement:
        targets = [one for one in scope.buffers if one.writable]
        if scope.lane is not None:
            targets = [one for one in targets if self.last_is_free(one, scope)]
        if not targets:
            return Block(())
        buffer = self.pick(targets)
        index = self.subscripts(buffer, scope)
        if scope.lane is None:
            return Store(buffer.name, index, self.expression(buffer.dtype, scope))
        lane = scope.lane[0]
        if buffer.register:
            return Store(buffer.name, (*index[:-1], lane), self.expression(buffer.dtype, scope))
        uniform = replace(
            scope, counters=tuple(one for one in scope.counters if one[0] is not lane), values=()
        )
        index = self.subscripts(buffer, replace(uniform, fixed=(), lane=None), uniform=True)
        last = Binary("add", index[-1], lane) if self.draw(st.booleans()) else lane
        guard = Compare("lt", last, buffer.extents[-1])
        return If(guard, Store(buffer.name, (*index[:-1], last), self.expression(buffer.dtype, scope)))

    def last_is_free(self, buffer: _Buffer, scope: _Scope) -> bool:
        """Whether lanes can write different elements of the last dimension."""
        if not buffer.extents or (len(buffer.extents) == 1 and buffer.row is not None):
            return False
        if not buffer.register:
            return True
        last = buffer.extents[-1]
        assert isinstance(last, Const) and scope.lane is not None
        return int(last.value) >= scope.lane[1]

    # -------------------------------------------------------- subscripts
    def subscripts(self, buffer: _Buffer, scope: _Scope, *, uniform: bool = False) -> tuple[Node, ...]:
        parts = [self.subscript(extent, scope, buffer, uniform=uniform) for extent in buffer.extents]
        if buffer.row is not None:
            parts[0] = buffer.row
        return tuple(parts)

    def subscript(self, extent: Node, scope: _Scope, buffer: _Buffer, *, uniform: bool) -> Node:
        """An int64 in 0 .. extent."""
        if buffer.register:
            assert isinstance(extent, Const)
            fitting: list[Node] = [var for var, count in scope.fixed if count <= int(extent.value)]
            return self.pick([*fitting, index_const(self.number(0, int(extent.value) - 1))])
        own = [var for var, limit in scope.counters if limit is extent]
        if own and self.draw(st.booleans()):
            return self.pick(own)
        number = self.integer(scope, uniform=uniform)
        if self.draw(st.booleans()):
            return Binary("mod", number, extent)
        return Binary("min", Binary("max", number, ZERO), Binary("sub", extent, ONE))

    def integer(self, scope: _Scope, *, uniform: bool = False) -> Node:
        """Index arithmetic."""
        leaves: list[Node] = [index_const(self.number(-3, 9)), *(size_var(name) for name in self.sizes)]
        leaves += [var for var, _ in scope.counters]
        leaves += [var for var in scope.values if var.of is INT64 and not uniform]
        node: Node = self.pick(leaves)
        for _ in range(self.number(0, 2)):
            op = self.pick(["add", "sub", "mul", "floordiv", "mod"])
            right = self.pick(leaves) if op in ("add", "sub") else index_const(self.pick([-2, 1, 2, 3, 4]))
            node = Binary(op, node, right)
        return node

    # -------------------------------------------------------- expressions
    def constant(self, dtype: DType) -> Const:
        if dtype.is_bool:
            return const(self.draw(st.booleans()), dtype)
        if dtype.is_float:
            return const(self.pick(FLOATS), dtype)
        low, high = int(min_value(dtype)), int(max_value(dtype))
        return const(self.pick([low, high, max(low, -3), 0, 1, 2, 5]), dtype)

    def expression(self, dtype: DType, scope: _Scope, depth: int = 0) -> Node:
        makers = [self.leaf, self.element, self.element]
        if depth < 3:
            makers += [self.operation, self.operation, self.choice, self.conversion]
        return self.pick(makers)(dtype, scope, depth + 1)

    def leaf(self, dtype: DType, scope: _Scope, _depth: int) -> Node:
        known: list[Node] = [var for var in scope.values if var.of is dtype]
        if dtype is INT64:
            known.append(self.integer(scope))
        return self.pick([*known, self.constant(dtype)])

    def element(self, dtype: DType, scope: _Scope, depth: int) -> Node:
        fitting = [one for one in scope.buffers if one.dtype is dtype]
        if not fitting:
            return self.leaf(dtype, scope, depth)
        buffer = self.pick(fitting)
        if buffer.extents and not buffer.register and buffer.row is None and self.draw(st.booleans()):
            return self.guarded(buffer, scope)
        return Load(buffer.name, dtype, self.subscripts(buffer, scope))

    def guarded(self, buffer: _Buffer, scope: _Scope) -> Node:
        """A read that only its `Select` keeps in bounds."""
        free = self.integer(scope)
        index = (free, *self.subscripts(buffer, scope)[1:])
        inside = Binary("and", Compare("ge", free, ZERO), Compare("lt", free, buffer.extents[0]))
        return Select(inside, Load(buffer.name, buffer.dtype, index), self.constant(buffer.dtype))

    def choice(self, dtype: DType, scope: _Scope, depth: int) -> Node:
        cond = self.expression(BOOL, scope, depth + 1)
        return Select(cond, self.expression(dtype, scope, depth), self.expression(dtype, scope, depth))

    def conversion(self, dtype: DType, scope: _Scope, depth: int) -> Node:
        source = self.pick([one for one in (*self.dtypes, INT64, BOOL) if one is not dtype])
        return Cast(dtype, self.expression(source, scope, depth))

    def operation(self, dtype: DType, scope: _Scope, depth: int) -> Node:
        def operand(of: DType = dtype) -> Node:
            return self.expression(of, scope, depth)

        if dtype.is_bool:
            if self.draw(st.booleans()):
                return Binary(self.pick(["and", "or", "xor"]), operand(), operand())
            if self.draw(st.booleans()):
                return Unary("not", operand())
            of = self.pick([*(one for one in self.dtypes if not one.is_bool), INT64])
            return Compare(self.pick(COMPARISONS), operand(of), operand(of))
        if dtype.is_float:
            if self.draw(st.booleans()):
                return Binary(self.pick(["add", "sub", "mul", "div", "min", "max"]), operand(), operand())
            if self.draw(st.booleans()):
                return Fma(operand(), operand(), operand(), self.draw(st.booleans()))
            return Unary(self.pick(["neg", "abs", "sqrt", "floor", "ceil", "trunc", "round"]), operand())
        if self.number(0, 4) == 0:
            return Unary(self.pick(["neg", "abs", "not"]), operand())
        names = ["add", "sub", "mul", "floordiv", "mod", "min", "max", "and", "or", "xor", "shl", "shr"]
        return Binary(self.pick(names), operand(), operand())


def _buffer(argument: ArrayArgument) -> _Buffer:
    return _Buffer(argument.name, argument.dtype, argument.extents, argument.role == "output")
