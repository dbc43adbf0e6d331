"""Registers belong to one thread: refused outside of a parallel loop that uses them."""

import pytest

import tdsl as td


def test_case() -> None:
    s0 = td.compute("s0", (10,), lambda i: td.cast(i, "int32"))
    s2 = td.compute("s2", (9,), lambda i: td.cast(s0[0], "float32"))
    s = td.schedule(s2).scope("s0", "register").parallel("s2", "i")
    with pytest.raises(td.TdslError, match="L110"):
        td.build(s)
