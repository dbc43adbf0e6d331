"""Cases of `benchmarks ops`: element by element, along axes, normalised rows, scans, losses, picked rows. Cases by family out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.ops_case import IMAGES, ROWS, Case, functional, plain

SHORT = ("r", 16, 5)
"""Rows that fill a third of a vector."""
NARROW = ("r", 8, 32)
"""Rows of two vectors."""


def _over(name: str, *axes: int) -> Callable[..., object]:
    return plain(name, dim=axes if len(axes) > 1 else axes[0])


def _layer_norm(torch: Any, x: Any, w: Any, b: Any) -> object:
    return torch.nn.functional.layer_norm(x, x.shape[-1:], w, b)


def _batch_norm(torch: Any, x: Any, mean: Any, variance: Any) -> object:
    return torch.nn.functional.batch_norm(x, mean, variance)


def _gather(torch: Any, x: Any, index: Any) -> object:
    return torch.gather(x, 1, index)


ELEMENTS = (
    Case("add", (SHORT, SHORT), torch=plain("add"), onnx=("Add", {}), title="short rows"),
    Case("divide", (ROWS, ("r", 1)), torch=plain("div"), onnx=("Div", {}), title="by a column"),
    Case("square", (IMAGES,), torch=plain("square"), numpy=False),
    Case("greater", (ROWS, ROWS), torch=plain("gt")),
    Case("clip", (ROWS,), {"min": -0.5, "max": 0.5}, torch=plain("clamp", min=-0.5, max=0.5)),
    Case("lerp", (ROWS, ROWS, ROWS), torch=plain("lerp"), numpy=False),
    Case("glu", (ROWS,), torch=functional("glu"), numpy=False),
    Case("mish", (ROWS,), torch=functional("mish"), onnx=("Mish", {}), numpy=False),
    Case("batch_norm", (IMAGES, (32,), (32,)), torch=_batch_norm, numpy=False),
)  # fmt: skip

AXES = (
    Case("sum", (SHORT,), {"axis": 2}, torch=_over("sum", 2), title="short rows"),
    Case("max", (NARROW,), {"axis": 2}, torch=_over("amax", 2), title="narrow rows"),
    Case("mean", (IMAGES,), {"axis": (2, 3)}, torch=_over("mean", 2, 3)),
    Case("sum", (ROWS,), torch=plain("sum"), title="all"),
    Case("var", (ROWS,), {"axis": 1}, torch=plain("var", dim=1, correction=0)),
    Case("std", (ROWS,), {"axis": 0}, torch=plain("std", dim=0, correction=0)),
    Case("argmax", (NARROW,), {"axis": 2}, torch=plain("argmax", dim=2), title="narrow rows"),
    Case("argmin", (ROWS,), {"axis": 0}, torch=plain("argmin", dim=0)),
    Case("any", (NARROW,), {"axis": 2}, torch=lambda torch, x: torch.any(x, 2), title="narrow rows"),
    Case("logsumexp", (NARROW,), {"axis": 2}, torch=plain("logsumexp", dim=2), title="narrow rows", numpy=False),
    Case("vector_norm", (ROWS,), {"axis": 1}, torch=lambda torch, x: torch.linalg.vector_norm(x, dim=1), numpy=False),
    Case("cosine_similarity", (ROWS, ROWS), torch=functional("cosine_similarity"), numpy=False),
    Case("cumsum", (NARROW,), {"axis": 2}, torch=plain("cumsum", dim=2), title="narrow rows"),
    Case("cumprod", (ROWS,), {"axis": 0}, torch=plain("cumprod", dim=0)),
    Case("cummax", (ROWS,), {"axis": 1}, torch=lambda torch, x: torch.cummax(x, 1).values),
)  # fmt: skip

NORMALISED = (
    Case("softmax", (SHORT,), torch=functional("softmax", dim=-1), onnx=("Softmax", {}), numpy=False, title="short rows"),
    Case("softmax", (NARROW,), torch=functional("softmax", dim=-1), onnx=("Softmax", {}), numpy=False, title="narrow rows"),
    Case("log_softmax", (NARROW,), torch=functional("log_softmax", dim=-1), onnx=("LogSoftmax", {}), numpy=False,
         title="narrow rows"),
    Case("softmax", (IMAGES,), {"axis": 1}, torch=functional("softmax", dim=1), numpy=False),
    Case("layer_norm", (NARROW, (32,), (32,)), torch=_layer_norm, onnx=("LayerNormalization", {}), numpy=False,
         title="narrow rows"),
    Case("group_norm", (IMAGES,), {"num_groups": 8}, torch=functional("group_norm", num_groups=8), numpy=False),
    Case("normalize", (ROWS,), torch=functional("normalize"), numpy=False),
)  # fmt: skip

PICKED = (
    Case("mse_loss", (ROWS, ROWS), torch=functional("mse_loss"), numpy=False),
    Case("cross_entropy", (ROWS, ("r",)), torch=functional("cross_entropy"), numpy=False, below={1: 96}),
    Case("embedding", (("r", 8), (1000, 64)), torch=functional("embedding"), numpy=False, below={0: 1000}),
    Case("take", (("r", 96), ("n",)), {"axis": 1}, torch=lambda torch, x, i: x.index_select(1, i), below={1: 96}),
    Case("take_along_axis", (("r", 96), ("r", 64)), {"axis": 1}, torch=_gather, below={1: 96}),
)  # fmt: skip

CASES = (*ELEMENTS, *AXES, *NORMALISED, *PICKED)
