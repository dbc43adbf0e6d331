"""Every operator on every dtype against the constants' semantics: scalar and vector code, extreme and random values."""

import random
from functools import cache
from itertools import product

import numpy as np
import pytest

from tdsl.dtypes import DTYPES, bits_of, max_value, min_value, value_of
from tdsl.expr import constants
from tdsl.expr.node import Binary, Cast, Compare, Const, Fma, Select, Unary
from tdsl.lower.ir import For, If
from tdsl.target import Target
from tests.codegen.llvm.kernels import (
    Run,
    array,
    block,
    build,
    kernel,
    load,
    local,
    loop,
    memory,
    plus,
    runnable_targets,
    same,
    size,
    store,
    times,
)

INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
HALVES = ["float16", "bfloat16"]
FLOATS = ["float32", "float64", *HALVES]
NUMBERS = [*INTEGERS, *FLOATS]
STORED = ["float8_e4m3fn", "float8_e5m2"]
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
N = size("n")
EXTREMES = 15
DIVISORS = (1, 2, 3, 7, 8, 10, -1, -2, -3, 100, 0)


@cache
def samples(name):
    """Extreme and random values of a dtype, as Python numbers."""
    dtype, rng = DTYPES[name], random.Random(name)
    if dtype.is_bool:
        return [False, True] * 4
    if dtype.is_float:
        tiny, huge = 2.0 ** (1 - (1 << dtype.exponent_bits - 1) + 1), max_value(dtype)
        step = tiny * 2.0**-dtype.fraction_bits
        plain = [
            0.0,
            1.0,
            0.5,
            1.5,
            2.5,
            0.49999997,
            3.0,
            2.0**23,
            2.0**24 - 1,
            2.0**31,
            2.0**32,
            2.0**63,
            2.0**64,
            127.5,
            128.0,
            255.9,
            256.0,
            32767.6,
            65535.9,
            tiny,
            step,
            tiny - step,
            huge,
            float("inf"),
            1e-3,
        ]
        values = [float("nan"), float("inf"), *(sign * value for value in plain for sign in (1.0, -1.0))]
        values += [rng.gauss(0, 1) * 10 ** rng.uniform(-9, 9) for _ in range(40)]
        values += [value_of(rng.getrandbits(dtype.bits), dtype) for _ in range(40)]
        return [value_of(bits_of(value, dtype), dtype) for value in values]
    low, high = min_value(dtype), max_value(dtype)
    plain = [0, 1, 2, 3, 7, 8, 31, 63, 64, low, low + 1, high, high - 1, high // 2, high // 3]
    plain = [value for value in plain if low <= value <= high] + [
        -value for value in plain if low <= -value <= high
    ]
    return (
        plain
        + [rng.randint(low, high) for _ in range(30)]
        + [rng.randint(max(low, -9), 9) for _ in range(10)]
    )


def numpy_array(values, name):
    dtype = DTYPES[name]
    if dtype.is_float:
        return np.array([bits_of(value, dtype) for value in values], f"u{dtype.bytes}").view(memory(name))
    return np.array(values, name)


def spread(count, *columns):
    """Columns of equal length: every pair of extreme values, then pairs (or triples) drawn at random."""
    rng = random.Random(count)
    rows = (
        list(product(*(column[:EXTREMES] + [column[-1]] for column in columns))) if len(columns) == 2 else []
    )
    rows += [tuple(rng.choice(column) for column in columns) for _ in range(count)]
    return [list(column) for column in zip(*rows, strict=True)]


def elementwise(name, inputs, results, width):
    """`out_q[i] = result_q` for i < n: full vectors and one masked, or a scalar loop for width 0.

    inputs: (name, dtype); results: functions of the loads to a node.
    """

    def body(index):
        nodes = [load(buffer, dtype, index) for buffer, dtype in inputs]
        return block(*(store(f"out{q}", (index,), result(*nodes)) for q, result in enumerate(results)))

    i, lane = local("i"), local("lane")
    if not width:
        walk = loop("i", 0, N, body(i))
    else:
        index = plus(times(i, width), lane)
        whole = build.floordiv(N, build.index_const(width))
        last = plus(times(whole, width), lane)
        walk = block(
            loop("i", 0, whole, loop("lane", 0, width, body(index), "vector")),
            For("lane", build.ZERO, build.index_const(width), "vector", If(build.lt(last, N), body(last))),
        )
    probe = [load(buffer, dtype, i) for buffer, dtype in inputs]
    outputs = [array(f"out{q}", result(*probe).dtype, (N,), "output") for q, result in enumerate(results)]
    return kernel(
        name, ["n"], [*(array(buffer, dtype, (N,)) for buffer, dtype in inputs), *outputs], walk
    ), outputs


def check(results, oracles, inputs, columns, width, target):
    """Run a kernel of many results and compare each with its oracle on Python numbers."""
    names = [(f"in{q}", dtype) for q, dtype in enumerate(inputs)]
    made, outputs = elementwise("probe", names, results, width)
    count = len(columns[0])
    arrays = [numpy_array(column, dtype) for column, dtype in zip(columns, inputs, strict=True)]
    got = [np.full(count, 77 if out.dtype.name != "bool" else 1, memory(out.dtype.name)) for out in outputs]
    assert Run(made, target)(*arrays, *got, n=count) == 0
    for q, (out, oracle) in enumerate(zip(outputs, oracles, strict=True)):
        want = numpy_array([oracle(*row) for row in zip(*columns, strict=True)], out.dtype.name)
        name = out.dtype.name
        if not same(got[q], want, name):
            wrong = [at for at in range(count) if not same(got[q][at : at + 1], want[at : at + 1], name)]
            row = [column[wrong[0]] for column in columns]
            pytest.fail(
                f"{made.arguments[-1].name} {results[q](*[load(n, d, 0) for n, d in names])} of {row}: "
                f"{got[q][wrong[0]]!r}, not {want[wrong[0]]!r}; {len(wrong)} of {count} differ"
            )


def binary_results(name):
    dtype = DTYPES[name]
    if dtype.is_float:
        ops = ("add", "sub", "mul", "div", "min", "max")
    elif dtype.is_bool:
        ops = ("and", "or", "xor")
    else:
        ops = ("add", "sub", "mul", "floordiv", "mod", "min", "max", "and", "or", "xor", "shl", "shr")
    results = [lambda a, b, op=op: Binary(op, a, b) for op in ops]
    oracles = [lambda a, b, op=op: constants.binary(op, a, b, dtype) for op in ops]
    compares = ("eq", "ne") if dtype.is_bool else COMPARISONS
    results += [lambda a, b, op=op: Compare(op, a, b) for op in compares]
    oracles += [lambda a, b, op=op: constants.compare(op, a, b) for op in compares]
    results.append(lambda a, b: Select(Compare(compares[-1], a, b), b, a))
    oracles.append(lambda a, b: b if constants.compare(compares[-1], a, b) else a)
    return results, oracles


def unary_results(name):
    dtype = DTYPES[name]
    ops = (
        ("neg", "abs", "sqrt", "floor", "ceil", "trunc", "round") if dtype.is_float else ("neg", "not", "abs")
    )
    ops = ("not",) if dtype.is_bool else ops
    results = [lambda a, op=op: Unary(op, a) for op in ops]
    oracles = [lambda a, op=op: constants.unary(op, a, dtype) for op in ops]
    casts, wanted = cast_results(name)
    return [*results, *casts], [*oracles, *wanted]


def cast_results(name):
    """A cast to every dtype; to tfloat32 and on to float32, which is all there is to see of it."""
    dtype, single = DTYPES[name], DTYPES["float32"]
    others = [DTYPES[to] for to in ("bool", *NUMBERS, *STORED) if to != name]
    results = [lambda a, to=to: Cast(to, a) for to in others]
    oracles = [lambda a, to=to: constants.cast(a, dtype, to) for to in others]
    results.append(lambda a: Cast(single, Cast(DTYPES["tfloat32"], a)))
    oracles.append(lambda a: constants.cast(a, dtype, DTYPES["tfloat32"]))
    return results, oracles


def constant_results(name):
    """Operators with a constant on the right (and, for extremes, on the left)."""
    dtype = DTYPES[name]
    results, oracles = [], []

    def add(op, value, left=False):
        other = Const(dtype, bits_of(value, dtype))
        if left:
            results.append(lambda a: Binary(op, other, a))
            oracles.append(lambda a: constants.binary(op, value, a, dtype))
        else:
            results.append(lambda a: Binary(op, a, other))
            oracles.append(lambda a: constants.binary(op, a, value, dtype))

    if dtype.is_float:
        for op in ("min", "max"):
            for value in (0.0, -0.0, 1.0, float("inf"), float("nan")):
                add(op, value)
                add(op, value, left=True)
        return results, oracles
    for op in ("floordiv", "mod"):
        for value in (*DIVISORS, min_value(dtype), max_value(dtype)):
            if min_value(dtype) <= value <= max_value(dtype):
                add(op, value)
    for op in ("shl", "shr"):
        for value in (0, 1, dtype.bits - 1, dtype.bits, 100):
            add(op, value)
        if dtype.kind == "int":
            add(op, -1)
    return results, oracles


CASES = [(Target(), width) for width in (0, 16)] + [(Target("cpu:x86-64"), 4)]
SLOW = [(target, width) for target in runnable_targets() for width in (0, 4, 8, 16, 32)]


def run_all(name, width, target):
    values = samples(name)
    results, oracles = binary_results(name)
    check(results, oracles, (name, name), spread(337, values, values), width, target)
    results, oracles = unary_results(name)
    check(results, oracles, (name,), [values + values[:3]], width, target)
    if name != "bool":
        results, oracles = constant_results(name)
        check(results, oracles, (name,), [values], width, target)
    if name in FLOATS:
        fma(name, width, target)


def fma(name, width, target):
    """fma of values that cancel, overflow, underflow and tie; `contracted` only where the target has it."""
    dtype, rng = DTYPES[name], random.Random(5)
    a, b, c = spread(400, *[samples(name)] * 3)
    for _ in range(400):
        scale = 40 if dtype.exponent_bits > 5 else 7
        x, y = (rng.uniform(1, 2) * 2.0 ** rng.randint(-scale, scale) for _ in range(2))
        x, y = (value_of(bits_of(value, dtype), dtype) for value in (x, y))
        last = 2.0**-dtype.fraction_bits
        factor = rng.choice((1, 1, 1 + last, last / 2, last / 2, 2 / last, 4.0**dtype.fraction_bits))
        z = value_of(bits_of(-x * y, dtype), dtype) * factor
        a.append(x), b.append(y), c.append(value_of(bits_of(z, dtype), dtype))
    check(
        [lambda x, y, z: Fma(x, y, z, False)],
        [lambda x, y, z: constants.fma(x, y, z, dtype)],
        (name,) * 3,
        [a, b, c],
        width,
        target,
    )

    def twice(x, y, z):
        product = constants.binary("mul", x, y, dtype)
        return constants.binary("add", product, z, dtype)

    oracle = (lambda x, y, z: constants.fma(x, y, z, dtype)) if target.has_fma else twice
    check([lambda x, y, z: Fma(x, y, z, True)], [oracle], (name,) * 3, [a, b, c], width, target)


@pytest.mark.parametrize(("target", "width"), CASES, ids=[f"{t.spelling}-{w}" for t, w in CASES])
@pytest.mark.parametrize("name", ["bool", *NUMBERS])
def test_operators(name, width, target):
    run_all(name, width, target)


@pytest.mark.slow
@pytest.mark.parametrize(("target", "width"), SLOW, ids=[f"{t.spelling}-{w}" for t, w in SLOW])
@pytest.mark.parametrize("name", ["bool", *NUMBERS])
def test_operators_everywhere(name, width, target):
    run_all(name, width, target)
