"""Subscripts `i * w + j` against enumeration: proved means that no small size escapes, an escape shown is the smallest.

Strides, offsets and conditions are drawn, over two and three axes; every answer is compared with all points of all small
sizes, counted in NumPy.
"""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import tdsl as td

h, w = td.size("h"), td.size("w")

STRIDES = {"w": lambda h, w: w, "h": lambda h, w: h, "w + 1": lambda h, w: w + 1, "2 * w": lambda h, w: 2 * w}
EXTENTS = {
    "h * w": lambda h, w: h * w,
    "h * (w + 1)": lambda h, w: h * (w + 1),
    "2 * h * w": lambda h, w: 2 * h * w,
    "h * w + 1": lambda h, w: h * w + 1,
}
ROWS = {"i": lambda i, h: i, "h - 1 - i": lambda i, h: h - 1 - i, "i + 1": lambda i, h: i + 1}
COLUMNS = {
    "j": lambda j, w: j,
    "w - 1 - j": lambda j, w: w - 1 - j,
    "j - 1": lambda j, w: j - 1,
    "j + 1": lambda j, w: j + 1,
}
GUARDS = {
    "none": lambda i, j, h, w: [],
    "row": lambda i, j, h, w: [i + 1 < h],
    "column": lambda i, j, h, w: [j > 0, j + 1 < w],
    "both": lambda i, j, h, w: [i + 1 < h, j > 0, j + 1 < w],
}
SEEN: Counter[str] = Counter()


def escapes(index, extent, guard, rows, columns):
    """The first point in order that leaves an array at some sizes; None where none does."""
    for i, j in product(range(rows), range(columns)):
        if all(guard(i, j, rows, columns)) and not 0 <= index(i, j, rows, columns) < extent(rows, columns):
            return i, j
    return None


@settings(max_examples=120)
@given(*(st.sampled_from(sorted(each)) for each in (STRIDES, EXTENTS, ROWS, COLUMNS, GUARDS)))
def test_answers_are_those_of_enumeration(stride, extent, row, column, guard):
    def index(i, j, h, w):
        return ROWS[row](i, h) * STRIDES[stride](h, w) + COLUMNS[column](j, w)

    limit, holds = EXTENTS[extent], GUARDS[guard]
    flat = td.placeholder("flat", (limit(h, w),))

    def body(i, j):
        read = flat[index(i, j, h, w)]
        conditions = holds(i, j, h, w)
        return td.where(td.all(*conditions), read, 0.0) if conditions else read

    bad = {
        sizes: point
        for sizes in sorted(product(range(9), repeat=2), key=lambda pair: (sum(pair), pair))
        if (point := escapes(index, limit, holds, *sizes)) is not None
    }
    try:
        td.compute("y", (h, w), body)
    except td.BoundsError as error:
        SEEN[error.code] += 1
        assert bad, error
        if error.code == "E303":  # not proved, and rightly: it escapes at larger sizes than are tried
            assert max(next(iter(bad))) > 4
        else:
            smallest = next(iter(bad))
            assert sum(error.sizes.values()) == sum(smallest), (error, bad)
            rows, columns = error.sizes["h"], error.sizes["w"]
            i, j = bad[rows, columns]
            assert error.index == (index(i, j, rows, columns),)
        return
    SEEN["proved"] += 1
    assert not bad, bad


def test_every_answer_was_seen():
    """Runs after the one above: where nothing is proved, or nothing refuted, it would test nothing."""
    assert min(SEEN["proved"], SEEN["E301"]) > 5 and SEEN["E303"] < 5, SEEN


@settings(max_examples=25)
@given(st.permutations("abc"), st.permutations("abc"), st.booleans())
def test_three_factors(order, places, horner):
    """`(a * b + b') * c + c'` with axes over the sizes in any order: in bounds exactly where the order is the same."""
    sizes = {name: td.size(name) for name in "abc"}
    flat = td.placeholder("flat", (sizes["a"] * sizes["b"] * sizes["c"],))
    x, y, z = order

    def body(*axes):
        at = dict(zip(places, axes, strict=True))
        if horner:
            return flat[(at[x] * sizes[y] + at[y]) * sizes[z] + at[z]]
        return flat[at[x] * (sizes[y] * sizes[z]) + at[y] * sizes[z] + at[z]]

    t = td.compute("t", tuple(sizes[name] for name in places), body, axes=("i", "j", "k"))
    numbers = {"a": 2, "b": 3, "c": 5}
    array = np.arange(30, dtype=np.float32)
    shape = [numbers[name] for name in order]
    want = array.reshape(shape).transpose([order.index(name) for name in places])
    f = td.build(td.schedule(t).parallel(t, "i").vectorize(t, "k", 4))
    assert np.array_equal(f(array, **numbers), want)
