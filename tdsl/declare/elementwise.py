"""Makes the unnamed stages of operators on whole tensors; `expr/elementwise.py` broadcasts and calls it.

In: a suggested name, extents and a function of subscripts. Out: a tensor of a stage that the user did not name, whose
axes are d0, d1, … (semantics N1, N4, E1).
"""

from __future__ import annotations

from collections.abc import Callable

from tdsl.declare.extent import Extents
from tdsl.declare.stage import Draft, make_stage
from tdsl.declare.trace import data_axes, free_axis_names
from tdsl.expr.elementwise import register_stage_maker
from tdsl.expr.handles import Expr, Origin
from tdsl.expr.node import Node
from tdsl.expr.rewrite import reads
from tdsl.expr.tensor import Tensor
from tdsl.location import here


def unnamed_stage(
    name: str,
    extents: tuple[Node, ...],
    element: Callable[[tuple[Expr, ...]], Expr],
    origins: tuple[Origin, ...],
) -> Tensor:
    """The tensor whose element at `index` is `element(index)`."""
    where = here()
    shape = Extents(extents, origins)
    value = element(data_axes(free_axis_names(len(extents), (), extents), shape, where))
    tensors = tuple(dict.fromkeys(read.tensor for read in reads(value.node)))
    axes = data_axes(free_axis_names(len(extents), tensors, extents), shape, where)
    (tensor,) = make_stage(
        Draft(
            names=(name,),
            axes=axes,
            values=(element(axes),),
            origins=origins,
            named_by_user=False,
            where=where,
        )
    )
    return tensor


register_stage_maker(unnamed_stage)
