"""D2: integers wrap; // and % floor and give 0 by zero; shifts, conversions and counts are defined for every value."""

import numpy as np
import pytest

import tdsl as td
from tdsl.fuzzing.arrays import same_bits
from tests.support.compare import check

INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
n = td.size("n")


def corners(dtype):
    facts = np.iinfo(dtype)
    values = [
        facts.min,
        facts.min + 1,
        -7,
        -2,
        -1,
        0,
        1,
        2,
        3,
        7,
        facts.max - 1,
        facts.max,
        facts.bits - 1,
        facts.bits,
    ]
    return np.array([value for value in values if facts.min <= value <= facts.max], dtype)


def reference(name, a, b, bits, signed):
    """Python integers, wrapped at the end."""
    match name:
        case "add":
            value = a + b
        case "sub":
            value = a - b
        case "mul":
            value = a * b
        case "floordiv":
            value = a // b if b else 0
        case "mod":
            value = a % b if b else 0
        case "shl":
            value = a << b if 0 <= b < bits else 0
        case "shr":
            value = a >> b if 0 <= b < bits else (-1 if a < 0 else 0)
        case "neg":
            value = -a
        case "abs":
            value = abs(a)
        case "not":
            value = ~a
        case "popcount":
            value = (a % 2**bits).bit_count()
        case "clz":
            value = bits - (a % 2**bits).bit_length()
        case _:
            value = bits if a == 0 else (a & -a).bit_length() - 1
    value %= 1 << bits
    return value - (1 << bits) if signed and value >> (bits - 1) else value


OPERATORS = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "floordiv": lambda a, b: a // b,
    "mod": lambda a, b: a % b, "shl": lambda a, b: a << b, "shr": lambda a, b: a >> b, "neg": lambda a, b: -a,
    "abs": lambda a, b: abs(a), "not": lambda a, b: ~a, "popcount": lambda a, b: td.popcount(a),
    "clz": lambda a, b: td.clz(a), "ctz": lambda a, b: td.ctz(a),
}  # fmt: skip


@pytest.mark.parametrize("dtype", INTEGERS)
def test_every_operator_at_the_corners(dtype):
    pool = corners(dtype)
    a, b = (part.ravel() for part in np.meshgrid(pool, pool))
    x, y = td.placeholder("x", (n,), dtype), td.placeholder("y", (n,), dtype)
    z = td.compute(
        tuple(f"{name}_" for name in OPERATORS),
        (n,),
        lambda i: tuple(f(x[i], y[i]) for f in OPERATORS.values()),
    )
    facts = np.iinfo(dtype)
    for schedule in (td.schedule(*z), td.schedule(*z).vectorize(z[0], "i", 8)):
        for name, got in zip(OPERATORS, td.build(schedule)(a, b)):
            want = [reference(name, int(p), int(q), facts.bits, facts.min < 0) for p, q in zip(a, b)]
            assert got.tolist() == want, name


@pytest.mark.parametrize("dtype", INTEGERS)
def test_division_by_constants(dtype):
    facts = np.iinfo(dtype)
    x = td.placeholder("x", (n,), dtype)
    divisors = [
        d for d in (1, 2, 3, 7, 64, -1, -2, -5, facts.max, facts.min, 0) if facts.min <= d <= facts.max
    ]
    z = td.compute(
        tuple(f"z{place}" for place in range(2 * len(divisors))),
        (n,),
        lambda i: tuple(v for d in divisors for v in (x[i] // d, x[i] % d)),
    )
    a = corners(dtype)
    results = iter(td.build(td.schedule(*z).vectorize(z[0], "i", 8))(a))
    for divisor in divisors:
        for name in ("floordiv", "mod"):
            want = [reference(name, int(p), divisor, facts.bits, facts.min < 0) for p in a]
            assert next(results).tolist() == want, (name, divisor)


@pytest.mark.parametrize("source", [*INTEGERS, "bool", "float16", "float32", "float64"])
def test_conversions(source):
    if source == "bool":
        a = np.array([False, True])
    elif source in INTEGERS:
        a = corners(source)
    else:
        a = np.array(
            [
                0.0,
                -0.0,
                0.5,
                -0.5,
                1.5,
                -1.5,
                300.7,
                -300.7,
                1e5,
                65504,
                3e9,
                1e19,
                1e30,
                -1e30,
                np.inf,
                -np.inf,
                np.nan,
                2.0**31,
                2.0**63,
                -(2.0**63),
                2.0**64,
            ]
        )
        with np.errstate(over="ignore"):
            a = a.astype(source)
    x = td.placeholder("x", (n,), source)
    targets = [*INTEGERS, "bool"]
    z = td.compute(
        tuple(targets[place] + "_" for place in range(len(targets))),
        (n,),
        lambda i: tuple(td.cast(x[i], t) for t in targets),
    )
    for schedule in (td.schedule(*z), td.schedule(*z).vectorize(z[0], "i", 8)):
        for target, got in zip(targets, td.build(schedule)(a)):
            assert same_bits(got, np.array([converted(value, target) for value in a.tolist()], target)), (
                target
            )


def converted(value, target):
    if target == "bool":
        return value != 0
    facts = np.iinfo(target)
    if isinstance(value, float):
        if value != value:
            return 0
        return facts.min if value <= facts.min else facts.max if value >= facts.max else int(value)
    value = int(value) % (1 << facts.bits)
    return value - (1 << facts.bits) if facts.min < 0 and value >> (facts.bits - 1) else value


def test_integers_to_floats_round_to_nearest_even():
    x = td.placeholder("x", (n,), "uint64")
    z = td.compute(
        ("half", "single", "double"), (n,), lambda i: tuple(td.cast(x[i], f"float{b}") for b in (16, 32, 64))
    )
    a = np.array([2**53 + 1, 2**64 - 1, 2**24 + 1, 2049, 65519, 65520, 0], np.uint64)
    check(td.schedule(*z).vectorize(z[0], "i", 4), {"n": 9})
    with np.errstate(over="ignore"):
        for got in td.build(td.schedule(*z))(a):
            assert same_bits(got, a.astype(got.dtype))
