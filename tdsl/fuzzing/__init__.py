"""The fuzz engine: random legal schedules of given tensors, run beside the interpreter; failures made small.

In: tensors or a schedule. Out: a report. Uses the public API only, so that what it says of tdsl is what a user can see.
`check` is what the tests call that it prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tdsl as td
    from tdsl.fuzzing.arrays import Mode


def check(
    schedule: td.Schedule,
    sizes: Mapping[str, int],
    *,
    seed: int = 0,
    mode: Mode = "wild",
    tolerance: float = 1e-4,
) -> None:
    """Compare one schedule with its declaration at one place; what a test that `td.fuzz` printed calls.

    Args:
        sizes: a value for every size.
        seed, mode: what the arrays are drawn from ("whole", "mild" or "wild" numbers).
        tolerance: as that of `td.fuzz`.

    Errors: AssertionError where the two differ; every error of the build and of the call.
    """
    import tdsl as td
    from tdsl.fuzzing.judge import Refused, judge
    from tdsl.fuzzing.subject import Subject

    one = Subject.of(td.schedule(*schedule.outputs))
    sample = one.sample(sizes, seed, mode)
    if isinstance(judge(one, schedule, [sample], tolerance), Refused):
        td.build(schedule)(*sample.inputs, **dict(sizes))
