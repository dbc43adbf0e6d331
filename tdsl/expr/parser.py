"""Text back to expressions: what `printer.text` wrote gives the very same nodes, nothing folded.

In: text and the names that occur in it (variables, tensors, buffers, reducers). Out: a node. Loop IR's parser uses it
for every expression of a statement. A recursive-descent parser by precedence; a number without a dtype is kept open
until it meets an operand that has one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast as typed

from tdsl.dtypes import DTYPES, DType, bits_of
from tdsl.errors import DTypeError, FormatError, TdslError
from tdsl.expr import printer
from tdsl.expr.functions.definition import ARITY
from tdsl.expr.node import (
    BOOL,
    INT64,
    Binary,
    BinaryOp,
    Bitcast,
    Call,
    Cast,
    Compare,
    CompareOp,
    Const,
    Fma,
    Load,
    Node,
    Read,
    Reduce,
    Select,
    Unary,
    UnaryOp,
    Var,
)  # fmt: skip
from tdsl.expr.reducers import REDUCERS
from tdsl.expr.tensor import Reducer, Tensor
from tdsl.expr.typecheck import violation

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)|(?P<text>'-?\w+')"
    r"|(?P<sign>//|<<|>>|==|!=|<=|>=|[-+*/%&|^~<>()\[\],=]))"
)

_BINARY: tuple[dict[str, str], ...] = tuple(
    {symbol: op for op, (symbol, own) in printer.INFIX.items() if own == level}
    for level in (
        printer.BIT_OR,
        printer.BIT_XOR,
        printer.BIT_AND,
        printer.SHIFT,
        printer.SUM,
        printer.PRODUCT,
    )
)
_COMPARE = {symbol: op for op, symbol in printer.COMPARISONS.items()}
_CALLS_UNARY = ("abs", "sqrt", "floor", "ceil", "trunc", "round", "popcount", "clz", "ctz")
_BITCASTS = {f"bitcast.{name}": dtype for name, dtype in DTYPES.items()}


@dataclass(frozen=True, slots=True)
class Names:
    """What the names in a text stand for; a variable and a tensor may share one, brackets tell them apart."""

    variables: Mapping[str, Var] = field(default_factory=dict[str, Var])
    tensors: Mapping[str, Tensor] = field(default_factory=dict[str, Tensor])
    buffers: Mapping[str, DType] = field(default_factory=dict[str, DType])
    reducers: Mapping[str, Reducer] = field(default_factory=lambda: REDUCERS)


@dataclass(frozen=True, slots=True)
class _Number:
    """A number that has not met a dtype yet."""

    value: int | float


_Parsed = Node | _Number


def parse(text: str, names: Names, dtype: DType | None = None) -> Node:
    """The expression that `text` says; a lone number takes `dtype`, or int64.

    Errors: L201 text that is no expression, with the place; a name that `names` does not have.
    """
    return _Parser(text, names).whole(dtype)


class _Parser:
    """One pass over the tokens of a text."""

    def __init__(self, text: str, names: Names) -> None:
        self.text = text
        self.names = names
        self.tokens: list[tuple[str, str, int]] = []
        self.place = 0
        position = 0
        end = len(text.rstrip())
        while position < end:
            found = _TOKEN.match(text, position)
            if found is None:
                raise self._error(position, "no token starts here")
            kind = typed(str, found.lastgroup)
            self.tokens.append((kind, found[kind], found.start(kind)))
            position = found.end()
        self.tokens.append(("end", "", end))

    def whole(self, dtype: DType | None) -> Node:
        """The one expression of the text."""
        parsed = self._or()
        if self.tokens[self.place][0] != "end":
            raise self._error(self.tokens[self.place][2], "the expression ends before this")
        node = self._in(parsed, dtype or INT64)
        problem = violation(node)
        if problem is not None:
            raise FormatError("L201", f"this expression is ill typed: {problem}", why=(self.text[:80],))
        return node

    # tokens

    def _peek(self) -> str:
        kind, token, _ = self.tokens[self.place]
        return token if kind != "text" else ""

    def _next(self) -> tuple[str, str, int]:
        self.place += 1
        return self.tokens[self.place - 1]

    def _take(self, token: str) -> bool:
        if self._peek() != token or self.tokens[self.place][0] == "end":
            return False
        self.place += 1
        return True

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise self._error(self.tokens[self.place][2], f"{token} is missing")

    def _error(self, position: int, why: str) -> TdslError:
        start = max(0, position - 40)
        shown = self.text[start : position + 40]
        return FormatError(
            "L201", f"this is no expression: {why}", why=(shown, " " * (position - start) + "^")
        )

    # dtypes of numbers

    def _in(self, parsed: _Parsed, dtype: DType) -> Node:
        if isinstance(parsed, Node):
            return parsed
        if isinstance(parsed.value, float) and not dtype.is_float:
            raise self._error(self.tokens[self.place][2], f"{parsed.value} is no {dtype}")
        try:
            return Const(dtype, bits_of(parsed.value, dtype))
        except DTypeError as error:
            raise self._error(self.tokens[self.place][2], error.what) from None

    def _together(self, *parsed: _Parsed) -> tuple[Node, ...]:
        """Operands of one dtype: that of the first which has one, else int64."""
        dtype = next((part.dtype for part in parsed if isinstance(part, Node)), INT64)
        return tuple(self._in(part, dtype) for part in parsed)

    # precedence, loosest first

    def _or(self) -> _Parsed:
        left = self._and()
        while self._take("or"):
            left = Binary("or", *self._pair(left, self._and()))
        return left

    def _and(self) -> _Parsed:
        left = self._not()
        while self._take("and"):
            left = Binary("and", *self._pair(left, self._not()))
        return left

    def _not(self) -> _Parsed:
        if self._take("not"):
            return Unary("not", self._in(self._not(), BOOL))
        return self._comparison()

    def _comparison(self) -> _Parsed:
        left = self._infix(0)
        while self._peek() in _COMPARE:
            op = _COMPARE[self._next()[1]]
            left = Compare(typed(CompareOp, op), *self._pair(left, self._infix(0)))
        return left

    def _infix(self, level: int) -> _Parsed:
        if level == len(_BINARY):
            return self._unary()
        left = self._infix(level + 1)
        while self._peek() in _BINARY[level]:
            op = _BINARY[level][self._next()[1]]
            left = Binary(typed(BinaryOp, op), *self._pair(left, self._infix(level + 1)))
        return left

    def _pair(self, a: _Parsed, b: _Parsed) -> tuple[Node, Node]:
        lhs, rhs = self._together(a, b)
        return lhs, rhs

    def _unary(self) -> _Parsed:
        if self._take("~"):
            return Unary("not", self._in(self._unary(), INT64))
        if self._take("-"):
            if self.tokens[self.place][0] == "number":
                number = self._number()
                return _Number(-number.value)
            return Unary("neg", self._in(self._unary(), INT64))
        return self._atom()

    def _number(self) -> _Number:
        token = self._next()[1]
        return _Number(int(token) if token.isdigit() else float(token))

    def _atom(self) -> _Parsed:
        kind, token, position = self.tokens[self.place]
        if kind == "number":
            return self._number()
        if kind == "text":
            self.place += 1
            return _Number(float(token.strip("'")))
        if self._take("("):
            inner = self._or()
            self._expect(")")
            return inner
        if kind != "name":
            raise self._error(position, "an operand is missing")
        self.place += 1
        if self._take("("):
            return self._call(token, position)
        if self._take("["):
            return self._element(token, position)
        if token in ("True", "False"):
            return Const(BOOL, int(token == "True"))
        if token not in self.names.variables:
            raise self._error(position, f"{token} is not declared")
        return self.names.variables[token]

    def _list(self, end: str) -> list[_Parsed]:
        parts: list[_Parsed] = []
        while not self._take(end):
            if parts:
                self._expect(",")
            parts.append(self._or())
        return parts

    def _element(self, name: str, position: int) -> Node:
        if self._peek() == "(" and self.tokens[self.place + 1][1] == ")":
            self.place += 2
            self._expect("]")
            index: tuple[Node, ...] = ()
        else:
            index = tuple(self._in(part, INT64) for part in self._list("]"))
        if name in self.names.tensors:
            return Read(self.names.tensors[name], index)
        if name in self.names.buffers:
            return Load(name, self.names.buffers[name], index)
        raise self._error(position, f"{name}[…] is not declared")

    # calls

    def _call(self, name: str, position: int) -> Node:
        parts: list[_Parsed] = []
        while not self._take(")"):
            if parts:
                self._expect(",")
            if self._peek() == "over" and self.tokens[self.place + 1][1] == "=":
                return self._reduce(name, parts, position)
            parts.append(self._or())
        return self._function(name, parts, position)

    def _function(self, name: str, parts: Sequence[_Parsed], position: int) -> Node:
        count = len(parts)
        if name in DTYPES and count == 1:
            return self._conversion(DTYPES[name], parts[0])
        if name in _CALLS_UNARY and count == 1:
            return Unary(typed(UnaryOp, name), self._in(parts[0], INT64))
        if name in ("min", "max") and count == 2:
            return Binary(typed(BinaryOp, name), *self._pair(parts[0], parts[1]))
        if name == "where" and count == 3:
            return Select(self._in(parts[0], BOOL), *self._pair(parts[1], parts[2]))
        if name in ("fma", "contracted") and count == 3:
            a, b, c = self._together(*parts)
            return Fma(a, b, c, name == "contracted")
        if name in _BITCASTS and count == 1:
            return Bitcast(_BITCASTS[name], self._in(parts[0], INT64))
        if name in ARITY and count == ARITY[name]:
            return Call(name, self._together(*parts))
        raise self._error(position, f"there is no {name} of {count} operand{'s' * (count != 1)}")

    def _conversion(self, dtype: DType, operand: _Parsed) -> Node:
        """`float32(0.5)` is a constant, `float32(x)` a cast, `float32(int64(1))` a cast of a constant."""
        return self._in(operand, dtype) if isinstance(operand, _Number) else Cast(dtype, operand)

    def _reduce(self, name: str, parts: Sequence[_Parsed], position: int) -> Node:
        if name not in self.names.reducers or not parts:
            raise self._error(position, f"there is no reducer {name}")
        self._expect("over")
        self._expect("=")
        self._expect("(")
        axes: list[str] = []
        while not self._take(")"):
            if axes:
                self._expect(",")
            axes.append(self._next()[1])
        component, fused = 0, False
        while not self._take(")"):
            self._expect(",")
            key = self._next()[1]
            self._expect("=")
            value = self._next()[1]
            component, fused = (int(value), fused) if key == "component" else (component, value == "True")
        operands = tuple(self._in(part, INT64) for part in parts)
        return Reduce(self.names.reducers[name], tuple(axes), operands, component, fused)
