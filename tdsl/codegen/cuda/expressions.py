"""Expressions of Loop IR as CUDA C: a node in, the text of one C expression out, with its precedence.

The meaning is semantics D2–D7, to the bit: products are contracted only where the node says so (`fmaf`), nothing is
reordered, integers wrap. int64 values that surely fit are computed in 32 bits. Parts that occur twice get names first.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tdsl.codegen.cuda import calls, conversions, memory
from tdsl.codegen.cuda.context import Context
from tdsl.codegen.cuda.ranges import GREATEST, LEAST, NARROW, inside, reads_memory
from tdsl.codegen.cuda.types import C_TYPES, c_type, literal
from tdsl.dtypes import DTYPES, DType
from tdsl.errors import InternalError
from tdsl.expr.build import add
from tdsl.expr.node import (
    INT64,
    Binary,
    Bitcast,
    Call,
    Cast,
    Compare,
    Const,
    Fma,
    Load,
    Node,
    Read,
    Reduce,
    Select,
    Unary,
    Var,
    index_const,
)

ATOM, UNARY, PRODUCT, SUM, SHIFT, ORDER, EQUAL, AND, XOR, OR, BOTH, EITHER, CHOICE = range(15, 2, -1)
"""Precedences of C's operators, the tightest first."""

FLOAT32 = DTYPES["float32"]
FLOAT64 = DTYPES["float64"]

NAMED_SIZE = 4
"""A part used twice is given a name from this many operations on."""


@dataclass(frozen=True, slots=True)
class Text:
    """A C expression. wide: of int64 nodes, whether its C type is `long long` and not `int`."""

    text: str
    precedence: int = ATOM
    wide: bool = True

    def within(self, precedence: int) -> str:
        """The text where an operand of at least that precedence is expected."""
        return self.text if self.precedence >= precedence else f"({self.text})"


def value(ctx: Context, node: Node) -> str:
    """The text of a whole expression, as a value of its dtype's C type."""
    return typed(ctx, node).text


def typed(ctx: Context, node: Node) -> Text:
    """The text with its precedence, of exactly the dtype's C type."""
    found = expression(ctx, node)
    if node.dtype is INT64 and not found.wide:
        return Text(f"(long long){found.within(UNARY)}", UNARY)
    return found


def condition(ctx: Context, node: Node) -> Text:
    """A condition: comparisons of int64 need not be widened."""
    return expression(ctx, node)


def expression(ctx: Context, node: Node) -> Text:
    """The text of a node; int64 ones may come as `int`."""
    given = ctx.texts.get(node)
    if given is not None:
        return Text(given, ATOM, node.dtype is INT64 and not _fits(ctx, node))
    match node:
        case Const():
            return _constant(node)
        case Var():
            return _variable(ctx, node)
        case Load():
            return Text(memory.element(ctx, node.buffer, node.index), ATOM)
        case Unary():
            return _unary(ctx, node)
        case Binary():
            return _binary(ctx, node)
        case Compare():
            return _compare(ctx, node)
        case Select(cond, then, otherwise):
            return _select(ctx, node, cond, then, otherwise)
        case Cast(to, operand):
            return conversions.cast(ctx, to, operand)
        case Bitcast(to, operand):
            return conversions.bitcast(ctx, to, operand)
        case Fma():
            return _fma(ctx, node)
        case Call():
            arguments = ", ".join(value(ctx, one) for one in node.args)
            return Text(f"{calls.function(ctx, node)}({arguments})")
        case Read() | Reduce():
            raise InternalError("an expression above Loop IR", pass_name="codegen.cuda")
        case _:
            raise InternalError(f"no CUDA C for {type(node).__name__}", pass_name="codegen.cuda")


def _fits(ctx: Context, node: Node) -> bool:
    return inside(ctx.ranges.interval(node), NARROW)


def _constant(node: Const) -> Text:
    if node.dtype is INT64:
        number = int(node.value)
        if inside((number, number), (-(1 << 31) + 1, (1 << 31) - 1)):
            return Text(str(number), ATOM if number >= 0 else UNARY, wide=False)
    text = literal(node.bits, node.dtype)
    plain = text[0] not in "-(" or text.startswith("__")
    return Text(text, ATOM if plain else UNARY)


def _variable(ctx: Context, node: Var) -> Text:
    name = ctx.names.get(node.name)
    if name is None:
        raise InternalError(f"{node.name} is not bound", pass_name="codegen.cuda")
    ctx.used.add(node.name)
    if node.kind == "size":
        ctx.sizes[node.name] = None
    if node.kind == "param":
        ctx.scalars[node.name] = None
    return Text(name, ATOM, not ctx.is_narrow(node.name))


