"""The rows of the table of legality, asked of tdsl."""

from __future__ import annotations

import numpy as np

import tdsl as td
from tests.support.traps import Answer, Row


def ask(row: Row) -> Answer:
    """What tdsl answers; what it accepts is built and run."""
    n = td.size("n")
    extents = tuple(n if extent == 12 else 8 * n if extent == 96 else extent for extent in row.shape)
    A = td.placeholder("A", extents, "int64")
    names: dict[str, object] = {"n": n}
    for name, first, end in row.loops:
        names[name] = td.axis(name, (eval(first, {}, names), eval(end, {}, names)))
    at = eval(f"({row.at},)", {}, names)
    over = tuple(names[name] for name in row.names)
    made = td.update("U", A, over=over, at=at, value=lambda a: eval(row.value, {}, {**names, "A": a}))
    try:
        schedule = _asked(td.schedule(made), row)
    except td.UnprovenSchedule:
        return "not decided"
    except td.IllegalSchedule as error:
        assert error.witness is not None and error.witness.replay().differs
        return "refused"
    array = row.input()
    return (
        "accepted"
        if np.array_equal(td.build(schedule)(array), row.expected(array))
        else "accepted, wrong result"
    )


def _asked(schedule: td.Schedule, row: Row) -> td.Schedule:
    kind, *loops = row.request
    match kind:
        case "parallel":
            return schedule.parallel("U", loops[0])
        case "vectorize":
            return schedule.vectorize("U", loops[0], 4)
        case "reorder":
            return schedule.reorder("U", *loops)
        case "tile":
            return schedule.tile("U", dict.fromkeys(loops, 8))
    outer, inner = loops
    return schedule.skew("U", inner, by=outer, into="w").reorder("U", "w", outer).parallel("U", outer)
