"""The programs of the error pages do what their pages say: one raises its code on a line of its own, the other runs."""

import linecache

import numpy as np
import pytest

import tdsl as td
from tdsl.error_pages import CODES

WITH_PROGRAMS = [code for code, page in CODES.items() if page.failing]


def run(program, name):
    """Execute a page's program as a file of the user's; its lines are found through linecache, as a notebook's are."""
    text = "import numpy as np\nimport tdsl as td\n" + program.strip() + "\n"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), {"__name__": "__main__", "np": np, "td": td})


@pytest.mark.parametrize("code", WITH_PROGRAMS)
def test_the_failing_program_raises_its_code(code):
    page = CODES[code]
    with pytest.raises(td.TdslError) as caught:
        run(page.failing, f"page_{code}.py")
    error = caught.value
    assert (error.code, isinstance(error, page.cls)) == (code, True), str(error)
    lines = str(error).splitlines()
    assert len(lines) <= 10
    assert lines[1].startswith(f"  page_{code}.py:"), "an error names the user's line"
    assert set(lines[2].strip()) == {"^"}


@pytest.mark.parametrize("code", WITH_PROGRAMS)
def test_the_repaired_program_runs(code):
    run(CODES[code].repaired, f"page_{code}.py")
