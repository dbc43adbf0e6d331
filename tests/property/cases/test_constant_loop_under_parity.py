"""An unrolled loop of a producer that only every other iteration of the reader needs."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    A = td.placeholder("A", (6, 4), "int32")
    s1 = td.pad(A, (2, 0), mode="constant", name="s1")
    s2 = td.compute(
        "s2",
        (4, 5),
        lambda i, j: td.where(i % 2 == 1, td.where(s1[1, td.clamp(3 * i + 1, 0, 5)] <= 3, 5, j), 1),
        dtype="int64",
    )
    s = td.schedule(s2).compute_at("s1", "s2", "i").unroll("s1", "d1")
    for sizes in ({},):
        check(s, sizes, seed=0, mode="wild", environment=locals())
