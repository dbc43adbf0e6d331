"""Minimax coefficients of the functions' expansions: names of polynomials in, coefficients and their error out.

``python -m benchmarks.functions_fit log32 sin64`` fits again what stands in tdsl/expr/functions. Remez' exchange in
50 digits; then the coefficients are rounded to the format one by one, the first first, and the rest fitted again each
time, so that later ones make up for the rounding of earlier ones. What is rational (tanh) is interpolated at
Chebyshev's nodes. `search` then moves float32 coefficients by last places while the greatest error over all arguments
falls. Source: Muller, "Elementary Functions", 3rd ed., 3.5 and 4.1; Brisebarre and Chevillard, ARITH 2007, for the
rounding.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.peers import EXTRA, find

Function = Callable[[object], object]

GRID = 300
"""Points of the interval, dense at its ends, where errors are looked at."""

ROUNDS = 80
"""Exchanges before the best so far is taken."""


@dataclass(frozen=True)
class Fit:
    """A polynomial p with weight * (target - p) least; names of mpmath functions are in scope.

    Fields:
        target, weight: of x. powers: of x in p. low, high: the interval.
        bits: of a coefficient. apart: how many coefficients are rounded one by one, the others together.
        known: powers whose coefficients are given.
    """

    target: str
    powers: range
    low: str
    high: str
    weight: str
    bits: int
    apart: int = 99
    known: tuple[tuple[int, float], ...] = ()


_EXP = "(expm1(x) - x) / x**2 if abs(x) > 1e-9 else 1/mpf(2) + x/6"
_EXP2 = "expm1(x * log(2)) / x if abs(x) > 1e-18 else log(2) + x * log(2)**2 / 2"
_EXPM1_2H = "expm1(2*x) / x if abs(x) > 1e-18 else 2 + 2*x"
_LOG = "(log1p(x) - x) / x**2 if abs(x) > 1e-9 else -1/mpf(2) + x/3"
_ATANH = "(2 * atanh(sqrt(x)) / sqrt(x) - 2) / x if x > 1e-14 else mpf(2)/3 + 2*x/5"
_SIN = "(sin(sqrt(x)) / sqrt(x) - 1) / x if x > 1e-14 else -mpf(1)/6 + x/120"
_COS = "((cos(sqrt(x)) - 1) / x + 1/mpf(2)) / x if x > 1e-9 else mpf(1)/24 - x/720"
_ERF = "erf(sqrt(x)) / sqrt(x) - 1 if x > 1e-30 else 2/sqrt(pi) - 1"
_ERFC = "2 + log(erfc(x)) / log(2)"
_OF_ERF = "log(2) * erfc(x) / erf(x)"
_OF_ATANH = "x**1.5 / (2 * atanh(sqrt(x)))"
_SINH = "(sinh(sqrt(x)) / sqrt(x) - 1) / x if x > 1e-14 else mpf(1)/6 + x/120"
_COSH = "((cosh(sqrt(x)) - 1) / x - 1/mpf(2)) / x if x > 1e-9 else mpf(1)/24 + x/720"
_ASIN = "(asin(sqrt(x)) / sqrt(x) - 1) / x if x > 1e-14 else mpf(1)/6 + 3*x/40"
_ATAN = "(atan(sqrt(x)) / sqrt(x) - 1) / x if x > 1e-14 else -mpf(1)/3 + x/5"

FITS: dict[str, Fit] = {
    "exp32": Fit(_EXP, range(6), "-0.3473", "0.3473", "x**2 / exp(x)", 24),
    "exp64": Fit(_EXP, range(11), "-0.3473", "0.3473", "x**2 / exp(x)", 53),
    "exp2_32": Fit(_EXP2, range(7), "-0.501", "0.501", "x / mpf(2)**x", 24),
    "exp2_64": Fit(_EXP2, range(12), "-0.501", "0.501", "x / mpf(2)**x", 53),
    "log32": Fit(_LOG, range(10), "-0.29296", "0.41436", "x**2 / log1p(x) if x else 0", 24),
    "log64": Fit(_ATANH, range(7), "1e-18", "0.02948", _OF_ATANH, 53, 3),
    "tanh32_q": Fit(_EXPM1_2H, range(6), "-0.17346", "0.17346", "x / exp(2*x)", 24),
    "tanh64_q": Fit(_EXPM1_2H, range(11), "-0.17346", "0.17346", "x / exp(2*x)", 53, 3),
    "erf32_p": Fit(_ERF, range(6), "1e-14", "0.7232", "sqrt(x) / erf(sqrt(x))", 24),
    "erf64_p": Fit(_ERF, range(12), "1e-28", "0.8108", "sqrt(x) / erf(sqrt(x))", 53, 3),
    "erf32_q": Fit(_ERFC, range(7), "0.84915", "3.94", _OF_ERF, 24),
    "erf64_q": Fit(_ERFC, range(19), "0.9", "5.95", _OF_ERF, 53, 3),
    "sin32": Fit(_SIN, range(4), "1e-12", "0.626", "x**1.5 / sin(sqrt(x))", 24),
    "sin64": Fit(_SIN, range(7), "1e-20", "0.6241", "x**1.5 / sin(sqrt(x))", 53, 3),
    "cos32": Fit(_COS, range(3), "1e-12", "0.626", "x**2 / cos(sqrt(x))", 24),
    "cos64": Fit(_COS, range(6), "1e-20", "0.6241", "x**2 / cos(sqrt(x))", 53, 3),
    "sinh32": Fit(_SINH, range(3), "1e-12", "0.1207", "x**1.5 / sinh(sqrt(x))", 24),
    "sinh64": Fit(_SINH, range(5), "1e-20", "0.1207", "x**1.5 / sinh(sqrt(x))", 53, 3),
    "cosh32": Fit(_COSH, range(3), "1e-12", "0.1207", "x**2 / cosh(sqrt(x))", 24),
    "cosh64": Fit(_COSH, range(5), "1e-20", "0.1207", "x**2 / cosh(sqrt(x))", 53, 3),
    "asin32": Fit(_ASIN, range(6), "1e-12", "0.25", "x**1.5 / asin(sqrt(x))", 24),
    "asin64": Fit(_ASIN, range(13), "1e-20", "0.25", "x**1.5 / asin(sqrt(x))", 53, 3),
    "atan32": Fit(_ATAN, range(5), "1e-12", "0.25", "x**1.5 / atan(sqrt(x))", 24),
    "atan64": Fit(_ATAN, range(12), "1e-20", "0.25", "x**1.5 / atan(sqrt(x))", 53, 3),
    "cbrt32": Fit("x**(-1/mpf(3))", range(4), "1", "2", "x**(1/mpf(3))", 24),
    "cbrt64": Fit("x**(-1/mpf(3))", range(6), "1", "2", "x**(1/mpf(3))", 53, 1),
    "pow32_r": Fit(_ATANH, range(4), "1e-18", "0.02948", _OF_ATANH, 53, 1),
    "pow32_p": Fit(_EXP2, range(7), "-0.501", "0.501", "x / mpf(2)**x", 53, 1),
    "pow64_r": Fit(f"(({_ATANH}) - mpf(2)/3) / x", range(7), "1e-9", "0.02948", f"x * {_OF_ATANH}", 53, 1),
}  # fmt: skip


def fit(one: Fit) -> tuple[list[float], float, float]:
    """Coefficients, and the logarithms to base 2 of the errors of the best ones and of these."""
    mp = find("mpmath")
    if mp is None:
        raise SystemExit(f"mpmath {EXTRA}")
    mp.mp.dps = 50
    target, weight = (_evaluated(mp, text) for text in (one.target, one.weight))
    low, high = mp.mpf(one.low), mp.mpf(one.high)
    points = [(low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * place / GRID) for place in range(GRID + 1)]
    weights = [abs(weight(x)) for x in points]
    wanted = [target(x) for x in points]
    known = list(one.known)
    left, done, ideal = list(one.powers), [], None
    while left:
        rest = [
            value - mp.fsum(c * x**power for power, c in known)
            for value, x in zip(wanted, points, strict=True)
        ]
        best, error = _remez(mp, points, rest, weights, left)
        ideal = error if ideal is None else ideal
        for value in best[: 1 if len(done) < one.apart else len(left)]:
            rounded = float(_rounded(mp, value, one.bits))
            known.append((left.pop(0), rounded))
            done.append(rounded)
    error = max(
        w * abs(value - mp.fsum(c * x**power for power, c in known))
        for w, value, x in zip(weights, wanted, points, strict=True)
    )
    return done, float(mp.log(ideal, 2)), float(mp.log(error, 2))


def _evaluated(mp: object, text: str) -> Function:
    names = {name: getattr(mp, name) for name in dir(mp) if not name.startswith("_")}
    return eval(f"lambda x: {text}", {**names, "__builtins__": {"abs": abs}})


def _rounded(mp, value, bits: int):
    fraction, exponent = mp.frexp(value)
    return mp.ldexp(mp.nint(mp.ldexp(fraction, bits)), int(exponent) - bits)


def _remez(mp, points: list, wanted: list, weights: list, powers: Sequence[int]) -> tuple[list, object]:
    """Coefficients whose weighted error has the least greatest size, and that size."""
    count = len(powers)
    columns = [[w * x**power for power in powers] for w, x in zip(weights, points, strict=True)]
    scaled = [w * value for w, value in zip(weights, wanted, strict=True)]
    reference = [round(GRID * place / count) for place in range(count + 1)]
    best: tuple[list, object] | None = None
    for _ in range(ROUNDS):
        matrix, right = mp.matrix(count + 1, count + 1), mp.matrix(count + 1, 1)
        for row, place in enumerate(reference):
            for column in range(count):
                matrix[row, column] = columns[place][column]
            matrix[row, count], right[row] = (-1) ** row, scaled[place]
        solved = mp.lu_solve(matrix, right)
        found = [solved[place] for place in range(count)]
        errors = [value - mp.fdot(row, found) for value, row in zip(scaled, columns, strict=True)]
        size = max(map(abs, errors))
        if best is None or size < best[1]:
            best = (found, size)
        changed = _exchange(errors, reference)
        if changed == reference:
            break
        reference = changed
    assert best is not None
    return best


def _exchange(errors: list, reference: list[int]) -> list[int]:
    """The next reference: the extremes of runs of one sign; where they are too few, the greatest error is taken in."""
    extremes: list[int] = []
    for place, error in enumerate(errors):
        if extremes and (errors[extremes[-1]] >= 0) == (error >= 0):
            if abs(error) > abs(errors[extremes[-1]]):
                extremes[-1] = place
        else:
            extremes.append(place)
    while len(extremes) > len(reference):
        if len(extremes) == len(reference) + 1:
            extremes.pop(0 if abs(errors[extremes[0]]) < abs(errors[extremes[-1]]) else -1)
        else:
            pairs = range(len(extremes) - 1)
            weakest = min(pairs, key=lambda at: max(abs(errors[extremes[at]]), abs(errors[extremes[at + 1]])))
            del extremes[weakest : weakest + 2]
    return extremes if len(extremes) == len(reference) else _with_greatest(errors, reference)


def _with_greatest(errors: list, reference: list[int]) -> list[int]:
    greatest = max(range(len(errors)), key=lambda place: abs(errors[place]))
    if greatest in reference:
        return reference
    alike = [(errors[place] >= 0) == (errors[greatest] >= 0) for place in reference]
    if greatest < reference[0]:
        return [greatest, *(reference[1:] if alike[0] else reference[:-1])]
    if greatest > reference[-1]:
        return [*(reference[:-1] if alike[-1] else reference[1:]), greatest]
    before = max(at for at, place in enumerate(reference) if place < greatest)
    at = before if alike[before] else before + 1
    return [*reference[:at], greatest, *reference[at + 1 :]]


def tanh_fraction(border: float, top: int, bottom: int, scale: float) -> list[float]:
    """Coefficients of p and d in tanh(a) = a + a z p(z) / d(z), z = a^2, of these degrees; the last is `scale`."""
    mp = find("mpmath")
    if mp is None:
        raise SystemExit(f"mpmath {EXTRA}")
    mp.mp.dps = 50
    end, count = mp.mpf(border) ** 2, top + 1 + bottom
    matrix, right = mp.matrix(count, count), mp.matrix(count, 1)
    for row in range(count):
        z = end * (1 - mp.cos(mp.pi * (2 * row + 1) / (2 * count))) / 2
        value = (mp.tanh(mp.sqrt(z)) / mp.sqrt(z) - 1) / z
        for column in range(top + 1):
            matrix[row, column] = z**column
        for column in range(bottom):
            matrix[row, top + 1 + column] = -value * z**column
        right[row] = value * z**bottom
    solved = mp.lu_solve(matrix, right)
    return [float(scale * value) for value in (*(solved[place] for place in range(count)), 1)]


def search(
    evaluate: Callable[[Sequence[np.float32]], np.ndarray],
    exact: np.ndarray,
    start: Sequence[float],
    tries: int = 500,
) -> tuple[list[float], float]:
    """float32 coefficients near `start` with the least greatest error in last places; and that error.

    Args:
        evaluate: gives the function's values at the arguments of `exact` (float64) for coefficients.
    """
    dice = np.random.default_rng(0)
    place = np.exp2(np.floor(np.log2(np.abs(exact))) - 23)

    def worst(coefficients: Sequence[np.float32]) -> float:
        return float(np.max(np.abs(evaluate(coefficients).astype(np.float64) - exact) / place))

    best = [np.float32(value) for value in start]
    least = worst(best)
    for _ in range(tries):
        moved = list(best)
        for at in dice.choice(len(moved), size=dice.integers(1, 3), replace=False):
            step = int(dice.integers(-2, 3)) << int(dice.integers(0, 1 + min(14, 2 * at)))
            moved[at] = (np.array(moved[at]).view(np.int32) + np.int32(step)).view(np.float32)[()]
        error = worst(moved)
        if error <= least:
            best, least = moved, error
    return [float(value) for value in best], least


def main(names: list[str]) -> None:
    """Prints the coefficients of the polynomials named, or of all."""
    for name in names or [*FITS, "tanh32", "tanh64"]:
        if name in ("tanh32", "tanh64"):
            print(
                name, tanh_fraction(0.9, 2, 2, 1.55) if name == "tanh32" else tanh_fraction(0.94, 3, 3, 1.44)
            )
            continue
        coefficients, ideal, error = fit(FITS[name])
        print(
            f"{name}: 2^{ideal:.2f} at best, 2^{error:.2f} rounded\n   ",
            ", ".join(map(repr, coefficients)),
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
