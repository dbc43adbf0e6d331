"""The CUDA test matrix: programs with schedules for a GPU, and the sizes at which they are run.

In: nothing. Out: cases; the tests emulate all of them, `tdsl verify --cuda` runs them on a device. A case is a function
that declares and schedules; what its kernel should give is what the CPU gives for the same tensors without a schedule.
"""

from __future__ import annotations

# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false
from collections.abc import Callable
from dataclasses import dataclass

import tdsl as td


@dataclass(frozen=True, slots=True)
class Case:
    """A schedule for a GPU.

    Args:
        name: of the function.
        schedule: makes it.
        sizes: values of its sizes, one run each.
        tolerance: 0: the bits of the CPU; else differences up to so many times the largest element.
    """

    name: str
    schedule: Callable[[], td.Schedule]
    sizes: tuple[dict[str, int], ...]
    tolerance: float = 0.0


_made: list[Case] = []


def case(*sizes: dict[str, int], tolerance: float = 0.0) -> Callable[[Callable[[], td.Schedule]], Case]:
    """Makes a case of a function; without sizes it runs once."""

    def wrap(schedule: Callable[[], td.Schedule]) -> Case:
        made = Case(schedule.__name__, schedule, sizes or ({},), tolerance)
        _made.append(made)
        return made

    return wrap


# ---------------------------------------------------------------- one thread an element
@case({"n": 0}, {"n": 1}, {"n": 127}, {"n": 1024}, {"n": 1029})
def scale() -> td.Schedule:
    """A guard in the last block, a scalar."""
    n, alpha = td.size("n"), td.param("alpha", "float32")
    x = td.placeholder("x", (n,), "float32")
    y = td.compute("y", (n,), lambda i: x[i] * alpha + 1.0)
    return td.schedule(y).split(y, "i", 128).bind(y, {"io": "block.x", "ii": "thread.x"})


@case({"n": 64}, {"n": 1024}, {"n": 1030})
def wide() -> td.Schedule:
    """Four neighbours a thread: 128-bit accesses where rows divide."""
    n = td.size("n")
    x, z = td.placeholder("x", (n,), "float32"), td.placeholder("z", (n,), "float32")
    y = td.compute("y", (n,), lambda i: x[i] * z[i])
    return (
        td.schedule(y)
        .split(y, "i", (64, 4), into=("b", "t", "v"))
        .bind(y, {"b": "block.x", "t": "thread.x"})
        .vectorize(y, "v")
    )


@case({"n": 300})
def functions() -> td.Schedule:
    """Functions are their expansions, the same bits everywhere."""
    n = td.size("n")
    x = td.placeholder("x", (n,), "float32")
    y = td.compute(
        "y", (n,), lambda i: td.exp(x[i]) + td.tanh(x[i]) * td.sqrt(td.abs(x[i])) - td.log(td.abs(x[i]) + 1.0)
    )
    return td.schedule(y).split(y, "i", 64).bind(y, {"io": "block.x", "ii": "thread.x"})


@case({"n": 300})
def doubles() -> td.Schedule:
    """float64 and division."""
    n = td.size("n")
    x, z = td.placeholder("x", (n,), "float64"), td.placeholder("z", (n,), "float64")
    y = td.compute("y", (n,), lambda i: td.floor(x[i] / (z[i] * z[i] + 1.0)) + td.exp(x[i]))
    return td.schedule(y).split(y, "i", 64).bind(y, {"io": "block.x", "ii": "thread.x"})


