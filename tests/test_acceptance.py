"""Every program of tests/acceptance runs to its end, unchanged, as a program of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent / "acceptance"
ORIGINALS = FOLDER.parents[2] / "shared" / "acceptance"
PROGRAMS = sorted(FOLDER.glob("[0-9][0-9]_*.py"))


def imports_of(program: Path, module: str) -> bool:
    return any(
        line.startswith((f"import {module}", f"from {module}")) for line in program.read_text().splitlines()
    )


def marked(program: Path) -> object:
    marks = [pytest.mark.acceptance]
    if imports_of(program, "matplotlib"):
        marks.append(pytest.mark.needs("demo", "matplotlib"))
    if 'target="cuda' in program.read_text():
        marks += [pytest.mark.needs("cuda", "nvidia"), pytest.mark.needs_compiler]
    return pytest.param(program, marks=marks, id=program.stem)


@pytest.mark.parametrize("program", [marked(program) for program in PROGRAMS])
def test_program_runs(program: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{program.name} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"


def test_the_first_two_are_here() -> None:
    assert [program.name for program in PROGRAMS[:2]] == ["01_matmul.py", "02_blur.py"]


def test_copies_are_exact() -> None:
    """Where the originals lie beside the checkout, the copies equal them byte for byte."""
    if not ORIGINALS.is_dir():
        return
    different = [p.name for p in PROGRAMS if (ORIGINALS / p.name).read_bytes() != p.read_bytes()]
    assert not different, f"copy them again from shared/acceptance: {different}"
