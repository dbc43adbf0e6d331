"""What the bounds of loops are read from stands outside of them; a directive and the state after it in, a refusal out."""

from __future__ import annotations

from tdsl.errors import PlacementError
from tdsl.expr.rewrite import reads
from tdsl.schedule.directive import Directive
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.state import State


def check_bounds(step: Directive, state: State) -> None:
    """Refuses a stage inside of a loop whose bounds are read from it, as it is or comes to stand. Errors: S301."""
    for host in state.live():
        for bounded in host.stage.reduce_axes:
            for read in reads(bounded.lower, bounded.upper):
                entry = state.find(read.tensor.name)
                if entry is None or entry.compute is None or entry.compute.stage != host.name:
                    continue
                from tdsl.schedule.nest_plan import derived_from

                made, axis = derived_from(frozenset((bounded.name,)), host.relations), entry.compute.loop
                loop = next((loop for loop in host.axes if loop in made), None)
                if loop is None or host.axes.index(axis) < host.axes.index(loop):
                    continue
                raise step.refusal(
                    PlacementError,
                    "S301",
                    f"{host.name} reads {entry.name} outside loop {axis}: it says where {bounded.name} starts and ends",
                    loops=loop_lines(host, mark=axis, note=f"{entry.name} would stand here"),
                    hint=(f"a loop outside of {loop}", f'compute_root("{entry.name}")'),
                )
