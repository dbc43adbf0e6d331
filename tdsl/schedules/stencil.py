"""Chains of stencils: strips of rows in parallel, each stage made in the strip as its rows are needed. Schedules in and out."""

from __future__ import annotations

import tdsl as td
from tdsl.schedules.arguments import on_schedules
from tdsl.schedules.elementwise import fresh, lanes_of, vectorized


@on_schedules
def stencil_strips(
    s: td.Schedule, output: td.Tensor | str, producers: tuple[td.Tensor | str, ...] = (), *, rows: int = 32
) -> td.Schedule:
    """Cuts the rows of `output` into strips, runs strips in parallel and slides every producer along them.

    Args:
        output: a stage at root, its loops as declared, of rank 2 or more. producers: stages it reads, directly or
            through others, in order of declaration; each is stored for a strip and computed a row ahead of its readers.
        rows: rows of a strip.

    Errors: those of `split`, `store_at` and `compute_at`. Source: Halide's blur: `store_at`, `compute_at`, `fold_storage`.
    """
    facts = s.describe(output)
    row, column = facts.data_axes[-2:]
    outer, inner = fresh(s, facts.name, f"{row}o", f"{row}i")
    s = s.split(facts.name, row, rows, into=(outer, inner)).because(f"strips of {rows} rows stay in cache")
    for stage in reversed(producers):
        name = stage if isinstance(stage, str) else stage.name
        start = len(s.steps)
        s = s.store_at(name, facts.name, outer).compute_at(name, facts.name, inner)
        s = s.because("each row of a strip is made once, when it is first read", since=start)
        made = s.describe(name)
        s = vectorized(s, name, made.data_axes[-1], lanes_of(s, made.bits), made.extents[made.data_axes[-1]])
    s = vectorized(s, facts.name, column, lanes_of(s, facts.bits), facts.extents[column])
    return s.parallel(facts.name, outer).because("strips are independent")
