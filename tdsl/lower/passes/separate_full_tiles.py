"""Full tiles without guards: loops are split where the conditions on lanes and unrolled iterations are known to hold.

In: Loop IR whose partial tiles are guarded at the innermost point. Out: the same with up to three versions of a loop's
body: before, inside and after the range of full tiles (serial loops), or full and guarded under a test (parallel loops
and lets). A condition is decided at the innermost loop, let or kernel that binds one of its variables other than lanes
and unrolled ones; its worst lane decides for all. Clamps and selects of lanes (padding) are decided the same way, so the
interior of a padded stencil has neither. The guarded versions are not separated again: at most one more copy a loop.
Counterpart: Halide's loop partitioning, isl's `isolate`; the copies are bounded because Halide's were not (5204, 7881).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from tdsl.expr.build import (
    TRUE,
    add,
    compare,
    floordiv,
    logical_and,
    maximum,
    minimum,
    mul,
    neg,
    sub,
)  # fmt: skip
from tdsl.expr.node import INT64, Binary, Compare, Const, Load, Node, Select, Var, index_const
from tdsl.expr.rewrite import variables, walk
from tdsl.expr.simplify import linear
from tdsl.lower.ir import Allocate, Barrier, Block, For, If, Kernel, Let, Prefetch, Statement, Store
from tdsl.lower.passes.named_tails import fits, may_move, peeled, shifted
from tdsl.lower.rewrite_statement import expressions, map_expressions

Lanes = Mapping[str, tuple[int, int]]
"""Lanes and unrolled loops in scope: first and last value."""


def separate_full_tiles(kernel: Kernel) -> Kernel:
    """The kernel with full tiles separated from partial ones."""
    body = _Separation(frozenset(_registers(kernel.body))).scope(kernel.body, frozenset())
    return replace(kernel, body=body)


def _registers(body: Statement) -> Iterator[str]:
    """Names of the register buffers allocated in a statement."""
    match body:
        case Allocate():
            if body.scope == "register":
                yield body.buffer
            yield from _registers(body.body)
        case For() | Let():
            yield from _registers(body.body)
        case Block():
            for one in body.statements:
                yield from _registers(one)
        case If():
            yield from _registers(body.then)
            if body.otherwise is not None:
                yield from _registers(body.otherwise)
        case Store() | Prefetch() | Barrier():
            return


@dataclass(frozen=True, slots=True)
class Decision:
    """A condition that some scope can decide: where `full` (no lanes in it) is at least 0, `node` becomes `becomes`."""

    node: Node
    becomes: Node
    full: Node
    tail: str | None = None
    lane: tuple[str, Node] | None = None
    """Where one lane variable alone decides: its name and the end of the lanes that hold."""
    width: int | None = None
    """How many values in a row the lanes stand for, each by one of them; None where they leave gaps."""
    lanes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Separation:
    """One run.

    registers: buffers that are values, which only constant subscripts can name. named: the local variables of expressions
    seen, None for those that load.
    """

    registers: frozenset[str]
    named: dict[Node, frozenset[str] | None] = field(default_factory=dict[Node, "frozenset[str] | None"])

    def scope(self, body: Statement, names: frozenset[str]) -> Statement:
        """A kernel's or let's body: the decisions its names settle become a test around two versions."""
        decisions = list(_decisions(body, names, self.named))
        if not decisions:
            return self.inside(body)
        test = logical_and(*(compare("ge", one.full, index_const(0)) for one in _unique(decisions)))
        full = self.inside(_assuming(body, decisions))
        if isinstance(test, Const):
            return full if test.value else body
        return If(test, full, self.partial(body, decisions))

    def partial(self, body: Statement, decisions: list[Decision]) -> Statement:
        """The body of a partial tile: guarded, or lane by lane where the user asked for that."""
        ends = {one.node: one.lane for one in decisions if one.tail == "peel" and one.lane is not None}
        return (peeled(body, ends, self.registers) or body) if ends else body

    def inside(self, body: Statement) -> Statement:
        """Separates in the loops and lets of a body."""
        match body:
            case For(kind="serial"):
                return self.serial(body)
            case For():
                if body.kind == "parallel":
                    return replace(body, body=self.scope(body.body, frozenset({body.var})))
                return replace(body, body=self.inside(body.body))
            case Let():
                return replace(body, body=self.scope(body.body, frozenset({body.var})))
            case Block():
                return replace(body, statements=tuple(self.inside(one) for one in body.statements))
            case Allocate():
                return replace(body, body=self.inside(body.body))
            case If():
                other = None if body.otherwise is None else self.inside(body.otherwise)
                return replace(body, then=self.inside(body.then), otherwise=other)
            case Store() | Prefetch() | Barrier():
                return body

    def serial(self, loop: For) -> Statement:
        """Ranges before, of and after the full tiles; a test inside where a condition is not linear in the loop."""
        decisions = list(_decisions(loop.body, frozenset({loop.var}), self.named))
        if not decisions:
            return replace(loop, body=self.inside(loop.body))
        solved = [_solve(one.full, loop.var) for one in _unique(decisions)]
        if any(one is None for one in solved) or _reads_memory(loop):
            return replace(loop, body=self.scope(loop.body, frozenset({loop.var})))
        starts = [bound for one in solved if one is not None and (bound := one[0]) is not None]
        ends = [bound for one in solved if one is not None and (bound := one[1]) is not None]
        full = self.inside(_assuming(loop.body, decisions))
        partial = self.partial(loop.body, decisions)
        first, last = loop.lower, loop.upper
        parts: list[Statement] = []
        for start in starts:
            first = maximum(first, start)
        if starts:
            first = minimum(first, loop.upper)
            parts.append(replace(loop, upper=first, body=partial))
        for end in ends:
            last = minimum(last, end)
        parts.append(replace(loop, lower=first, upper=last, body=full))
        if ends:
            rest = replace(loop, lower=maximum(first, last), body=partial)
            parts.append(_last_tile(rest, full, decisions) if not starts else rest)
        return Block(tuple(parts)) if len(parts) > 1 else parts[0]


def _last_tile(rest: For, full: Statement, decisions: list[Decision]) -> Statement:
    """The partial tile: moved back to end at the edge where the user asked for `shift` and a whole tile fits.

    Tiles are one beside the other, so all that is missing lies in the last: lanes that stand for elements farther apart
    than the loop's own steps are no tile. Nothing but what may overlap stands in it: of what shares the loop, the
    iterations before would run again.
    """
    if (
        {one.tail for one in decisions} != {"shift"}
        or len(_unique(decisions)) != 1
        or not _overlaps(rest.body)
    ):
        return rest
    (decision,) = _unique(decisions)
    terms, constant = linear(decision.full)
    name = Var(rest.var, INT64, "local")
    if decision.width != -terms[name] or not may_move(rest.body, decision.node, decision.lanes, rest.var):
        return rest
    start: Node = index_const(constant)
    for term, count in terms.items():
        start = start if term is name else add(start, mul(term, index_const(count)))
    moved = shifted(full, rest.var, -terms[name], start)
    if moved is None:
        return rest
    once = If(compare("lt", rest.lower, rest.upper), moved)
    return If(fits(start), once, rest)


def _overlaps(body: Statement) -> bool:
    """Whether every store stands under a guard that may be moved."""
    match body:
        case If():
            other = body.otherwise is None or _overlaps(body.otherwise)
            return body.tail == "shift" or (_overlaps(body.then) and other)
        case For() | Let() | Allocate():
            return _overlaps(body.body)
        case Block():
            return all(_overlaps(one) for one in body.statements)
        case Store():
            return False
        case Prefetch() | Barrier():
            return True


def _reads_memory(loop: For) -> bool:
    """Whether the bounds are loaded: the loop's own body may change what a second loop would read."""
    return any(isinstance(node, Load) for node in walk(loop.lower, loop.upper))


