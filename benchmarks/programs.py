"""The measured programs, as users write them: sizes and vector lanes in; the output tensor and schedules out.

Declarations and schedules are those of tests/acceptance/01_matmul.py, 02_blur.py, 03_conv2d.py and 04_softmax.py; only
sizes and, below AVX-512, the register tile differ.
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


def convolution(filters: str = "co") -> td.Schedule:
    """03: strided and padded, with bias and maximum fused in; `filters` names a size."""
    stride, pad = 2, 1
    n, ci, hi, wi, co, kh, kw = (td.size(name) for name in ("n", "ci", "hi", "wi", filters, "kh", "kw"))
    x = td.placeholder("x", (n, ci, hi, wi))
    wt = td.placeholder("wt", (co, ci, kh, kw))
    bias = td.placeholder("bias", (co,))

    def padded(b: td.Expr, c: td.Expr, y: td.Expr, z: td.Expr) -> td.Expr:
        inside = td.all(y >= pad, y < hi + pad, z >= pad, z < wi + pad)
        return td.where(inside, x[b, c, y - pad, z - pad], 0.0)

    xp = td.compute("xp", (n, ci, hi + 2 * pad, wi + 2 * pad), padded)
    rc, ry, rx = td.reduce_axis("rc", ci), td.reduce_axis("ry", kh), td.reduce_axis("rx", kw)
    oh, ow = (hi + 2 * pad - kh) // stride + 1, (wi + 2 * pad - kw) // stride + 1

    def product(b: td.Expr, o: td.Expr, y: td.Expr, z: td.Expr) -> td.Expr:
        term = xp[b, rc, y * stride + ry, z * stride + rx] * wt[o, rc, ry, rx]
        return td.sum(term, over=(rc, ry, rx))

    conv = td.compute("conv", (n, co, oh, ow), product)
    out = td.compute("out", (n, co, oh, ow), lambda b, o, y, z: td.maximum(conv[b, o, y, z] + bias[o], 0.0))
    return (
        td.schedule(out)
        .inline(xp)
        .tile(out, {"o": 8, "z": 16}, into=("oo", "zo", "oi", "zi"))
        .reorder(out, "b", "oo", "y", "zo", "oi", "zi")
        .fuse(out, "b", "oo", into="t")
        .parallel(out, "t")
        .compute_at(conv, out, "zo")
        .reorder(conv, "b", "y", "rc", "ry", "rx", "o", "z")
        .vectorize(conv, "z", 16)
        .vectorize(out, "zi", 16)
    )


def softmax(columns: str = "m") -> td.Schedule:
    """04: three passes over a row that stays in cache; `columns` names a size."""
    n, m = td.size("n"), td.size(columns)
    x = td.placeholder("x", (n, m))
    k = td.reduce_axis("k", m)
    top = td.compute("top", (n,), lambda i: td.max(x[i, k], over=k))
    e = td.compute("e", (n, m), lambda i, j: td.exp(x[i, j] - top[i]))
    total = td.compute("total", (n,), lambda i: td.sum(e[i, k], over=k))
    y = td.compute("y", (n, m), lambda i, j: e[i, j] / total[i])
    return (
        td.schedule(y)
        .parallel(y, "i")
        .compute_at((top, e, total), y, "i")
        .vectorize(y, "j", 16)
        .vectorize(e, "j", 16)
        .vectorize(top, "k", 16)
        .vectorize(total, "k", 16)
    )
