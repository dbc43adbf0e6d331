"""What is kept of a measurement: rows as plain dicts in, JSON lines with a format number out, and back."""

from __future__ import annotations

import json
import os
import platform
import time
from importlib import metadata
from pathlib import Path

FORMAT = 1
"""Raise it when a field changes its meaning; readers refuse what they do not know."""

Line = dict[str, object]


def row(
    workload: str,
    case: str,
    who: str,
    *,
    seconds: list[float] | None = None,
    work: float = 0.0,
    unit: str = "",
    **more: object,
) -> Line:
    """One measured candidate.

    Args:
        workload, case: what was computed, such as "matmul" and "1024".
        who: "tdsl blocked", "NumPy 2.4.6", …
        seconds: one entry a round, seconds a call; None where it was not measured (say why in `note=`).
        work: operations or bytes of one call.
        unit: "FLOP", "B" or "" for the rate `work / seconds`.
        more: further fields, such as `share=`, `bits_equal=`, `note=`.
    """
    line: Line = {"format": FORMAT, "workload": workload, "case": case, "who": who}
    if seconds is not None:
        ordered = sorted(seconds)
        median = ordered[len(ordered) // 2]
        line |= {"median_s": median, "min_s": ordered[0], "max_s": ordered[-1], "rounds": len(ordered)}
        if work:
            line |= {"rate": work / median, "unit": f"{unit}/s"}
    return line | more


def missing(workload: str, case: str, who: str, reason: str) -> Line:
    """The row of a peer that is not there."""
    return row(workload, case, who, note=reason)


def machine() -> Line:
    """The first line of a file: where and with what it was measured."""
    versions = {}
    for package in (
        "tdsl",
        "numpy",
        "llvmlite",
        "islpy",
        "halide",
        "numba",
        "apache-tvm",
        "nvidia-cuda-nvrtc",
    ):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    return {
        "format": FORMAT,
        "machine": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": versions,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def processor() -> str:
    """The name of the processor as the kernel gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def dumps(line: Line) -> str:
    """One line of JSON, without its line break."""
    return json.dumps(line, separators=(",", ":"))


def read(text: str) -> list[Line]:
    """The lines of a file; what is no JSON object (a library's chatter) is left out, an unknown format refused."""
    lines: list[Line] = [json.loads(each) for each in text.splitlines() if each.startswith("{")]
    for line in lines:
        if line.get("format") != FORMAT:
            raise ValueError(f"benchmark line of format {line.get('format')}, this reads {FORMAT}")
    return lines


class Kept:
    """A new file named after the time of its first line; every line is there as soon as it is added."""

    def __init__(self, first: Line, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{str(first['time']).replace(':', '')}.jsonl"
        self.path.write_text("", encoding="utf-8")
        self.add(first)

    def add(self, line: Line) -> None:
        """Appends a line."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(dumps(line) + "\n")
