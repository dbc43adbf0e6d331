"""What is prefetched is put into registers by a later directive: the build says that there is nothing to fetch."""

import pytest

import tdsl as td


def test_case() -> None:
    A = td.placeholder("A", (7, 10, 10), "float32")
    c = td.compute("c", (5, 8, 1), lambda i, j, k: A[k + 2, j, 9 - i])
    s = (
        td.schedule(c)
        .cache_read("A", "c", name="near")
        .prefetch("c", "near", "i", 1)
        .scope("near", "register")
    )
    with pytest.raises(td.LimitError, match="L113"):
        td.build(s)
