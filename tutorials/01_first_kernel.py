# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # A first kernel in five minutes
#
# You say *what* is computed, then *how*, and call the result with NumPy arrays. The two are separate: changing the how
# never changes the what.

# %%
import numpy as np

import tdsl as td

# %% [markdown]
# ## What: a declaration
#
# A **size** is a number that the arrays bring to the call. A **placeholder** is an array argument. `td.compute` gives a
# tensor whose element at every point is what the function returns for its axes.

# %%
n, m = td.size("n"), td.size("m")
x = td.placeholder("x", (n, m), "float32")
y = td.placeholder("y", (n, m), "float32")
z = td.compute("z", (n, m), lambda i, j: 3.0 * x[i, j] + y[i, j])
z

# %% [markdown]
# Nothing has been computed. `td.schedule` says how it would be: two loops, as declared.

# %%
plain = td.schedule(z)
print(plain)

# %% [markdown]
# ## Run it
#
# `td.build` compiles for this machine. Sizes are read off the arrays.

# %%
f = td.build(plain)
a, b = np.random.rand(1000, 1023).astype("f"), np.random.rand(1000, 1023).astype("f")
result = f(a, b)
np.testing.assert_allclose(result, 3 * a + b, rtol=1e-6)

# %% [markdown]
# ## How: a better schedule
#
# Every method gives a new schedule; `plain` stays as it is. Vectorised columns, rows in parallel:

# %%
fast = plain.vectorize(z, "j", 16).parallel(z, "i")
print(fast)

# %%
g = td.build(fast)
assert np.array_equal(g(a, b), result)  # not one bit has moved
print(g.time(a, b))

# %% [markdown]
# 1023 is no multiple of 16: the last vector is masked, and `print` says so.
#
# ## What cannot go wrong
#
# A read past the end is refused where it is declared, with the smallest case that escapes:

# %%
try:
    td.compute("w", (n, m), lambda i, j: x[i, j + 1])
except td.BoundsError as error:
    print(error)
    assert "x[0, 1]" in str(error)

# %% [markdown]
# And a schedule that would change the result is refused where it is written. Row `i` of a running sum needs row `i - 1`:

# %%
s = td.recurrence("s", (n, m), lambda s, i, j: x[i, j] + td.where(i > 0, s[i - 1, j], 0.0))
try:
    td.schedule(s).parallel(s, "i")
except td.IllegalSchedule as error:
    print(error)
    witness = error.witness
assert witness.axis == "i"
print(td.schedule(s).parallel_axes(s))  # what would be legal

# %%
down = td.build(td.schedule(s).vectorize(s, "j", 16))
np.testing.assert_allclose(down(a), a.cumsum(0), rtol=1e-4)

# %% [markdown]
# Wrong arguments are told by name, before anything is written:

# %%
try:
    f(a, b[:, :5])
except td.CallError as error:
    print(error)
