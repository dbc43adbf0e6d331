"""Attributes of other kinds than annotated, and shapes and dtypes that an operator does not take: refused in its words."""

import numpy as np
import pytest

import tdsl as td

ops = td.ops


def f(*shape, dtype="float32"):
    return np.ones(shape, dtype)


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: ops.tensordot(f(2, 3), f(3, 2), ((1,), (0,))), "tensordot: axes is an integer, not"),
        (lambda: ops.einsum(3, f(2, 3)), "einsum: equation is a string, not 3"),
        (lambda: ops.tril(f(3, 3), 1.5), "tril: k is an integer, not 1.5"),
        (lambda: ops.conv2d(f(1, 4, 5, 5), f(3, 4, 3, 3), stride=1.5), "conv2d: stride is an integer or a sequence of integers"),
        (lambda: ops.conv2d(f(1, 4, 5, 5), f(3, 4, 3, 3), padding="same"), "conv2d: padding is an integer or a sequence"),
        (lambda: ops.conv2d(f(1, 4, 5, 5), f(4, 2, 3, 3), groups=2.0), "conv2d: groups is an integer, not 2.0"),
        (lambda: ops.conv1d(f(1, 4, 5), f(3, 4, 3), stride=(1,)), "conv1d: stride is an integer, not (1,)"),
        (lambda: ops.max_pool2d(f(1, 1, 3, 3), 2.0), "max_pool2d: kernel_size is an integer or a sequence of integers"),
        (lambda: ops.transpose(f(2, 3), 1), "transpose: axes is a sequence of integers or None, not 1"),
        (lambda: ops.transpose(f(2, 3), "ab"), "transpose: axes is a sequence of integers or None, not 'ab'"),
        (lambda: ops.reshape(f(2, 3), (2.0, 3)), "reshape: shape is an integer or a sequence of integers"),
        (lambda: ops.concat(f(2, 3)), "concat: arrays is a sequence of arrays"),
        (lambda: ops.concat((f(2, 3), f(2, 3)), axis=None), "concat: axis is an integer, not None"),
        (lambda: ops.split(f(5, 3), 1.0), "split: sections is an integer or a sequence of integers, not 1.0"),
        (lambda: ops.expand_dims(f(2, 3), (0, 1)), "expand_dims: axis is an integer, not (0, 1)"),
        (lambda: ops.rot90(f(2, 3), 1.5), "rot90: k is an integer, not 1.5"),
        (lambda: ops.repeat(f(2, 3), (1, 2), 0), "repeat: repeats is an integer, not (1, 2)"),
        (lambda: ops.resize(f(1, 1, 2, 2), 3), "resize: size is a sequence of integers, not 3"),
        (lambda: ops.attention(f(2, 3), f(2, 3), f(2, 3), scale="a"), "attention: scale is a number or None, not 'a'"),
        (lambda: ops.sum(f(2, 3), axis=0.5), "sum: axis is an integer or a sequence of integers or None, not 0.5"),
        (lambda: ops.transpose(td.placeholder("X", (2, 3)), "ab"), "transpose: axes is a sequence"),
    ],
)  # fmt: skip
def test_attributes_of_other_kinds(call, text):
    with pytest.raises(td.ArgumentTypeError, match="E131") as caught:
        call()
    assert text in str(caught.value)


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: ops.matmul(f(2, 3, dtype="bool"), f(3, 2, dtype="bool")), "matmul: conditions have no product"),
        (lambda: ops.conv2d(f(1, 4, 5, 5), f(3, 4, 0, 3)), "conv2d: the kernel has no rows"),
        (lambda: ops.conv2d(f(1, 4, 5, 5), f(3, 4, 3, 3), f(3, 1)), "conv2d: bias is a vector"),
        (lambda: ops.conv_transpose2d(f(1, 4, 5, 5), f(4, 4, 0, 3)), "conv_transpose2d: the kernel is empty"),
        (lambda: ops.max_pool2d(f(1, 1, 3, 3, dtype="bool"), 2), "max_pool2d: x is of numbers"),
        (lambda: ops.global_avg_pool2d(f(1, 1, 3, 3, dtype="int32")), "global_avg_pool2d"),
        (lambda: ops.diff(f(2, 3, dtype="bool")), "diff: conditions have no difference"),
        (lambda: ops.attention(f(3), f(3), f(3)), "attention: q, k and v are matrices"),
        (lambda: ops.rnn_cell(*(f(*s, dtype="int32") for s in ((2, 3), (2, 4), (4, 3), (4, 4), (4,), (4,)))), "rnn_cell"),
        (lambda: ops.broadcast_to(f(2, 1), (2, -1)), "broadcast_to: extents (2, -1) are not negative"),
        (lambda: ops.pad(f(2, 3), 1, mode="wrapp"), "pad: mode is one of constant, edge"),
        (lambda: ops.pad(f(2, 3), ((0, 0), (-1, 0))), "pad: the widths of axis 1 are not negative"),
        (lambda: ops.pad(f(2, 3), 3, mode="reflect"), 'pad: 3 elements by mode "reflect" take 4 of axis 0, which has 2'),
        (lambda: ops.pad(f(0, 3), 1, mode="edge"), 'pad: 1 elements by mode "edge" take 1 of axis 0, which has 0'),
    ],
)  # fmt: skip
def test_shapes_and_dtypes(call, text):
    with pytest.raises(td.TdslError, match="E130") as caught:
        call()
    assert text in str(caught.value)


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric", "wrap"])
def test_every_form_of_widths(mode):
    x = np.arange(12.0).reshape(3, 4)
    for widths in (1, (1, 2), ((1, 0), (2, 1)), ((1, 2),), 0):
        assert np.array_equal(ops.pad(x, widths, mode=mode), np.pad(x, widths, mode=mode))


def test_integers_of_other_libraries_are_integers():
    x = f(2, 3)
    assert ops.sum(x, axis=np.int64(1)).shape == (2,) and ops.transpose(x, (np.int32(1), 0)).shape == (3, 2)
