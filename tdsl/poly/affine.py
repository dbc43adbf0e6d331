"""Scalar nodes to isl: index expressions and conditions over named variables as affine values, sets and maps.

In: int64 and bool nodes over axes (dimensions, in a given order) and sizes or params (parameters). `+ - *` by
constants, `//` and `%` by constants, `min max abs select` and conditions become (piecewise) quasi-affine values; a
product of sizes is one opaque parameter. Out: isl objects with generated names, or `NonAffine` that names the term;
`nodes.py` goes back. Source: Presburger arithmetic with floors (isl's manual, "Piecewise Quasi Affine Expressions").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from tdsl.expr.node import Binary, Compare, CompareOp, Const, Node, Select, Unary, Var
from tdsl.poly import library as isl
from tdsl.poly.isl import basic_map, basic_set, map_space, param_space, set_space
from tdsl.poly.polynomial import Linear, Monomial, combined, polynomial
from tdsl.poly.towers import is_tower
from tdsl.records import dataclass


class NonAffine(Exception):
    """A node that isl cannot express: `term` is the smallest part that is to blame."""

    def __init__(self, term: Node) -> None:
        super().__init__(term)
        self.term = term


# nodes to isl


@dataclass(frozen=True)
class Affine:
    """Nodes as isl objects over the dimensions `dims` and the parameters `params` (an order of columns)."""

    dims: tuple[Var, ...]
    params: tuple[Monomial, ...]

    @cached_property
    def param_space(self) -> isl.Space:
        return param_space(len(self.params))

    @cached_property
    def space(self) -> isl.Space:
        return set_space(self.param_space, len(self.dims))

    @cached_property
    def _local(self) -> isl.LocalSpace:
        return isl.LocalSpace.from_space(self.space)

    @cached_property
    def _columns(self) -> Mapping[Monomial, int]:
        columns = {monomial: 1 + place for place, monomial in enumerate(self.params)}
        start = 1 + len(self.params)
        return columns | {(var,): start + place for place, var in enumerate(self.dims)}

    def row(self, node: Node) -> list[int] | None:
        """`[constant, parameters…, dims…]` of a node that is linear; None where it is affine by cases or floors."""
        form = polynomial(node)
        return None if form is None else self._row(form, node)

    def _row(self, form: Linear, node: Node) -> list[int]:
        row = [0] * (1 + len(self.params) + len(self.dims))
        row[0] = form[1]
        for monomial, coefficient in form[0].items():
            column = self._columns.get(monomial)
            if column is None:
                raise NonAffine(_blame(node, monomial))
            row[column] = coefficient
        return row

    def aff(self, row: Sequence[int]) -> isl.Aff:
        """A row as an affine value."""
        value = isl.Aff.zero_on_domain(self._local).set_constant_val(row[0])
        count = len(self.params)
        for place, coefficient in enumerate(row[1 : 1 + count]):
            if coefficient:
                value = value.set_coefficient_val(isl.dim_type.param, place, coefficient)
        for place, coefficient in enumerate(row[1 + count :]):
            if coefficient:
                value = value.set_coefficient_val(isl.dim_type.in_, place, coefficient)
        return value

    @cached_property
    def _values(self) -> dict[Node, isl.PwAff]:
        """Values made so far: parts that a node has several times are made once."""
        return {}

    @cached_property
    def _clear(self) -> set[Node]:
        """Nodes without an offender, found so far."""
        return set()

    @cached_property
    def _floors(self) -> dict[Node, frozenset[Node]]:
        """The divisions in the parts of nodes asked about so far."""
        return {}

    def value(self, node: Node) -> isl.PwAff:
        """An integer node as a piecewise quasi-affine value."""
        if node not in self._values:
            self._values[node] = self._value(node)
        return self._values[node]

    def _value(self, node: Node) -> isl.PwAff:
        row = self.row(node)
        if row is not None:
            return isl.PwAff.from_aff(self.aff(row))
        if is_tower(node, self._floors):
            raise NonAffine(node)
        match node:
            case Unary(op="neg"):
                return self.value(node.operand).neg()
            case Unary(op="abs"):
                operand = self.value(node.operand)
                return operand.max(operand.neg())
            case Binary():
                return self._binary(node)
            case Select():
                holds = self.condition(node.cond)
                then = self.value(node.then).intersect_domain(holds)
                otherwise = self.value(node.otherwise).intersect_domain(holds.complement())
                return then.union_add(otherwise).coalesce()
            case _:
                raise NonAffine(node)

    def _binary(self, node: Binary) -> isl.PwAff:
        match node.op:
            case "add":
                return self.value(node.lhs).add(self.value(node.rhs))
            case "sub":
                return self.value(node.lhs).sub(self.value(node.rhs))
            case "min":
                return self.value(node.lhs).min(self.value(node.rhs))
            case "max":
                return self.value(node.lhs).max(self.value(node.rhs))
            case "mul":
                for factor, other in ((node.lhs, node.rhs), (node.rhs, node.lhs)):
                    form = polynomial(factor)
                    if form is not None and not form[0]:
                        return self.value(other).scale_val(form[1])
                raise NonAffine(node)
            case "floordiv" | "mod":
                return self._divide(node)
            case _:
                raise NonAffine(node)

    def _divide(self, node: Binary) -> isl.PwAff:
        """Floor division and remainder by a constant; both are 0 for a zero divisor (semantics D2)."""
        form = polynomial(node.rhs)
        if form is None or form[0]:
            raise NonAffine(node)
        divisor, value = form[1], self.value(node.lhs)
        if divisor == 0:
            return value.scale_val(0)
        if node.op == "floordiv":
            return (value if divisor > 0 else value.neg()).scale_down_val(abs(divisor)).floor()
        return value.mod_val(divisor) if divisor > 0 else value.neg().mod_val(-divisor).neg()

    def offender(self, node: Node) -> Node | None:
        """The smallest part of a node that isl cannot express; None where it can. Builds nothing."""
        stack = [node]
        while stack:
            current = stack.pop()
            if current in self._clear:
                continue
            found = self._offends(current)
            if found is not None:
                return found
            self._clear.add(current)
            if polynomial(current) is None:
                stack += reversed(current.children)
        return None

    def _offends(self, node: Node) -> Node | None:
        """What isl cannot express of a node, its operands aside."""
        form = polynomial(node) if node.dtype.is_integer else None
        if form is not None:
            strange = next((monomial for monomial in form[0] if monomial not in self._columns), None)
            return None if strange is None else _blame(node, strange)
        if is_tower(node, self._floors):
            return node
        match node:
            case Const():
                return None
            case Binary(op="floordiv" | "mod") if not _is_constant(node.rhs):
                return node
            case Binary(op="mul") if not (_is_constant(node.lhs) or _is_constant(node.rhs)):
                return node
            case Binary(op="div" | "shl" | "shr"):
                return node
            case Binary(op="and" | "or" | "xor") | Unary(op="not") if not node.dtype.is_bool:
                return node
            case Binary() | Unary(op="neg" | "abs" | "not") | Select() | Compare():
                return None
            case _:
                return node

    # conditions

    def conditions(self, nodes: Iterable[Node]) -> isl.Set:
        """The points where every condition holds."""
        equalities: list[list[int]] = []
        inequalities: list[list[int]] = []
        others: list[isl.Set] = []
        for node in conjuncts(nodes):
            if not self._as_rows(node, equalities, inequalities):
                others.append(self.condition(node))
        result = basic_set(self.space, equalities, inequalities)
        for other in others:
            result = result.intersect(other)
        return result

    def _as_rows(self, node: Node, equalities: list[list[int]], inequalities: list[list[int]]) -> bool:
        """Adds a comparison of linear values to the rows; False where it is something else."""
        if not isinstance(node, Compare) or node.op == "ne" or not node.lhs.dtype.is_integer:
            return False
        lhs, rhs = polynomial(node.lhs), polynomial(node.rhs)
        if lhs is None or rhs is None:
            return False
        if node.op == "eq":
            equalities.append(self._row(combined(lhs, rhs, -1), node))
            return True
        less = node.op in ("lt", "le")
        row = self._row(combined(rhs, lhs, -1) if less else combined(lhs, rhs, -1), node)
        row[0] -= node.op in ("lt", "gt")
        inequalities.append(row)
        return True

    def condition(self, node: Node) -> isl.Set:
        """The points where one condition holds."""
        equalities: list[list[int]] = []
        inequalities: list[list[int]] = []
        if self._as_rows(node, equalities, inequalities):
            return basic_set(self.space, equalities, inequalities)
        match node:
            case Const():
                return isl.Set.universe(self.space) if node.value else isl.Set.empty(self.space)
            case Compare():
                return self._compare(node)
            case Unary(op="not"):
                return self.condition(node.operand).complement()
            case Binary(op="and" | "min"):
                return self.conditions((node,)) if node.op == "and" else self._both(node)
            case Binary(op="or" | "max"):
                return self._any(node)
            case Binary(op="xor"):
                return _differ(self.condition(node.lhs), self.condition(node.rhs))
            case Select():
                holds = self.condition(node.cond)
                then = self.condition(node.then).intersect(holds)
                return then.union(self.condition(node.otherwise).subtract(holds))
            case _:
                raise NonAffine(node)

    def _both(self, node: Binary) -> isl.Set:
        return self.condition(node.lhs).intersect(self.condition(node.rhs))

    def _any(self, node: Binary) -> isl.Set:
        """The points where one of the parts that `or` (or `max`) joins holds."""
        parts: list[isl.Set] = []
        stack: list[Node] = [node]
        while stack:
            part = stack.pop()
            if isinstance(part, Binary) and part.op == node.op:
                stack += (part.rhs, part.lhs)
            else:
                parts.append(self.condition(part))
        total = parts[0]
        for part in parts[1:]:
            total = total.union(part)
        return total

    def _compare(self, node: Compare) -> isl.Set:
        dtype = node.lhs.dtype
        if dtype.is_bool and node.op in ("eq", "ne"):
            differ = _differ(self.condition(node.lhs), self.condition(node.rhs))
            return differ if node.op == "ne" else differ.complement()
        if not dtype.is_integer:
            raise NonAffine(node)
        return compare_values(node.op, self.value(node.lhs), self.value(node.rhs))

    # maps

    def relation(self, values: Sequence[Node]) -> isl.Map:
        """{ dims -> values }"""
        rows = [self.row(value) for value in values]
        space = map_space(self.param_space, len(self.dims), len(values))
        if all(row is not None for row in rows):
            equalities = [
                [*row, *(-int(column == place) for column in range(len(values)))]
                for place, row in enumerate(rows)
                if row is not None
            ]
            return basic_map(space, equalities, ())
        result = isl.Map.from_domain_and_range(
            isl.Set.universe(self.space), isl.Set.universe(set_space(self.param_space, 0))
        )
        for value in values:
            result = result.flat_range_product(isl.Map.from_pw_aff(self.value(value)))
        return result

    def between(self, lower: Node, upper: Node) -> isl.Map:
        """{ dims -> [e] : lower <= e < upper }"""
        line = set_space(self.param_space, 1)
        low = isl.Map.from_pw_aff(self.value(lower)).apply_range(isl.Map.lex_le(line))
        return low.intersect(isl.Map.from_pw_aff(self.value(upper)).apply_range(isl.Map.lex_gt(line)))


def _is_constant(node: Node) -> bool:
    form = polynomial(node)
    return form is not None and not form[0]


def conjuncts(nodes: Iterable[Node]) -> list[Node]:
    """The conditions with every `and` taken apart."""
    found: list[Node] = []
    stack = list(nodes)[::-1]
    while stack:
        node = stack.pop()
        if isinstance(node, Binary) and node.op == "and":
            stack += [node.rhs, node.lhs]
        else:
            found.append(node)
    return found


def compare_values(op: CompareOp, lhs: isl.PwAff, rhs: isl.PwAff) -> isl.Set:
    """The points where a comparison of two values holds."""
    match op:
        case "eq":
            return lhs.eq_set(rhs)
        case "ne":
            return lhs.ne_set(rhs)
        case "lt":
            return lhs.lt_set(rhs)
        case "le":
            return lhs.le_set(rhs)
        case "gt":
            return lhs.gt_set(rhs)
        case "ge":
            return lhs.ge_set(rhs)


def _differ(one: isl.Set, other: isl.Set) -> isl.Set:
    return one.subtract(other).union(other.subtract(one))


def _blame(node: Node, monomial: Monomial) -> Node:
    """The smallest product (or variable) of a node that gives a monomial no column stands for."""
    for child in node.children:
        form = polynomial(child)
        if form is not None and monomial in form[0]:
            return _blame(child, monomial)
        if form is None and any(monomial in (polynomial(part) or ({}, 0))[0] for part in child.children):
            return _blame(child, monomial)
    return node


def params_set(params: tuple[Monomial, ...], nodes: Iterable[Node]) -> isl.Set:
    """Conditions over sizes and params as a set of parameters."""
    return Affine((), params).conditions(nodes).params()
