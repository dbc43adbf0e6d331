"""What keeps a stage from being made an iteration ahead: a state and a stage in, the reason in words or nothing out.

A tile may be made before the iterations that still use earlier ones where it reads nothing that these make (P18). What
is computed inside of it moves along, and what is made ahead in the same loop, too.
"""

from __future__ import annotations

from tdsl.poly.model import Place
from tdsl.schedule.loops import is_fused
from tdsl.schedule.placement import chain, encloses, inputs_of, standing
from tdsl.schedule.state import StageState, State


def obstacle(state: State, entry: StageState) -> str:
    """Why the tiles of a stage cannot be made ahead; empty where they can."""
    place = entry.compute
    if entry.joined is not None or place is None:
        return (
            f"{entry.name} is computed {'with another stage' if entry.joined else 'at root'}, not in a loop"
        )
    if entry.store not in (None, place):
        return f"{entry.name} is stored outside of {place.loop}: what earlier iterations made is still in use"
    if entry.scope == "register":
        return f"{entry.name} is in registers, whose place is no number that changes"
    guest = next((one for one in state.live() if one.joined and one.joined.stage == entry.name), None)
    if guest is not None:
        return f"{guest.name} shares its loops, and has one place for what it makes"
    host = state.find(place.stage)
    if host is None or place.loop not in host.axes:
        return f"{place.stage} has no loop {place.loop} any more"
    if host.joined is not None or any(one.joined and one.joined.stage == host.name for one in state.live()):
        return f"{host.name} shares its loops with another stage"
    kind = host.loops[host.axes.index(place.loop)].kind
    if kind != "serial":
        return f"{place.loop} of {host.name} runs {kind}: its iterations do not follow one another"
    if is_fused(host, place.loop):
        return f"{place.loop} of {host.name} is a fused loop"
    if any(cut.loop == place.loop for cut in host.cuts):
        return f"{place.loop} of {host.name} runs in parts"
    return _reads_from_inside(state, entry, place)


def _reads_from_inside(state: State, entry: StageState, place: Place) -> str:
    """What the stage, or what moves along with it, reads of the loop's own."""
    moving = [one for one in state.live() if one is entry or _within(state, one, entry.name)]
    for one in moving:
        for tensor in inputs_of(one.stage):
            made = next((each for each in state.live() if tensor in each.stage.tensors), None)
            if made is None or made in moving or not encloses(state, place, standing(made)):
                continue
            if made.copies > 1 and made.compute == place:
                continue
            return f"{one.name} reads {made.name}, which is made in {place.loop} as well"
    return ""


def _within(state: State, one: StageState, name: str) -> bool:
    """Whether a stage is computed inside the loops of another."""
    return any(place.stage == name for place in chain(state, standing(one)))
