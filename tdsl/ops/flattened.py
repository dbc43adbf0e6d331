"""Calls element by element whose rows are short, as calls with vectors: a call in; one with one axis, and its kernel, out.

Where all arrays have one shape and lie contiguously, element by element means the same for their elements in a row, and a
row of 5 does not end a vector of lanes. No result depends on it: each element is computed by the same operations.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Protocol, cast

import numpy as np

import tdsl as td
from tdsl.ops.arguments import Call, Operand

SHORT_ROW = 64
"""Elements of a row up to which lanes are lost at its end: rows of 32 took 1.1 times as long, rows of 5 five times (Zen 4)."""
MANY = 4096
"""Elements from which it pays: taking two views and one of the result costs a microsecond."""


class Reshapes(Protocol):
    """What is asked of an array."""

    def reshape(self, *shape: object) -> object:
        """A view of other extents."""
        ...


def as_vectors(call: Call) -> Call | None:
    """The call with each array as a vector; None where its rows are long, or shapes differ."""
    shapes = set(call.shapes)
    if len(shapes) != 1 or any(isinstance(value, tuple) for value in call.arguments.values()):
        return None
    (shape,) = shapes
    count = prod(shape)
    if len(shape) < 2 or shape[-1] > SHORT_ROW or count < MANY:
        return None
    flat = {
        each.name: Operand(each.name, each.dtype, (count,))
        for each in call.operands
        if isinstance(each, Operand)
    }
    arguments = {
        name: flat[value.name] if isinstance(value, Operand) else value
        for name, value in call.arguments.items()
    }
    operands = [flat[each.name] if isinstance(each, Operand) else each for each in call.operands]
    return Call(call.name, arguments, call.values, operands, {count: f"{next(iter(flat))}_0"})


class Flattened:
    """Runs a kernel for vectors on arrays of one shape; another kernel on those that do not lie contiguously."""

    __slots__ = ("general", "kernel", "places", "shape")

    def __init__(self, kernel: td.Kernel, call: Call, general: Callable[[], td.Kernel]) -> None:
        self.kernel = kernel
        self.general = general
        self.shape = call.shapes[0]
        self.places = tuple(at for at, each in enumerate(call.operands) if isinstance(each, Operand))

    def __call__(self, *values: object) -> object:
        """The result for the arrays, and numbers, of a call."""
        vectors = list(values)
        for at in self.places:
            if not _is_contiguous(vectors[at]):
                return self.general()(*values)
            vectors[at] = cast("Reshapes", vectors[at]).reshape(-1)
        return cast("Reshapes", self.kernel(*vectors)).reshape(self.shape)


def _is_contiguous(array: object) -> bool:
    """Whether an array is NumPy's own, or a PyTorch tensor, whose elements lie in a row."""
    if type(array) is np.ndarray:
        return array.flags.c_contiguous
    ask = cast("Callable[[], bool] | None", getattr(array, "is_contiguous", None))
    return ask is not None and ask()
