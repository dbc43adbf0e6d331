"""What is fuzzed: tensors and the schedule to start from, with runs of the declaration that every schedule must match.

In: a schedule. Out: a `Subject`, and `Sample`s: arrays at drawn sizes with what the interpreter of expressions makes of
them, which defines the meaning and knows no loops. Ragged sizes, empty ones and one among them; a sample that takes it
too long is left out.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import numpy as np

import tdsl as td
from tdsl.expr.interpreter import evaluate
from tdsl.fuzzing.arrays import Array, Mode, draw_array, is_array
from tdsl.fuzzing.failure import Failure
from tdsl.fuzzing.isolate import isolated

EXTENTS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 17, 20, 33)
"""Values of sizes: below, at and beyond the widths of vectors and tiles."""
TRIED = 60
"""How often sizes are drawn for one sample before no sizes are said to keep the facts."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of the declaration.

    Fields:
        sizes: name to value.
        mode: how the arrays were drawn.
        seed: what they were drawn from.
        inputs: arrays and scalars in the order of the call.
        wanted: the outputs.
    """

    sizes: dict[str, int]
    mode: Mode
    seed: int
    inputs: tuple[object, ...]
    wanted: tuple[Array, ...]

    def label(self) -> str:
        """How failures name it."""
        return f"sizes {self.sizes}, {self.mode} numbers of seed {self.seed}: "


@dataclass(frozen=True, slots=True)
class Subject:
    """Tensors, the schedule to start from, and what a call of them takes.

    Fields:
        start: the schedule given; its directives come first in every schedule drawn.
        plain: a kernel of the declaration, for its interface.
    """

    start: td.Schedule
    plain: td.Kernel = field(compare=False)

    @staticmethod
    def of(start: td.Schedule) -> Subject:
        """The subject of a schedule. Errors: whatever a build of the plain declaration says."""
        return Subject(start, td.build(td.schedule(*start.outputs), target="interpret"))

    def names(self) -> dict[str, object]:
        """What the text of a directive may name: td and the sizes."""
        sizes = {
            one.name: td.size(one.name, min=one.minimum, multiple_of=one.multiple_of)
            for one in self.plain.interface.sizes
        }
        return {"td": td, **sizes}

    def sizes(self, dice: random.Random) -> dict[str, int] | None:
        """Sizes that keep the facts; None where none were found."""
        extents = EXTENTS
        for _ in range(TRIED):
            drawn: dict[str, int] = {}
            for size in self.plain.interface.sizes:
                value = max(dice.choice(extents), size.minimum)
                drawn[size.name] = -(-value // size.multiple_of) * size.multiple_of
            if self._possible(drawn):
                return drawn
        return None

    def _possible(self, sizes: Mapping[str, int]) -> bool:
        """Whether the facts about sizes hold and no extent is negative."""
        plain = self.plain.interface
        facts = [fact for fact in plain.facts if set(fact.names) <= set(sizes)]
        extents = [
            extent for array in (*plain.inputs, *plain.outputs) for extent in getattr(array, "extents", ())
        ]
        return all(fact.value(sizes) for fact in facts) and all(
            extent.value(sizes) >= 0 for extent in extents
        )

    def inputs(self, sizes: Mapping[str, int], seed: int, mode: Mode) -> tuple[object, ...]:
        """Arguments of a call."""
        generator = np.random.default_rng(seed)
        given: list[object] = []
        for one in self.plain.interface.inputs:
            extents = getattr(one, "extents", None)
            shape = (1,) if extents is None else tuple(extent.value(sizes) for extent in extents)
            array = draw_array(generator, one.dtype, shape, mode)
            if one.value_range is not None:
                low, high = (bound.value(sizes) for bound in one.value_range)
                array = np.asarray(generator.integers(low, max(low + 1, high), shape), array.dtype)
            given.append(array[0].item() if extents is None else array)
        return tuple(given)

    def sample(self, sizes: Mapping[str, int], seed: int, mode: Mode) -> Sample:
        """The declaration run on drawn arrays."""
        inputs = self.inputs(sizes, seed, mode)
        named = dict(zip((one.name for one in self.plain.interface.inputs), inputs, strict=True))
        arrays = {name: value.copy() for name, value in named.items() if is_array(value)}
        params = {name: value for name, value in named.items() if not is_array(value)}
        with np.errstate(all="ignore"):
            found = evaluate(self.start.outputs, arrays, sizes, params, has_fma=self.start.target.has_fma)
        wanted = tuple(np.array(found[tensor.name]) for tensor in self.start.outputs)
        return Sample(dict(sizes), mode, seed, inputs, wanted)

    def samples(self, dice: random.Random, count: int, seconds: float) -> tuple[list[Sample], Failure | None]:
        """Up to `count` samples, and why the last one that gave none did: each may take the interpreter `seconds`."""
        found: list[Sample] = []
        last: Failure | None = None
        for number in range(3 * count):
            sizes = self.sizes(dice)
            if sizes is None:
                return found, Failure("no sizes", f"{TRIED} draws gave no sizes that keep the facts")
            mode: Mode = ("whole", "wild", "mild")[number % 3]
            seed = dice.randrange(1 << 30)
            made = isolated(partial(self.sample, sizes, seed, mode), seconds)
            if isinstance(made, Failure):
                last = made
            else:
                found.append(made)
            if len(found) >= count:
                break
        return found, last


def outputs_of(got: object) -> tuple[Array, ...]:
    """What a call returned, as a tuple."""
    several = cast(tuple[object, ...], got) if isinstance(got, tuple) else (got,)
    return tuple(np.asarray(one) for one in several)
