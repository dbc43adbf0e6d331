"""AArch64 under qemu-user: the same bits from operators, conversions, functions, partial vectors and turned rows.

Skipped, with what to install, where there is no emulator or no linker (tests/support/under_qemu.py).
"""

import numpy as np
import pytest

import tdsl as td
from tdsl.expr.functions.definition import ARITY, MODULES, RARE
from tdsl.expr.interpreter import evaluate
from tdsl.fuzzing.arrays import same_bits
from tdsl.pipeline import lowered
from tdsl.target import Target
from tests.codegen.llvm import kernels, test_blocked, test_expressions, test_narrow_floats, test_partial
from tests.support import under_qemu

pytestmark = pytest.mark.needs_emulator

TARGETS = [Target("cpu:aarch64"), Target("cpu:neoverse-n1")]

everywhere = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.spelling)


@pytest.fixture(autouse=True)
def emulated(monkeypatch):
    for module in (kernels, test_expressions, test_narrow_floats, test_blocked, test_partial):
        monkeypatch.setattr(module, "Run", under_qemu.EmulatedRun)
    kernels.compiled.cache_clear()
    yield
    kernels.compiled.cache_clear()


@everywhere
@pytest.mark.parametrize("width", [0, 4, 16])
@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "uint16", "int64"])
def test_operators(name, width, target):
    test_expressions.run_all(name, width, target)


@everywhere
@pytest.mark.parametrize("width", [0, 8])
@pytest.mark.parametrize("name", test_narrow_floats.NARROW)
def test_narrow_floats_both_ways(name, width, target):
    test_narrow_floats.test_every_value_widens_exactly(name, target, width)
    for kind in (np.float32, np.float64):
        test_narrow_floats.test_narrowing_rounds_once(name, kind, target, width)


@everywhere
@pytest.mark.parametrize(("dtype", "lanes"), [("float32", 16), ("float32", 4), ("int8", 16), ("float16", 8)])
def test_rows_and_partial_vectors(dtype, lanes, target):
    a = test_blocked.values(dtype, lanes + 3, 37)
    made = test_blocked.sums(lanes, dtype)
    kernels.agree(made, {"A": a}, {"n": lanes + 3, "m": 37}, targets=[target], bodies=["contiguous"])
    b = test_partial.values(dtype, 2 * lanes + 5)
    made = test_partial.scaled(dtype, lanes)
    kernels.agree(made, {"A": b}, {"n": b.size}, targets=[target], bodies=["contiguous"])


@pytest.mark.parametrize("lanes", [0, 4])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_functions(dtype, lanes):
    """Every function of floats, on random bits and usual sizes, gives what the interpreter of expressions gives."""
    names = sorted(set(MODULES) - RARE)
    n = td.size("n")
    x, z = td.placeholder("x", (n,), dtype), td.placeholder("z", (n,), dtype)

    def all_of_them(i):
        return tuple(getattr(td, name)(*(x[i], z[i])[: ARITY[name]]) for name in names)

    results = td.compute(tuple(names), (n,), all_of_them)
    schedule = td.schedule(*results)
    loops, _ = lowered(schedule.vectorize(names[0], "i", lanes) if lanes else schedule)
    dice, width = np.random.default_rng(0), np.dtype(dtype).itemsize
    patterns = dice.integers(0, 256, (2, 30 * width), dtype=np.uint8).view(dtype)
    values = np.concatenate([patterns, (dice.normal(size=(2, 33)) * 2).astype(dtype)], axis=1)
    first, second = np.ascontiguousarray(values)
    want = evaluate(list(results), {"x": first, "z": second}, {"n": first.size})
    got = {name: np.empty_like(first) for name in names}
    named = {"x": first, "z": second} | got
    run = under_qemu.EmulatedRun(loops)
    assert run(*(named[argument.name] for argument in run.abi.arguments), n=first.size) == 0
    for name in names:
        assert same_bits(got[name], want[name]), name
