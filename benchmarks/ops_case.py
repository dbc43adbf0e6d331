"""What `benchmarks ops` measures: one operator, its shapes by letters, and what the peers call it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SMALL = {"n": 64, "r": 32, "c": 96, "b": 1, "i": 28}
MIDDLE = {"n": 256, "r": 512, "c": 512, "b": 2, "i": 56}
LARGE = {"n": 1024, "r": 4096, "c": 1024, "b": 8, "i": 56}
SIZES = {"small": SMALL, "middle": MIDDLE, "large": LARGE}
ROWS = ("r", "c")
SQUARE = ("n", "n")
IMAGES = ("b", 32, "i", "i")


@dataclass(frozen=True)
class Case:
    """One operator: shapes by the letters of `SIZES` (or numbers), attributes, and what the peers call it."""

    name: str
    shapes: tuple[tuple[str | int, ...], ...]
    keywords: dict[str, object] = field(default_factory=dict)
    before: tuple[object, ...] = ()
    """Attributes that stand before the arrays."""
    packed: bool = False
    """Whether the arrays are one argument, a tuple of them."""
    torch: Callable[..., object] | None = None
    onnx: tuple[str, dict[str, object]] | None = None
    numpy: bool = True
    below: dict[int, int] = field(default_factory=dict[int, int])
    """Arrays of indices, by position: int64, below what."""
    title: str = ""
    """What tells it from another case of the operator; its attributes where empty."""

    def arrays(self, sizes: dict[str, int]) -> list[np.ndarray]:
        """Arrays of its shapes, the same in every run: float32, positive for a batch norm, whose variances are."""
        rng = np.random.default_rng(0)
        shapes = [[sizes[each] if isinstance(each, str) else each for each in shape] for shape in self.shapes]
        made = [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]
        if self.name == "batch_norm":
            made = [np.abs(array) for array in made]
        return [
            rng.integers(0, self.below[at], array.shape) if at in self.below else array
            for at, array in enumerate(made)
        ]

    def arguments(self, arrays: list[np.ndarray]) -> tuple[object, ...]:
        """Positional arguments of the operator and of its reference."""
        return (*self.before, tuple(arrays)) if self.packed else (*self.before, *arrays)


def functional(name: str, **keywords: object) -> Callable[..., object]:
    """A function of torch.nn.functional with some arguments fixed."""

    def call(torch: Any, *tensors: Any) -> object:
        return getattr(torch.nn.functional, name)(*tensors, **keywords)

    return call


def plain(name: str, **keywords: object) -> Callable[..., object]:
    """A function of torch with some arguments fixed."""

    def call(torch: Any, *tensors: Any) -> object:
        return getattr(torch, name)(*tensors, **keywords)

    return call
