"""Integer expressions made affine: what isl cannot express becomes a fresh variable with the range it is known to have.

In: index expressions and conditions of a body (any scalar nodes). Out: int64 nodes that are affine in axes, sizes and
*opaque* variables, exact as mathematical integers: machine wrap-around is either excluded by ranges, or the wrapped
value is opaque itself, or noted in `Lifting.wide` for a proof. One node becomes one variable, so that
`where(x < n, V[x], 0)` is decided however `x` is computed. Source: the lifted iterator of a data-dependent index (the
feasibility study, check 9).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from tdsl.dtypes import max_value, min_value
from tdsl.expr.build import (
    ONE,
    ZERO,
    add,
    cast,
    compare,
    floordiv,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
    mod,
    mul,
    neg,
    select,
    sub,
)  # fmt: skip
from tdsl.expr.knowledge import conjuncts
from tdsl.expr.node import (
    INT64,
    Binary,
    Cast,
    Compare,
    Const,
    Node,
    Read,
    Select,
    Unary,
    Var,
    axis_var,
    index_const,
)  # fmt: skip
from tdsl.expr.rewrite import reads, variables, walk
from tdsl.expr.tensor import Axis, Param, Size
from tdsl.poly.extremes import Extremes, divided, extremes
from tdsl.poly.polynomial import Linear, Monomial, polynomial
from tdsl.poly.products import Division, Products, joined, product_of
from tdsl.poly.ranges import SIZE_LIMIT, Range, interval, of_dtype
from tdsl.poly.towers import is_tower
from tdsl.records import dataclass

Reason = Literal["data", "range", "quotient", "product", "division", "wraps", "reduction", "defined", "tower"]


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value that isl does not see inside: `lower <= var < upper` is all that is known of it.

    node: the expression it stands for. reason: why it is opaque. `data`: an element of an array with a declared range,
    so each value of the range can occur; `range`: data without one; `quotient`: `x // m` or `x % m` by a size;
    `defined`: affine by cases, and a variable so that products with it can be; `tower`: more divisions than isl is told
    of, known by its interval. bool values are 0 or 1.
    """

    var: Var
    node: Node
    lower: Node
    upper: Node
    reason: Reason

    def range(self) -> tuple[Node, ...]:
        """The conditions that hold of the variable; none for a whole int64, whose limits no proof needs."""
        if self.reason == "defined":
            return (compare("eq", self.var, self.node),)
        if self.node.dtype.bits == 64 and self.reason not in ("data", "quotient", "tower"):
            return () if self.node.dtype.is_signed else (compare("ge", self.var, ZERO),)
        return compare("ge", self.var, self.lower), compare("lt", self.var, self.upper)


