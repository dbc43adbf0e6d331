"""The one simplifier: exact rules only, decided by what is known of ranges and facts; same object when nothing applies.

In: a node, half-open ranges of its variables, conditions that hold. Out: a node with the same value for all values in
the ranges, in every bit: integers may wrap, floats keep NaN, infinities and signs of zero. Integer sums take the
affine normal form; `//` and `%` lose what divides; comparisons, min, max and conditions are decided where `Knowledge`
can prove them. Branches of a `Select` are simplified under its condition. Counterparts: Halide's `Simplify`, TVM's
`Analyzer`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tdsl.expr import build
from tdsl.expr.condition_rules import negated, simplify_comparison, simplify_condition, simplify_select
from tdsl.expr.float_rules import simplify_cast, simplify_float
from tdsl.expr.integer_rules import plain_sum, simplify_extreme, simplify_floordiv, simplify_mod, simplify_sum
from tdsl.expr.knowledge import Knowledge, Ranges
from tdsl.expr.linear import linear as form_of
from tdsl.expr.node import BOOL, Binary, Cast, Compare, Const, Fma, Node, Select, Unary

CONTEXT_VISITS = 2500
"""Nodes that one call may simplify again under the condition of a `Select`; what is left then is simplified once for all."""

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
    return form_of(node)


def _knowledge(ranges: Ranges | Knowledge | None, facts: Iterable[Node]) -> Knowledge:
    if isinstance(ranges, Knowledge):
        given = tuple(facts)
        return ranges.given(*given) if given else ranges
    return Knowledge(ranges, facts)


class _Simplifier:
    """One run: a table of results for each set of conditions stood under."""

    def __init__(self, known: Knowledge, outside: _Simplifier | None = None) -> None:
        self.known = known
        self.outermost: _Simplifier = self if outside is None else outside.outermost
        self.nesting = 0 if outside is None else outside.nesting + 1
        self.budget: list[int] = [CONTEXT_VISITS] if outside is None else outside.budget
        self.done = known.simplified

    def run(self, node: Node) -> Node:
        """Bottom-up with an explicit stack; a `Select` comes before its branches, which need its condition."""
        stack = [node]
        while stack:
            current = stack.pop()
            if current in self.done:
                continue
            if self.nesting and self.budget[0] <= 0:
                self.done[current] = self.outermost.run(current)
                continue
            if (found := plain_sum(self.known, current)) is not None:
                self.done[current] = found
                continue
            children = current.children
            # Asked again after the operands: the budget may have ended meanwhile.
            contextual = isinstance(current, Select) and self.nesting < MAXIMUM_NESTING and self.budget[0] > 0
            needed = children[:1] if contextual else children
            missing = [child for child in reversed(needed) if child not in self.done]
            if missing:
                stack += (current, *missing)
                continue
            if isinstance(current, Select) and contextual:
                cond = self.done[current.cond]
                if isinstance(cond, Const):
                    chosen = current.then if cond.value else current.otherwise
                    if chosen not in self.done:
                        stack += (current, chosen)
                        continue
                    self.done[current] = self.done[chosen]
                else:
                    self.done[current] = self._branches(current, cond)
            else:
                self.done[current] = self._rule(
                    current.rebuilt(tuple(self.done[child] for child in children))
                )
            if self.nesting:
                self.budget[0] -= 1
        return self.done[node]

    def _branches(self, node: Select, cond: Node) -> Node:
        """A select that is not decided: its condition is known in one branch, its negation in the other."""
        then = self._under(cond, node.then)
        otherwise = self._under(build.logical_not(cond), node.otherwise)
        return simplify_select(self.known, node.rebuilt((cond, then, otherwise)))

    def _under(self, condition: Node, node: Node) -> Node:
        if not node.children:
            return node
        return _Simplifier(self.known.given(condition), self).run(node)

    def _rule(self, node: Node) -> Node:
        """One node whose operands are simple."""
        match node:
            case Unary() if node.dtype.is_integer:
                return self._negative(node)
            case Unary(op="not"):
                return negated(self.known, node.operand)
            case Unary():
                return build.unary(node.op, node.operand)
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
                folded = build.fma(node.a, node.b, node.c, contracted=node.contracted)
                return simplify_float(folded) if isinstance(folded, Binary) else folded
            case _:
                return node

    def _negative(self, node: Unary) -> Node:
        folded = build.unary(node.op, node.operand)
        if isinstance(folded, Unary) and folded.op == "abs":
            return folded.operand if self.known.interval(folded.operand)[0] >= 0 else folded
        return simplify_sum(self.known, folded)

    def _integer(self, node: Binary) -> Node:
        folded = build.binary(node.op, node.lhs, node.rhs)
        if not isinstance(folded, Binary):
            return simplify_sum(self.known, folded)
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
