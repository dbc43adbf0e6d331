"""Conversions between dtypes as semantics D2 reads them: an operand as text in, the result's name out.

Integers wrap, floats truncate toward zero and saturate, NaN becomes 0, to bool is `!= 0`. Floats narrower than float32
come from and go through that (narrow_floats.py).
"""

from __future__ import annotations

from tdsl.codegen.llvm.narrow_floats import FLOAT32, is_rounded_single, narrowed_number, widened
from tdsl.codegen.llvm.operations import Operations
from tdsl.codegen.llvm.types import element_type, literal, suffix
from tdsl.dtypes import DType, bits_of, max_value, min_value


def cast(o: Operations, source: DType, target: DType, a: str) -> str:
    """`a`, a value of `source`, as a value of `target`."""
    if source is target:
        return a
    if is_rounded_single(source):
        return cast(o, FLOAT32, target, widened(o, source, a))
    if is_rounded_single(target) and not source.is_bool:
        return narrowed_number(o, source, target, a)
    if target.is_bool:
        return _to_bool(o, source, a)
    if source.is_bool:
        return _from_bool(o, target, a)
    if source.is_float:
        return _to_float(o, source, target, a) if target.is_float else _float_to_integer(o, source, target, a)
    if target.is_float:
        op = "sitofp" if source.kind == "int" else "uitofp"
        return o.convert(op, element_type(source), element_type(target), a)
    return resized(o, source, target.bits, a)


def resized(o: Operations, source: DType, bits: int, a: str) -> str:
    """An integer in another width: cut off, or extended by its own sign."""
    if source.bits == bits:
        return a
    op = "trunc" if source.bits > bits else "sext" if source.kind == "int" else "zext"
    return o.convert(op, f"i{source.bits}", f"i{bits}", a)


def _to_bool(o: Operations, source: DType, a: str) -> str:
    element = element_type(source)
    if source.is_float:
        return o.compare("une", element, a, o.real(literal(0, source), element))
    return o.compare("ne", element, a, o.integer(0, source.bits))


def _from_bool(o: Operations, target: DType, a: str) -> str:
    if target.is_float:
        element = element_type(target)
        one = o.real(literal(bits_of(1.0, target), target), element)
        return o.select(element, a, one, o.real(literal(0, target), element))
    return o.convert("zext", "i1", f"i{target.bits}", a)


def _to_float(o: Operations, source: DType, target: DType, a: str) -> str:
    op = "fpext" if target.bits > source.bits else "fptrunc"
    return o.convert(op, element_type(source), element_type(target), a)


def _float_to_integer(o: Operations, source: DType, target: DType, a: str) -> str:
    element = element_type(source)
    if target.bits < 32:
        return _to_narrow_integer(o, source, target, a)
    sign = "s" if target.kind == "int" else "u"
    result, argument = o.type(f"i{target.bits}"), o.type(element)
    name = f"llvm.fpto{sign}i.sat.{suffix(f'i{target.bits}', o.lanes)}.{suffix(element, o.lanes)}"
    return o.f.intrinsic(result, name, (argument, a))


def _to_narrow_integer(o: Operations, source: DType, target: DType, a: str) -> str:
    """8 and 16 bits: bounds that the float holds exactly, so clamp first, go through 32 bits and cut off."""
    element = element_type(source)
    low, high = (
        o.real(literal(bits_of(float(bound(target)), source), source), element)
        for bound in (min_value, max_value)
    )
    zero = o.real(literal(0, source), element)
    number = o.select(element, o.compare("ord", element, a, zero), a, zero)
    above = o.select(element, o.compare("ogt", element, number, low), number, low)
    inside = o.select(element, o.compare("olt", element, above, high), above, high)
    return o.convert("trunc", "i32", f"i{target.bits}", o.convert("fptosi", element, "i32", inside))
