"""Questions about a schedule that are answered by trying: which loops could run in parallel, how deep a fold must be.

In: a state and names. Out: names and numbers, or a few lines about one loop. Every answer comes from the verdict that
directives get (`legality.py`), so what is offered is accepted.
"""

from __future__ import annotations

from dataclasses import replace

from tdsl.errors import TdslError
from tdsl.expr.reduction_groups import reduction_groups
from tdsl.poly import answers
from tdsl.poly.model import Arranged, LoopKind, Split
from tdsl.schedule.arguments import kind_text, marked_by
from tdsl.schedule.directive import Directive, step_text
from tdsl.schedule.legality import arranged_of, is_legal, settled, verdict_of
from tdsl.schedule.loops import (
    children,
    constant_extents,
    marked,
    origins,
    over_reduction,
    parents,
    standing_at,
)
from tdsl.schedule.state import StageState, State

DEEPEST_FOLD = 64
"""Folds longer than this save too little to be searched for."""


def parallel_axes(state: State, stage: str) -> tuple[str, ...]:
    """The loops of a stage that may run in parallel as the schedule stands, outermost first."""
    from tdsl.poly.settle import exact_regions
    from tdsl.poly.verdict import parallel_loops

    entry = state.stage(stage)
    arranged = arranged_of(state)
    legal = parallel_loops(arranged, stage)
    others = bool(exact_regions(arranged))
    return tuple(
        loop.name
        for loop in entry.loops
        if loop.kind != "vector"
        and (loop.name in legal or (others and is_legal(_with_mark(state, entry, loop.name, "parallel"))))
    )


def tilable(state: State, stage: str) -> tuple[tuple[str, ...], ...]:
    """The loops of a stage in the longest groups of neighbours, from the outside in, whose loops may change places.

    Loops of a group may change places in every way where each of them may stand first: then no dependence that the loops
    around leave goes backwards along any of them.
    """
    entry = state.stage(stage)
    groups: list[tuple[str, ...]] = []
    for loop in entry.loops:
        wider = (*groups[-1], loop.name) if groups else ()
        if wider and _permutable(state, entry, wider):
            groups[-1] = wider
        else:
            groups.append((loop.name,))
    return tuple(groups)


def _permutable(state: State, entry: StageState, group: tuple[str, ...]) -> bool:
    """Whether each loop of a group of neighbours may stand first in it."""
    marks = {loop.name: loop for loop in entry.loops}
    start = entry.axes.index(group[0])
    if any(marks[name].kind == "vector" for name in group):
        return False
    for first in group[1:]:
        order = (first, *(name for name in group if name != first))
        loops = (*entry.loops[:start], *(marks[name] for name in order), *entry.loops[start + len(group) :])
        if not is_legal(state.with_stage(replace(entry, loops=loops))):
            return False
    return len(reduction_groups(entry.stage)) < 2 or _tiled(state, entry, group)


def _tiled(state: State, entry: StageState, group: tuple[str, ...]) -> bool:
    """Whether a tile of the loops is legal: of several nests of reductions in one body their orders alone do not tell."""
    from tdsl.schedule.primitives.tile import Tile

    try:
        return is_legal(Tile(entry.name, tuple((name, 2) for name in group), None, "guard").apply(state))
    except TdslError:
        return True  # of form: no tile at all can be asked


def smallest_fold(state: State, stage: str, dim: str, deepest: int = DEEPEST_FOLD) -> int | None:
    """The least number of cells that a dim of a stage's array can be folded to; None where none up to `deepest` is.

    One question gives all lengths that keep every live value; the least that is accepted beside the stage's other folds
    is the answer. Where that is too much for isl, powers of two are tried, until one is, too.
    """
    known = fold_lengths(state, stage, dim, deepest)
    powers = [1 << power for power in range(deepest.bit_length())]
    for length in powers if known is None else known:
        found = _fold_verdict(state, stage, dim, length)
        if isinstance(found, answers.Proved):
            return length
        if known is None and isinstance(found, answers.Unknown):
            return None
    return None


def fold_is_legal(state: State, stage: str, dim: str, length: int) -> bool:
    """Whether a fold of a dim to that many cells is proved legal, in the place of one it has."""
    return isinstance(_fold_verdict(state, stage, dim, length), answers.Proved)


