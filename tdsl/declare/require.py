"""Facts between sizes: `td.require(n <= m)` holds for what is declared after it, in every proof and at every call.

In: a condition over sizes. Out: nothing but the fact itself, kept in a context variable (as options are) and recorded
by each later declaration whose sizes it is about; a `with` block ends it. A size is its name (semantics N3), so a
fact about names needs no other handle.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar

from tdsl.errors import ArgumentError, ArgumentTypeError
from tdsl.expr.build import TRUE
from tdsl.expr.handles import Expr
from tdsl.expr.node import Binary, Const, Node, Var
from tdsl.expr.rewrite import variables
from tdsl.location import here, hide_internal_frames
from tdsl.poly.lift import opaque_term

_facts: ContextVar[tuple[Node, ...]] = ContextVar("tdsl_facts", default=())


class require:  # noqa: N801 (used as a verb)
    """States a condition on sizes; every kernel built from later declarations with these sizes checks it at its call.

    Args:
        condition: comparisons of sizes and products of sizes, joined by `td.all`: `td.require(n <= m)`,
            `td.require(n % 8 == 0)`, `td.require(h * w <= n)`.

    As a statement it holds from here on; `with td.require(n <= m): …` ends it with the block.

    Errors: E115 a condition that is always false; E117 not affine in sizes. Source: Halide's `require`.
    """

    @hide_internal_frames
    def __init__(self, condition: Expr | bool) -> None:
        self._before = _facts.get()
        known = dict.fromkeys(self._before)
        known.update(dict.fromkeys(_conjuncts(_checked(condition))))
        _facts.set(tuple(known))

    def __enter__(self) -> None:
        """Nothing to hand over: the fact holds already."""

    def __exit__(self, *exception: object) -> None:
        _facts.set(self._before)


def _checked(condition: object) -> Node:
    if isinstance(condition, bool):
        if condition:
            return TRUE
        raise ArgumentError("E115", "td.require is given a condition that is never true", where=here())
    if not isinstance(condition, Expr) or not condition.dtype.is_bool:
        raise ArgumentTypeError(
            "E115",
            f"td.require takes a condition on sizes, not {condition!r}",
            where=here(),
            hint=("td.require(n <= m)",),
        )
    node = condition.node
    if isinstance(node, Const):
        return _checked(bool(node.value))
    stranger = next((var for var in variables(node) if var.kind != "size"), None)
    if stranger is not None:
        raise ArgumentError(
            "E117",
            f"td.require takes conditions on sizes: {stranger.name} is no size",
            where=here(),
            why=("a fact holds for a whole call, and is checked before anything is computed",),
        )
    term = opaque_term(node, products=True)
    if term is not None:
        raise ArgumentError(
            "E117",
            f"td.require takes affine conditions on sizes and their products: {Expr(term)} is none",
            where=here(),
            why=("facts are used by proofs for all sizes: sums, products, // and % by constants",),
            hint=_as_product(term),
        )
    return node


def _as_product(term: Node) -> tuple[str, ...]:
    """What says with products what a quotient by a size was to say."""
    if not (isinstance(term, Binary) and term.op in ("floordiv", "mod")):
        return ()
    whole = str(Expr(term.lhs))
    part = str(Expr(term.rhs)) if isinstance(term.rhs, Var) else f"({Expr(term.rhs)})"
    exact = f"{whole} == k * {part}"
    near = f"td.all(k * {part} <= {whole}, {whole} < (k + 1) * {part})"
    return (f'k = td.size("k"); td.require({exact if term.op == "mod" else near})',)


def _conjuncts(condition: Node) -> list[Node]:
    if condition is TRUE:
        return []
    if isinstance(condition, Binary) and condition.op == "and":
        return _conjuncts(condition.lhs) + _conjuncts(condition.rhs)
    return [condition]


def facts_about(names: Iterable[str]) -> tuple[Node, ...]:
    """The required conditions whose sizes are all among `names`, in the order they were stated."""
    known = set(names)
    return tuple(fact for fact in _facts.get() if all(var.name in known for var in variables(fact)))
