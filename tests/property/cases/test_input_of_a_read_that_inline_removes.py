"""The value that reads an input is not the one that is used, so inlining leaves no read: it stays an argument."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    n = td.size("n", min=2)
    A = td.placeholder("A", (n,), "int8")
    B = td.placeholder("B", (n + 3,), "int8")
    one, _ = td.compute(("one", "other"), (n,), lambda i: (td.cast(1, "int8"), B[i + 3]))
    c = td.compute("c", (n,), lambda i: A[i] + one[i])
    s = td.schedule(c)
    names = [each.name for each in td.build(s).interface.inputs]
    assert names == ["A", "B"]
    inlined = s.inline("one")
    assert [each.name for each in td.build(inlined).interface.inputs] == names
    check(inlined, {"n": 2}, seed=964, mode="whole", environment=locals())
