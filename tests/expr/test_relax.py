"""fast_math: what is rewritten, what is left alone, and that all schedules of the result agree."""

from __future__ import annotations

import numpy as np
import pytest

import tdsl as td
from tdsl.expr.printer import text

n = td.size("n", min=1)
A, B, C = (td.placeholder(name, (n,)) for name in "ABC")


@pytest.mark.parametrize(
    ("value", "rewritten"),
    [
        (lambda i: A[i] + 0.0, "A[i]"),
        (lambda i: 0.0 - A[i], "-A[i]"),
        (lambda i: A[i] * 0.0 + B[i], "B[i]"),
        (lambda i: A[i] - A[i], "float32(0.0)"),
        (lambda i: A[i] / A[i], "float32(1.0)"),
        (lambda i: A[i] / 4.0, "A[i] * 0.25"),
        (lambda i: A[i] / 3.0, "A[i] * 0.33333334"),
        (lambda i: A[i] / B[i] / C[i], "A[i] / (B[i] * C[i])"),
        (lambda i: A[i] / (B[i] / C[i]), "A[i] * C[i] / B[i]"),
        (lambda i: (A[i] + 1.0) - 3.0, "A[i] + -2.0"),
        (lambda i: 3.0 * (A[i] * 2.0), "A[i] * 6.0"),
        (lambda i: A[i] * B[i] / A[i], "B[i]"),
        (lambda i: A[i] / 1e-45, "A[i] / 1e-45"),
        (lambda i: A[i] / 0.0, "A[i] / 0.0"),
        (lambda i: td.isnan(A[i]), "A[i] != A[i]"),
    ],
)
def test_rewriting(value, rewritten):
    with td.options(fast_math=True):
        fast = td.compute("y", (n,), value)
    strict = td.compute("y", (n,), value)
    assert text(fast.producer.body[0]) == rewritten
    assert text(strict.producer.body[0]) == rewritten or td.schedule(strict) != td.schedule(fast)


def test_integers_are_never_touched():
    k = td.placeholder("k", (n,), "int32")
    with td.options(fast_math=True):
        y = td.compute("y", (n,), lambda i: k[i] // k[i])
    assert td.build(td.schedule(y))(np.array([0, 3], np.int32)).tolist() == [0, 1]


def test_schedules_agree_and_text_keeps_it():
    with td.options(fast_math=True):
        r = td.reduce_axis("r", n)
        y = td.compute("y", (n,), lambda i: td.sum(A[r] / 3.0, over=r) * (B[i] / 7.0 / C[i]))
    values = [np.random.default_rng(0).normal(size=37).astype(np.float32) for _ in range(3)]
    plain = td.build(td.schedule(y))(*values)
    assert np.array_equal(td.build(td.schedule(y).vectorize(y, "i", 8))(*values), plain)
    assert np.array_equal(td.build(td.schedule(y), target="interpret")(*values), plain)
    again = td.parse(y.text())
    assert again.text() == y.text() and td.schedule(again) == td.schedule(y)
    exact = np.sum(values[0].astype(float) / 3) * (values[1].astype(float) / 7 / values[2])
    assert np.allclose(plain, exact, rtol=1e-4)
    assert "options of y: fast_math=True" in str(td.schedule(y))
