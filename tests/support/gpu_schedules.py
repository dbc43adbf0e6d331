"""Schedules for a GPU that tests share: by name, with the sizes at which they are run; each small enough to emulate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

import tdsl as td


@dataclass(frozen=True)
class Sample:
    """A schedule bound to a GPU, the plain schedule of the same tensors, and sizes to run it at."""

    scheduled: td.Schedule
    plain: td.Schedule
    sizes: tuple[dict[str, int], ...] = ({},)
    params: dict[str, object] = field(default_factory=dict)
    exact: bool = True
    """Whether the schedule keeps the order of all terms, so that results are equal bit for bit."""

    def arrays(self, sizes: dict[str, int], seed: int = 0) -> list[np.ndarray]:
        """Inputs of the kernel's dtypes and shapes."""
        rng = np.random.default_rng(seed)
        interface = td.build(self.plain).interface
        found = []
        for one in interface.inputs:
            if not hasattr(one, "extents"):
                found.append(self.params[one.name])
                continue
            shape = tuple(extent.value(sizes) for extent in one.extents)
            if one.value_range is not None:
                low, high = (end.value(sizes) for end in one.value_range)
                found.append(rng.integers(low, high, shape).astype(one.dtype))
                continue
            found.append(_random(rng, shape, one.dtype) if self.exact else _whole(rng, shape, one.dtype))
        return found


