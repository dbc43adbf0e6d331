"""Seed 7280: the copy that an update starts with stands apart from its changes where a stage in between reads the copy alone."""

import numpy as np

import tdsl as td


def test_case() -> None:
    n = td.size("n", min=1)
    a = td.placeholder("a", (n + 4,), "float32")
    once = td.compute("once", (n + 4,), lambda i: td.cast(1, "float32"))
    x = td.axis("x", (0, 4))
    changed = td.update("changed", a, over=x, at=(x + n,), value=lambda U: once[x])
    low = td.compute("low", (n,), lambda i: changed[i])
    s = td.schedule(low).compute_with("once", "low", "i")
    text = str(s)
    assert text.index("changed[d0] = a[d0]") < text.index("low[i] =") < text.index("changed[x + n] =")
    for n_ in (1, 2, 9):
        given = np.arange(n_ + 4, dtype=np.float32)
        for target in ("interpret", "cpu"):
            assert np.array_equal(td.build(s, target=target)(given), given[:n_])
