"""Activations and gated units beside their formulas, and their bad arguments."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import agrees

x = np.concatenate([np.linspace(-8, 8, 97), [-0.0, 1e-30, 60, -60, 3]]).astype(np.float32)
NAMES = [
    "relu6", "hard_sigmoid", "hard_swish", "softsign", "tanh_shrink", "log_sigmoid", "mish", "selu", "quick_gelu",
    "hardtanh", "hard_shrink", "soft_shrink", "celu",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore:.*overflow")
def test_formulas(name):
    op = getattr(td.ops, name)
    agrees(op, x)
    agrees(op, x.reshape(2, -1))
    assert np.isnan(op(np.array([np.nan], np.float32))[0])
    assert op(np.zeros((0, 3), np.float32)).shape == (0, 3)


@pytest.mark.filterwarnings("ignore:.*overflow")
def test_attributes():
    agrees(td.ops.hardtanh, x, -2.0, 0.5)
    agrees(td.ops.hard_shrink, x, 2.0)
    agrees(td.ops.soft_shrink, x, 2.0)
    agrees(td.ops.celu, x, -0.5)
    agrees(td.ops.threshold, x, 0.5, -2.0)
    agrees(td.ops.prelu, x.reshape(2, -1), np.array([[0.1], [0.3]], np.float32))
    assert td.ops.relu6(np.array([-3, 4, 9], np.int8)).tolist() == [0, 4, 6]


@pytest.mark.filterwarnings("ignore:.*overflow")
def test_gated_units():
    pairs = x[: len(x) // 2 * 2]
    agrees(td.ops.glu, pairs)
    agrees(td.ops.glu, pairs.reshape(2, -1), axis=0)
    agrees(td.ops.swiglu, x, x[::-1].copy())
    agrees(td.ops.geglu, x, x[::-1].copy())


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: td.ops.hardtanh(x, 2.0, 1.0), "hardtanh: min_val 2.0 is above max_val 1.0"),
        (lambda: td.ops.soft_shrink(x, -1.0), "soft_shrink: lambd is not negative"),
        (lambda: td.ops.celu(x, 0.0), "celu: alpha is not 0"),
        (lambda: td.ops.glu(x[:5]), "glu: axis -1 has 5 elements, no even number"),
        (lambda: td.ops.swiglu(x, x[:3]), "swiglu: shapes"),
        (lambda: td.ops.geglu(x, x.reshape(2, -1)), "geglu: shapes"),
    ],
)
def test_bad_arguments(call, text):
    with pytest.raises(td.TdslError, match=text):
        call()
