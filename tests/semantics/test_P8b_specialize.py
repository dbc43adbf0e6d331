"""P8b: calls that satisfy a condition run a version of their own; conditions of versions do not overlap."""

import numpy as np
import pytest

import tdsl as td


def test_a_version_has_the_condition_as_a_fact(matmul):
    s = matmul.s.specialize(matmul.n % 8 == 0, lambda s: s.vectorize("C", "j", 8)).parallel("C", "i")
    text = str(s)
    assert text.startswith("if n % 8 == 0:") and "tail" not in text.split("else:")[0]
    assert "parallel" not in text.split("else:")[0]  # what comes later is the others'
    a = np.arange(48, dtype=np.float32)
    for shape in ((3, 2, 8), (3, 3, 5)):
        m, k, n = shape
        left, right = a[: m * k].reshape(m, k), a[: k * n].reshape(k, n)
        assert np.array_equal(td.build(s)(left, right), left @ right)


def test_conditions_that_may_hold_together(matmul):
    s = matmul.s.specialize(matmul.n % 8 == 0)
    with pytest.raises(td.ArgumentError, match="S332"):
        s.specialize(matmul.n % 12 == 0)
    assert s.specialize(matmul.n % 8 == 4).steps
    with pytest.raises(td.ArgumentError, match="always holds"):
        s.specialize(matmul.n >= 0)
