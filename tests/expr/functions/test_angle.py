"""Reductions of angles against exact arithmetic: the quadrant and the rest, near and far, up to the greatest float."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest

from tdsl.dtypes import as_dtype
from tdsl.expr.functions.angle import LIMIT, far, near
from tdsl.expr.node import Const, Var
from tdsl.expr.rewrite import walk
from tdsl.expr.scalar_ops import compute
from tests.support.exact_functions import pi


def values(nodes, x):
    """Nodes over the variable x, evaluated operation by operation on an array."""
    known = {}
    for node in walk(*nodes):
        operands = [known[child] for child in node.children]
        known[node] = x if isinstance(node, Var) else compute(node, operands)
        assert not isinstance(node, Const) or node.children == ()
    return [np.broadcast_to(known[node], x.shape) for node in nodes]


@pytest.mark.parametrize(("dtype", "digits"), [("float32", 13), ("float64", 29)])
@pytest.mark.parametrize("reduction", [near, far])
def test_against_exact_arithmetic(functions, reduction, dtype, digits):
    limit, huge = LIMIT[np.dtype(dtype).itemsize * 8], float(np.finfo(dtype).max)
    ranges = [(0.0, 4.0), (0.0, limit)] if reduction is near else [(limit, 4 * limit), (limit, huge)]
    x = np.concatenate([functions.draw(dtype, low, high, 60) for low, high in ranges])
    found = values(reduction(Var("x", as_dtype(dtype), "param")), x)
    with localcontext() as context:
        context.prec = 420
        half = pi(400) / 2
        for argument, k, r, rest in zip(x.tolist(), *(part.tolist() for part in found), strict=True):
            nearest = (Decimal(argument) / half).to_integral_value()
            turns = (int(nearest) - k + 1) % 4 - 1
            exact = Decimal(argument) - nearest * half + turns * half
            # Beside the middle of two multiples either is right.
            assert turns == 0 or (abs(turns) == 1 and abs(exact) < half * Decimal("0.504")), argument
            error = abs(exact - Decimal(r) - Decimal(rest))
            assert error <= abs(exact) * Decimal(10) ** -digits, (argument, k, r, rest, float(error / exact))
