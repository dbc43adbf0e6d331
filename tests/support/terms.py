"""Expressions as text in a tree: what the drawn programs are made of, so that a failing one prints and shrinks.

In: forms such as ``({0} + {1})``. Out: `Term.text()`, the Python text of the expression; `Term.size()`, the text of a
bound on its absolute value, over companions of the tensors it reads; `simpler`, the terms one step smaller.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

FLOATS = ("float32", "float64")
SIGNED = ("int8", "int16", "int32", "int64")
UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
COMPANION = "_size"
"""What follows a tensor's name in the name of its companion."""


@dataclass(frozen=True, slots=True)
class Term:
    """An expression.

    Fields:
        form: its text, ``{0}`` for the first part.
        dtype: of its value.
        parts: what stands in the form.
        bound: a float64 text that is at least the absolute value, in terms of the parts' bounds; "" where none is known.
        exact: whole numbers in, a whole number out, nothing rounded while bounds stay small.
        tensor: the tensor that a read reads.
        kept: no simpler term may take its place (a guard that keeps a read in bounds).
    """

    form: str
    dtype: str
    parts: tuple[Term, ...] = ()
    bound: str = ""
    exact: bool = True
    tensor: str = ""
    kept: bool = False

    def text(self) -> str:
        """Python text."""
        return self.form.format(*(part.text() for part in self.parts))

    def size(self) -> str:
        """Text of a bound on the absolute value, in float64; "" where a part has none."""
        bounds = [part.size() for part in self.parts]
        if not self.bound or ("" in bounds and self.bound.count("{")):
            return ""
        return self.bound.format(*bounds)

    def is_exact(self) -> bool:
        """Whether whole numbers give a whole number without a rounding."""
        return self.exact and all(part.is_exact() for part in self.parts)

    def reads(self) -> Iterator[str]:
        """Tensors it reads, with repetitions."""
        if self.tensor:
            yield self.tensor
        for part in self.parts:
            yield from part.reads()


def constant(dtype: str, value: float | int | bool) -> Term:
    """A Python number of a dtype, also where it stands alone."""
    return Term(
        f'td.cast({value!r}, "{dtype}")',
        dtype,
        (),
        f'td.cast({abs(float(value))!r}, "float64")',
        float(value).is_integer(),
    )


def read(tensor: str, dtype: str, index: str) -> Term:
    """An element of a tensor."""
    place = index or "()"
    return Term(f"{tensor}[{place}]", dtype, (), f"{tensor}{COMPANION}[{place}]", True, tensor)


def simpler(term: Term) -> Iterator[Term]:
    """Terms of the same dtype, one step smaller."""
    if not term.kept:
        if term.parts or term.tensor:
            yield constant(term.dtype, True if term.dtype == "bool" else 1)
        for part in term.parts:
            if part.dtype == term.dtype:
                yield part
    for place, part in enumerate(term.parts):
        if term.kept and place == 0:
            continue
        for other in simpler(part):
            yield replace(term, parts=(*term.parts[:place], other, *term.parts[place + 1 :]))
