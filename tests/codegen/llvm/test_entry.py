"""The module as a whole: what callers pass, alignments, determinism, other machines."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tdsl.codegen.llvm import emit
from tdsl.codegen.machine import assembly
from tdsl.expr.node import Select
from tdsl.target import Target
from tests.codegen.llvm.kernels import (
    Run,
    agree,
    array,
    block,
    build,
    clamped,
    count,
    floats,
    kernel,
    load,
    local,
    loop,
    number,
    param,
    plus,
    rows,
    scalar,
    size,
    store,
    times,
    when,
)

F = "float32"
N, M = size("n"), size("m")


def test_params_and_sizes_are_values():
    def body(x):
        scaled = build.mul(load("A", F, x), param("alpha", F))
        flagged = Select(param("on", "bool"), scaled, build.cast(plus(N, x), scaled.dtype))
        return store("B", (x,), flagged)

    made = kernel(
        "scaled",
        ["n"],
        [array("A", F, (N,)), scalar("alpha", F), scalar("on", "bool"), array("B", F, (N,), "output")],
        rows(8, body),
    )
    for on in (False, True):
        agree(made, {"A": floats(13)}, {"n": 13}, {"alpha": np.float32(0.3), "on": on})


def test_axes_as_values_wrap_like_int64():
    """Comparisons of wrapping sums must not be simplified as if integers were unbounded."""
    big = build.index_const((1 << 63) - 5)

    def body(x):
        return store("B", (x,), build.cast(build.lt(plus(x, big), build.ZERO), load("B", "int64", x).dtype))

    made = kernel("wraps", ["n"], [array("B", "int64", (N,), "output")], rows(8, body))
    want, _ = agree(made, {}, {"n": 13})
    assert want["B"].tolist() == [0] * 5 + [1] * 8


def test_text_is_deterministic_and_states_alignments():
    made = clamped("float32", 16)
    assert Run(made).text == Run(made).text
    for body in ("contiguous", "general"):
        text = Run(made, body=body).text
        for line in text.splitlines():
            if (
                " load " in line
                and "atomic" not in line
                or "  store " in line
                or "masked" in line
                and "call" in line
            ):
                assert "align" in line, line


def test_names_of_any_alphabet():
    i = local("größe")
    body = loop("größe", 0, N, store("β", (i,), load("α", F, i)), "parallel")
    made = kernel("füllen", ["n"], [array("α", F, (N,)), array("β", F, (N,), "output")], body)
    agree(made, {"α": floats(5)}, {"n": 5})


def test_aarch64_code_is_vector_code():
    """Cross-compiled: contracted products are fused, minima one instruction, nothing is called."""

    def body(x):
        a, b = load("A", F, x), load("A", F, x)
        return store("B", (x,), build.maximum(build.fma(a, b, a, contracted=True), build.unary("round", a)))

    made = kernel("arm", ["n"], [array("A", F, (N,)), array("B", F, (N,), "output")], rows(4, body))
    text = assembly(emit(made, Target("cpu:aarch64")), Target("cpu:aarch64"))
    assert "fmla\tv" in text and "fmax\tv" in text and "frintn\tv" in text
    assert count(r"\tbl\t(?!mm|arm|tdsl_float)", text) == 0


@pytest.mark.parametrize("body", ["contiguous", "general"])
def test_module(golden, body):
    """y = a x + y, vectors of 8 and a masked tail, for AVX-512: the whole text."""
    i, lane = local("i"), local("lane")
    whole, index = build.floordiv(N, number(8)), plus(times(i, 8), lane)
    last = plus(times(whole, 8), lane)

    def step(at):
        value = build.fma(param("a", F), load("x", F, at), load("z", F, at), contracted=True)
        return store("y", (at,), value)

    full = loop("i", 0, whole, loop("lane", 0, 8, step(index), "vector"))
    tail = loop("lane", 0, 8, when(build.lt(last, N), step(last)), "vector")
    arguments = [scalar("a", F), array("x", F, (N,)), array("z", F, (N,)), array("y", F, (N,), "output")]
    golden(
        emit(kernel("axpy", ["n"], arguments, block(full, tail)), Target("cpu:x86-64-v4"), body), suffix=".ll"
    )


@pytest.mark.parametrize("body", ["contiguous", "general"])
def test_arrays_that_may_be_one_promise_nothing(body):
    """x may be passed as y; z may not: only z says that it is alone."""
    i = local("i")
    value = build.add(load("x", F, i), load("z", F, i))
    arguments = [array("x", F, (N,)), array("z", F, (N,)), array("y", F, (N,), "output")]
    made = kernel("sum", ["n"], arguments, loop("i", 0, N, store("y", (i,), value), "parallel"))
    for shared, alone in ((frozenset(), 3), (frozenset({"x", "y"}), 1)):
        text = emit(made, Target("cpu:x86-64-v3"), body, shared)
        signatures = [
            found for found in re.findall(r"^define .*\((.*)\)", text, re.MULTILINE) if "readonly" in found
        ]
        assert len(signatures) >= (2 if body == "contiguous" else 4)  # bodies, and what runs on threads
        for signature in signatures:
            assert signature.count("noalias") == alone and signature.count("readonly") == 2, signature


def test_a_result_without_elements_runs_no_loop():
    """Where an output cannot be empty nothing asks whether it is."""
    i = local("i")
    arguments = [array("y", F, (N, number(3)), "output")]
    body = loop("i", 0, N, store("y", (i, number(0)), build.const(1.0, F)))
    assert "label %nothing" in emit(kernel("some", ["n"], arguments, body), Target("cpu:x86-64-v3"))
    fixed = kernel(
        "fixed", [], [array("y", F, (number(2),), "output")], store("y", (number(0),), build.const(1.0, F))
    )
    assert "nothing" not in emit(fixed, Target("cpu:x86-64-v3"))


def test_text_does_not_depend_on_hash_seeds(tmp_path):
    """The same bytes from processes with other seeds."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from tests.codegen.llvm.kernels import clamped, emit, Target\n"
        "sys.stdout.write(emit(clamped('float32', 16), Target('cpu:x86-64-v4'), 'general'))\n"
    )
    root = str(Path(__file__).parents[3])
    texts = {
        subprocess.run(
            [sys.executable, "-c", program, root],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(texts) == 1 and "define i32 @edges_general" in texts.pop()