def _fold_verdict(state: State, stage: str, dim: str, length: int) -> answers.Verdict:
    entry = state.stage(stage)
    others = tuple(fold for fold in entry.folds if fold[0] != dim)
    tried = state.with_stage(replace(entry, folds=(*others, (dim, length)), layout=None))
    return settled(tried, explain=False)[0]


def fold_lengths(state: State, stage: str, dim: str, deepest: int = DEEPEST_FOLD) -> tuple[int, ...] | None:
    """The lengths that keep every live value of all tensors of a stage, in order; None where isl cannot tell."""
    from tdsl.poly.affine import NonAffine
    from tdsl.poly.isl import TooLarge
    from tdsl.poly.settle import exact_regions, with_regions

    entry = state.stage(stage)
    others = tuple(fold for fold in entry.folds if fold[0] != dim)
    bare = state.with_stage(replace(entry, folds=others, layout=None))
    arranged, place = with_regions(arranged_of(bare, folded=stage), {}), entry.dims.index(dim)
    try:
        lengths = _kept_by(arranged, entry, place, deepest)
        exact = exact_regions(arranged)
        if exact:
            lengths |= _kept_by(with_regions(arranged, exact), entry, place, deepest)
    except (TooLarge, NonAffine):
        return None
    return tuple(sorted(lengths))


def _kept_by(arranged: Arranged, entry: StageState, place: int, deepest: int) -> frozenset[int]:
    """The lengths of one dim that are legal for all tensors of a stage."""
    from tdsl.poly.folds import min_fold

    lengths = frozenset(range(1, deepest + 1))
    for name in entry.stage.tensor_names:
        lengths &= frozenset(min_fold(arranged, name, place, deepest).legal)
    return lengths


def about_loop(state: State, entry: StageState, axis: str) -> str:
    """What a loop is, line by line: where it comes from, how it runs and who said so, what stands inside."""
    lines = [f"{axis} of {entry.name}: {_origin(entry, axis)}"]
    extent = constant_extents(entry)[axis]
    if extent is not None:
        lines.append(
            f"runs {extent} time{'s' * (extent != 1)}"
            + ("" if entry.compute is None else " or less, by its place")
        )
    kind = next(loop.kind for loop in entry.loops if loop.name == axis)
    words = "in order" if kind == "serial" else kind_text(kind)
    lines.append(f"runs {words}" + (" over a reduction" if over_reduction(entry, axis) else ""))
    lines += [f"  by {step_text(step)}" for step in _makers(state, entry, axis)]
    inside = standing_at(state, entry.name, axis)
    if inside:
        lines.append(f"in its body: {', '.join(inside)}")
    if kind in ("serial", "unroll"):
        may = axis in parallel_axes(state, entry.name)
        lines.append(
            "may run in parallel" if may else f"may not run in parallel: {_why_not(state, entry, axis)}"
        )
    return "\n".join(lines)


def _origin(entry: StageState, axis: str) -> str:
    made = None
    for relation in entry.relations:
        if axis in children(relation):
            made = relation
    if made is None:
        reduced = axis in {each.name for each in entry.stage.reduce_axes}
        return "a reduction axis of the declaration" if reduced else "a data axis of the declaration"
    roots = ", ".join(origins(entry)[axis])
    if isinstance(made, Split):
        part = "blocks" if axis == made.outer else "points of a block"
        return f"{part} of {made.parent}, split by {made.factor} (from {roots})"
    return f"{type(made).__name__.lower()} of {', '.join(parents(made))} (from {roots})"


def _why_not(state: State, entry: StageState, axis: str) -> str:
    return str(getattr(verdict_of(_with_mark(state, entry, axis, "parallel")), "text", "not decidable"))


def _with_mark(state: State, entry: StageState, axis: str, kind: LoopKind) -> State:
    """The state in which a loop runs otherwise."""
    position = entry.axes.index(axis)
    return state.with_stage(marked(entry, position, replace(entry.loops[position], kind=kind)))


def _makers(state: State, entry: StageState, axis: str) -> tuple[Directive, ...]:
    """The steps that made the loop and that marked it."""
    consumed = dict(entry.retired)
    made = [
        state.steps[consumed[parent]]
        for relation in entry.relations
        if axis in children(relation)
        for parent in parents(relation)
        if parent in consumed
    ]
    marking = marked_by(state, entry, axis)
    found = made[:1] + ([marking] if marking is not None else [])
    return tuple(
        step for place, step in enumerate(found) if all(step is not earlier for earlier in found[:place])
    )
