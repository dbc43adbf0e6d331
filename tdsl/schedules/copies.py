"""Elements moved: axes in another order, pieces put together, cut, turned and repeated. A schedule, its outputs in, one out."""

from __future__ import annotations

import tdsl as td
from tdsl.schedules.arguments import on_schedules
from tdsl.schedules.elementwise import elementwise, transposed
from tdsl.schedules.pointwise import turned_axis
from tdsl.schedules.producers import tried


@on_schedules
def copies(s: td.Schedule, *outputs: td.Tensor) -> td.Schedule:
    """Rows copied as whole vectors; blocks turned in registers where what is read lies along another axis.

    Stages on the way are subscripts of what they read: nothing is stored twice. Rows that come from several places are
    cut where the place changes, and rows read backwards from another axis are walked backwards (code generation, P11, P12).

    Args:
        s: a schedule without steps. outputs: an operator's; every stage pure.

    Measured with one thread on Zen 4: streamed stores (`stream`) made copies of 1 to 8 MiB up to three times slower, since
    the result is wanted in the last-level cache, and gained nothing on larger ones, whose fresh pages cost more.
    """
    for name in s.stages():
        facts = s.describe(name)
        if facts.kind == "pure" and not facts.output:
            s = tried(s, lambda s, name=name: s.inline(name), "moved elements are subscripts of their reader")
    for name in s.stages():
        facts = s.describe(name)
        if facts.kind != "pure" or facts.inlined or not facts.axes:
            continue
        turned = turned_axis(facts)
        if turned is not None:
            s = tried(s, lambda s, name=name, turned=turned: transposed(s, name, turned))
        else:
            s = tried(s, lambda s, name=name: elementwise(s, name))
    return s
