"""The default scheduler: what a good first schedule of any program is, by rules that are printed as reasons.

In: a schedule, usually without steps. Out: a schedule. It asks `Schedule.describe` and takes only steps that are judged
legal: a refused one is left out. Deterministic: the same program and target give the same steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import tdsl as td
from tdsl.schedules.elementwise import (
    elementwise,
    fresh,
    lanes_of,
    outer_parallel,
    transposed,
    vectorized,
)
from tdsl.schedules.gemm import gemm_blocked, reuse_of
from tdsl.schedules.reductions import reduce_columns, reduce_rows
from tdsl.schedules.windows import is_window, windows

RUNS = 8
"""Runs of a recurrence side by side: rows of 4 KiB share a set of a first-level cache, which holds 8 to 12 lines. With 16,
running sums of rows of 1024 floats took 27 ms where 8 took 5.4 (4096 rows, AVX-512)."""

FEW = 5
"""Stages of a program whose small stages are put on the stack; of larger ones every step is judged for long (30 ms in all)."""

CHEAP = 8
"""Scalar operations of a stage that is rather repeated by each reader than stored."""


def default(s: td.Schedule, target: td.Target | str | None = None) -> td.Schedule:
    """A schedule by rules: cheap stages inlined, products blocked, rows fused, lanes along memory, outer loops parallel.

    Args:
        s: a schedule. target: the one it is for; that of `s` where None.

    Returns: the schedule with the steps appended, each with its reason.

    Source: the rules of Halide's Mullapudi autoscheduler and TVM's default schedules, without a cost model.
    """
    if target is not None:
        s = td.Schedule.from_json(s.to_json(), *s.outputs, target=target)
    s = _inlined(s)
    for name in reversed(s.stages()):
        facts = s.describe(name)
        if facts.placed is None and not facts.inlined and facts.axes:
            s = _root(s, facts)
    return s


def _inlined(s: td.Schedule) -> td.Schedule:
    known = {name: s.describe(name) for name in s.stages()}
    for name in s.stages():
        facts = known[name]
        if facts.kind != "pure" or facts.output:
            continue
        reason = _why_inline(known, facts)
        if reason:
            s = _tried(s, lambda s, name=name: s.inline(name), reason)
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


def _root(s: td.Schedule, facts: td.StageFacts) -> td.Schedule:
    """The loops of a stage at root, and the stages that are made inside them."""
    name = facts.name
    match facts.kind:
        case "pure":
            producers, depth = _producers(s, facts)
            if producers and len(facts.data_axes) > 1:
                return _fused_rows(s, facts, producers, depth)
            turned = _turned(facts)
            if turned is not None:
                return _tried(s, lambda s: transposed(s, name, turned))
            return _tried(s, lambda s: elementwise(s, name))
        case "reduction":
            reuse = reuse_of(facts)
            if is_window(facts) and (reuse is None or reuse.row is None):
                return _tried(s, lambda s: windows(s, name, _planes(s, facts)))
            if reuse is not None and reuse.row is not None:
                return _tried(s, lambda s: gemm_blocked(s, name))
            producers, depth = _producers(s, facts)
            return _made_in_rows(_tried(s, lambda s: _reduction(s, facts)), facts, producers, depth)
        case _:
            return _sequential(s, facts)


def _planes(s: td.Schedule, facts: td.StageFacts) -> tuple[str, ...]:
    """Stages at root that this one alone reads, in the order of their declaration."""
    found = [s.describe(name) for name in s.stages()]
    return tuple(
        each.name
        for each in found
        if each.readers == (facts.name,) and each.kind == "pure" and not each.output and not each.inlined
    )


def _reduction(s: td.Schedule, facts: td.StageFacts) -> td.Schedule:
    inner, term = facts.data_axes[-1:], facts.reduce_axes[-1]
    both = [
        read
        for read in facts.reads
        if read.stride(term) != 0 and all(read.stride(axis) != 0 for axis in inner)
    ]
    along = [read.stride(term) for read in both or facts.reads]
    across = [read.stride(axis) for read in both or facts.reads for axis in inner]
    terms = facts.extents[facts.reduce_axes[-1]]
    few = terms is not None and terms < 2 * lanes_of(s, facts.bits)
    if (1 in across and 1 not in along) or (few and any(across)):
        return reduce_columns(s, facts.name)
    if 1 in along:
        return reduce_rows(s, facts.name)
    if facts.data_axes and facts.placed is None:
        return s.parallel(facts.name, s.axes(facts.name)[0]).because("its iterations are independent")
    return s


def _producers(s: td.Schedule, facts: td.StageFacts) -> tuple[tuple[str, ...], int]:
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


def _fused_rows(s: td.Schedule, facts: td.StageFacts, producers: tuple[str, ...], depth: int) -> td.Schedule:
    column = facts.data_axes[-1]
    if any(facts.extents[axis] != 1 for axis in facts.data_axes[:depth]):
        s = _tried(s, lambda s: outer_parallel(s, facts.name, facts.data_axes[depth])[0])
    s = _made_in_rows(s, facts, producers, depth)
    return _tried(
        s, lambda s: vectorized(s, facts.name, column, lanes_of(s, facts.bits), facts.extents[column])
    )


def _made_in_rows(
    s: td.Schedule, facts: td.StageFacts, producers: tuple[str, ...], depth: int
) -> td.Schedule:
    """Producers at the outermost loop of a stage, where that is the loop over its rows."""
    if not producers:
        return s
    row = s.axes(facts.name)[0]
    if row in facts.data_axes:
        depth = 1  # the loop of one axis alone
    elif depth == 1 or (facts.kind == "reduction" and depth < len(facts.data_axes)):
        return s  # a piece of an axis, or a loop over more axes than the rows have
    for name in reversed(producers):
        s = _tried(
            s,
            lambda s, name=name: s.compute_at(name, facts.name, row),
            f"made in the row of {facts.name} that reads it",
        )
        made = s.describe(name)
        s = _tried(s, lambda s, made=made: _lanes(s, made))
        if made.placed is not None and len(made.data_axes) == depth and len(s.stages()) <= FEW:
            s = _tried(s, lambda s, name=name: s.scope(name, "stack"), "one element a row needs no block")
    return s


def _lanes(s: td.Schedule, facts: td.StageFacts) -> td.Schedule:
    """Vector lanes of a stage inside another's loop."""
    if facts.placed is None:
        return s  # it stayed at root, and its turn comes
    if facts.kind == "reduction":
        return _reduction(s, facts)
    if facts.kind == "pure" and len(facts.data_axes) > 1:
        inner = facts.data_axes[-1]
        return vectorized(s, facts.name, inner, lanes_of(s, facts.bits), facts.extents[inner])
    return s


