"""From expression to callable, and `import tdsl` over `import numpy`: nothing in; rows of times against targets out.

Each time is the third kernel of a fresh process without a disk cache: declaration, schedule, lowering, LLVM, and the
first call, which is listed apart. `python -m benchmarks.compile CASE` measures one process and prints its two numbers.
The proof that the reads of a declaration stay in bounds is timed by itself: the median over the declarations of 02 to
04.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks import record

TARGETS_MS = {
    "plain": 60,
    "tiled": 90,
    "packed": 150,
    "blocked": 150,
    "sliding": 150,
    "convolution": 250,
    "softmax": 200,
}
IMPORT_TARGET_MS = 15
PROOF_TARGET_MS = 3


def measure(threads: int, quick: bool) -> Iterator[record.Line]:
    """One row a schedule of 01 to 04, one for the proofs of their declarations, and one for the import."""
    rounds = 1 if quick else 5
    for case, target in TARGETS_MS.items():
        builds, calls = zip(*(_in_fresh_process(case) for _ in range(rounds)), strict=True)
        note = f"target {target} ms; first call {sorted(calls)[len(calls) // 2] * 1e3:.1f} ms"
        yield record.row("compile", case, "tdsl", seconds=list(builds), threads=threads, note=note)
    proofs = [_in_fresh_process("proofs")[0] for _ in range(rounds)]
    note = f"median of a declaration of 02 to 04; target {PROOF_TARGET_MS} ms"
    yield record.row("compile", "bounds proof", "tdsl", seconds=proofs, threads=threads, note=note)
    over = [_import_over_numpy() for _ in range(3 * rounds)]
    note = f"target {IMPORT_TARGET_MS} ms over `import numpy`"
    yield record.row("compile", "import", "tdsl", seconds=over, threads=threads, note=note)


def _in_fresh_process(case: str) -> tuple[float, float]:
    environment = os.environ | {"TDSL_CACHE": "0"}
    command = [sys.executable, "-m", "benchmarks.compile", case]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    build, call = json.loads(done.stdout.splitlines()[-1])
    return build, call


def _import_over_numpy() -> float:
    ask = "import time, numpy; start = time.perf_counter(); import tdsl; print(time.perf_counter() - start)"
    return float(
        subprocess.run([sys.executable, "-c", ask], stdout=subprocess.PIPE, text=True, check=True).stdout
    )


def _time_proofs() -> tuple[float, float]:
    """Median and greatest time of the bounds proof of one declaration, in programs declared for the first time."""
    from benchmarks import programs
    from tdsl.declare import proof, stage

    taken: list[float] = []

    def timed(*arguments: object) -> None:
        start = time.perf_counter()
        proof.prove_reads(*arguments)  # type: ignore[arg-type]
        taken.append(time.perf_counter() - start)

    stage.prove_reads = timed
    programs.matmul(500, 700, 301, 16)  # isl is loaded by then
    taken.clear()
    for program in (programs.sliding_blur, programs.convolution, programs.softmax):
        program()
    return sorted(taken)[len(taken) // 2], max(taken)


def _time_one(case: str) -> tuple[float, float]:
    import numpy as np

    import tdsl as td
    from benchmarks import programs

    def build(case: str, size: int) -> object:
        named = "filters" if size else "co"
        if case == "sliding":
            return td.build(programs.sliding_blur())
        if case in ("convolution", "softmax"):
            return td.build(getattr(programs, case)(named))
        return td.build(programs.matmul(500 + size, 700, 301, td.Target().vector_bits // 32)[case])

    for other in ("plain", "tiled"):  # the first two kernels of the process, of other sizes than the third
        build(other, 8)
    start = time.perf_counter()
    kernel = build(case, 0)
    built = time.perf_counter()
    rng = np.random.default_rng(0)
    if case == "sliding":
        arguments = [rng.integers(0, 256, (600, 512)).astype(np.uint16)]
    elif case in ("convolution", "softmax"):
        shapes = ((1, 16, 28, 28), (24, 16, 3, 3), (24,)) if case == "convolution" else ((128, 1024),)
        arguments = [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]
    else:
        arguments = [rng.standard_normal(shape, dtype=np.float32) for shape in ((500, 301), (301, 700))]
    called = time.perf_counter()
    kernel(*arguments)  # type: ignore[operator]
    return built - start, time.perf_counter() - called


if __name__ == "__main__":
    print(json.dumps(_time_proofs() if sys.argv[1] == "proofs" else _time_one(sys.argv[1])))
