"""One lane of an accumulator that holds a constant other than 0: it was read as 0. Found by seed 6941."""

import numpy as np

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    def value(i):
        k0, k1 = td.reduce_axis("k0", i), td.reduce_axis("k1", 2)
        return td.prod(td.cast(2, "float32"), over=(k0, k1))

    p = td.compute("p", (2,), value)
    s = td.schedule(p).vectorize("p", "i")
    assert np.array_equal(td.build(s)(), [1, 4])
    check(s, {}, seed=6941, mode="whole", environment={"p": p})
