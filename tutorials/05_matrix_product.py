# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # A matrix product from naive to a library's speed, in ten steps
#
# Each step is a prediction, then a measurement. One thread, float32, 768 x 768 x 768; every step keeps every bit.
# The machine's own peak is the yardstick: `td.machine_info()` measures it now.

# %%
import numpy as np

import tdsl as td

td.set_num_threads(1)
N = 768
lanes = td.Target().vector_bits // 32
rows = 8 if lanes >= 16 else 6
columns = 2 * lanes
A, B = td.placeholder("A", (N, N), "float32"), td.placeholder("B", (N, N), "float32")
k = td.reduce_axis("k", N)
C = td.compute("C", (N, N), lambda i, j: td.sum(A[i, k] * B[k, j], over=k))
a, b = (np.random.default_rng(seed).standard_normal((N, N), dtype=np.float32) for seed in (0, 1))
small = slice(0, 64)
want = a.astype(np.float64) @ b
info = td.machine_info()
results, rates = [], []


def step(title, s):
    kernel = td.build(s)
    got = kernel(a, b)
    results.append(got)
    assert np.array_equal(got, results[0]), "a bit has moved"
    seconds = kernel.time(a, b).median_s
    rates.append(2e-9 * N**3 / seconds)
    print(f"{title}: {rates[-1]:.1f} GFLOP/s, {100 * rates[-1] / info.fma_peak_gflops:.0f} % of the peak")
    return s


print(f"{info.fma_peak_gflops:.0f} GFLOP/s is the peak of one core")

# %% [markdown]
# **1. As declared.** One addition after the other, each waits for the last: four cycles a term. Predicted: under 1 % of
# the peak, which is 32 multiply-adds a cycle on AVX-512.

# %%
plain = td.schedule(C)
step("1 as declared", plain)
np.testing.assert_allclose(results[0], want, rtol=1e-3, atol=1e-3)

# %% [markdown]
# **2. k outside j.** Neighbouring sums are independent, and B is read along its rows. Predicted: several times faster,
# as the sums no longer wait for each other.

# %%
interchanged = step("2 k outside j", plain.reorder(C, "i", "k", "j"))

# %% [markdown]
# **3. Lanes.** A vector of columns at once. Predicted: up to a lane's number of times faster, less since every term
# loads and stores C.

# %%
step("3 lanes", interchanged.vectorize(C, "j", lanes))

# %% [markdown]
# **4. A tile of C.** Blocks of rows and columns, so that a block of C stays in the first-level cache. Predicted: a
# little better; loads and stores are still one a term.

# %%
tiled = plain.tile(C, {"i": rows, "j": columns}, into=("io", "jo", "ii", "ji"))
step("4 tiles", tiled.reorder(C, "io", "jo", "k", "ii", "ji").vectorize(C, "ji", lanes))

# %% [markdown]
# **5. The tile in registers.** `promote` keeps the sums of one tile in registers for all terms: no load or store of C
# inside. Predicted: the big step: two loads and a broadcast serve many multiply-adds.

# %%
registers = (
    plain.split(C, "j", columns, into=("jo", "ji"))
    .split(C, "i", rows, into=("io", "ii"))
    .reorder(C, "jo", "io", "k", "ii", "ji")
    .promote(C, "io", name="tile", scope="register")
    .unroll(C, "ii")
    .vectorize(C, "ji", lanes)
)
step("5 registers", registers)

# %% [markdown]
# **6. Blocks of k.** Only a block of rows of B is alive while all row blocks use it. `promote` carries the sums on from
# block to block, so the order of the terms stays. Predicted: better, B's block now stays in cache.

# %%
blocked = (
    plain.split(C, "j", columns, into=("jo", "ji"))
    .split(C, "i", rows, into=("io", "ii"))
    .split(C, "k", 256, into=("kb", "ki"))
    .reorder(C, "jo", "kb", "io", "ki", "ii", "ji")
    .promote(C, "io", name="tile", scope="register")
    .unroll(C, "ii")
    .vectorize(C, "ji", lanes)
)
step("6 blocks of k", blocked)

# %% [markdown]
# **7. B packed.** A panel of B, copied once, is contiguous: no page is touched for 128 bytes of it only. Predicted:
# better where pages are many.

# %%
with_panel = plain.cache_read(B, C, name="Bp")
with_panel = (
    with_panel.split(C, "j", columns, into=("jo", "ji"))
    .split(C, "i", rows, into=("io", "ii"))
    .split(C, "k", 256, into=("kb", "ki"))
    .reorder(C, "jo", "kb", "io", "ki", "ii", "ji")
    .promote(C, "io", name="tile", scope="register")
    .unroll(C, "ii")
    .vectorize(C, "ji", lanes)
    .compute_at("Bp", C, "jo")
    .vectorize("Bp", "j", lanes)
)
step("7 B packed", with_panel)

# %% [markdown]
# **8. Both packed.** A in panels of rows too: what the inner loop reads is one stream each. Predicted: near the peak.

# %%
packed = (
    plain.cache_read(A, C, name="Ap").cache_read(B, C, name="Bp").cache_write(C, name="acc", scope="register")
)
packed = (
    packed.tile(C, {"i": rows, "j": columns}, into=("io", "jo", "ii", "ji"))
    .fuse(C, "io", "jo", into="t")
    .compute_at("acc", C, "t")
    .reorder("acc", "k", "i", "j")
    .unroll("acc", "i")
    .vectorize("acc", "j", lanes)
    .unroll(C, "ii")
    .vectorize(C, "ji", lanes)
    .layout("Ap", lambda i, k: (i // rows, k, i % rows))
    .split("Ap", "i", rows, into=("io", "ii"))
    .reorder("Ap", "io", "k", "ii")
    .layout("Bp", lambda k, j: (j // columns, k, j % columns))
    .split("Bp", "j", columns, into=("jo", "ji"))
    .reorder("Bp", "jo", "k", "ji")
    .vectorize("Bp", "ji", lanes)
)
step("8 both packed", packed)

# %% [markdown]
# **9. The function that does it.** The same pattern is `td.schedules.gemm_blocked`, which works for batches and
# convolutions too.

# %%
ready = step("9 gemm_blocked", td.schedules.gemm_blocked(plain, C))
print(ready.history())

# %% [markdown]
# **10. Threads.** Panels are independent. Predicted: twice as fast on two cores, less what they share. The bits do not
# depend on the number of threads.

# %%
td.set_num_threads(2)
step("10 two threads", packed.parallel(C, "t").parallel("Ap", "io").parallel("Bp", "jo"))
td.set_num_threads(1)

# %% [markdown]
# NumPy's library beside the best step, on the same machine (its threads are not limited here):

# %%
import time

taken = []
for _ in range(5):
    start = time.perf_counter()
    np.matmul(a, b)
    taken.append(time.perf_counter() - start)
print(f"NumPy: {2e-9 * N**3 / min(taken):.1f} GFLOP/s; best single-thread step: {max(rates[:9]):.1f} GFLOP/s")
assert max(rates[:9]) > 10 * rates[0]
