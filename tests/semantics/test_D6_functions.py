"""D6: a function is its expansion: the same bits wherever there is FMA; without it they may differ, as print(target) says."""

import numpy as np
import pytest

import tdsl as td
from tdsl.expr.functions.definition import expand_calls
from tdsl.expr.interpreter import evaluate
from tdsl.expr.node import Call
from tdsl.expr.rewrite import walk
from tdsl.fuzzing.arrays import same_bits
from tests.codegen.llvm.kernels import runnable_targets

n = td.size("n")
x = td.placeholder("x", (n,))
VALUES = np.random.default_rng(0).normal(size=4001).astype(np.float32) * 5
FUNCTIONS = {
    "exp": lambda e: td.exp(e),
    "sigmoid": lambda e: td.sigmoid(e),
    "log": lambda e: td.log(td.abs(e)),
    "pow": lambda e: td.abs(e) ** 1.7,
    "cosh": lambda e: td.cosh(e),
    "atan2": lambda e: td.atan2(e, td.cast(1.0, "float32")),
}


def kernel(function, target="cpu", lanes=8):
    y = td.compute("y", (n,), lambda i: function(x[i]))
    schedule = td.schedule(y, target=target)
    return td.build(schedule.vectorize(y, "i", lanes) if lanes else schedule)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_same_bits_on_every_target_with_fma(name):
    y = td.compute("y", (n,), lambda i: FUNCTIONS[name](x[i]))
    want = evaluate([y], {"x": VALUES}, {"n": VALUES.size})["y"]
    used = [target for target in runnable_targets() if target.has_fma]
    assert td.Target() in used or not td.Target().has_fma
    for target in used:
        for lanes in (0, 4, 16):
            assert same_bits(kernel(FUNCTIONS[name], target, lanes)(VALUES), want), (target.spelling, lanes)


def test_without_fma_the_last_places_may_differ_and_printing_says_so():
    for name, function in FUNCTIONS.items():
        fused = kernel(function, "interpret")(VALUES[:500])
        apart = [kernel(function, "cpu:x86-64", lanes)(VALUES[:500]) for lanes in (0, 4)]
        assert same_bits(apart[0], apart[1]), "scalar and vector code of one target agree also without FMA"
        assert np.allclose(apart[0], fused, rtol=4e-7, atol=0), name
    exps = kernel(FUNCTIONS["exp"], "cpu:x86-64")(VALUES)
    assert not same_bits(exps, kernel(FUNCTIONS["exp"], "interpret")(VALUES)), (
        "else nothing would need saying"
    )
    assert "no FMA: x*y + z rounds twice, also inside functions" in str(td.Target("cpu:x86-64"))
    assert "contracted to FMA" in str(td.Target("cpu:x86-64-v3"))


def test_an_explicit_fma_is_exact_without_the_instruction():
    a, b, c = (td.placeholder(name, (n,)) for name in "abc")
    r = td.compute("r", (n,), lambda i: td.fma(a[i], b[i], c[i]))
    arrays = [np.full(9, v, np.float32) for v in (8 + 2.0**-20, 8 - 2.0**-20, 2.0**30 + 2.0**7)]
    want = evaluate([r], dict(zip("abc", arrays, strict=True)), {"n": 9})["r"]
    for target in ("cpu:x86-64", "cpu:x86-64-v2", "cpu"):
        for schedule in (td.schedule(r, target=target), td.schedule(r, target=target).vectorize(r, "i", 4)):
            assert same_bits(td.build(schedule)(*arrays), want)


def test_rsqrt_is_one_over_the_root():
    values = np.abs(VALUES)
    assert same_bits(kernel(td.rsqrt)(values), np.float32(1) / np.sqrt(values))


def test_an_expansion_has_nothing_but_operations():
    y = td.compute("y", (n,), lambda i: FUNCTIONS["pow"](x[i]) + td.sin(x[i]))
    body = y.producer.body[0]
    assert any(isinstance(node, Call) for node in walk(body))
    assert not any(isinstance(node, Call) for node in walk(expand_calls(body)))
