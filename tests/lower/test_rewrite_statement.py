"""Rewriting of statements: every part is reached, unchanged parts stay the same objects, decided conditions go."""

from __future__ import annotations

from hypothesis import given

from tdsl.expr.build import FALSE, TRUE
from tdsl.expr.node import INT64, Compare, Load, Node, Var, index_const, size_var
from tdsl.expr.rewrite import substitute, walk
from tdsl.lower.ir import Allocate, Block, For, If, Let, Statement, Store
from tdsl.lower.parser import parse_kernel
from tdsl.lower.printer import statement_text
from tdsl.lower.rewrite_statement import (
    expressions,
    map_expressions,
    parts,
    rebuild,
    rewrite_expressions,
    walk_statements,
)  # fmt: skip
from tests.support.loop_ir import Case, kernels

TEXT = """\
loops 1
kernel test
size n
input A: int64[n]
output C: int64[n]
begin
  serial i in n .. n + 1
    allocate T: int64[n] heap
      let x: int64 = n * 2
        if n > x and i < n tail mask
          T[n] = A[n] + n
        else
          C[n] = where(i < n and n > x, T[n], n)
      pass
"""


def body() -> Statement:
    return parse_kernel(TEXT).body


def kinds(statement: Statement) -> list[str]:
    return [type(one).__name__ for one in walk_statements(statement)]


def test_statements_are_walked_in_text_order() -> None:
    assert kinds(body()) == ["For", "Allocate", "Let", "If", "Store", "Store"]
    assert kinds(Block((body(), Block(())))) == ["Block", *kinds(body()), "Block"]


def test_parts_and_expressions_make_up_a_statement() -> None:
    for statement in walk_statements(body()):
        kept = rebuild(statement, lambda one: one, lambda node: node)
        assert kept is statement
        seen: list[object] = []

        def inside(one: Statement, seen: list[object] = seen) -> Statement:
            seen.append(one)
            return one

        def change(node: Node, seen: list[object] = seen) -> Node:
            seen.append(node)
            return node

        rebuild(statement, inside, change)
        assert seen == [*expressions(statement), *parts(statement)]


def test_replacing_a_name_reaches_every_expression() -> None:
    changed = map_expressions(body(), {size_var("n"): index_const(7)})
    assert size_var("n") not in {
        node for one in walk_statements(changed) for e in expressions(one) for node in walk(e)
    }
    assert kinds(changed) == kinds(body())


def test_conditions_that_become_constant_take_their_if_along() -> None:
    n, x, i = size_var("n"), Var("x", INT64, "local"), Var("i", INT64, "local")
    first, second = Compare("gt", n, x), Compare("lt", i, n)
    both = map_expressions(body(), {first: TRUE, second: TRUE})
    assert "if" not in statement_text(both)
    assert statement_text(both).splitlines()[-1].strip() == "T[n] = A[n] + n"
    neither = map_expressions(body(), {first: FALSE})
    assert statement_text(neither).splitlines()[-1].strip() == "C[n] = n"
    one = map_expressions(body(), {second: TRUE})
    assert "if n > x tail mask" in statement_text(one)
    assert "C[n] = where(n > x, T[n], n)" in statement_text(one)


def test_a_false_condition_without_an_else_leaves_nothing() -> None:
    guarded = If(Compare("lt", index_const(1), size_var("n")), Store("C", (index_const(0),), index_const(1)))
    assert map_expressions(guarded, {guarded.cond: FALSE}) == Block(())


def test_what_does_not_change_is_the_same_object() -> None:
    statement = body()
    assert map_expressions(statement, {}) is statement
    assert map_expressions(statement, {size_var("m"): index_const(1)}) is statement
    assert isinstance(statement, For)
    changed = map_expressions(statement, {Load("A", INT64, (size_var("n"),)): index_const(3)})
    assert isinstance(changed, For)
    assert isinstance(changed.body, Allocate) and isinstance(statement.body, Allocate)
    assert isinstance(changed.body.body, Let) and isinstance(statement.body.body, Let)
    branch, old = changed.body.body.body, statement.body.body.body
    assert isinstance(branch, If) and isinstance(old, If)
    assert branch.otherwise is old.otherwise
    assert branch.then is not old.then


@given(kernels())
def test_a_name_changed_and_changed_back(case: Case) -> None:
    n, other = size_var("n"), size_var("other")

    def renamed(statement: Statement, old: Node, new: Node) -> Statement:
        return rewrite_expressions(statement, lambda node: substitute(node, {old: new}))

    there = renamed(case.kernel.body, n, other)
    assert renamed(there, other, n) == renamed(case.kernel.body, n, n)
    assert rewrite_expressions(case.kernel.body, lambda node: node) == renamed(case.kernel.body, n, n)
