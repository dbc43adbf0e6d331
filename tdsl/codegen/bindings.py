"""Which array binds which size: formulas of extents in, the order in which sizes can be solved out (semantics C5).

Bare dims first, then affine ones with one unknown left, then products of sizes with one unknown left, again and again.
The order depends on the interface alone, so the code of the entry has it built in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tdsl.codegen.formula import Formula
from tdsl.codegen.interface import ArrayInterface, Interface

Binding = tuple[int, str, int | None]
"""(position of the formula, size, factor; 0 for a bare dim, None where it is a product of other sizes)."""


def bindings(formulas: Sequence[Formula], known: set[str]) -> Iterator[Binding]:
    """Which formula binds which size; those bound are added to `known`."""
    for position, formula in enumerate(formulas):
        if formula.bare is not None and formula.bare not in known:
            known.add(formula.bare)
            yield position, formula.bare, 0
    affine = [place for place, one in enumerate(formulas) if one.terms is not None and one.bare is None]
    others = [place for place, one in enumerate(formulas) if one.terms is None]
    progress = True
    while progress:
        progress = False
        for position in affine:
            unknown = [term for term in formulas[position].terms or () if term[0] not in known]
            if len(unknown) == 1:
                name, factor = unknown[0]
                known.add(name)
                yield position, name, factor
                progress = True
        if progress:
            continue
        found = next(((place, name) for place in others if (name := _left(formulas[place], known))), None)
        if found is not None:
            known.add(found[1])
            yield *found, None
            progress = True


def _left(formula: Formula, known: set[str]) -> str | None:
    """The one size that is not known of a polynomial, where it is of degree 1."""
    unknown = [name for name in formula.names if name not in known]
    return unknown[0] if len(unknown) == 1 and formula.degree(unknown[0]) == 1 else None


def keyword_sizes(interface: Interface) -> tuple[str, ...]:
    """The sizes that no input array binds, so that each call names them."""
    arrays = (one for one in interface.inputs if isinstance(one, ArrayInterface))
    bound = {size for _, size, _ in bindings([formula for one in arrays for formula in one.extents], set())}
    return tuple(size.name for size in interface.sizes if size.name not in bound)