class Lifting:
    """Lifts the nodes of one stage; every node once.

    Args:
        axes: the stage's axes, bounds included, outer ones first.
        sizes: facts of the sizes; a size that is not listed has none.
        params: the scalar arguments; an integer one with a declared range is a variable of the proof.
        exact: products of an axis and sizes, and quotients by sizes, are noted in `products`, for proofs that know more
            of them than a range.
        chosen: an int64 param is a parameter, as a size is, not data.
    """

    def __init__(
        self,
        axes: Iterable[Axis],
        sizes: Iterable[Size],
        params: Iterable[Param] = (),
        *,
        exact: bool = False,
        chosen: bool = False,
    ) -> None:
        self.exact, self.chosen = exact, chosen
        self.products = Products()
        self.opaque: dict[Node, Opaque] = {}
        self.wide: dict[Node, Node] = {}
        """int64 arithmetic that is not excluded from wrapping by ranges alone: node -> its exact lifted value."""
        self._params = {param.name: param for param in params}
        self._cases: dict[Var, Node] = {}
        self._lifted: dict[Node, Node] = {}
        self._ranges: dict[Node, Range] = {}
        self._floors: dict[Node, frozenset[Node]] = {}
        self._limits: dict[Var, Extremes] = {}
        """Of axes and opaque variables, as expressions of sizes, where they have such."""
        for size in sizes:
            self._ranges[Var(size.name, INT64, "size")] = (size.minimum, SIZE_LIMIT - 1)
        for axis in axes:
            # A bound that might leave int64 is in `wide`, and so is proved not to.
            low = max(self.range(self.lift(axis.lower))[0], -(1 << 63))
            high = min(self.range(self.lift(axis.upper))[1], (1 << 63) - 1) - 1
            self._ranges[axis_var(axis.name)] = (low, max(low, high))
            self._limit(axis_var(axis.name), self.lift(axis.lower), self.lift(axis.upper))

    def lift(self, node: Node) -> Node:
        """The affine int64 node of an integer node, or the condition over affine nodes of a bool one."""
        for part in walk(node):
            if part not in self._lifted and (part.dtype.is_integer or part.dtype.is_bool):
                self._lifted[part] = self._lift(part)
        return self._lifted[node]

    def range(self, lifted: Node) -> Range:
        """Least and greatest value that a lifted int64 node may take, by intervals."""
        for part in walk(lifted):
            if part not in self._ranges and not part.dtype.is_bool:
                self._ranges[part] = interval(part, self._ranges)
        return self._ranges[lifted]

    def extremes(self, lifted: Node) -> Extremes | None:
        """Least and greatest value that a lifted int64 node may take, as expressions of sizes; None where unknown."""
        return extremes(lifted, self._limits.get)

    def _limit(self, var: Var, lower: Node, upper: Node) -> None:
        """Notes that `lower <= var < upper`, as far as sizes say it."""
        low, high = self.extremes(lower), self.extremes(upper)
        if low is not None and high is not None:
            self._limits[var] = low[0], sub(high[1], ONE)

    def value_range(self, node: Node) -> tuple[Node, Node]:
        """The half-open range that data is known to have: the declared one, or the dtype's."""
        declared = None
        if isinstance(node, Read):
            declared = node.tensor.value_range
        elif isinstance(node, Var) and node.kind == "param" and node.name in self._params:
            declared = self._params[node.name].value_range
        if declared is not None:
            return declared
        if node.dtype.is_bool:
            return ZERO, index_const(2)
        low, high = min_value(node.dtype), max_value(node.dtype)
        return _mathematical(int(low)), _mathematical(int(high) + 1)

    def _lift(self, node: Node) -> Node:
        match node:
            case Const():
                value = int(node.value)
                return node if node.dtype.is_bool else _mathematical(value)
            case Var(kind="axis" | "size") if node.dtype is INT64:
                return node
            case Var(kind="param") if self.chosen and node.dtype is INT64:
                return self._parameter(node)
            case Var(kind="param") | Read():
                return self._data(node)
            case Unary():
                return self._unary(node)
            case Binary():
                return self._binary(node)
            case Compare():
                return self._compare(node)
            case Select():
                return self._select(node, *(self._lifted[child] for child in node.children))
            case Cast():
                return self._cast(node)
            case _:
                return self._fresh(node, "reduction")

    def _parameter(self, node: Var) -> Node:
        """A param as it is, with the range that is declared."""
        lower, upper = self.value_range(node)
        self._ranges[node] = self.range(self.lift(lower))[0], self.range(self.lift(upper))[1] - 1
        self._limit(node, lower, upper)
        return node

    def _data(self, node: Node) -> Node:
        declared = isinstance(node, Read) and node.tensor.value_range is not None
        declared |= (
            isinstance(node, Var)
            and node.name in self._params
            and self._params[node.name].value_range is not None
        )
        return self._fresh(node, "data" if declared or node.dtype.is_bool else "range")

    def _fresh(self, node: Node, reason: Reason, limits: Extremes | None = None) -> Node:
        """The variable that stands for an opaque node; a bool one is the comparison of its variable with 1.

        limits: half-open, where more is known than the dtype and declarations say.
        """
        lower, upper = limits or self.value_range(node)
        var = axis_var(f"?{len(self.opaque)}")
        self.opaque[node] = Opaque(var, node, lower, upper, reason)
        if node.dtype.is_bool:
            return compare("eq", var, ONE)
        least, greatest = of_dtype(node.dtype)
        low, high = self.range(self.lift(lower))[0], self.range(self.lift(upper))[1] - 1
        self._ranges[var] = (max(low, least), min(high, greatest))
        if reason in ("data", "quotient"):
            self._limit(var, lower, upper)
        return var

    def _fitting(self, node: Node, lifted: Node, reason: Reason = "wraps") -> Node:
        """`lifted` where the dtype holds all its values; else the wrapped value is opaque, int64's is to be proved."""
        if node.dtype.is_bool:
            return lifted
        low, high = self.range(lifted)
        fits = min_value(node.dtype) <= low and high <= max_value(node.dtype)
        if is_tower(lifted, self._floors):
            return self._fresh(node, "tower", (_mathematical(low), _mathematical(high + 1)) if fits else None)
        if fits:
            return lifted
        if node.dtype is INT64:
            self.wide[node] = lifted
            return lifted
        return self._fresh(node, reason)

    def _select(self, node: Select, cond: Node, then: Node, otherwise: Node) -> Node:
        if node.dtype.is_bool:
            return logical_or(logical_and(cond, then), logical_and(logical_not(cond), otherwise))
        return self._fitting(node, select(cond, then, otherwise))

    def _unary(self, node: Unary) -> Node:
        operand = self._lifted[node.operand]
        if node.op == "not" and node.dtype.is_bool:
            return logical_not(operand)
        if node.op == "neg":
            return self._fitting(node, neg(operand))
        if node.op == "abs":
            return self._fitting(node, maximum(operand, neg(operand)))
        return self._fresh(node, "division")

    def _binary(self, node: Binary) -> Node:
        lhs, rhs = self._lifted[node.lhs], self._lifted[node.rhs]
        if node.dtype.is_bool:
            return self._logical(node, lhs, rhs)
        match node.op:
            case "add" | "sub" | "min" | "max":
                return self._fitting(node, _EXACT[node.op](lhs, rhs))
            case "mul" if isinstance(lhs, Const) or isinstance(rhs, Const):
                return self._fitting(node, mul(lhs, rhs))
            case "mul":
                product = mul(lhs, rhs)
                if not _is_size_polynomial(product):
                    product = self._product(node, lhs, rhs)
                return self._fresh(node, "product") if product is None else self._fitting(node, product)
            case "floordiv" | "mod" if isinstance(rhs, Const) and (divisor := _value(rhs)) != 0:
                return self._fitting(node, _quotient_by(node.op, lhs, divisor))
            case "floordiv" | "mod" if _is_size_polynomial(rhs):
                return self._divided(node, lhs, rhs)
            case "shl" if isinstance(rhs, Const) and 0 <= (bits := _value(rhs)) < min(node.dtype.bits, 32):
                return self._fitting(node, mul(lhs, index_const(1 << bits)))
            case "shr" if isinstance(rhs, Const) and 0 <= (bits := _value(rhs)) < min(node.dtype.bits, 32):
                return self._fitting(node, floordiv(lhs, index_const(1 << bits)))
            case "and" if (
                isinstance(rhs, Const) and 0 <= (mask := _value(rhs)) < 1 << 32 and (mask & (mask + 1)) == 0
            ):
                return self._fitting(node, mod(lhs, index_const(mask + 1)))
            case _:
                return self._fresh(node, "division")

    def _product(self, node: Binary, lhs: Node, rhs: Node) -> Node | None:
        """A product of sizes and something else as a sum of variables; None where it is something else."""
        if not self.exact or node.dtype is not INT64:
            return None
        sides = (lhs, rhs)
        for place in (0, 1):
            if polynomial(sides[place]) is None:
                if not _is_size_polynomial(sides[1 - place]):
                    return None
                named = self._named(sides[place])
                sides = (named, rhs) if place == 0 else (lhs, named)
        form = self.products.multiplied(*sides)
        return self.products.node(form) if self._noted(form) else None

    def _noted(self, form: Linear) -> bool:
        """Whether every product of a polynomial has one factor that is no size at most; each then has a variable."""
        for monomial in form[0]:
            others = [var for var in monomial if var.kind != "size"]
            if len(others) > 1:
                return False
            if not others or len(monomial) == 1 or monomial in self.products.variables:
                continue
            self._multiple(others[0], tuple(var for var in monomial if var.kind == "size"))
        return True

    def _multiple(self, var: Var, factors: Monomial) -> None:
        """Lets a variable stand for `var` times sizes; and one for each axis that `var` is affine in by cases."""
        monomial = joined((var,), factors)
        if monomial in self.products.variables:
            return
        low, high = self._ranges.get(var, of_dtype(var.dtype))
        limit, sizes = SIZE_LIMIT ** len(factors), product_of(factors)
        made = self._variable(
            mul(self._shown(var), sizes), "product", (min(low * limit, 0), max(high * limit, 0))
        )
        if var in self._limits:
            least, greatest = self._limits[var]
            self._limits[made] = mul(least, sizes), mul(greatest, sizes)
        self.products.note(monomial, made)
        if var in self._cases:
            for inner in variables(self._cases[var]):
                if inner.kind != "size" and inner not in self.products.factors:
                    self._multiple(inner, factors)

    def _shown(self, var: Var) -> Node:
        """What a variable stands for, for messages."""
        known = next((entry.node for entry in self.opaque.values() if entry.var is var), var)
        return known if known.dtype is INT64 else cast(known, INT64)

    def _named(self, lifted: Node) -> Var:
        """The variable that a node which is affine by cases is equal to."""
        known = next((var for var, cases in self._cases.items() if cases is lifted), None)
        if known is not None:
            return known
        var = self._variable(lifted, "defined", self.range(lifted))
        self._cases[var] = lifted
        limits = self.extremes(lifted)
        if limits is not None:
            self._limits[var] = limits
        return var

    def _variable(self, node: Node, reason: Reason, limits: Range) -> Var:
        """A variable that is an int64 node as a mathematical integer."""
        lower, upper = self.value_range(node)
        var = axis_var(f"?{len(self.opaque)}")
        self.opaque[var] = Opaque(var, node, lower, upper, reason)
        self._ranges[var] = limits
        return var

    def _divided(self, node: Binary, lhs: Node, rhs: Node) -> Node:
        """`lhs // m` or `lhs % m` by a polynomial of sizes."""
        limits = self._quotient(node.op, lhs, rhs)
        value = self._fresh(node, "division" if limits is None else "quotient", limits)
        form = polynomial(rhs)
        if self.exact and node.dtype is INT64 and isinstance(value, Var) and form is not None:
            simple = len(form[0]) == 1 and not form[1] and min(form[0].values()) > 0
            if simple and (node.op == "mod" or self._noted(self.products.multiplied(value, rhs))):
                self.products.divisions.setdefault((lhs, rhs), Division(rhs)).parts[node.op] = value
        return value

    def _quotient(self, op: str, lhs: Node, rhs: Node) -> Extremes | None:
        """The half-open range of `lhs // m` or `lhs % m` for a size m, or a product of sizes (semantics B4).

        Where m is 0 the value is 0 (D2), unless `lhs` takes no value then, as where it runs over a multiple of m.
        """
        form = polynomial(rhs)
        if form is None or list(form[0].values()) != [1] or form[1] != 0:
            return None
        (divisor,) = form[0]
        if any(var.kind != "size" for var in divisor):
            return None
        positive = all(self._ranges.get(var, (0, 0))[0] > 0 for var in divisor)
        limits = self.extremes(lhs)
        parts = None if limits is None else (divided(limits[0], divisor), divided(limits[1], divisor))
        low, high = parts or (None, None)
        never_zero = positive or (low is not None and high is not None and high[1] < low[1])
        if op == "mod":
            return ZERO, rhs if never_zero else maximum(rhs, ONE)
        if low is None or high is None or not never_zero:
            return None
        return add(low[0], index_const(min(low[1], 0))), add(high[0], index_const(max(high[1] + 1, 0)))

    def _logical(self, node: Binary, lhs: Node, rhs: Node) -> Node:
        match node.op:
            case "and" | "min":
                return logical_and(lhs, rhs)
            case "or" | "max":
                return logical_or(lhs, rhs)
            case _:
                return logical_or(logical_and(lhs, logical_not(rhs)), logical_and(logical_not(lhs), rhs))

    def _compare(self, node: Compare) -> Node:
        if not node.lhs.dtype.is_integer:
            return self._fresh(node, "data")
        return compare(node.op, self._lifted[node.lhs], self._lifted[node.rhs])

    def _cast(self, node: Cast) -> Node:
        source = node.operand.dtype
        if source.is_float:
            return self._fresh(node, "range")
        operand = self._lifted[node.operand]
        if node.dtype.is_bool:
            return operand if source.is_bool else compare("ne", operand, ZERO)
        if source.is_bool:
            return select(operand, ONE, ZERO)
        return self._converted(node, operand)

    def _converted(self, node: Cast, operand: Node) -> Node:
        """An integer converted to another integer dtype: the same where it fits, wrapped and so opaque where not."""
        low, high = self.range(operand)
        if min_value(node.dtype) <= low and high <= max_value(node.dtype):
            return operand
        return self._fresh(node, "wraps")


