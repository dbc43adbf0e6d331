"""The measured programs, as users write them: sizes and vector lanes in; the output tensor and schedules out.

Declarations and schedules are those of tests/acceptance/01_matmul.py and 02_blur.py; only sizes and, below AVX-512,
the register tile differ.
"""

from __future__ import annotations

import tdsl as td


def matmul(m: int, n: int, depth: int, lanes: int) -> dict[str, td.Schedule]:
    """`plain`, `tiled`, `packed` and `blocked` of 01. On AVX-512 (16 lanes) the tile is 8x32, below it 6x16."""
    A = td.placeholder("A", (m, depth), "float32")
    B = td.placeholder("B", (depth, n), "float32")
    k = td.reduce_axis("k", depth)
    C = td.compute("C", (m, n), lambda i, j: td.sum(A[i, k] * B[k, j], over=k))
    rows, columns = (8, 32) if lanes >= 16 else (6, 16)
    plain = td.schedule(C)
    tiled = (
        plain.tile(C, {"i": 32, "j": 64}, into=("io", "jo", "ii", "ji"))
        .split(C, "k", 4, into=("ko", "ki"))
        .reorder(C, "io", "jo", "ko", "ki", "ii", "ji")
        .vectorize(C, "ji", lanes)
        .parallel(C, "io")
    )
    packed = (
        plain.cache_read(A, C, name="Ap")
        .cache_read(B, C, name="Bp")
        .cache_write(C, name="acc", scope="register")
        .tile(C, {"i": rows, "j": columns}, into=("io", "jo", "ii", "ji"))
        .fuse(C, "io", "jo", into="t")
        .parallel(C, "t")
        .compute_at("acc", C, "t")
        .reorder("acc", "k", "i", "j")
        .unroll("acc", "i")
        .vectorize("acc", "j", lanes)
        .unroll(C, "ii")
        .vectorize(C, "ji", lanes)
        .layout("Ap", lambda i, k: (i // rows, k, i % rows))
        .split("Ap", "i", rows, into=("io", "ii"))
        .reorder("Ap", "io", "k", "ii")
        .parallel("Ap", "io")
        .layout("Bp", lambda k, j: (j // columns, k, j % columns))
        .split("Bp", "j", columns, into=("jo", "ji"))
        .reorder("Bp", "jo", "k", "ji")
        .vectorize("Bp", "ji", lanes)
        .parallel("Bp", "jo")
    )
    blocked = (
        plain.cache_read(B, C, name="Bp")
        .split(C, "j", columns, into=("jo", "ji"))
        .split(C, "i", rows, into=("io", "ii"))
        .split(C, "k", 128, into=("kb", "ki"))
        .reorder(C, "jo", "kb", "io", "ki", "ii", "ji")
        .promote(C, "io", name="tile", scope="register")
        .unroll(C, "ii")
        .vectorize(C, "ji", lanes)
        .compute_at("Bp", C, "jo")
        .vectorize("Bp", "j", lanes)
        .parallel(C, "jo")
    )
    return {"plain": plain, "tiled": tiled, "packed": packed, "blocked": blocked}


def sliding_blur() -> td.Schedule:
    """`sliding` of 02."""
    h, w = td.size("h"), td.size("w")
    inp = td.placeholder("inp", (h, w), "uint16")
    edge = td.pad(inp, 1, mode="edge", name="edge")
    blur_x = td.compute(
        "blur_x", (h + 2, w), lambda y, x: (edge[y, x] + edge[y, x + 1] + edge[y, x + 2]) // 3
    )
    blur_y = td.compute(
        "blur_y", (h, w), lambda y, x: (blur_x[y, x] + blur_x[y + 1, x] + blur_x[y + 2, x]) // 3
    )
    return (
        td.schedule(blur_y)
        .inline(edge)
        .split(blur_y, "y", 32, into=("yo", "yi"))
        .store_at(blur_x, blur_y, "yo")
        .compute_at(blur_x, blur_y, "yi")
        .fold(blur_x, "y", 4)
        .vectorize(blur_x, "x", 16)
        .vectorize(blur_y, "x", 16)
        .parallel(blur_y, "yo")
    )


def scale_add(split: bool) -> td.Schedule:
    """`z = 3 x + y`, float32, any size; split by 16 and vectorised, or the two loops as declared."""
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (n, m), "float32")
    y = td.placeholder("y", (n, m), "float32")
    z = td.compute("z", (n, m), lambda i, j: 3.0 * x[i, j] + y[i, j])
    s = td.schedule(z)
    return s.split(z, "j", 16, into=("jo", "ji")).vectorize(z, "ji", 16) if split else s