@case({"n": 300})
def integers() -> td.Schedule:
    """Floor division, remainder and shifts wrap and are defined everywhere (semantics D2)."""
    n = td.size("n")
    x, z = td.placeholder("x", (n,), "int32"), td.placeholder("z", (n,), "int32")
    y = td.compute("y", (n,), lambda i: (x[i] // z[i]) * 7 + (x[i] % (z[i] - 3)) - (x[i] >> 3))
    return td.schedule(y).split(y, "i", 64).bind(y, {"io": "block.x", "ii": "thread.x"})


@case({"n": 300})
def bytes_and_bools() -> td.Schedule:
    """Narrow elements, a comparison, a choice."""
    n = td.size("n")
    x, z = td.placeholder("x", (n,), "int8"), td.placeholder("z", (n,), "uint8")
    y = td.compute("y", (n,), lambda i: td.where(x[i] > 3, td.cast(z[i], "int8") + x[i], x[i]))
    return td.schedule(y).split(y, "i", 64).bind(y, {"io": "block.x", "ii": "thread.x"})


@case({"n": 300})
def halves() -> td.Schedule:
    """float16 in memory, float32 in between."""
    n = td.size("n")
    x = td.placeholder("x", (n,), "float16")
    y = td.compute("y", (n,), lambda i: td.cast(td.cast(x[i], "float32") * 3.0 + 0.5, "float16"))
    return td.schedule(y).split(y, "i", 64).bind(y, {"io": "block.x", "ii": "thread.x"})


# ---------------------------------------------------------------- two dimensions
@case({"m": 64, "n": 64}, {"m": 65, "n": 33}, {"m": 1, "n": 100})
def transpose() -> td.Schedule:
    """A tile in shared memory, its rows one element longer than they hold."""
    m, n = td.size("m"), td.size("n")
    x = td.placeholder("x", (m, n), "float32")
    y = td.compute("y", (n, m), lambda i, j: x[j, i])
    return (
        td.schedule(y)
        .tile(y, {"i": 32, "j": 32}, into=("bi", "bj", "ii", "ji"))
        .bind(y, {"bi": "block.y", "bj": "block.x", "ii": "thread.y", "ji": "thread.x"})
        .cache_read(x, y, name="xs", scope="shared")
        .compute_at("xs", y, "bj")
        .cooperate("xs")
    )


@case({"m": 40, "n": 70}, {"m": 3, "n": 3}, {"m": 66, "n": 130})
def blur() -> td.Schedule:
    """A 3 by 3 stencil whose input tile, with its border, lies in shared memory."""
    m, n = td.size("m", min=3), td.size("n", min=3)
    x = td.placeholder("x", (m, n), "float32")
    y = td.compute(
        "y", (m - 2, n - 2),
        lambda i, j: (x[i, j] + x[i, j + 1] + x[i, j + 2] + x[i + 1, j] + x[i + 1, j + 1] + x[i + 1, j + 2]
                      + x[i + 2, j] + x[i + 2, j + 1] + x[i + 2, j + 2]) * (1.0 / 9.0),
    )  # fmt: skip
    return (
        td.schedule(y)
        .tile(y, {"i": 8, "j": 32}, into=("bi", "bj", "ii", "ji"))
        .bind(y, {"bi": "block.y", "bj": "block.x", "ii": "thread.y", "ji": "thread.x"})
        .cache_read(x, y, name="xs", scope="shared")
        .compute_at("xs", y, "bj")
        .cooperate("xs")
    )


@case({"m": 20, "n": 50})
def two_kernels() -> td.Schedule:
    """Two stages bound apart: an intermediate on the device."""
    m, n = td.size("m"), td.size("n", min=1)
    x = td.placeholder("x", (m, n), "float32")
    mid = td.compute("mid", (m, n), lambda i, j: x[i, j] * x[i, j])
    y = td.compute("y", (m, n), lambda i, j: mid[i, j] - mid[i, 0])
    s = td.schedule(y)
    for stage in ("mid", "y"):
        s = s.split(stage, "j", 32).bind(stage, {"i": "block.y", "jo": "block.x", "ji": "thread.x"})
    return s


# ---------------------------------------------------------------- reductions
def _product() -> tuple[td.Tensor, td.Tensor, td.Tensor]:
    m, n, p = td.size("m"), td.size("n"), td.size("p")
    a, b = td.placeholder("A", (m, p), "float32"), td.placeholder("B", (p, n), "float32")
    k = td.reduce_axis("k", p)
    return a, b, td.compute("C", (m, n), lambda i, j: td.sum(a[i, k] * b[k, j], over=k))


@case({"m": 20, "n": 40, "p": 7}, {"m": 1, "n": 1, "p": 0})
def plain_product() -> td.Schedule:
    """One thread an element of the product."""
    _, _, c = _product()
    return (
        td.schedule(c)
        .tile(c, {"i": 8, "j": 16})
        .bind(c, {"io": "block.y", "jo": "block.x", "ii": "thread.y", "ji": "thread.x"})
    )


@case({"m": 128, "n": 64, "p": 32}, {"m": 65, "n": 33, "p": 17}, {"m": 64, "n": 68, "p": 20})
def tiled_product() -> td.Schedule:
    """Tiles in shared memory, 4 by 4 elements a thread in registers, 128-bit accesses."""
    a, b, c = _product()
    return (
        td.schedule(c)
        .cache_write(c, name="acc", scope="register")
        .tile(c, {"i": 64, "j": 64}, into=("bi", "bj", "i1", "j1"))
        .tile(c, {"i1": 4, "j1": 4}, into=("ti", "tj", "ii", "ji"))
        .bind(c, {"bi": "block.y", "bj": "block.x", "ti": "thread.y", "tj": "thread.x"})
        .vectorize(c, "ji", 4)
        .compute_at("acc", c, "tj")
        .split("acc", "k", 16, into=("ko", "ki"))
        .reorder("acc", "ko", "ki", "i", "j")
        .unroll("acc", "i")
        .unroll("acc", "j")
        .cache_read(a, "acc", name="As", scope="shared")
        .compute_at("As", "acc", "ko")
        .cooperate("As", vector=4)
        .cache_read(b, "acc", name="Bs", scope="shared")
        .compute_at("Bs", "acc", "ko")
        .cooperate("Bs", vector=4)
    )


@case({"m": 70, "n": 33}, {"m": 5, "n": 0})
def row_sums() -> td.Schedule:
    """One thread a row."""
    m, n = td.size("m"), td.size("n")
    x = td.placeholder("x", (m, n), "float32")
    k = td.reduce_axis("k", n)
    y = td.compute("y", (m,), lambda i: td.sum(x[i, k], over=k))
    return td.schedule(y).split(y, "i", 32).bind(y, {"io": "block.x", "ii": "thread.x"})


@case({"m": 70, "n": 100}, {"m": 5, "n": 3}, tolerance=1e-6)
def row_sums_in_parts() -> td.Schedule:
    """32 partial sums a row, one a thread, and their sum in a second kernel: another order of terms."""
    m, n = td.size("m"), td.size("n")
    x = td.placeholder("x", (m, n), "float32")
    k = td.reduce_axis("k", n)
    y = td.compute("y", (m,), lambda i: td.sum(x[i, k], over=k))
    return (
        td.schedule(y)
        .split(y, "k", 32, into=("ko", "ki"))
        .rfactor(y, "ki", name="part")
        .bind("part", {"i": "block.x", "ki": "thread.x"})
        .split(y, "i", 32)
        .bind(y, {"io": "block.x", "ii": "thread.x"})
    )


@case({"m": 33, "n": 70})
def column_maxima() -> td.Schedule:
    """One thread a column: neighbouring threads read neighbouring elements."""
    m, n = td.size("m", min=1), td.size("n")
    x = td.placeholder("x", (m, n), "float32")
    k = td.reduce_axis("k", m)
    y = td.compute("y", (n,), lambda j: td.max(x[k, j], over=k))
    return td.schedule(y).split(y, "j", 32).bind(y, {"jo": "block.x", "ji": "thread.x"})


@case({"m": 9, "n": 40})
def softmax() -> td.Schedule:
    """Four stages, each a kernel."""
    m, n = td.size("m"), td.size("n", min=1)
    x = td.placeholder("x", (m, n), "float32")
    k = td.reduce_axis("k", n)
    top = td.compute("top", (m,), lambda i: td.max(x[i, k], over=k))
    e = td.compute("e", (m, n), lambda i, j: td.exp(x[i, j] - top[i]))
    total = td.compute("total", (m,), lambda i: td.sum(e[i, k], over=k))
    y = td.compute("y", (m, n), lambda i, j: e[i, j] / total[i])
    s = td.schedule(y)
    for stage in ("top", "total"):
        s = s.split(stage, "i", 32).bind(stage, {"io": "block.x", "ii": "thread.x"})
    for stage in ("e", "y"):
        s = s.split(stage, "j", 32).bind(stage, {"i": "block.y", "jo": "block.x", "ji": "thread.x"})
    return s


@case({"m": 9, "n": 300}, {"m": 3, "n": 517}, tolerance=520 * 2.0**-24)
def row_sums_by_threads() -> td.Schedule:
    """A row a block of 96 threads, which combine by shuffles and shared memory: 517 terms in another order."""
    m, n = td.size("m"), td.size("n", min=1)
    x = td.placeholder("x", (m, n), "float32")
    k = td.reduce_axis("k", n)
    y = td.compute("y", (m,), lambda i: td.sum(td.abs(x[i, k]), over=k))
    s = td.schedule(y).split(y, "k", 96).rfactor(y, "ki", name="part")
    s = s.bind(y, {"i": "block.x", "ki": "thread.x"}).compute_at("part", y, "ki")
    return s.scope("part", "register")


@case({"m": 50, "n": 40})
def gather() -> td.Schedule:
    """An index read from data, its range declared."""
    m, n = td.size("m"), td.size("n", min=1)
    index = td.placeholder("index", (m,), "int32", range=(0, n))
    x = td.placeholder("x", (n,), "float32")
    y = td.compute("y", (m,), lambda i: x[index[i]] + 1.0)
    return td.schedule(y).split(y, "i", 32).bind(y, {"io": "block.x", "ii": "thread.x"})


# ---------------------------------------------------------------- what blocks and threads share
@case({"m": 128, "n": 128, "p": 16}, {"m": 130, "n": 68, "p": 12}, {"m": 5, "n": 3, "p": 2})
def interleaved_product() -> td.Schedule:
    """`td.schedules.gemm_tiles`: 8 by 8 results a thread, a row of threads apart."""
    _, _, c = _product()
    return td.schedules.gemm_tiles(td.schedule(c), c)


@case({"m": 20, "n": 70}, {"m": 8, "n": 1}, tolerance=1e-6)
def sums_of_a_block() -> td.Schedule:
    """32 partial sums a row in shared memory with padded rows, added in the same block."""
    m, n = td.size("m"), td.size("n")
    x = td.placeholder("x", (m, n), "float32")
    k = td.reduce_axis("k", n)
    y = td.compute("y", (m,), lambda i: td.sum(x[i, k], over=k))
    return (
        td.schedule(y)
        .split(y, "k", 32, into=("ko", "ki"))
        .rfactor(y, "ki", name="part")
        .split(y, "i", 8)
        .bind(y, {"io": "block.x", "ii": "thread.x"})
        .compute_at("part", y, "io")
        .scope("part", "shared")
        .align("part", "i", 9)
        .bind("part", {"ki": "thread.x", "i": "thread.y"})
    )


@case({"m": 9, "n": 40}, {"m": 1, "n": 1})
def copy_in_parts() -> td.Schedule:
    """A shared tile with a border, made by thread loops that do not divide it."""
    m, n = td.size("m"), td.size("n")
    x = td.placeholder("x", (m + 2, n + 2), "float32")
    y = td.compute("y", (m, n), lambda i, j: x[i, j] - x[i + 1, j + 1] * x[i + 2, j + 2])
    return (
        td.schedule(y)
        .tile(y, {"i": 8, "j": 32}, into=("bi", "bj", "ii", "ji"))
        .bind(y, {"bi": "block.y", "bj": "block.x", "ii": "thread.y", "ji": "thread.x"})
        .cache_read(x, y, name="xs", scope="shared")
        .compute_at("xs", y, "ji")
        .split("xs", "d0", 8, into=("r", "rt"))
        .split("xs", "d1", 32, into=("c", "ct"))
        .reorder("xs", "c", "r", "rt", "ct")
        .bind("xs", {"rt": "thread.y", "ct": "thread.x"})
    )


@case({"n": 200}, {"n": 0})
def histogram() -> td.Schedule:
    """Threads of several blocks add to one element at once; another kernel makes the zeros."""
    n = td.size("n")
    x = td.placeholder("x", (n,), "int32", range=(0, 17))
    zeros = td.compute("zeros", (17,), lambda j: td.cast(j * 0, "int32"))
    i = td.axis("i", n)
    h = td.update("H", zeros, over=i, at=(x[i],), value=lambda h: h[x[i]] + 1)
    s = td.schedule(h).bind(zeros, {"j": "thread.x"}).atomic(h)
    return s.split(h, "i", 64).bind(h, {"io": "block.x", "ii": "thread.x"})


CASES: tuple[Case, ...] = tuple(_made)
