"""`sliding` of 02 beside Halide's strip-and-slide schedule with the same edge rule, 4096 x 4096 uint16.

The target is at least 0.95 of Halide's speed, one thread and two. GB/s counts each pixel read and written once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

import tdsl as td
from benchmarks import peers, programs, record
from benchmarks.timing import interleaved


def measure(threads: int, quick: bool) -> Iterator[record.Line]:
    """Medians of interleaved rounds; both results are compared with NumPy's."""
    n = 256 if quick else 4096
    image = np.random.default_rng(0).integers(0, 256, (n, n)).astype(np.uint16)
    want = numpy_blur(image)
    mine = np.empty_like(image)
    kernel = td.build(programs.sliding_blur())
    calls: dict[str, Callable[[], object]] = {"tdsl sliding": lambda: kernel(image, out=mine)}
    filled = {"tdsl sliding": mine}
    case = f"{n}x{n}"
    if peers.find("halide") is None:
        yield record.missing("blur", case, "Halide", peers.EXTRA)
    else:
        name = f"{peers.version('halide')} sliding"
        calls[name], filled[name] = peers.halide_blur(image)
    for who, seconds in interleaved(calls, rounds=3 if quick else 15, seconds=0.05).items():
        yield record.row(
            "blur", case, who, seconds=seconds, work=2.0 * image.nbytes, unit="B", threads=threads,
            peer=not who.startswith("tdsl"), right=bool(np.array_equal(filled[who], want)), note=peers.pinned(),
        )  # fmt: skip


def numpy_blur(image: np.ndarray) -> np.ndarray:
    """The same blur by slices, (h, w) uint16; values below 2^8 so that sums fit."""
    padded = np.pad(image, 1, mode="edge")
    across = (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) // np.uint16(3)
    return (across[:-2] + across[1:-1] + across[2:]) // np.uint16(3)