# ---------------------------------------------------------------- integers
def _integer_operands(ctx: Context, node: Node, a: Node, b: Node) -> tuple[Text, Text, bool]:
    """Operands whose common C type holds the result; whether that is `int`."""
    x, y = expression(ctx, a), expression(ctx, b)
    if x.wide or y.wide:
        return x, y, False
    if _fits(ctx, node):
        return x, y, True
    return _widened(x), y, False


def _widened(one: Text) -> Text:
    return one if one.wide else Text(f"(long long){one.within(UNARY)}", UNARY)


def _index_binary(ctx: Context, node: Binary) -> Text | None:
    """int64 arithmetic that cannot wrap, as plain C; None where it may or where C's meaning differs."""
    interval = ctx.ranges.interval(node)
    if not inside(interval, (LEAST, GREATEST)):
        return None
    op = node.op
    if op in ("add", "sub", "mul"):
        return _index_ring(ctx, node)
    if op in ("min", "max"):
        x, y = expression(ctx, node.lhs), expression(ctx, node.rhs)
        if x.wide != y.wide:
            x, y = _widened(x), _widened(y)
        return Text(f"{op}({x.text}, {y.text})", ATOM, x.wide)
    if op == "xor" and min(ctx.ranges.interval(one)[0] for one in (node.lhs, node.rhs)) >= 0:
        x, y = expression(ctx, node.lhs), expression(ctx, node.rhs)
        return Text(f"{x.within(UNARY)} ^ {y.within(UNARY)}", XOR, x.wide or y.wide)
    if op in ("floordiv", "mod"):
        dividend, divisor = ctx.ranges.interval(node.lhs), ctx.ranges.interval(node.rhs)
        if divisor[0] <= 0:
            return None
        if dividend[0] < 0:
            return _moved_up(ctx, node, dividend[0])
        x, y = expression(ctx, node.lhs), expression(ctx, node.rhs)
        sign = "/" if op == "floordiv" else "%"
        return Text(f"{x.within(PRODUCT)} {sign} {y.within(UNARY)}", PRODUCT, x.wide or y.wide)
    return None


