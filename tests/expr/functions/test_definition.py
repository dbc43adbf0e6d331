"""One expansion for everybody: the same bits in both interpreters, in scalar and in vector code; printing, parsing."""

from __future__ import annotations

import numpy as np
import pytest

import tdsl as td
from tdsl.dtypes import DTYPES
from tdsl.expr.functions.definition import ARITY, MODULES, RARE, call, definition, expand_calls, expanded
from tdsl.expr.node import Call, Var, const
from tdsl.expr.parser import Names, parse
from tdsl.expr.printer import text
from tdsl.expr.rewrite import walk

PUBLIC = sorted(set(MODULES) - RARE)
X = Var("x", DTYPES["float32"], "param")
Y = Var("y", DTYPES["float32"], "param")


def arguments(functions, name, dtype, count):
    """Arguments of every kind; for two operands in all pairs of specials and at random."""
    rng = np.random.default_rng(7)
    bits = {"float32": np.uint32, "float64": np.uint64}[dtype]
    patterns = rng.integers(0, np.iinfo(bits).max, count, dtype=bits, endpoint=True).view(dtype)
    values = np.concatenate([functions.specials(dtype), patterns, (rng.normal(size=count) * 3).astype(dtype)])
    if ARITY[name] == 1:
        return (values,)
    a, b = np.meshgrid(functions.specials(dtype), functions.specials(dtype))
    return np.concatenate([a.ravel(), values]), np.concatenate([b.ravel(), values[::-1]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", PUBLIC)
def test_interpreter_scalar_and_vector_code_agree(functions, name, dtype):
    arrays = arguments(functions, name, dtype, 40)
    arity = ARITY[name]
    want = functions.interpreted(name, *arrays)
    for lanes in (0, 8):
        got = functions.compiled(name, dtype, lanes, arity=arity)(*arrays)
        agree = functions.same(got, want)
        place = int(np.argmin(agree))
        assert agree.all(), (
            f"{lanes} lanes: {[a[place] for a in arrays]}: {got[place]!r}, not {want[place]!r}"
        )


@pytest.mark.parametrize("name", ["exp", "sin", "pow"])
def test_loop_interpreter_agrees(functions, name):
    arrays = tuple(array[::7] for array in arguments(functions, name, "float32", 10))
    want = functions.interpreted(name, *arrays)
    got = functions.compiled(name, "float32", 4, "interpret", arity=ARITY[name])(*arrays)
    assert functions.same(got, want).all()


@pytest.mark.parametrize("name", PUBLIC)
def test_without_fma_a_function_is_still_close(functions, name):
    """Contracted steps round twice on old CPUs; only `exact_fma` steps do not."""
    target = "cpu:x86-64-v2"
    most = 1.0 if name in ("asin", "acos", "atanh") else 3.0
    values = (np.abs(functions.draw("float32", 0.01, most, 60)),) * ARITY[name]
    got = functions.compiled(name, "float32", 4, target, arity=ARITY[name])(*values)
    want = functions.interpreted(name, *values)
    assert np.isfinite(want).sum() > 20
    assert np.allclose(got, want, rtol=5e-7, atol=0, equal_nan=True)


@pytest.mark.parametrize(
    "target",
    [td.Target("cpu", mcpu="x86-64"), td.Target("cpu", mcpu="generic", triple="aarch64-linux-gnu")],
    ids=["x86-64", "aarch64"],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_library_is_called(functions, target, dtype):
    """All functions in one kernel, vectors of 4, on machines without FMA or without our vectors."""
    n = td.size("n")
    x = td.placeholder("x", (n,), dtype)

    def all_of_them(i):
        total = x[i]
        for name in PUBLIC:
            total = total + getattr(td, name)(*(x[i],) * ARITY[name])
        return total

    y = td.compute("y", (n,), all_of_them)
    assembly = td.build(td.schedule(y).vectorize(y, "i", 4), target=target).source("asm")
    called = {line.split()[1] for line in assembly.splitlines() if line.startswith(("\tcall", "\tbl\t"))}
    assert {name for name in called if not name.startswith(("tdsl_", "y."))} == set()


def test_a_rare_function_is_evaluated_only_for_lanes_that_need_it(functions):
    """One lane of the masked tail far out, all others near; and none at all."""
    x = np.linspace(-3, 3, 21).astype(np.float32)
    far = x.copy()
    far[[3, 20]] = 1e30, -3e38
    run = functions.compiled("sin", "float32", 8)
    assert functions.same(run(far), functions.interpreted("sin", far)).all()
    assert functions.same(run(x), functions.interpreted("sin", x)).all()
    text_of_kernel = run.source("llvm")
    assert "br i1" in text_of_kernel and "bitcast <8 x i1>" in text_of_kernel


def test_sixteen_bit_floats_are_computed_in_float32():
    half = DTYPES["float16"]
    body = text(definition("exp", half).body)
    assert body == "float16(exp(float32(x)))"


def test_calls_print_and_parse():
    names = Names(variables={"x": X, "y": Y})
    for node in (
        call("exp", X),
        call("pow", X, Y),
        call("pow", X, const(2.5, "float32")),
        Call("sin.far", (X,)),
    ):
        assert parse(text(node), names) is node
    assert text(call("pow", X, const(2.5, "float32"))) == "pow(x, 2.5)"


@pytest.mark.parametrize("name", PUBLIC)
def test_constants_fold_to_the_value_of_the_expansion(functions, name):
    values = (1.25, 0.75) if name == "acosh" else (0.75, 1.25)
    values = values[: ARITY[name]]
    folded = call(name, *(const(value, "float32") for value in values))
    arrays = [np.full(1, value, np.float32) for value in values]
    y = td.compute("y", (1,), lambda i: td.Expr(folded))
    assert td.build(td.schedule(y))()[0] == functions.interpreted(name, *arrays)[0]


@pytest.mark.parametrize("name", sorted(MODULES))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_expansions_are_of_known_operations(name, dtype):
    """Nothing but arithmetic, bits, conversions, choices and other functions; parameters are all that is open."""
    made = definition(name, DTYPES[dtype])
    nodes = list(walk(made.body))
    assert made.body.dtype is DTYPES[dtype]
    assert {node for node in nodes if isinstance(node, Var)} <= set(made.parameters)
    assert definition(name, DTYPES[dtype]) is made
    whole = expand_calls(Call(name, made.parameters))
    assert not any(isinstance(node, Call) for node in walk(whole))


def test_expansion_over_arguments():
    node = call("sigmoid", X)
    assert X in set(walk(expanded(node)))
    assert not any(var.kind == "local" for var in walk(expanded(node)) if isinstance(var, Var))


def test_a_function_of_another_dtype_is_a_bug():
    with pytest.raises(td.InternalError, match="no function exp of int32"):
        definition("exp", DTYPES["int32"])
