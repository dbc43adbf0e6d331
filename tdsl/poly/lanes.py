"""Which loops around a statement are lanes: iterations that run together, statement by statement (semantics P6)."""

from __future__ import annotations

from tdsl.poly.looptree import Dim, LoopTree, stage_of


def lane(tree: LoopTree, dim: Dim) -> tuple[str, str] | None:
    """(stage, loop) that a dim is of where its iterations are lanes."""
    stage = stage_of(dim)
    arrangement = tree.arrangements.get(stage)
    marked = [] if arrangement is None else [loop for loop in arrangement.loops if loop.kind == "vector"]
    for loop in marked:
        own = tree.own(stage)
        if dim[1] in own.leaves[slice(*own.spans[loop.name])]:
            return stage, loop.name
    return None


def shared_lanes(tree: LoopTree, one: str, other: str) -> tuple[int, ...]:
    """Which of the leading dims that two different statements share are lanes, which run one after the other."""
    if one == other:
        return ()
    dims = tree.dims(one)[: tree.common(one, other)]
    return tuple(place for place, dim in enumerate(dims) if lane(tree, dim))
