"""Kernels whose machine code and accesses are looked at: sizes in, a schedule for a GPU out. Nothing here is timed.

Each is written as a person would who knows the device: neighbouring threads take neighbouring 16 bytes, what is read
again lies in shared memory whose rows are padded where a warp walks down a column, and global memory is passed over once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tdsl as td


@dataclass(frozen=True, slots=True)
class GpuKernel:
    """A program with its schedule.

    Args:
        schedule: for a problem of so many rows and columns (and as many terms as rows, where it sums products).
        full: rows and columns whose machine code is read. small: those that are emulated, every access watched.
        arithmetic: opcode that the kernel is there for, and the least share of the hot loop it must have; None where
            memory bounds it.
        stands_for: published figures of kernels with the same static features, with their source; never a time of ours.
    """

    name: str
    schedule: Callable[[int, int], td.Schedule]
    full: tuple[int, int]
    small: tuple[int, int]
    arithmetic: tuple[str, float] | None
    stands_for: str


def sgemm(rows: int, columns: int) -> td.Schedule:
    """C = A B in float32: 128 x 128 results a block, 8 x 8 a thread, 8 terms a step."""
    depth = rows // 4
    A, B = td.placeholder("A", (rows, depth)), td.placeholder("B", (depth, columns))
    k = td.reduce_axis("k", depth)
    C = td.compute("C", (rows, columns), lambda i, j: td.sum(A[i, k] * B[k, j], over=k))
    return td.schedules.gemm_tiles(td.schedule(C), C)


def row_sums(rows: int, columns: int) -> td.Schedule:
    """Eight rows a block, a warp a row: four neighbours a lane, partial sums in shared memory."""
    x = td.placeholder("x", (rows, columns))
    k = td.reduce_axis("k", columns)
    y = td.compute("y", (rows,), lambda i: td.sum(x[i, k], over=k))
    return (
        td.schedule(y)
        .split(y, "k", 128, into=("ko", "kr")).split(y, "kr", 4, into=("kt", "kv")).rfactor(y, "kt", name="part")
        .split(y, "i", 8, into=("io", "ii")).bind(y, {"io": "block.x", "ii": "thread.x"})
        .compute_at("part", y, "io").scope("part", "shared").align("part", "i", 9)
        .bind("part", {"kt": "thread.x", "i": "thread.y"})
        .cache_read(x, "part", name="xv", scope="register").compute_at("xv", "part", "ko")
        .vectorize("xv", "d1", 4)
    )  # fmt: skip


def column_sums(rows: int, columns: int) -> td.Schedule:
    """128 columns a block, four a lane; eight warps share out the rows and the first adds what they found."""
    x = td.placeholder("x", (rows, columns))
    k = td.reduce_axis("k", rows)
    y = td.compute("y", (columns,), lambda j: td.sum(x[k, j], over=k))
    return (
        td.schedule(y)
        .split(y, "k", 8, into=("ko", "kt")).rfactor(y, "kt", name="part")
        .split(y, "j", 128, into=("jo", "ji")).vectorize(y, "ji", 4).bind(y, {"jo": "block.x", "ji": "thread.x"})
        .compute_at("part", y, "jo").scope("part", "shared")
        .vectorize("part", "j", 4).bind("part", {"kt": "thread.y", "j": "thread.x"})
    )  # fmt: skip


def softmax(rows: int, columns: int) -> td.Schedule:
    """A row a block: read once, kept in shared memory, written once."""
    x = td.placeholder("x", (rows, columns))
    k, again = td.reduce_axis("k", columns), td.reduce_axis("l", columns)
    top = td.compute("top", (rows,), lambda i: td.max(x[i, k], over=k))
    e = td.compute("e", (rows, columns), lambda i, j: td.exp(x[i, j] - top[i]))
    total = td.compute("total", (rows,), lambda i: td.sum(e[i, again], over=again))
    y = td.compute("y", (rows, columns), lambda i, j: e[i, j] / total[i])
    s = (
        td.schedule(y)
        .split(y, "j", 512, into=("jo", "jr")).split(y, "jr", 4, into=("jt", "jv")).vectorize(y, "jv")
        .reorder(y, "i", "jt", "jo", "jvv").bind(y, {"i": "block.x", "jt": "thread.x"})
        .split(top, "k", 128, into=("ko", "kt")).rfactor(top, "kt", name="tops")
        .split(total, "l", 128, into=("lo", "lt")).rfactor(total, "lt", name="totals")
        .cache_read(x, ("tops", "e"), name="xs", scope="shared")
    )  # fmt: skip
    parts = ("xs", "tops", "top", "e", "totals", "total")
    s = s.compute_at(parts, y, "i")
    for part in parts:
        s = s.scope(part, "shared")
    s = s.cooperate("xs", vector=4).cooperate("e", vector=4)
    return s.bind("tops", {"kt": "thread.x"}).bind("totals", {"lt": "thread.x"})


def transpose(rows: int, columns: int) -> td.Schedule:
    """Tiles of 32 x 32 turned in shared memory, whose rows are 33 long."""
    x = td.placeholder("x", (rows, columns))
    y = td.compute("y", (columns, rows), lambda i, j: x[j, i])
    return (
        td.schedule(y)
        .tile(y, {"i": 32, "j": 32}, into=("bi", "bj", "ti", "tj")).split(y, "ti", 8, into=("to", "tt"))
        .reorder(y, "bi", "bj", "tt", "tj", "to").unroll(y, "to")
        .bind(y, {"bi": "block.y", "bj": "block.x", "tt": "thread.y", "tj": "thread.x"})
        .cache_read(x, y, name="xs", scope="shared").compute_at("xs", y, "tj").align("xs", "i", 33).cooperate("xs")
    )  # fmt: skip


def blur(rows: int, columns: int) -> td.Schedule:
    """Means of 3 x 3 neighbours; the input has 8 columns more, so that its rows begin at whole sectors."""
    x = td.placeholder("x", (rows + 2, columns + 8))

    def across(i: td.Expr, j: td.Expr) -> td.Expr:
        return x[i, j] + x[i, j + 1] + x[i, j + 2]

    y = td.compute(
        "y", (rows, columns), lambda i, j: (across(i, j) + across(i + 1, j) + across(i + 2, j)) * (1 / 9)
    )
    return (
        td.schedule(y)
        .tile(y, {"i": 16, "j": 32}, into=("bi", "bj", "ti", "tj")).split(y, "ti", 8, into=("to", "tt"))
        .reorder(y, "bi", "bj", "tt", "tj", "to").unroll(y, "to")
        .bind(y, {"bi": "block.y", "bj": "block.x", "tt": "thread.y", "tj": "thread.x"})
        .cache_read(x, y, name="xs", scope="shared").compute_at("xs", y, "tj")
        .split("xs", "d0", 8, into=("r", "rt")).split("xs", "d1", 32, into=("c", "ct"))
        .reorder("xs", "c", "r", "rt", "ct").bind("xs", {"rt": "thread.y", "ct": "thread.x"})
    )  # fmt: skip


_MEMORY = "memory bounds it: each element passes global memory once, coalesced"
KERNELS = (
    GpuKernel(
        "sgemm", sgemm, (4096, 4096), (256, 128), ("FFMA", 0.85),
        "shared tiles, 8 x 8 results a thread, 128-bit accesses: published at 78 % of cuBLAS on an A6000, warp tiles and "
        "tuning at 94 % (siboehm/SGEMM_CUDA); hand-written at 98 % on an A100 (Yinghan-Li/YHs_Sample#4) with double buffers",
    ),
    GpuKernel("row sums", row_sums, (4096, 4096), (32, 512), None, _MEMORY),
    GpuKernel("column sums", column_sums, (4096, 4096), (64, 256), None, _MEMORY),
    GpuKernel(
        "softmax", softmax, (4096, 1024), (4, 1024), None,
        f"{_MEMORY}; published at 60 to 90 % of the bandwidth of an H100 (torch.compile, CuTe-DSL, in the coverage of QuACK)",
    ),
    GpuKernel("transpose", transpose, (4096, 4096), (64, 96), None, _MEMORY),
    GpuKernel("3x3 blur", blur, (4096, 4096), (32, 64), None, f"{_MEMORY}, but for the edges of tiles"),
)  # fmt: skip
