"""Which kernels are compiled for half of AVX-512's registers, and what their assembly holds."""

import numpy as np
import pytest

import tdsl as td

AVX512 = "cpu:x86-64-v4"


def inputs():
    n, m = td.size("n"), td.size("m")
    return td.placeholder("x", (n, m)), td.placeholder("y", (n, m)), td.placeholder("b", (m,))


def assembly(tensor, target=AVX512):
    return td.build(td.schedules.default(td.schedule(tensor, target=target))).source("asm")


@pytest.mark.parametrize(
    "stream",
    [
        lambda x, y, b: 3.0 * x + y,
        lambda x, y, b: x + b,
        lambda x, y, b: td.ops.concat((x, y), 1),
        lambda x, y, b: td.ops.roll(x, 3),
        lambda x, y, b: td.ops.flatten(x),
        lambda x, y, b: td.ops.where(x > y, x, y),
    ],
    ids=["multiply and add", "broadcast", "concat", "roll", "flatten", "where"],
)
def test_streams_use_ymm(stream):
    text = assembly(stream(*inputs()))
    assert "ymm" in text and "zmm" not in text


@pytest.mark.parametrize(
    "other",
    [
        lambda x, y, b: td.ops.exp(x),
        lambda x, y, b: td.ops.linear(x, y),
        lambda x, y, b: td.ops.transpose(x),
        lambda x, y, b: td.ops.softmax(x),
        lambda x, y, b: td.ops.sum(x, axis=1),
    ],
    ids=["function", "product", "turned", "rows kept", "sums"],
)
def test_what_computes_or_keeps_uses_zmm(other):
    assert "zmm" in assembly(other(*inputs()))


def test_other_machines_keep_their_width():
    x, y, _ = inputs()
    text = td.build(td.schedules.default(td.schedule(x + y, target="cpu:x86-64-v3"))).source("llvm")
    assert '"prefer-vector-width"="256"' in text and "min-legal" not in text


def test_values_of_every_size():
    x, y, _ = inputs()
    kernel = td.build(td.schedules.default(td.schedule(3.0 * x + y)))
    for shape in ((1, 1), (3, 7), (2, 8), (5, 16), (4, 33), (3, 0)):
        a = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
        assert np.array_equal(kernel(a, a), 4 * a)
