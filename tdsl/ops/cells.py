"""Recurrent cells, rotary positions and quantized numbers. Tensors in, tensors out.

Arguments are PyTorch's (torch.nn.RNNCell, GRUCell, LSTMCell) and ONNX's.
"""

from __future__ import annotations

import numpy as np

import tdsl as td
from tdsl.ops.activations import sigmoid_reference
from tdsl.ops.broadcasting import agree, agree_shapes, check_floats, pointwise
from tdsl.ops.elements import applied
from tdsl.ops.linear import linear
from tdsl.ops.operator import op

Array = np.ndarray


def _gates_reference(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array
) -> tuple[Array, Array]:
    return x.astype(np.float64) @ w_ih.T + b_ih, h.astype(np.float64) @ w_hh.T + b_hh


def _gates(
    what: str, count: int, x: td.Tensor, h: td.Tensor, w_ih: td.Tensor, w_hh: td.Tensor, b_ih: td.Tensor,
    b_hh: td.Tensor,
) -> tuple[td.Tensor, td.Tensor]:  # fmt: skip
    """What the input and the state say to each gate: (n, count * hidden) twice."""
    check_floats(what, x)
    check_floats(what, h)
    td.check(x.ndim == 2 and h.ndim == 2, f"{what}: x and h are (n, features)", error=td.ShapeError)
    agree(what, x.shape[0], h.shape[0], f"x has {x.shape[0]} rows, h {h.shape[0]}")
    for weight in (w_ih, w_hh):
        td.check(weight.ndim == 2, f"{what}: weights are matrices", error=td.ShapeError)
        agree(
            what,
            weight.shape[0],
            h.shape[1] * count,
            f"a weight has {weight.shape[0]} rows, not {count} * hidden",
        )
    return applied(linear, x, w_ih, b_ih), applied(linear, h, w_hh, b_hh)


def _rnn_reference(x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array) -> Array:
    a, b = _gates_reference(x, h, w_ih, w_hh, b_ih, b_hh)
    return np.tanh(a + b)


@op(reference=_rnn_reference, cpu=td.schedules.products)
def rnn_cell(
    x: td.Tensor, h: td.Tensor, w_ih: td.Tensor, w_hh: td.Tensor, b_ih: td.Tensor, b_hh: td.Tensor
) -> td.Tensor:
    """tanh(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh).

    Args:
        x: (n, inputs). h: (n, hidden). w_ih: (hidden, inputs). w_hh: (hidden, hidden). b_ih, b_hh: (hidden,).

    Returns: the next state, (n, hidden). Errors: E130. Source: Elman, Finding Structure in Time, 1990; PyTorch's RNNCell.
    """
    a, b = _gates("rnn_cell", 1, x, h, w_ih, w_hh, b_ih, b_hh)

    def value(n: td.Expr, c: td.Expr) -> td.Expr:
        return td.tanh(a[n, c] + b[n, c])

    return td.compute("rnn_cell", h.shape, value)


def _gru_reference(x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array) -> Array:
    a, b = _gates_reference(x, h, w_ih, w_hh, b_ih, b_hh)
    (ar, az, an), (br, bz, bn) = np.split(a, 3, 1), np.split(b, 3, 1)
    r, z = sigmoid_reference(ar + br), sigmoid_reference(az + bz)
    return (1 - z) * np.tanh(an + r * bn) + z * h


@op(reference=_gru_reference, specialize={"h": (1,)}, cpu=td.schedules.products)
def gru_cell(
    x: td.Tensor, h: td.Tensor, w_ih: td.Tensor, w_hh: td.Tensor, b_ih: td.Tensor, b_hh: td.Tensor
) -> td.Tensor:
    """One step of a gated recurrent unit: (1 - z) * tanh(n_x + r * n_h) + z * h, r and z sigmoids.

    Args:
        x: (n, inputs). h: (n, hidden). w_ih: (3 hidden, inputs), rows of r, z, n. w_hh: (3 hidden, hidden).
        b_ih, b_hh: (3 hidden,).

    Returns: the next state, (n, hidden). Errors: E130.
    Source: Cho et al., Learning Phrase Representations, 2014; PyTorch's GRUCell.
    """
    a, b = _gates("gru_cell", 3, x, h, w_ih, w_hh, b_ih, b_hh)
    hidden = h.shape[1]

    def value(n: td.Expr, c: td.Expr) -> td.Expr:
        reset = td.sigmoid(a[n, c] + b[n, c])
        keep = td.sigmoid(a[n, c + hidden] + b[n, c + hidden])
        fresh = td.tanh(a[n, c + 2 * hidden] + reset * b[n, c + 2 * hidden])
        return (1.0 - keep) * fresh + keep * h[n, c]

    return td.compute("gru_cell", h.shape, value)


def _lstm_reference(
    x: Array, h: Array, c: Array, w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array
) -> tuple[Array, Array]:
    total = np.add(*_gates_reference(x, h, w_ih, w_hh, b_ih, b_hh))
    i, f, g, o = np.split(total, 4, 1)
    after = sigmoid_reference(f) * c + sigmoid_reference(i) * np.tanh(g)
    return sigmoid_reference(o) * np.tanh(after), after