_EXACT: Mapping[str, Callable[[Node, Node], Node]] = {"add": add, "sub": sub, "min": minimum, "max": maximum}


def affine_parts(
    conditions: Iterable[Node], sizes: Iterable[Size], params: Iterable[Param]
) -> tuple[Node, ...]:
    """The parts of conditions on sizes and params that isl can be told; a fact about floats is none of them."""
    lifting = Lifting((), sizes, params, chosen=True)
    found: list[Node] = []
    for part in (part for condition in conditions for part in conjuncts(condition)):
        lifted = lifting.lift(part)
        hidden = {entry.var for entry in lifting.opaque.values()}
        if hidden.isdisjoint(variables(lifted)):
            found.append(part)
    return tuple(found)


def _is_size_polynomial(node: Node) -> bool:
    """Sums and products of sizes and constants: each product of sizes is a variable of the proof (semantics B4)."""
    for part in walk(node):
        match part:
            case Const() | Var(kind="size") | Unary(op="neg") | Binary(op="add" | "sub" | "mul"):
                continue
            case _:
                return False
    return True


def _mathematical(value: int) -> Node:
    """A constant of the proof; one beyond int64 is written as a sum of products, since isl's integers have no width."""
    if -(1 << 63) <= value < 1 << 63:
        return index_const(value)
    high, low = divmod(value, 1 << 32)
    return Binary("add", Binary("mul", index_const(high), index_const(1 << 32)), index_const(low))


