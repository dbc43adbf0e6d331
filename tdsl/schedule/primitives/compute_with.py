"""`compute_with`: a stage shares the loops of another; names in, the state with the stage joined to the other out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tdsl.declare.names import shown
from tdsl.errors import PlacementError, UnknownAxisError
from tdsl.poly.model import Join, Place
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.legality import with_witness
from tdsl.schedule.placement import inside, is_output, readers, stands
from tdsl.schedule.primitives.compute_at import encloses_stage
from tdsl.schedule.state import StageState, State
from tdsl.schedule.together import check_joins, followed, matched, offsets, resolved, shared_loops


@dataclass(frozen=True, slots=True)
class ComputeWith(Directive):
    """Moves `stage` to where `host` stands; from the outside down to `axis` their loops are one.

    Axes are matched by name, through splits and fuses; a `shift` of either before makes one run ahead of the other.
    What of `stage` lies outside of the range of `host`, or the other way round, is guarded. Its storage is where that of
    `host` is; what stood in its loops stands in the shared ones. In a body statements follow the value flow within one
    iteration, ties by declaration.

    Args:
        stage: the one that moves; the public method takes several at once, one step each: what `host` reads, readers
            first, then what reads `host`, in order.
        host, axis: the innermost loop that is shared.
        align: pairs of names that differ, an axis of `stage` and one of `host`; the public method takes a mapping.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n,))
        >>> B = td.compute("B", (n,), lambda i: A[i] * 2); C = td.compute("C", (n,), lambda i: A[i] + 1)
        >>> print(td.schedule(B, C).compute_with(C, B, "i"))
        for i in 0 .. n:
          B[i] = A[i] * 2.0
          C[i] = A[i] + 1.0

    Legal when: every value is made before it is read, in the shared loops too, and lasts until then.
    Errors: S102–S106 stage or axis; S301 readers outside of the loops around `host`; S302 an output inside another
        stage; S303 inside itself; S340 a loop without a counterpart; S341 loops of
        another form, or otherwise marked; S343 a reduction that cannot be shared; S201 a value that would be read too
        early; S208 stages that need each other in one iteration.
    Source: Halide's `compute_with`, `LoopAlignStrategy`; semantics P4.
    """

    primitive: ClassVar[str] = "compute_with"
    positional: ClassVar[tuple[str, ...]] = ("stage", "host", "axis")

    stage: str
    host: str
    axis: str
    align: tuple[tuple[str, str], ...] = ()

    def apply(self, state: State) -> State:
        """The stage joined, with what stood in the loops that it now shares."""
        entry = arguments.stage_named(self, state, self.stage)
        host = arguments.stage_named(self, state, self.host)
        arguments.loop_named(self, state, host, self.axis)
        self._check_align(entry, host)
        if host.name == entry.name or encloses_stage(state, entry, host):
            raise self.refusal(
                PlacementError,
                "S303",
                f"{entry.name} cannot stand inside itself",
                why=() if host.name == entry.name else (f"{host.name} is computed {stands(host)}",),
            )
        self._check_place(state, entry, host)
        leader, loop = resolved(state, host, self.axis)
        mine, theirs = offsets(entry), offsets(host)
        match = matched(entry, Join(host.name, self.axis, self.align), host)
        lags = tuple(
            (axis, theirs[name] - mine[axis]) for name, axis in match.items() if theirs[name] != mine[axis]
        )
        join = _through(
            state, entry, host, Place(leader.name, loop), Join(host.name, self.axis, self.align, lags)
        )
        joined = replace(entry, joined=join)
        state = followed(state.with_stage(joined))
        check_joins(self, state)
        return _moved_along(state, state.stage(entry.name))

    def _check_align(self, entry: StageState, host: StageState) -> None:
        for place, one in enumerate((entry, host)):
            axes = [axis.name for axis in (*one.stage.axes, *one.stage.reduce_axes)]
            names = [pair[place] for pair in self.align]
            hint = ("axes of the stage that moves -> axes of the one it is computed with",)
            why = (f"axes of {one.name}: {', '.join(axes)}",)
            if strange := [name for name in names if name not in axes]:
                text = f"align= names {shown(strange[0])}, which is no axis of the declaration of {one.name}"
                raise self.refusal(UnknownAxisError, "S104", text, why=why, hint=hint)
            if twice := [name for name in names if names.count(name) > 1]:
                text = f"align= names {twice[0]} of {one.name} twice"
                raise self.refusal(PlacementError, "S340", text, why=why, hint=hint)

    def _check_place(self, state: State, entry: StageState, host: StageState) -> None:
        """Where the host stands inside another stage, all readers have to be there and the stage may be no output."""
        at = host.compute
        if at is None:
            return
        if is_output(state, entry):
            raise self.refusal(
                PlacementError,
                "S302",
                f"{entry.name} is an output: it is computed whole, at root",
                why=(f"{host.name} is computed {stands(host)}",),
                hint=(f'compute_root("{host.name}") first',),
            )
        outer = state.stage(at.stage)
        outside = [one for one in readers(state, entry) if not inside(state, one, outer, at.loop)]
        if outside:
            refused = self.refusal(
                PlacementError,
                "S301",
                f"{outside[0].name} reads {entry.name} outside loop {at.loop} of {outer.name}",
                why=(
                    f"{host.name} is computed {stands(host)}",
                    f"reader {outside[0].name} is computed {stands(outside[0])}",
                ),
                hint=(f'compute_at("{outside[0].name}", "{outer.name}", "{at.loop}") first',)
                if not is_output(state, outside[0])
                else (f"leave {entry.name} at root",),
            )
            assert isinstance(refused, PlacementError)
            placed = replace(entry, compute=at, store=None, joined=None)
            raise with_witness(refused, state.with_stage(placed), at.loop)


def _through(state: State, entry: StageState, host: StageState, place: Place, join: Join) -> Join:
    """A join with a stage that shares its own loops, as one with the stage that runs them at `place`."""
    if host.name == place.stage:
        return join
    lags = dict(join.lags)
    table = {mine: (theirs, lags.get(mine, 0)) for theirs, mine in matched(entry, join, host).items()}
    while host.name != place.stage and host.joined is not None:
        above, lags = state.stage(host.joined.stage), dict(host.joined.lags)
        outward = {
            mine: (name, lags.get(mine, 0)) for name, mine in matched(host, host.joined, above).items()
        }
        table = {
            axis: (outward[name][0], lag + outward[name][1])
            for axis, (name, lag) in table.items()
            if name in outward
        }
        host = above
    align = tuple((axis, name) for axis, (name, _) in table.items() if axis != name)
    return Join(place.stage, place.loop, align, tuple((axis, lag) for axis, (_, lag) in table.items() if lag))


def _moved_along(state: State, entry: StageState) -> State:
    """What stood in loops that are shared now stands in the leader's."""
    table = {
        Place(entry.name, loop): place
        for loop, place in shared_loops(state, entry).items()
        if place is not None
    }
    changed: list[StageState] = []
    for one in state.stages:
        store = (
            one.store if isinstance(one.store, str) or one.store is None else table.get(one.store, one.store)
        )
        fresh = replace(
            one, compute=None if one.compute is None else table.get(one.compute, one.compute), store=store
        )
        join = fresh.joined
        place = None if join is None else table.get(Place(join.stage, join.loop))
        if join is not None and place is not None:
            fresh = replace(fresh, joined=_through(state, one, entry, place, join))
        changed.append(fresh)
    return replace(state, stages=tuple(changed))
