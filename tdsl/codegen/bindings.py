"""Which array binds which size: formulas of extents in, the order in which sizes can be solved out (semantics C5).

Bare dims first, then affine ones with one unknown left, again and again. The order depends on the interface alone, so
the code of the entry has it built in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tdsl.codegen.formula import Formula
from tdsl.codegen.interface import ArrayInterface, Interface

Binding = tuple[int, str, int]
"""(position of the formula, size, factor; 0 for a bare dim)."""


def bindings(formulas: Sequence[Formula], known: set[str]) -> Iterator[Binding]:
    """Which formula binds which size; those bound are added to `known`."""
    for position, formula in enumerate(formulas):
        if formula.bare is not None and formula.bare not in known:
            known.add(formula.bare)
            yield position, formula.bare, 0
    progress = True
    while progress:
        progress = False
        for position, formula in enumerate(formulas):
            unknown = [term for term in formula.terms or () if term[0] not in known]
            if formula.bare is None and len(unknown) == 1:
                name, factor = unknown[0]
                known.add(name)
                yield position, name, factor
                progress = True


def keyword_sizes(interface: Interface) -> tuple[str, ...]:
    """The sizes that no input array binds, so that each call names them."""
    arrays = (one for one in interface.inputs if isinstance(one, ArrayInterface))
    bound = {size for _, size, _ in bindings([formula for one in arrays for formula in one.extents], set())}
    return tuple(size.name for size in interface.sizes if size.name not in bound)
