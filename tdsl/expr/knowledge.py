"""What is known of the names in an integer expression, and proofs from it: affine inequalities under facts.

In: ranges of variables (`intervals.py`) and conditions known to hold. Out: `prove(condition)`, sound and incomplete:
True only where it holds for all values in the ranges. Proofs eliminate terms by their bounds, those first that no other
bound mentions (Fourier-Motzkin without branching on pairs; Halide's `can_prove` and TVM's `Analyzer` are the
counterparts), within a budget of steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from math import lcm
from typing import TYPE_CHECKING

from tdsl.dtypes import max_value, min_value
from tdsl.expr import build
from tdsl.expr.constants import signed
from tdsl.expr.intervals import LARGEST_SIZE, Bound, Intervals, Ranges, Sum
from tdsl.expr.linear import Form
from tdsl.expr.node import BOOL, Binary, Cast, Compare, Const, Node, Select, Unary, Var
from tdsl.expr.rewrite import walk
from tdsl.records import dataclass

if TYPE_CHECKING:
    from tdsl.expr.samples import Samples

__all__ = ["LARGEST_SIZE", "Knowledge", "Ranges", "conjuncts"]

BUDGET = 600
"""Steps of one proof; a typical one takes 3 to 30."""

FACTS = 24
"""Facts that a proof combines with what it shows, the ones added last: those of the closest conditions."""

BUDGET_OF_ALL = 10_000
"""Steps of all proofs over one kernel (some 0.2 s); then each is left `LITTLE`, so that no kernel takes minutes."""

BUDGET_OF_ONE = 4_000
"""The same of an expression that is simplified by itself."""

LITTLE = 12
"""Steps of a proof where they are spent."""


@dataclass(slots=True)
class Allowance:
    """The steps that are left to the proofs of one run."""

    left: int = BUDGET_OF_ALL


PROVED = -1


class Knowledge(Intervals):
    """Ranges and facts, with memo tables; make one for a set of ranges and ask it often.

    Args:
        ranges: name of a variable -> half-open (lower, upper), either end None where nothing is known; or None.
        facts: conditions that hold. allowance: the steps that all proofs of a run share; of its own where None.
    """

    def __init__(
        self, ranges: Ranges | None = None, facts: Iterable[Node] = (), allowance: Allowance | None = None
    ) -> None:
        super().__init__(ranges)
        self.allowance = Allowance(BUDGET_OF_ONE) if allowance is None else allowance
        self.facts: tuple[Node, ...] = tuple(part for fact in facts for part in conjuncts(fact))
        self._bounds: dict[tuple[Node, bool], tuple[tuple[Sum, ...], ...]] = {}
        self._mentions: dict[Node, frozenset[str]] = {}
        self._names: dict[Node, frozenset[str]] = {}
        self._parts: dict[Node, frozenset[Node]] = {}
        self._first: dict[tuple[Node, ...], Node] = {}
        self._fact_sums: tuple[Sum, ...] | None = None
        self._strides: dict[Node, int] | None = None
        self._steps = 0
        self._answers: dict[tuple[frozenset[tuple[Node, int]], int], int] = {}
        """Sums asked before: `PROVED`, or the least depth at which no proof was found (facts are used near the top only)."""
        self.simplified: dict[Node, Node] = {}
        """What `simplify` found under this knowledge."""
        self._samples: Callable[[], Samples] | Samples = lambda: _samples(self)

    def given(self, *facts: Node) -> Knowledge:
        """The same with more facts; tables that facts do not enter are shared."""
        more = Knowledge(self.ranges, (*self.facts, *facts), self.allowance)
        more._forms, more.normal = self._forms, self.normal
        more._intervals, more._bounds = self._intervals, self._bounds
        more._mentions, more._first = self._mentions, self._first
        more._names, more._parts = self._names, self._parts
        more._samples = lambda: self.samples().given(facts)
        return more

    def inside(self, name: str, lower: Bound, upper: Bound, *facts: Node) -> Knowledge:
        """The same with one more variable, lower <= name < upper, and facts about it."""
        more = Knowledge({**self.ranges, name: (lower, upper)}, (*self.facts, *facts), self.allowance)
        more._forms, more.normal = self._forms, self.normal
        more._names, more._parts = self._names, self._parts
        more._samples = lambda: self.samples().inside(name, lower, upper).given(facts)
        return more

    def samples(self) -> Samples:
        """A few points in the ranges where the facts hold."""
        if callable(self._samples):
            self._samples = self._samples()
        return self._samples

    # proofs

    def prove(self, condition: Node) -> bool:
        """Whether the condition holds for all values in the ranges, under the facts; False where that is not found."""
        if self.samples().fails(condition):
            return False
        return self._within_budget(lambda: self._prove(condition, True, 0))

    def refute(self, condition: Node) -> bool:
        """Whether the condition holds for no values in the ranges; False where that is not found."""
        if self.samples().holds(condition):
            return False
        return self._within_budget(lambda: self._prove(condition, False, 0))

    def at_most(self, a: Node, b: Node) -> bool:
        """Whether a <= b is proved."""
        return not self.samples().exceeds(a, b) and self.prove(build.le(a, b))

    def nonnegative(self, node: Node, offset: int = 0) -> bool:
        """Whether the integer node plus `offset`, as whole numbers, is proved to be at least 0."""
        terms, constant = self.sum(node)
        if self.samples().leaves({node: 1}, offset, None):
            return False
        return self._within_budget(lambda: self._nonnegative((terms, constant + offset), 0))

    def within(self, total: Form, upper: int) -> bool:
        """Whether a sum over whole numbers is proved to lie in `0 <= sum < upper`."""
        if self.samples().leaves(*total, upper):
            return False
        below = {term: -count for term, count in total[0].items()}, upper - 1 - total[1]
        return self._within_budget(lambda: self._nonnegative(total, 0) and self._nonnegative(below, 0))

    def _within_budget(self, proof: Callable[[], bool]) -> bool:
        """Runs one proof with the steps that it may take."""
        shared = self.allowance
        given = self._steps = BUDGET if shared.left > 0 else LITTLE
        found = proof()
        shared.left -= given - max(self._steps, 0)
        return found

    def _prove(self, condition: Node, wanted: bool, depth: int) -> bool:
        if depth > 24:
            return False
        match condition:
            case Const():
                return bool(condition.value) is wanted
            case Unary(op="not"):
                return self._prove(condition.operand, not wanted, depth + 1)
            case Binary(op="and" | "or") if condition.dtype is BOOL:
                both = (condition.op == "and") is wanted
                proofs = (self._prove(part, wanted, depth + 1) for part in condition.children)
                if all(proofs) if both else any(proofs):
                    return True
            case Select() if condition.dtype is BOOL:
                if all(
                    self._prove(part, wanted, depth + 1) for part in (condition.then, condition.otherwise)
                ):
                    return True
            case Compare() if condition.lhs.dtype.is_integer:
                op = condition.op if wanted else build.NEGATED[condition.op]
                if self._prove_comparison(op, condition.lhs, condition.rhs):
                    return True
            case _:
                pass
        return self._is_fact(condition, wanted)

    def _is_fact(self, condition: Node, wanted: bool) -> bool:
        return condition in self.facts if wanted else build.logical_not(condition) in self.facts

    def _prove_comparison(self, op: str, a: Node, b: Node) -> bool:
        match op:
            case "le":
                return self._at_least(b, a, 0)
            case "lt":
                return self._at_least(b, a, 1)
            case "ge":
                return self._at_least(a, b, 0)
            case "gt":
                return self._at_least(a, b, 1)
            case "eq":
                # Equal forms are equal numbers, wrapped or not.
                if self.form(a) == self.form(b):
                    return True
                return self._at_least(a, b, 0) and self._at_least(b, a, 0)
            case _:
                return self._at_least(a, b, 1) or self._at_least(b, a, 1) or self._differ(a, b)

    def _differ(self, a: Node, b: Node) -> bool:
        """Whether the forms differ by a constant that is no multiple of 2**bits."""
        (terms, constant), (others, offset) = self.form(a), self.form(b)
        return terms == others and signed(constant - offset, a.dtype) != 0

    def _at_least(self, a: Node, b: Node, offset: int) -> bool:
        """Whether a - b >= offset as whole numbers."""
        terms, constant = _added(self.sum(a), self.sum(b), -1)
        return self._nonnegative((terms, constant - offset), 0)

    def _nonnegative(self, total: Sum, depth: int) -> bool:
        """Whether a sum of whole numbers is at least 0: eliminate one term by its bounds and ask again."""
        self._steps -= 1 + len(total[0]) // 8
        if self._steps < 0 or depth > 24:
            return False
        if self.sum_interval(total)[0] >= 0:
            return True
        if not total[0]:
            return False
        key = frozenset(total[0].items()), total[1]
        known = self._answers.get(key)
        if known is not None and known <= depth:
            return known == PROVED
        found = self._by_bounds(total, depth)
        if found:
            self._answers[key] = PROVED
        elif self._steps >= 0:  # else it was the budget, and says nothing
            self._answers[key] = depth
        return found

    def _by_bounds(self, total: Sum, depth: int) -> bool:
        """`_nonnegative` of a sum that the intervals of its terms do not decide."""
        terms = total[0]
        if self._by_fact(total, depth):
            return True
        term = self._outermost(terms)
        count = terms[term]
        for alternative in self._bounds_of(term, count > 0):
            # Of one alternative every sum must do; any alternative will.
            if all(self._nonnegative(_replaced(total, term, bound), depth + 1) for bound in alternative):
                return True
        if (whole := self._without_division(total, term)) is not None and self._nonnegative(whole, depth + 1):
            return True
        low, high = self.interval(term)
        rest = {other: value for other, value in terms.items() if other is not term}
        return bool(rest) and self._nonnegative(
            (rest, total[1] + count * (low if count > 0 else high)), depth + 1
        )

    def _by_fact(self, total: Sum, depth: int) -> bool:
        """Tries `total - multiple * fact >= 0` for facts `>= 0` that cancel a term."""
        if depth > 3:
            return False
        self._steps -= len(self._known_sums()) // 2
        for fact in self._known_sums():
            for term, count in fact[0].items():
                held = total[0].get(term, 0)
                if held and held % count == 0 and held // count > 0:
                    rest = _added(total, fact, -(held // count))
                    if len(rest[0]) <= len(total[0]) + 1 and self._nonnegative(rest, depth + 1):
                        return True
                    break
        return False

    def _known_sums(self) -> tuple[Sum, ...]:
        """The facts as sums that are at least 0."""
        if self._fact_sums is None:
            found: list[Sum] = []
            for fact in self.facts[-FACTS:]:
                negated = isinstance(fact, Unary) and fact.op == "not"
                inner = fact.operand if isinstance(fact, Unary) and negated else fact
                if isinstance(inner, Compare) and inner.lhs.dtype.is_integer:
                    op = build.NEGATED[inner.op] if negated else inner.op
                    found += self._comparison_sums(op, inner.lhs, inner.rhs)
            self._fact_sums = tuple(found)
        return self._fact_sums

    def _comparison_sums(self, op: str, a: Node, b: Node) -> list[Sum]:
        rising, falling = _added(self.sum(b), self.sum(a), -1), _added(self.sum(a), self.sum(b), -1)
        match op:
            case "le":
                return [rising]
            case "lt":
                return [(rising[0], rising[1] - 1)]
            case "ge":
                return [falling]
            case "gt":
                return [(falling[0], falling[1] - 1)]
            case "eq":
                return [rising, falling]
            case _:
                return []

    def _outermost(self, terms: Mapping[Node, int]) -> Node:
        """The first term that no other term's bounds mention: the loop variable before the size it runs to."""
        key = tuple(terms)
        found = self._first.get(key)
        if found is None:
            found = self._first[key] = self._find_outermost(key)
        return found

    def _find_outermost(self, terms: tuple[Node, ...]) -> Node:
        for term in terms:
            others = [other for other in terms if other is not term]
            if isinstance(term, Var):
                if not any(term.name in self._mentioned(other) for other in others):
                    return term
            elif not any(self._stands_in(term, other) for other in others):
                return term
        return terms[0]

    def _stands_in(self, part: Node, node: Node) -> bool:
        return (
            not isinstance(node, Var)
            and self._names_in(part) <= self._names_in(node)
            and part in self._parts_of(node)
        )

    def _parts_of(self, node: Node) -> frozenset[Node]:
        """The first 200 nodes of an expression: they only decide in which order terms are tried."""
        found = self._parts.get(node)
        if found is None:
            found = self._parts[node] = frozenset(islice(walk(node), 200))
        return found

    def _mentioned(self, term: Node) -> frozenset[str]:
        """Names of the variables in a term and, for variables, in their bounds, all the way down."""
        found = self._mentions.get(term)
        if found is None:
            names: set[str] = set()
            queue = list(self._names_in(term))
            while queue:
                name = queue.pop()
                if name in names:
                    continue
                names.add(name)
                for bound in self.ranges.get(name) or ():
                    queue += self._names_in(bound) if isinstance(bound, Node) else ()
            if isinstance(term, Var):
                names.discard(term.name)
            found = self._mentions[term] = frozenset(names)
        return found

    def _names_in(self, node: Node) -> frozenset[str]:
        """Names of the variables in a node."""
        for part in walk(node, skip=self._names):
            own = frozenset((part.name,)) if isinstance(part, Var) else frozenset[str]()
            self._names[part] = own.union(*(self._names[child] for child in part.children))
        return self._names[node]

    # bounds of terms

    def _bounds_of(self, term: Node, lower: bool) -> tuple[tuple[Sum, ...], ...]:
        """Lower (else upper) bounds of a term. Alternatives, each a tuple of sums.

        Each alternative says: the term is at least (at most) the least (greatest) of its sums.
        """
        found = self._bounds.get((term, lower))
        if found is None:
            found = self._bounds[term, lower] = tuple(self._find_bounds(term, lower))
        return found

    def _find_bounds(self, term: Node, lower: bool) -> Sequence[tuple[Sum, ...]]:
        match term:
            case Var():
                bound = (self.ranges.get(term.name) or (None, None))[0 if lower else 1]
                if isinstance(bound, int) or bound is None:
                    return ()
                return [tuple(_shifted(part, 0 if lower else -1) for part in alternative)
                        for alternative in self._extremes(bound, lower)]  # fmt: skip
            case Binary(op="min" | "max") | Select():
                return self._extremes(term, lower)
            case Binary(op="mod") if self.interval(term.rhs)[0] > 0:
                return self._remainder_bounds(term, lower)
            case Cast() if self._keeps_value(term):
                return [(self.sum(term.operand),)]
            case _:
                pass
        return ()

    def _remainder_bounds(self, term: Binary, lower: bool) -> list[tuple[Sum, ...]]:
        """`x % d` is at most d - 1, at most a non-negative x, and is `x - d * (x // d)`."""
        bounds: list[tuple[Sum, ...]] = []
        if not lower:
            bounds.append((_shifted(self.sum(term.rhs), -1),))
            if self.interval(term.lhs)[0] >= 0:
                bounds.append((self.sum(term.lhs),))
        if isinstance(term.rhs, Const):
            quotient = ({build.floordiv(term.lhs, term.rhs): 1}, 0)
            bounds.append((_added(self.sum(term.lhs), quotient, -int(term.rhs.value)),))
        return bounds

    def _without_division(self, total: Sum, term: Node) -> Sum | None:
        """The sum times d without a term `x // d`: `x - (d - 1) <= d * (x // d) <= x`; None for other terms."""
        if not (isinstance(term, Binary) and term.op == "floordiv" and isinstance(term.rhs, Const)):
            return None
        divisor = int(term.rhs.value)
        if divisor <= 0:
            return None
        count = total[0][term]
        rest = {other: value * divisor for other, value in total[0].items() if other is not term}
        below = (
            0 if count < 0 else divisor - 1 if (known := self.remainder(term.lhs, divisor)) is None else known
        )
        return _added((rest, total[1] * divisor), _shifted(self.sum(term.lhs), -below), count)

    # remainders

    def stride(self, term: Node) -> int:
        """A positive number that is known to divide a term: from facts `term % m == 0`, from `x * m`, else 1."""
        if isinstance(term, Binary) and term.op == "mul" and self.fits(term):
            return self.stride(term.lhs) * self.stride(term.rhs)
        if self._strides is None:
            self._strides = {}
            for fact in self.facts:
                match fact:
                    case Compare(
                        op="eq", lhs=Binary(op="mod", lhs=held, rhs=Const(value=int(divisor))), rhs=zero
                    ):
                        if divisor > 0 and build.is_constant(zero, 0):
                            self._strides[held] = lcm(divisor, self._strides.get(held, 1))
                    case _:
                        pass
        return abs(int(term.value)) or 1 if isinstance(term, Const) else self._strides.get(term, 1)

    def remainder(self, node: Node, divisor: int) -> int | None:
        """`node % divisor` where it is the same for all values, else None."""
        terms, constant = self.sum(node)
        if all(count * self.stride(term) % divisor == 0 for term, count in terms.items()):
            return constant % divisor
        return None

    def _keeps_value(self, term: Cast) -> bool:
        if not term.operand.dtype.is_integer:
            return False
        low, high = self.interval(term.operand)
        return int(min_value(term.to)) <= low and high <= int(max_value(term.to))

    def _extremes(self, bound: Node, lower: bool) -> list[tuple[Sum, ...]]:
        """The alternatives of a bound that may itself be a min, max or select."""
        if isinstance(bound, Binary) and bound.op in ("min", "max"):
            if (bound.op == "max") is lower:
                return [(self.sum(bound.lhs),), (self.sum(bound.rhs),)]
            return [(self.sum(bound.lhs), self.sum(bound.rhs))]
        if isinstance(bound, Select):
            return [(self.sum(bound.then), self.sum(bound.otherwise))]
        return [(self.sum(bound),)]


