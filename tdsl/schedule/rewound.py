"""Which stages of chains are made ahead, so that folds of what they read stay small; a state in, names of stages out.

Of stages that slide in one loop, one that reads a folded one of them, directly or through others made there, makes in each
iteration the elements that become the newest, the loop starting early for it. So it never asks for more of what it reads
than one iteration's worth, and the fold holds no more. What nobody folds is made as it is needed (`poly/slide.py`).
"""

from __future__ import annotations

from tdsl.expr.reduction_groups import reduction_groups
from tdsl.poly.model import Place
from tdsl.schedule.loops import over_reduction
from tdsl.schedule.placement import readers
from tdsl.schedule.state import StageState, State

CPU = ("serial", "parallel", "unroll", "vector")
"""How loops run that are no places on a GPU, where threads meet in the loops around what they share."""


def rewound(state: State, folded: str | None = None) -> frozenset[str]:
    """Names of the stages made ahead. folded: a stage that is to be folded."""
    found: set[str] = set()
    for entry in state.live():
        place = entry.compute
        if place is None or entry.store is None or not (entry.folds or entry.name == folded):
            continue
        if _may_start_early(state, place):
            found |= _readers_at(state, entry, place)
    return frozenset(found)


def _may_start_early(state: State, place: Place) -> bool:
    """Whether a loop may run iterations in which only what stands in it does anything."""
    host = state.stage(place.stage)
    kinds = {loop.name: loop.kind for loop in host.loops}
    if kinds.get(place.loop) != "serial" or host.stage.base is not None:
        return False
    if over_reduction(host, place.loop) or len(reduction_groups(host.stage)) > 1:
        return False
    live = tuple(state.live())
    if any(entry.joined is not None for entry in live) or any(
        loop.kind not in CPU for entry in live for loop in entry.loops
    ):
        return False
    return all(entry.copies == 1 for entry in live if entry.compute == place)


def _readers_at(state: State, entry: StageState, place: Place) -> set[str]:
    """Stages at a place that read a stage there, directly or through one another; stages inside of them count as they."""
    found: set[str] = set()
    work = [entry]
    while work:
        for reader in readers(state, work.pop()):
            here = _standing_at(state, reader, place)
            if here is not None and here.name not in found:
                found.add(here.name)
                work.append(here)
    return found - {entry.name}


def _standing_at(state: State, entry: StageState, place: Place) -> StageState | None:
    """The stage at a place that another is, or that it stands in."""
    while entry.compute is not None and entry.compute != place:
        entry = state.stage(entry.compute.stage)
    return entry if entry.compute == place else None
