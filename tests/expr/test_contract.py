"""Rule D5: which products are fused, and into what."""

from __future__ import annotations

import pytest

from tdsl.expr.contract import contract


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A[i, 0] * A[i, 1] + A[i, 2]", "contracted(A[i, 0], A[i, 1], A[i, 2])"),
        ("A[i, 2] + A[i, 0] * A[i, 1]", "contracted(A[i, 0], A[i, 1], A[i, 2])"),
        ("A[i, 0] * A[i, 1] - A[i, 2]", "contracted(A[i, 0], A[i, 1], -A[i, 2])"),
        ("A[i, 2] - A[i, 0] * A[i, 1]", "contracted(-A[i, 0], A[i, 1], A[i, 2])"),
        # of two products the left one
        ("A[i, 0] * A[i, 1] + A[i, 2] * A[i, 3]", "contracted(A[i, 0], A[i, 1], A[i, 2] * A[i, 3])"),
        ("A[i, 0] * A[i, 1] - A[i, 2] * A[i, 3]", "contracted(A[i, 0], A[i, 1], -(A[i, 2] * A[i, 3]))"),
        # a chain, from the inside
        (
            "A[i, 0] * A[i, 1] + A[i, 2] * A[i, 3] + A[i, 4] * 2.0",
            "contracted(A[i, 4], 2.0, contracted(A[i, 0], A[i, 1], A[i, 2] * A[i, 3]))",
        ),
        # no product directly there
        ("-(A[i, 0] * A[i, 1]) + 1.0", "-(A[i, 0] * A[i, 1]) + 1.0"),
        ("float64(A[i, 0] * A[i, 1]) + Z[()]", "float64(A[i, 0] * A[i, 1]) + Z[()]"),
        ("max(A[i, 0] * A[i, 1], 0.0)", "max(A[i, 0] * A[i, 1], 0.0)"),
        # integers are exact anyway
        ("i * n + j", "i * n + j"),
        # sums
        ("sum(A[i, k] * A[j, k], over=(k))", "sum(A[i, k] * A[j, k], over=(k), fused=True)"),
        ("sum(B[k] * B[k], over=(k))", "sum(B[k] * B[k], over=(k))"),
        ("max(A[i, k] * A[j, k], over=(k))", "max(A[i, k] * A[j, k], over=(k))"),
        ("sum(-(A[i, k] * A[j, k]), over=(k))", "sum(-(A[i, k] * A[j, k]), over=(k))"),
        (
            "sum(A[i, k] * A[j, k] + 1.0, over=(k)) * 2.0 + 1.0",
            "contracted(sum(contracted(A[i, k], A[j, k], 1.0), over=(k)), 2.0, 1.0)",
        ),
    ],
)
def test_contraction(expr, before, after):
    node = expr.read(before)
    got = contract(node)
    assert str(got) == after
    assert contract(got) is got
    if before == after:
        assert got is node
