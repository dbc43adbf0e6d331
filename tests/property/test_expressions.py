"""Random expressions of every dtype mean the same in the interpreter, in scalar code, in vectors, and in every tail.

Trees are drawn as data, so that a failing one shrinks and prints; four are values of one stage, since a build costs
more than a run. Arrays hold every special value of their dtype (NaN, infinities, -0, subnormals, extremes).
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tdsl as td
from tdsl.expr.functions.definition import ARITY, MODULES, RARE
from tests.support.compare import built, run

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("float16", "bfloat16", "float32", "float64")
DTYPES = ("bool", *INTEGERS, *FLOATS)
STORED = ("float8_e4m3fn", "float8_e5m2")
FUNCTIONS = tuple(sorted(set(MODULES) - RARE))
TAILS = ("guard", "mask", "peel", "shift")
SIZES = (0, 1, 7, 8, 9, 31)

BINARY = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b,
    "//": lambda a, b: a // b, "%": lambda a, b: a % b, "<<": lambda a, b: a << b, ">>": lambda a, b: a >> b,
    "&": lambda a, b: a & b, "|": lambda a, b: a | b, "^": lambda a, b: a ^ b, "==": lambda a, b: a == b,
    "min": td.minimum, "max": td.maximum, "copysign": td.copysign,
} | {name: getattr(td, name) for name in FUNCTIONS if ARITY[name] == 2}  # fmt: skip
UNARY = {
    "-": lambda a: -a, "~": lambda a: ~a, "abs": td.abs, "sqrt": td.sqrt, "floor": td.floor, "ceil": td.ceil,
    "trunc": td.trunc, "round": td.round, "popcount": td.popcount, "clz": td.clz, "ctz": td.ctz,
    "rsqrt": td.rsqrt, "sign": td.sign, "reciprocal": td.reciprocal, "square": td.square,
} | {name: getattr(td, name) for name in FUNCTIONS if ARITY[name] == 1}  # fmt: skip
COMPARE = {
    "<": lambda a, b: a < b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">=": lambda a, b: a >= b,
}


def operators(dtype):
    """Names of the binary and unary operators that a dtype has."""
    if dtype == "bool":
        return ("&", "|", "^", "=="), ("~",)
    if dtype in FLOATS:
        plain = (
            "-",
            "abs",
            "sqrt",
            "floor",
            "ceil",
            "trunc",
            "round",
            "rsqrt",
            "sign",
            "reciprocal",
            "square",
        )
        one, two = ([name for name in FUNCTIONS if ARITY[name] == arity] for arity in (1, 2))
        return ("+", "-", "*", "/", "min", "max", "copysign", *two), (*plain, *one)
    return ("+", "-", "*", "//", "%", "<<", ">>", "&", "|", "^", "min", "max"), (
        "-",
        "~",
        "abs",
        "popcount",
        "clz",
        "ctz",
        "sign",
    )


def numbers(dtype):
    if dtype == "bool":
        return st.booleans()
    if dtype in FLOATS:
        return st.sampled_from([0.0, -0.0, 0.5, -1.0, 3.0, 0.1, 1000.0, float("inf")])
    return st.sampled_from([0, 1, 2, 3, 7, 100] + ([] if dtype[0] == "u" else [-1, -3]))


def trees(dtype):
    """Expressions of a dtype as nested tuples."""
    binary, unary = operators(dtype)
    leaves = st.sampled_from([("x",), ("y",), ("x", -1)]) | numbers(dtype).map(
        lambda value: ("number", value)
    )

    def grow(inner):
        condition = st.tuples(
            st.sampled_from(["==", "!="] if dtype == "bool" else sorted(COMPARE)), inner, inner
        )
        made = (
            st.tuples(st.just("binary"), st.sampled_from(binary), inner, inner)
            | st.tuples(st.just("unary"), st.sampled_from(unary), inner)
            | st.tuples(st.just("where"), condition, inner, inner)
            | st.tuples(
                st.just("through"),
                st.sampled_from([other for other in (*DTYPES, *STORED) if other != dtype]),
                inner,
            )
        )
        return made | st.tuples(st.just("fma"), inner, inner, inner) if dtype in FLOATS else made

    return st.recursive(leaves, grow, max_leaves=7)


def expression(tree, x, y, i, n):
    """The tree over elements of two arrays."""
    dtype = x.dtype
    match tree:
        case ("x",):
            return x[i]
        case ("y",):
            return y[i]
        case ("x", -1):
            return td.where(i > 0, x[i - 1], y[n - 1 - i])
        case ("number", value):
            return td.cast(value, dtype)
        case ("binary", op, a, b):
            return BINARY[op](expression(a, x, y, i, n), expression(b, x, y, i, n))
        case ("unary", op, a):
            return UNARY[op](expression(a, x, y, i, n))
        case ("where", (op, a, b), c, d):
            condition = COMPARE[op](expression(a, x, y, i, n), expression(b, x, y, i, n))
            return td.where(condition, expression(c, x, y, i, n), expression(d, x, y, i, n))
        case ("through", other, a):
            return td.cast(td.cast(expression(a, x, y, i, n), other), dtype)
        case ("fma", a, b, c):
            return td.fma(*(expression(part, x, y, i, n) for part in (a, b, c)))
    raise AssertionError(tree)


def kept_as(dtype):
    """NumPy has no bfloat16: such elements come from float32 and go back."""
    return "float32" if dtype == "bfloat16" else dtype


class Converted:
    """An array whose elements are converted where they are read; `before`: subscripts that stand before."""

    def __init__(self, array, dtype, *before):
        self.array, self.dtype, self.before = array, dtype, before

    def __getitem__(self, i):
        return td.cast(self.array[(*self.before, i)], self.dtype)


def declared(dtype, forest):
    n = td.size("n")
    x, y = (Converted(td.placeholder(name, (n,), kept_as(dtype)), dtype) for name in "xy")
    names = tuple(f"z{place}" for place in range(len(forest)))

    def values(i):
        return tuple(td.cast(expression(tree, x, y, i, n), dtype) for tree in forest)

    return td.compute(names, (n,), values, dtype=kept_as(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=3)
@given(data=st.data())
def test_elements(dtype, data):
    forest = data.draw(st.lists(trees(dtype), min_size=4, max_size=4))
    z = declared(dtype, forest)
    s = td.schedule(*z)
    lanes = data.draw(st.sampled_from([2, 4, 8, 16]))
    variants = [s, s.vectorize(z[0], "i", lanes, tail=data.draw(st.sampled_from(TAILS)))]
    for schedule in variants:
        one = built(schedule)
        for size in SIZES if schedule is s else (0, 1, lanes - 1, lanes, lanes + 1, 3 * lanes - 1):
            run(one, {"n": size}, seed=size, forms=("misaligned",) if size == lanes + 1 else ())


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=2)
@given(data=st.data())
def test_reductions(dtype, data):
    """Orders that no schedule changes: bit for bit, NaN and all."""
    n, m = td.size("n"), td.size("m")
    x, y = (td.placeholder(name, (n, m), kept_as(dtype)) for name in "xy")
    k = td.reduce_axis("k", m)
    tree = data.draw(trees(dtype).filter(lambda tree: "('x', -1)" not in str(tree)))
    names = ["any", "all"] if dtype == "bool" else ["sum", "prod", "max", "min", "argmax", "argmin"]
    chosen = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))

    def value(i):
        term = td.cast(expression(tree, Converted(x, dtype, i), Converted(y, dtype, i), k, m), dtype)
        results = [getattr(td, name)(term, over=k) for name in chosen]
        return tuple(
            td.cast(result, "float32") if str(result.dtype) == "bfloat16" else result for result in results
        )

    z = td.compute(tuple(f"z_{name}" for name in chosen), (n,), value)
    s = td.schedule(*z)
    with_rows = s.vectorize(z[0], "i", 4, tail=data.draw(st.sampled_from(["guard", "mask", "peel"])))
    blocks = s.split(z[0], "k", data.draw(st.sampled_from([2, 3, 8])))
    for schedule in (s, with_rows, blocks):
        one = built(schedule)
        for sizes in ({"n": 5, "m": 7}, {"n": 4, "m": 1}):
            run(one, sizes, seed=sizes["m"], forms=())
