"""One scalar argument in the entry: a Python object in, memory that begins with its value's bytes out.

Accepted in place: exactly `float` and `int` for floats, exactly `int` for integers, `True` and `False` for bools, where
the value fits without a second rounding; NumPy scalars, subclasses and huge integers go to the slow path.
"""

from __future__ import annotations

from dataclasses import dataclass

from tdsl.codegen.entry.code import Code
from tdsl.codegen.entry.formulas import NoCode, Whole, integer
from tdsl.codegen.entry.layout import FLOAT_VALUE, OBJECT_TYPE, ContextLayout
from tdsl.codegen.interface import ScalarInterface
from tdsl.dtypes import as_dtype, max_value, min_value

_EXACT = 1 << 53
"""Integers up to here are float64 values, so that only the conversion from there rounds."""


@dataclass(frozen=True, slots=True)
class ScalarValue:
    """memory: pointer to the bytes; whole: the value of an integer."""

    memory: str
    whole: Whole | None = None


def read_scalar(code: Code, context: ContextLayout, interface: ScalarInterface, handle: str) -> ScalarValue:
    """The value of the object `handle`, in memory of the entry."""
    dtype = as_dtype(interface.dtype)
    memory = f"%scalar.{code.number()}"
    code.lines.insert(1, f"  {memory} = alloca i64, align 8")
    if dtype.is_bool:
        yes = code.op(f"icmp eq ptr {handle}, {_known(code, context, 'true')}")
        no = code.op(f"icmp eq ptr {handle}, {_known(code, context, 'false')}")
        code.require(code.op(f"or i1 {yes}, {no}"))
        code.store("i8", code.op(f"zext i1 {yes} to i8"), memory)
        return ScalarValue(memory)
    kind = code.load("ptr", handle, OBJECT_TYPE)
    if dtype.is_integer:
        value = _int(code, context, kind, handle, int(min_value(dtype)), int(max_value(dtype)))
        _check_range(code, interface, value)
        bits = 8 * dtype.bytes
        narrow = value.text if bits == 64 else code.op(f"trunc i64 {value.text} to i{bits}")
        code.store(f"i{bits}", narrow, memory)
        return ScalarValue(memory, value)
    if dtype.name not in ("float32", "float64"):
        raise NoCode(f"a scalar of {dtype}")
    number = _float(code, context, kind, handle)
    if dtype.name == "float32":
        code.store("float", code.op(f"fptrunc double {number} to float"), memory)
    else:
        code.store("double", number, memory)
    return ScalarValue(memory)


def _known(code: Code, context: ContextLayout, slot: str) -> str:
    return code.load("ptr", "%context", context.offset(slot))


def _float(code: Code, context: ContextLayout, kind: str, handle: str) -> str:
    """A double from a `float` or an `int`."""
    is_float = code.op(f"icmp eq ptr {kind}, {_known(code, context, 'float')}")
    _, other = code.branch(is_float, "float", likely=True)
    direct = code.op(f"load double, ptr {code.at(handle, FLOAT_VALUE)}, align 8")
    number = code.number()
    first = code.jump(f"number{number}")
    code.label(other)
    whole = _int(code, context, kind, handle, -_EXACT, _EXACT)
    converted = code.op(f"sitofp i64 {whole.text} to double")
    second = code.jump(f"number{number}")
    code.label(f"number{number}")
    return code.phi("double", (direct, first), (converted, second))


def _int(code: Code, context: ContextLayout, kind: str, handle: str, low: int, high: int) -> Whole:
    """An `int` between low and high."""
    code.require(code.op(f"icmp eq ptr {kind}, {_known(code, context, 'int')}"))
    code.settle()
    return read_int(code, handle, low, high)


def read_int(code: Code, handle: str, low: int, high: int) -> Whole:
    """The value of an `int` object between low and high."""
    overflow = f"%overflow.{code.number()}"
    code.lines.insert(1, f"  {overflow} = alloca i32, align 4")
    text = code.op(f"call i64 @PyLong_AsLongLongAndOverflow(ptr {handle}, ptr {overflow})")
    code.require(code.op(f"icmp eq i32 {code.load('i32', overflow)}, 0"))
    low, high = max(low, -(1 << 63)), min(high, (1 << 63) - 1)
    code.require(code.op(f"icmp sge i64 {text}, {low}"))
    code.require(code.op(f"icmp sle i64 {text}, {high}"))
    code.settle()
    return Whole(text, low, high)


def _check_range(code: Code, interface: ScalarInterface, value: Whole) -> None:
    if interface.value_range is not None:
        low, high = (integer(code, formula, {}) for formula in interface.value_range)
        code.require(code.op(f"icmp sge i64 {value.text}, {low.text}"))
        code.require(code.op(f"icmp slt i64 {value.text}, {high.text}"))
