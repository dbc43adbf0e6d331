"""`cache_read`: a copy between a tensor and its readers; names in, the state with a copy stage at root out."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import ClassVar

from tdsl.declare.names import shown
from tdsl.errors import PlacementError, UnknownStageError
from tdsl.expr.tensor import Tensor
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.derive import copy_of, fresh_state, plain_dims, redirected
from tdsl.schedule.dimensions_apart import dimensions_apart
from tdsl.schedule.directive import Directive
from tdsl.schedule.placement import inputs_of
from tdsl.schedule.state import StageState, State


@dataclass(frozen=True, slots=True)
class CacheRead(Directive):
    """Adds a stage at root that copies `tensor`; the readers named read the copy, their earlier directives stand.

    The copy's dims are named by the axes that index it in its readers (``A[i, k]`` gives ``i, k``), else ``d0, d1, …``.
    A dimension that is read as ``A[i * w + j]`` is several of the copy, ``i, j``.

    Args:
        tensor: an input or a computed tensor.
        readers: the stages that shall read the copy; all of them where none is named.
        name: of the copy; ``<tensor>_<scope>`` by default.
        scope: where it lives: "heap", "stack" or "register" (see `scope`).

    Rewrite:
        >>> import tdsl as td
        >>> n = td.size("n"); A = td.placeholder("A", (n,)); C = td.compute("C", (n,), lambda i: A[i] + 1)
        >>> s = td.schedule(C).cache_read(A, C, name="Ac"); s.stages(), s.dims("Ac")
        (('Ac', 'C'), ('i',))

    Legal when: always at root; where it is placed later, by the rules of `compute_at`.
    Errors: S102 S103 reader; S110 scope; S111 S113 name; S127 no such tensor; S309 a stage that does not read it.
    Source: TVM's `cache_read`; Halide's `in`; semantics P10.
    """

    primitive: ClassVar[str] = "cache_read"
    positional: ClassVar[tuple[str, ...]] = ("tensor", "readers")

    tensor: str
    readers: tuple[str, ...] | None = None
    name: str | None = None
    scope: str = "heap"

    def arguments(self) -> tuple[tuple[object, ...], dict[str, object]]:
        """As usual; one reader without the tuple around it."""
        given, named = Directive.arguments(self)
        if self.readers is not None and len(self.readers) == 1:
            given = (self.tensor, self.readers[0])
        return given, named

    def stages(self) -> tuple[str, ...]:
        """The copy."""
        return (self.copy,)

    @property
    def copy(self) -> str:
        """The name of the copy."""
        return self.name if self.name is not None else f"{self.tensor}_{self.scope}"

    def apply(self, state: State) -> State:
        """The state with the copy before its first reader."""
        scope = arguments.choice(self, "scope", self.scope, arguments.SCOPES)
        tensor, reading = self._tensor(state)
        chosen = self._readers(state, reading)
        name = arguments.fresh_stage(self, state, self.copy)
        apart = dimensions_apart(state, tensor, chosen)
        dims = plain_dims([entry.stage for entry in chosen], tensor, apart.subscripts)
        sizes = {size.name: size for entry in chosen for size in entry.stage.sizes}
        facts = dict.fromkeys(fact for entry in chosen for fact in entry.stage.facts)
        made = copy_of(tensor, name, dims, tuple(sizes.values()), tuple(facts), apart.views)
        copy = fresh_state(made, dims)
        changed = [
            replace(
                entry,
                stage=redirected(
                    entry.stage, (tensor,), copy.stage.tensors, partial(apart.subscripts, entry.stage)
                ),
            )
            for entry in chosen
        ]
        state = state.with_stages(*changed)
        return state.inserted(replace(copy, scope=scope, origin="cache_read"), before=chosen[0].name)

    def _tensor(self, state: State) -> tuple[Tensor, list[StageState]]:
        """The tensor of that name, and all that read it."""
        found: Tensor | None = None
        reading: list[StageState] = []
        names: dict[str, None] = {}
        for entry in state.live():
            for tensor in inputs_of(entry.stage):
                names[tensor.name] = None
                if tensor.name == self.tensor:
                    found = tensor
                    reading.append(entry)
        if found is None:
            exists = state.find(self.tensor) is not None
            raise self.refusal(
                UnknownStageError,
                "S127",
                f"nothing reads {self.tensor}"
                if exists
                else f"this schedule has no tensor {shown(self.tensor)}",
                why=(f"tensors that are read: {', '.join(names)}",),
            )
        return found, reading

    def _readers(self, state: State, reading: list[StageState]) -> list[StageState]:
        if self.readers is None:
            return reading
        if not self.readers:
            known = ", ".join(entry.name for entry in reading)
            raise self.refusal(
                PlacementError,
                "S309",
                "cache_read names no reader",
                why=(f"readers of {self.tensor}: {known}",),
            )
        asked = [arguments.stage_named(self, state, reader).name for reader in self.readers]
        for name in asked:
            if all(entry.name != name for entry in reading):
                raise self.refusal(
                    PlacementError,
                    "S309",
                    f"{name} does not read {self.tensor}",
                    why=(f"readers of {self.tensor}: {', '.join(entry.name for entry in reading)}",),
                )
        return [entry for entry in reading if entry.name in asked]