def _value(node: Const) -> int:
    return int(node.value)


def _quotient_by(op: str, lhs: Node, divisor: int) -> Node:
    """Division and remainder by a constant of either sign: `x // -c` is `-x // c`, `x % -c` is `-(-x % c)`."""
    size = index_const(abs(divisor))
    if op == "floordiv":
        return floordiv(lhs if divisor > 0 else neg(lhs), size)
    return mod(lhs, size) if divisor > 0 else neg(mod(neg(lhs), size))


def opaque_term(
    *nodes: Node, products: bool = False, data: bool = False, params: Iterable[Param] = ()
) -> Node | None:
    """The first subexpression that is not affine in axes, sizes and constants; None where all are.

    Args:
        products: products of sizes are taken as well (shapes, semantics B4).
        data: elements of arrays and `params` that have a declared range are taken as well (loop bounds, semantics B3).
    """
    lifting = Lifting((), (), params)
    for node in nodes:
        for part in walk(node, skip=set(reads(node)) if data else ()):
            if part.dtype.is_integer or part.dtype.is_bool:
                hidden = _hidden(lifting, lifting.lift(part), data)
                if hidden is not None:
                    return hidden
            if not products and isinstance(part, Binary) and part.op == "mul" and not _has_constant(part):
                return part
    return None


def _hidden(lifting: Lifting, lifted: Node, data: bool) -> Node | None:
    """The first opaque part of a lifted node; of what stands in subscripts it does not depend."""
    inside = set(variables(lifted))
    for entry in lifting.opaque.values():
        taken = data and entry.reason == "data" and entry.node.dtype.is_integer
        if entry.var in inside and not taken:
            return entry.node
    return None


def _has_constant(product: Binary) -> bool:
    return isinstance(product.lhs, Const) or isinstance(product.rhs, Const)
