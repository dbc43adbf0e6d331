# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Expressions: everything that can be declared
#
# One cell for each construct. `td.build(td.schedule(t))` runs any of them.

# %%
import numpy as np

import tdsl as td


def run(tensor, *arrays, **keywords):
    return td.build(td.schedule(tensor))(*arrays, **keywords)


rng = np.random.default_rng(0)
n, m = td.size("n"), td.size("m")
x = td.placeholder("x", (n, m), "float32")
v = rng.standard_normal((5, 8), dtype=np.float32)

# %% [markdown]
# ## Reductions
#
# A reduction axis is a declaration of its own; a reduction may stand anywhere in an expression.

# %%
k = td.reduce_axis("k", m)
mean = td.compute("mean", (n,), lambda i: td.sum(x[i, k], over=k) / td.cast(m, "float32"))
np.testing.assert_allclose(run(mean, v), v.mean(1), rtol=1e-5)

largest = td.compute("largest", (n,), lambda i: td.argmax(x[i, k], over=k))
assert np.array_equal(run(largest, v), v.argmax(1))

# %% [markdown]
# A triangle: the reduction's end depends on the row.

# %%
square = td.placeholder("square", (n, n), "float32")


def before(i):
    j = td.reduce_axis("j", (0, i))
    return td.sum(square[i, j], over=j)


below = td.compute("below", (n,), before)
w = rng.standard_normal((6, 6), dtype=np.float32)
np.testing.assert_allclose(run(below, w), np.tril(w, -1).sum(1), rtol=1e-5, atol=1e-6)

# %% [markdown]
# ## A reducer of your own
#
# Mean and squared distance in one pass (Welford): a tuple that is combined.


# %%
def merge(a, b):
    count = a[0] + b[0]
    step = b[1] - a[1]
    share = td.where(count > 0.0, b[0] / td.maximum(count, 1.0), 0.0)
    return count, a[1] + step * share, a[2] + b[2] + step * step * a[0] * share


welford = td.reducer(
    merge, identity=lambda c, mu, m2: (td.cast(0, c), td.cast(0, mu), td.cast(0, m2)), name="welford"
)
one = td.cast(1, "float32")
count, centre, spread = td.compute(
    ("count", "centre", "spread"), (n,), lambda i: welford((one, x[i, k], td.cast(0, "float32")), over=k)
)
f = td.build(td.schedule(centre, spread))
mu, m2 = f(v)
np.testing.assert_allclose(mu, v.mean(1), rtol=1e-4, atol=1e-6)
np.testing.assert_allclose(m2 / 8, v.var(1), rtol=1e-4)

# %% [markdown]
# ## Conditions, borders, clamps
#
# The branch of `td.where` that is not taken is never read; the proof counts the condition.

# %%
left = td.compute("left", (n, m), lambda i, j: x[i, j] - td.where(j > 0, x[i, j - 1], 0.0))
np.testing.assert_array_equal(run(left, v), v - np.pad(v, ((0, 0), (1, 0)))[:, :-1])

edge = td.pad(x, 1, mode="edge")
blur = td.compute(
    "blur", (n, m), lambda i, j: (edge[i + 1, j] + edge[i + 1, j + 1] + edge[i + 1, j + 2]) / 3.0
)
e = np.pad(v, 1, mode="edge")[1:-1]
np.testing.assert_allclose(run(blur, v), (e[:, :-2] + e[:, 1:-1] + e[:, 2:]) / 3, rtol=1e-5, atol=1e-6)

# %% [markdown]
# ## Indices from data
#
# An index array declares what its values may be; the call checks it.

# %%
index = td.placeholder("index", (m,), "int64", range=(0, n))
rows = td.compute("rows", (m,), lambda j: x[index[j], j])
picked = rng.integers(0, 5, 8)
assert np.array_equal(run(rows, v, picked), v[picked, np.arange(8)])
try:
    run(rows, v, np.full(8, 5))
except td.CallError as error:
    print(error)

# %% [markdown]
# ## Recurrences and updates
#
# A recurrence reads itself; an update changes elements in order and gives a new value.

# %%
data = td.placeholder("data", (n,), "int64", range=(0, 16))
bins = td.placeholder("bins", (16,), "int64")
r = td.axis("r", n)
histogram = td.update("histogram", bins, over=(r,), at=lambda: (data[r],), value=lambda h: h[data[r]] + 1)
counts = rng.integers(0, 16, 1000)
f = td.build(td.schedule(histogram), inputs=[bins, data])
assert np.array_equal(f(np.zeros(16, np.int64), counts), np.bincount(counts, minlength=16))

# %% [markdown]
# ## Dtypes
#
# Promotion is NumPy 2's, minus what loses bits silently; integers wrap, floors floor, nothing is undefined.

# %%
i8 = td.placeholder("i8", (n,), "int8")
twice = td.compute("twice", (n,), lambda i: i8[i] * 2)
assert np.array_equal(run(twice, np.array([100, -100], np.int8)), np.array([-56, 56], np.int8))
try:
    td.compute("quotient", (n,), lambda i: i8[i] / 2)
except td.DTypeError as error:
    print(error)

# %% [markdown]
# ## Text and back
#
# A tensor with all it depends on is text that any process reads back.

# %%
print(mean.text())
again = td.parse(mean.text())
assert np.array_equal(run(again, v), run(mean, v))
