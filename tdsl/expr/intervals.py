"""Intervals of integer expressions, and where a sum may be read as a sum of whole numbers.

In: half-open ranges of variables (numbers or expressions over other variables). Out: for an integer node the least and
greatest value it can take, always sound; and its affine form, with the answer whether that form can wrap. Arithmetic
wraps (D2), so a sum counts as a sum of numbers only where its interval fits the dtype.
"""

from __future__ import annotations

from collections.abc import Mapping

from tdsl.dtypes import DType, max_value, min_value
from tdsl.expr.linear import Form, linear
from tdsl.expr.node import Binary, Cast, Const, Node, Read, Select, Unary, Var
from tdsl.expr.rewrite import walk

LARGEST_SIZE = (1 << 48) - 1
"""No size is larger: a call with one is refused, since no loop over it ends. Proofs about overflow rest on it."""

Bound = Node | int | None
Ranges = Mapping[str, "tuple[Bound, Bound] | None"]
Interval = tuple[int, int]
Sum = tuple[dict[Node, int], int]
"""Terms with coefficients and a constant, over whole numbers: nothing wraps."""


class Intervals:
    """Ranges of variables with memo tables; make one for a set of ranges and ask it often.

    Args:
        ranges: name of a variable -> half-open (lower, upper), either end None where nothing is known; or None.
    """

    def __init__(self, ranges: Ranges | None = None) -> None:
        self.ranges: dict[str, tuple[Bound, Bound] | None] = dict(ranges or {})
        self._forms: dict[Node, Form] = {}
        self.normal: dict[Node, Node] = {}
        """Sums in normal form, which no range enters."""
        self._intervals: dict[Node, Interval] = {}
        self._open: set[str] = set()
        self._cuts = 0

    def interval(self, node: Node) -> Interval:
        """The least and greatest value an integer node can take, both inclusive."""
        found = self._intervals.get(node)
        if found is not None:
            return found
        if not self._open:
            # Children first, by a stack: expressions may be deeper than Python's.
            for part in walk(*node.children, skip=self._intervals):
                if part.dtype.is_integer:
                    self._compute_interval(part)
        return self._compute_interval(node)

    def _compute_interval(self, node: Node) -> Interval:
        cuts = self._cuts
        low, high = self._interval(node)
        least, greatest = int(min_value(node.dtype)), int(max_value(node.dtype))
        found = (low, high) if least <= low <= high <= greatest else (least, greatest)
        if self._cuts == cuts:
            self._intervals[node] = found
        return found

    def _interval(self, node: Node) -> Interval:
        """As `interval`, but possibly beyond the dtype, which then means that the operation may wrap."""
        match node:
            case Const():
                return int(node.value), int(node.value)
            case Var():
                return self._variable_interval(node)
            case Binary(op="add" | "sub") | Unary(op="neg"):
                form = self.form(node)
                return self._own_interval(node) if node in form[0] else self.sum_interval(form)
            case Binary():
                return self._binary_interval(node)
            case Select():
                (a, b), (c, d) = self.interval(node.then), self.interval(node.otherwise)
                return min(a, c), max(b, d)
            case Cast():
                return self._cast_interval(node)
            case Unary(op="abs"):
                low, high = self.interval(node.operand)
                return (0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))
            case Read() if node.tensor.value_range is not None:
                lower, upper = node.tensor.value_range
                return self.interval(lower)[0], self.interval(upper)[1] - 1
            case _:
                return int(min_value(node.dtype)), int(max_value(node.dtype))

    def _own_interval(self, node: Binary | Unary) -> Interval:
        """Of a sum of too many terms, which is a term of its own: from the intervals of its operands."""
        if isinstance(node, Unary):
            low, high = self.interval(node.operand)
            return -high, -low
        (a, b), (c, d) = self.interval(node.lhs), self.interval(node.rhs)
        return (a + c, b + d) if node.op == "add" else (a - d, b - c)

    def _variable_interval(self, var: Var) -> Interval:
        least, greatest = int(min_value(var.of)), int(max_value(var.of))
        if var.kind == "size":
            least, greatest = 0, LARGEST_SIZE
        elif var.kind == "axis":
            least, greatest = -LARGEST_SIZE, LARGEST_SIZE
        lower, upper = self.ranges.get(var.name) or (None, None)
        if var.name in self._open:
            self._cuts += 1  # what is computed above this point depends on where it was cut off
            return least, greatest
        self._open.add(var.name)
        try:
            if lower is not None:
                least = max(least, lower if isinstance(lower, int) else self.interval(lower)[0])
            if upper is not None:
                greatest = min(greatest, (upper if isinstance(upper, int) else self.interval(upper)[1]) - 1)
        finally:
            self._open.discard(var.name)
        # An empty range: the variable takes no value, so whatever is said of it holds; keep the interval proper.
        return least, max(least, greatest)

    def sum_interval(self, form: Sum) -> Interval:
        """The least and greatest value of a sum over whole numbers."""
        low = high = form[1]
        for term, count in form[0].items():
            bounds = self.interval(term)
            low += count * bounds[count < 0]
            high += count * bounds[count > 0]
        return low, high

    def _binary_interval(self, node: Binary) -> Interval:
        (a, b), (c, d) = self.interval(node.lhs), self.interval(node.rhs)
        match node.op:
            case "mul":
                corners = (a * c, a * d, b * c, b * d)
                return min(corners), max(corners)
            case "min":
                return min(a, c), min(b, d)
            case "max":
                return max(a, c), max(b, d)
            case "floordiv":
                if c > 0:
                    return min(a // c, a // d), max(b // c, b // d)
            case "mod":
                if c > 0:
                    return (a, b) if a >= 0 and b < c else (0, d - 1)
            case "and":
                if a >= 0 or c >= 0:
                    return 0, min(high for low, high in ((a, b), (c, d)) if low >= 0)
            case "shr":
                if c >= 0 and d < node.dtype.bits:
                    return min(a >> c, a >> d), max(b >> c, b >> d)
            case _:
                pass
        return int(min_value(node.dtype)), int(max_value(node.dtype))

    def _cast_interval(self, node: Cast) -> Interval:
        source = node.operand.dtype
        if source.is_bool:
            return 0, 1
        return (
            self.interval(node.operand)
            if source.is_integer
            else (int(min_value(node.to)), int(max_value(node.to)))
        )

    # sums of numbers

    def form(self, node: Node) -> Form:
        """The affine form (exact modulo 2**bits)."""
        return linear(node, self._forms)

    def sum(self, node: Node) -> Sum:
        """A node as a sum over whole numbers, without wrapping: its form where that fits, else the node as one term."""
        form = self.form(node)
        return form if self.representable(form, node.dtype) else ({node: 1}, 0)

    def fits(self, node: Node) -> bool:
        """Whether the node's affine form is its value as a whole number, for all values in the ranges."""
        return self.representable(self.form(node), node.dtype)

    def representable(self, total: Sum, dtype: DType) -> bool:
        """Whether a sum over whole numbers is a value of the dtype, for all values in the ranges."""
        low, high = self.sum_interval(total)
        return int(min_value(dtype)) <= low and high <= int(max_value(dtype))
