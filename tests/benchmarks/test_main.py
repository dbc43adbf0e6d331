"""`python -m benchmarks`: bad usage, the refusal of a forced BLAS, a quick run whole."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLAIN = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *words]
    return subprocess.run(
        command, cwd=ROOT, env=PLAIN | environment, capture_output=True, text=True, timeout=300
    )


def test_a_forced_blas_kernel_is_refused() -> None:
    done = run("matmul", OPENBLAS_CORETYPE="Haswell")
    assert done.returncode == 2
    assert done.stderr.startswith("refused: OPENBLAS_CORETYPE set")


def test_an_unknown_workload_is_bad_usage() -> None:
    done = run("sorting")
    assert done.returncode == 2 and "no workload sorting" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "workload", ["matmul", "blur", "attention", "ragged", "stages", "legality", "edit_distance"]
)
def test_a_quick_run_gives_right_results(workload: str) -> None:
    done = run(workload, "--quick", "--no-file")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tdsl" in done.stdout and "WRONG" not in done.stdout and "DIFFER" not in done.stdout
