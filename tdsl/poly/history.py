"""The elements of an updated tensor that some of its elements are made from: what a placed update works on.

In: the value flow, the statement that changes elements, and which are read. Out: those, and all that their changes read,
so that all changes of them, in order, from the base's values of them, give what is read. A relation with subscripts from
data is taken as all it may be: more is made than is needed, never less.
"""

from __future__ import annotations

from tdsl.poly import library as isl
from tdsl.poly.closure import everything, is_closed, reached
from tdsl.poly.flow import ValueFlow
from tdsl.poly.isl import merged, without_divisions
from tdsl.poly.model import Statement


def history(flow: ValueFlow, changing: Statement, read: isl.Map, pieces: int) -> isl.Map:
    """{ anything -> element } with all elements that those of `read` are made from.

    pieces: regions of more are taken as all that lies between them. isl's closure may be larger, which is safe.
    """
    tensor = changing.stage
    box = flow.box(tensor)
    if not any(access.tensor == tensor for access in changing.reads):
        return _few(read.intersect_range(box), pieces, box)
    step = merged(flow.write(changing, tensor).reverse().apply_range(flow.read(changing, tensor)))
    found = _few(reached(read, step).intersect_range(box), pieces, box)
    # What lies between the pieces, or in a closure that is too large, is made from elements that may lie outside.
    return found if is_closed(found, step, box) else everything(found, box)


def _few(found: isl.Map, pieces: int, box: isl.Set) -> isl.Map:
    if found.n_basic_map() > pieces:
        found = isl.Map.from_basic_map(found.simple_hull()).intersect_range(box)
    return without_divisions(found)
