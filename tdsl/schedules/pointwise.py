"""One formula an element, and elements taken from elsewhere: producers inlined, lanes along memory. Schedules in and out."""

from __future__ import annotations

import tdsl as td
from tdsl.schedules.arguments import on_schedules
from tdsl.schedules.elementwise import elementwise, transposed
from tdsl.schedules.producers import inline_cheap, tried


@on_schedules
def pointwise(s: td.Schedule, *outputs: td.Tensor) -> td.Schedule:
    """Cheap stages into their readers, then neighbouring elements as lanes, the outer axes in parallel.

    A stage that reads along another axis than it writes is tiled, and the tiles turned in registers. An index that is
    data is a gather, or a row copied by lanes where it picks rows.

    Args:
        s: a schedule without steps. outputs: an operator's; recurrences and reductions among its stages are left alone.

    Source: Halide's `vectorize(x, n).parallel(y)`.
    """
    s = inline_cheap(s)
    for name in s.stages():
        facts = s.describe(name)
        if facts.kind != "pure" or facts.inlined or facts.placed is not None or not facts.axes:
            continue
        turned = turned_axis(facts)
        if turned is None:
            s = tried(s, lambda s, name=name: elementwise(s, name))
        else:
            s = tried(s, lambda s, name=name, turned=turned: transposed(s, name, turned))
    return s


def turned_axis(facts: td.StageFacts) -> str | None:
    """The axis that moves neighbours of what the stage reads, where its own last axis moves none."""
    if len(facts.data_axes) < 2:
        return None
    inner = facts.data_axes[-1]
    for read in facts.reads:
        if read.stride(inner) is None:
            for axis in facts.data_axes[:-1]:
                if read.stride(axis) in (1, -1):
                    return axis
    return None
