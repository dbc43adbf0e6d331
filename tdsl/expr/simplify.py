"""The one simplifier: exact rules only, decided by what is known of ranges and facts; same object when nothing applies.

In: a node, half-open ranges of its variables, conditions that hold. Out: a node with the same value for all values in
the ranges, in every bit: integers may wrap, floats keep NaN, infinities and signs of zero. Integer sums take the
affine normal form; `//` and `%` lose what divides; comparisons, min, max and conditions are decided where `Knowledge`
can prove them. Branches of a `Select` are simplified under its condition. Counterparts: Halide's `Simplify`, TVM's
`Analyzer`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import gcd

from tdsl.dtypes import max_value
from tdsl.expr import build
from tdsl.expr.float_rules import simplify_cast, simplify_float
from tdsl.expr.knowledge import Knowledge, Ranges
from tdsl.expr.linear import Form, constant_of, from_linear
from tdsl.expr.node import BOOL, Binary, Cast, Compare, Const, Fma, Node, Reduce, Select, Unary

CONTEXT_VISITS = 4000
"""Nodes that one call may simplify again under the condition of a `Select`; beyond, branches lose that context."""

MAXIMUM_NESTING = 40
"""Conditions that one branch may stand under, one Python recursion each."""


def simplify(node: Node, ranges: Ranges | Knowledge | None = None, facts: Iterable[Node] = ()) -> Node:
    """A node of the same value, simpler where an exact rule applies; the same object where none does.

    Args:
        node: any expression.
        ranges: variable -> half-open (lower, upper), nodes or ints or None; or a `Knowledge` to share its tables.
        facts: bool nodes that hold wherever the expression is evaluated.
    """
    return _Simplifier(_knowledge(ranges, facts)).run(node)


def prove(condition: Node, ranges: Ranges | Knowledge | None = None, facts: Iterable[Node] = ()) -> bool:
    """Whether the condition is proved to hold for all values in the ranges; sound, incomplete."""
    return _knowledge(ranges, facts).prove(condition)


def linear(node: Node) -> tuple[Mapping[Node, int], int]:
    """The affine normal form of an integer node: `{term: coefficient}` and the constant, exact modulo 2**bits."""
    return Knowledge().form(node)


def _knowledge(ranges: Ranges | Knowledge | None, facts: Iterable[Node]) -> Knowledge:
    if isinstance(ranges, Knowledge):
        given = tuple(facts)
        return ranges.given(*given) if given else ranges
    return Knowledge(ranges, facts)


class _Simplifier:
    """One run: a table of results for each set of conditions stood under."""

    def __init__(self, known: Knowledge, nesting: int = 0, budget: list[int] | None = None) -> None:
        self.known = known
        self.nesting = nesting
        self.budget = [CONTEXT_VISITS] if budget is None else budget
        self.done: dict[Node, Node] = {}

    def run(self, node: Node) -> Node:
        """Bottom-up with an explicit stack; a `Select` comes before its branches, which need its condition."""
        stack: list[tuple[Node, bool]] = [(node, False)]
        while stack:
            current, ready = stack.pop()
            if current in self.done:
                continue
            children = current.children
            contextual = isinstance(current, Select) and self.nesting < MAXIMUM_NESTING and self.budget[0] > 0
            needed = children[:1] if contextual else children
            if not ready and needed:
                stack.append((current, True))
                stack.extend((child, False) for child in reversed(needed) if child not in self.done)
                continue
            if isinstance(current, Select) and contextual:
                self.done[current] = self._branches(current)
            else:
                self.done[current] = self._rule(
                    current.rebuilt(tuple(self.done[child] for child in children))
                )
            if self.nesting:
                self.budget[0] -= 1
        return self.done[node]

    def _branches(self, node: Select) -> Node:
        """A select: its condition is known in one branch, its negation in the other."""
        cond = self.done[node.cond]
        if isinstance(cond, Const):
            return self.run(node.then if cond.value else node.otherwise)
        then = self._under(cond, node.then)
        otherwise = self._under(build.logical_not(cond), node.otherwise)
        return simplify_select(self.known, node.rebuilt((cond, then, otherwise)))

    def _under(self, condition: Node, node: Node) -> Node:
        if not node.children:
            return node
        return _Simplifier(self.known.given(condition), self.nesting + 1, self.budget).run(node)

    def _rule(self, node: Node) -> Node:
        """One node whose operands are simple."""
        match node:
            case Unary():
                return (
                    build.unary(node.op, node.operand) if not node.dtype.is_integer else self._integer(node)
                )
            case Binary() if node.dtype is BOOL:
                return simplify_condition(self.known, build.binary(node.op, node.lhs, node.rhs))
            case Binary() if node.dtype.is_integer:
                return self._integer(node)
            case Binary():
                return simplify_float(node)
            case Compare():
                return simplify_comparison(self.known, node)
            case Select():
                return simplify_select(self.known, node)
            case Cast():
                return simplify_cast(node)
            case Fma():
                return build.fma(node.a, node.b, node.c, contracted=node.contracted)
            case Reduce():
                return node
            case _:
                return node

    def _integer(self, node: Unary | Binary) -> Node:
        if isinstance(node, Unary):
            folded = build.unary(node.op, node.operand)
            if (
                isinstance(folded, Unary)
                and folded.op == "abs"
                and self.known.interval(folded.operand)[0] >= 0
            ):
                return folded.operand
            return normal(self.known, folded) if node.op == "neg" else folded
        folded = build.binary(node.op, node.lhs, node.rhs)
        if not isinstance(folded, Binary):
            return folded
        match folded.op:
            case "add" | "sub" | "mul":
                return simplify_sum(self.known, folded)
            case "floordiv":
                return simplify_floordiv(self.known, folded)
            case "mod":
                return simplify_mod(self.known, folded)
            case "min" | "max":
                return simplify_extreme(self.known, folded)
            case _:
                return folded


def normal(known: Knowledge, node: Node) -> Node:
    """An integer sum in its affine normal form; itself where it has it already."""
    return from_linear(known.form(node), node.dtype)


def simplify_sum(known: Knowledge, node: Node) -> Node:
    """The normal form; a constant goes into the `min` or `max` that it is added to, if nothing wraps there.

    Rewrite::

        min(n - 1, 31) + 1    min(n, 32)
    """
    terms, constant = known.form(node)
    term = next(iter(terms), None)
    if (
        constant
        and len(terms) == 1
        and isinstance(term, Binary)
        and term.op in ("min", "max")
        and terms[term] == 1
    ):
        forms = [known.form(operand) for operand in term.children]
        moved: list[Form] = [(held, offset + constant) for held, offset in forms]
        if all(known.representable(form, node.dtype) for form in (*forms, *moved)):
            lhs, rhs = (from_linear(form, node.dtype) for form in moved)
            return simplify_extreme(known, Binary(term.op, lhs, rhs))
    return normal(known, node)


# division by constants


def _divided(known: Knowledge, node: Binary) -> tuple[Form, Form, int] | None:
    """`x` of `x // d` or `x % d` as `d * quotient + rest`, for a constant d > 0 and an x that does not wrap."""
    if not isinstance(node.rhs, Const) or int(node.rhs.value) <= 0 or not known.fits(node.lhs):
        return None
    divisor = int(node.rhs.value)
    terms, constant = known.form(node.lhs)
    quotient = {term: count // divisor for term, count in terms.items() if count % divisor == 0}
    rest = {term: count for term, count in terms.items() if count % divisor}
    offset = constant % divisor
    band = _band(known, (rest, offset), divisor)
    if band is not None:
        return (quotient, constant // divisor + band), (rest, offset - band * divisor), divisor
    return (quotient, constant // divisor), (rest, offset), divisor


def _band(known: Knowledge, rest: Form, divisor: int) -> int | None:
    """The q with `q * d <= rest < (q + 1) * d` for all values, where there is one."""
    low, high = 0, 0
    for term, count in rest[0].items():
        bounds = known.interval(term)
        low, high = low + count * bounds[count < 0], high + count * bounds[count > 0]
    low, high = low + rest[1], high + rest[1]
    if low // divisor == high // divisor:
        return low // divisor
    # Symbolic bounds may know more than the numbers: `i < n`.
    return 0 if known.within((rest[0], rest[1]), divisor) else None


def simplify_floordiv(known: Knowledge, node: Binary) -> Node:
    """`x // d`: what d divides comes out, a rest inside 0..d-1 vanishes, divisions in a row become one.

    Rewrite::

        (32*o + i) // 32    o             0 <= i < 32
        (n + 37) // 4       (n + 1) // 4 + 9
        (x // 4) // 8       x // 32
        x // n              0             0 <= x < n
    """
    divided = _divided(known, node)
    if divided is None:
        return _small(known, node, build.constant(0, node.dtype))
    quotient, rest, divisor = divided
    dtype = node.dtype
    inner = from_linear(rest, dtype)
    if known.within(rest, divisor):
        return from_linear(quotient, dtype)
    if not known.fits(inner):
        return node
    multiple = next(
        (term for term, count in rest[0].items() if count * known.stride(term) % divisor == 0), None
    )
    if multiple is not None:
        others = {term: count for term, count in rest[0].items() if term is not multiple}
        if known.within((others, rest[1]), divisor):
            inner = from_linear(({multiple: rest[0][multiple]}, 0), dtype)
    divided_node: Node = build.floordiv(inner, node.rhs)
    if (
        isinstance(inner, Binary)
        and inner.op == "floordiv"
        and isinstance(inner.rhs, Const)
        and int(inner.rhs.value) > 0
    ):
        product = int(inner.rhs.value) * divisor
        if product <= int(max_value(dtype)):
            divided_node = simplify_floordiv(
                known, Binary("floordiv", inner.lhs, build.constant(product, dtype))
            )
    if not quotient[0] and not quotient[1]:
        return divided_node
    return normal(
        known,
        build.add(
            from_linear((quotient[0], 0), dtype), build.add(divided_node, constant_of(quotient[1], dtype))
        ),
    )


def simplify_mod(known: Knowledge, node: Binary) -> Node:
    """`x % d`: multiples of d vanish, a rest inside 0..d-1 is the result.

    Rewrite::

        (32*o + i) % 32     i             0 <= i < 32
        (n + 37) % 4        (n + 1) % 4
        (x % 12) % 4        x % 4
        x % n               x             0 <= x < n
    """
    divided = _divided(known, node)
    if divided is None:
        return _small(known, node, node.lhs)
    _, rest, divisor = divided
    dtype = node.dtype
    kept = {term: count for term, count in rest[0].items() if count * known.stride(term) % divisor}
    rest = (kept, rest[1])
    if known.within(rest, divisor):
        return from_linear(rest, dtype)
    inner = from_linear(rest, dtype)
    if not known.fits(inner):
        return node
    if isinstance(inner, Binary) and inner.op == "mod" and isinstance(inner.rhs, Const):
        if int(inner.rhs.value) > 0 and int(inner.rhs.value) % divisor == 0:
            return simplify_mod(known, Binary("mod", inner.lhs, node.rhs))
    return build.mod(inner, node.rhs)


def _small(known: Knowledge, node: Binary, result: Node) -> Node:
    """`x // y` and `x % y` for 0 <= x < y, y not constant."""
    if known.interval(node.rhs)[1] > 0 and known.nonnegative(node.lhs):
        if known.prove(build.lt(node.lhs, node.rhs)):
            return result
    return node


# min, max, comparisons, conditions


def simplify_extreme(known: Knowledge, node: Binary) -> Node:
    """`min` and `max` of integers: the operand proved to win, and nested ones that cannot change the result."""
    low, high = (node.lhs, node.rhs) if node.op == "min" else (node.rhs, node.lhs)
    if known.prove(build.le(low, high)):
        return node.lhs
    if known.prove(build.le(high, low)):
        return node.rhs
    # min(x, min(x, y)) and min(x, max(x, y)): the inner one decides nothing.
    for outer, inner in ((node.lhs, node.rhs), (node.rhs, node.lhs)):
        if isinstance(inner, Binary) and inner.op in ("min", "max") and outer in (inner.lhs, inner.rhs):
            return inner if inner.op == node.op else outer
    if isinstance(node.lhs, Const) and not isinstance(node.rhs, Const):
        return build.binary(node.op, node.rhs, node.lhs)
    if isinstance(node.rhs, Const) and isinstance(node.lhs, Binary) and node.lhs.op == node.op:
        if isinstance(node.lhs.rhs, Const):
            return build.binary(node.op, node.lhs.lhs, build.binary(node.op, node.lhs.rhs, node.rhs))
    return node


def simplify_comparison(known: Knowledge, node: Compare) -> Node:
    """Decides a comparison, or takes common terms and common factors out of both sides of an integer one.

    Rewrite::

        32*o + i < 32*o + n     i < n           4*i <= 4*n + 2     i <= n
        i + 1 <= n              i < n           x <= 31            x < 32
    """
    folded = build.compare(node.op, node.lhs, node.rhs)
    if not isinstance(folded, Compare) or not folded.lhs.dtype.is_integer:
        return folded
    if known.prove(folded):
        return build.TRUE
    if known.refute(folded):
        return build.FALSE
    if not (known.fits(folded.lhs) and known.fits(folded.rhs)):
        return folded
    cancelled = _cancelled(known, folded)
    return _strict(known, cancelled) if isinstance(cancelled, Compare) else cancelled


def _cancelled(known: Knowledge, node: Compare) -> Node:
    (left, a), (right, b) = known.form(node.lhs), known.form(node.rhs)
    shared = any(term in right and (count > 0) == (right[term] > 0) for term, count in left.items())
    terms = {term: left.get(term, 0) - right.get(term, 0) for term in (*left, *right)}
    terms = {term: count for term, count in terms.items() if count}
    factor = gcd(*terms.values()) if terms else 1
    constant = a - b
    if factor == 1 and not shared:
        return node
    # sum(terms) + constant <op> 0, divided by the factor; the rounding of the constant keeps integers exact.
    if node.op in ("eq", "ne") and constant % factor:
        return build.FALSE if node.op == "eq" else build.TRUE
    rounded = constant // factor if node.op in ("eq", "ne", "lt", "ge") else -(-constant // factor)
    positive: Form = ({term: count // factor for term, count in terms.items() if count > 0}, max(rounded, 0))
    negative: Form = (
        {term: -count // factor for term, count in terms.items() if count < 0},
        max(-rounded, 0),
    )
    dtype = node.lhs.dtype
    # Without the terms that were taken out, a side may wrap that did not before.
    if not (known.representable(positive, dtype) and known.representable(negative, dtype)):
        return node
    return build.compare(node.op, from_linear(positive, dtype), from_linear(negative, dtype))


def _strict(known: Knowledge, node: Compare) -> Node:
    """`<=` as `<`, in the half-open style of bounds, where that needs no constant or has one already."""
    if node.op not in ("le", "ge"):
        return node
    lesser, greater = (node.lhs, node.rhs) if node.op == "le" else (node.rhs, node.lhs)
    (left, a), (right, b) = known.form(lesser), known.form(greater)
    if a - b != 1 and right:
        return node
    # left + a <= right + b is left + (a - b - 1) < right.
    shift = a - b - 1
    dtype = node.lhs.dtype
    first: Form = (left, max(shift, 0) if right else 0)
    second: Form = (right, max(-shift, 0) if right else -shift)
    if not (known.representable(first, dtype) and known.representable(second, dtype)):
        return node
    return build.lt(from_linear(first, dtype), from_linear(second, dtype))


def simplify_condition(known: Knowledge, node: Node) -> Node:
    """`and` and `or`: a side that the other one implies or excludes goes."""
    if not isinstance(node, Binary) or node.op not in ("and", "or"):
        return node
    holds = node.op == "and"
    for side, other in ((node.lhs, node.rhs), (node.rhs, node.lhs)):
        given = known.given(side if holds else build.logical_not(side))
        if given.prove(other):
            # a and b, where a implies b: a.   a or b, where not a implies b: true.
            return side if holds else build.TRUE
        if given.refute(other):
            return build.FALSE if holds else side
    return node


def simplify_select(known: Knowledge, node: Node) -> Node:
    """A select whose condition is decided, negated, or the value itself."""
    if not isinstance(node, Select):
        return node
    if known.prove(node.cond):
        return node.then
    if known.refute(node.cond):
        return node.otherwise
    if isinstance(node.cond, Unary) and node.cond.op == "not":
        return simplify_select(known, build.select(node.cond.operand, node.otherwise, node.then))
    if node.then is build.TRUE and node.otherwise is build.FALSE:
        return node.cond
    if node.then is build.FALSE and node.otherwise is build.TRUE:
        return build.logical_not(node.cond)
    return build.select(node.cond, node.then, node.otherwise)
