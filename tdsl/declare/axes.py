"""Axes declared on their own: `td.reduce_axis` for reductions, `td.axis` for the loops of an update.

In: a name and an extent or a pair of bounds. Out: a handle: an expression that also names its loop. It is a
declaration; any number of stages may use it, and each has its own loop over it (semantics E3).
"""

from __future__ import annotations

from tdsl.declare.check import axis_name
from tdsl.declare.extent import checked_bounds
from tdsl.declare.names import checked_name
from tdsl.expr.handles import AxisHandle, AxisOrigin
from tdsl.expr.tensor import Axis
from tdsl.location import here, hide_internal_frames


@hide_internal_frames
def reduce_axis(name: str, extent: object) -> AxisHandle:
    """An axis to reduce over, for `over=`.

    Args:
        name: any Python identifier that the stage does not use otherwise.
        extent: how many values it takes from 0 on, or a half-open pair `(lower, upper)`; affine in sizes and, inside
            the callable of a stage, in its axes: `td.reduce_axis("k", (0, i))`. Elements of integer placeholders
            with a `range=` may occur: `td.reduce_axis("k", (ptr[i], ptr[i + 1]))`. An upper end before the lower is
            empty.

    Errors: E104 no integer; E108 no identifier; E115 no pair; E117 not affine; E302 data without a range.
    Source: TVM's `te.reduce_axis`.
    """
    return _axis(name, extent, "a reduction axis", reduced=True)


@hide_internal_frames
def axis(name: str, extent: object) -> AxisHandle:
    """An axis of an update's `over=`; bounds as for `reduce_axis`, and they may use axes outside it.

    Errors: E104 no integer; E108 no identifier; E115 no pair; E117 not affine.
    """
    return _axis(name, extent, "an axis", reduced=False)


def _axis(name: str, extent: object, what: str, *, reduced: bool) -> AxisHandle:
    where = here()
    named = axis_name(checked_name(name, what, where))
    bounds = checked_bounds(extent, f"the axis {named}", where, data=reduced)
    lower, upper = bounds.nodes
    return AxisHandle(AxisOrigin(Axis(named, lower, upper), reduced, bounds.origins, where))
