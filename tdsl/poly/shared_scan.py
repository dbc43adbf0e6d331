"""Bounds of loops that several statements share (`compute_with`): copies and statements in, bounds over the union out."""

from __future__ import annotations

from collections.abc import Sequence

from tdsl.poly import library as isl
from tdsl.poly.copies import Copies
from tdsl.poly.isl import SET, clear
from tdsl.poly.scan import Bound, Frame, known_before, loop_var


def begin_shared(copies: Copies, statements: Sequence[str], lead: str | None, fixed: int) -> None:
    """Enters what holds inside the `fixed` loops around statements that will share loops."""
    known = known_before(copies, lead, fixed)
    copies.enforced.update({(name, fixed): known for name in statements})


def shared_bound(copies: Copies, statements: Sequence[str], position: int, constant: bool) -> Bound:
    """Bounds of the loop at `position` of several statements, over the union of what they compute.

    constant: whether it has to run over a constant extent; LookupError with the position when there is none.
    """
    dims = copies.dims(statements[0])[: position + 1]
    frame = Frame(tuple(loop_var(*dim) for dim in dims), copies.param_nodes())
    known = copies.enforced[statements[0], position].add_dims(SET, 1)
    shadows: list[isl.Set] = []
    for name in statements:
        domain = clear(copies.relation(name).domain())
        part = domain.project_out(SET, position + 1, domain.dim(SET) - position - 1).compute_divs().coalesce()
        if not any(part.is_equal(other) for other in shadows):
            shadows.append(part)
    bound, kept = frame.common_bound(shadows, known, position, constant)
    reached = known.intersect(kept)
    copies.enforced.update({(name, position + 1): reached for name in statements})
    return bound