def _moved_up(ctx: Context, node: Binary, low: int) -> Text | None:
    """Floor division by a constant of what may be negative: moved up by a multiple, where C's division floors.

    Rewrite: ``x // 32`` with x >= -40 is ``(x + 64) / 32 - 2``; ``x % 32`` is ``(x + 64) % 32``.
    """
    if not isinstance(node.rhs, Const):
        return None
    factor = int(node.rhs.value)
    count = -(low // factor)
    moved = add(node.lhs, index_const(count * factor)) if count * factor <= NARROW[1] else None
    if moved is None or not inside(ctx.ranges.interval(moved), NARROW):
        return None
    x = expression(ctx, moved)
    if node.op == "mod":
        return Text(f"{x.within(PRODUCT)} % {factor}", PRODUCT, x.wide)
    return Text(f"{x.within(PRODUCT)} / {factor} - {count}", SUM, x.wide)


def _index_ring(ctx: Context, node: Binary) -> Text:
    x, y, narrow = _integer_operands(ctx, node, node.lhs, node.rhs)
    if node.op == "mul":
        return Text(f"{x.within(PRODUCT)} * {y.within(UNARY)}", PRODUCT, not narrow)
    sign = "+" if node.op == "add" else "-"
    if (
        node.op == "add"
        and isinstance(node.rhs, Const)
        and int(node.rhs.value) < 0
        and int(node.rhs.value) > LEAST
    ):
        return Text(f"{x.within(SUM)} - {abs(int(node.rhs.value))}", SUM, not narrow)
    return Text(f"{x.within(SUM)} {sign} {y.within(PRODUCT)}", SUM, not narrow)


_SIGNS = {"add": "+", "sub": "-", "mul": "*", "and": "&", "or": "|", "xor": "^"}
_LEVELS = {"add": SUM, "sub": SUM, "mul": PRODUCT, "and": AND, "or": OR, "xor": XOR}


def _integer_binary(ctx: Context, node: Binary) -> Text:
    """Arithmetic of any integer dtype, which wraps."""
    dtype, op = node.dtype, node.op
    x, y = typed(ctx, node.lhs), typed(ctx, node.rhs)
    kind, wide = c_type(dtype), "unsigned long long" if dtype.bits == 64 else "unsigned int"
    if op in ("and", "or", "xor"):
        inner = f"{x.within(_LEVELS[op] + 1)} {_SIGNS[op]} {y.within(_LEVELS[op] + 1)}"
        return _narrowed(dtype, Text(inner, _LEVELS[op]))
    if op in ("add", "sub", "mul"):
        if kind == wide:
            return Text(f"{x.within(_LEVELS[op])} {_SIGNS[op]} {y.within(_LEVELS[op] + 1)}", _LEVELS[op])
        a, b = (f"({wide}){one.within(UNARY)}" for one in (x, y))
        return Text(f"({kind})({a} {_SIGNS[op]} {b})", UNARY)
    if op in ("min", "max"):
        if dtype.bits >= 32:
            return Text(f"{op}({x.text}, {y.text})")
        return Text(f"({kind}){op}((int){x.within(UNARY)}, (int){y.within(UNARY)})", UNARY)
    if op in ("shl", "shr"):
        return _shift(ctx, node, x, y)
    suffix = _suffix(dtype)
    function = ctx.use(f"tdsl_{'div' if op == 'floordiv' else 'mod'}_{suffix}")
    return _narrowed(dtype, Text(f"{function}({x.text}, {y.text})"))


def _suffix(dtype: DType) -> str:
    """The dtype in which narrow integers are divided."""
    bits = 64 if dtype.bits == 64 else 32
    return f"i{bits}" if dtype.kind == "int" or dtype.bits < 32 else f"u{bits}"


def _narrowed(dtype: DType, one: Text) -> Text:
    """C computes 8 and 16 bits as `int`: back to the dtype."""
    if dtype.bits >= 32:
        return one
    return Text(f"({C_TYPES[dtype.name]}){one.within(UNARY)}", UNARY)


def _shift(ctx: Context, node: Binary, x: Text, y: Text) -> Text:
    """A count is unsigned: the width or more gives 0, or the sign."""
    dtype, left = node.dtype, node.op == "shl"
    bits, kind = dtype.bits, c_type(dtype)
    unsigned = {8: "unsigned char", 16: "unsigned short", 32: "unsigned int", 64: "unsigned long long"}[bits]
    wide = "unsigned long long" if bits == 64 else "unsigned int"
    count = f"({unsigned}){y.within(UNARY)}"
    if isinstance(node.rhs, Const):
        number = int(node.rhs.value) & ((1 << bits) - 1)
        if number >= bits:
            number, x = (bits - 1, x) if not left and dtype.kind == "int" else (0, Text("0"))
        return _shifted(left, x, str(number), kind, wide)
    if not left and dtype.kind == "int":
        least = f"min((unsigned int)({count}), {bits - 1}u)" if bits < 64 else f"(int)min({count}, 63ull)"
        return _shifted(left, x, least, kind, wide)
    moved = _shifted(left, x, f"({count})", kind, wide)
    return Text(f"{count} < {bits} ? {moved.text} : ({kind})0", CHOICE)


def _shifted(left: bool, x: Text, count: str, kind: str, wide: str) -> Text:
    if left:
        return Text(f"({kind})(({wide}){x.within(UNARY)} << {count})", UNARY)
    return Text(f"({kind})({x.within(SHIFT + 1)} >> {count})", UNARY)


# ---------------------------------------------------------------- operators
def _unary(ctx: Context, node: Unary) -> Text:
    dtype, op = node.dtype, node.op
    if dtype.is_float:
        return conversions.float_unary(ctx, node)
    if op == "neg" and dtype is INT64 and inside(ctx.ranges.interval(node), (LEAST, GREATEST)):
        x = expression(ctx, node.operand)
        narrow = not x.wide and _fits(ctx, node)
        return Text(f"-{(x if narrow else _widened(x)).within(UNARY + 1)}", UNARY, not narrow)
    x = typed(ctx, node.operand)
    kind = c_type(dtype)
    wide = "unsigned long long" if dtype.bits == 64 else "unsigned int"
    match op:
        case "not":
            return Text(f"!{x.within(UNARY)}" if dtype.is_bool else f"({kind})~{x.within(UNARY)}", UNARY)
        case "neg":
            return Text(f"({kind})(0 - ({wide}){x.within(UNARY)})", UNARY)
        case "abs":
            if dtype.kind == "uint":
                return x
            minus = f"({kind})(0 - ({wide}){x.within(UNARY)})"
            return Text(f"{x.within(ORDER + 1)} < 0 ? {minus} : {x.within(CHOICE + 1)}", CHOICE)
        case "popcount" | "clz" | "ctz":
            return _count(node, x)
        case _:
            raise InternalError(f"{op} of {dtype}", pass_name="codegen.cuda")


def _count(node: Unary, x: Text) -> Text:
    """Bits counted in 32 or 64 bits; narrower patterns are put where they count right."""
    bits, kind = node.dtype.bits, c_type(node.dtype)
    long = "ll" if bits == 64 else ""
    unsigned = {8: "unsigned char", 16: "unsigned short", 32: "unsigned int", 64: "unsigned long long"}[bits]
    signed = "long long" if bits == 64 else "int"
    pattern = f"({unsigned}){x.within(UNARY)}"
    if node.op == "popcount":
        return Text(f"({kind})__popc{long}({pattern})", UNARY)
    if node.op == "clz":
        less = "" if bits >= 32 else f" - {32 - bits}"
        return Text(f"({kind})(__clz{long}(({signed})({pattern})){less})", UNARY)
    if bits < 32:
        return Text(f"({kind})(__ffs((int)({pattern}) | {1 << bits}) - 1)", UNARY)
    first = f"__ffs{long}(({signed})({pattern}))"
    return Text(f"({kind})({first} == 0 ? {bits} : {first} - 1)", UNARY)


def _binary(ctx: Context, node: Binary) -> Text:
    if node.dtype.is_bool:
        x, y = expression(ctx, node.lhs), expression(ctx, node.rhs)
        if node.op in ("and", "min", "mul"):
            return Text(f"{x.within(BOTH)} && {y.within(BOTH)}", BOTH)
        if node.op in ("or", "max", "add"):
            return Text(f"{x.within(EITHER)} || {y.within(EITHER)}", EITHER)
        return Text(f"{x.within(EQUAL)} != {y.within(EQUAL + 1)}", EQUAL)
    if node.dtype.is_float:
        return conversions.float_binary(ctx, node)
    if node.dtype is INT64:
        plain = _index_binary(ctx, node)
        if plain is not None:
            return plain
    return _integer_binary(ctx, node)


_COMPARES = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def _compare(ctx: Context, node: Compare) -> Text:
    level = EQUAL if node.op in ("eq", "ne") else ORDER
    if node.lhs.dtype is INT64:
        x, y = expression(ctx, node.lhs), expression(ctx, node.rhs)
    else:
        x, y = (conversions.wide(ctx, one) for one in (node.lhs, node.rhs))
    return Text(f"{x.within(level + 1)} {_COMPARES[node.op]} {y.within(level + 1)}", level)


def _select(ctx: Context, node: Select, cond: Node, then: Node, otherwise: Node) -> Text:
    """C's choice is lazy as ours; both sides have one C type."""
    test = expression(ctx, cond)
    a, b = expression(ctx, then), expression(ctx, otherwise)
    if node.dtype is INT64 and a.wide != b.wide:
        a, b = _widened(a), _widened(b)
    text = f"{test.within(CHOICE + 1)} ? {a.within(CHOICE + 1)} : {b.within(CHOICE)}"
    return Text(text, CHOICE, a.wide)


def _fma(ctx: Context, node: Fma) -> Text:
    operands = (node.a, node.b, node.c)
    if node.dtype is FLOAT32 or node.dtype is FLOAT64:
        name = "fmaf" if node.dtype is FLOAT32 else "fma"
        return Text(f"{name}({', '.join(value(ctx, one) for one in operands)})")
    return conversions.narrow_fma(ctx, node)


# ---------------------------------------------------------------- parts that occur twice
def name_parts(ctx: Context, *roots: Node) -> None:
    """Gives names to parts that occur more than once and are evaluated in any case, inner ones first."""
    for node in _repeated(roots):
        if node in ctx.texts:
            continue
        kind = "int" if node.dtype is INT64 and not expression(ctx, node).wide else c_type(node.dtype)
        text = expression(ctx, node).text
        name = ctx.fresh("t")
        ctx.line(f"const {kind} {name} = {text};")
        ctx.texts[node] = name


def _repeated(roots: tuple[Node, ...]) -> list[Node]:
    """Parts used more than once, inner ones first; those that read memory only where nothing decides about it."""
    order: list[Node] = []
    uses: Counter[Node] = Counter(roots)
    sizes: dict[Node, int] = {}
    certain: set[Node] = set()
    stack: list[tuple[Node, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        node, done = stack.pop()
        if done:
            sizes[node] = 1 + sum(sizes[child] for child in node.children)
            order.append(node)
            continue
        if node in sizes:
            continue
        sizes[node] = 0
        stack.append((node, True))
        for child in reversed(node.children):
            uses[child] += 1
            stack.append((child, False))
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if node in certain:
            continue
        certain.add(node)
        waiting += (node.cond,) if isinstance(node, Select) else node.children
    return [
        node
        for node in order
        if uses[node] > 1
        and sizes[node] >= NAMED_SIZE
        and not isinstance(node, Const | Var)
        and (node in certain or not reads_memory(node))
    ]
