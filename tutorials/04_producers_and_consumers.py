# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Producers and consumers, on a photograph
#
# A blur in two passes: rows, then columns. Where the first pass is computed, and where its result is kept, decides the
# speed; the result stays the same to the bit. (matplotlib brings the photograph.)

# %%
import matplotlib.cbook
import matplotlib.pyplot as plt
import numpy as np

import tdsl as td

with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file:
    photograph = plt.imread(file)[:, :, 1].astype(np.uint16)
picture = np.tile(photograph, (3, 4))
picture.shape

# %%
h, w = td.size("h"), td.size("w")
inp = td.placeholder("inp", (h, w), "uint16")
edge = td.pad(inp, 1, mode="edge", name="edge")
rows = td.compute("rows", (h + 2, w), lambda y, x: (edge[y, x] + edge[y, x + 1] + edge[y, x + 2]) // 3)
blur = td.compute("blur", (h, w), lambda y, x: (rows[y, x] + rows[y + 1, x] + rows[y + 2, x]) // 3)

e = np.pad(picture, 1, mode="edge").astype(np.uint32)
first = (e[:, :-2] + e[:, 1:-1] + e[:, 2:]) // 3
want = ((first[:-2] + first[1:-1] + first[2:]) // 3).astype(np.uint16)


def check(s):
    kernel = td.build(s)
    assert np.array_equal(kernel(picture), want)
    seconds = kernel.time(picture).median_s
    print(f"{1e3 * seconds:.2f} ms")
    return s


# %% [markdown]
# **At root**: each stage whole, one after the other. Three arrays go through memory.

# %%
root = check(td.schedule(blur))
print(root)

# %% [markdown]
# **inline**: no storage at all, but every row is made three times.

# %%
inlined = check(td.schedule(blur).inline(edge).inline(rows))
print(inlined)

# %% [markdown]
# **compute_at**: what one strip of the blur reads is made inside the strip; two rows of each strip are made twice.

# %%
strips = td.schedule(blur).inline(edge).split(blur, "y", 32, into=("yo", "yi")).compute_at(rows, blur, "yo")
check(strips)
print(strips)
print(strips.storage(rows))

# %% [markdown]
# **store_at** further out than **compute_at**: kept for the strip, computed a row at a time. A row that an earlier
# iteration made is there already: each is made once.

# %%
slid = td.schedule(blur).inline(edge).split(blur, "y", 32, into=("yo", "yi"))
slid = slid.store_at(rows, blur, "yo").compute_at(rows, blur, "yi")
check(slid)
print(slid)

# %% [markdown]
# **fold**: only three rows are alive at a time, so a ring of that many holds them. What is the least that is legal?

# %%
least = slid.min_fold(rows, "y")
print(least)
try:
    slid.fold(rows, "y", least - 1)
except td.IllegalSchedule as error:
    print(error)

# %% [markdown]
# Together with lanes and threads:

# %%
sliding = slid.fold(rows, "y", 4).vectorize(rows, "x", 16).vectorize(blur, "x", 16).parallel(blur, "yo")
check(sliding)
print(sliding)

# %%
figure, axes = plt.subplots(1, 2, figsize=(8, 4))
axes[0].imshow(picture[:300, :300], cmap="gray")
axes[1].imshow(td.build(sliding)(picture)[:300, :300], cmap="gray")
for axis, title in zip(axes, ("before", "after"), strict=True):
    axis.set_title(title)
    axis.axis("off")
