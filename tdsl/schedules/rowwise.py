"""Stages that meet in one row: producers made inside the row's loop, so that it stays in cache. A schedule in, one out."""

from __future__ import annotations

import tdsl as td
from tdsl.schedules.arguments import on_schedules


@on_schedules
def rowwise(s: td.Schedule, host: td.Tensor | str, axis: str, producers: tuple[str, ...]) -> td.Schedule:
    """Computes every producer at loop `axis` of `host` where that is legal, readers first.

    Args:
        host: the stage whose loop it is. axis: a loop of it as it stands. producers: names of stages, in order of
            declaration. One that may not stand there stays where it is.

    Source: Halide's `compute_at`; fusing a softmax by rows.
    """
    for name in reversed(producers):
        try:
            s = s.compute_at(name, host, axis).because(f"made where {_name(host)} reads it, a row at a time")
        except td.ScheduleError:
            continue
    return s


def _name(stage: td.Tensor | str) -> str:
    return stage if isinstance(stage, str) else stage.name