def _solve(full: Node, var: str) -> tuple[Node | None, Node | None] | None:
    """(first, end) of the values of `var` with full >= 0, one of them None; None where it is not linear in `var`."""
    terms, constant = linear(full)
    name = Var(var, INT64, "local")
    factor = terms.get(name, 0)
    rest = {node: count for node, count in terms.items() if node is not name}
    if factor == 0 or any(name in variables(node) for node in rest):
        return None
    offset: Node = index_const(constant)
    for node, count in rest.items():
        offset = add(offset, mul(node, index_const(count)))
    if factor > 0:
        return neg(floordiv(offset, index_const(factor))), None
    return None, add(floordiv(offset, index_const(-factor)), index_const(1))


def _unique(decisions: list[Decision]) -> list[Decision]:
    """One decision a bound: the strictest of those that differ by a constant only."""
    best: dict[tuple[tuple[Node, int], ...], tuple[int, Decision]] = {}
    for one in decisions:
        terms, constant = linear(one.full)
        key = tuple(terms.items())
        if key not in best or constant < best[key][0]:
            best[key] = constant, one
    return [decision for _, decision in best.values()]


def _assuming(body: Statement, decisions: list[Decision]) -> Statement:
    """The body where every decision holds."""
    table = {one.node: one.becomes for one in decisions}
    return map_expressions(body, table)


