"""The `tdsl` command: usage, versions, exit statuses."""

import subprocess
import sys

import pytest

from tdsl import cli


def test_version_names_what_tdsl_stands_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["tdsl", "llvmlite", "islpy", "numpy"]


def test_without_a_command_it_prints_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    shown = capsys.readouterr().out
    assert "usage: tdsl" in shown and "demo" in shown and "info" in shown


def test_an_unknown_command_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["draw"])
    assert stopped.value.code == 2
    assert "invalid choice: 'draw'" in capsys.readouterr().err


def test_info_prints_machine_and_versions(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["info"]) == 0
    shown = capsys.readouterr().out
    for word in ("CPU", "vectors", "cores", "caches", "FMA peak", "GB/s", "LLVM"):
        assert word in shown, word


def test_the_command_starts_without_llvm_and_isl() -> None:
    ask = (
        "import sys; from tdsl.cli import main; main(['--version']); "
        "print('loaded:', sorted({'llvmlite', 'islpy', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tdsl", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("tdsl ")
