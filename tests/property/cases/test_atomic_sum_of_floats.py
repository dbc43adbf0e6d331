"""A sum whose terms come in any order: kernel and loops agree in bits only where sums are exact."""

import tdsl as td
from tests.support.compare import built, run


def test_case() -> None:
    A = td.placeholder("A", (64,), "float32")
    k = td.reduce_axis("k", 64)
    s0 = td.compute("s0", (3,), lambda i: td.sum(A[k] * 0.1, over=k))
    one = built(td.schedule(s0).atomic("s0").parallel("s0", "k"))
    assert one.varies and one.reassociates
    run(one, {}, 0, "mild")
