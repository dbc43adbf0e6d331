"""Scripts and notebooks of the tutorials hold the same cells; every code cell of a notebook has run."""

import json
import re
from pathlib import Path

import pytest

TUTORIALS = Path(__file__).resolve().parents[1] / "tutorials"
SCRIPTS = sorted(TUTORIALS.glob("*.py"))


def cells_of(script):
    """(kind, source) of every cell of a percent script."""
    body = script.read_text(encoding="utf-8").split("# ---\n", 2)[2]
    for part in re.split(r"^# %%", body, flags=re.MULTILINE)[1:]:
        head, _, source = part.partition("\n")
        if "[markdown]" in head:
            lines = (re.sub("^# ?", "", line) for line in source.strip().splitlines())
            yield "markdown", "\n".join(lines)
        else:
            yield "code", source.strip()


def test_there_are_five():
    assert len(SCRIPTS) >= 5


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_notebook_is_of_this_script_and_has_run(script):
    notebook = json.loads(script.with_suffix(".ipynb").read_text(encoding="utf-8"))
    found = [(cell["cell_type"], "".join(cell["source"]).strip()) for cell in notebook["cells"]]
    assert found == list(cells_of(script)), f"run: python docs/build_notebooks.py {script.stem}"
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in code)
    assert not any(output["output_type"] == "error" for cell in code for output in cell["outputs"])
    assert any(cell["outputs"] for cell in code)


def test_tutorials_use_the_public_interface():
    for script in SCRIPTS:
        assert not re.search(r"(from|import) tdsl\.", script.read_text(encoding="utf-8"))
