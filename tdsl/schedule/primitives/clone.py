"""`clone`: a copy of a stage for some of its readers; stages by name in, the state with one more stage at root out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tdsl.errors import PlacementError
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.derive import copied, fresh_state, redirected
from tdsl.schedule.directive import Directive
from tdsl.schedule.placement import is_output, readers
from tdsl.schedule.state import StageState, State


@dataclass(frozen=True, slots=True)
class Clone(Directive):
    """The readers named read a stage of their own, which computes what `stage` computes and can be placed apart from it.

    The clone stands at root, in heap storage of its own, with the loops of the stage as they now stand.

    Args:
        readers: one stage that reads it, or several; the others keep reading the original.
        name: of the clone; ``<stage>_clone`` by default. Of a stage with several tensors, ``<name>_<tensor>`` each.

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n,)); P = td.compute("P", (n,), lambda i: A[i] + 1)
        >>> C = td.compute("C", (n,), lambda i: P[i] * 2); D = td.compute("D", (n,), lambda i: P[i] * 3)
        >>> s = td.schedule(C, D).clone(P, D, name="Q").compute_at("Q", D, "i").compute_at(P, C, "i")
        >>> s.stages()
        ('Q', 'P', 'C', 'D')

    Legal when: the clone's readers can read it; what stands inside loops of the original cannot be read from the clone.
    Errors: S102 S103 stages; S111 S113 name; S309 a stage that does not read it; S330 nobody else would read it;
        S201–S210 as for any stage.
    Source: Halide's `clone_in`; semantics P2.
    """

    primitive: ClassVar[str] = "clone"
    positional: ClassVar[tuple[str, ...]] = ("stage", "readers")

    stage: str
    readers: tuple[str, ...]
    name: str | None = None

    def arguments(self) -> tuple[tuple[object, ...], dict[str, object]]:
        """As usual; one reader without the tuple around it."""
        given, named = Directive.arguments(self)
        return ((self.stage, self.readers[0]) if len(self.readers) == 1 else given), named

    def apply(self, state: State) -> State:
        """The state with the clone right before the stage."""
        entry = arguments.stage_named(self, state, self.stage)
        chosen = self._readers(state, entry)
        name = arguments.fresh_stage(self, state, f"{entry.name}_clone" if self.name is None else self.name)
        stage = copied(entry.stage, name)
        for tensor in stage.tensor_names:
            arguments.fresh_stage(self, state, tensor)
        made = replace(
            fresh_state(stage, entry.dims),
            loops=entry.loops, relations=entry.relations, retired=entry.retired, tails=entry.tails, cuts=entry.cuts,
            atomic=entry.atomic,
            origin="clone",
        )  # fmt: skip
        changed = [
            replace(reader, stage=redirected(reader.stage, entry.stage.tensors, stage.tensors))
            for reader in chosen
        ]
        return state.with_stages(*changed).inserted(made, before=entry.name)

    def _readers(self, state: State, entry: StageState) -> list[StageState]:
        reading = readers(state, entry)
        names = [reader.name for reader in reading if reader.name != entry.name]
        if not self.readers:
            known = (f"readers of {entry.name}: {', '.join(names)}",) if names else ()
            raise self.refusal(PlacementError, "S309", "clone names no reader", why=known)
        asked = [arguments.stage_named(self, state, reader).name for reader in self.readers]
        for name in asked:
            if name not in names:
                raise self.refusal(
                    PlacementError,
                    "S309",
                    f"{name} does not read {entry.name}",
                    why=(f"readers of {entry.name}: {', '.join(names)}",) if names else (),
                )
        if set(asked) >= set(names) and not is_output(state, entry):
            raise self.refusal(
                PlacementError,
                "S330",
                f"nobody but {', '.join(dict.fromkeys(asked))} reads {entry.name}: a clone would leave it unread",
                hint=(f"{entry.name} itself is there for them alone",),
            )
        return [reader for reader in reading if reader.name in asked]
