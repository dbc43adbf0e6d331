"""`compute_at`: a stage is made inside a loop of another; names in, the state with the stage placed out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tdsl.errors import PlacementError
from tdsl.poly.model import Place
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.legality import with_witness
from tdsl.schedule.placement import encloses, inside, is_output, readers, standing, stands
from tdsl.schedule.state import StageState, State
from tdsl.schedule.together import resolved


@dataclass(frozen=True, slots=True)
class ComputeAt(Directive):
    """Computes `stage` in the body of loop `axis` of `host`: exactly what its readers there need, once an iteration.

    Storage moves along, unless `store_at` or `store_root` put it further out: then what an earlier iteration made is
    reused, and only the rest is computed. An update makes all changes of the elements needed there, and keeps them there.

    Args:
        stage: the producer; the public method takes several at once and places readers first, one step each.
        host, axis: the loop.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n,))
        >>> B = td.compute("B", (n,), lambda i: A[i] * 2); C = td.compute("C", (n,), lambda i: B[i] + 1)
        >>> print(td.schedule(C).compute_at(B, C, "i").script())
        td.schedule(C).compute_at("B", "C", "i")

    Legal when: every reader lies inside the loop, directly or through stages placed there, and finds its values made.
    Errors: S102–S106 stage or axis; S301 readers outside, with where they stand; S302 an output; S303 a place inside
        itself; S304 vector lanes; S201 S205 values not there in time or not visible.
    Source: Halide's `compute_at`; semantics P2.
    """

    primitive: ClassVar[str] = "compute_at"
    positional: ClassVar[tuple[str, ...]] = ("stage", "host", "axis")

    stage: str
    host: str
    axis: str

    def apply(self, state: State) -> State:
        """The stage placed; its storage too where it was not further out."""
        entry = arguments.stage_named(self, state, self.stage)
        place = check_place(self, state, entry, self.host, self.axis)
        store = entry.store
        if entry.joined is not None or (isinstance(store, Place) and not encloses(state, store, place)):
            store = None
        return state.with_stage(replace(entry, compute=place, store=store, joined=None))


def check_place(step: Directive, state: State, entry: StageState, host_name: str, axis: str) -> Place:
    """The place of a loop, once it is sure that the stage may stand there."""
    host = arguments.stage_named(step, state, host_name)
    position = arguments.loop_named(step, state, host, axis)
    if is_output(state, entry):
        raise step.refusal(
            PlacementError,
            "S302",
            f"{entry.name} is an output: it is computed whole, at root",
            why=("its array belongs to the caller, and what one loop needs of it may be less than all",),
            hint=(f'cache_write("{entry.name}", name="…") and place the copy',),
        )
    if host.name == entry.name or encloses_stage(state, entry, host):
        raise step.refusal(
            PlacementError,
            "S303",
            f"{entry.name} cannot stand inside itself",
            why=() if host.name == entry.name else (f"{host.name} is computed {stands(host)}",),
        )
    if host.loops[position].kind == "vector":
        raise step.refusal(
            PlacementError,
            "S304",
            f"{axis} of {host.name} is vector lanes, which run in lockstep: no stage can stand inside them",
            loops=loop_lines(host, mark=axis),
            hint=tuple(f'the loop outside: "{loop}"' for loop in host.axes[position - 1 : position]),
        )
    host, axis = resolved(state, host, axis)
    _refuse_readers_outside(step, state, entry, host, axis)
    return Place(host.name, axis)


def encloses_stage(state: State, entry: StageState, other: StageState) -> bool:
    """Whether `other` is computed somewhere inside the loops of `entry`."""
    seen: set[str] = set()
    current: StageState | None = other
    while current is not None and current.name not in seen:
        seen.add(current.name)
        place = standing(current)
        if place is None:
            return False
        if place.stage == entry.name:
            return True
        current = state.find(place.stage)
    return False


def _could_stand(state: State, reader: StageState, host: StageState, axis: str) -> bool:
    """Whether a reader could be placed in the loop, all that read it being there."""
    return not is_output(state, reader) and all(
        inside(state, other, host, axis) for other in readers(state, reader)
    )


def _refuse_readers_outside(
    step: Directive, state: State, entry: StageState, host: StageState, axis: str
) -> None:
    all_readers = readers(state, entry)
    outside = [reader for reader in all_readers if not inside(state, reader, host, axis)]
    if not outside and all_readers:
        return
    names = ", ".join(reader.name for reader in outside) or "nothing"
    placeable = [reader.name for reader in outside if _could_stand(state, reader, host, axis)]
    hint = [f'compute_at("{name}", "{host.name}", "{axis}") first' for name in placeable[:1]]
    alternatives: list[str] = []
    if not placeable and isinstance(step, ComputeAt):
        from tdsl.schedule.advice import own_copy

        alternatives = own_copy(step, state)
    refused = step.refusal(
        PlacementError,
        "S301",
        f"{names} reads {entry.name} outside loop {axis} of {host.name}",
        why=tuple(
            f"reader {reader.name} is computed {stands(reader)}" + ("" if reader in outside else ", inside")
            for reader in all_readers
        ),
        loops=loop_lines(host, mark=axis, note=f"{entry.name} would stand here"),
        hint=(
            *hint,
            f'inline("{entry.name}")' if not entry.stage.reduce_axes else f'compute_root("{entry.name}")',
        )
        if placeable or not outside
        else (*alternatives, f"leave {entry.name} at root"),
    )
    assert isinstance(refused, PlacementError)
    placed = replace(entry, compute=Place(host.name, axis), store=None, joined=None)
    raise with_witness(refused, state.with_stage(placed), axis)
