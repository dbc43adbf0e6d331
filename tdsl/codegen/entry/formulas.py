"""Formulas in the entry: a `Formula` and the names of its sizes in, IR that computes it exactly or hands over out.

Mathematical integers: each result's interval is known from the sizes' (0 to 2^47 - 1); where it leaves int64 the
operation checks for overflow and the call goes to the slow path, which has no such limit.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from tdsl.codegen.entry.code import Code
from tdsl.codegen.formula import Formula

_LEAST, _GREATEST = -(1 << 63), (1 << 63) - 1
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "slt", ast.LtE: "sle", ast.Gt: "sgt", ast.GtE: "sge",
}  # fmt: skip


class NoCode(Exception):
    """The entry has no code for this; every call of the kernel takes the Python way."""


@dataclass(frozen=True, slots=True)
class Whole:
    """An int64 value by its name or digits, and the interval it lies in."""

    text: str
    low: int
    high: int

    @staticmethod
    def constant(value: int) -> Whole:
        """A number."""
        if not _LEAST <= value <= _GREATEST:
            raise NoCode(f"the constant {value}")
        return Whole(str(value), value, value)

    @property
    def is_constant(self) -> bool:
        return self.low == self.high and self.text == str(self.low)


@dataclass(frozen=True, slots=True)
class Truth:
    """A bool as i1."""

    text: str


def integer(code: Code, formula: Formula, known: Mapping[str, Whole]) -> Whole:
    """The value of an integer formula."""
    value = _Writer(code, known).write(formula.tree)
    return value if isinstance(value, Whole) else Whole(code.op(f"zext i1 {value.text} to i64"), 0, 1)


def condition(code: Code, formula: Formula, known: Mapping[str, Whole]) -> str:
    """The i1 of a formula that is a condition."""
    return _Writer(code, known).truth(formula.tree)


class _Writer:
    def __init__(self, code: Code, known: Mapping[str, Whole]) -> None:
        self.code = code
        self.known = known

    def write(self, node: ast.expr) -> Whole | Truth:
        match node:
            case ast.Constant(value=bool(value)):
                return Truth("true" if value else "false")
            case ast.Constant(value=int(value)):
                return Whole.constant(value)
            case ast.Name(id=name):
                return self._name(name)
            case ast.BinOp():
                return self._binary(node)
            case ast.UnaryOp(op=ast.Not()):
                return Truth(self.code.op(f"xor i1 {self.truth(node.operand)}, true"))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
                return Whole.constant(-value)
            case ast.UnaryOp(op=ast.USub()):
                return self._arithmetic("sub", Whole.constant(0), self.whole(node.operand))
            case ast.BoolOp():
                word = "and" if isinstance(node.op, ast.And) else "or"
                return Truth(self._joined(word, [self.truth(value) for value in node.values]))
            case ast.Compare():
                return self._compared(node)
            case ast.Call(func=ast.Name(id=name)):
                return self._call(name, node.args)
            case _:
                raise NoCode(ast.dump(node))

    def whole(self, node: ast.expr) -> Whole:
        value = self.write(node)
        return (
            value if isinstance(value, Whole) else Whole(self.code.op(f"zext i1 {value.text} to i64"), 0, 1)
        )

    def truth(self, node: ast.expr) -> str:
        value = self.write(node)
        return value.text if isinstance(value, Truth) else self.code.op(f"icmp ne i64 {value.text}, 0")

    def _name(self, name: str) -> Whole:
        if name not in self.known:
            raise NoCode(f"the name {name}")
        return self.known[name]

    def _joined(self, word: str, parts: list[str]) -> str:
        result = parts[0]
        for part in parts[1:]:
            result = self.code.op(f"{word} i1 {result}, {part}")
        return result

    def _compared(self, node: ast.Compare) -> Truth:
        sides = [self.whole(side) for side in (node.left, *node.comparators)]
        parts = [
            self.code.op(f"icmp {_COMPARE[type(op)]} i64 {lhs.text}, {rhs.text}")
            for op, lhs, rhs in zip(node.ops, sides, sides[1:], strict=False)
        ]
        return Truth(self._joined("and", parts))

    def _call(self, name: str, arguments: list[ast.expr]) -> Whole:
        if name == "where":
            chosen, then, otherwise = arguments
            test, one, other = self.truth(chosen), self.whole(then), self.whole(otherwise)
            text = self.code.op(f"select i1 {test}, i64 {one.text}, i64 {other.text}")
            return Whole(text, min(one.low, other.low), max(one.high, other.high))
        values = [self.whole(argument) for argument in arguments]
        if name == "abs":
            negated = self._arithmetic("sub", Whole.constant(0), values[0])
            return self._extreme("max", values[0], negated)
        result = values[0]
        for value in values[1:]:
            result = self._extreme(name, result, value)
        return result

    def _extreme(self, name: str, one: Whole, other: Whole) -> Whole:
        test = self.code.op(f"icmp {'slt' if name == 'min' else 'sgt'} i64 {one.text}, {other.text}")
        text = self.code.op(f"select i1 {test}, i64 {one.text}, i64 {other.text}")
        pick = min if name == "min" else max
        return Whole(text, pick(one.low, other.low), pick(one.high, other.high))

    def _binary(self, node: ast.BinOp) -> Whole:
        lhs, rhs = self.whole(node.left), self.whole(node.right)
        match node.op:
            case ast.Add():
                return self._arithmetic("add", lhs, rhs)
            case ast.Sub():
                return self._arithmetic("sub", lhs, rhs)
            case ast.Mult():
                return self._arithmetic("mul", lhs, rhs)
            case ast.FloorDiv() | ast.Mod() if rhs.is_constant and rhs.low > 0:
                return self._divided(isinstance(node.op, ast.Mod), lhs, rhs.low)
            case _:
                raise NoCode(ast.dump(node.op))

    def _arithmetic(self, op: str, lhs: Whole, rhs: Whole) -> Whole:
        low, high = _interval(op, lhs, rhs)
        if lhs.is_constant and rhs.is_constant:
            return Whole.constant(low)
        if low >= _LEAST and high <= _GREATEST:
            return Whole(self.code.op(f"{op} i64 {lhs.text}, {rhs.text}"), low, high)
        pair = self.code.op(
            f"call {{ i64, i1 }} @llvm.s{op}.with.overflow.i64(i64 {lhs.text}, i64 {rhs.text})"
        )
        wrong = self.code.op(f"extractvalue {{ i64, i1 }} {pair}, 1")
        self.code.require(self.code.op(f"xor i1 {wrong}, true"))
        text = self.code.op(f"extractvalue {{ i64, i1 }} {pair}, 0")
        return Whole(text, max(low, _LEAST), min(high, _GREATEST))

    def _divided(self, remainder: bool, lhs: Whole, divisor: int) -> Whole:
        """Floor division by a positive constant."""
        if lhs.is_constant:
            return Whole.constant(lhs.low % divisor if remainder else lhs.low // divisor)
        if lhs.low >= 0:
            op = "urem" if remainder else "udiv"
            text = self.code.op(f"{op} i64 {lhs.text}, {divisor}")
        else:
            rest = self.code.op(f"srem i64 {lhs.text}, {divisor}")
            below = self.code.op(f"icmp slt i64 {rest}, 0")
            if remainder:
                lifted = self.code.op(f"add i64 {rest}, {divisor}")
                text = self.code.op(f"select i1 {below}, i64 {lifted}, i64 {rest}")
            else:
                quotient = self.code.op(f"sdiv i64 {lhs.text}, {divisor}")
                step = self.code.op(f"sext i1 {below} to i64")
                text = self.code.op(f"add i64 {quotient}, {step}")
        return (
            Whole(text, 0, divisor - 1) if remainder else Whole(text, lhs.low // divisor, lhs.high // divisor)
        )


def _interval(op: str, lhs: Whole, rhs: Whole) -> tuple[int, int]:
    if op == "add":
        return lhs.low + rhs.low, lhs.high + rhs.high
    if op == "sub":
        return lhs.low - rhs.high, lhs.high - rhs.low
    corners = [a * b for a in (lhs.low, lhs.high) for b in (rhs.low, rhs.high)]
    return min(corners), max(corners)


OVERFLOW_DECLARATIONS = "".join(
    f"declare {{ i64, i1 }} @llvm.s{op}.with.overflow.i64(i64, i64)\n" for op in ("add", "sub", "mul")
)
