"""A clone of a peeled stage is peeled already, by a directive that names another stage."""

import pytest

import tdsl as td


def test_case() -> None:
    n = td.size("n")
    p = td.compute("p", (n,), lambda i: i * 2)
    a = td.compute("a", (n,), lambda i: p[i] + 1)
    b = td.compute("b", (n,), lambda i: p[i] - 1)
    s = td.schedule(a, b).peel("p", "i", first=2).clone("p", "a", name="q")
    with pytest.raises(td.ArgumentError, match="i of q runs in parts already") as caught:
        s.peel("q", "i", first=1)
    assert caught.value.code == "S114"
