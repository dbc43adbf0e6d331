"""D5: a product written as operand of + or - is fused with it, the left of two, at the declaration, in one stage."""

import numpy as np

import tdsl as td
from tdsl.expr.scalar_ops import fma
from tdsl.fuzzing.arrays import same_bits
from tests.support.compare import check

A, B, C = 8 + 2.0**-20, 8 - 2.0**-20, 2.0**30 + 2.0**7
"""A * B + C in float32 is wrong when it goes through float64: the product and the sum round twice."""


def body(tensor):
    return tensor.text().split(" = ")[-1].splitlines()[0]


def test_what_is_fused():
    x, y, z, w = (td.placeholder(name, (3,)) for name in "xyzw")
    cases = {
        lambda i: x[i] * y[i] + z[i]: "contracted(x[i], y[i], z[i])",
        lambda i: z[i] + x[i] * y[i]: "contracted(x[i], y[i], z[i])",
        lambda i: x[i] * y[i] - z[i]: "contracted(x[i], y[i], -z[i])",
        lambda i: z[i] - x[i] * y[i]: "contracted(-x[i], y[i], z[i])",
        lambda i: x[i] * y[i] + z[i] * w[i]: "contracted(x[i], y[i], z[i] * w[i])",
        lambda i: td.where(x[i] > 0, x[i] * y[i], 0.0) + z[i]: "where(x[i] > 0.0, x[i] * y[i], 0.0) + z[i]",
        lambda i: td.fma(x[i], y[i], z[i]): "fma(x[i], y[i], z[i])",
    }
    for value, text in cases.items():
        assert body(td.compute("r", (3,), value)) == text
    with td.options(contract=False):
        assert body(td.compute("r", (3,), lambda i: x[i] * y[i] + z[i])) == "x[i] * y[i] + z[i]"
    k = td.reduce_axis("k", 3)
    assert body(td.compute("r", (), lambda: td.sum(x[k] * y[k], over=k))).endswith("fused=True)")
    whole = td.placeholder("v", (3,), "int32")
    assert body(td.compute("r", (3,), lambda i: whole[i] * whole[i] + whole[i])) == "v[i] * v[i] + v[i]"


def test_the_bits():
    n = td.size("n")
    x, y, z = (td.placeholder(name, (n,)) for name in "xyz")
    r = td.compute("r", (n,), lambda i: x[i] * y[i] + z[i])
    a, b, c = (np.full(11, value, np.float32) for value in (A, B, C))
    want = fma(a, b, c, r.dtype)
    assert want[0] != np.float32(np.float64(a[0]) * np.float64(b[0]) + np.float64(c[0]))
    for schedule in (td.schedule(r), td.schedule(r).vectorize(r, "i", 4), td.schedule(r).unroll(r, "i", 4)):
        assert same_bits(td.build(schedule)(a, b, c), want)


def test_never_across_stages():
    n = td.size("n")
    x, y = td.placeholder("x", (n,)), td.placeholder("y", (n,))
    p = td.compute("p", (n,), lambda i: x[i] * y[i])
    r = td.compute("r", (n,), lambda i: p[i] + 1.0)
    v = np.random.default_rng(1).standard_normal(50).astype(np.float32)
    want = v * v + np.float32(1)
    for schedule in (td.schedule(r), td.schedule(r).inline(p), td.schedule(r).compute_at(p, r, "i")):
        assert same_bits(td.build(schedule)(v, v), want)


def test_sums_of_products_under_schedules():
    n = td.size("n")
    x, y, k = td.placeholder("x", (n,)), td.placeholder("y", (n,)), td.reduce_axis("k", n)
    r = td.compute("r", (), lambda: td.sum(x[k] * y[k], over=k))
    for schedule in (td.schedule(r), td.schedule(r).split(r, "k", 8), td.schedule(r).unroll(r, "k", 4)):
        check(schedule, {"n": 37}, mode="mild")
