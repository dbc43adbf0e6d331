"""From output tensors to everything they need: stages, inputs, params, sizes and facts, each once, in a fixed order.

In: the tensors a schedule is asked for. Out: a frozen `Declarations`. Stages stand in order of declaration, which is a
topological order, since a stage can only read what was declared before it; arguments in order of creation (C1).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tdsl.declare.size import gather_sizes
from tdsl.expr.node import Node
from tdsl.expr.rewrite import reads
from tdsl.expr.tensor import Param, Size, Stage, Tensor, tensors_of
from tdsl.location import Location, here
from tdsl.records import dataclass


@dataclass(frozen=True, slots=True)
class Declarations:
    """What a kernel computes.

    outputs: in the order asked for. stages: in order of declaration. inputs: arrays that some stage reads or that are
    outputs themselves. params: scalars that occur. sizes: facts of every size. facts: conditions to check at the call.
    """

    outputs: tuple[Tensor, ...]
    stages: tuple[Stage, ...]
    inputs: tuple[Tensor, ...]
    params: tuple[Param, ...]
    sizes: tuple[Size, ...]
    facts: tuple[Node, ...]

    @property
    def arguments(self) -> tuple[Tensor | Param, ...]:
        """Inputs and params in order of creation: the order of a call's arguments (semantics C1)."""
        return tuple(sorted((*self.inputs, *self.params), key=lambda argument: argument.number))

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Inputs, then what the stages compute."""
        return (*self.inputs, *(tensor for stage in self.stages for tensor in tensors_of(stage)))

    def readers(self, tensor: Tensor) -> tuple[Stage, ...]:
        """The stages that read a tensor, in order of declaration."""
        return tuple(stage for stage in self.stages if any(one is tensor for one in tensors_read(stage)))


def tensors_read(stage: Stage) -> tuple[Tensor, ...]:
    """The tensors that a stage reads and does not compute itself, each once, in order of first use."""
    bounds = (bound for axis in (*stage.axes, *stage.reduce_axes) for bound in (axis.lower, axis.upper))
    every = (*stage.body, *stage.at, *stage.domain, *stage.fill, *bounds)
    found = dict.fromkeys(read.tensor for read in reads(*every))
    if stage.base is not None:
        found.setdefault(stage.base)
    return tuple(tensor for tensor in found if tensor not in stage.own)


def collect(outputs: Sequence[Tensor], where: Location | None = None) -> Declarations:
    """Everything that the outputs need.

    Errors: E110 a size that two stages know different facts of.
    """
    stages: dict[Stage, None] = {}
    inputs: dict[Tensor, None] = {}
    stack = list(reversed(outputs))
    while stack:
        tensor = stack.pop()
        if tensor.producer is None:
            inputs[tensor] = None
        elif tensor.producer not in stages:
            stages[tensor.producer] = None
            stack += reversed(tensors_read(tensor.producer))
    ordered = tuple(sorted(stages, key=lambda stage: stage.number))
    arrays = tuple(sorted(inputs, key=lambda tensor: tensor.number))
    made = [tensor for stage in ordered for tensor in tensors_of(stage)[:1]]
    return Declarations(
        outputs=tuple(outputs),
        stages=ordered,
        inputs=arrays,
        params=_by_number(param for stage in ordered for param in stage.params),
        sizes=gather_sizes((), (*arrays, *made), (), here() if where is None else where),
        facts=tuple(dict.fromkeys(fact for stage in ordered for fact in stage.facts)),
    )


def _by_number(params: Iterable[Param]) -> tuple[Param, ...]:
    return tuple(sorted(dict.fromkeys(params), key=lambda param: param.number))
