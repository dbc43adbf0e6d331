"""`layout`: how an array lies in memory; a name and subscripts over its dims in, the state with the layout out."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, cast

from tdsl.declare.names import shown
from tdsl.errors import ArgumentError, ArgumentTypeError, PlacementError
from tdsl.expr.build import ZERO
from tdsl.expr.handles import AxisHandle, AxisOrigin, as_index
from tdsl.expr.node import INT64, Node, Read
from tdsl.expr.rewrite import variables, walk
from tdsl.expr.tensor import Axis
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive, step_text
from tdsl.schedule.placement import is_output
from tdsl.schedule.state import Layout as Laid
from tdsl.schedule.state import StageState, State


@dataclass(frozen=True, slots=True)
class Layout(Directive):
    """Stores the element at `dims` of the array of `stage` at the subscripts given: packed, permuted, tiled, padded.

    Args:
        subscripts: in the method a callable of the dims, ``lambda i, k: (i // 8, k, i % 8)``: a tuple of integer
            expressions, outermost first; recorded as nodes over the dims. A rounded-up extent is allocated.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n, n)); C = td.compute("C", (n, n), lambda i, j: A[i, j] + 1)
        >>> s = td.schedule(C).cache_read(A, C, name="Ap").layout("Ap", lambda i, j: (j // 8, i, j % 8))
        >>> s.storage("Ap")["physical"]
        ('(n + 7) // 8', 'n', '8')

    Legal when: different elements get different places.
    Errors: S102 S103 stage; S131 not a callable of the dims that gives integer expressions; S203 two elements in one
        place; S314 an output; S315 it has a layout; S316 it is folded.
    Source: TVM's `transform_layout`; Halide's `reorder_storage`.
    """

    primitive: ClassVar[str] = "layout"
    positional: ClassVar[tuple[str, ...]] = ("stage", "subscripts")

    stage: str
    subscripts: tuple[Node, ...]
    dims: tuple[str, ...] = ()

    def apply(self, state: State) -> State:
        """The stage with its layout."""
        entry = arguments.stage_named(self, state, self.stage)
        if is_output(state, entry):
            raise self.refusal(
                PlacementError,
                "S314",
                f"{entry.name} is an output: its array is the caller's, in row-major order",
                hint=(f'cache_write("{entry.name}", name="…") and lay out the copy',),
            )
        if entry.layout is not None:
            earlier = [
                step for step in state.steps if step.primitive == "layout" and step.stages() == (entry.name,)
            ]
            raise self.refusal(
                PlacementError,
                "S315",
                f"{entry.name} has a layout already",
                why=tuple(f"by {step_text(step)}" for step in earlier),
                hint=("s.replace(step, …), or one layout that does both",),
            )
        if entry.aligns:
            raise self.refusal(
                PlacementError,
                "S335",
                f"dim {entry.aligns[0][0]} of {entry.name} is aligned; a layout says by itself how it is stored",
            )
        if entry.folds:
            raise self.refusal(
                PlacementError,
                "S316",
                f"{entry.name} is folded; a fold and a layout together are not supported",
            )
        self._check(entry)
        return state.with_stage(replace(entry, layout=Laid(self.subscripts)))

    def _check(self, entry: StageState) -> None:
        if not self.subscripts:
            raise self.refusal(ArgumentTypeError, "S131", f"the layout of {entry.name} has no subscripts")
        for node in self.subscripts:
            other = [var.name for var in variables(node) if var.kind != "axis" or var.name not in entry.dims]
            if node.dtype is not INT64 or any(isinstance(part, Read) for part in walk(node)):
                raise self.refusal(
                    ArgumentTypeError,
                    "S131",
                    f"the layout of {entry.name} is made of int64 expressions of its dims",
                )
            if other and any(var.name in other and var.kind == "axis" for var in variables(node)):
                raise self.refusal(
                    ArgumentError,
                    "S131",
                    f"the layout of {entry.name} mentions {other[0]}, which is no dim of it",
                    why=(f"dims of {entry.name}: {', '.join(entry.dims)}",),
                )


def traced(step: Directive, entry: StageState, function: object) -> tuple[Node, ...]:
    """The subscripts that a callable of the dims gives, as nodes over `axis_var(dim)`.

    Errors: S131 not a callable, another number of parameters, not a tuple of integer expressions.
    """
    comma = "," * (len(entry.dims) == 1)
    example = f"lambda {', '.join(entry.dims)}: ({', '.join(entry.dims)}{comma})"
    if not callable(function):
        raise step.refusal(
            ArgumentTypeError,
            "S131",
            f"layout takes a callable of the dims of {entry.name}, not {type(function).__name__}",
            hint=(example,),
        )
    try:
        count = _parameters(function)
    except (TypeError, ValueError):
        raise step.refusal(
            ArgumentTypeError,
            "S131",
            f"how many dims {shown(function)} takes cannot be told",
            hint=(example,),
        ) from None
    if count is not None and count != len(entry.dims):
        raise step.refusal(
            ArgumentTypeError,
            "S131",
            f"the layout of {entry.name} takes {len(entry.dims)} dims, "
            f"and the callable has {count} parameter{'s' * (count != 1)}",
            why=(f"dims of {entry.name}: {', '.join(entry.dims)}",),
            hint=(example,),
        )
    extents = entry.stage.tensors[0].extents
    handles = [
        AxisHandle(AxisOrigin(Axis(dim, ZERO, extent)))
        for dim, extent in zip(entry.dims, extents, strict=True)
    ]
    given: object = function(*handles)
    parts = cast("tuple[object, ...]", given) if isinstance(given, tuple) else (given,)
    return tuple(as_index(part, f"a subscript of the layout of {entry.name}") for part in parts)


def _parameters(function: Callable[..., object]) -> int | None:
    """How many dims a callable takes, or None where any number will do."""
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is inspect.Parameter.VAR_POSITIONAL for parameter in parameters):
        return None
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(
        1 for parameter in parameters if parameter.kind in positional and parameter.default is parameter.empty
    )
