"""The script that CI runs, and the promises of pyproject.toml and the README that it relies on."""

import subprocess
import sys
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


# ---- a suite shared by two processes

SUITE = {
    "one/test_a.py": "import pytest, time\n@pytest.fixture(scope='module')\ndef made():\n    yield 1\n"
    "def test_a(made): time.sleep(0.3)\ndef test_b(made): assert made == 1\n",
    "one/test_b.py": "def test_c(): pass\ndef test_d(): pass\n",
    "two/deep/test_c.py": "def test_e(): assert False\n",
    "two/test_d.py": "import time\ndef test_f(): time.sleep(0.3)\n",
    "three/test_e.py": "def test_g(): pass\n",
}


def test_two_processes_run_every_test_once(tmp_path: Path) -> None:
    for name, text in SUITE.items():
        path = tmp_path / "suite" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    plugin = "from tests.support.shared_run import share\n"
    plugin += "def pytest_addoption(parser): parser.addoption('--share')\n"
    plugin += "def pytest_sessionstart(session): share(session.config, session.config.getoption('--share'))\n"
    (tmp_path / "suite" / "conftest.py").write_text(plugin)
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--import-mode=importlib",
               "--rootdir", str(tmp_path / "suite"), "--share", str(tmp_path / "taken"), str(tmp_path / "suite")]  # fmt: skip
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    runs = [
        subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [run.communicate(timeout=60)[0] for run in runs]
    ran = [
        {line.split()[0] for line in text.splitlines() if " PASSED" in line or " FAILED" in line}
        for text in said
    ]
    assert not ran[0] & ran[1] and len(ran[0] | ran[1]) == 7, said
    assert sorted(run.returncode for run in runs) == [0, 1] and all("1 failed" in said[place] for place in (0, 1)
                                                                     if runs[place].returncode)  # fmt: skip
    for text in said:
        assert (
            f"{7 - len([line for line in text.splitlines() if ' PASSED' in line or ' FAILED' in line])} tests left"
            in text
        )
