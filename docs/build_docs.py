"""Writes the generated pages of docs/ from running code: `python docs/build_docs.py [--check]`.

errors.md comes from tdsl/error_pages/, architecture.md from docs/architecture_page.py, which runs one program through
every package and prints what each made of it, dtypes.md from docs/dtypes_page.py, which asks declarations, reuse.md from
docs/reuse_page.py, which counts. With `--check` nothing is written, and a stale page is status 1.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

DOCS = Path(__file__).resolve().parent


def generator(module: str) -> Callable[[], str]:
    """The function `page()` of a script beside this one: nothing in, the whole text of a page out."""
    spec = importlib.util.spec_from_file_location(module, DOCS / f"{module}.py")
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    page: Callable[[], str] = loaded.page
    return page


sys.path.insert(0, str(DOCS.parent))  # the checkout that the pages belong to, installed or not

PAGES = {
    "errors.md": "errors_page",
    "architecture.md": "architecture_page",
    "dtypes.md": "dtypes_page",
    "reuse.md": "reuse_page",
}
"""Generated page -> the script that makes it."""


def main() -> int:
    """Builds every page, or compares each with what is there."""
    parser = argparse.ArgumentParser(description="Generated pages of docs/.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page is stale")
    check = parser.parse_args().check
    stale = []
    for name, module in PAGES.items():
        text = generator(module)()
        path = DOCS / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text, encoding="utf-8")
            print(f"written: docs/{name}")
    if check and stale:
        print(
            f"stale: {', '.join(stale)}; run `python docs/build_docs.py` and read the diff", file=sys.stderr
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
