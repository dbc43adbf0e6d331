# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Every loop primitive, with its loops printed
#
# One matrix product, one primitive a cell. `show` prints the nest and checks that the result keeps every bit.

# %%
import numpy as np

import tdsl as td

n, m, p = td.size("n"), td.size("m"), td.size("p")
A, B = td.placeholder("A", (n, p), "float32"), td.placeholder("B", (p, m), "float32")
k = td.reduce_axis("k", p)
C = td.compute("C", (n, m), lambda i, j: td.sum(A[i, k] * B[k, j], over=k))

a, b = np.random.rand(37, 29).astype("f"), np.random.rand(29, 41).astype("f")
plain = td.schedule(C)
want = td.build(plain)(a, b)


def show(s, exact=True):
    print(s)
    got = td.build(s)(a, b)
    assert np.array_equal(got, want) if exact else np.allclose(got, want, rtol=1e-5)
    return s


show(plain)

# %% [markdown]
# **split**: a loop becomes two. 37 is no multiple of 8, so the last block is guarded; nothing is computed twice.

# %%
show(plain.split(C, "i", 8))

# %% [markdown]
# **reorder**: loops change places. The sum over `k` still takes its terms in order, so it is exact.

# %%
show(plain.reorder(C, "k", "i", "j"))

# %% [markdown]
# **tile**: split several axes, blocks outside, points inside.

# %%
show(plain.tile(C, {"i": 8, "j": 16}))

# %% [markdown]
# **fuse**: neighbours become one loop.

# %%
show(plain.fuse(C, "i", "j", into="ij"))

# %% [markdown]
# **vectorize**: a split whose inner loop is lanes. Over a data axis every element keeps its own order; over the
# reduction axis there are 8 sums that meet at the end, which is said: *reassociates k*.

# %%
show(plain.vectorize(C, "j", 8))

# %%
reassociated = show(plain.vectorize(C, "k", 8), exact=False)
assert "reassociates" in str(reassociated)

# %% [markdown]
# **parallel**: iterations on several threads. Over the reduction it is refused, and the message says what to do.

# %%
show(plain.parallel(C, "i"))
try:
    plain.parallel(C, "k")
except td.IllegalSchedule as error:
    print(error)

# %% [markdown]
# **unroll**: the body, written out.

# %%
show(plain.split(C, "k", 4).unroll(C, "ki"))

# %% [markdown]
# **rfactor**: the terms are shared out over a new stage, one partial sum each; those may run in parallel.

# %%
shared = plain.split(C, "k", 8, into=("ko", "ki")).rfactor(C, "ko", name="part")
show(shared.parallel("part", "ko"), exact=False)

# %% [markdown]
# **skew** and **reverse** are for loops that carry values. Each element of this recurrence needs its left and upper
# neighbours: no loop is parallel, but after a skew the inner one is.

# %%
x = td.placeholder("x", (n, m), "float32")
H = td.recurrence(
    "H",
    (n, m),
    lambda H, i, j: x[i, j] + td.where(td.all(i > 0, j > 0), td.maximum(H[i - 1, j], H[i, j - 1]), 0.0),
)
grid = td.schedule(H)
assert grid.parallel_axes(H) == ()
wave = grid.skew(H, "i", by="j", into="w").reorder(H, "w", "j")
print(wave.parallel_axes(H))
fast = wave.parallel(H, "j")
print(fast)
v = np.random.rand(33, 47).astype("f")
assert np.array_equal(td.build(fast)(v), td.build(grid)(v))

# %% [markdown]
# ## A schedule is a value
#
# Its past can be read, edited and judged again.

# %%
s = plain.tile(C, {"i": 8, "j": 16}).vectorize(C, "ji", 16).parallel(C, "io")
print(s.history())
print(s.replace(0, factors={"i": 4, "j": 32}))

# %%
print(s.script())
assert td.Schedule.from_json(s.to_json(), C) == s
print(plain.diff(s))
