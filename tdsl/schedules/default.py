"""The default scheduler: what a good first schedule of any program is, by rules that are printed as reasons.

In: a schedule, usually without steps. Out: a schedule. It asks `Schedule.describe` and takes only steps that are judged
legal: a refused one is left out. Deterministic: the same program and target give the same steps.
"""

from __future__ import annotations

import tdsl as td
from tdsl.schedules.arguments import on_schedules
from tdsl.schedules.axes import one_stage
from tdsl.schedules.elementwise import transposed
from tdsl.schedules.gemm import gemm_blocked, reuse_of
from tdsl.schedules.pointwise import turned_axis
from tdsl.schedules.producers import inline_cheap, producers_of, tried
from tdsl.schedules.scans import sequential
from tdsl.schedules.windows import is_window, planes_of, windows


@on_schedules
def default(s: td.Schedule, target: td.Target | str | None = None) -> td.Schedule:
    """A schedule by rules: cheap stages inlined, products blocked, rows fused, lanes along memory, outer loops parallel.

    Args:
        s: a schedule. target: the one it is for; that of `s` where None.

    Returns: the schedule with the steps appended, each with its reason.

    Source: the rules of Halide's Mullapudi autoscheduler and TVM's default schedules, without a cost model.
    """
    if target is not None:
        s = td.Schedule.from_json(s.to_json(), *s.outputs, target=target)
    s = inline_cheap(s)
    for name in reversed(s.stages()):
        facts = s.describe(name)
        if facts.placed is None and not facts.inlined and facts.axes:
            s = _root(s, facts)
    return s


def _root(s: td.Schedule, facts: td.StageFacts) -> td.Schedule:
    """The loops of a stage at root, and the stages that are made inside them."""
    name = facts.name
    match facts.kind:
        case "pure":
            producers, _ = producers_of(s, facts)
            turned = None if producers and len(facts.data_axes) > 1 else turned_axis(facts)
            if turned is not None:
                return tried(s, lambda s: transposed(s, name, turned))
            return one_stage(s, facts)
        case "reduction":
            reuse = reuse_of(facts)
            if is_window(facts) and (reuse is None or reuse.row is None):
                return tried(s, lambda s: windows(s, name, planes_of(s, name)))
            if reuse is not None and reuse.row is not None:
                return tried(s, lambda s: gemm_blocked(s, name))
            return one_stage(s, facts)
        case _:
            return sequential(s, facts)
