"""Functions of 10^6 contiguous numbers beside NumPy's and PyTorch's: threads in; rows with nanoseconds an element out.

The target for exp, tanh and erf is at least 1.0 of either peer, one thread. Arguments: a normal distribution, positive
for the logarithms and pow, from the domain of the inverse functions; sin also of angles of which 1 in 1000 is beyond
its short reduction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from benchmarks import peers, record
from benchmarks.functions_exhaustive import OF_TWO, kernel
from benchmarks.timing import interleaved

NAMES = (
    "exp", "tanh", "erf", "exp2", "expm1", "log", "log2", "log1p", "sigmoid", "sin", "cos", "tan", "sinh", "cosh",
    "asinh", "acosh", "atanh", "asin", "acos", "atan", "cbrt", "pow", "atan2", "hypot",
)  # fmt: skip

NUMPY = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "asinh": "arcsinh", "acosh": "arccosh",
    "atanh": "arctanh", "pow": "power",
}  # fmt: skip
"""Names that NumPy has otherwise."""

LANES = {"float32": 16, "float64": 8}


def measure(threads: int, quick: bool) -> Iterator[record.Line]:
    """Every function in float32 and float64; one thread only."""
    count = 10_000 if quick else 1_000_000
    for dtype in ("float32", "float64"):
        for name in NAMES[: 2 if quick else None]:
            yield from _rows(name, f"{name} {dtype}", _arguments(name, dtype, count), quick)
    angles = np.random.default_rng(0).standard_normal(count).astype("float32")
    angles[::1000] *= np.float32(1e8)
    yield from _rows("sin", "sin float32, 1 in 1000 huge", (angles,), quick)


def _arguments(name: str, dtype: str, count: int) -> tuple[np.ndarray, ...]:
    """Numbers from the domain of a function."""
    dice = np.random.default_rng(0)
    x = dice.standard_normal(count)
    if name.startswith("log") or name == "pow":
        x = np.abs(x)
    if name in ("asin", "acos", "atanh"):
        x = dice.uniform(-1, 1, count)
    if name == "acosh":
        x = 1 + np.abs(x)
    first = x.astype(dtype)
    return (first, dice.standard_normal(count).astype(dtype)) if name in OF_TWO else (first,)


def _rows(name: str, case: str, arrays: tuple[np.ndarray, ...], quick: bool) -> Iterator[record.Line]:
    x = arrays[0]
    out = np.empty_like(x)
    ours = f"tdsl, {LANES[str(x.dtype)]} lanes"
    calls: dict[str, Callable[[], object]] = {
        ours: partial(kernel(name, str(x.dtype), LANES[str(x.dtype)]), *arrays, out=out)
    }
    if hasattr(np, NUMPY.get(name, name)):
        calls[peers.version("numpy")] = partial(getattr(np, NUMPY.get(name, name)), *arrays, out=out)
    torch = peers.find("torch")
    if torch is not None and hasattr(torch, name):
        torch.set_num_threads(1)
        sources = [torch.from_numpy(each) for each in arrays]
        calls[f"PyTorch {torch.__version__}"] = partial(
            getattr(torch, name), *sources, out=torch.empty_like(sources[0])
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