# ------------------------------------------------------------ which conditions a scope decides
def _locals(expression: Node, named: dict[Node, frozenset[str] | None]) -> frozenset[str] | None:
    """The local variables of an expression; None where it loads."""
    if expression not in named:
        parts = tuple(walk(expression))
        names = frozenset(part.name for part in parts if isinstance(part, Var) and part.kind == "local")
        named[expression] = None if any(isinstance(part, Load) for part in parts) else names
    return named[expression]


def _decisions(
    body: Statement, names: frozenset[str], named: dict[Node, frozenset[str] | None]
) -> Iterator[Decision]:
    """Conditions on lanes inside `body` whose other variables include one of `names` and none bound inside."""
    spans: dict[Node, dict[str, tuple[int, int]]] = {}
    inner: dict[Node, frozenset[str]] = {}
    kept: set[Node] = set()
    tails: dict[Node, str | None] = {}
    for expression, lanes, bound, tail in _conditions(body, {}, frozenset()):
        span = spans.setdefault(expression, {})
        for name, (first, last) in lanes.items():
            low, high = span.get(name, (first, last))
            span[name] = min(low, first), max(high, last)
        inner[expression] = inner.get(expression, frozenset()) | bound
        tails[expression] = tail or tails.get(expression)
        if tail == "guard":
            kept.add(expression)
    for expression, span in spans.items():
        mentioned = None if expression in kept else _locals(expression, named)
        if mentioned is None:
            continue
        used = mentioned - set(span)
        if mentioned & inner[expression] or not (used & names if names else not used):
            continue
        decision = _decision(expression, span)
        if decision is not None:
            yield replace(decision, tail=tails[expression], lane=_lane_end(expression, span))


def _conditions(
    body: Statement, lanes: Lanes, bound: frozenset[str]
) -> Iterator[tuple[Node, Lanes, frozenset[str], str | None]]:
    """(candidate, lanes around it, names bound inside the scope, tail) for every condition, clamp and select."""
    match body:
        case For(kind="vector" | "unroll", lower=Const() as low, upper=Const() as high):
            span = {**lanes, body.var: (int(low.value), int(high.value) - 1)}
            yield from _conditions(body.body, span, bound)
        case For(kind="serial", lower=Const() as low, upper=Const() as high, body=If(tail=str())):
            span = {**lanes, body.var: (int(low.value), int(high.value) - 1)}
            yield from _conditions(body.body, span, bound)
        case For():
            yield from _conditions(body.body, lanes, bound | {body.var})
        case Let():
            yield from _soft(body.value, lanes, bound)
            yield from _conditions(body.body, lanes, bound | {body.var})
        case Block():
            for one in body.statements:
                yield from _conditions(one, lanes, bound)
        case Allocate():
            yield from _conditions(body.body, lanes, bound)
        case If():
            for part in conjuncts(body.cond):
                yield part, lanes, bound, body.tail
            yield from _conditions(body.then, lanes, bound)
            if body.otherwise is not None:
                yield from _conditions(body.otherwise, lanes, bound)
        case Barrier() | Prefetch():
            return
        case Store():
            for expression in expressions(body):
                yield from _soft(expression, lanes, bound)


