"""Sizes that no vector divides: `split 16 + vectorize` of an elementwise loop beside Numba's and TVM's loops.

The target is at most 1.15 of Numba's time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

import tdsl as td
from benchmarks import peers, programs, record
from benchmarks.timing import interleaved


def measure(threads: int, quick: bool) -> Iterator[record.Line]:
    """1000 x 1000 and 1023 x 1025 float32, `z = 3 x + y`; GB/s counts two reads and one write."""
    kernels = {
        "tdsl split 16": td.build(programs.scale_add(True)),
        "tdsl as declared": td.build(programs.scale_add(False)),
    }
    for n, m in ((100, 101),) if quick else ((1000, 1000), (1023, 1025)):
        case = f"{n}x{m}"
        rng = np.random.default_rng(0)
        x, y = (rng.standard_normal((n, m), dtype=np.float32) for _ in range(2))
        # fma rounds once, Numba's product and sum twice: both lie within one unit in the last place of the terms
        bound = np.finfo(np.float32).eps * (3 * np.abs(x) + np.abs(y))
        want = 3.0 * x.astype(np.float64) + y
        filled = {name: np.empty_like(x) for name in kernels}
        calls: dict[str, Callable[[], object]] = {
            name: partial(kernel, x, y, out=filled[name]) for name, kernel in kernels.items()
        }
        if peers.find("numba") is None:
            yield record.missing("ragged", case, "Numba", peers.EXTRA)
        else:
            loop, name = peers.numba_scale_add(), peers.version("numba")
            filled[name] = np.empty_like(x)
            calls[name] = partial(loop, x, y, filled[name])
        if peers.find("tvm") is None:
            yield record.missing("ragged", case, "TVM", peers.EXTRA)
        else:
            name = f"{peers.version('apache-tvm')} split 16"
            calls[name], filled[name] = peers.tvm_scale_add(x, y)
        for who, seconds in interleaved(calls, rounds=3 if quick else 15).items():
            yield record.row(
                "ragged", case, who, seconds=seconds, work=3.0 * x.nbytes, unit="B", threads=threads,
                peer=not who.startswith("tdsl"), right=bool(np.all(np.abs(filled[who] - want) <= bound)),
            )  # fmt: skip
