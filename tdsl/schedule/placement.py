"""Where stages stand: readers of a stage, and whether they lie inside a loop; a state and names in, plain answers out.

The dependences decide (`legality.py`); this module finds the words when a reader is outside, and keeps hosts acyclic.
"""

from __future__ import annotations

from tdsl.expr.node import Node
from tdsl.expr.per_stage import per_stage
from tdsl.expr.rewrite import reads
from tdsl.expr.tensor import Stage, Tensor
from tdsl.poly.model import Place
from tdsl.schedule.state import StageState, State


def nodes_of(stage: Stage) -> tuple[Node, ...]:
    """Every expression of a stage: bodies, targets, conditions, fills, bounds of axes."""
    bounds = tuple(node for axis in (*stage.axes, *stage.reduce_axes) for node in (axis.lower, axis.upper))
    return (*stage.body, *stage.at, *stage.domain, *stage.fill, *bounds)


@per_stage
def inputs_of(stage: Stage) -> tuple[Tensor, ...]:
    """Every tensor that a stage reads and does not compute itself, in order of first occurrence, an update's base last."""
    found = dict.fromkeys(read.tensor for read in reads(*nodes_of(stage)) if read.tensor not in stage.own)
    if stage.base is not None:
        found.setdefault(stage.base)
    return tuple(found)


def readers(state: State, entry: StageState) -> tuple[StageState, ...]:
    """The stages that read a stage's tensors, in order of declaration; inlined ones no longer read."""
    tensors = set(entry.stage.tensors)
    return tuple(other for other in state.live() if tensors & set(inputs_of(other.stage)))


def is_output(state: State, entry: StageState) -> bool:
    """Whether one of the stage's tensors leaves the kernel."""
    return any(tensor in entry.stage.tensors for tensor in state.outputs)


def standing(entry: StageState) -> Place | None:
    """The innermost loop of another stage that a stage's statements stand in; None at root."""
    if entry.joined is not None:
        return Place(entry.joined.stage, entry.joined.loop)
    return entry.compute


def chain(state: State, place: Place | None) -> tuple[Place, ...]:
    """The loops around a place through the hosts, innermost first: (host, loop), (host's host, loop), …"""
    found: list[Place] = []
    while place is not None and place not in found:
        found.append(place)
        host = state.find(place.stage)
        place = None if host is None else standing(host)
    return tuple(found)


def inside(state: State, entry: StageState, host: StageState, loop: str) -> bool:
    """Whether a stage's statements lie inside a loop of the host, directly or through stages placed there."""
    depth = host.axes.index(loop)
    if entry.name == host.name:
        return True
    return any(
        place.stage == host.name and place.loop in host.axes and host.axes.index(place.loop) >= depth
        for place in chain(state, standing(entry))
    )


def stands(entry: StageState) -> str:
    """Where a stage is computed, in words: ``at root`` or ``at yo of blur_y``."""
    if entry.joined is not None:
        return f"with {entry.joined.stage} down to {entry.joined.loop}"
    return "at root" if entry.compute is None else f"at {entry.compute.loop} of {entry.compute.stage}"


def encloses(state: State, outer: Place, inner: Place | None) -> bool:
    """Whether place `inner` is the body of `outer`, or lies inside it."""
    host = state.find(outer.stage)
    if host is None or outer.loop not in host.axes:
        return False
    depth = host.axes.index(outer.loop)
    return any(
        place.stage == outer.stage and place.loop in host.axes and host.axes.index(place.loop) >= depth
        for place in chain(state, inner)
    )
