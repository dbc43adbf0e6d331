"""Full tiles lose their guards, partial ones keep them; the meaning stays, for every size and tail."""

import numpy as np
import pytest

import tdsl as td
from tdsl.dtypes import as_dtype
from tdsl.expr.build import add, lt, mul
from tdsl.expr.node import Load, const, index_const, size_var
from tdsl.lower.interpreter import interpret
from tdsl.lower.ir import Allocate, ArrayArgument, Block, For, If, Kernel, Store
from tdsl.lower.passes.separate_full_tiles import separate_full_tiles
from tdsl.lower.passes.simplify_loops import simplify_loops
from tdsl.lower.printer import kernel_text
from tdsl.schedule.nest import local
from tests.lower.test_build import built


def separated(schedule: td.Schedule) -> str:
    return kernel_text(simplify_loops(separate_full_tiles(simplify_loops(built(schedule)))))


def scale(n, **vectorize):
    x = td.placeholder("x", (n,))
    y = td.compute("y", (n,), lambda i: x[i] * 2.0)
    return td.schedule(y).vectorize(y, "i", 4, **vectorize)


def test_one_masked_vector_after_full_ones(golden):
    golden(separated(scale(td.size("n"))))


def test_a_divisible_extent_has_no_tail():
    assert "if" not in separated(scale(64))


def test_guard_stays_where_asked():
    text = separated(scale(td.size("n"), tail="guard"))
    assert text.count("vector") == 1
    assert text.count("if") == 1


def test_peeled_remainder_is_scalar(golden):
    golden(separated(scale(td.size("n"), tail="peel")))


def test_shifted_last_vector_ends_at_the_edge(golden):
    golden(separated(scale(td.size("n"), tail="shift")))


def test_clamped_stencil_has_a_clean_interior(golden):
    n = td.size("n", min=1)
    x = td.placeholder("x", (n,))
    edge = td.pad(x, 1, mode="edge", name="edge")
    y = td.compute("y", (n,), lambda i: edge[i] + edge[i + 2])
    golden(separated(td.schedule(y).inline(edge).vectorize(y, "i", 4)))


def test_parallel_tiles_are_tested_not_split(golden):
    m, n = td.size("m"), td.size("n")
    x = td.placeholder("x", (m, n))
    y = td.compute("y", (m, n), lambda i, j: x[i, j] * 2.0)
    s = td.schedule(y).split(y, "i", 4).unroll(y, "ii").parallel(y, "io")
    golden(separated(s))


@pytest.mark.parametrize("tail", [None, "guard", "mask", "peel", "shift"])
@pytest.mark.parametrize("width", [3, 4])
def test_every_size_runs_right(tail, width):
    n = td.size("n")
    x = td.placeholder("x", (n,))
    y = td.compute("y", (n,), lambda i: td.where(i > 0, x[td.maximum(i - 1, 0)], 0.0) + x[i])
    f = td.build(td.schedule(y).vectorize(y, "i", width, tail=tail))
    for size in range(14):
        v = np.arange(1, size + 1, dtype=np.float32)
        want = v + np.concatenate([[0.0], v[:-1]])[:size].astype(np.float32)
        assert np.array_equal(f(v), want), size


def test_copies_are_bounded():
    """Three tiled axes with partial tiles everywhere: the text grows by a constant factor, not by 2^n."""
    n = td.size("n")
    x = td.placeholder("x", (n, n, n))
    y = td.compute("y", (n, n, n), lambda i, j, k: x[i, j, k] * 2.0)
    s = td.schedule(y).split(y, "i", 2).split(y, "j", 2).split(y, "k", 8)
    s = s.reorder(y, "io", "jo", "ko", "ii", "ji", "ki").unroll(y, "ii").unroll(y, "ji").vectorize(y, "ki")
    assert separated(s).count("y[") <= 4


def test_one_name_for_lanes_and_for_a_serial_loop():
    """The lanes of one loop say nothing of a serial loop of the same name beside it."""
    i, t, n = local("i"), local("t"), size_var("n")
    guarded = If(
        lt(add(mul(t, index_const(4)), i), n),
        Store("y", (add(mul(t, index_const(4)), i),), const(1, "int64")),
    )
    lanes = For("i", index_const(0), index_const(4), "vector", guarded)
    serial = For("i", index_const(0), index_const(9), "serial", guarded)
    body = For("t", index_const(0), index_const(3), "serial", Block((lanes, serial)))
    kernel = Kernel("y", ("n",), (ArrayArgument("y", as_dtype("int64"), (n,), "output"),), body)
    for size in range(14):
        want, got = np.zeros(size, np.int64), np.zeros(size, np.int64)
        interpret(kernel, {"y": want}, {"n": size}, {}, partial=True)
        interpret(separate_full_tiles(kernel), {"y": got}, {"n": size}, {}, partial=True)
        assert np.array_equal(got, want), size


def test_loaded_bounds_are_read_once():
    """A loop whose end its own body changes is not cut in two."""
    i, lane, n = local("i"), local("v"), size_var("n")
    place = add(mul(i, index_const(4)), lane)
    store = If(lt(place, n), Store("y", (place,), const(1, "int64")))
    inner = Block(
        (For("v", index_const(0), index_const(4), "vector", store), Store("e", (), const(0, "int64")))
    )
    loop = For("i", index_const(0), Load("e", as_dtype("int64"), ()), "serial", inner)
    body = Allocate("e", as_dtype("int64"), (), "stack", Block((Store("e", (), const(3, "int64")), loop)))
    kernel = Kernel("y", ("n",), (ArrayArgument("y", as_dtype("int64"), (n,), "output"),), body)
    for size in (0, 5, 12, 13):
        want, got = np.zeros(size, np.int64), np.zeros(size, np.int64)
        interpret(kernel, {"y": want}, {"n": size}, {}, partial=True)
        interpret(separate_full_tiles(kernel), {"y": got}, {"n": size}, {}, partial=True)
        assert np.array_equal(got, want), size
