"""The accuracy of the float32 functions on all 2^32 arguments: names of functions in, one line of JSON each out.

``nice python -m benchmarks.functions_exhaustive exp tanh`` runs a compiled vector kernel over every bit pattern and
compares with float64: NumPy's functions and `math.erf`, which are right to a few units of the 53rd bit, that is to
0.00001 of float32's last place. Errors are in units of the last place of the exact result (of subnormals, 2^-149); an
infinity counts as 2^128. NaN, and the sign of zeros and of everything else, must agree everywhere. Odd functions are
compared for positive arguments and must give the same bits but for the sign for negative ones. A few minutes each.
Functions of two arguments are sampled: pairs of any bits, of like sizes, and such that the results are finite.

The lines kept are in benchmarks/results/functions-exhaustive.jsonl.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import tdsl as td
from benchmarks.record import Line, dumps, machine, row

RESULTS = Path(__file__).parent / "results" / "functions-exhaustive.jsonl"

CHUNK = 1 << 20

_erf = np.frompyfunc(math.erf, 1, 1)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    w = np.exp(-np.abs(x))
    return np.where(x < 0, w, np.where(np.isnan(x), x, 1.0)) / (1.0 + w)


REFERENCES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "exp": np.exp, "exp2": np.exp2, "expm1": np.expm1, "log": np.log, "log2": np.log2, "log10": np.log10,
    "log1p": np.log1p, "tanh": np.tanh, "sigmoid": _sigmoid, "erf": lambda x: _erf(x).astype(np.float64),
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "sinh": np.sinh, "cosh": np.cosh, "asinh": np.arcsinh,
    "acosh": np.arccosh, "atanh": np.arctanh, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "cbrt": np.cbrt,
}  # fmt: skip
"""The same in float64."""

ODD = ("tanh", "erf", "sin", "tan", "sinh", "asinh", "atanh", "asin", "atan", "cbrt")

OF_TWO: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "pow": np.power, "atan2": np.arctan2, "hypot": np.hypot,
}  # fmt: skip
"""Functions of two arguments, which are sampled."""

SAMPLES = 1 << 26


def kernel(name: str, dtype: str = "float32", lanes: int = 16) -> Callable[..., np.ndarray]:
    """The function over an array, or two, in vectors."""
    n = td.size("n")
    inputs = [td.placeholder(letter, (n,), dtype) for letter in ("xz" if name in OF_TWO else "x")]
    y = td.compute("y", (n,), lambda i: getattr(td, name)(*(each[i] for each in inputs)))
    return td.build(td.schedule(y).vectorize(y, "i", lanes))


def last_place(exact: np.ndarray, dtype: str = "float32") -> np.ndarray:
    """The unit of the last place of float64 numbers in a narrower format."""
    fraction, least = {"float32": (23, -126), "float16": (10, -14)}[dtype]
    exponent = (np.abs(exact).view(np.int64) >> 52) - 1023
    return np.ldexp(1.0, np.clip(exponent, least, 127) - fraction)


def compare(got: np.ndarray, exact: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(errors in last places, where NaN or sign is wrong)."""
    wide, top = got.astype(np.float64), 2.0**128
    nan = np.isnan(wide)
    wrong = (nan != np.isnan(exact)) | (~nan & (np.signbit(wide) != np.signbit(exact)))
    error = np.abs(np.clip(wide, -top, top) - np.clip(exact, -top, top)) / last_place(exact)
    return np.where(nan | np.isnan(exact), 0.0, error), wrong


def exhaust(name: str) -> Line:
    """One function on every float32."""
    call, reference = kernel(name), REFERENCES[name]
    worst, at, wrong, exactly = 0.0, 0, 0, 0
    start = time.perf_counter()
    total = 1 << (31 if name in ODD else 32)
    for first in range(0, total, CHUNK):
        patterns = np.arange(first, first + CHUNK, dtype=np.int64).astype(np.uint32)
        x = patterns.view(np.float32)
        got = np.empty_like(x)
        call(x, out=got)
        exact = reference(x.astype(np.float64))
        error, bad = compare(got, exact)
        wrong += int(bad.sum())
        exactly += int((got == exact.astype(np.float32)).sum() + (np.isnan(got) & np.isnan(exact)).sum())
        place = int(np.argmax(error))
        if error[place] > worst:
            worst, at = float(error[place]), int(patterns[place])
        if name in ODD:
            mirrored = np.empty_like(x)
            call(-x, out=mirrored)
            wrong += int((~np.isnan(got) & (mirrored.view(np.uint32) != (-got).view(np.uint32))).sum())
    where = float(np.uint32(at).view(np.float32))
    return row(
        "accuracy", f"{name} float32, every argument", "tdsl", ulp=round(worst, 4), argument=where, bits=f"{at:08x}",
        wrong=wrong, correctly_rounded=round(exactly / total, 6), arguments=1 << 32,
        reference="math.erf" if name == "erf" else "NumPy float64", took_s=round(time.perf_counter() - start),
    )  # fmt: skip


def pairs(name: str, dice: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Arguments of a function of two: a third of any bits, a third of like sizes, a third where results are finite."""
    count = CHUNK // 3
    bits = [dice.integers(0, 1 << 32, count, dtype=np.uint64).astype(np.uint32) for _ in range(2)]
    any_bits = [each.view(np.float32) for each in bits]
    alike = dice.normal(size=(2, count)).astype(np.float32)
    first = np.exp2(dice.uniform(-149, 127, count)).astype(np.float32)
    if name == "pow":
        second = dice.uniform(-150, 129, count) / np.log2(first.astype(np.float64))
    else:
        second = first * np.exp2(dice.uniform(-26, 26, count))
        first, second = (each * dice.choice([-1.0, 1.0], count) for each in (first, second))
    sides = zip(any_bits, alike, (first, second), strict=True)
    x, y = (np.concatenate([each.astype(np.float32) for each in side]) for side in sides)
    return x, y


def sample(name: str) -> Line:
    """A function of two arguments on random pairs."""
    call, reference, dice = kernel(name), OF_TWO[name], np.random.default_rng(0)
    worst, at, wrong, seen = 0.0, (0.0, 0.0), 0, 0
    start = time.perf_counter()
    while seen < SAMPLES:
        x, y = pairs(name, dice)
        error, bad = compare(call(x, y), reference(x.astype(np.float64), y.astype(np.float64)))
        wrong, seen = wrong + int(bad.sum()), seen + len(x)
        place = int(np.argmax(error))
        if error[place] > worst:
            worst, at = float(error[place]), (float(x[place]), float(y[place]))
    return row(
        "accuracy", f"{name} float32, random pairs", "tdsl", ulp=round(worst, 4), argument=list(at), wrong=wrong,
        arguments=seen, reference="NumPy float64", took_s=round(time.perf_counter() - start),
    )  # fmt: skip


def main(names: list[str]) -> None:
    """Exhausts or samples the functions named, or all; their lines replace older ones in the file of results."""
    for name in names or [*REFERENCES, *OF_TWO]:
        with np.errstate(all="ignore"):
            line = dumps(sample(name) if name in OF_TWO else exhaust(name))
        print(line, flush=True)
        kept = RESULTS.read_text(encoding="utf-8").splitlines()[1:] if RESULTS.exists() else []
        kept = sorted([each for each in kept if f'"{name} float32' not in each] + [line])
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text("\n".join([dumps(machine()), *kept]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
