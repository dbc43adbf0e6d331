"""`tdsl demo` from start to end: an output folder in; text, a blurred picture and a page of loop nests out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from os import environ
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

import tdsl as td
from tdsl.demo import page, picture, programs
from tdsl.demo.measure import Timing, interleaved

SIZE = 1024
"""Rows, columns and depth of the timed matrix product."""

PASSES = 8
"""How often the blur runs over the picture that is written, so that one sees it."""


@dataclass(slots=True)
class Part:
    """One program as it is told: `schedules` by name, `rows` of measured numbers, `checks` with verdicts."""

    title: str
    schedules: dict[str, td.Schedule]
    unit: str
    rows: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    checks: list[tuple[str, bool]] = field(default_factory=list[tuple[str, bool]])
    notes: list[str] = field(default_factory=list[str])


def run(out: Path) -> bool:
    """Runs both programs, prints what happens, writes `blurred.png` and `index.html`.

    Args:
        out: folder for the files; made when missing.

    Returns:
        Whether every check against NumPy held.
    """
    machine = td.machine_info()
    print(machine, end="\n\n")
    out.mkdir(parents=True, exist_ok=True)
    product = matrix_product(machine.threads, machine.fma_peak_gflops)
    tell(product)
    blurred, softened = photograph(machine.copy_all_gbs)
    tell(softened)
    (out / "blurred.png").write_bytes(picture.png(blurred))
    (out / "index.html").write_text(page.html(str(machine), (product, softened), blurred), encoding="utf-8")
    print(f"written: {out / 'blurred.png'} (before and after, side by side), {out / 'index.html'}")
    return all(held for part in (product, softened) for _, held in part.checks)


def matrix_product(threads: int, core_peak_gflops: float) -> Part:
    """The matrix product: checked on a ragged size, then timed beside NumPy on a square one."""
    schedules = programs.matmul(td.Target().vector_bits // 32)
    kernels = {name: td.build(schedule) for name, schedule in schedules.items()}
    part = Part("Matrix product, float32", schedules, "GFLOP/s")

    a, b = random_matrices(500, 301, 700)
    results = {name: cast("NDArray[np.float32]", kernel(a, b)) for name, kernel in kernels.items()}
    exact = a.astype(np.float64) @ b.astype(np.float64)
    # |error| <= n eps sum |a b| for a sum of n terms in any order (Higham, 2nd ed., section 3.1); twice for products
    bound = 2 * 301 * np.finfo(np.float32).eps * (np.abs(a).astype(np.float64) @ np.abs(b))
    for name, result in results.items():
        part.checks.append(
            (f"{name}: within the rounding bound of NumPy's float64 product", holds(result, exact, bound))
        )
    same = all(np.array_equal(result, results["plain"]) for result in results.values())
    part.checks.append(("tiled and blocked give the bits of plain", same))

    a, b = random_matrices(SIZE, SIZE, SIZE)
    c = np.empty((SIZE, SIZE), np.float32)
    timings = interleaved(
        {
            "tiled": lambda: kernels["tiled"](a, b, out=c),
            "blocked": lambda: kernels["blocked"](a, b, out=c),
            f"NumPy {np.__version__}": lambda: np.matmul(a, b, out=c),
        }
    )
    peak_name = f"FMA peak of {threads} core{'s' * (threads > 1)}"
    report(part, timings, 2 * SIZE**3 / 1e9, threads * core_peak_gflops, peak_name)
    part.notes.append(f"{SIZE} x {SIZE} x {SIZE}; NumPy and tdsl may use {threads} threads")
    if "OPENBLAS_CORETYPE" in environ:
        forced = environ["OPENBLAS_CORETYPE"]
        part.notes.append(f"NumPy is held back here: OPENBLAS_CORETYPE={forced} is set in the environment")
    return part


def photograph(copy_gbs: float) -> tuple[NDArray[np.uint8], Part]:
    """The blur: checked on the picture and crops of it, timed on a mosaic; before and after as one image."""
    schedules = programs.blur(td.Target().vector_bits // 16)
    kernels = {name: td.build(schedule) for name, schedule in schedules.items()}
    source = picture.load()
    part = Part("Blur of a picture, uint16", schedules, "GB/s")
    part.notes.append(f"picture: {source.origin}, {source.pixels.shape[1]} x {source.pixels.shape[0]}")

    planes = [np.ascontiguousarray(source.pixels[:, :, channel], dtype=np.uint16) for channel in range(3)]
    green = planes[1]
    for name, kernel in kernels.items():
        crops = (green, green[:37, :19], green[:1, :1], green[5:200:3, 7:300])
        right = all(
            np.array_equal(cast("NDArray[np.uint16]", kernel(crop)), numpy_blur(crop)) for crop in crops
        )
        part.checks.append((f"{name}: equals NumPy on the picture and on three crops of it", right))

    mosaic = np.tile(green, (4, 4))
    result = np.empty_like(mosaic)
    candidates: dict[str, Callable[[], object]] = {
        name: (lambda kernel=kernel: kernel(mosaic, out=result)) for name, kernel in kernels.items()
    }
    timings = interleaved({**candidates, f"NumPy {np.__version__}": lambda: numpy_blur(mosaic)})
    report(part, timings, 2 * mosaic.nbytes / 1e9, copy_gbs, "copy bandwidth")
    part.notes.append(
        f"timed on {mosaic.shape[1]} x {mosaic.shape[0]}; GB/s counts each pixel read and written once"
    )

    after = planes
    for _ in range(PASSES):
        after = [cast("NDArray[np.uint16]", kernels["sliding"](plane)) for plane in after]
    blurred = np.stack(after, axis=-1).astype(np.uint8)
    return np.concatenate([source.pixels, blurred], axis=1), part


def numpy_blur(image: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """The same blur with NumPy's slices, (h, w) uint16; sums of three bytes fit, so no wider dtype is needed."""
    padded = np.pad(image, 1, mode="edge")
    across = (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) // np.uint16(3)
    return (across[:-2] + across[1:-1] + across[2:]) // np.uint16(3)


