"""What stages that read themselves mean: recurrences and updates, for the interpreter of expressions.

In: a run and such a stage, its base and inputs computed. Out: the run with the stage's tensors. A recurrence has no order
but that of its reads: in each sweep every point is computed that reads only what is there (Karp, Miller, Winograd 1967,
the free schedule). An update runs over its points in the stated order, one at a time (semantics E11).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tdsl.errors import InternalError
from tdsl.expr.narrow_floats import held
from tdsl.expr.node import Var
from tdsl.expr.scalar_ops import Array
from tdsl.expr.tensor import Axis, Stage, tensors_of

if TYPE_CHECKING:
    from tdsl.expr.interpreter import Run


def recurrence(run: Run, stage: Stage) -> None:
    """Computes a recurrence, whatever order of its points is the right one."""
    env, inside = run.points(stage)
    shape = inside.shape
    arrays = [np.zeros(shape, held(dtype)) for dtype in stage.dtypes]
    known: Array = np.zeros(shape, np.bool_)
    for own, array in zip(stage.own, arrays, strict=True):
        run.values[own], run.known[own] = array, known
    while not known.all():
        run.waiting = np.asarray(False)
        values = run.bodies(stage, env, inside & ~known)
        ready = ~known & ~run.waiting
        if not ready.any():
            raise InternalError(f"{stage.name} reads itself in a cycle", pass_name="expr.sequential")
        for array, value in zip(arrays, values, strict=True):
            array[ready] = value[ready]
        known[ready] = True
    for own in stage.own:
        del run.values[own], run.known[own]
    run.values.update(zip(tensors_of(stage), arrays, strict=True))


def update(run: Run, stage: Stage) -> None:
    """Starts from the base and changes one element after another."""
    from tdsl.expr.interpreter import Frame

    assert stage.base is not None
    array = np.array(run.value(stage.base), order="C", copy=True)
    (own,) = stage.own
    run.values[own] = array
    for env in _points(run, stage.axes, {}):
        frame = Frame(run, stage.reduce_axes, env, np.asarray(True))
        value = frame.value(stage.body[0])
        target = tuple(int(frame.value(part)) for part in stage.at)
        if any(not 0 <= part < extent for part, extent in zip(target, array.shape, strict=True)):
            raise InternalError(
                f"{stage.name} writes outside of itself at {target}", pass_name="expr.sequential"
            )
        array[target] = value
    del run.values[own]
    run.values[tensors_of(stage)[0]] = array


def _points(run: Run, axes: Sequence[Axis], env: dict[Var, Array]) -> Iterator[dict[Var, Array]]:
    """The points of an update in order; the bounds of an axis see the axes around it."""
    from tdsl.expr.interpreter import Frame, axis_of

    if not axes:
        yield env
        return
    frame = Frame(run, (), env, np.asarray(True))
    lower, upper = int(frame.value(axes[0].lower)), int(frame.value(axes[0].upper))
    for value in range(lower, upper):
        yield from _points(run, axes[1:], {**env, axis_of(axes[0].name): np.asarray(value, np.int64)})