def conjuncts(condition: Node) -> tuple[Node, ...]:
    """The conditions that an `and` joins, flattened; nothing for `True`."""
    found: list[Node] = []
    stack = [condition]
    while stack:
        node = stack.pop()
        if isinstance(node, Binary) and node.op == "and" and node.dtype is BOOL:
            stack += (node.rhs, node.lhs)
        elif node is not build.TRUE:
            found.append(node)
    return tuple(found)


def _added(a: Sum, b: Sum, factor: int) -> Sum:
    """`a + factor * b` over whole numbers."""
    terms = dict(a[0])
    for term, count in b[0].items():
        terms[term] = terms.get(term, 0) + factor * count
    return {term: count for term, count in terms.items() if count}, a[1] + factor * b[1]


def _shifted(total: Sum, offset: int) -> Sum:
    return total[0], total[1] + offset


def _replaced(total: Sum, term: Node, bound: Sum) -> Sum:
    """The sum with a term replaced by its bound."""
    count = total[0][term]
    rest = {other: value for other, value in total[0].items() if other is not term}
    return _added((rest, total[1]), bound, count)


def _samples(knowledge: Knowledge) -> Samples:
    from tdsl.expr.samples import samples  # NumPy: no plain declaration needs it

    return samples(knowledge.ranges, knowledge.facts)
