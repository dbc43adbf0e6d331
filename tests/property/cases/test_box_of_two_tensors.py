"""The box of a stage of two tensors, one of them read in a place of its own."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    n = td.size("n")
    B = td.placeholder("B", (n, 2 * n + 2), "float32")
    s0, s0b = td.compute(
        ("s0", "s0b"), (n + 2, n), lambda i, j: (td.cast(i, "float32"), td.cast(j, "float32"))
    )
    s1 = td.compute(
        "s1",
        (n, n),
        lambda i, j: td.where(
            s0[j, j] == 1,
            td.where(j + 1 < n, s0b[i, j + 1], 1),
            td.where(td.all(i - j + 1 >= 0, i - j + 1 < n), B[i - j + 1, 0], 0),
        ),
    )
    s = td.schedule(s1).compute_at("s0", "s1", "j")
    for sizes in ({"n": 0}, {"n": 1}, {"n": 5}):
        check(s, sizes, seed=0, mode="wild", environment=locals())
