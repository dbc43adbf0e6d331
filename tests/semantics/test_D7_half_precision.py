"""D7: every float16 and bfloat16 operation rounds to its dtype; wider sums are asked for by a cast."""

import numpy as np
import pytest

import tdsl as td
from tdsl.dtypes import as_dtype, bits_of, value_of
from tests.support.compare import check

n = td.size("n")


def test_float16_rounds_at_every_operation():
    x, y = td.placeholder("x", (n,), "float16"), td.placeholder("y", (n,), "float16")
    z = td.compute("z", (n,), lambda i: (x[i] + y[i]) * x[i] / y[i] - td.sqrt(abs(x[i])) * y[i])
    for schedule in (td.schedule(z), td.schedule(z).vectorize(z, "i", 8)):
        for seed in range(3):
            check(schedule, {"n": 61}, seed=seed)
    k = td.reduce_axis("k", n)
    narrow = td.compute("narrow", (), lambda: td.sum(x[k], over=k))
    wide = td.compute("wide", (), lambda: td.sum(x[k].astype("float32"), over=k))
    ones = np.ones(4096, np.float16)
    assert [v.item() for v in td.build(td.schedule(narrow, wide))(ones)] == [2048, 4096]


@pytest.mark.parametrize("lanes", [None, 8])
def test_bfloat16_rounds_at_every_operation(lanes):
    bf16 = as_dtype("bfloat16")
    raw = td.placeholder("raw", (n,), "uint16"), td.placeholder("other", (n,), "uint16")

    def value(i):
        a, b = (td.bitcast(t[i], "bfloat16") for t in raw)
        return td.bitcast((a + b) * a - b, "uint16")

    z = td.compute("z", (n,), value)
    s = td.schedule(z)
    rng = np.random.default_rng(0)
    a, b = (np.array([bits_of(float(v), bf16) for v in rng.standard_normal(40)], np.uint16) for _ in range(2))
    got = td.build(s if lanes is None else s.vectorize(z, "i", lanes))(a, b)
    for p, q, bits in zip(a, b, got):
        u, v = (float(value_of(int(w), bf16)) for w in (p, q))
        total = float(value_of(bits_of(u + v, bf16), bf16))
        assert bits == bits_of(total * u - v, bf16)  # contracted: one rounding


@pytest.mark.parametrize("name", ["float8_e4m3fn", "float8_e5m2", "bfloat16", "tfloat32"])
def test_storage_dtypes_round_in_casts(name):
    dtype = as_dtype(name)
    x = td.placeholder("x", (n,))
    z = td.compute("z", (n,), lambda i: td.cast(td.cast(x[i], name), "float32"))
    v = np.concatenate(
        [
            np.random.default_rng(0).standard_normal(200) * 10.0 ** np.arange(-10, 10).repeat(10),
            [0.0, -0.0, np.inf, -np.inf, np.nan],
        ]
    )
    v = v.astype(np.float32)
    want = np.array([value_of(bits_of(float(a), dtype), dtype) for a in v], np.float32)
    for schedule in (td.schedule(z), td.schedule(z).vectorize(z, "i", 8)):
        assert np.array_equal(td.build(schedule)(v), want, equal_nan=True)
