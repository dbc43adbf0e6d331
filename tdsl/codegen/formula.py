"""Integer formulas over sizes and params, as text: what shapes, facts and ranges are once no expression is left.

In: one line as `expr/printer.py` writes it (`32 * blocks + 1`, `n <= m and n % 8 == 0`, `where(n < 4, n, 4)`). Out: its
value for known sizes, exact as mathematical integers; its syntax tree for the code of the entry. Text from a file may
say nothing but that: names, integers, and the operators below (so a saved kernel cannot smuggle Python in).
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache
from types import CodeType
from typing import cast

from tdsl.errors import FormatError
from tdsl.records import dataclass

FUNCTIONS = frozenset({"min", "max", "abs", "where"})
"""What a formula may call."""

_LEAVES = (ast.Constant, ast.Name, ast.Load)
_OPERATIONS = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Call,
    ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod, ast.USub, ast.Not, ast.And, ast.Or,
    ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Formula:
    """An integer or bool over sizes and params.

    Args:
        text: one line of the language above.
        terms: size -> factor where it is affine in sizes alone, so that sizes can be solved from it; else None.
        constant: what is added to the terms.

    Errors: C120 text that is no formula, when it is first used.
    """

    text: str
    terms: tuple[tuple[str, int], ...] | None = None
    constant: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Sizes and params that occur."""
        return _names(self.text)

    @property
    def tree(self) -> ast.expr:
        """The checked syntax tree."""
        return checked_tree(self.text)

    @property
    def bare(self) -> str | None:
        """The size that this is, and nothing else; None for anything more."""
        if self.terms is None or len(self.terms) != 1 or self.constant or self.terms[0][1] != 1:
            return None
        return self.terms[0][0]

    def degree(self, name: str) -> int | None:
        """How often a size is multiplied with itself, at most; None where the formula is no polynomial."""
        return _degree(self.tree, name)

    def line(self, name: str, known: Mapping[str, int]) -> tuple[int, int]:
        """(a, b) of the polynomial as a * name + b, for a size of degree 1 and all others known."""
        rest = self.value({**known, name: 0})
        return self.value({**known, name: 1}) - rest, rest

    def value(self, known: Mapping[str, int | float | bool]) -> int:
        """The value; every name must be known. `//` and `%` by zero give 0 (semantics D2)."""
        return cast(int, eval(_compiled(self.text), _GLOBALS, known))

    def too_large(self, known: Mapping[str, int | float | bool]) -> Formula | None:
        """The first part whose value is no int64; None where all are. Kernels compute in int64, facts do not."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.BinOp):
                part = Formula(ast.unparse(node))
                if not -(1 << 63) <= part.value(known) < 1 << 63:
                    return part
        return None


@lru_cache(maxsize=4096)
def checked_tree(text: str) -> ast.expr:
    """The syntax tree of a formula. Errors: C120 anything that is none."""
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _no_formula(text) from None
    for node in ast.walk(tree):
        if not _allowed(node):
            raise _no_formula(text)
    return tree.body


def _allowed(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int)
    if isinstance(node, ast.Call):
        named = isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS
        return named and not node.keywords
    return isinstance(node, (*_LEAVES, *_OPERATIONS))


def _no_formula(text: str) -> FormatError:
    return FormatError("C120", f"{text[:60]!r} is no formula over sizes")


@lru_cache(maxsize=4096)
def _names(text: str) -> tuple[str, ...]:
    called = {id(node.func) for node in ast.walk(checked_tree(text)) if isinstance(node, ast.Call)}
    found = [n for n in ast.walk(checked_tree(text)) if isinstance(n, ast.Name) and id(n) not in called]
    found.sort(key=lambda node: (node.lineno, node.col_offset))
    return tuple(dict.fromkeys(node.id for node in found))


def _degree(node: ast.expr, name: str) -> int | None:
    match node:
        case ast.Constant():
            return 0
        case ast.Name():
            return int(node.id == name)
        case ast.UnaryOp(op=ast.USub()):
            return _degree(node.operand, name)
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult()):
            lhs, rhs = _degree(node.left, name), _degree(node.right, name)
            if lhs is None or rhs is None:
                return None
            return lhs + rhs if isinstance(node.op, ast.Mult) else max(lhs, rhs)
        case _:
            return None


class _Total(ast.NodeTransformer):
    """Division written as a call, so that it is defined for zero too."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.FloorDiv | ast.Mod):
            return node
        name = "//" if isinstance(node.op, ast.FloorDiv) else "%"
        return ast.Call(ast.Name(name, ast.Load()), [node.left, node.right], [])

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """The function's own name is marked, since a size may have the same one."""
        assert isinstance(node.func, ast.Name)
        arguments = [cast(ast.expr, self.visit(argument)) for argument in node.args]
        return ast.Call(ast.Name(f"{node.func.id}()", ast.Load()), arguments, [])


@lru_cache(maxsize=4096)
def _compiled(text: str) -> CodeType:
    tree = cast(ast.expr, _Total().visit(checked_tree(text)))
    return compile(ast.fix_missing_locations(ast.Expression(tree)), "<formula>", "eval")


def floor_divide(dividend: int, divisor: int) -> int:
    """`dividend // divisor`; 0 by zero."""
    return dividend // divisor if divisor else 0


def floor_remainder(dividend: int, divisor: int) -> int:
    """`dividend % divisor`; 0 by zero."""
    return dividend % divisor if divisor else 0


def _where(condition: bool, then: int, otherwise: int) -> int:
    return then if condition else otherwise


_GLOBALS: dict[str, object] = {
    "__builtins__": {}, "min()": min, "max()": max, "abs()": abs, "where()": _where,
    "//": floor_divide, "%": floor_remainder,
}  # fmt: skip
