"""Stages that other stages read: which are inlined, and which are made in the rows of their reader. Schedules and facts in.

In: a schedule; the facts of a reader. Out: a schedule with cheap stages inlined; names of stages and the depth of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import tdsl as td
from tdsl.schedules.gemm import reuse_of
from tdsl.schedules.windows import is_window

CHEAP = 8
"""Scalar operations of a stage that is rather repeated by each reader than stored."""


def inline_cheap(s: td.Schedule) -> td.Schedule:
    """Inlines pure stages that cost less than their storage, or that their one reader reads once an element.

    Args:
        s: a schedule, usually without steps. Returns: the schedule; each step says which of the two it was.
    """
    known = {name: s.describe(name) for name in s.stages()}
    for name in s.stages():
        facts = known[name]
        if facts.kind != "pure" or facts.output:
            continue
        reason = _why_inline(known, facts)
        if reason:
            s = tried(s, lambda s, name=name: s.inline(name), reason)
            known = {other: s.describe(other) for other in s.stages()}
    return s


def _why_inline(known: Mapping[str, td.StageFacts], facts: td.StageFacts) -> str:
    readers = [known[reader] for reader in facts.readers]
    reads = [(reader, read) for reader in readers for read in reader.reads if read.tensor == facts.name]
    again = any(
        reader.kind != "pure"
        or any(all(axis not in (sub or ()) for sub in read.subscripts) for axis in reader.data_axes)
        for reader, read in reads
    )
    products = any(reader.products for reader, _ in reads)
    if products and facts.operations:
        return ""
    if len(reads) == 1 and not again:
        return "read once by each point of its reader"
    if not facts.calls and facts.operations <= (2 if again else CHEAP):
        return f"{facts.operations} operations cost less than its storage"
    if len(reads) == 1 and not facts.calls and facts.operations <= CHEAP and not products:
        return f"{facts.operations} operations cost less than its storage"
    return ""


def producers_of(s: td.Schedule, facts: td.StageFacts) -> tuple[tuple[str, ...], int]:
    """Stages at root that are read, directly or through others, in whole rows of this stage only.

    Returns: their names; how many of the outermost axes number the rows, for all of them.
    """
    own = len(facts.data_axes) - (1 if facts.kind == "pure" else 0)
    depths: dict[str, int] = {facts.name: own}
    known = {facts.name: facts}
    for name in reversed(s.stages()):
        each = known.setdefault(name, facts if name == facts.name else s.describe(name))
        if each.output or each.placed is not None or not each.readers or not each.data_axes:
            continue
        if (
            not all(reader in depths for reader in each.readers)
            or reuse_of(each) is not None
            or is_window(each)
        ):
            continue
        depth = min(min(depths[reader], _rows_of(known[reader], name)) for reader in each.readers)
        if depth > 0:
            depths[name] = depth
    found = tuple(name for name in s.stages() if name in depths and name != facts.name)
    return found, min(depths.values())


def _rows_of(reader: td.StageFacts, name: str) -> int:
    """How many of a reader's outermost axes are the outermost subscripts of all that it reads of a tensor, and of no others."""
    least = len(reader.data_axes)
    for read in reader.reads:
        if read.tensor != name:
            continue
        depth = 0
        for subscript, axis in zip(read.subscripts, reader.data_axes, strict=False):
            if subscript != {axis: 1}:
                break
            depth += 1
        rest = [axis for subscript in read.subscripts[depth:] for axis in (subscript or ())]
        while depth and any(axis in rest for axis in reader.data_axes[:depth]):
            depth -= 1
        least = min(least, depth)
    return least


def tried(s: td.Schedule, steps: Callable[[td.Schedule], td.Schedule], reason: str = "") -> td.Schedule:
    """The schedule after some steps, or as it is where one of them is refused."""
    start = len(s.steps)
    try:
        changed = steps(s)
    except (td.ScheduleError, td.ArgumentError):
        return s
    return changed.because(reason, since=start) if reason and len(changed.steps) > start else changed
