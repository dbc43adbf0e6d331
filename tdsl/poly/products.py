"""Products of an axis and sizes in a proof: `i * w` is a variable of its own, and what conditions imply for it is added.

In: lifted nodes over axes, sizes and opaque values. Out: the products that occur as variables, quotients by a size tied
to what they divide, and what each variable is once the sizes are numbers. What products of conditions say of them is
found by `tighten.py`. No isl here, as in `polynomial.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from tdsl.expr.build import ONE, ZERO, add, compare, floordiv, logical_and, logical_or, mod, mul, sub
from tdsl.expr.node import Node, Var, index_const
from tdsl.poly.polynomial import Linear, Monomial, multiplied, polynomial
from tdsl.records import dataclass

PARAMETERS = 24
"""Products of sizes that are parameters of one proof at most: isl's time grows with every one."""


def is_of_sizes(monomial: Monomial) -> bool:
    """Whether a product has sizes alone in it."""
    return all(var.kind == "size" for var in monomial)


@dataclass(frozen=True, slots=True)
class Division:
    """`x // d` and `x % d` by a size (or a product of sizes), each a variable where it occurs."""

    divisor: Node
    parts: dict[str, Var] = field(default_factory=dict[str, Var])


@dataclass(slots=True)
class Products:
    """The variables of one proof that stand for products, and for quotients by sizes.

    variables: of each product. factors: the other way round. divisions: by what is divided, and by what.
    """

    variables: dict[Monomial, Var] = field(default_factory=dict[Monomial, Var])
    factors: dict[Var, Monomial] = field(default_factory=dict[Var, Monomial])
    divisions: dict[tuple[Node, Node], Division] = field(default_factory=dict[tuple[Node, Node], Division])

    def __bool__(self) -> bool:
        return bool(self.variables or self.divisions)

    def note(self, monomial: Monomial, var: Var) -> None:
        """Lets a variable stand for a product."""
        self.variables[monomial] = var
        self.factors[var] = monomial

    def expanded(self, form: Linear) -> Linear:
        """A polynomial with its variables for products written out."""
        terms: dict[Monomial, int] = {}
        for monomial, coefficient in form[0].items():
            factors = [factor for var in monomial for factor in self.factors.get(var, (var,))]
            whole = tuple(sorted(factors, key=lambda var: var.name))
            terms[whole] = terms.get(whole, 0) + coefficient
        return {monomial: count for monomial, count in terms.items() if count}, form[1]

    def multiplied(self, lhs: Node, rhs: Node) -> Linear:
        """The product of two polynomials, written out. Both are ones: `polynomial` of neither is None."""
        one, other = polynomial(lhs), polynomial(rhs)
        assert one is not None and other is not None
        return multiplied(self.expanded(one), self.expanded(other))

    def node(self, form: Linear) -> Node:
        """A polynomial as a node: products with an axis by their variables."""
        total: Node = ZERO
        for monomial, coefficient in form[0].items():
            known = self.variables.get(monomial)
            term = known if known is not None else product_of(monomial)
            total = add(total, mul(term, index_const(coefficient)))
        return add(total, index_const(form[1]))

    def ties(self) -> list[Node]:
        """What holds of quotients and remainders: `x - d * (x // d)` is `x % d`, and in 0 .. d; 0 where d is 0 (D2)."""
        return [_tie(x, division, self) for (x, _), division in self.divisions.items()]

    def definitions(self) -> list[tuple[Var, Node]]:
        """What each variable is; affine once the sizes are numbers."""
        found: list[tuple[Var, Node]] = []
        for (x, divisor), division in self.divisions.items():
            for op, var in division.parts.items():
                found.append((var, floordiv(x, divisor) if op == "floordiv" else mod(x, divisor)))
        return found + [(var, product_of(monomial)) for monomial, var in self.variables.items()]

    def multipliers(self) -> tuple[Monomial, ...]:
        """The products of sizes that axes are multiplied by."""
        found = {tuple(var for var in monomial if var.kind == "size") for monomial in self.variables}
        return tuple(sorted(found, key=lambda one: (len(one), [var.name for var in one])))

    def multiples(self, monomials: Iterable[Monomial]) -> list[Node]:
        """The products of sizes that tightening may mention, few of them: nodes, for the space of a proof."""
        sizes = [monomial for monomial in monomials if is_of_sizes(monomial)]
        found: dict[Monomial, None] = {}
        for factor in self.multipliers():
            found[factor] = None
            found.update(dict.fromkeys(joined(factor, one) for one in sizes))
        ordered = sorted(found, key=lambda one: (len(one), [var.name for var in one]))
        return [product_of(monomial) for monomial in ordered[:PARAMETERS]]


def _tie(x: Node, division: Division, products: Products) -> Node:
    divisor = division.divisor
    quotient, remainder = division.parts.get("floordiv"), division.parts.get("mod")
    none = [compare("eq", var, ZERO) for var in division.parts.values()]
    some = [compare("ge", divisor, ONE)]
    if quotient is not None:
        rest = sub(x, products.node(products.multiplied(quotient, divisor)))
        some += [compare("ge", rest, ZERO), compare("lt", rest, divisor)]
        if remainder is not None:
            some.append(compare("eq", rest, remainder))
    elif remainder is not None:
        some += [compare("ge", remainder, ZERO), compare("lt", remainder, divisor)]
    return logical_or(logical_and(compare("eq", divisor, ZERO), *none), logical_and(*some))


def product_of(monomial: Monomial) -> Node:
    """A product as a node."""
    total: Node = monomial[0]
    for var in monomial[1:]:
        total = mul(total, var)
    return total


def joined(one: Monomial, other: Monomial) -> Monomial:
    """The product of two products."""
    return tuple(sorted(one + other, key=lambda var: var.name))
