"""The simplifier: every rule on random values of its domain, idempotent, same object when nothing changes."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tdsl.dtypes import DTYPES, max_value, min_value
from tdsl.expr.knowledge import Knowledge
from tdsl.expr.node import Binary, Const, Var, const, index_const
from tdsl.expr.rewrite import walk
from tdsl.expr.simplify import linear, prove, simplify

# Shrinking an expression takes minutes; the failing one is printed as it is.
quick = settings(
    phases=[phase for phase in Phase if phase is not Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def ranges(expr):
    v = expr.variables
    return {
        "n": (1, None),
        "i": (0, v["n"]),
        "j": (v["i"], expr.read("n + 2")),
        "io": (0, expr.read("(n + 31) // 32")),
        "ii": (0, 32),
        "k": (0, v["i"]),
    }


RULES = [
    # sums
    ("io*32 + ii - io*32", "ii"),
    ("(x + 3)*4 - x", "x * 3 + 12"),
    ("-x + y", "y - x"),
    ("5 - x", "5 - x"),
    ("x - x", "0"),
    ("min(n - 1 - x, 31) + 1", "min(n - x, 32)"),
    ("min(p_int64 - 1, 31) + 1", "min(p_int64 - 1, 31) + 1"),
    # division
    ("(32*io + ii) // 32", "io"),
    ("(32*io + ii) % 32", "ii"),
    ("(n + 37) // 4", "(n + 1) // 4 + 9"),
    ("(i // 4) // 8", "i // 32"),
    ("(x % 12) % 4", "x % 4"),
    ("x % 4 // 4", "0"),
    ("i // n", "0"),
    ("i % n", "i"),
    ("(n - 1) // 32 + 1", "(n + 31) // 32"),
    # min and max
    ("min(i, n - 1)", "i"),
    ("max(i, 0)", "i"),
    ("max(x, x + 1)", "x + 1"),
    ("max(p_int64, p_int64 + 1)", "max(p_int64, p_int64 + 1)"),
    ("min(x, max(x, y))", "x"),
    ("max(x, max(x, y))", "max(x, y)"),
    ("min(3, x)", "min(x, 3)"),
    ("min(min(x, 5), 3)", "min(x, 3)"),
    # comparisons
    ("32*io + ii < 32*io + 5", "ii < 5"),
    ("4*x <= 4*y + 2", "x <= y"),
    ("4*i <= 4*j + 2", "True"),
    ("4*i == 4*j + 2", "False"),
    ("i + 1 <= n", "True"),
    ("k < n", "True"),
    ("io*32 < n", "True"),
    ("min(32, n - 32*io) > 0", "True"),
    ("(n + 31) // 32 * 32 >= n", "True"),
    ("x + 1 <= y", "x < y"),
    ("y >= x + 1", "x < y"),
    ("x <= y - 1", "x < y"),
    ("x * 2 + y <= 699", "x * 2 + y < 700"),
    ("-5 >= x", "x < -4"),
    ("x >= 1", "x >= 1"),
    ("not x > 5", "x < 6"),
    ("x <= y", "x <= y"),
    ("x >= 3", "x >= 3"),
    ("p_int8 <= 127", "True"),
    ("p_int8 + 1 <= 3", "p_int8 + 1 <= 3"),
    # conditions
    ("i < n and j < m", "j < m"),
    ("i < 5 and i < 7", "i < 5"),
    ("i < 5 or i >= 5", "True"),
    ("i < 5 and i >= 5", "False"),
    ("i < 5 and i < 5", "i < 5"),
    # selects
    ("where(i + 1 < n, min(i + 1, n - 1), 0)", "where(i + 1 < n, i + 1, 0)"),
    ("where(i < 0, where(i < 1, 1, 2), 3)", "3"),
    ("where(x < 5, where(x < 7, 1, 2), 3)", "where(x < 5, 1, 3)"),
    ("where(not x < y and not x == 3, 1, 2)", "where(x >= y and x != 3, 1, 2)"),
    # floats, exact ones only
    ("p_float32 + -p_float32 * 2.0", "p_float32 + -p_float32 * 2.0"),
    ("p_float32 + -(p_float32 * 2.0)", "p_float32 - p_float32 * 2.0"),
    ("p_float32 / 4.0", "p_float32 * 0.25"),
    ("p_float32 / 3.0", "p_float32 / 3.0"),
    ("p_float32 * 0.0", "p_float32 * 0.0"),
    ("p_float32 + 0.0", "p_float32 + 0.0"),
    ("p_float32 - 0.0", "p_float32"),
    ("p_float32 - p_float32", "p_float32 - p_float32"),
    ("p_float32 * -1.0", "-p_float32"),
    # casts
    ("int32(int64(p_int32))", "p_int32"),
    ("int8(int32(p_int64))", "int8(p_int64)"),
    ("int64(int8(p_int64))", "int64(int8(p_int64))"),
    ("float32(float64(p_float32))", "p_float32"),
    ("float64(float32(p_float64))", "float64(float32(p_float64))"),
]


@pytest.mark.parametrize(("before", "after"), RULES, ids=[before for before, _ in RULES])
def test_rule(expr, before, after):
    got = simplify(expr.read(before), ranges(expr))
    assert str(got) == after
    assert simplify(got, ranges(expr)) is got


def test_facts_of_divisibility(expr):
    fact = expr.read("n % 4 == 0")
    assert simplify(expr.read("(n + 3) // 4"), None, [fact]) is expr.read("n // 4")
    assert simplify(expr.read("(n + i) % 4"), None, [fact]) is expr.read("i % 4")
    assert prove(expr.read("n // 4 * 4 == n"), None, [fact])
    assert not prove(expr.read("n // 8 * 8 == n"), None, [fact])


def test_wrapping_is_respected(expr):
    """Rules about whole numbers hold only where nothing wraps."""
    free = expr.read("p_int64 * 4 // 4")
    assert simplify(free) is free
    assert not prove(expr.read("p_int64 < p_int64 + 1"))
    assert not prove(expr.read("p_uint8 - 1 < p_uint8"))
    assert simplify(expr.read("(p_uint8 + 200) % 7")) is expr.read("(p_uint8 + 200) % 7").rebuilt(
        (simplify(expr.read("p_uint8 + 200")), const(7, "uint8"))
    )
    assert simplify(expr.read("p_uint8 + 200 + 56")) is expr.variables["p_uint8"]


LEAVES = ["x", "y", "i", "n"]


def small(expr):
    numbers = st.sampled_from([-33, -4, -2, -1, 0, 1, 2, 3, 4, 8, 32, (1 << 62), -(1 << 63), (1 << 63) - 1])
    names = st.sampled_from([expr.variables[name] for name in LEAVES])
    return expr.integer_expressions(names | numbers.map(index_const) | st.integers(-9, 9).map(index_const))


def assignments(draw, expr):
    n = draw(st.integers(1, 40))
    return {
        expr.variables["n"]: n,
        expr.variables["i"]: draw(st.integers(0, n - 1)),
        expr.variables["x"]: draw(st.integers(-20, 20)),
        expr.variables["y"]: draw(st.integers(-70, 70)),
    }


@quick
@given(data=st.data())
def test_integers_keep_their_value(expr, data):
    node = data.draw(small(expr))
    known = {"n": (1, 41), "i": (0, expr.variables["n"]), "x": (-20, 21), "y": (-70, 71)}
    simple = simplify(node, known)
    assert simplify(simple, known) is simple
    knowledge = Knowledge(known)
    low, high = knowledge.interval(node)
    for _ in range(4):
        env = assignments(data.draw, expr)
        got = expr.value(node, env)
        assert expr.value(simple, env) == got, f"{node} -> {simple}"
        assert low <= got <= high


@quick
@given(data=st.data())
def test_proofs_are_sound(expr, data):
    condition = data.draw(expr.conditions(small(expr)))
    known = Knowledge({"n": (1, 41), "i": (0, expr.variables["n"]), "x": (-20, 21), "y": (-70, 71)})
    proved, refuted = known.prove(condition), known.refute(condition)
    assert not (proved and refuted)
    simple = simplify(condition, known)
    assert simplify(simple, known) is simple
    for _ in range(4):
        env = assignments(data.draw, expr)
        got = expr.value(condition, env)
        assert expr.value(simple, env) == got
        assert got if proved else True
        assert not got if refuted else True


@quick
@given(data=st.data())
def test_facts_are_used_soundly(expr, data):
    fact, condition = (data.draw(expr.conditions(small(expr))) for _ in range(2))
    known = Knowledge({"n": (1, 41), "i": (0, expr.variables["n"]), "x": (-20, 21), "y": (-70, 71)}, [fact])
    proved = known.prove(condition)
    simple = simplify(condition, known)
    for _ in range(6):
        env = assignments(data.draw, expr)
        if expr.value(fact, env):
            assert expr.value(condition, env) if proved else True
            assert expr.value(simple, env) == expr.value(condition, env)


@quick
@pytest.mark.parametrize("name", ["int8", "uint8", "uint16", "int32", "uint64"])
@given(data=st.data())
def test_narrow_integers_wrap_the_same(expr, name, data):
    """One variable of any value, one in a range: sums may wrap anywhere."""
    dtype = DTYPES[name]
    a, b = Var("a", dtype, "param"), Var("b", dtype, "param")
    numbers = expr.values(name).map(lambda number: const(number, dtype))
    integers = expr.integer_expressions(st.sampled_from([a, b]) | numbers)
    node = data.draw(integers | expr.conditions(integers))
    low, high = sorted(data.draw(st.tuples(expr.values(name), expr.values(name))))
    ranges = {"a": (low, high + 1)}
    simple = simplify(node, ranges)
    assert simplify(simple, ranges) is simple
    for _ in range(4):
        env = {a: data.draw(st.integers(low, high)), b: data.draw(expr.values(name))}
        assert expr.value(simple, env) == expr.value(node, env), f"{node} -> {simple}"


@quick
@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
@given(data=st.data())
def test_floats_keep_every_bit(expr, name, data):
    node = data.draw(expr.float_expressions(name))
    simple = simplify(node)
    assert simplify(simple) is simple
    for _ in range(4):
        env = {expr.variables[f"p_{name}"]: data.draw(expr.values(name))}
        assert expr.same(expr.value(node, env), expr.value(simple, env)), f"{node} -> {simple}"


@pytest.mark.parametrize("source", ["int8", "uint8", "int32", "float32", "float64", "bool"])
@pytest.mark.parametrize("between", ["int16", "uint32", "float64", "float32", "int64"])
@pytest.mark.parametrize("to", ["int8", "int32", "float32", "float64"])
def test_casts_in_a_row(expr, source, between, to):
    node = expr.read(f"{to}({between}(p_{source}))")
    simple = simplify(node)
    samples = {
        "bool": [False, True],
        "float32": [0.0, -0.0, 1.5, -3.0, 300.0, float("nan"), float("inf"), 2.0**-140],
    }
    dtype = DTYPES[source]
    default = (
        [1.1, -0.0, 1e300] if dtype.is_float else [int(min_value(dtype)), -1 % 2, 7, int(max_value(dtype))]
    )
    for sample in samples.get(source, default):
        env = {expr.variables[f"p_{source}"]: sample}
        assert expr.same(expr.value(node, env), expr.value(simple, env))


def test_nothing_to_do_gives_the_same_object(expr):
    for text in ("A[i, k] * A[j, k] + 1.0", "where(x < y, B[x], B[y])", "x // y", "n * m + x", "sqrt(Z[()])"):
        node = expr.read(text)
        assert simplify(node, ranges(expr)) is node


def test_linear_form(expr):
    terms, constant = linear(expr.read("(i + 3) * 4 - i + x * y"))
    assert {str(term): count for term, count in terms.items()} == {"i": 3, "x * y": 1}
    assert constant == 12


def test_deep_and_shared_expressions_stay_cheap(expr):
    """A chain deeper than Python's stack, and a DAG whose tree has 2**200 nodes."""
    node = expr.variables["x"]
    for step in range(1500):
        node = Binary("min" if step % 2 else "add", node, expr.variables["y"])
    assert simplify(node) is not None
    shared = expr.variables["x"]
    for _ in range(200):
        shared = Binary("mul", shared, shared)
    assert sum(1 for _ in walk(simplify(shared))) == 201


def test_constants_come_out_whole(expr):
    got = simplify(expr.read("(3 + 4) * 2 - 14 // 3"))
    assert isinstance(got, Const) and got.value == 10
