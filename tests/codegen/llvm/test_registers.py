"""Register buffers are values: accumulators through loops, branches and masks; odd lanes by shuffles; the GEMM tile."""

import re

import numpy as np
import pytest

import tdsl as td
from tdsl.codegen.llvm import emit
from tdsl.codegen.machine import assembly
from tdsl.dtypes import as_dtype
from tdsl.errors import InternalError, LimitError
from tdsl.target import Target
from tests.codegen.llvm.kernels import (
    Run,
    agree,
    allocate,
    array,
    block,
    build,
    count,
    kernel,
    load,
    local,
    loop,
    number,
    plus,
    size,
    store,
    times,
    when,
)

F = "float32"
M, N, K = size("m"), size("n"), size("k")
ZERO = build.constant(0.0, as_dtype(F))


def floats(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("f4")


def lanes_of(width, lanes, body, kind="unroll"):
    """`for jv (unrolled), for jl (lanes)`; body(j)."""
    j = plus(times(local("jv"), lanes), local("jl"))
    return loop("jv", 0, width // lanes, loop("jl", 0, lanes, body(j), "vector"), kind)


def packed_matmul(rows, columns, lanes):
    """Panels of A and B packed into scratch, a register tile over all of k, full tiles apart from ragged ones."""
    io, jo, i, j, k = (local(name) for name in ("io", "jo", "i", "j", "k"))
    tiles_i, tiles_j = build.ceildiv(M, rows), build.ceildiv(N, columns)
    row = plus(times(io, rows), i)
    pack_a = loop(
        "io",
        0,
        tiles_i,
        loop(
            "k",
            0,
            K,
            loop("i", 0, rows, when(build.lt(row, M), store("Ap", (io, k, i), load("A", F, row, k)))),
        ),
    )
    pack_b = loop(
        "jo",
        0,
        tiles_j,
        loop(
            "k",
            0,
            K,
            lanes_of(
                columns,
                lanes,
                lambda j: when(
                    build.lt(plus(times(jo, columns), j), N),
                    store("Bp", (jo, k, j), load("B", F, k, plus(times(jo, columns), j))),
                ),
            ),
        ),
    )

    def tile(full):
        acc = lambda j: load("acc", F, i, j)  # noqa: E731
        zero = loop("i", 0, rows, lanes_of(columns, lanes, lambda j: store("acc", (i, j), ZERO)), "unroll")
        step = loop(
            "k",
            0,
            K,
            loop(
                "i",
                0,
                rows,
                lanes_of(
                    columns,
                    lanes,
                    lambda j: store(
                        "acc",
                        (i, j),
                        build.fma(load("Ap", F, io, k, i), load("Bp", F, jo, k, j), acc(j), contracted=True),
                    ),
                ),
                "unroll",
            ),
        )

        def put(j):
            column = plus(times(jo, columns), j)
            write = store("C", (row, column), acc(j))
            return write if full else when(build.logical_and(build.lt(row, M), build.lt(column, N)), write)

        return allocate(
            "acc",
            F,
            (rows, columns),
            block(zero, step, loop("i", 0, rows, lanes_of(columns, lanes, put), "unroll")),
            "register",
        )

    is_full = build.logical_and(
        build.le(plus(times(io, rows), rows), M), build.le(plus(times(jo, columns), columns), N)
    )
    walk = loop("io", 0, tiles_i, loop("jo", 0, tiles_j, when(is_full, tile(True), tile(False))))
    body = allocate(
        "Ap", F, (tiles_i, K, rows), allocate("Bp", F, (tiles_j, K, columns), block(pack_a, pack_b, walk))
    )
    arguments = [array("A", F, (M, K)), array("B", F, (K, N)), array("C", F, (M, N), "output")]
    del j
    return kernel("packed", ["m", "n", "k"], arguments, body)


def plain(a, b):
    """The same chain of fused steps over k, element by element."""
    from tdsl.expr import constants

    rows = [[0.0] * b.shape[1] for _ in range(a.shape[0])]
    for i, row in enumerate(rows):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                row[j] = constants.fma(float(a[i, k]), float(b[k, j]), row[j], as_dtype(F))
    return np.array(rows, "f4")


@pytest.mark.parametrize("body", ["contiguous", "general"])
def test_packed_matmul(body):
    run = Run(packed_matmul(8, 32, 16), Target(), body)
    for m, n, k in ((19, 37, 5), (8, 32, 3), (1, 1, 1), (3, 65, 2)):
        a, b, c = floats(m, k), floats(k, n, seed=1), np.full((m, n), 77, "f4")
        assert run(a, b, c, m=m, n=n, k=k) == 0
        if Target().has_fma:
            assert np.array_equal(c, plain(a, b))
        else:
            np.testing.assert_allclose(c, a @ b, rtol=1e-5)


def innermost_loops(text):
    """The bodies of the loops of assembly text: label, lines, and a jump back to the label."""
    found = []
    for match in re.finditer(
        r"^(\.LBB\d+_\d+):[^\n]*\n((?:(?!^\.LBB).*\n)*?)\s+j\w+\s+\1\n", text, re.MULTILINE
    ):
        found.append(match.group(2))
    return found


def test_the_tile_of_avx512_is_pure_fma():
    """8 x 32 on AVX-512: 16 fused steps, 2 loads, 8 broadcasts out of memory, nothing spilled."""
    target = Target("cpu:x86-64-v4")
    text = assembly(emit(packed_matmul(8, 32, 16), target), target)
    tiles = [body for body in innermost_loops(text) if "vfmadd" in body]
    assert len(tiles) == 2  # the full and the ragged tile
    for body in tiles:
        assert count(r"vfmadd", body) == 16
        assert count(r"vbroadcastss\s+-?\d*\(", body) + count(r"1to16", body) == 8
        assert count(r"vmov[au]ps\s+-?\d*\(", body) == 2
        assert "%rsp" not in body


def test_the_tile_of_avx2_is_pure_fma():
    """6 x 16 on AVX2: 12 fused steps, 2 loads, 6 broadcasts."""
    target = Target("cpu:x86-64-v3")
    text = assembly(emit(packed_matmul(6, 16, 8), target), target)
    tiles = [body for body in innermost_loops(text) if "vfmadd" in body]
    assert tiles and all(count("vfmadd", body) == 12 and "%rsp" not in body for body in tiles)


def test_the_tile_of_aarch64_uses_lanes():
    target = Target("cpu:aarch64")
    text = assembly(emit(packed_matmul(8, 8, 4), target), target)
    assert count(r"fmla\tv\d+\.4s", text) >= 32


def test_halves_are_combined_by_shuffles():
    """A vectorised sum: 16 partial sums, then lane l with l + 8, l + 4, l + 2, l + 1."""
    k, lane = local("k"), local("l")
    part = lambda at: load("part", F, at)  # noqa: E731
    zero = loop("l", 0, 16, store("part", (lane,), ZERO), "vector")
    add = loop(
        "k",
        0,
        build.floordiv(N, number(16)),
        loop(
            "l",
            0,
            16,
            store("part", (lane,), build.add(part(lane), load("A", F, plus(times(k, 16), lane)))),
            "vector",
        ),
    )
    halves = [
        loop("l", 0, half, store("part", (lane,), build.add(part(lane), part(plus(lane, half)))), "vector")
        for half in (8, 4, 2, 1)
    ]
    body = allocate("part", F, (16,), block(zero, add, *halves, store("S", (), part(0))), "register")
    made = kernel("total", ["n"], [array("A", F, (N,)), array("S", F, (), "output")], body)
    _, text = agree(made, {"A": floats(48)}, {"n": 48}, bodies=("contiguous",))
    assert "alloca" not in text.split("@total.contiguous")[-1]


def test_registers_meet_after_branches_and_masks():
    """A running value that is replaced in one arm, and only in some lanes."""
    i, lane = local("i"), local("l")
    best = lambda at: load("best", F, at)  # noqa: E731
    value = load("A", F, i, lane)
    step = loop("l", 0, 8, when(build.lt(best(lane), value), store("best", (lane,), value)), "vector")
    walk = loop(
        "i",
        0,
        N,
        when(
            build.lt(i, M),
            step,
            loop("l", 0, 4, store("best", (lane,), build.unary("neg", best(plus(lane, 4)))), "vector"),
        ),
    )
    start = loop("l", 0, 8, store("best", (lane,), ZERO), "vector")
    out = loop("l", 0, 8, store("B", (lane,), best(lane)), "vector")
    made = kernel(
        "best",
        ["n", "m"],
        [array("A", F, (N, number(8))), array("B", F, (8,), "output")],
        allocate("best", F, (8,), block(start, walk, out), "register"),
    )
    for m in (0, 3, 9):
        agree(made, {"A": floats(6, 8)}, {"n": 6, "m": m})


def test_registers_of_scalars_and_of_bools():
    """A window of three values that rotates through a loop, and a flag."""
    i = local("i")
    w = lambda at: load("w", F, at)  # noqa: E731
    seen = load("seen", "bool", 0)
    start = block(
        store("w", (0,), ZERO), store("w", (1,), ZERO), store("seen", (0,), build.constant(False, seen.dtype))
    )
    step = block(
        store("w", (2,), load("A", F, i)),
        store("seen", (0,), build.logical_or(seen, build.lt(w(2), w(1)))),
        store("B", (i,), build.add(build.add(w(0), w(1)), w(2))),
        store("w", (0,), w(1)),
        store("w", (1,), w(2)),
    )
    made = kernel(
        "window",
        ["n"],
        [array("A", F, (N,)), array("B", F, (N,), "output"), array("S", "bool", (), "output")],
        allocate(
            "w",
            F,
            (3,),
            allocate(
                "seen", "bool", (1,), block(start, loop("i", 0, N, step), store("S", (), seen)), "register"
            ),
            "register",
        ),
    )
    agree(made, {"A": floats(9)}, {"n": 9})


def test_columns_of_a_register_tile():
    """A transpose through registers: written row by row, read column by column."""
    i, lane = local("i"), local("l")
    fill = loop("i", 0, 4, loop("l", 0, 4, store("t", (i, lane), load("A", F, i, lane)), "vector"), "unroll")
    out = loop("i", 0, 4, loop("l", 0, 4, store("B", (i, lane), load("t", F, lane, i)), "vector"), "unroll")
    back = loop("i", 0, 4, loop("l", 0, 4, store("t", (lane, i), load("A", F, i, lane)), "vector"), "unroll")
    again = loop("i", 0, 4, loop("l", 0, 4, store("C", (i, lane), load("t", F, i, lane)), "vector"), "unroll")
    made = kernel(
        "turn",
        [],
        [array("A", F, (4, 4)), array("B", F, (4, 4), "output"), array("C", F, (4, 4), "output")],
        allocate("t", F, (4, 4), block(fill, out, back, again), "register"),
    )
    want, _ = agree(made, {"A": floats(4, 4)})
    assert np.array_equal(want["B"], floats(4, 4).T)


def test_an_index_that_is_not_constant_names_the_buffer():
    i = local("i")
    made = kernel(
        "bad",
        ["n"],
        [array("B", F, (N,), "output")],
        allocate("acc", F, (4,), loop("i", 0, N, store("acc", (i,), ZERO)), "register"),
    )
    with pytest.raises(InternalError, match="an index of acc, which is in scope register, is not constant"):
        Run(made)


def test_too_many_registers_are_refused():
    made = kernel(
        "big",
        [],
        [array("B", F, (1,), "output")],
        allocate("acc", F, (128, 64), store("acc", (0, 0), ZERO), "register"),
    )
    with pytest.raises(LimitError) as caught:
        Run(made)
    assert caught.value.code == "L121" and "128 x 64" in str(caught.value)


def test_values_without_lanes_are_limited_more():
    """4096 elements are 256 values in lanes of 16, and 4096 one by one, which LLVM would take ten seconds to spill."""
    A = td.placeholder("A", (64, 64), "float32")
    B = td.compute("B", (64, 64), lambda i, j: A[i, j] * 2)
    s = td.schedule(td.compute("C", (64, 64), lambda i, j: B[i, j] + 1)).scope(B, "register")
    with pytest.raises(LimitError, match="B in scope register is 4096 values") as caught:
        td.build(s)
    assert caught.value.code == "L121" and "at most 512 fit" in str(caught.value)
