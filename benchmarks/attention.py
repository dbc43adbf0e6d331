"""Flash attention beside PyTorch's, 8 heads x 512 x 64 float32: the program of 08 as it stands, and in tiles of rows.

Both are one recurrence over blocks of keys whose stages share its loop; nothing of size rows x keys is stored. GFLOP/s
counts the two products, 4 h n m d.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

import tdsl as td
from benchmarks import peers, record
from benchmarks.timing import interleaved

DEPTH = 64


class Attention(NamedTuple):
    """The output and the stages that schedules name."""

    o: td.Tensor
    k: td.Tensor
    stages: dict[str, td.Tensor]


def declare(block: int) -> Attention:
    """Q (h, n, 64), k and v (h, blocks * block, 64), o (h, n, 64), all float32."""
    h, n, blocks = td.size("h"), td.size("n"), td.size("blocks", min=1)
    m, shape = blocks * block, (h, n, blocks)
    q = td.placeholder("q", (h, n, DEPTH), "float32")
    k, v = (td.placeholder(name, (h, m, DEPTH), "float32") for name in ("k", "v"))
    e = td.reduce_axis("e", DEPTH)
    j1, j2, j3 = (td.reduce_axis(name, block) for name in ("j1", "j2", "j3"))
    score = td.compute(
        "score", (*shape, block), lambda b, i, t, j: td.sum(q[b, i, e] * k[b, t * block + j, e], over=e) / 8.0
    )
    high = td.compute("high", shape, lambda b, i, t: td.max(score[b, i, t, j1], over=j1))
    top = td.recurrence("top", shape, lambda top, b, i, t: td.where(
        t == 0, high[b, i, t], td.maximum(top[b, i, t - 1], high[b, i, t])))  # fmt: skip
    p = td.compute("p", (*shape, block), lambda b, i, t, j: td.exp(score[b, i, t, j] - top[b, i, t]))
    part = td.compute("part", shape, lambda b, i, t: td.sum(p[b, i, t, j2], over=j2))
    keep = td.compute(
        "keep", shape, lambda b, i, t: td.where(t == 0, 0.0, td.exp(top[b, i, t - 1] - top[b, i, t]))
    )
    total = td.recurrence("total", shape, lambda total, b, i, t: td.where(
        t == 0, 0.0, total[b, i, t - 1]) * keep[b, i, t] + part[b, i, t])  # fmt: skip
    pv = td.compute(
        "pv", (*shape, DEPTH), lambda b, i, t, c: td.sum(p[b, i, t, j3] * v[b, t * block + j3, c], over=j3)
    )
    acc = td.recurrence("acc", (*shape, DEPTH), lambda acc, b, i, t, c: td.where(
        t == 0, 0.0, acc[b, i, t - 1, c]) * keep[b, i, t] + pv[b, i, t, c])  # fmt: skip
    o = td.compute("o", (h, n, DEPTH), lambda b, i, c: acc[b, i, blocks - 1, c] / total[b, i, blocks - 1])
    found = (score, high, top, p, part, keep, total, pv, acc)
    return Attention(o, k, {stage.name: stage for stage in found})


def one_walk(s: td.Schedule, loop: str) -> td.Schedule:
    """Everything made inside one walk over the blocks, in a loop of the output."""
    s = s.compute_at("acc", "o", loop).compute_with("total", "acc", "t")
    s = s.compute_at(("pv", "part", "keep", "p"), "acc", "t")
    s = s.compute_with("top", "acc", "t").compute_at(("high", "score"), "acc", "t")
    return s.fold("top", "t", 2).fold("total", "t", 2).fold("acc", "t", 2)


def row_by_row(lanes: int = 16) -> td.Schedule:
    """The schedule of tests/acceptance/08_flash_attention.py."""
    o = declare(32).o
    s = td.schedule(o).fuse(o, "b", "i", into="row").parallel(o, "row").vectorize(o, "c", lanes)
    s = one_walk(s, "row").vectorize("acc", "c", lanes)
    return s.vectorize("p", "j", lanes).vectorize("pv", "c", lanes)


def in_tiles(rows: int = 8, block: int = 64, lanes: int = 8) -> td.Schedule:
    """Tiles of rows share each block of keys, which are transposed once; both products run in registers."""
    made = declare(block)
    s = td.schedule(made.o).cache_read(made.k, "score", name="kt")
    s = (
        s.split("o", "i", rows)
        .fuse("o", "b", "io", into="rows")
        .parallel("o", "rows")
        .vectorize("o", "c", lanes)
    )
    s = one_walk(s.reorder("acc", "t", "i", "c"), "rows").vectorize("acc", "c", lanes)
    s = s.layout("kt", lambda b, j, e: (b, j // block, e, j % block))
    s = s.split("kt", s.axes("kt")[1], block).parallel("kt", "b")
    for stage, column, term in (("score", "j", "e"), ("pv", "c", "j3")):
        s = s.split(stage, column, 2 * lanes, into=("outer", "inner"))
        s = s.reorder(stage, "t", "outer", term, "i", "inner").vectorize(stage, "inner", lanes)
        s = s.unroll(stage, "i").unroll(stage, "inner")
    return s.vectorize("p", "j", lanes).vectorize("high", "j1", lanes).vectorize("part", "j2", lanes)


def measure(threads: int, quick: bool) -> Iterator[record.Line]:
    """Medians of interleaved rounds; every result is compared with NumPy's in float64."""
    heads, rows, keys = (1, 40, 128) if quick else (8, 512, 512)
    rng = np.random.default_rng(0)
    q = rng.standard_normal((heads, rows, DEPTH), dtype=np.float32)
    k, v = (rng.standard_normal((heads, keys, DEPTH), dtype=np.float32) for _ in range(2))
    want = numpy_attention(q, k, v)
    calls: dict[str, Callable[[], np.ndarray]] = {}
    for name, schedule in (("tdsl row by row (08)", row_by_row()), ("tdsl tiles of rows", in_tiles())):
        kernel, out = td.build(schedule), np.empty_like(q)
        calls[name] = lambda kernel=kernel, out=out: kernel(q, k, v, out=out)
    case = f"{heads}x{rows}x{keys}x{DEPTH}"
    torch = peers.find("torch")
    if torch is None:
        yield record.missing("attention", case, "PyTorch", "not installed: pip install torch")
    else:
        calls[f"PyTorch {torch.__version__}"] = peers.torch_attention(torch, threads, q, k, v)
    right = {name: bool(np.allclose(call(), want, rtol=2e-5, atol=2e-5)) for name, call in calls.items()}
    for who, seconds in interleaved(calls, rounds=3 if quick else 15, seconds=0.05).items():
        yield record.row(
            "attention", case, who, seconds=seconds, work=4.0 * heads * rows * keys * DEPTH, unit="FLOP",
            threads=threads, peer=not who.startswith("tdsl"), right=right[who], note=peers.pinned(),
        )  # fmt: skip


def numpy_attention(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    """softmax(q kᵀ / 8) v a head, in float64."""
    scores = np.einsum("hid,hjd->hij", q.astype(np.float64), k) / 8
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return np.einsum("hij,hjd->hid", weights / weights.sum(-1, keepdims=True), v)
