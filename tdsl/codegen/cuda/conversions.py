"""Floats in CUDA C: arithmetic of every width, casts, patterns; nodes in, text out (semantics D2, D5–D7, E5).

float16 and bfloat16 values are their patterns; every operation on them widens to float32, computes there and rounds.
No contraction (`--fmad=false`), no fast division or root: the compiler's defaults round as IEEE 754 says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdsl.codegen.cuda import expressions
from tdsl.codegen.cuda.types import C_TYPES, NARROW, c_type
from tdsl.dtypes import DTYPES, DType
from tdsl.errors import InternalError
from tdsl.expr.node import INT64, Binary, Const, Fma, Node, Unary

if TYPE_CHECKING:
    from tdsl.codegen.cuda.context import Context
    from tdsl.codegen.cuda.expressions import Text

FLOAT32 = DTYPES["float32"]

_WIDEN = {
    "float16": "tdsl_half_to_float", "bfloat16": "tdsl_bfloat_to_float",
    "float8_e4m3fn": "tdsl_e4m3_to_float", "float8_e5m2": "tdsl_e5m2_to_float",
}  # fmt: skip
_ROUND = {
    "float16": "tdsl_float_to_half", "bfloat16": "tdsl_float_to_bfloat", "tfloat32": "tdsl_float_to_tf32",
    "float8_e4m3fn": "tdsl_float_to_e4m3", "float8_e5m2": "tdsl_float_to_e5m2",
}  # fmt: skip
_SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}


def wide(ctx: Context, node: Node) -> Text:
    """A value in which it can be computed with: a narrow float as float32."""
    found = expressions.typed(ctx, node)
    if node.dtype.name in NARROW:
        return expressions.Text(f"{ctx.use(_WIDEN[node.dtype.name])}({found.text})")
    return found


def rounded(ctx: Context, dtype: DType, one: Text) -> Text:
    """A float32 as a narrower float; anything else as it is."""
    if dtype.name in _ROUND:
        return expressions.Text(f"{ctx.use(_ROUND[dtype.name])}({one.text})")
    return one


def _letter(dtype: DType) -> str:
    return "f64" if dtype.name == "float64" else "f32"


def float_binary(ctx: Context, node: Binary) -> Text:
    """`a op b`."""
    c_type(node.dtype)
    x, y = wide(ctx, node.lhs), wide(ctx, node.rhs)
    if node.op in ("min", "max"):
        function = ctx.use(f"tdsl_{node.op}_{_letter(node.dtype)}")
        found = expressions.Text(f"tdsl_{node.op}({x.text}, {y.text})")
        assert function
        return rounded(ctx, node.dtype, found)
    if node.op not in _SIGNS:
        raise InternalError(f"{node.op} of {node.dtype}", pass_name="codegen.cuda")
    level = expressions.SUM if node.op in ("add", "sub") else expressions.PRODUCT
    text = f"{x.within(level)} {_SIGNS[node.op]} {y.within(level + 1)}"
    return rounded(ctx, node.dtype, expressions.Text(text, level))


_FUNCTIONS = {
    "abs": "fabs",
    "sqrt": "sqrt",
    "floor": "floor",
    "ceil": "ceil",
    "trunc": "trunc",
    "round": "rint",
}


def float_unary(ctx: Context, node: Unary) -> Text:
    """`op` of one operand."""
    c_type(node.dtype)
    if node.dtype.name in NARROW and node.op in ("neg", "abs"):
        x = expressions.typed(ctx, node.operand)
        change = "^ 0x8000" if node.op == "neg" else "& 0x7fff"
        return expressions.Text(
            f"(unsigned short)({x.within(expressions.AND + 1)} {change})", expressions.UNARY
        )
    x = wide(ctx, node.operand)
    if node.op == "neg":
        return expressions.Text(f"-{x.within(expressions.UNARY + 1)}", expressions.UNARY)
    name = _FUNCTIONS[node.op] + ("" if node.dtype.name == "float64" else "f")
    return rounded(ctx, node.dtype, expressions.Text(f"{name}({x.text})"))


def narrow_fma(ctx: Context, node: Fma) -> Text:
    """`a * b + c` of narrow floats with one rounding: the product is exact in float64, the sum is rounded to odd."""
    a, b, c = (wide(ctx, one) for one in (node.a, node.b, node.c))
    ctx.use("tdsl_round_to_odd")
    product = f"(double){a.within(expressions.UNARY)} * (double){b.within(expressions.UNARY)}"
    total = f"tdsl_round_to_odd({product}, (double){c.within(expressions.UNARY)})"
    return rounded(ctx, node.dtype, expressions.Text(total))


# ---------------------------------------------------------------- casts
def cast(ctx: Context, target: DType, operand: Node) -> Text:
    """A value of another dtype (semantics D2)."""
    source = operand.dtype
    kind = c_type(target)
    if source is target:
        return expressions.expression(ctx, operand)
    if target.is_bool:
        x = wide(ctx, operand)
        zero = "0.0f" if source.is_float and source.name != "float64" else "0.0" if source.is_float else "0"
        return expressions.Text(f"{x.within(expressions.EQUAL + 1)} != {zero}", expressions.EQUAL)
    if source.is_float and target.is_integer:
        x = wide(ctx, operand)
        letters = "i" if target.kind == "int" else "u"
        function = ctx.use(f"tdsl_to_{letters}{target.bits}_{_letter(source)}")
        return expressions.Text(f"{function}({x.text})")
    if target.name in _ROUND:
        return _to_narrow(ctx, target, operand)
    x = wide(ctx, operand) if source is not INT64 else expressions.expression(ctx, operand)
    if target is INT64 and source.is_integer and source.bits < 32:
        return expressions.Text(
            f"(int){x.within(expressions.UNARY)}", expressions.UNARY, wide=_fits(ctx, operand)
        )
    if source.name in NARROW and target is FLOAT32:
        return x
    return expressions.Text(f"({kind}){x.within(expressions.UNARY)}", expressions.UNARY)


def _fits(ctx: Context, operand: Node) -> bool:
    """8 and 16 bits always fit an `int`."""
    del ctx, operand
    return False


def _to_narrow(ctx: Context, target: DType, operand: Node) -> Text:
    """One rounding in all: float64 and long integers go through a float32 rounded to odd."""
    source = operand.dtype
    x = wide(ctx, operand)
    exact = source.is_bool or (source.is_integer and source.bits <= 16)
    if source.name == "float64":
        ctx.use("tdsl_round_to_odd")
        x = expressions.Text(f"tdsl_round_to_odd({x.text}, -0.0)")  # -0.0 changes no sum
    elif exact or (source.is_integer and target.exponent_bits < FLOAT32.exponent_bits):
        # what float32 cannot hold of an integer overflows 5 bits of exponent anyway
        x = expressions.Text(f"(float){x.within(expressions.UNARY)}", expressions.UNARY)
    elif source.is_integer:
        if source.bits == 64:
            ctx.use("tdsl_u64_to_odd")
            name = "tdsl_u64_to_odd" if source.kind == "uint" else ctx.use("tdsl_i64_to_odd")
            x = expressions.Text(f"{name}({x.text})")
        else:
            ctx.use("tdsl_round_to_odd")
            x = expressions.Text(f"tdsl_round_to_odd((double){x.within(expressions.UNARY)}, 0.0)")
    return rounded(ctx, target, x)


_PATTERNS = {
    ("float32", "int32"): "__float_as_int", ("int32", "float32"): "__int_as_float",
    ("float64", "int64"): "__double_as_longlong", ("int64", "float64"): "__longlong_as_double",
}  # fmt: skip


def _ieee(dtype: DType) -> str:
    """The name of the C type's format."""
    return "float64" if dtype.bits == 64 else "float32"


def bitcast(ctx: Context, target: DType, operand: Node) -> Text:
    """The same bits as another dtype: through the signed integer of that width."""
    source = operand.dtype
    x = expressions.typed(ctx, operand)
    if source is target:
        return x
    signed = {32: "int32", 64: "int64"}.get(source.bits)
    if source.is_float and signed is not None:
        x = expressions.Text(f"{_PATTERNS[_ieee(source), signed]}({x.text})")
        source = DTYPES[signed]
    if target.is_float and signed is not None:
        inner = x if source.name == signed else expressions.Text(f"({C_TYPES[signed]}){x.within(14)}", 14)
        text = f"{inner.text} & -0x2000" if target.name == "tfloat32" else inner.text
        return expressions.Text(f"{_PATTERNS[signed, _ieee(target)]}({text})")
    if C_TYPES[source.name] == c_type(target):
        return x
    return expressions.Text(f"({c_type(target)}){x.within(expressions.UNARY)}", expressions.UNARY)


def is_zero(node: Node) -> bool:
    """Whether a node is a constant zero."""
    return isinstance(node, Const) and not node.value
