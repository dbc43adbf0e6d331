"""A stage placed in a loop of the second of two reductions, stored farther out: the loop belongs to that reduction."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    n = td.size("n", min=2, multiple_of=4)
    s1 = td.compute("s1", (n,), lambda i: td.cast(i, "float32"))

    def s2_at(i: td.Expr) -> td.Expr:
        k0 = td.reduce_axis("k0", 3)
        k1 = td.reduce_axis("k1", 3)
        k2 = td.reduce_axis("k2", (1, n))
        return td.sum(td.cast(i, "float32"), over=k0) + td.sum(s1[k2] + td.cast(k1, "float32"), over=(k1, k2))

    s2 = td.compute("s2", (n,), s2_at)
    s = td.schedule(s2).store_root("s1").compute_at("s1", "s2", "k1")
    check(s, {"n": 4}, seed=0, mode="whole", environment=locals())


def test_of_a_loop_that_data_bounds() -> None:
    n = td.size("n")
    d = td.placeholder("d", (n,), "int32", range=(0, n + 1))
    s1 = td.compute("s1", (n,), lambda i: td.cast(i, "float32"))

    def s2_at(i: td.Expr) -> td.Expr:
        k0 = td.reduce_axis("k0", 3)
        k1 = td.reduce_axis("k1", d[i])
        return td.sum(td.cast(i + k0, "float32"), over=k0) + td.sum(s1[k1], over=k1)

    s2 = td.compute("s2", (n,), s2_at)
    s = td.schedule(s2).store_root("s1").compute_at("s1", "s2", "k1")
    check(s, {"n": 5}, seed=0, mode="whole", environment=locals())
