"""`python -m benchmarks`: names of workloads in; a table with ratios, and JSON lines in benchmarks/results/ out.

Every workload runs in a process of its own, pinned to as many cores as it has threads, so that no peer's threads and no
earlier workload's memory disturb it; inside, peers alternate with tdsl call by call.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from benchmarks import record, table

WORKLOADS: dict[str, tuple[int, ...]] = {
    "matmul": (1,),
    "blur": (1, 2),
    "attention": (1, 2),
    "ragged": (1,),
    "compile": (1,),
    "stages": (1,),
    "functions": (1,),
    "calls": (1,),
    "pool": (2,),
    "lifetime": (1,),
    "hostile": (1,),
    "polybench": (1,),
    "ops": (1, 2),
    "legality": (1,),
    "edit_distance": (2,),
    "cuda": (1,),
}
"""Workload -> numbers of threads it is measured with."""

FORCED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Runs the workloads named on the command line; 2 where the environment would make the numbers worthless."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="tdsl beside its peers.")
    parser.add_argument(
        "workloads", nargs="*", default=["all"], help=f"{' | '.join(WORKLOADS)} | all (%(default)s)"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds: does it run?")
    parser.add_argument("--no-file", action="store_true", help="print the table, keep no lines")
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    names = list(WORKLOADS) if "all" in chosen.workloads else chosen.workloads
    if unknown := [name for name in names if name not in WORKLOADS]:
        parser.error(f"no workload {', '.join(unknown)}; there are {', '.join(WORKLOADS)}")
    if forced := [name for name in FORCED if name in os.environ]:
        print(
            f"refused: {', '.join(forced)} set, so NumPy's BLAS would run a kernel that is not its own choice.\n"
            f"    env {' '.join(f'-u {name}' for name in FORCED)} python -m benchmarks",
            file=sys.stderr,
        )
        return 2
    if chosen.threads is not None:
        return measure_here(names[0], chosen.threads, chosen.quick)
    return measure_all(names, chosen.quick, keep=not chosen.no_file)


def measure_all(names: list[str], quick: bool, keep: bool) -> int:
    """Each workload in its own process; prints a table for each as it ends, and keeps the lines."""
    lines = [record.machine()]
    print(table.heading(lines[0]))
    status = 0
    for name in names:
        for threads in WORKLOADS[name]:
            if threads > len(os.sched_getaffinity(0)):
                print(f"\n{name}, {threads} threads: this process may use fewer cores")
                continue
            measured, code = measure_in_child(name, threads, quick)
            status = status or code
            print("\n" + table.text(f"{name}, {threads} thread{'s' * (threads > 1)}", measured))
            lines += measured
    if keep and status == 0:
        print(f"\nkept: {record.keep(lines, RESULTS)}")
    return status


def measure_in_child(name: str, threads: int, quick: bool) -> tuple[list[record.Line], int]:
    """The lines of one workload, measured by a process pinned to `threads` cores."""
    count = str(threads)
    environment = os.environ | {
        "OPENBLAS_NUM_THREADS": count, "OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count,
        "HL_NUM_THREADS": count, "NUMBA_NUM_THREADS": count, "TVM_NUM_THREADS": count,
    }  # fmt: skip
    command = [sys.executable, "-m", "benchmarks", name, "--threads", count, *(["--quick"] if quick else [])]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    return record.read(done.stdout), done.returncode


def measure_here(name: str, threads: int, quick: bool) -> int:
    """Pins this process, measures, prints one JSON line a row."""
    cores = sorted(os.sched_getaffinity(0))[:threads]
    os.sched_setaffinity(0, cores)
    import importlib

    workload = importlib.import_module(f"benchmarks.{name}")
    for line in workload.measure(threads, quick):
        print(record.dumps(line), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
