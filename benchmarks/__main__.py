"""`python -m benchmarks`: names of workloads in; a table with ratios, and JSON lines in benchmarks/results/ out.

Every workload runs in a process of its own, pinned to as many cores as it has threads, so that no peer's threads and no
earlier workload's memory disturb it; inside, peers alternate with tdsl call by call.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
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

OPTIONS: dict[str, tuple[tuple[str, ...], Callable[[str], object], str]] = {
    "kernels": (("polybench",), str, "of polybench: such as lu,adi (default: all)"),
    "sizes": (("polybench",), str, "of polybench: MINI,SMALL,MEDIUM,LARGE (default: MEDIUM,LARGE)"),
    "seconds": (("polybench",), float, "of polybench: what begins after so long is left out (default: 540)"),
}
"""Option -> the workloads that take it, how its word is read, its help; `measure` takes it as a keyword."""

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
    for name, (_, kind, text) in OPTIONS.items():
        parser.add_argument(f"--{name}", type=kind, help=text)
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
    given = {name: value for name in OPTIONS if (value := getattr(chosen, name)) is not None}
    for option in given:
        if unfit := [name for name in names if name not in OPTIONS[option][0]]:
            parser.error(f"{unfit[0]} takes no --{option}")
    if chosen.threads is not None:
        return measure_here(names[0], chosen.threads, chosen.quick, given)
    return measure_all(names, chosen.quick, not chosen.no_file, given)


def measure_all(names: list[str], quick: bool, keep: bool, given: dict[str, object]) -> int:
    """Each workload in its own process; keeps its lines as they come, prints a table as it ends."""
    machine = record.machine()
    print(table.heading(machine), flush=True)
    kept = record.Kept(machine, RESULTS) if keep else None
    status = 0
    for name in names:
        for threads in WORKLOADS[name]:
            if threads > len(os.sched_getaffinity(0)):
                print(f"\n{name}, {threads} threads: this process may use fewer cores")
                continue
            measured: list[record.Line] = []
            try:
                for line in measure_in_child(name, threads, quick, given):
                    measured.append(line)
                    if kept is not None:
                        kept.add(line)
            except subprocess.CalledProcessError as error:
                status = status or error.returncode
                print(f"\n{name}: ended early, exit code {error.returncode}", file=sys.stderr)
            print("\n" + table.text(f"{name}, {threads} thread{'s' * (threads > 1)}", measured), flush=True)
    if kept is not None:
        print(f"\nkept: {kept.path}")
    return status


def measure_in_child(name: str, threads: int, quick: bool, given: dict[str, object]) -> Iterator[record.Line]:
    """The lines of one workload, as a process pinned to `threads` cores measures them.

    Raises:
        CalledProcessError: it ended with another code than 0, after the lines that came out.
    """
    count = str(threads)
    environment = os.environ | {
        "OPENBLAS_NUM_THREADS": count, "OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count,
        "HL_NUM_THREADS": count, "NUMBA_NUM_THREADS": count, "TVM_NUM_THREADS": count,
    }  # fmt: skip
    command = [sys.executable, "-m", "benchmarks", name, "--threads", count, *(["--quick"] if quick else [])]
    command += [word for option, value in given.items() for word in (f"--{option}", str(value))]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for text in child.stdout:
            yield from record.read(text)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)


def measure_here(name: str, threads: int, quick: bool, given: dict[str, object]) -> int:
    """Pins this process, measures, prints one JSON line a row."""
    cores = sorted(os.sched_getaffinity(0))[:threads]
    os.sched_setaffinity(0, cores)
    import importlib

    workload = importlib.import_module(f"benchmarks.{name}")
    for line in workload.measure(threads, quick, **given):
        print(record.dumps(line), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
