"""What the operators mean on handles: operands meet in one dtype (D1), the node is built, misuse is explained.

In: an operator's name and operands (expressions, tensors, numbers). Out: an `Expr`, or for whole tensors a `Tensor`
made by `elementwise.py`. Integer `/`, float `//`, arithmetic of bools and odd powers are errors that name the way out.
"""

from __future__ import annotations

from typing import cast as typed

from tdsl.dtypes import DType, as_dtype, wrap
from tdsl.errors import DTypeError
from tdsl.expr import build
from tdsl.expr.handles import Expr, as_number, as_operand, expression, meet
from tdsl.expr.node import BinaryOp, CompareOp, Const, Node, UnaryOp
from tdsl.expr.printer import text
from tdsl.expr.tensor import Tensor
from tdsl.location import here

SYMBOLS: dict[str, str] = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "floordiv": "//", "mod": "%", "pow": "**", "shl": "<<",
    "shr": ">>", "and": "&", "or": "|", "xor": "^", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">",
    "ge": ">=", "neg": "-", "pos": "+", "not": "~",
}  # fmt: skip
"""Operator names as Python writes them."""

LARGEST_POWER = 64
"""`x ** n` is n - 1 products; more are a mistake or want `td.pow`."""

_ARITHMETIC = ("add", "sub", "mul", "div", "floordiv", "mod")
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_BITS = ("and", "or", "xor")


def apply(op: str, *operands: object) -> Expr | Tensor:
    """The handle of `op` over operands; a whole tensor among them makes an unnamed stage.

    Errors: E113 an operand that is no expression; E203, E204, E206, E207 dtypes.
    """
    if any(isinstance(operand, Tensor) and operand.ndim > 0 for operand in operands):
        from tdsl.expr.elementwise import elementwise

        return elementwise(op, lambda *parts: typed(Expr, apply(op, *parts)), *operands)
    if len(operands) == 1:
        return _apply_unary(op, _strong(operands[0]))
    if op == "pow":
        return _power(operands[0], operands[1])
    a, b = as_operand(operands[0]), as_operand(operands[1])
    (lhs, rhs), weak = meet(a, b)
    if op in _COMPARISONS:
        return expression(_compare(op, lhs, rhs), a, b)
    _check_dtype(op, lhs.dtype, (a, b))
    return expression(build.binary(typed(BinaryOp, op), lhs, rhs), a, b, weak=weak)


def _strong(operand: object) -> Expr:
    value = as_operand(operand)
    if isinstance(value, Expr):
        return value
    (node,), _ = meet(value)
    return expression(node, weak=True)


def _compare(op: CompareOp, lhs: Node, rhs: Node) -> Node:
    if lhs.dtype.is_bool and op not in ("eq", "ne"):
        raise DTypeError(
            "E207",
            f"bools have no order: {SYMBOLS[op]}",
            where=here(),
            hint=(f'td.cast({text(lhs)}, "int32") where 0 < 1 is meant', "a & b, a | b, ~a"),
        )
    _check_storage(lhs.dtype)
    return build.compare(op, lhs, rhs)


def _apply_unary(op: str, operand: Expr) -> Expr:
    dtype = operand.dtype
    if op == "pos" or (op == "not" and dtype.is_float) or (dtype.is_bool and op != "not"):
        if op == "pos" and not dtype.is_bool:
            return operand
        raise DTypeError(
            "E207",
            f"{SYMBOLS.get(op, op)} of {dtype} values",
            where=here(),
            why=(f"{operand} is {dtype}",),
            hint=(
                f'td.cast({operand}, "int32") makes 0 and 1 of a bool; ~{_operand(str(operand))} negates it',
            )
            if dtype.is_bool
            else (f'td.bitcast({operand}, "int{dtype.bits}") has its bits',),
        )
    _check_storage(dtype)
    return expression(build.unary(typed(UnaryOp, op), operand.node), operand, weak=operand.weak)


def _check_storage(dtype: DType) -> None:
    if not dtype.arithmetic and not dtype.is_bool:
        raise DTypeError(
            "E207",
            f"{dtype} is for storage: load, store and cast only",
            where=here(),
            hint=('x.astype("float32") before computing',),
        )


