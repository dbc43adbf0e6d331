"""Single operations on scalars or on all lanes of a vector: operands as text in, the result's name out.

The same code writes both forms: `lanes` is 0 for scalars. Masks (`i1` vectors) are kept where the machine has registers
for them; elsewhere they are written again in the scope that uses them, since carrying one between blocks costs more
than the comparison it comes from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tdsl.codegen.llvm.capabilities import Capabilities
from tdsl.codegen.llvm.function import Function
from tdsl.codegen.llvm.types import number, shuffle_mask, splat, suffix, widened
from tdsl.codegen.llvm.values import row


@dataclass(slots=True)
class Operations:
    """Writes operations of one width into one function."""

    f: Function
    capabilities: Capabilities
    lanes: int

    def type(self, element: str) -> str:
        """The type of an operand: the element or a vector of it."""
        return widened(element, self.lanes)

    def integer(self, value: int, bits: int) -> str:
        """An integer constant; `bits` is its width, the value may be given in any representative of it."""
        value &= (1 << bits) - 1
        return number(value - (1 << bits) if value >> (bits - 1) and bits > 1 else value, bits, self.lanes)

    def real(self, text: str, element: str) -> str:
        """A float constant."""
        return splat(text, element, self.lanes)

    @property
    def true(self) -> str:
        return splat("true", "i1", self.lanes)

    def binary(self, op: str, element: str, a: str, b: str) -> str:
        """`op` of two operands of one element type."""
        if element == "i1":
            return self.flag(f"{op} {self.type('i1')} %s, %s", a, b)
        type_ = self.type(element)
        return self.f.pure(type_, f"{op} {type_} %s, %s", a, b)

    def unary(self, op: str, element: str, a: str) -> str:
        """An instruction with one operand (`fneg`)."""
        type_ = self.type(element)
        return self.f.pure(type_, f"{op} {type_} %s", a)

    def flag(self, template: str, *operands: str) -> str:
        """An operation that gives a bool or a mask."""
        if self.lanes and not self.capabilities.mask_registers:
            return self.f.near(self.type("i1"), template, *operands)
        return self.f.pure(self.type("i1"), template, *operands)

    def compare(self, predicate: str, element: str, a: str, b: str) -> str:
        """A comparison; the predicate tells integers (`slt`) from floats (`olt`)."""
        instruction = "fcmp" if element in ("float", "double") else "icmp"
        return self.flag(f"{instruction} {predicate} {self.type(element)} %s, %s", a, b)

    def invert(self, flag: str) -> str:
        """The opposite of a bool or a mask."""
        return self.binary("xor", "i1", flag, self.true)

    def select(self, element: str, flag: str, a: str, b: str) -> str:
        """`a` where the flag holds, else `b`."""
        if a == b:
            return a
        type_ = self.type(element)
        template = f"select {self.type('i1')} %s, {type_} %s, {type_} %s"
        return (
            self.flag(template, flag, a, b) if element == "i1" else self.f.pure(type_, template, flag, a, b)
        )

    def convert(self, op: str, source: str, target: str, a: str) -> str:
        """A conversion instruction between element types (`zext`, `sitofp`, `bitcast`)."""
        type_ = self.type(target)
        template = f"{op} {self.type(source)} %s to {type_}"
        return self.flag(template, a) if target == "i1" else self.f.pure(type_, template, a)

    def intrinsic(
        self, name: str, element: str, *operands: str, extra: tuple[tuple[str, str], ...] = ()
    ) -> str:
        """An overloaded intrinsic all of whose operands have the result's type, but for `extra` ones at the end."""
        type_ = self.type(element)
        arguments = (*((type_, operand) for operand in operands), *extra)
        return self.f.intrinsic(type_, f"{name}.{suffix(element, self.lanes)}", *arguments)


# between scalars and vectors


def splat_value(f: Function, element: str, lanes: int, scalar: str) -> str:
    """A scalar in every lane; constants stay constants."""
    if scalar[0] != "%":
        return splat(scalar, element, lanes)
    type_ = widened(element, lanes)
    start = f.pure(type_, f"insertelement {type_} poison, {element} %s, i64 0", scalar)
    return f.pure(type_, f"shufflevector {type_} %s, {type_} poison, {shuffle_mask((0,) * lanes)}", start)


def lane_of(f: Function, element: str, lanes: int, vector: str, lane: int) -> str:
    """One lane of a vector."""
    return f.pure(element, f"extractelement {widened(element, lanes)} %s, i64 {lane}", vector)


def with_lane(f: Function, element: str, lanes: int, vector: str, lane: int, scalar: str) -> str:
    """A vector with one lane replaced."""
    type_ = widened(element, lanes)
    return f.pure(type_, f"insertelement {type_} %s, {element} %s, i64 {lane}", vector, scalar)


def shuffled(f: Function, element: str, lanes: int, a: str, b: str, picks: Sequence[int]) -> str:
    """Lanes picked from two vectors of `lanes` lanes: 0 to lanes - 1 of `a`, then those of `b`; `b` may be poison."""
    picks = tuple(picks)
    if picks == row(lanes):
        return a
    source, type_ = widened(element, lanes), widened(element, len(picks))
    return f.pure(type_, f"shufflevector {source} %s, {source} %s, {shuffle_mask(picks)}", a, b)
