"""Reads along clamped indices: one masked row and the edge elements, and only what lanes reach."""

import numpy as np
import pytest

from tests.codegen.llvm.kernels import (
    Run,
    agree,
    array,
    array_at_end_of_page,
    build,
    clamped,
    count,
    floats,
    kernel,
    load,
    number,
    plus,
    rows,
    size,
    store,
)

F = "float32"
N, M = size("n"), size("m")


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_clamped_edges(dtype):
    for n in (1, 2, 7, 8, 9, 33):
        data = np.arange(1, n + 1).astype(dtype)
        want, text = agree(clamped(dtype, 8), {"A": data}, {"n": n})
        padded = np.pad(data, 2, mode="edge")
        assert np.array_equal(want["B"], padded[1 : n + 1] + padded[4 : n + 4])


def test_clamped_rows_are_not_gathered():
    text = Run(clamped("float32", 16)).text
    assert "gather" not in text and "masked.load" in text
    assert count("load <16 x float>, ptr", text) == 2, "rows inside the array are read plainly"


@pytest.mark.parametrize(
    "bounds",
    [
        lambda x, n: build.maximum(build.minimum(x, build.sub(n, build.ONE)), build.ZERO),
        lambda x, n: build.minimum(build.maximum(x, number(-7)), build.sub(n, build.ONE)),
        lambda x, n: build.maximum(build.minimum(x, plus(n, 5)), build.ZERO),
    ],
    ids=["other order", "loose below", "loose above"],
)
def test_clamped_only_reads_what_lanes_reach(bounds):
    """A loose bound would lead outside of the array if its element were read for lanes that never get there."""
    body = rows(8, lambda x: store("B", (x,), load("A", F, bounds(x, N))))
    made = kernel("loose", ["n"], [array("A", F, (N,)), array("B", F, (N,), "output")], body)
    page = array_at_end_of_page(13)
    page[:] = floats(13)
    agree(made, {"A": page}, {"n": 13})