def _random(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    kind = np.dtype("float32" if dtype == "bfloat16" else dtype)
    if kind.kind == "f":
        return rng.standard_normal(shape).astype(kind)
    if kind.kind == "b":
        return rng.random(shape) < 0.5
    return rng.integers(-50 if kind.kind == "i" else 0, 50, shape).astype(kind)


def _whole(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Whole numbers, whose sums are exact in any order."""
    return rng.integers(-8, 9, shape).astype(dtype)


SAMPLES: dict[str, Callable[[], Sample]] = {}


def sample(make: Callable[[], Sample]) -> Callable[[], Sample]:
    """Registers a sample under its function's name."""
    SAMPLES[make.__name__] = make
    return make


def _matmul(m, n, p, dtype="float32"):
    A, B = td.placeholder("A", (m, p), dtype), td.placeholder("B", (p, n), dtype)
    k = td.reduce_axis("k", p)
    return A, B, td.compute("C", (m, n), lambda i, j: td.sum(A[i, k] * B[k, j], over=k))


@sample
def scaled_vector() -> Sample:
    """One element a thread, a ragged last block."""
    n = td.size("n")
    x, a = td.placeholder("x", (n,)), td.param("a")
    y = td.compute("y", (n,), lambda i: a * x[i] + 1.0)
    s = td.schedule(y).split(y, "i", 128).bind(y, {"io": "block.x", "ii": "thread.x"})
    return Sample(s, td.schedule(y), ({"n": 1}, {"n": 128}, {"n": 300}), {"a": 1.5})


@sample
def four_a_thread() -> Sample:
    """Accesses of 16 bytes where rows allow."""
    m, n = td.size("m"), td.size("n")
    x = td.placeholder("x", (m, n))
    y = td.compute("y", (m, n), lambda i, j: td.maximum(x[i, j], 0.0) * 0.5)
    s = (td.schedule(y).split(y, "j", 32).vectorize(y, "ji", 4)
         .bind(y, {"i": "block.y", "jo": "block.x", "ji": "thread.x"}))  # fmt: skip
    return Sample(s, td.schedule(y), ({"m": 3, "n": 64}, {"m": 2, "n": 37}))


@sample
def shared_tile_matmul() -> Sample:
    """Tiles of both operands in shared memory, a 4 x 4 tile of sums in registers."""
    A, B, C = _matmul(128, 64, 48)
    s = (td.schedule(C).cache_write(C, name="acc", scope="register")
         .tile(C, {"i": 64, "j": 64}, into=("bi", "bj", "i1", "j1"))
         .tile(C, {"i1": 4, "j1": 4}, into=("ti", "tj", "ii", "ji"))
         .bind(C, {"bi": "block.y", "bj": "block.x", "ti": "thread.y", "tj": "thread.x"})
         .vectorize(C, "ji", 4).compute_at("acc", C, "tj")
         .split("acc", "k", 16, into=("ko", "ki")).reorder("acc", "ko", "ki", "i", "j")
         .unroll("acc", "i").unroll("acc", "j")
         .cache_read(A, "acc", name="As", scope="shared").compute_at("As", "acc", "ko").cooperate("As", vector=4)
         .cache_read(B, "acc", name="Bs", scope="shared").compute_at("Bs", "acc", "ko").cooperate("Bs", vector=4))  # fmt: skip
    return Sample(s, td.schedule(C))


@sample
def ragged_matmul() -> Sample:
    """The same directives on sizes that nothing divides."""
    m, n, p = td.size("m"), td.size("n"), td.size("p")
    _, _, C = _matmul(m, n, p)
    s = td.Schedule.from_json(shared_tile_matmul().scheduled.to_json(), C)
    return Sample(
        s,
        td.schedule(C),
        ({"m": 65, "n": 33, "p": 17}, {"m": 64, "n": 64, "p": 32}, {"m": 1, "n": 1, "p": 1}),
    )


@sample
def row_sums() -> Sample:
    """A thread a row."""
    m, n = td.size("m"), td.size("n")
    x = td.placeholder("x", (m, n))
    k = td.reduce_axis("k", n)
    y = td.compute("y", (m,), lambda i: td.sum(x[i, k], over=k))
    s = td.schedule(y).split(y, "i", 32).bind(y, {"io": "block.x", "ii": "thread.x"})
    return Sample(s, td.schedule(y), ({"m": 40, "n": 7}, {"m": 1, "n": 0}))


@sample
def shared_stencil() -> Sample:
    """A stage between in shared memory: the region is what all threads of the block need."""
    n = td.size("n")
    x = td.placeholder("x", (n + 4,))
    a = td.compute("a", (n + 2,), lambda i: x[i] + x[i + 1] + x[i + 2])
    b = td.compute("b", (n,), lambda i: a[i] * a[i + 2])
    s = (td.schedule(b).split(b, "i", 64).bind(b, {"io": "block.x", "ii": "thread.x"})
         .compute_at(a, b, "ii").scope(a, "shared").cooperate(a))  # fmt: skip
    return Sample(s, td.schedule(b), ({"n": 1}, {"n": 64}, {"n": 150}))


@sample
def bound_producer() -> Sample:
    """A producer whose own loops are the threads: barriers between it and its readers."""
    x = td.placeholder("x", (8, 96))
    a = td.compute("a", (8, 96), lambda i, j: x[i, j] * 2.0)
    b = td.compute("b", (8, 96), lambda i, j: a[i, 95 - j] + 1.0)
    s = (td.schedule(b).bind(b, {"i": "block.x", "j": "thread.x"}).compute_at(a, b, "i")
         .scope(a, "shared").bind(a, {"j": "thread.x"}))  # fmt: skip
    return Sample(s, td.schedule(b))


@sample
def two_kernels() -> Sample:
    """Stages bound apart: an intermediate on the device."""
    m, n = td.size("m"), td.size("n")
    x = td.placeholder("x", (m, n))
    a = td.compute("a", (m, n), lambda i, j: x[i, j] * 3.0)
    b = td.compute("b", (n, m), lambda i, j: a[j, i] - 1.0)
    s = (td.schedule(b).split(b, "j", 16).bind(b, {"i": "block.x", "jo": "block.y", "ji": "thread.x"})
         .split(a, "j", 32).bind(a, {"i": "block.x", "jo": "block.y", "ji": "thread.x"}))  # fmt: skip
    return Sample(s, td.schedule(b), ({"m": 5, "n": 40}, {"m": 17, "n": 1}))


@sample
def transposed_tiles() -> Sample:
    """A transpose through a shared tile."""
    m, n = td.size("m"), td.size("n")
    x = td.placeholder("x", (m, n))
    y = td.compute("y", (n, m), lambda i, j: x[j, i])
    s = (td.schedule(y).tile(y, {"i": 32, "j": 32}, into=("bi", "bj", "ti", "tj")).split(y, "ti", 8, into=("to", "tt"))
         .reorder(y, "bi", "bj", "tt", "tj", "to")
         .bind(y, {"bi": "block.y", "bj": "block.x", "tt": "thread.y", "tj": "thread.x"})
         .cache_read(x, y, name="xs", scope="shared").compute_at("xs", y, "tj").cooperate("xs"))  # fmt: skip
    return Sample(s, td.schedule(y), ({"m": 33, "n": 65}, {"m": 64, "n": 32}))


@sample
def fused_grid() -> Sample:
    """A fused loop over blocks, and a fused one over threads."""
    x = td.placeholder("x", (6, 10, 8, 4), "int32")
    y = td.compute("y", (6, 10, 8, 4), lambda a, b, c, d: x[a, b, c, d] * 3 + a * b - d)
    s = (td.schedule(y).fuse(y, "a", "b", into="ab").fuse(y, "c", "d", into="cd")
         .bind(y, {"ab": "block.x", "cd": "thread.x"}))  # fmt: skip
    return Sample(s, td.schedule(y))


@sample
def short_threads() -> Sample:
    """Thread loops of two lengths in one block: the shorter one is predicated."""
    x = td.placeholder("x", (4, 20))
    a = td.compute("a", (4, 24), lambda i, j: td.where(j < 20, x[i, td.minimum(j, 19)], 0.0))
    b = td.compute("b", (4, 20), lambda i, j: a[i, j] + a[i, j + 4])
    s = (td.schedule(b).bind(b, {"i": "block.x", "j": "thread.x"}).compute_at(a, b, "i").scope(a, "shared")
         .bind(a, {"j": "thread.x"}))  # fmt: skip
    return Sample(s, td.schedule(b))


@sample
def softmax_rows() -> Sample:
    """A row a block: partial results in shared memory between passes."""
    m, n = 5, 100
    x = td.placeholder("x", (m, n))
    k, l = td.reduce_axis("k", n), td.reduce_axis("l", n)
    top = td.compute("top", (m,), lambda i: td.max(x[i, k], over=k))
    e = td.compute("e", (m, n), lambda i, j: td.exp(x[i, j] - top[i]))
    total = td.compute("total", (m,), lambda i: td.sum(e[i, l], over=l))
    y = td.compute("y", (m, n), lambda i, j: e[i, j] / total[i])
    s = (td.schedule(y).split(y, "j", 32).bind(y, {"i": "block.x", "ji": "thread.x"})
         .compute_at((top, e, total), y, "i").scope(e, "shared").scope(top, "shared").scope(total, "shared")
         .cooperate(e))  # fmt: skip
    return Sample(s, td.schedule(y))


@sample
def half_precision() -> Sample:
    """float16 elements, rounded after every operation."""
    x, w = td.placeholder("x", (4, 64), "float16"), td.placeholder("w", (64,), "float16")
    y = td.compute("y", (4, 64), lambda i, j: x[i, j] * w[j] + w[63 - j])
    s = td.schedule(y).vectorize(y, "j", 8).bind(y, {"i": "block.x", "j": "thread.x"})
    return Sample(s, td.schedule(y))


@sample
def integers_of_all_kinds() -> Sample:
    """Wrapping, flooring, shifting."""
    a, b = td.placeholder("a", (70,), "int32"), td.placeholder("b", (70,), "int32")
    c = td.placeholder("c", (70,), "uint8")
    y = td.compute(
        "y", (70,), lambda i: (a[i] * 1000003) // b[i] + (a[i] % b[i]) + td.cast(c[i] + c[i], "int32")
    )
    s = td.schedule(y).bind(y, {"i": "thread.x"})
    return Sample(s, td.schedule(y))


@sample
def doubles_in_steps() -> Sample:
    """float64 and a loop inside each thread."""
    n = td.size("n")
    x = td.placeholder("x", (n, 6), "float64")
    y = td.compute("y", (n, 6), lambda i, j: td.sqrt(td.abs(x[i, j])) - td.floor(x[i, j]))
    s = td.schedule(y).split(y, "i", 48).bind(y, {"io": "block.x", "ii": "thread.x"})
    return Sample(s, td.schedule(y), ({"n": 50},))


@sample
def copy_in_parts() -> Sample:
    """A shared tile with an edge, made in parts that do not divide it: each part asks what is left."""
    m, n = td.size("m"), td.size("n")
    x = td.placeholder("x", (m + 2, n + 2))
    rows = lambda i, j: x[i, j] + x[i, j + 1] + x[i, j + 2]  # noqa: E731
    y = td.compute("y", (m, n), lambda i, j: (rows(i, j) + rows(i + 1, j) + rows(i + 2, j)) * (1 / 9))
    s = (td.schedule(y).tile(y, {"i": 8, "j": 32}, into=("bi", "bj", "ti", "tj"))
         .bind(y, {"bi": "block.y", "bj": "block.x", "ti": "thread.y", "tj": "thread.x"})
         .cache_read(x, y, name="xs", scope="shared").compute_at("xs", y, "tj"))  # fmt: skip
    s = (s.split("xs", "d0", 8, into=("r", "ry")).split("xs", "d1", 32, into=("c", "cx"))
         .reorder("xs", "c", "r", "ry", "cx").bind("xs", {"ry": "thread.y", "cx": "thread.x"}))  # fmt: skip
    return Sample(s, td.schedule(y), ({"m": 9, "n": 40}, {"m": 8, "n": 32}, {"m": 1, "n": 1}))


@sample
def interleaved_tiles() -> Sample:
    """`td.schedules.gemm_tiles`: a thread's results lie a row of threads apart, in groups."""
    _, _, C = _matmul(32, 32, 24)
    s = td.schedules.gemm_tiles(
        td.schedule(C), C, rows=16, columns=16, depth=8, thread_rows=4, thread_columns=8
    )
    return Sample(s, td.schedule(C))


@sample
def interleaved_batch() -> Sample:
    """The same on symbolic sizes, the left operand transposed, a batch of them."""
    b, m, n, p = (td.size(name) for name in "bmnp")
    A, B = td.placeholder("A", (b, p, m)), td.placeholder("B", (b, p, n))
    k = td.reduce_axis("k", p)
    C = td.compute("C", (b, m, n), lambda c, i, j: td.sum(A[c, k, i] * B[c, k, j], over=k))
    s = td.schedules.gemm_tiles(
        td.schedule(C), C, rows=16, columns=16, depth=4, thread_rows=8, thread_columns=4
    )
    return Sample(s, td.schedule(C), ({"b": 2, "m": 16, "n": 32, "p": 8}, {"b": 3, "m": 17, "n": 5, "p": 6}))


@sample
def turned_tiles() -> Sample:
    """Rows by rows: vectors of one operand are scattered into shared memory, where its columns are neighbours."""
    m, n, p = td.size("m"), td.size("n"), td.size("p")
    A, B = td.placeholder("A", (m, p)), td.placeholder("B", (n, p))
    k = td.reduce_axis("k", p)
    C = td.compute("C", (m, n), lambda i, j: td.sum(A[i, k] * B[j, k], over=k))
    s = td.schedules.gemm_tiles(
        td.schedule(C), C, rows=16, columns=16, depth=8, thread_rows=4, thread_columns=4
    )
    return Sample(s, td.schedule(C), ({"m": 16, "n": 16, "p": 16}, {"m": 5, "n": 19, "p": 11}))


@sample
def row_sums_in_parts() -> Sample:
    """A warp a row: partial sums in shared memory, whose rows are padded."""
    m, n = td.size("m"), td.size("n")
    x = td.placeholder("x", (m, n))
    k = td.reduce_axis("k", n)
    y = td.compute("y", (m,), lambda i: td.sum(x[i, k], over=k))
    s = (td.schedule(y).split(y, "k", 32, into=("ko", "kt")).rfactor(y, "kt", name="part")
         .split(y, "i", 8, into=("io", "ii")).bind(y, {"io": "block.x", "ii": "thread.x"})
         .compute_at("part", y, "io").scope("part", "shared").align("part", "i", 9)
         .bind("part", {"kt": "thread.x", "i": "thread.y"}))  # fmt: skip
    return Sample(s, td.schedule(y), ({"m": 11, "n": 70}, {"m": 8, "n": 32}), exact=False)


@sample
def column_sums_in_parts() -> Sample:
    """Four columns a thread, rows shared out; the first threads add what the others found."""
    x = td.placeholder("x", (40, 256))
    k = td.reduce_axis("k", 40)
    y = td.compute("y", (256,), lambda j: td.sum(x[k, j], over=k))
    s = (td.schedule(y).split(y, "k", 8, into=("ko", "kt")).rfactor(y, "kt", name="part")
         .split(y, "j", 128, into=("jo", "ji")).vectorize(y, "ji", 4)
         .bind(y, {"jo": "block.x", "ji": "thread.x"}).compute_at("part", y, "jo").scope("part", "shared")
         .vectorize("part", "j", 4).bind("part", {"kt": "thread.y", "j": "thread.x"}))  # fmt: skip
    return Sample(s, td.schedule(y), exact=False)


@sample
def histogram() -> Sample:
    """Threads add to one element at once; another kernel makes the zeros before."""
    n = td.size("n")
    x = td.placeholder("x", (n,), "int32", range=(0, 17))
    zeros = td.compute("zeros", (17,), lambda j: td.cast(j * 0, "int32"))
    i = td.axis("i", n)
    H = td.update("H", zeros, over=i, at=(x[i],), value=lambda H: H[x[i]] + 1)
    s = td.schedule(H).bind(zeros, {"j": "thread.x"})
    s = s.atomic(H).split(H, "i", 64, into=("io", "ii")).bind(H, {"io": "block.x", "ii": "thread.x"})
    return Sample(s, td.schedule(H), ({"n": 200}, {"n": 0}))


def across(s, stage, axis, threads, *, at=None, scope=None):
    """A reduction shared out over threads: partial results in registers, the stage bound to `thread.x`."""
    name = getattr(stage, "name", stage)
    s = s.split(stage, axis, threads).rfactor(stage, f"{axis}i", name=f"{name}_part")
    if at is not None:
        s = s.compute_at(stage, *at).scope(stage, scope)
    return (s.bind(stage, {f"{axis}i": "thread.x"}).compute_at(f"{name}_part", stage, f"{axis}i")
            .scope(f"{name}_part", "register"))  # fmt: skip


@sample
def row_sums_by_warps() -> Sample:
    """A row a block: shuffles, one step through shared memory, shuffles. Whole numbers, so that any order is exact."""
    m, n = td.size("m"), td.size("n")
    x = td.placeholder("x", (m, n), "int32")
    k = td.reduce_axis("k", n)
    y = td.compute("y", (m,), lambda i: td.sum(x[i, k], over=k) + 1)
    s = across(td.schedule(y).bind(y, {"i": "block.x"}), y, "k", 100)
    return Sample(s, td.schedule(y), ({"m": 3, "n": 517}, {"m": 2, "n": 99}, {"m": 1, "n": 0}))


@sample
def softmax_by_warps() -> Sample:
    """Four rows a block, a warp a row; every lane gets maximum and sum."""
    m, n = td.size("m"), td.size("n")
    x = td.placeholder("x", (m, n))
    k, l = td.reduce_axis("k", n), td.reduce_axis("l", n)
    top = td.compute("top", (m,), lambda i: td.max(x[i, k], over=k))
    total = td.compute("total", (m,), lambda i: td.sum(td.exp(x[i, l] - top[i]), over=l))
    y = td.compute("y", (m, n), lambda i, j: td.exp(x[i, j] - top[i]) / total[i])
    s = (td.schedule(y).split(y, "i", 4).split(y, "j", 32).reorder(y, "io", "ii", "jo", "ji")
         .bind(y, {"io": "block.x", "ii": "thread.y", "ji": "thread.x"}))  # fmt: skip
    for stage, axis in ((total, "l"), (top, "k")):
        s = across(s, stage, axis, 32, at=(y, "ii"), scope="register")
    return Sample(s, td.schedule(y), ({"m": 5, "n": 77}, {"m": 1, "n": 1}), exact=False)


@sample
def best_of_rows() -> Sample:
    """A reducer over pairs, 20 threads by 3: halves through shared memory."""
    m, n = td.size("m"), td.size("n", min=1)
    x = td.placeholder("x", (m, n), "float16")
    k = td.reduce_axis("k", n)
    y = td.compute("y", (m,), lambda i: td.argmax(x[i, k], over=k))
    s = td.schedule(y).split(y, "i", 3).bind(y, {"io": "block.x", "ii": "thread.y"})
    return Sample(across(s, y, "k", 20), td.schedule(y), ({"m": 4, "n": 65}, {"m": 1, "n": 1}))


@sample
def swizzled_transpose() -> Sample:
    """A transpose whose tile is swizzled and not padded: rows and columns of it lie in all banks."""
    m, n = td.size("m"), td.size("n")
    x = td.placeholder("x", (m, n))
    y = td.compute("y", (n, m), lambda i, j: x[j, i])
    s = (td.schedule(y).tile(y, {"i": 32, "j": 32}, into=("bi", "bj", "ti", "tj")).split(y, "ti", 8, into=("to", "tt"))
         .reorder(y, "bi", "bj", "tt", "tj", "to")
         .bind(y, {"bi": "block.y", "bj": "block.x", "tt": "thread.y", "tj": "thread.x"})
         .cache_read(x, y, name="xs", scope="shared").compute_at("xs", y, "tj").cooperate("xs", vector=1)
         .swizzle("xs"))  # fmt: skip
    return Sample(s, td.schedule(y), ({"m": 33, "n": 65}, {"m": 64, "n": 32}))


@sample
def running_sums() -> Sample:
    """A recurrence along each thread's own row: nobody waits, also on ragged edges."""
    m, n = td.size("m"), td.size("n")
    x = td.placeholder("x", (m, n))
    y = td.recurrence("y", (m, n), lambda y, i, j: td.where(j == 0, 0.0, y[i, j - 1]) + x[i, j])
    s = td.schedule(y).split(y, "i", 32).bind(y, {"io": "block.x", "ii": "thread.x"})
    return Sample(s, td.schedule(y), ({"m": 33, "n": 3}, {"m": 1, "n": 1}))


@sample
def distance_in_waves() -> Sample:
    """Anti-diagonals in order, the elements of one on threads, which wait between waves."""
    m, n = td.size("m"), td.size("n")
    p, q = td.placeholder("p", (m,), "int8"), td.placeholder("q", (n,), "int8")

    def cell(D, i, j):
        step = td.minimum(
            td.minimum(D[i - 1, j], D[i, j - 1]) + 1, D[i - 1, j - 1] + (p[i - 1] - q[j - 1]) % 2
        )
        return td.where(i == 0, j, td.where(j == 0, i, step))

    D = td.recurrence("D", (m + 1, n + 1), cell, dtype="int32")
    s = (td.schedule(D).skew(D, "j", by="i", into="w").reorder(D, "w", "i").split(D, "i", 8)
         .bind(D, {"ii": "thread.x"}))  # fmt: skip
    return Sample(s, td.schedule(D), ({"m": 5, "n": 9}, {"m": 1, "n": 1}))


@sample
def rows_of_lu() -> Sample:
    """An update in place: columns in order, rows on threads, each row's elements in order inside its thread."""
    n = td.size("n")
    A = td.placeholder("A", (n, n), "float64")
    k = td.axis("k", n)
    i, j = td.axis("i", (k + 1, n)), td.axis("j", (k, n))
    lu = td.update("lu", A, over=(k, i, j), at=(i, j),
                   value=lambda U: td.where(j == k, U[i, k] / U[k, k], U[i, j] - U[i, k] * U[k, j]))  # fmt: skip
    s = (td.schedule(lu).cache_read(A, lu, name="start", scope="heap").bind("start", {"d0": "block.x"})
         .split(lu, "i", 4).bind(lu, {"ii": "thread.x"}))  # fmt: skip
    return Sample(s, td.schedule(lu), ({"n": 6}, {"n": 1}))


@sample
def lu_by_sums_in_wavefronts() -> Sample:
    """An update whose value sums up what it made itself: diagonals in order, other threads' elements read on each."""
    A = td.placeholder("A", (9, 9))
    i, j = td.axis("i", 9), td.axis("j", 9)
    k = td.reduce_axis("k", (0, td.minimum(i, j)))

    def element(U):
        rest = U[i, j] - td.sum(U[i, k] * U[k, j], over=k)
        return td.where(j >= i, rest, rest / (2.0 + td.abs(U[j, j])))

    U = td.update("U", A, over=(i, j), at=(i, j), value=element)
    s = (td.schedule(U).cache_read(A, U, name="start", scope="heap").bind("start", {"d0": "thread.x"})
         .skew(U, "j", by="i", into="w").reorder(U, "w", "i").bind(U, {"i": "thread.x"}))  # fmt: skip
    return Sample(s, td.schedule(U))


@sample
def steps_in_a_shared_tile() -> Sample:
    """A recurrence over steps, two of them kept in shared memory, each read by other threads than made it."""
    m = td.size("m")
    x = td.placeholder("x", (m, 24))
    t = td.recurrence("t", (m, 5, 24), lambda t, b, k, i: td.where(
        k == 0, x[b, i], t[b, k - 1, i] + td.where(i >= 8, t[b, k - 1, i - 8], 0.0)))  # fmt: skip
    y = td.compute("y", (m, 24), lambda b, i: t[b, 4, 23 - i])
    s = (td.schedule(y).bind(y, {"b": "block.x", "i": "thread.x"}).compute_at(t, y, "b").scope(t, "shared")
         .bind(t, {"i": "thread.x"}).fold(t, "k", 2))  # fmt: skip
    return Sample(s, td.schedule(y), ({"m": 3}, {"m": 0}))
