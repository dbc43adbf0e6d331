"""Rewriting of Loop IR: statements rebuilt over changed parts, expressions mapped or replaced by a table.

In: a statement and a function on its parts, or a table of nodes. Out: the rewritten statement, the same object where
nothing changes; a condition that became constant removes its `If`. Every function is linear in the statement's size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from tdsl.expr import build
from tdsl.expr.node import Binary, Compare, Const, Node, Select, Unary
from tdsl.expr.rewrite import rewrite
from tdsl.lower.ir import Allocate, Barrier, Block, For, If, Let, Prefetch, Statement, Store

Change = Callable[[Node], Node]
_Part = TypeVar("_Part")


def expressions(statement: Statement) -> tuple[Node, ...]:
    """The expressions directly in a statement (not those of statements inside)."""
    match statement:
        case Store():
            return (*statement.index, statement.value)
        case Prefetch():
            return statement.index
        case For():
            return statement.lower, statement.upper
        case If():
            return (statement.cond,)
        case Let():
            return (statement.value,)
        case Allocate():
            return statement.extents
        case Block() | Barrier():
            return ()


def parts(statement: Statement) -> tuple[Statement, ...]:
    """The statements directly inside a statement, in order."""
    match statement:
        case Block():
            return statement.statements
        case For() | Let() | Allocate():
            return (statement.body,)
        case If(otherwise=None):
            return (statement.then,)
        case If(_, then, otherwise):
            assert otherwise is not None
            return then, otherwise
        case Store() | Prefetch() | Barrier():
            return ()


def walk_statements(statement: Statement) -> Iterator[Statement]:
    """A statement and all inside it, outer ones first, in text order."""
    stack: list[Statement] = [statement]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(parts(current)))


def rebuild(
    statement: Statement, inside: Callable[[Statement], Statement], change: Change | None = None
) -> Statement:
    """The statement with `inside` applied to the statements directly in it and `change` to its expressions."""
    changed = _keep if change is None else change
    match statement:
        case Store(_, index, value):
            new_index, new_value = _each(index, changed), changed(value)
            same = new_index is index and new_value is value
            return statement if same else replace(statement, index=new_index, value=new_value)
        case Prefetch(buffer, index):
            new_index = _each(index, changed)
            return statement if new_index is index else Prefetch(buffer, new_index)
        case For(_, lower, upper, _, body):
            bounds, new_body = _each((lower, upper), changed), inside(body)
            same = bounds[0] is lower and bounds[1] is upper and new_body is body
            return statement if same else replace(statement, lower=bounds[0], upper=bounds[1], body=new_body)
        case If(cond, then, otherwise, tail):
            new_cond, new_then = changed(cond), inside(then)
            other = None if otherwise is None else inside(otherwise)
            same = new_cond is cond and new_then is then and other is otherwise
            return statement if same else If(new_cond, new_then, other, tail)
        case Let(var, value, body):
            new_value, new_body = changed(value), inside(body)
            return statement if new_value is value and new_body is body else Let(var, new_value, new_body)
        case Allocate(buffer, dtype, extents, scope, body, padding):
            new_extents, new_body = _each(extents, changed), inside(body)
            same = new_extents is extents and new_body is body
            return statement if same else Allocate(buffer, dtype, new_extents, scope, new_body, padding)
        case Block(statements):
            new = _each(statements, inside)
            return statement if new is statements else Block(new)
        case Barrier():
            return statement


def map_expressions(statement: Statement, table: Mapping[Node, Node]) -> Statement:
    """Replaces nodes wherever they stand; conditions, selects and constants around a replaced node are folded."""
    if not table:
        return statement

    def replaced(node: Node) -> Node:
        found = table.get(node)
        return _folded(node) if found is None else found

    memo: dict[Node, Node] = {}
    return rewrite_expressions(statement, lambda node: rewrite(node, replaced, memo))


def rewrite_expressions(statement: Statement, change: Change) -> Statement:
    """Applies `change` to every whole expression of a statement and of those inside."""

    def inside(one: Statement) -> Statement:
        return rewrite_expressions(one, change)

    if isinstance(statement, If):
        cond = change(statement.cond)
        if isinstance(cond, Const):
            if cond.value:
                return inside(statement.then)
            return Block(()) if statement.otherwise is None else inside(statement.otherwise)
    return rebuild(statement, inside, change)


def _folded(node: Node) -> Node:
    """The node, folded where an operand is a constant: what a replaced condition leaves behind."""
    if not any(isinstance(child, Const) for child in node.children):
        return node
    match node:
        case Binary():
            folded = build.binary(node.op, node.lhs, node.rhs)
        case Unary():
            folded = build.unary(node.op, node.operand)
        case Compare():
            folded = build.compare(node.op, node.lhs, node.rhs)
        case Select():
            folded = build.select(node.cond, node.then, node.otherwise)
        case _:
            return node
    return folded


def _each(items: tuple[_Part, ...], change: Callable[[_Part], _Part]) -> tuple[_Part, ...]:
    """`change` of every item; the same tuple where all stay the same object."""
    new = tuple(change(item) for item in items)
    return items if all(a is b for a, b in zip(items, new, strict=True)) else new


def _keep(node: Node) -> Node:
    return node
