"""A copy placed in a loop of a reduction whose terms run in a loop of another stage (seed 467: a scan of too few dims)."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    n = td.size("n", min=2)
    A = td.placeholder("A", (5, n + 2), "float32")
    alpha = td.param("alpha", "float32")
    s1l = td.placeholder("s1l", (3, n), "int8")
    s1r = td.placeholder("s1r", (4, 3), "uint8")

    def s0_at(i, j):
        k0 = td.reduce_axis("k0", 5)
        return td.min(td.where(j + i < n + 2, A[i, j + i], td.cast(-2.5, "float32")), over=k0) + (
            A[i, (j) // 2] + alpha
        )

    s0 = td.compute("s0", (4, n), s0_at)

    def s1_at(i, j):
        k0 = td.reduce_axis("k0", 3)
        return td.sum(td.cast(s1l[k0, i], "int32") * td.cast(s1r[j, k0], "int32"), over=k0)

    s1 = td.compute("s1", (n, 4), s1_at)

    def s2_at(i):
        k0 = td.reduce_axis("k0", i + 1)
        return td.maximum(
            td.prod(
                (
                    td.where(2 * i < n, s0[td.clamp(i, 0, 4 - 1), 2 * i], td.cast(1.0, "float32"))
                    + td.where(i - k0 + 1 < 4, s0[i - k0 + 1, k0], td.cast(0.5, "float32"))
                )
                * td.minimum(alpha, A[td.clamp(i + 1, 0, 5 - 1), n + 2 - 1 - k0]),
                over=k0,
            ),
            td.minimum(
                td.where(td.all(i + 2 < 4, i + i < n), s0[i + 2, i + i], td.cast(1.0, "float32")),
                td.cast(td.where(i < 4, s1[i, i], td.cast(0, "int32")), "float32"),
            ),
        )

    s2 = td.compute("s2", (n,), s2_at)
    s3_x = td.axis("s3_x", (0, n))
    s3_t = td.axis("s3_t", (0, 2))
    s3 = td.update(
        "s3",
        s2,
        over=(s3_x, s3_t),
        at=(s3_x,),
        value=lambda s3: td.minimum(s3[s3_x], s2[td.clamp(s3_x + s3_x - 1, 0, n - 1)]),
    )
    s = td.schedule(s3)
    s = s.compute_with("s1", "s2", "k0")
    s = s.split("s2", "k0", 4, into=("k0x", "k0y"))
    s = s.reorder("s2", "k0x", "i", "k0y")
    s = s.cache_read("s1l", "s1", name="c5")
    s = s.tile("c5", {"i": 4, "k0": 3})
    s = s.skew("c5", "k0o", by="io", into="k0os12")
    s = s.specialize(n % 2 == 1, lambda s: s.compute_at("c5", "s1", "j"))
    check(s, {"n": 7}, seed=467, mode="wild", environment=locals())