def _sequential(s: td.Schedule, facts: td.StageFacts) -> td.Schedule:
    """A recurrence or an update: its outermost independent loop in parallel, its last one as lanes where both are legal."""
    free = s.parallel_axes(facts.name)
    if not free:
        return s
    outermost, last, inmost = facts.axes[0], facts.axes[-1], free[-1]
    if free[0] == outermost and (last in free or facts.kind == "update" or len(free) > 1):
        s = _tried(s, lambda s: s.parallel(facts.name, outermost), "its iterations are independent")
    lanes = lanes_of(s, facts.bits)
    if last in free and last != outermost:
        return _tried(s, lambda s: vectorized(s, facts.name, last, lanes, facts.extents.get(last)))
    if facts.kind == "recurrence" and last not in free and inmost in facts.axes:
        return _tried(s, lambda s: _side_by_side(s, facts, inmost, lanes))
    return s


def _side_by_side(s: td.Schedule, facts: td.StageFacts, axis: str, lanes: int) -> td.Schedule:
    """Independent runs of a recurrence as lanes: what each carries stays in its lane."""
    lanes = min(lanes, RUNS)
    extent = facts.extents.get(axis)
    if lanes < 2 or (extent is not None and extent < 2):
        return s
    start = len(s.steps)
    outer, inner = fresh(s, facts.name, f"{axis}o", f"{axis}i")
    s = s.split(facts.name, axis, lanes, into=(outer, inner))
    rest = [each for each in s.axes(facts.name) if each != inner]
    s = s.reorder(facts.name, *rest, inner).vectorize(facts.name, inner, lanes)
    return s.because(f"{lanes} independent runs of {axis} as lanes", since=start)


def _turned(facts: td.StageFacts) -> str | None:
    """The axis that moves neighbours of what the stage reads, where its own last axis moves none."""
    if len(facts.data_axes) < 2:
        return None
    inner = facts.data_axes[-1]
    for read in facts.reads:
        if read.stride(inner) is None:
            for axis in facts.data_axes[:-1]:
                if read.stride(axis) == 1:
                    return axis
    return None


def _tried(s: td.Schedule, steps: Callable[[td.Schedule], td.Schedule], reason: str = "") -> td.Schedule:
    """The schedule after some steps, or as it is where one of them is refused."""
    start = len(s.steps)
    try:
        changed = steps(s)
    except (td.ScheduleError, td.ArgumentError):
        return s
    return changed.because(reason, since=start) if reason and len(changed.steps) > start else changed
