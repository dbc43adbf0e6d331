"""`python -m benchmarks`: bad usage, the refusal of a forced BLAS, a quick run whole."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import benchmarks.__main__ as main
from benchmarks import record

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


def test_an_option_of_another_workload_is_bad_usage() -> None:
    done = run("matmul", "--kernels", "lu")
    assert done.returncode == 2 and "matmul takes no --kernels" in done.stderr
    done = run("polybench", "--kernels", "lu,sort", "--no-file")
    assert done.returncode == 1 and "no sort; there are gemm, gemver" in done.stderr


def test_lines_are_kept_when_a_workload_ends_early(monkeypatch, tmp_path, capsys) -> None:
    def measured(name, threads, quick, given):
        yield record.row(name, "4x4", "tdsl", seconds=[1.0])
        raise subprocess.CalledProcessError(-9, name)

    monkeypatch.setattr(main, "measure_in_child", measured)
    monkeypatch.setattr(main, "RESULTS", tmp_path)
    assert main.measure_all(["matmul"], True, True, {}) == -9
    (path,) = tmp_path.iterdir()
    assert [line.get("case") for line in record.read(path.read_text())] == [None, "4x4"]
    said = capsys.readouterr()
    assert "4x4" in said.out and str(path) in said.out and "matmul: ended early, exit code -9" in said.err


@pytest.mark.slow
@pytest.mark.parametrize(
    "workload", ["matmul", "blur", "attention", "ragged", "stages", "legality", "edit_distance"]
)
def test_a_quick_run_gives_right_results(workload: str) -> None:
    done = run(workload, "--quick", "--no-file")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tdsl" in done.stdout and "WRONG" not in done.stdout and "DIFFER" not in done.stdout
