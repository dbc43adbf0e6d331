"""Expressions simplified under the loops, lets and conditions around them; what is decided by that goes.

In: any kernel. Out: a kernel of the same meaning in normal form: conditions proved true or false, loops proved empty,
empty blocks and lets without use are gone; a loop of exactly one iteration is its body (lanes stay); the same object
where nothing changes. One visit of each statement, at most `BUDGET` expression nodes: linear in the size of the kernel.
Counterpart: Halide's `simplify(Stmt)`, TVM's `tir.transform.Simplify`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tdsl.expr.build import TRUE, add, compare, logical_not
from tdsl.expr.knowledge import Allowance, Knowledge, conjuncts
from tdsl.expr.node import INT64, Const, Load, Node, Var, index_const
from tdsl.expr.rewrite import substitute, walk
from tdsl.expr.simplify import simplify
from tdsl.lower.ir import (
    Allocate,
    ArrayArgument,
    Barrier,
    Block,
    For,
    If,
    Kernel,
    Let,
    Prefetch,
    Statement,
    Store,
    block,
)
from tdsl.lower.passes.flatten_blocks import flatten_blocks
from tdsl.lower.rewrite_statement import expressions, rebuild

BUDGET = 200_000
"""Expression nodes that one call simplifies; what comes after them stays as it is."""

SUBSTITUTED_NODES = 12
"""A loop of one iteration is replaced by its lower bound where that has at most so many nodes, else by a `Let`."""

ONE = index_const(1)
EMPTY = Block(())


def simplify_loops(kernel: Kernel) -> Kernel:
    """The kernel with everything decided that its sizes, loops and conditions decide.

    Rewrite::

        serial i in 0 .. 8                       serial i in 0 .. 8
          if i < 8                        ->       C[i] = A[i]
            C[i] = A[min(i, n - 1)]              (under the assumption n >= 8)
    """
    stable = frozenset(
        argument.name
        for argument in kernel.arguments
        if isinstance(argument, ArrayArgument) and argument.role == "input"
    )
    run = _Simplification(stable)
    facts = tuple(fact for fact in kernel.assumptions if run.seen(fact).stable)
    body = run.statement(kernel.body, _Scope(Knowledge({}, facts, Allowance()), {}))
    return flatten_blocks(kernel if body is kernel.body else replace(kernel, body=body))


@dataclass(frozen=True, slots=True)
class _Scope:
    """What holds at a statement, the values of loop variables that are gone, and what was simplified under both."""

    known: Knowledge
    values: Mapping[Node, Node]
    done: dict[Node, Node] = field(default_factory=dict[Node, Node])

    def ranged(self, name: str, lower: Node | int, upper: Node | int, *facts: Node) -> _Scope:
        """The scope inside a binder of `name`, lower <= name < upper."""
        return _Scope(self.known.inside(name, lower, upper, *facts), self.values)

    def given(self, *facts: Node) -> _Scope:
        return _Scope(self.known.given(*facts), self.values) if facts else self


@dataclass(frozen=True, slots=True)
class _Traits:
    """What is asked about an expression again and again.

    size: its distinct nodes. locals: its local variables. stable: whether it keeps its value however long its variables
    live, because it loads from inputs only.
    """

    size: int
    locals: frozenset[str]
    stable: bool


class _Simplification:
    """One run over a kernel. stable: buffers that nothing writes, so that what they hold may be a fact."""

    def __init__(self, stable: frozenset[str]) -> None:
        self.stable = stable
        self.budget = BUDGET
        self.used: set[str] = set()
        self.traits: dict[Node, _Traits] = {}

    def statement(self, statement: Statement, scope: _Scope) -> Statement:
        """The statement, simplified. The variables of what is kept are noted as used; what went uses nothing."""
        found = self.simplified(statement, scope)
        for expression in expressions(found):
            self.used |= self.seen(expression).locals
        return found

    def seen(self, node: Node) -> _Traits:
        """What one walk over an expression finds, kept: the same ones stand in many places."""
        found = self.traits.get(node)
        if found is None:
            parts = tuple(walk(node))
            names = frozenset(part.name for part in parts if isinstance(part, Var) and part.kind == "local")
            stable = node is not TRUE and all(
                part.buffer in self.stable for part in parts if isinstance(part, Load)
            )
            found = self.traits[node] = _Traits(len(parts), names, stable)
        return found

    def simplified(self, statement: Statement, scope: _Scope) -> Statement:
        match statement:
            case For():
                return self.loop(statement, scope)
            case If():
                return self.branch(statement, scope)
            case Let():
                return self.let(statement, scope)
            case Block():
                found = rebuild(statement, lambda one: self.statement(one, scope))
                assert isinstance(found, Block)
                kept = tuple(one for one in found.statements if not _is_empty(one))
                return found if len(kept) == len(found.statements) else block(kept)
            case Allocate() | Store() | Prefetch():
                found = rebuild(
                    statement, lambda one: self.statement(one, scope), lambda node: self.node(node, scope)
                )
                return EMPTY if isinstance(found, Allocate) and _is_empty(found.body) else found
            case Barrier():
                return statement

    def loop(self, loop: For, scope: _Scope) -> Statement:
        lower, upper = self.node(loop.lower, scope), self.node(loop.upper, scope)
        known = scope.known
        if known.prove(compare("ge", lower, upper)):
            return EMPTY
        after = add(lower, ONE)
        if (
            loop.kind in ("serial", "parallel", "unroll")
            and known.fits(after)
            and known.prove(compare("eq", upper, after))
        ):
            return self.once(loop, lower, scope)
        runs = compare("lt", lower, upper)
        stable = self.seen(runs).stable
        if not stable:
            inner = scope.ranged(loop.var, known.interval(lower)[0], known.interval(upper)[1])
        else:
            inner = scope.ranged(loop.var, lower, upper, *(() if known.prove(runs) else (runs,)))
        body = self.statement(loop.body, inner)
        if _is_empty(body):
            return EMPTY
        same = lower is loop.lower and upper is loop.upper and body is loop.body
        return loop if same else replace(loop, lower=lower, upper=upper, body=body)

    def once(self, loop: For, value: Node, scope: _Scope) -> Statement:
        """The body of a loop that runs for one value."""
        small = self.seen(value).size <= SUBSTITUTED_NODES
        if small and not any(isinstance(node, Load) for node in walk(value)):
            return self.statement(loop.body, _bound(scope, loop.var, value))
        return self.let(Let(loop.var, value, loop.body), scope)

    def branch(self, branch: If, scope: _Scope) -> Statement:
        cond = self.node(branch.cond, scope)
        if isinstance(cond, Const):
            taken = branch.then if cond.value else branch.otherwise
            return EMPTY if taken is None else self.statement(taken, scope)
        stable = self.seen(cond).stable
        then = self.statement(branch.then, scope.given(*conjuncts(cond)) if stable else scope)
        other = branch.otherwise
        if other is not None:
            other = self.statement(other, scope.given(logical_not(cond)) if stable else scope)
            other = None if _is_empty(other) else other
        if _is_empty(then):
            if other is None:
                return EMPTY
            cond, then, other = self.node(logical_not(cond), scope), other, None
        same = cond is branch.cond and then is branch.then and other is branch.otherwise
        return branch if same else If(cond, then, other, branch.tail)

    def let(self, let: Let, scope: _Scope) -> Statement:
        value = self.node(let.value, scope)
        if isinstance(value, Const | Var):
            return self.statement(let.body, _bound(scope, let.var, value))
        self.used.discard(let.var)
        body = self.statement(let.body, self.inside(let.var, value, scope))
        if let.var not in self.used:
            return body
        return let if value is let.value and body is let.body else Let(let.var, value, body)

    def inside(self, var: str, value: Node, scope: _Scope) -> _Scope:
        """The scope of a let: its value is known as an expression, or at least between numbers."""
        if value.dtype is not INT64:
            return scope
        if self.seen(value).stable and scope.known.fits(after := add(value, ONE)):
            return scope.ranged(var, value, after)
        low, high = scope.known.interval(value)
        return scope.ranged(var, low, high + 1)

    def node(self, node: Node, scope: _Scope) -> Node:
        """An expression, simplified."""
        found = scope.done.get(node)
        if found is None:
            found = substitute(node, scope.values)
            if not isinstance(found, Const) and self.budget > 0:
                self.budget -= self.seen(found).size
                found = simplify(found, scope.known)
            scope.done[node] = found
        return found


def _bound(scope: _Scope, name: str, value: Node) -> _Scope:
    """The scope in which a variable is its value."""
    return _Scope(scope.known, {**scope.values, Var(name, value.dtype, "local"): value})


def _is_empty(statement: Statement) -> bool:
    return isinstance(statement, Block) and not statement.statements
