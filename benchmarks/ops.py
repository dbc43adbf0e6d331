"""Operators beside NumPy, PyTorch and ONNX Runtime, three sizes each: threads in; rows, and the geometric mean of ratios out.

`tdsl` is the operator with its author's schedule, `tdsl default` the same with the default scheduler's. PyTorch runs eagerly,
ONNX Runtime a model of one node; peers that are not installed are left out and named.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

import tdsl as td
from benchmarks import ops_rows, ops_shapes, peers, record
from benchmarks.ops_case import IMAGES, ROWS, SIZES, Case, functional, plain
from benchmarks.timing import interleaved

ROUNDS, SECONDS = 5, 0.012
"""Rounds of a case, and how long a candidate repeats in one: all cases at one and two threads in six minutes."""


def _layer_norm(torch: Any, x: Any, w: Any, b: Any) -> object:
    return torch.nn.functional.layer_norm(x, x.shape[-1:], w, b)


def _rms_norm(torch: Any, x: Any, w: Any) -> object:
    return torch.nn.functional.rms_norm(x, x.shape[-1:], w, 1e-6)


COMMON = (
    Case("add", (ROWS, ROWS), torch=plain("add"), onnx=("Add", {})),
    Case("multiply", (ROWS, ("c",)), torch=plain("mul"), onnx=("Mul", {})),
    Case("exp", (ROWS,), torch=plain("exp"), onnx=("Exp", {})),
    Case("relu", (ROWS,), torch=functional("relu"), onnx=("Relu", {}), numpy=False),
    Case("gelu", (ROWS,), torch=functional("gelu"), onnx=("Gelu", {}), numpy=False),
    Case("silu", (ROWS,), torch=functional("silu"), numpy=False),
    Case("sigmoid", (ROWS,), torch=functional("sigmoid"), onnx=("Sigmoid", {}), numpy=False),
    Case("tanh", (ROWS,), torch=plain("tanh"), onnx=("Tanh", {})),
    Case("sum", (ROWS,), {"axis": 1}, torch=plain("sum", dim=1)),
    Case("sum", (ROWS,), {"axis": 0}, torch=plain("sum", dim=0)),
    Case("max", (ROWS,), {"axis": 1}, torch=plain("amax", dim=1)),
    Case("argmax", (ROWS,), {"axis": 1}, torch=plain("argmax", dim=1)),
    Case("softmax", (ROWS,), torch=functional("softmax", dim=-1), onnx=("Softmax", {}), numpy=False),
    Case("log_softmax", (ROWS,), torch=functional("log_softmax", dim=-1), onnx=("LogSoftmax", {}), numpy=False),
    Case("layer_norm", (ROWS, ("c",), ("c",)), torch=_layer_norm, onnx=("LayerNormalization", {}), numpy=False),
    Case("rms_norm", (ROWS, ("c",)), torch=_rms_norm, numpy=False),
    Case("matmul", (("n", "n"), ("n", "n")), torch=plain("matmul"), onnx=("MatMul", {})),
    Case("matmul", (("r",), ("r", "c")), torch=plain("matmul"), onnx=("MatMul", {}), title="row by matrix"),
    Case("linear", ((64, "n"), ("n", "n"), ("n",)), torch=functional("linear"), numpy=False),
    Case("conv2d", (IMAGES, (64, 32, 3, 3)), {"padding": 1}, torch=functional("conv2d", padding=1),
         onnx=("Conv", {"pads": [1, 1, 1, 1]}), numpy=False),
    Case("conv2d", (IMAGES, (32, 1, 3, 3)), {"padding": 1, "groups": 32},
         torch=functional("conv2d", padding=1, groups=32),
         onnx=("Conv", {"pads": [1, 1, 1, 1], "group": 32}), numpy=False),
    Case("max_pool2d", (IMAGES,), {"kernel_size": 2}, torch=functional("max_pool2d", kernel_size=2),
         onnx=("MaxPool", {"kernel_shape": [2, 2], "strides": [2, 2]}), numpy=False),
    Case("attention", ((8, "n", 64), (8, "n", 64), (8, "n", 64)),
         torch=functional("scaled_dot_product_attention"), numpy=False),
    Case("softmax", ((8, "n", 64),), torch=functional("softmax", dim=-1), onnx=("Softmax", {}), numpy=False,
         title="short rows of 3 axes"),
    Case("transpose", (ROWS,), torch=lambda torch, x: x.t().contiguous(), onnx=("Transpose", {"perm": [1, 0]}), numpy=False),
    Case("cumsum", (ROWS,), {"axis": 1}, torch=plain("cumsum", dim=1)),
)  # fmt: skip
CASES = (*COMMON, *ops_rows.CASES, *ops_shapes.CASES)


def measure(threads: int, quick: bool) -> Iterator[record.Line]:
    """Every case at every size; last the geometric means over all of them."""
    td.set_num_threads(threads)
    ratios: dict[str, list[float]] = {"torch": [], "default": []}
    for case in CASES:
        for label, sizes in SIZES.items():
            if quick and label != "small":
                continue
            yield from _measured(case, label, sizes, threads, ratios, rounds=3 if quick else ROUNDS)
    for name, found in ratios.items():
        if found:
            mean = math.exp(sum(map(math.log, found)) / len(found))
            note = (
                f"{mean:.3f} times as fast as tdsl's default"
                if name == "default"
                else f"{mean:.3f} times as fast"
            )
            yield record.row(
                "ops",
                "geometric mean",
                f"tdsl against {name}",
                threads=threads,
                ratio=mean,
                cases=len(found),
                note=note,
            )


def _measured(
    case: Case, label: str, sizes: dict[str, int], threads: int, ratios: dict[str, list[float]], rounds: int
) -> Iterator[record.Line]:
    arrays = case.arrays(sizes)
    given = case.arguments(arrays)
    op = getattr(td.ops, case.name)
    default = td.Op(op.body, name=op.name, specialize=op.specialize, ranges=op.ranges)
    calls: dict[str, Callable[[], object]] = {
        "tdsl": partial(op, *given, **case.keywords), "tdsl default": partial(default, *given, **case.keywords),
    }  # fmt: skip
    want = op.reference(*given, **case.keywords)
    for mine, theirs in zip(_several(calls["tdsl"]()), _several(want), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-3, atol=2e-3)
    if case.numpy:
        calls[peers.version("numpy")] = partial(op.reference, *given, **case.keywords)
    torch = peers.find("torch")
    if torch is not None and case.torch is not None:
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        tensors = [torch.from_numpy(array) for array in arrays]
        calls[f"PyTorch {torch.__version__}"] = partial(case.torch, torch, *tensors)
    session = _session(case, arrays, threads)
    if session is not None:
        calls["ONNX Runtime"] = session
    taken = interleaved(calls, rounds, seconds=SECONDS)
    name = f"{case.name} {case.title or case.keywords or ''} {label}".replace("  ", " ")
    for who, seconds in taken.items():
        peer = not who.startswith("tdsl")
        yield record.row(
            "ops", name, who, seconds=seconds, threads=threads, **({"peer": True} if peer else {})
        )
    mine = _median(taken["tdsl"])
    ratios["default"].append(_median(taken["tdsl default"]) / mine)
    for who, seconds in taken.items():
        if who.startswith("PyTorch"):
            ratios["torch"].append(_median(seconds) / mine)


def _several(result: object) -> tuple[object, ...]:
    return result if isinstance(result, tuple) else (result,)


def _median(seconds: list[float]) -> float:
    return sorted(seconds)[len(seconds) // 2]


def _session(case: Case, arrays: list[np.ndarray], threads: int) -> Callable[[], object] | None:
    """A call of a model of one node; None where ONNX Runtime is not installed or has no such node."""
    onnx, runtime = peers.find("onnx"), peers.find("onnxruntime")
    if onnx is None or runtime is None or case.onnx is None:
        return None
    kind, attributes = case.onnx
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    names = [f"x{number}" for number in range(len(arrays))]
    graph = helper.make_graph(
        [helper.make_node(kind, names, ["y"], **attributes)], "one",
        [helper.make_tensor_value_info(name, floats, array.shape) for name, array in zip(names, arrays, strict=True)],
        [helper.make_tensor_value_info("y", floats, None)],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    model.ir_version = 9
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    session = runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return partial(session.run, None, dict(zip(names, arrays, strict=True)))