@op(reference=_lstm_reference, specialize={"h": (1,)}, cpu=td.schedules.products)
def lstm_cell(
    x: td.Tensor,
    h: td.Tensor,
    c: td.Tensor,
    w_ih: td.Tensor,
    w_hh: td.Tensor,
    b_ih: td.Tensor,
    b_hh: td.Tensor,
) -> tuple[td.Tensor, td.Tensor]:
    """One step of long short-term memory: c' = f * c + i * g, h' = o * tanh(c').

    Args:
        x: (n, inputs). h, c: (n, hidden). w_ih: (4 hidden, inputs), rows of i, f, g, o. w_hh: (4 hidden, hidden).
        b_ih, b_hh: (4 hidden,).

    Returns: h' and c', (n, hidden) each. Errors: E130.
    Source: Hochreiter and Schmidhuber, Long Short-Term Memory, 1997; PyTorch's LSTMCell.
    """
    a, b = _gates("lstm_cell", 4, x, h, w_ih, w_hh, b_ih, b_hh)
    agree_shapes("lstm_cell", c.shape, h.shape, f"c {c.shape} is not shaped as h {h.shape}")
    hidden = h.shape[1]

    def gate(n: td.Expr, place: td.Expr, number: int) -> td.Expr:
        return a[n, place + number * hidden] + b[n, place + number * hidden]

    def memory(n: td.Expr, place: td.Expr) -> td.Expr:
        kept = td.sigmoid(gate(n, place, 1)) * c[n, place]
        return kept + td.sigmoid(gate(n, place, 0)) * td.tanh(gate(n, place, 2))

    after = td.compute("lstm_memory", h.shape, memory)

    def state(n: td.Expr, place: td.Expr) -> td.Expr:
        return td.sigmoid(gate(n, place, 3)) * td.tanh(after[n, place])

    return td.compute("lstm_state", h.shape, state), after


# ---------------------------------------------------------------- positions


def _rotary_reference(x: Array, cos: Array, sin: Array) -> Array:
    first, second = np.split(x.astype(np.float64), 2, -1)
    return np.concatenate([first * cos - second * sin, second * cos + first * sin], -1)


@op(reference=_rotary_reference, specialize={"x": (-1,)}, cpu=td.schedules.pointwise)
def rotary_embedding(x: td.Tensor, cos: td.Tensor, sin: td.Tensor) -> td.Tensor:
    """Pairs (x_i, x_{i + d/2}) turned by an angle for each position.

    Args:
        x: (..., n, d), floats, d even. cos, sin: (n, d / 2), of the angles.

    Returns: as x. Errors: E130. Source: Su et al., RoFormer, 2021, in halves as ONNX's RotaryEmbedding.
    """
    check_floats("rotary_embedding", x)
    td.check(x.ndim >= 2, "rotary_embedding: x is (..., n, d)", error=td.ShapeError)
    width = x.shape[-1]
    td.check(width % 2 == 0, f"rotary_embedding: {width} features are no pairs", error=td.ShapeError)
    half = width // 2
    for table in (cos, sin):
        agree_shapes(
            "rotary_embedding", table.shape, (x.shape[-2], half), f"cos and sin are {(x.shape[-2], half)}"
        )

    def value(*at: td.Expr) -> td.Expr:
        rest, n, c = at[:-2], at[-2], at[-1]
        low = c < half
        angle = td.where(low, c, c - half)
        other = x[(*rest, n, td.where(low, c + half, c - half))]
        turned = td.where(low, -other, other)
        return x[at] * cos[n, angle] + turned * sin[n, angle]

    return td.compute("rotary_embedding", x.shape, value)


# ---------------------------------------------------------------- quantized numbers


def _quantize_reference(x: Array, scale: float, zero_point: int = 0, dtype: str = "uint8") -> Array:
    limits = np.iinfo(dtype)
    return np.clip(np.round(x / np.float32(scale)) + zero_point, limits.min, limits.max).astype(dtype)


@op(reference=_quantize_reference, cpu=td.schedules.pointwise, elementwise=True)
def quantize_linear(x: td.Tensor, scale: td.Tensor, zero_point: int = 0, dtype: str = "uint8") -> td.Tensor:
    """round(x / scale) + zero_point, held in the range of an integer dtype; halves to even.

    Args:
        x: any shape, floats. scale: a number, or a tensor that broadcasts. dtype: int8, uint8, int16 or uint16.

    Errors: E130 another dtype. Source: ONNX's QuantizeLinear.
    """
    td.check(dtype in ("int8", "uint8", "int16", "uint16"), f"quantize_linear: not to {dtype}")
    low, high = (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))

    def value(v: td.Expr, s: td.Expr) -> object:
        placed = td.round(v / s) + float(zero_point)
        return td.cast(td.minimum(td.maximum(placed, float(low)), float(high)), dtype)

    return pointwise("quantize_linear", value, x, scale)


@op(
    reference=lambda x, scale, zero_point=0: (x.astype(np.float32) - zero_point) * np.float32(scale),
    cpu=td.schedules.pointwise,
    elementwise=True,
)
def dequantize_linear(x: td.Tensor, scale: td.Tensor, zero_point: int = 0) -> td.Tensor:
    """(x - zero_point) * scale, float32.

    Args:
        x: any shape, integers of at most 16 bits. scale: a number, or a float32 tensor that broadcasts.

    Source: ONNX's DequantizeLinear.
    """
    td.check(
        x.dtype.name in ("int8", "uint8", "int16", "uint16"),
        f"dequantize_linear: x is of 8 or 16 bit integers, not {x.dtype.name}",
        error=td.DTypeError,
    )

    def value(v: td.Expr, s: td.Expr) -> object:
        return (td.cast(v, "float32") - float(zero_point)) * td.cast(s, "float32")

    return pointwise("dequantize_linear", value, x, scale)
