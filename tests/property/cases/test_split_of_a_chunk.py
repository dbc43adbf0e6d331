"""The chunk of a fused loop is a part of an order, which has no blocks."""

import pytest

import tdsl as td


def test_case() -> None:
    n = td.size("n")
    s4 = td.compute("s4", (n, n), lambda i, j: td.cast(i + j, "int32"))
    s = td.schedule(s4).fuse("s4", "i", "j").parallel("s4", "i_j", chunk=1)
    with pytest.raises(td.TdslError, match="S117"):
        s.split("s4", "i_jc", 2)
