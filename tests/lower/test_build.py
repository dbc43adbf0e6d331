"""Nests to Loop IR: statements written out, checked as text and by running them in the interpreter."""

import numpy as np
import pytest

import tdsl as td
from tdsl.lower.build import Signature, build_loops
from tdsl.lower.interpreter import interpret
from tdsl.lower.ir import ArrayArgument, Kernel
from tdsl.lower.printer import kernel_text
from tdsl.lower.verifier import verify
from tdsl.pipeline import argument_storage
from tdsl.schedule.nest_build import build_nest
from tdsl.schedule.placement import inputs_of


def built(schedule: td.Schedule) -> Kernel:
    """The kernel before any pass."""
    state = schedule.state
    stages = {entry.name: entry.stage for entry in state.live()}
    made = {tensor.name for stage in stages.values() for tensor in stage.tensors}
    inputs = {t.name: t for stage in stages.values() for t in inputs_of(stage) if t.name not in made}
    arguments = [ArrayArgument(t.name, t.dtype, t.extents, "input") for t in inputs.values()]
    arguments += [ArrayArgument(t.name, t.dtype, t.extents, "output") for t in state.outputs]
    sizes = sorted({size.name for stage in stages.values() for size in stage.sizes})
    signature = Signature(state.outputs[0].name, tuple(sizes), tuple(arguments))
    kernel = build_loops(build_nest(state), stages, [argument_storage(t) for t in inputs.values()], signature)
    return verify(kernel, after="build_loops")


def matmul(m, n, p):
    A, B = td.placeholder("A", (m, p)), td.placeholder("B", (p, n))
    k = td.reduce_axis("k", p)
    return td.compute("C", (m, n), lambda i, j: td.sum(A[i, k] * B[k, j], over=k))


def runs_right(schedule: td.Schedule, m=5, n=7, p=3) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((m, p)).astype(np.float32), rng.standard_normal((p, n)).astype(np.float32)
    out = np.full((m, n), np.nan, np.float32)
    interpret(built(schedule), {"A": a, "B": b, "C": out}, {}, {})
    np.testing.assert_allclose(out, a.astype(np.float64) @ b, rtol=1e-5, atol=1e-6)


def test_plain_reduction(golden):
    s = td.schedule(matmul(5, 7, 3))
    golden(kernel_text(built(s)))
    runs_right(s)


def test_accumulating_in_place():
    s = td.schedule(matmul(5, 7, 3)).reorder("C", "k", "i", "j")
    assert "C[i, j] = contracted(A[i, k], B[k, j], C[i, j])" in kernel_text(built(s))
    runs_right(s)


def test_promoted_tile(golden):
    s = (
        td.schedule(matmul(5, 7, 3))
        .split("C", "k", 2)
        .split("C", "i", 2)
        .reorder("C", "ko", "io", "j", "ki", "ii")
        .promote("C", "j", name="tile", scope="register")
        .unroll("C", "ii")
    )
    golden(kernel_text(built(s)))
    runs_right(s)


def test_lanes_over_the_reduction():
    runs_right(td.schedule(matmul(5, 7, 3)).vectorize("C", "k", 2))


def test_layout_and_fold_change_subscripts_only():
    C = matmul(5, 7, 3)
    s = td.schedule(C).cache_read(C.producer.body[0].operands[0].lhs.tensor, C, name="Ap")
    s = s.layout("Ap", lambda i, k: (i // 2, k, i % 2))
    assert "Ap[C.i // 2, C.k, C.i % 2]" in kernel_text(built(s))
    runs_right(s)


def test_empty_reduction_is_the_identity():
    out = np.full((2, 3), np.nan, np.float32)
    kernel = built(td.schedule(matmul(2, 3, 0)))
    interpret(
        kernel, {"A": np.empty((2, 0), np.float32), "B": np.empty((0, 3), np.float32), "C": out}, {}, {}
    )
    assert (out == 0).all()


@pytest.mark.parametrize("tail", ["guard", "mask", "peel", "shift"])
def test_every_tail_runs_right(tail):
    x = td.placeholder("x", (11,))
    y = td.compute("y", (11,), lambda i: x[i] * 2.0)
    v = np.arange(11, dtype=np.float32)
    assert np.array_equal(
        td.build(td.schedule(y).vectorize(y, "i", 4, tail=tail), target="interpret")(v), v * 2
    )
    assert np.array_equal(td.build(td.schedule(y).vectorize(y, "i", 4, tail=tail))(v), v * 2)
