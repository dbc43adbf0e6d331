"""`atomic`: a reduction or an update changes its elements at once, so that its iterations may run in parallel."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, NoReturn

from tdsl.errors import PlacementError
from tdsl.expr.reducers import keeps_every_bit
from tdsl.expr.reduction_groups import reduction_groups
from tdsl.expr.rewrite import reductions
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.state import StageState, State


@dataclass(frozen=True, slots=True)
class Atomic(Directive):
    """Each element is read, changed and written at once, so that threads may add to one element in any order.

    Loops over a reduction, and loops of an update ``U[at] = U[at] op e``, may then run in parallel. The order of the terms
    varies from call to call: of whole numbers, `min` and `max` that changes no bit, of sums of floats it does.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); bins = td.placeholder("bins", (n,), "int32", range=(0, 16))
        >>> zero = td.compute("zero", (16,), lambda b: td.cast(0, "int32")); i = td.axis("i", n)
        >>> H = td.update("H", zero, over=i, at=(bins[i],), value=lambda H: H[bins[i]] + 1)
        >>> print(td.schedule(H).atomic(H).parallel(H, "i"))
        for b in 0 .. 16:
          zero[b] = int32(0)
        parallel for i in 0 .. n:
          H[int64(bins[i])] = H[int64(bins[i])] + 1  # atomic

    Of an update whose value reduces it is the loops over the reduction.

    Legal when: the stage is one reduction of one value, or an update that combines its element with something free of
        it by `+ - * min max & | ^`, also under conditions free of it. Its lanes are refused, and so is a promoted tile:
        they change several elements at once.
    Errors: S102 S103 stage; S334 a stage that is not of that form; at the build L112 accumulators in registers.
    Source: Halide's `atomic`; semantics P9.
    """

    primitive: ClassVar[str] = "atomic"

    stage: str

    def apply(self, state: State) -> State:
        """The stage with atomic changes."""
        entry = arguments.stage_named(self, state, self.stage)
        if entry.atomic:
            self._refuse(entry, "it is atomic already")
        self._check_form(entry)
        refuse_lanes_and_tiles(self, replace(entry, atomic=True))
        return state.with_stage(replace(entry, atomic=True))

    def _check_form(self, entry: StageState) -> None:
        from tdsl.schedule.update_parts import added

        stage = entry.stage
        if stage.base is not None and not stage.reduce_axes:
            if added(stage) is None:
                self._refuse(
                    entry,
                    "its changes do not commute: it does not combine the element with something free of it",
                    "U[at] = U[at] op e, with op one of + - * min max & | ^, also under td.where",
                )
            return
        found = reductions(*stage.body)
        if not found:
            self._refuse(entry, "it is no reduction and no update: each element is written once")
        if len(reduction_groups(stage)) > 1 or len(found) > 1 or len(next(iter(found)).operands) > 1:
            self._refuse(
                entry, "it reduces several values, which no machine changes at once", "a stage for each"
            )

    def _refuse(self, entry: StageState, why: str, hint: str = "") -> NoReturn:
        raise self.refusal(
            PlacementError,
            "S334",
            f"{entry.name} cannot be atomic",
            why=(why,),
            loops=loop_lines(entry),
            hint=(hint,) if hint else (),
        )


def refuse_lanes_and_tiles(step: Directive, entry: StageState) -> None:
    """Checks that a stage which changes its elements at once has no lanes and no promoted tile. Errors: S334."""
    lanes = [loop.name for loop in entry.loops if loop.kind == "vector"]
    if not entry.atomic or not (lanes or entry.promotes):
        return
    what = f"{lanes[0]} is lanes" if lanes else f"{entry.promotes[0].name} is a promoted tile"
    raise step.refusal(
        PlacementError,
        "S334",
        f"{entry.name} is atomic: one element is changed at once, not several",
        why=(f"{what}, which would change several elements together",),
        loops=loop_lines(entry, mark=lanes[0] if lanes else None),
        hint=(f'rfactor("{entry.name}", …): partial results can be lanes and tiles',),
    )


def order_varies(entry: StageState) -> bool:
    """Whether the bits of a stage's results depend on the order in which threads come."""
    from tdsl.schedule.update_parts import added

    if not entry.atomic:
        return False
    if entry.stage.base is None or entry.stage.reduce_axes:
        return not all(keeps_every_bit(node) for node in reductions(*entry.stage.body))
    adding = added(entry.stage)
    assert adding is not None
    return not (adding.reducer.exact or entry.stage.dtypes[0].is_integer or entry.stage.dtypes[0].is_bool)
