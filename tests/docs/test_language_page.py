"""docs/language.md says what is so: its examples run from top to bottom, its table has every directive as it is called."""

import ast
import inspect
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

import tdsl as td
from tdsl.schedule import primitives

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "language.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
GIVEN = {"a": np.ones((3, 8), np.float32), "b": np.ones((3, 8), np.float32)}
"""Arrays that the part about calls is about: those of C = A * B."""
NEEDS_TOOLS = "g.resources()"


def _run(source: str, names: dict[str, object]) -> None:
    """Runs a block, statement by statement; what needs a tool of NVIDIA's may say that it is not there."""
    for statement in ast.parse(source).body:
        code = compile(ast.Module([statement], []), "docs/language.md", "exec")
        try:
            exec(code, names)
        except td.MissingTool:
            assert ast.unparse(statement) == NEEDS_TOOLS


def _prepared(names: dict[str, object], block: str) -> None:
    """What the words around a block say is there."""
    n, m = td.size("n"), td.size("m", min=1, multiple_of=8, typical=1024)
    if "my_function" in block:
        names["s"] = td.schedule(names["C"])
        names["my_function"] = lambda s, tile: s.tile(names["C"], {"i": tile, "j": tile})
    if "td.build(s)" in block:
        A, B = td.placeholder("A", (n, m)), td.placeholder("B", (n, m))
        names["C"] = td.compute("C", (n, m), lambda i, j: A[i, j] * B[i, j])
        names.update(GIVEN, s=td.schedule(names["C"]), pickle=pickle)
    if "rmsnorm(X, W)" in block:
        names.update(X=td.placeholder("X", (n, 16)), W=td.placeholder("W", (16,)))
        names.update(x=np.ones((2, 16), np.float32), w=np.ones(16, np.float32))


def test_the_examples_run_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    threads = td.get_num_threads()
    names: dict[str, object] = {"td": td}
    try:
        for block in BLOCKS:
            _prepared(names, block)
            _run(block, names)
    finally:
        td.set_num_threads(threads)
    np.testing.assert_array_equal(names["c"], np.ones((3, 8)))
    assert (tmp_path / "f.so").exists()


def _rows() -> dict[str, list[ast.Call]]:
    """The calls in the first column of the table of directives, by method."""
    table = PAGE[PAGE.index("| directive |") : PAGE.index("Instructions for `tensorize`")]
    found: dict[str, list[ast.Call]] = {}
    for line in table.splitlines()[2:]:
        if not line.startswith("| `"):
            continue
        for text in re.findall(r"`([^`]+)`", line.split(" | ")[0]):
            plain = re.sub(
                r"(\w+)=(?=[,)])", r"\1=None", text.replace("[, ", ", ").replace("]", "", text.count("[, "))
            )
            call = ast.parse(plain.replace("…", "None"), mode="eval").body
            assert isinstance(call, ast.Call) and isinstance(call.func, ast.Name), text
            found.setdefault(call.func.id, []).append(call)
    return found


ROWS = _rows()


@pytest.mark.parametrize("method", sorted(ROWS))
def test_a_row_calls_the_directive_as_it_is(method):
    signature = inspect.signature(getattr(td.Schedule, method))
    for call in ROWS[method]:
        signature.bind(None, *call.args, **{each.arg: None for each in call.keywords if each.arg})


def test_every_directive_has_its_row():
    assert set(ROWS) == set(primitives.PRIMITIVES)


def _named(begin: str, end: str) -> list[str]:
    """The names in code between two places of the page."""
    part = PAGE[PAGE.index(begin) + len(begin) : PAGE.index(end)]
    return [name for span in re.findall(r"`([^`]+)`", part) for name in re.findall(r"[A-Za-z_][\w.]*", span)]


@pytest.mark.parametrize(
    ("module", "begin", "end"),
    [
        (td, "Functions: ", ", `td.cast(x, dtype)`"),
        (td.ops, "comparisons and reductions, ", "Names and arguments are those of"),
        (td.schedules, "has functions from schedules to schedules: ", "They say why: "),
    ],
    ids=["functions", "operators", "schedules"],
)
def test_what_is_listed_is_there(module, begin, end):
    names = _named(begin, end)
    assert len(names) > 15 and not [name for name in names if not callable(getattr(module, name, None))]


def test_everything_public_is_on_the_page():
    """Functions of the package and methods of schedules; classes are what they give."""
    public = [
        name
        for name in td.__all__
        if not inspect.isclass(getattr(td, name)) and not inspect.ismodule(getattr(td, name))
    ]
    methods = [
        name for name in dir(td.Schedule) if not name.startswith("_") and name not in ("settings", "state")
    ]
    assert len(public) > 80 and len(methods) > 60
    assert not [name for name in (*public, *methods) if not re.search(rf"\b{name}\b", PAGE)]
