"""The box of a padded tensor that is read at a clamped place and at a shifted one."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    n = td.size("n")
    D = td.placeholder("D", (n + 2, n + 2, n + 2), "float32")
    s0 = td.pad(D, (2, 0), mode="constant", name="s0")
    s1 = td.pad(s0, (2, 0), mode="edge", name="s1")
    s2 = td.compute("s2", (n, n), lambda i, j: s1[j, td.clamp(j + j, 0, n + 6 - 1), i + 3])
    s = td.schedule(s2).split("s2", "j", 2).compute_at("s1", "s2", "jo")
    for sizes in ({"n": 0}, {"n": 1}, {"n": 4}):
        check(s, sizes, seed=0, mode="wild", environment=locals())