def _soft(
    expression: Node, lanes: Lanes, bound: frozenset[str]
) -> Iterator[tuple[Node, Lanes, frozenset[str], str | None]]:
    """Clamps and the conditions of selects inside a value or subscript."""
    for node in walk(expression):
        if isinstance(node, Binary) and node.op in ("min", "max") and node.dtype == INT64:
            yield node, lanes, bound, None
        elif isinstance(node, Select):
            for part in conjuncts(node.cond):
                yield part, lanes, bound, None


def conjuncts(cond: Node) -> Iterator[Node]:
    """The parts of a conjunction."""
    if isinstance(cond, Binary) and cond.op == "and" and cond.dtype.is_bool:
        yield from conjuncts(cond.lhs)
        yield from conjuncts(cond.rhs)
    else:
        yield cond


def _decision(node: Node, lanes: Lanes) -> Decision | None:
    """How a condition or clamp is decided; None where it does not depend on lanes or is no inequality."""
    if isinstance(node, Compare) and node.lhs.dtype == INT64:
        gap = gap_of(node)
        return None if gap is None else _worst(node, TRUE, gap, lanes)
    if isinstance(node, Binary) and node.op in ("min", "max") and node.dtype == INT64:
        for chosen, other in ((node.lhs, node.rhs), (node.rhs, node.lhs)):
            if _moves(chosen, lanes) and not _moves(other, lanes):
                gap = sub(other, chosen) if node.op == "min" else sub(chosen, other)
                return _worst(node, chosen, gap, lanes)
    return None


def gap_of(node: Compare) -> Node | None:
    """A node that is at least 0 exactly where an integer inequality holds."""
    one = index_const(1)
    match node.op:
        case "ge":
            return sub(node.lhs, node.rhs)
        case "gt":
            return sub(sub(node.lhs, node.rhs), one)
        case "le":
            return sub(node.rhs, node.lhs)
        case "lt":
            return sub(sub(node.rhs, node.lhs), one)
        case _:
            return None


def _lane_end(node: Node, lanes: Lanes) -> tuple[str, Node] | None:
    """The one lane variable of an inequality and the end of its values that satisfy it."""
    moving = [var.name for var in variables(node) if var.kind == "local" and var.name in lanes]
    gap = gap_of(node) if isinstance(node, Compare) and node.lhs.dtype == INT64 else None
    if len(set(moving)) != 1 or gap is None:
        return None
    solved = _solve(gap, moving[0])
    return None if solved is None or solved[1] is None else (moving[0], solved[1])


def _moves(node: Node, lanes: Lanes) -> bool:
    return any(var.kind == "local" and var.name in lanes for var in variables(node))


def _worst(node: Node, becomes: Node, gap: Node, lanes: Lanes) -> Decision | None:
    """The gap at its least over the lanes."""
    terms, constant = linear(gap)
    rest: Node = index_const(constant)
    strides: dict[str, tuple[int, int]] = {}
    for term, count in terms.items():
        if isinstance(term, Var) and term.kind == "local" and term.name in lanes:
            first, last = lanes[term.name]
            rest = add(rest, index_const(count * (first if count > 0 else last)))
            strides[term.name] = abs(count), last + 1 - first
        elif _moves(term, lanes):
            return None
        else:
            rest = add(rest, mul(term, index_const(count)))
    width = _width(strides.values())
    return Decision(node, becomes, rest, width=width, lanes=frozenset(strides)) if strides else None


def _width(strides: Iterable[tuple[int, int]]) -> int | None:
    """How many values in a row lanes stand for, given (stride, lanes) each; None where there are gaps, or any twice."""
    width = 1
    for stride, count in sorted(strides):
        if stride != width:
            return None
        width *= count
    return width
