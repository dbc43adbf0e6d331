"""Sizes in the entry: arrays and keywords in, the value of every size out; everything that must agree is required.

The order is that of runtime/sizes.py (codegen/bindings.py); it is decided here and costs nothing at a call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tdsl.codegen.bindings import bindings
from tdsl.codegen.entry.arrays import Array
from tdsl.codegen.entry.code import Code
from tdsl.codegen.entry.formulas import Whole, condition, integer
from tdsl.codegen.formula import Formula
from tdsl.codegen.interface import SIZE_LIMIT, Interface


def solve(
    code: Code, interface: Interface, arrays: Sequence[Array], given: Mapping[str, Whole]
) -> dict[str, Whole]:
    """Every size's value; requires that shapes agree and facts of sizes hold.

    Args:
        given: sizes passed as keywords, each known to be at least 0 and below the limit.
    """
    equations = [
        pair for array in arrays for pair in zip(array.extents, array.interface.extents, strict=True)
    ]
    known = dict(given)
    bound: set[int] = set()
    for position, name, factor in bindings([formula for _, formula in equations], set(given)):
        extent, formula = equations[position]
        if factor is None:
            text = _quotient(code, extent, formula, name, known)
        else:
            text = extent if factor == 0 else _solved(code, extent, formula, name, factor, known)
        known[name] = _limited(code, interface, name, text)
        if factor == 0:
            bound.add(position)
    for position, (extent, formula) in enumerate(equations):
        if position not in bound:
            code.require(code.op(f"icmp eq i64 {extent}, {integer(code, formula, known).text}"))
    for size in interface.sizes:
        if size.multiple_of > 1:
            rest = code.op(f"urem i64 {known[size.name].text}, {size.multiple_of}")
            code.require(code.op(f"icmp eq i64 {rest}, 0"))
    return known


def _limited(code: Code, interface: Interface, name: str, text: str) -> Whole:
    """Minimum <= value < limit, as one unsigned comparison."""
    least = next(size.minimum for size in interface.sizes if size.name == name)
    above = code.op(f"sub i64 {text}, {least}") if least else text
    code.require(code.op(f"icmp ult i64 {above}, {SIZE_LIMIT - least}"))
    return Whole(text, least, SIZE_LIMIT - 1)


def _solved(
    code: Code, extent: str, formula: Formula, name: str, factor: int, known: Mapping[str, Whole]
) -> str:
    """(extent - rest) / factor, and that it divides. What wraps around is no size and fails the comparison later."""
    rest = code.op(f"sub i64 {extent}, {formula.constant}") if formula.constant else extent
    for other, count in formula.terms or ():
        if other != name:
            product = known[other].text if count == 1 else code.op(f"mul i64 {known[other].text}, {count}")
            rest = code.op(f"sub i64 {rest}, {product}")
    if abs(factor) == 1:  # a division by -1 would trap for one value
        return rest if factor == 1 else code.op(f"sub i64 0, {rest}")
    remainder = code.op(f"srem i64 {rest}, {factor}")
    code.require(code.op(f"icmp eq i64 {remainder}, 0"))
    return code.op(f"sdiv i64 {rest}, {factor}")


def _quotient(code: Code, extent: str, formula: Formula, name: str, known: Mapping[str, Whole]) -> str:
    """The size that a product of sizes gives, where its factor is positive."""
    least = integer(code, formula, {**known, name: Whole.constant(0)}).text
    factor = code.op(f"sub i64 {integer(code, formula, {**known, name: Whole.constant(1)}).text}, {least}")
    positive = code.op(f"icmp sgt i64 {factor}, 0")
    code.require(positive)
    divisor = code.op(f"select i1 {positive}, i64 {factor}, i64 1")
    rest = code.op(f"sub i64 {extent}, {least}")
    code.require(code.op(f"icmp eq i64 {code.op(f'srem i64 {rest}, {divisor}')}, 0"))
    return code.op(f"sdiv i64 {rest}, {divisor}")


def check_facts(code: Code, interface: Interface, known: Mapping[str, Whole]) -> None:
    """Conditions declared or assumed."""
    for fact in interface.facts:
        code.require(condition(code, fact, known))
