"""What a kernel of the suite is: its sizes, its arrays, its program in tdsl; plain values out, nothing measured here.

Sizes are those of PolyBench 4.2.1's five data sets (the largest left out). The contents of the arrays are our own:
seeded random numbers, well conditioned for the solvers, so that a comparison to a tolerance means something.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

import tdsl as td

DATASETS = ("MINI", "SMALL", "MEDIUM", "LARGE")

Sizes = Mapping[str, int]
Arrays = dict[str, np.ndarray]
Program = Callable[..., tuple[td.Tensor, ...]]
Hand = Callable[[td.Schedule], td.Schedule]


@dataclass(frozen=True)
class Kernel:
    """One kernel.

    sizes: name -> extents in MINI, SMALL, MEDIUM, LARGE. fill: makes the arrays of a call by name, in the order in
    which loops in C and Python take them after the sizes. inputs: those that the tdsl program takes, in order. outputs:
    those that hold the results afterwards, in the order of the program's results. program: the sizes -> the tensors.
    loops: the definition as plain loops over arrays, in place; `benchmarks/polybench/kernels.c` has the same in C.
    steps: a size that no array has, which calls take as a keyword. time: (stage, dim) pairs whose dim is a clock: its
    array is folded to what is live, as the published loops keep it. hand: a schedule by hand, where one pays.
    work: floating-point (or integer) operations of a call, about.
    """

    name: str
    sizes: Mapping[str, tuple[int, int, int, int]]
    fill: Callable[..., Arrays]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    program: Program
    loops: Callable[..., None]
    work: Callable[..., float]
    steps: str | None = None
    time: tuple[tuple[str, str], ...] = ()
    hand: Hand | None = None
    tolerance: float = 1e-10

    @property
    def identifier(self) -> str:
        """The name as C and Python spell it."""
        return self.name.replace("-", "_").replace("2mm", "mm2").replace("3mm", "mm3")

    def extents(self, dataset: str) -> dict[str, int]:
        """The sizes of one data set."""
        place = DATASETS.index(dataset)
        return {name: values[place] for name, values in self.sizes.items()}

    def declared(self) -> tuple[td.Tensor, ...]:
        """The program for any sizes."""
        return self.program(*(td.size(name) for name in self.sizes))

    def schedule(self) -> td.Schedule:
        """The loops as declared; clocks keep what is live."""
        s = td.schedule(*self.declared())
        for stage, dim in self.time:
            depth = s.min_fold(stage, dim)
            if depth is None:
                raise ValueError(f"{dim} of {stage} has no legal fold")
            s = s.fold(stage, dim, depth)
        return s


def random(*shape: int, seed: int = 0, dtype: str = "float64") -> np.ndarray:
    """Numbers between 0.5 and 1.5: no cancellation to zero, no denormals."""
    return (np.random.default_rng(seed).random(shape) + 0.5).astype(dtype)


def dominant(n: int) -> np.ndarray:
    """A symmetric, diagonally dominant matrix (so positive definite)."""
    found = random(n, n, seed=7)
    return found + found.T + 2 * n * np.eye(n)
