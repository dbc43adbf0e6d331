"""Every code has a page and every page is whole; the document's text is made of them."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import tdsl.error_pages
from tdsl import errors
from tdsl.error_pages import CODES, calls, devices, expressions, legality, loops, render_pages, schedules

PACKAGE = Path(tdsl.error_pages.__file__).parents[1]
CODE = re.compile(r"(E[123]|S[1234]|L[12]|G1|C1|T1)[0-9]{2}|I999")
ANY_CODE = re.compile(r"[ESLGCTI][0-9]{3}")


@cache
def raised():
    """(place, code, class name or None) of every code in the package outside its pages."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if "error_pages" in path.parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        classes = {
            node.args[0]: getattr(node.func, "id", getattr(node.func, "attr", None))
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and node.args
        }
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and ANY_CODE.fullmatch(node.value)
            ):
                found.append((f"{path.relative_to(PACKAGE)}:{node.lineno}", node.value, classes.get(node)))
    return found


def test_every_code_that_is_raised_has_a_page():
    missing = [f"{place} {code}" for place, code, _ in raised() if code not in CODES]
    assert not missing, "add pages to tdsl/error_pages/ for:\n" + "\n".join(missing)


def test_every_page_is_of_a_code_that_is_raised():
    assert not set(CODES) - {code for _, code, _ in raised()}


def test_every_error_is_of_its_pages_class():
    wrong = []
    for place, code, name in raised():
        cls = getattr(errors, name or "", None)
        if code in CODES and isinstance(cls, type) and not issubclass(cls, CODES[code].cls):
            wrong.append(f"{place} raises {code} as {name}, its page says {CODES[code].cls.__name__}")
    assert not wrong, "\n".join(wrong)


def test_no_code_has_two_pages():
    pages = [
        *expressions.PAGES,
        *schedules.PAGES,
        *legality.PAGES,
        *loops.PAGES,
        *calls.PAGES,
        *devices.PAGES,
    ]
    codes = [page.code for page in pages]
    assert len(codes) == len(set(codes)), sorted({code for code in codes if codes.count(code) > 1})


@pytest.mark.parametrize("code", CODES)
def test_a_page_is_whole(code):
    page = CODES[code]
    assert CODE.fullmatch(code)
    assert page.title
    assert page.explanation.endswith(".")
    assert bool(page.failing) == bool(page.repaired)
    assert page.failing != page.repaired or not page.failing
    for program in (page.failing, page.repaired):
        compile(program, code, "exec")


def test_the_document():
    text = render_pages()
    assert text.count("\n### ") == len(CODES)
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## E1xx: Expressions and declarations",
        "## E2xx: Dtypes",
        "## E3xx: Bounds",
        "## S1xx: Arguments of directives",
        "## S2xx: Legality",
        "## S3xx: Placement and storage",
        "## S4xx: Saved schedules",
        "## L1xx: Lowering and limits",
        "## L2xx: Loop IR text",
        "## G1xx: Code generation and targets",
        "## C1xx: Calls",
        "## T1xx: Missing tools",
        "## Bugs of tdsl",
    ]
    assert (
        "### E122: an option that is neither True nor False\n\n"
        "`td.ArgumentTypeError` (a ValueError, TypeError). Options are switches.\n\n"
        'Fails:\n\n```python\ntd.options(contract="no")\n```\n\n'
        "Repaired:\n\n```python\ntd.options(contract=False)\n```\n"
    ) in text
    assert (
        "### I999: a bug of tdsl\n\n`td.InternalError` (a RuntimeError). Something that cannot happen did."
        in text
    )