def random_matrices(rows: int, depth: int, columns: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Two normal matrices, (rows, depth) and (depth, columns) float32, the same in every run."""
    generator = np.random.default_rng(0)
    shapes = ((rows, depth), (depth, columns))
    a, b = (generator.standard_normal(shape, dtype=np.float32) for shape in shapes)
    return a, b


def holds(result: NDArray[np.float32], exact: NDArray[np.float64], bound: NDArray[np.float64]) -> bool:
    """Whether each element is as near to the exact one as its bound says."""
    return bool(np.all(np.abs(result - exact) <= bound))


def report(part: Part, timings: dict[str, Timing], work: float, peak: float, peak_name: str) -> None:
    """Adds one row a candidate: rate by the median, its time and spread, share of the peak.

    Args:
        part: receives the rows.
        timings: seconds a call.
        work: 10^9 operations or bytes a call.
        peak: the machine's limit in the same unit a second, measured.
        peak_name: what to call it.
    """
    part.rows.append(("", part.unit, "ms, median", "fastest .. slowest", f"of {peak_name} {peak:.0f}"))
    for name, timing in timings.items():
        spread = f"{timing.fastest * 1e3:.2f} .. {timing.slowest * 1e3:.2f}"
        rate = work / timing.median
        part.rows.append((name, f"{rate:.1f}", f"{timing.median * 1e3:.2f}", spread, f"{rate / peak:.0%}"))


def tell(part: Part) -> None:
    """Prints one part: loop nests, checks, the table."""
    print(f"== {part.title}\n")
    for name, schedule in part.schedules.items():
        print(f"-- {name}\n{schedule}\n")
    for what, held in part.checks:
        print(f"{'ok   ' if held else 'WRONG'}  {what}")
    widths = [max(len(row[column]) for row in part.rows) for column in range(len(part.rows[0]))]
    print()
    for row in part.rows:
        print("  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)))
    print("\n" + "\n".join(part.notes) + "\n")
