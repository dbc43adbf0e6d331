"""The same where the reader stands deeper, in a stage placed there."""

import pytest

import tdsl as td


def test_case() -> None:
    B = td.placeholder("B", (5,), "float32")
    s0 = td.compute("s0", (4,), lambda i: td.where(2 * i < 5, B[2 * i], 0.1))

    def s1_at(i):
        k0 = td.reduce_axis("k0", 4)
        return td.max(s0[k0], over=k0)

    s1 = td.compute("s1", (4,), s1_at)
    s2 = td.compute("s2", (4,), lambda i: s1[i])
    s = td.schedule(s2).split("s1", "k0", 2).compute_at("s0", "s1", "k0i")
    s = s.cache_read("B", "s0", name="c9", scope="register").parallel("s1", "i")
    with pytest.raises(td.TdslError, match="L110"):
        td.build(s)