def _check_dtype(op: str, dtype: DType, operands: tuple[object, object]) -> None:
    """Refuses operators that a dtype does not have, with what to write instead."""
    missing = ("floordiv", "mod", *_BITS, "shl", "shr") if dtype.is_float else ("div",)
    if not dtype.is_bool and op not in missing:  # texts of operands are for errors only: they may be long
        _check_storage(dtype)
        return
    symbol = SYMBOLS.get(op, op)
    a, b = (str(operand) for operand in operands)
    if dtype.is_bool:
        if op in _BITS:
            return
        hint = (f'td.cast({a}, "int32") makes 0 and 1 of a bool', "a & b, a | b, a ^ b combine conditions")
        raise DTypeError(
            "E207", f"bools have no {symbol}", where=here(), why=(f"{a} {symbol} {b}",), hint=hint
        )
    _check_storage(dtype)
    if dtype.is_integer and op == "div":
        raise DTypeError(
            "E206",
            f"/ of integers: {dtype} / {dtype}",
            where=here(),
            why=("integers have no exact quotient; the rounding is yours to choose",),
            hint=(
                f"{_operand(a)} // {_operand(b)}, toward minus infinity",
                f'{_operand(a)}.astype("float64") / …',
            ),
        )
    if dtype.is_float and op in ("floordiv", "mod"):
        quotient = f"td.floor({_operand(a)} / {_operand(b)})"
        raise DTypeError(
            "E207",
            f"{symbol} of floats: {dtype}",
            where=here(),
            why=("// and % are exact, and a float quotient is rounded before it could be floored",),
            hint=(quotient if op == "floordiv" else f"{a} - {quotient} * {_operand(b)}",),
        )
    if dtype.is_float and op in (*_BITS, "shl", "shr"):
        raise DTypeError(
            "E207",
            f"{dtype} has no {symbol}",
            where=here(),
            hint=(f'td.cast({a}, "int32") {symbol} …, where integers are meant',),
        )


def _operand(text: str) -> str:
    """Text that can stand beside an operator."""
    return f"({text})" if " " in text and not text.endswith(")") else text


def _power(base: object, exponent: object) -> Expr:
    """`x ** n`: for a literal n of 0 to 64 products from the left (semantics D3); of other floats, td.pow."""
    operand = as_operand(base)
    power = as_number(exponent)
    if isinstance(power, float) and power.is_integer():
        power = int(power)
    literal = isinstance(power, int) and 0 <= power <= LARGEST_POWER
    if not (isinstance(operand, Expr) and literal):
        parts = [each for each in (operand, as_operand(exponent)) if isinstance(each, Expr)]
        floats = [each for each in parts if each.dtype.is_float and each.dtype.arithmetic]
        if floats and not isinstance(power, bool):
            from tdsl.expr.functions import calls

            return calls.pow(base, exponent)
    if not isinstance(operand, Expr) or not isinstance(power, int) or isinstance(power, bool):
        raise DTypeError(
            "E207",
            f"** of integers takes a small literal integer as exponent, not {exponent}",
            where=here(),
            hint=(f'td.cast({base}, "float64") ** {_operand(str(exponent))}',),
        )
    if not 0 <= power <= LARGEST_POWER:
        raise DTypeError(
            "E207",
            f"** {power}: the exponent is not in 0 to {LARGEST_POWER}",
            where=here(),
            hint=(f'td.cast({base}, "float64") ** {power}',),
        )
    _check_dtype("mul", operand.dtype, (operand, operand))
    node: Node = build.constant(1, operand.dtype)
    for _ in range(power):
        node = build.mul(node, operand.node)
    return expression(node, operand, weak=operand.weak)


def convert(value: object, dtype: object) -> Expr | Tensor:
    """`cast(value, dtype)` (D2). A Python int may be of any size and wraps as a value of an integer dtype would.

    Errors: E201 no such dtype; E113 not an expression.
    """
    target = as_dtype(dtype, where=here())
    if isinstance(value, Tensor) and value.ndim > 0:
        from tdsl.expr.elementwise import elementwise

        def converted(part: object) -> Expr:
            return typed(Expr, convert(part, target))

        return elementwise("cast", converted, value)
    operand = as_operand(value)
    if isinstance(operand, Expr):
        return expression(build.cast(operand.node, target), operand)
    source = as_dtype(bool if isinstance(operand, bool) else type(operand))
    if isinstance(operand, int) and not isinstance(operand, bool):
        return Expr(_cast_integer(int(operand), target))
    return expression(build.cast(build.constant(operand, source), target))


def _cast_integer(value: int, target: DType) -> Const:
    kept = value != 0 if target.is_bool else value if target.is_float else wrap(value, target)
    return build.constant(kept, target)
