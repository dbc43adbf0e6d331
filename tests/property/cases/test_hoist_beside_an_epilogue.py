"""A part of a sum and a part of what is around it: the stage that has the sum's axis serves the sum alone."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    B = td.placeholder("B", (12, 19), "float32")

    def s0_at(i):
        k0 = td.reduce_axis("k0", 11)
        k1 = td.reduce_axis("k1", 2)
        term = td.minimum(B[k0, i], B[k0, i + 1])
        return td.sum(term, over=(k0, k1)) + td.minimum(B[10 - i, i], B[3, i])

    s0 = td.compute("s0", (9,), s0_at)
    s = td.schedule(s0).hoist("s0", "k1", name="h2")
    assert [tensor.name for tensor in s.state.stage("h2").stage.tensors] == ["h2"]
    check(s, {}, seed=522, environment=locals())
