"""Every dtype as array and as scalar: limits, NumPy scalars, what does not fit; three ways to run."""

import numpy as np

import tdsl as td

n = td.size("n")
for dt in [
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
]:
    x = td.placeholder("x", (n,), dt)
    a = td.param("a", dt)
    y = td.compute("y", (n,), lambda i: td.where(x[i] == a, x[i], a), dtype=dt)
    f = td.build(td.schedule(y))
    g = td.build(td.schedule(y).vectorize(y, "i", 8))
    h = td.build(td.schedule(y), target="interpret")
    v = np.arange(19).astype(dt)
    s = {"bool": True}.get(dt, 3)
    for k in (f, g, h):
        r = k(v, s)
        assert r.dtype == v.dtype and np.array_equal(r, np.full(19, s, dt)), (dt, r)
        assert np.array_equal(k(v, np.dtype(dt).type(s)), r)
        assert np.array_equal(k(v[::-1], s), r)
    if dt.startswith(("int", "uint")):
        lim = np.iinfo(dt)
        for val in (lim.min, lim.max):
            assert f(v, int(val))[0] == val and g(v, np.dtype(dt).type(val))[0] == val
        for val in (int(lim.min) - 1, int(lim.max) + 1, 0.5, "1", None, np.float64(1)):
            for k in (f, h):
                try:
                    k(v, val)
                except TypeError as e:
                    assert isinstance(e, td.CallError)
                else:
                    raise SystemExit(f"{dt} took {val!r}")
    if dt.startswith("float"):
        assert np.isnan(f(v, float("nan"))[0]) and np.isinf(
            f(v, 1e300 if dt != "float64" else float("inf"))[0]
        )
        assert f(v, 2**53 + 1)[0] == np.float64(2**53 + 1).astype(dt) if dt != "float16" else True
        assert f(v, True)[0] == 1
try:
    import ml_dtypes

    for dt in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        x = td.placeholder("x", (n,), dt)
        y = td.compute("y", (n,), lambda i: x[i], dtype=dt)
        f = td.build(td.schedule(y))
        v = np.arange(7).astype(dt)
        assert np.array_equal(f(v).view("u1"), v.view("u1"))
except ImportError:
    x = td.placeholder("x", (n,), "bfloat16")
    y = td.compute("y", (n,), lambda i: td.cast(x[i], "float32"))
    f = td.build(td.schedule(y))
    try:
        f(np.zeros(3, np.uint16))
    except td.TdslError as e:
        print(e)
print("ok")
