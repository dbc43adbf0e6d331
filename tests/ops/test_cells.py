"""Recurrent cells, rotary positions and quantized numbers beside their formulas."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import agrees

rng = np.random.default_rng(8)


def f(*shape):
    return rng.standard_normal(shape, dtype=np.float32)


def weights(gates):
    return f(6 * gates, 7), f(6 * gates, 6), f(6 * gates), f(6 * gates)


def test_cells():
    agrees(td.ops.rnn_cell, f(5, 7), f(5, 6), *weights(1))
    agrees(td.ops.gru_cell, f(5, 7), f(5, 6), *weights(3))
    agrees(td.ops.lstm_cell, f(5, 7), f(5, 6), f(5, 6), *weights(4))


def test_rotary_positions_keep_lengths():
    angles = f(5, 4)
    x = f(2, 3, 5, 8)
    y = agrees(td.ops.rotary_embedding, x, np.cos(angles), np.sin(angles))
    np.testing.assert_allclose((y**2).sum(-1), (x**2).sum(-1), rtol=1e-5)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16"])
def test_quantized_numbers(dtype):
    x = np.array([-1e9, -40, -0.15, 0.15, 0.45, 40, 1e9], np.float32)
    q = agrees(td.ops.quantize_linear, x, 0.3, zero_point=4, dtype=dtype)
    assert q.dtype == dtype
    agrees(td.ops.dequantize_linear, q, 0.3, 4)
    agrees(td.ops.dequantize_linear, np.stack([q, q]), np.array([[0.5], [2]], np.float32), 4)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: td.ops.rnn_cell(f(5, 7), f(4, 6), *weights(1)), "x has 5 rows, h 4"),
        (lambda: td.ops.gru_cell(f(5, 7), f(5, 6), *weights(4)), r"a weight has 24 rows, not 3 \* hidden"),
        (lambda: td.ops.lstm_cell(f(5, 7), f(5, 6), f(5, 5), *weights(4)), "is not shaped as h"),
        (lambda: td.ops.rotary_embedding(f(5, 7), f(5, 3), f(5, 3)), "7 features are no pairs"),
        (lambda: td.ops.rotary_embedding(f(5, 8), f(5, 3), f(5, 3)), "cos and sin are"),
        (lambda: td.ops.quantize_linear(f(3), 0.1, dtype="int32"), "quantize_linear: not to int32"),
        (lambda: td.ops.dequantize_linear(f(3), 0.1), "dequantize_linear: x is of 8 or 16 bit integers"),
    ],
)
def test_bad_arguments(call, text):
    with pytest.raises(td.TdslError, match=text):
        call()
