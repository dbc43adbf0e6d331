"""The elements of an updated tensor that some of its elements are made from: what a placed update works on.

In: the value flow, the statement that changes elements, and which are read. Out: those, and all that their changes read,
so that all changes of them, in order, from the base's values of them, give what is read. A relation with subscripts from
data is taken as all it may be: more is made than is needed, never less; how exactly else, is asked for (`regions.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from tdsl.poly import library as isl
from tdsl.poly.flow import ValueFlow
from tdsl.poly.isl import IN, merged, without_divisions
from tdsl.poly.model import Access, Region, Statement
from tdsl.poly.regions import Made, closed, few


def history(
    flow: ValueFlow, changing: Statement, parts: Sequence[Statement], read: isl.Map, region: Region
) -> Made:
    """{ anything -> element } with all elements that those of `read` are made from.

    parts: the statements of the stage: what the terms of a change's sums read counts, too.
    """
    tensor = changing.stage
    box = flow.box(tensor)
    back = flow.write(changing, tensor).reverse()
    steps: list[isl.Map] = []
    for part in parts:
        if any(access.tensor == tensor for access in part.reads):
            reading = flow.read(part, tensor)
            reading = reading.project_out(IN, len(changing.axes), len(part.axes) - len(changing.axes))
            steps.append(back.apply_range(reading))
    if any(_is_opaque(flow, changing, access) for access in changing.writes):
        steps.append(back.apply_range(flow.write(changing, tensor)))  # a change of one may be one of another
    read = merged(read.intersect_range(box))
    if steps:
        found, more = closed(read, merged(reduce(isl.Map.union, steps)), box, region, joined=True)
    else:
        found, more = few(read, lambda: 1, box, region)
    return without_divisions(found), more


def _is_opaque(flow: ValueFlow, statement: Statement, access: Access) -> bool:
    """Whether isl sees an access only as what it may touch."""
    affine = flow.affine(statement)
    return any(node is None or affine.offender(node) is not None for node in access.index)
