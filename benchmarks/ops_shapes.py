"""Cases of `benchmarks ops`: products, windows and moved data. The cases, by families, out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.ops_case import IMAGES, ROWS, SQUARE, Case, functional, plain


def _method(name: str, *arguments: object) -> Callable[..., object]:
    """A method of tensors that gives a view, and its copy."""

    def call(torch: Any, x: Any) -> object:
        return getattr(x, name)(*arguments).contiguous()

    return call


def _cell(kind: str) -> Callable[..., object]:
    def call(torch: Any, *given: Any) -> object:
        if kind == "lstm_cell":
            x, h, c, *rest = given
            return torch.lstm_cell(x, (h, c), *rest)
        return getattr(torch, kind)(*given)

    return call


def _einsum(equation: str) -> Callable[..., object]:
    def call(torch: Any, *given: Any) -> object:
        return torch.einsum(equation, *given).contiguous()

    return call


def _gemm(torch: Any, a: Any, b: Any, c: Any) -> object:
    return torch.addmm(c, a, b.t())


HIDDEN = ("c", "c")
PRODUCTS = (
    Case("matmul", ((8, 128, "n"), (8, "n", 128)), torch=plain("matmul"), onnx=("MatMul", {}), title="batched"),
    Case("einsum", (("n", "n"), ("n", "n")), before=("ki,kj->ij",), torch=_einsum("ki,kj->ij"), title="first transposed"),
    Case("einsum", ((8, 128, "n"), (8, 128, "n")), before=("bij,bkj->bik",), torch=_einsum("bij,bkj->bik"),
         title="second transposed"),
    Case("linear", ((4, "n"), ("n", "n"), ("n",)), torch=functional("linear"), numpy=False, title="4 rows"),
    Case("linear", ((1, "n"), ("n", "n"), ("n",)), torch=functional("linear"), numpy=False, title="1 row"),
    Case("gemm", (("n", "n"), ("n", "n"), ("n",)), {"trans_b": True}, torch=_gemm, onnx=("Gemm", {"transB": 1}),
         numpy=False),
    Case("matvec", (ROWS, ("c",)), torch=plain("mv")),
    Case("vecdot", (ROWS, ROWS), torch=lambda torch, x, y: torch.linalg.vecdot(x, y)),
    Case("outer", (("n",), ("n",)), torch=plain("outer")),
    Case("bilinear", ((64, "i"), (64, "i"), (32, "i", "i")), torch=functional("bilinear"), numpy=False),
    Case("cross", (("r", 16, 3), ("r", 16, 3)), torch=lambda torch, x, y: torch.linalg.cross(x, y)),
    Case("rnn_cell", ((64, "c"), (64, "c"), HIDDEN, HIDDEN, ("c",), ("c",)), torch=_cell("rnn_tanh_cell"), numpy=False),
    Case("gru_cell", ((64, 128), (64, 128), (384, 128), (384, 128), (384,), (384,)), torch=_cell("gru_cell"), numpy=False),
    Case("lstm_cell", ((64, 128), (64, 128), (64, 128), (512, 128), (512, 128), (512,), (512,)), torch=_cell("lstm_cell"),
         numpy=False),
)  # fmt: skip

WINDOWS = (
    Case("conv2d", (IMAGES, (64, 32, 1, 1)), torch=functional("conv2d"), onnx=("Conv", {}), numpy=False, title="1x1"),
    Case("conv2d", (IMAGES, (64, 32, 3, 3), (64,)), {"padding": 1, "stride": 2},
         torch=functional("conv2d", padding=1, stride=2), onnx=("Conv", {"pads": [1, 1, 1, 1], "strides": [2, 2]}), numpy=False),
    Case("conv2d", (("b", 3, 112, 112), (32, 3, 7, 7)), {"padding": 3, "stride": 2},
         torch=functional("conv2d", padding=3, stride=2), onnx=("Conv", {"pads": [3] * 4, "strides": [2, 2]}), numpy=False,
         title="7x7, 3 channels"),
    Case("conv1d", (("b", 64, "c"), (64, 64, 3)), {"padding": 1}, torch=functional("conv1d", padding=1),
         onnx=("Conv", {"pads": [1, 1]}), numpy=False),
    Case("conv_transpose2d", (("b", 32, 28, 28), (32, 16, 2, 2)), {"stride": 2}, torch=functional("conv_transpose2d", stride=2),
         onnx=("ConvTranspose", {"strides": [2, 2]}), numpy=False),
    Case("max_pool2d", (IMAGES,), {"kernel_size": 3, "stride": 2, "padding": 1},
         torch=functional("max_pool2d", kernel_size=3, stride=2, padding=1),
         onnx=("MaxPool", {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1] * 4}), numpy=False),
    Case("avg_pool2d", (IMAGES,), {"kernel_size": 2}, torch=functional("avg_pool2d", kernel_size=2), numpy=False),
    Case("global_avg_pool2d", (IMAGES,), torch=functional("adaptive_avg_pool2d", output_size=1),
         onnx=("GlobalAveragePool", {}), numpy=False),
    Case("max_pool1d", (("b", 64, "c"),), {"kernel_size": 2}, torch=functional("max_pool1d", kernel_size=2), numpy=False),
)  # fmt: skip

MOVED = (
    Case("transpose", (IMAGES,), {"axes": (0, 2, 3, 1)}, torch=_method("permute", 0, 2, 3, 1),
         onnx=("Transpose", {"perm": [0, 2, 3, 1]}), numpy=False, title="channels last"),
    Case("transpose", (("r", 8, 64),), {"axes": (1, 0, 2)}, torch=_method("permute", 1, 0, 2),
         onnx=("Transpose", {"perm": [1, 0, 2]}), numpy=False, title="heads first"),
    Case("reshape", (("r", "c"),), {"shape": (-1,)}, torch=lambda torch, x: x.reshape(-1).clone(), numpy=False),
    Case("reshape", ((35, "n", 33),), {"shape": (33, -1, 7)}, torch=lambda torch, x: x.reshape(33, -1, 7).clone(), numpy=False,
         title="coprime rows"),
    Case("flatten", (IMAGES,), {"start_axis": 1}, torch=lambda torch, x: x.flatten(1).clone(), numpy=False),
    Case("concat", (ROWS, ROWS), {"axis": 0}, packed=True, torch=lambda torch, *x: torch.cat(x, 0)),
    Case("concat", (ROWS, ("r", 33)), {"axis": 1}, packed=True, torch=lambda torch, *x: torch.cat(x, 1)),
    Case("stack", (ROWS, ROWS), {"axis": 0}, packed=True, torch=lambda torch, *x: torch.stack(x, 0)),
    Case("stack", (ROWS, ROWS), {"axis": 2}, packed=True, torch=lambda torch, *x: torch.stack(x, 2), title="last"),
    Case("split", (("r", "c"),), {"sections": 4, "axis": 1}, numpy=False,
         torch=lambda torch, x: [each.contiguous() for each in x.chunk(4, 1)]),
    Case("pad", (IMAGES,), {"pad_width": ((0, 0), (0, 0), (1, 1), (1, 1))}, torch=functional("pad", pad=(1, 1, 1, 1)),
         numpy=False),
    Case("pad", (IMAGES,), {"pad_width": ((0, 0), (0, 0), (1, 1), (1, 1)), "mode": "edge"},
         torch=functional("pad", pad=(1, 1, 1, 1), mode="replicate"), numpy=False, title="edge"),
    Case("flip", (ROWS,), {"axis": 1}, torch=lambda torch, x: x.flip(1), numpy=False),
    Case("flip", (ROWS,), {"axis": 0}, torch=lambda torch, x: x.flip(0), numpy=False),
    Case("roll", (ROWS,), {"shift": 5}, torch=lambda torch, x: x.roll(5, 1)),
    Case("tile", (("n", "n"),), {"repetitions": (2, 2)}, torch=lambda torch, x: x.tile(2, 2)),
    Case("repeat", (ROWS,), {"repeats": 2, "axis": 1}, torch=lambda torch, x: x.repeat_interleave(2, 1), numpy=False),
    Case("rot90", (SQUARE,), torch=lambda torch, x: x.rot90(), numpy=False),
    Case("matrix_transpose", ((8, "n", 64),), torch=_method("transpose", 1, 2), numpy=False),
    Case("diff", (ROWS,), torch=plain("diff")),
    Case("tril", (SQUARE,), torch=plain("tril")),
    Case("diag", (("r", 64),), torch=plain("diag_embed"), numpy=False),
    Case("diagonal", ((64, "n", "n"),), torch=lambda torch, x: x.diagonal(0, 1, 2).contiguous(), numpy=False),
    Case("pixel_shuffle", (("b", 32, "i", "i"),), {"upscale_factor": 2}, torch=functional("pixel_shuffle", upscale_factor=2),
         numpy=False),
    Case("channel_shuffle", (IMAGES,), {"groups": 4}, torch=functional("channel_shuffle", groups=4), numpy=False),
    Case("resize", (("b", 16, "i", "i"),), {"size": (112, 112)}, torch=functional("interpolate", size=(112, 112)), numpy=False),
    Case("resize", (("b", 16, "i", "i"),), {"size": (112, 112), "mode": "linear"},
         torch=functional("interpolate", size=(112, 112), mode="bilinear"), numpy=False, title="linear"),
    Case("rotary_embedding", ((8, "n", 64), ("n", 32), ("n", 32)), numpy=False),
)  # fmt: skip

ATTENTION = (
    Case("attention", ((8, 128, 64), (8, "n", 64), (8, "n", 64)), torch=functional("scaled_dot_product_attention"),
         numpy=False, title="128 queries"),
    Case("attention", ((8, "n", 32), (8, "n", 32), (8, "n", 32)), {"causal": True},
         torch=functional("scaled_dot_product_attention", is_causal=True), numpy=False, title="causal"),
)  # fmt: skip

CASES = (*PRODUCTS, *WINDOWS, *MOVED, *ATTENTION)
