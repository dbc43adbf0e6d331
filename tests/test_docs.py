"""The pages of docs/ are those that the code makes, and what they link to exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")])


def test_generated_pages_are_not_stale() -> None:
    command = [sys.executable, str(ROOT / "docs" / "build_docs.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_stale_page_is_noticed(tmp_path: Path) -> None:
    copy = tmp_path / "docs"
    copy.mkdir()
    for script in (
        "build_docs.py",
        "errors_page.py",
        "architecture_page.py",
        "dtypes_page.py",
        "reuse_page.py",
    ):
        (copy / script).write_text((ROOT / "docs" / script).read_text(encoding="utf-8"), encoding="utf-8")
    for page in ("architecture.md", "dtypes.md"):
        (copy / page).write_text((ROOT / "docs" / page).read_text(encoding="utf-8"), encoding="utf-8")
    (copy / "errors.md").write_text("old", encoding="utf-8")
    command = [sys.executable, str(copy / "build_docs.py"), "--check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and "stale: errors.md" in done.stderr, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(
        r"\]\(([^)#\s]+)", re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    )
    broken = [each for each in targets if "://" not in each and not (page.parent / each).exists()]
    assert not broken


def readme_program() -> str:
    program = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert program is not None
    return program.group(1)


def test_the_program_of_the_readme_runs(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", readme_program()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text(encoding="utf-8")
    missing = [
        page.name
        for page in folder.glob("0*.md")
        if page.name != "0000-template.md" and page.name not in index
    ]
    assert not missing
