"""`refused`: a declaration raises exactly this text, on the user's line."""

from collections.abc import Callable
from textwrap import dedent

import pytest

import tdsl as td


@pytest.fixture
def refused() -> Callable[..., td.TdslError]:
    """`refused(kind, call, text)`: compares the whole message, the source line and caret aside."""

    def check(kind: type[td.TdslError], call: Callable[[], object], text: str) -> td.TdslError:
        with pytest.raises(kind) as caught:
            call()
        error = caught.value
        lines = str(error).splitlines()
        assert error.where is not None and error.where.filename == call.__code__.co_filename
        source = error.where.lines()
        assert lines[1 : 1 + len(source)] == [f"  {line}" for line in source]
        assert "\n".join([lines[0], *lines[1 + len(source) :]]) == dedent(text).strip()
        assert len(lines) <= 10
        return error

    return check
