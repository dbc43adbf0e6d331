"""`error.witness.replay()`: a refused schedule run at the smallest sizes, beside the program as declared.

In: a witness and the state it was found on. Out: a `Replay`. The declared order is run by the interpreter that defines
meaning (expr/interpreter.py); the refused one copy by copy on the cells of its own storage (run.py), in an order that
its parallel loops allow and that shows the collision (order.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from tdsl.errors import ArgumentError, Replay, Witness
from tdsl.expr.interpreter import evaluate
from tdsl.expr.narrow_floats import held, kept
from tdsl.expr.node import Node
from tdsl.expr.rewrite import variables
from tdsl.expr.scalar_ops import Array
from tdsl.expr.tensor import Tensor
from tdsl.location import here, hide_internal_frames
from tdsl.poly import answers
from tdsl.poly.evaluate import value_at
from tdsl.poly.listing import Copy, Listing, Together, TooMany
from tdsl.poly.looptree import Misplaced
from tdsl.report.order import found_copy, steps_of
from tdsl.report.run import CellRun, Step
from tdsl.schedule.legality import Case, arranged_of
from tdsl.schedule.placement import inputs_of
from tdsl.schedule.state import State

LIMIT = 50_000
"""Copies of statements that are run one by one: about three seconds."""

FILLS = 4
"""Sets of input values tried until some element differs."""

TOLERANCE = 1e-5
"""Relative: a legal reassociation of the same schedule is no difference (sums of small whole numbers are exact)."""


VERBS: dict[answers.DependenceKind, tuple[str, str]] = {
    "flow": ("writes", "reads"), "anti": ("reads", "writes"), "output": ("writes", "writes"),
}  # fmt: skip
"""What the first and the second iteration of a witness do."""


@hide_internal_frames
def replay(witness: Witness) -> Replay:
    """What `witness.replay()` gives.

    Errors: G113 a witness that was made by hand.
    """
    case = witness.case
    if not isinstance(case, Case):
        raise ArgumentError(
            "G113",
            "this witness belongs to no refused schedule",
            where=here(),
            hint=["error.witness.replay(), where error is a td.IllegalSchedule"],
        )
    return _Replaying(case.state, case.found).result()


@dataclass(slots=True)
class _Replaying:
    """One refused state at the sizes of its witness."""

    state: State
    found: answers.Refuted
    listing: Listing = field(init=False)
    witness: answers.Witness = field(init=False)
    point: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        assert self.found.witness is not None
        self.witness = self.found.witness
        self.listing = Listing(arranged_of(self.state))
        named = {size.name: size for entry in self.state.live() for size in entry.stage.sizes}
        least = {
            name: -(-size.minimum // size.multiple_of) * size.multiple_of for name, size in named.items()
        }
        self.point = least | dict(self.witness.sizes) | self.listing.point(self.witness)

    def result(self) -> Replay:
        """Values where they can be compared, and the order of the two accesses in any case."""
        sizes = cast("dict[str, object]", self._sizes())
        try:
            copies = self.listing.all(self.point, LIMIT)
        except TooMany:
            note = f"more than {LIMIT} iterations at these sizes: values are not compared"
            return Replay(sizes, {}, self._declared(), self._without_numbers(), note=note)
        except Misplaced:
            note = "a stage would stand where none of its readers does: this order cannot be run"
            return Replay(sizes, {}, self._declared(), self._unseen(), note=note)
        together = self._together()
        steps = steps_of(copies, self.witness, together)
        scheduled = self._scheduled(copies, steps)
        shown: Replay | None = None
        for fill in range(FILLS if len(steps) <= LIMIT // FILLS else 1):
            inputs, params = self._inputs(fill), self._params(fill)
            run = CellRun(
                (entry.stage for entry in self.state.live()), self.listing, inputs, self.point, params
            )
            with np.errstate(all="ignore"):
                run.steps(steps)
                difference = self._difference(run, inputs, params, steps)
            element, expected, got = difference or (None, None, None)
            shown = Replay(
                sizes | {name: value for name, value in params.items() if name not in sizes},
                dict(inputs), self._declared(), scheduled, element, expected, got,
            )  # fmt: skip
            if shown.differs:
                return shown
        assert shown is not None
        return shown

    def _sizes(self) -> dict[str, int]:
        named = [size.name for entry in self.state.live() for size in entry.stage.sizes]
        named += [param.name for entry in self.state.live() for param in entry.stage.params]
        return {name: self.point[name] for name in dict.fromkeys(named) if name in self.point}

    # the two accesses

    def _declared(self) -> tuple[str, ...]:
        """In the order in which the declaration has them; of an overwritten value, who made it first."""
        kind = self.witness.kind
        first, second = self.witness.iterations
        if self.found.kind == "clobber" and self.witness.lost is not None:
            return (
                f"{at(self.witness.lost)} writes {self._element()}, {at(first)} reads it",
                f"{at(second)} writes an element of its own",
            )
        verbs = VERBS[kind]
        again = " again" if kind == "output" else ""
        return f"{at(first)} {verbs[0]} {self._element()}", f"{at(second)} {verbs[1]} it{again}"

    def _together(self) -> Together | None:
        """The loops whose iterations race; lanes run in lockstep and race with nobody."""
        return None if self.found.kind == "vector" else self.listing.together(self.found)

    def _without_numbers(self) -> tuple[str, ...]:
        """The accesses in the refused order, from their loops alone."""
        lines: list[tuple[tuple[int, ...], str]] = []
        for iteration, done in self._accesses():
            axes, loops = (tuple(value for _, value in each) for each in (iteration.axes, iteration.loops))
            if len(loops) != len(self.listing.copies.dims(iteration.statement)):
                lines.append(((), f"{at(iteration)} does not run where that reader sees it"))
                continue
            lines.append(
                (self.listing.copy(iteration.statement, axes, loops).time, f"{at(iteration)} {done}")
            )
        if self._together() is not None:
            return tuple(f"{line}, in any order" for _, line in lines)
        return tuple(line for _, line in sorted(lines, key=lambda one: one[0]))

    def _unseen(self) -> tuple[str, ...]:
        """The accesses where a stage stands at no place of its own: nothing is made where its reader sees it."""
        lines = [
            (True, f"{at(iteration)} {done}")
            if done.startswith("reads")
            else (False, f"{at(iteration)} does not run where that reader sees it")
            for iteration, done in self._accesses()
        ]
        return tuple(line for _, line in sorted(lines, key=lambda one: one[0]))

    def _scheduled(self, copies: Sequence[Copy], steps: Sequence[Step]) -> tuple[str, ...]:
        """The accesses with the places at which they run, in that order."""
        order = {
            step.copy: place for place, step in enumerate(steps)
        }  # of parts, the later one: when it writes
        parted = {step.copy for step in steps if step.part != "whole"}
        lines: list[tuple[int, bool, str]] = []
        for iteration, done in self._accesses():
            copy = found_copy(copies, iteration)
            writes = not done.startswith("reads")
            if copy is None:
                text = f"{at(iteration)} does not run where that reader sees it"
                lines.append((len(steps), writes, text))
                continue
            first, last = self._lanes(copy, order)
            early = (
                ": it read before the other wrote" if copy in parted and self.witness.kind == "output" else ""
            )
            when = f"{first + 1}" if first == last else f"{first + 1} to {last + 1}"
            lanes = "" if first == last else ", lanes that read before they write"
            text = f"{when} of {len(steps)}{lanes}: {at(iteration)} {done}{early}"
            lines.append((first, writes and first != last, text))
        return tuple(text for _, _, text in sorted(lines, key=lambda one: one[:2]))

    def _lanes(self, copy: Copy, order: Mapping[Copy, int]) -> tuple[int, int]:
        """The places of a copy and of the other lanes of its statement, which run at one time."""
        if (
            self.found.kind != "vector"
            or self.listing.copies.tree.statements[copy.statement].role == "update"
        ):
            return order[copy], order[copy]
        places = [
            place
            for other, place in order.items()
            if (other.statement, other.time) == (copy.statement, copy.time)
        ]
        return min(places), max(places)

    def _accesses(self) -> Iterator[tuple[answers.Iteration, str]]:
        """The iterations that collide, each with what it does."""
        first, second = self.witness.iterations
        element = self._element()
        if self.witness.lost is not None:
            yield self.witness.lost, f"writes {element}"
            yield second, f"overwrites the place of {element}"
            yield first, f"reads {element}"
            return
        verbs = VERBS[self.witness.kind]
        yield first, f"{verbs[0]} {element}"
        yield second, f"{verbs[1]} {element}"

    def _element(self) -> str:
        return named_element(self.witness.tensor, self.witness.element)

    # values

    def _inputs(self, fill: int) -> dict[str, Array]:
        tensors = {
            tensor.name: tensor
            for entry in self.state.live()
            for tensor in inputs_of(entry.stage)
            if tensor.producer is None
        }
        return {
            name: self._filled(tensor, place, fill) for place, (name, tensor) in enumerate(tensors.items())
        }

    def _filled(self, tensor: Tensor, place: int, fill: int) -> Array:
        """Small whole numbers, different next to each other; of subscripts, inside their range."""
        shape = tuple(self._value(extent) for extent in tensor.extents)
        count = int(np.prod(shape, dtype=np.int64))
        numbers = np.arange(count, dtype=np.int64) * (3, 5, 2, 7)[fill] + 2 * place + fill
        if tensor.value_range is not None:
            low, high = (self._value(bound) for bound in tensor.value_range)
            numbers = low + numbers % max(1, high - low)
        else:
            numbers = 1 + numbers % (11, 7, 5, 3)[fill]
        if tensor.dtype.name == "bool":
            numbers = numbers % 2
        return kept(numbers.reshape(shape).astype(held(tensor.dtype)), tensor.dtype)

    def _params(self, fill: int) -> dict[str, object]:
        params = dict.fromkeys(param for entry in self.state.live() for param in entry.stage.params)
        found: dict[str, object] = {}
        for place, param in enumerate(params):
            value = self.point.get(param.name, 2 + place + fill)
            if param.value_range is not None and param.name not in self.point:
                low, high = (self._value(bound) for bound in param.value_range)
                value = low + value % max(1, high - low)
            found[param.name] = value % 2 == 1 if param.dtype.name == "bool" else value
        return found

    def _value(self, node: Node) -> int:
        return value_at(node, {var: self.point.get(var.name, 0) for var in variables(node)})

    def _difference(
        self, run: CellRun, inputs: Mapping[str, Array], params: Mapping[str, object], steps: Sequence[Step]
    ) -> tuple[str, str, str] | None:
        """(element, declared value, scheduled value) of a result that differs; else of what some statement read."""
        tensors = {tensor.name: tensor for entry in self.state.live() for tensor in entry.stage.tensors}
        declared = evaluate(tuple(tensors.values()), inputs, self.point, params)
        for output in self.state.outputs:
            for element in np.ndindex(declared[output.name].shape):
                found = run.at_end(output, tuple(element))
                if not same(declared[output.name][element], found):
                    return _texts(output.name, tuple(element), declared[output.name][element], found)
        for name, element, value in self._read(run, tensors, steps):
            if not same(declared[name][element], value):
                return _texts(name, element, declared[name][element], value)
        return None

    def _read(
        self, run: CellRun, tensors: Mapping[str, Tensor], steps: Sequence[Step]
    ) -> Iterator[tuple[str, tuple[int, ...], Array | None]]:
        """What statements read of whole tensors that one statement makes, in the order in which they did."""
        ordered = set(self.listing.arranged.program.ordered)
        writers = self.listing.copies.tree.writers
        for (_, name, element), value in run.seen.items():
            if name in tensors and name not in ordered and writers[name][0].role in ("assign", "finish"):
                yield name, element, value


def same(expected: Array, found: Array | None) -> bool:
    """Whether a value is the declared one, but for rounding."""
    if found is None:
        return False
    if expected.dtype.kind != "f":
        return bool(expected == found)
    return bool(np.isclose(found, expected, rtol=TOLERANCE, atol=0.0, equal_nan=True))


def at(iteration: answers.Iteration) -> str:
    """``C at i=0, j=1``."""
    axes = ", ".join(f"{name}={value}" for name, value in iteration.axes)
    return f"{iteration.stage} at {axes}" if axes else iteration.stage


def named_element(tensor: str, element: tuple[int, ...] | None) -> str:
    """``C[0, 1]``."""
    return tensor if element is None else f"{tensor}[{', '.join(map(str, element))}]"


def _texts(name: str, element: tuple[int, ...], expected: Array, found: Array | None) -> tuple[str, str, str]:
    got = "not made before it is read" if found is None else str(found)
    return named_element(name, element), str(expected), got
