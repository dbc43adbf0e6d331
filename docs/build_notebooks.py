"""Executes the tutorials and writes their notebooks: `python docs/build_notebooks.py [NAME…]`; needs the extra [notebooks].

In: tutorials/*.py, percent scripts. Out: tutorials/*.ipynb with outputs. An assertion that fails is status 1, and the
notebook is left as it was. tests/test_tutorials.py checks that scripts and notebooks hold the same cells.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
TIME_LIMIT = 180
"""Seconds a notebook may take."""


def built(script: Path) -> nbformat.NotebookNode:
    """The executed notebook of a script."""
    notebook = jupytext.read(script)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"{script.stem}-{number}"
    NotebookClient(notebook, timeout=TIME_LIMIT, kernel_name="python3").execute(cwd=str(script.parent))
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    notebook.metadata = {"kernelspec": notebook.metadata.get("kernelspec", {})}
    return notebook


def main(names: list[str]) -> None:
    """Builds the notebooks named, all where none is."""
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    scripts = sorted((ROOT / "tutorials").glob("*.py"))
    for script in scripts:
        if names and script.stem not in names:
            continue
        nbformat.write(built(script), script.with_suffix(".ipynb"))
        print(f"wrote tutorials/{script.stem}.ipynb")


if __name__ == "__main__":
    main(sys.argv[1:])
