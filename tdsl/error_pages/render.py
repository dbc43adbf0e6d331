"""All pages by code, and the text of ``docs/errors.md`` made from them."""

from __future__ import annotations

from tdsl.error_pages import calls, cuda, devices, directives, expressions, legality, loops, schedules, values
from tdsl.error_pages.page import ErrorPage

CODES: dict[str, ErrorPage] = {
    page.code: page
    for page in (
        *expressions.PAGES,
        *values.PAGES,
        *schedules.PAGES,
        *legality.PAGES,
        *directives.PAGES,
        *loops.PAGES,
        *calls.PAGES,
        *devices.PAGES,
        *cuda.PAGES,
    )
}
"""Code -> page, in the order of the document."""

_CHAPTERS = {
    "E1": "Expressions and declarations",
    "E2": "Dtypes",
    "E3": "Bounds",
    "S1": "Arguments of directives",
    "S2": "Legality",
    "S3": "Placement and storage",
    "S4": "Saved schedules",
    "L1": "Lowering and limits",
    "L2": "Loop IR text",
    "G1": "Code generation and targets",
    "C1": "Calls",
    "T1": "Missing tools",
    "I9": "Bugs of tdsl",
}


def render_pages() -> str:
    """The text of ``docs/errors.md``: one chapter a range of codes, one section a code."""
    parts = [
        "# Errors",
        "Every error of tdsl carries a code, and each code has a section here: what it means, a program that fails "
        "with it, and the program repaired. The programs start with `import tdsl as td` and `import numpy as np`.",
        "This page is generated from `tdsl/error_pages/`; don't edit it.",
    ]
    for prefix, title in _CHAPTERS.items():
        pages = sorted(
            (page for page in CODES.values() if page.code.startswith(prefix)), key=lambda page: page.code
        )
        if pages:
            parts.append(f"## {prefix}xx: {title}" if prefix != "I9" else f"## {title}")
            parts += [_section(page) for page in pages]
    return "\n\n".join(parts) + "\n"


def _section(page: ErrorPage) -> str:
    builtins = [base.__name__ for base in page.cls.__mro__ if base.__module__ == "builtins"]
    kinds = ", ".join(name for name in builtins if name not in ("Exception", "BaseException", "object"))
    kind = f"`td.{page.cls.__name__}`" + (f" (a {kinds})" if kinds else "")
    text = f"### {page.code}: {page.title}\n\n{kind}. {page.explanation}"
    if page.failing:
        text += f"\n\nFails:\n\n```python\n{page.failing.strip()}\n```"
        text += f"\n\nRepaired:\n\n```python\n{page.repaired.strip()}\n```"
    return text
