"""Reads along clamped indices: one masked row and the edge elements, and only what lanes reach."""

import numpy as np
import pytest

from tdsl.codegen.llvm.entry import emit
from tdsl.codegen.machine import assembly
from tdsl.target import Target
from tests.codegen.llvm.kernels import (
    Run,
    agree,
    array,
    array_at_end_of_page,
    build,
    clamp,
    clamped,
    count,
    floats,
    kernel,
    load,
    number,
    plus,
    rows,
    runnable_targets,
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


@pytest.mark.parametrize("n", [1, 15, 16, 40])
@pytest.mark.parametrize("dtype", ["uint16", "uint8", "bool"])
def test_small_elements_where_no_machine_word_has_a_mask_for_them(dtype, n):
    """Below AVX-512 a masked load of 16-bit elements is a branch a lane: the lanes of an edge are loaded one by one."""
    made = clamped(dtype, 16) if dtype != "bool" else clamped_flags(16)
    a = (np.arange(n) * 7 % 120).astype(dtype)
    agree(made, {"A": a}, {"n": n}, targets=runnable_targets())


def clamped_flags(lanes):
    """`B[x] = A[max(x - 1, 0)]` on bools."""
    n = size("n")

    def body(x):
        return store("B", (x,), load("A", "bool", clamp(plus(x, -1), n)))

    arguments = [array("A", "bool", (n,)), array("B", "bool", (n,), "output")]
    return kernel("flags", ["n"], arguments, rows(lanes, body), [build.ge(n, build.ONE)])


def test_edges_are_little_code_everywhere():
    for level in ("x86-64", "x86-64-v3", "aarch64"):
        target = Target(f"cpu:{level}")
        assert len(assembly(emit(clamped("uint16", 16), target), target).splitlines()) < 420, level
