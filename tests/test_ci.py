"""The script that CI runs, and the promises of pyproject.toml and the README that it relies on."""

import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_script_is_valid_bash() -> None:
    done = subprocess.run(["bash", "-n", ".ci/run"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_readme_has_the_two_commands_on_lines_of_their_own() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert "pip install '.[demo]' && tdsl demo" in lines
    assert "pip install '.[test]' && pytest" in lines


def test_the_readme_lists_every_extra() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [name for name in PROJECT["project"]["optional-dependencies"] if f"| `{name}` |" not in text]
    assert not missing


def test_ci_runs_the_checks_it_promises() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in (
        "ruff check",
        "ruff format --check",
        "pyright",
        "lint-imports",
        "--require-extras",
        "acceptance",
        "tests.fuzz --minutes 3",
    ):
        assert command in script


def test_what_installs_needs_three_libraries() -> None:
    names = [requirement.split(">")[0] for requirement in PROJECT["project"]["dependencies"]]
    assert names == ["llvmlite", "numpy", "islpy"]
