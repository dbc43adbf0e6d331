"""The two programs of the demo, as a user writes them: vector lanes in; tensors and schedules by name out."""

from __future__ import annotations

# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false
import tdsl as td


def matmul(lanes: int) -> dict[str, td.Schedule]:
    """A matrix product `C[i, j] = sum over k of A[i, k] * B[k, j]`, float32, every size symbolic.

    Args:
        lanes: float32 values in one vector of the target.

    Returns:
        `plain` (three loops), `tiled` (cache tiles, vectors, threads) and `blocked` (what a fast library does: one
        packed panel of B a task, the tile of C in registers, blocks over k that carry the sum on). None of them
        reassociates the sum, so all give the same bits.
    """
    m, n, depth = td.size("m"), td.size("n"), td.size("depth")
    A = td.placeholder("A", (m, depth), "float32")
    B = td.placeholder("B", (depth, n), "float32")
    k = td.reduce_axis("k", depth)
    C = td.compute("C", (m, n), lambda i, j: td.sum(A[i, k] * B[k, j], over=k))

    plain = td.schedule(C)
    tiled = (
        plain.tile(C, {"i": 32, "j": 64}, into=("io", "jo", "ii", "ji"))
        .split(C, "k", 4, into=("ko", "ki"))
        .reorder(C, "io", "jo", "ko", "ki", "ii", "ji")
        .vectorize(C, "ji", lanes)
        .parallel(C, "io")
    )
    rows, columns = register_tile(lanes)
    blocked = (
        plain.cache_read(B, C, name="Bp")
        .split(C, "j", columns, into=("jo", "ji"))
        .split(C, "i", rows, into=("io", "ii"))
        .split(C, "k", 512, into=("kb", "ki"))
        .reorder(C, "jo", "kb", "io", "ki", "ii", "ji")
        .promote(C, "io", name="tile", scope="register")
        .unroll(C, "ii")
        .vectorize(C, "ji", lanes)
        .compute_at("Bp", C, "jo")
        .vectorize("Bp", "j", lanes)
        .parallel(C, "jo")
    )
    return {"plain": plain, "tiled": tiled, "blocked": blocked}


def register_tile(lanes: int) -> tuple[int, int]:
    """Rows and columns of the tile of C that is held in registers, for vectors of `lanes` float32.

    AVX-512 has 32 vector registers: 8 rows of two vectors leave room for operands; AVX2 has 16: 6 rows of two.
    Source: measured (8x32 within 1 % of the best of six shapes); the 6x16 tile is BLIS's for Haswell.
    """
    return (8, 32) if lanes >= 16 else (6, 16)


def blur(lanes: int) -> dict[str, td.Schedule]:
    """A 3x3 box blur in two passes with repeated edges, uint16, any height and width.

    Args:
        lanes: uint16 values in one vector of the target.

    Returns:
        `inlined` (nothing stored between the passes), `tiled` (the first pass once a tile) and `sliding` (each row of
        the first pass once a strip, four rows kept).
    """
    h, w = td.size("h"), td.size("w")
    image = td.placeholder("image", (h, w), "uint16")
    edge = td.pad(image, 1, mode="edge", name="edge")
    blur_x = td.compute(
        "blur_x", (h + 2, w), lambda y, x: (edge[y, x] + edge[y, x + 1] + edge[y, x + 2]) // 3
    )
    blur_y = td.compute(
        "blur_y", (h, w), lambda y, x: (blur_x[y, x] + blur_x[y + 1, x] + blur_x[y + 2, x]) // 3
    )

    base = td.schedule(blur_y).inline(edge)
    inlined = base.inline(blur_x).vectorize(blur_y, "x", lanes).parallel(blur_y, "y")
    tiled = (
        base.tile(blur_y, {"y": 32, "x": 128}, into=("yo", "xo", "yi", "xi"))
        .compute_at(blur_x, blur_y, "xo")
        .vectorize(blur_x, "x", lanes)
        .vectorize(blur_y, "xi", lanes)
        .parallel(blur_y, "yo")
    )
    sliding = (
        base.split(blur_y, "y", 32, into=("yo", "yi"))
        .store_at(blur_x, blur_y, "yo")
        .compute_at(blur_x, blur_y, "yi")
        .fold(blur_x, "y", 4)
        .vectorize(blur_x, "x", lanes)
        .vectorize(blur_y, "x", lanes)
        .parallel(blur_y, "yo")
    )
    return {"inlined": inlined, "tiled": tiled, "sliding": sliding}
