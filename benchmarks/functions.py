"""Functions of 10^6 contiguous numbers beside NumPy's and PyTorch's: threads in; rows with nanoseconds an element out.

The target for exp, tanh and erf is at least 1.0 of either peer, one thread. Arguments: a normal distribution, positive
for the logarithms; sin also of angles of which 1 in 1000 is beyond its short reduction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from benchmarks import peers, record
from benchmarks.functions_exhaustive import kernel
from benchmarks.timing import interleaved

NAMES = ("exp", "tanh", "erf", "exp2", "expm1", "log", "log2", "log1p", "sigmoid", "sin", "cos", "tan")
LANES = {"float32": 16, "float64": 8}


def measure(threads: int, quick: bool) -> Iterator[record.Line]:
    """Every function in float32 and float64; one thread only."""
    count = 10_000 if quick else 1_000_000
    for dtype in ("float32", "float64"):
        for name in NAMES[: 2 if quick else None]:
            x = np.random.default_rng(0).standard_normal(count).astype(dtype)
            yield from _rows(name, f"{name} {dtype}", np.abs(x) if name.startswith("log") else x, quick)
    angles = np.random.default_rng(0).standard_normal(count).astype("float32")
    angles[::1000] *= np.float32(1e8)
    yield from _rows("sin", "sin float32, 1 in 1000 huge", angles, quick)


def _rows(name: str, case: str, x: np.ndarray, quick: bool) -> Iterator[record.Line]:
    out = np.empty_like(x)
    ours = f"tdsl, {LANES[str(x.dtype)]} lanes"
    calls: dict[str, Callable[[], object]] = {
        ours: partial(kernel(name, str(x.dtype), LANES[str(x.dtype)]), x, out=out)
    }
    if hasattr(np, name):
        calls[peers.version("numpy")] = partial(getattr(np, name), x, out=out)
    torch = peers.find("torch")
    if torch is not None:
        torch.set_num_threads(1)
        source = torch.from_numpy(x)
        calls[f"PyTorch {torch.__version__}"] = partial(
            getattr(torch, name), source, out=torch.empty_like(source)
        )
    taken = interleaved(
        calls, 3 if quick else 101, 0.001
    )  # short rounds: one that nothing disturbed is among them
    for who, seconds in taken.items():
        line = record.row("functions", case, who, seconds=seconds, work=float(x.size), threads=1)
        for key in ("min_s", "median_s"):
            line[key.replace("_s", "_ns_an_element")] = round(1e9 * float(str(line[key])) / x.size, 4)
        yield line | ({} if who == ours else {"peer": True, "note": peers.pinned()})
    if torch is None:
        yield record.missing(
            "functions",
            case,
            "PyTorch",
            "torch is not installed; no extra brings its gigabytes: pip install torch",
        )
