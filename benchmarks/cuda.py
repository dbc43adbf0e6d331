"""Static figures of GPU kernels for sm_80 and sm_90: machine code, resources, and every access of an emulated run.

In: nothing. Out: a row a kernel and architecture; never a time, which needs a device. Registers, spills and occupancy
are the compiler's (NVRTC), opcodes the disassembler's; sectors and wavefronts are counted by the emulator from the same
CUDA C, and results compared with the CPU's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

import numpy as np

import tdsl as td
from benchmarks import record, sass
from benchmarks.gpu_kernels import KERNELS, GpuKernel

ARCHITECTURES = ("sm_80", "sm_90")

LONGEST_LOOP = 2000
"""Instructions of a hot loop, 16 bytes each: 32 KB, so that a loop stays in the 128 KiB of the instruction cache that a
multiprocessor shares out (Jia et al., Dissecting the NVIDIA Volta GPU Architecture via Microbenchmarking, 2018)."""


def measure(threads: int, quick: bool) -> Iterator[record.Line]:
    """The rows; of one architecture where it has to be quick."""
    for kernel in KERNELS:
        try:
            accesses = emulated(kernel)
        except td.MissingTool as missing:
            yield record.missing("cuda", kernel.name, "tdsl", str(missing.what))
            continue
        for architecture in ARCHITECTURES[:1] if quick else ARCHITECTURES:
            try:
                code = compiled(kernel, architecture)
            except td.MissingTool as missing:
                yield record.missing("cuda", f"{kernel.name} {architecture}", "tdsl", str(missing.what))
                continue
            line = {**code, **accesses, "stands_for": kernel.stands_for}
            wrong = shortfalls(kernel, line)
            yield record.row(
                "cuda",
                f"{kernel.name} {architecture}",
                "tdsl",
                **line,
                shortfalls=wrong,
                note=_note(line, wrong),
            )


def compiled(kernel: GpuKernel, architecture: str) -> record.Line:
    """What the machine code of the full size shows. Errors: `td.MissingTool`."""
    built = td.build(kernel.schedule(*kernel.full), target=f"cuda:{architecture}")
    resources = built.resources()
    (code,) = sass.kernels(built.source("sass")).values()
    hot, whole = sass.summary(code.hot_loop), sass.summary(code.instructions)
    length = len(code.hot_loop)
    named = kernel.arithmetic
    return {
        "size": list(kernel.full),
        **{name: resources[name] for name in ("registers", "spill_bytes", "local_bytes", "shared_bytes", "occupancy")},
        "hot_loop": length,
        "arithmetic": None if named is None else round(hot[named[0]] / length, 3),
        "global_accesses": _widths(whole, "LDG", "STG"),
        "shared_accesses": _widths(whole, "LDS", "STS"),
        "barriers": whole["BAR"],
    }  # fmt: skip


def _widths(code: Counter[str], *kinds: str) -> dict[str, int]:
    """Accesses by opcode and width."""
    return {name: code[name] for name in sorted(code) if name.partition(".")[0] in kinds}


def emulated(kernel: GpuKernel) -> record.Line:
    """What every access of an emulated run of the small size shows. Errors: `td.MissingTool`."""
    schedule = kernel.schedule(*kernel.small)
    plain = td.build(td.schedule(*schedule.outputs))
    run = td.build(schedule, target="cuda:sm_80", run="emulate")
    rng = np.random.default_rng(1)
    shapes = [tuple(extent.value({}) for extent in one.extents) for one in plain.interface.inputs]
    inputs = [rng.integers(-8, 9, shape).astype(np.float32) for shape in shapes]
    want = plain(*inputs)
    got = np.empty_like(want)
    hazards = run.hazards(*inputs, out=got)
    # Sums of n terms of one sign in two orders are at most 2 n roundings apart.
    bound = 2 * max(kernel.small) * 2.0**-24
    return {
        "emulated": list(kernel.small),
        "hazards": len(hazards.found),
        "sectors": _ratio(1 / each for each in hazards.coalescing.values()),
        "wavefronts": _ratio(hazards.bank_conflicts.values()),
        "right": bool(np.allclose(got, want, rtol=bound, atol=0)),
    }


def _ratio(values: Iterable[float]) -> float:
    """The worst of several arrays: what the memory moves over the least that would do."""
    return round(max(1.0, *values), 4)


def shortfalls(kernel: GpuKernel, line: Mapping[str, object]) -> list[str]:
    """What a row is short of; nothing where all is as it should be."""
    asked = {
        "spills": line["spill_bytes"] == line["local_bytes"] == 0,
        "hazards": line["hazards"] == 0,
        "sectors": line["sectors"] == 1.0,
        "wavefronts": line["wavefronts"] == 1.0,
        "right": line["right"] is True,
        "hot loop": int(str(line["hot_loop"])) <= LONGEST_LOOP,
    }
    if kernel.arithmetic is not None:
        widths = [*_names(line["global_accesses"]), *_names(line["shared_accesses"])]
        asked["arithmetic"] = float(str(line["arithmetic"])) >= kernel.arithmetic[1]
        asked["128-bit accesses"] = all(name.endswith(".128") for name in widths)
    return [name for name, met in asked.items() if not met]


def _names(accesses: object) -> list[str]:
    assert isinstance(accesses, dict)
    return [str(name) for name in cast("dict[object, object]", accesses)]


def _note(line: Mapping[str, object], wrong: list[str]) -> str:
    share = line["arithmetic"]
    parts = [
        f"{line['registers']} registers, {line['spill_bytes']} B spilled",
        f"hot loop {line['hot_loop']}" + ("" if share is None else f", {float(str(share)):.1%} FFMA"),
        f"sectors x{line['sectors']:g}, wavefronts x{line['wavefronts']:g}",
        f"occupancy {float(str(line['occupancy'])):.0%}",
        f"SHORT OF: {', '.join(wrong)}" if wrong else "all as asked",
    ]
    return "; ".join(parts)
