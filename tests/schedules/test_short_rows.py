"""Rows as lanes: the bits of the declaration, whatever the shape, and the steps that say so."""

import numpy as np
import pytest

import tdsl as td
from tdsl.ops.row_classes import AXES, short_planes

rng = np.random.default_rng(37)
n, m, p = td.size("n"), td.size("m"), td.size("p")


def built(op, schedule, *shape):
    x = td.placeholder("x", shape)
    y = op(x, axis=-1)
    s = schedule(td.schedule(y), y)
    return s, td.build(s)


def plain(s, y):
    return s


@pytest.mark.parametrize("name", ["sum", "var", "argmax", "softmax", "log_softmax"])
def test_the_bits_of_the_declaration(name):
    op = getattr(td.ops, name)
    _, want = built(op, plain, n, m)
    s, got = built(op, td.schedules.short_rows, n, m)
    assert "reassociates" not in str(s)
    for shape in ((1, 1), (15, 7), (64, 32), (131, 5), (40, 33)):
        x = rng.standard_normal(shape, dtype=np.float32)
        x[-1, -1] = np.nan
        np.testing.assert_array_equal(got(x), want(x))  # NaN as NaN: its payload is no part of the bits (E5)
    assert got(np.zeros((0, 3), np.float32)).shape == want(np.zeros((0, 3), np.float32)).shape


def test_several_axes_of_rows_are_one_parallel_loop():
    s, got = built(td.ops.softmax, td.schedules.short_rows, p, n, m)
    x = rng.standard_normal((3, 19, 6), dtype=np.float32)
    np.testing.assert_allclose(got(x), td.ops.softmax.reference(x), rtol=1e-5)
    text = str(s)
    assert "parallel for plane in" in text and "x_turned" in text and "rows side by side" in text


@pytest.mark.parametrize("name", ["mean", "softmax"])
def test_rows_of_as_many_planes_as_lanes(name):
    op = getattr(td.ops, name)
    s, got = built(op, short_planes, p, n, m)
    _, want = built(op, plain, p, n, m)
    assert "d0i" in str(s) and "reassociates" not in str(s)
    for shape in ((64, 3, 5), (37, 1, 20), (16, 2, 32)):
        x = rng.standard_normal(shape, dtype=np.float32)
        np.testing.assert_array_equal(got(x), want(x))


def test_a_pure_stage_that_is_normalised_along_another_axis():
    x = rng.standard_normal((1, 6, 17, 5), dtype=np.float32)
    np.testing.assert_allclose(td.ops.softmax(x, axis=1), td.ops.softmax.reference(x, axis=1), rtol=1e-5)
    y = td.ops.softmax(td.placeholder("x", (1, p, n, m)), axis=1)
    assert "side by side" not in str(td.schedules.short_rows(td.schedule(y), y))


def test_other_axes_are_scheduled_along_them():
    x = td.placeholder("x", (n, m))
    y = td.ops.sum(x, axis=0)
    s = td.schedules.short_rows(td.schedule(y), y)
    assert s.steps == td.schedules.along_axes(td.schedule(y), y, terms=1).steps and s.steps


def test_a_total_of_several_axes_is_made_of_partial_ones_in_parallel():
    x = td.placeholder("x", (n, m))
    y = td.ops.sum(x)
    s = td.schedules.along_axes(td.schedule(y), y, rows=4)
    assert "parallel for sum_partial.k0o" in str(s)
    f = td.build(s)
    for shape in ((0, 5), (3, 7), (23, 67), (9, 0)):
        values = rng.integers(0, 9, shape).astype(np.float32)
        assert f(values) == values.sum()


@pytest.mark.parametrize("shape, name", [
    ((64, 32), "rows of 32 at most"), ((63, 32), "rows below 256"), ((64, 33), "rows below 256"), ((9, 256), "any size"),
    ((32,), "any size"), ((8, 16, 5), "rows of 32 at most"),
    ((64, 8, 5), "rows of 32 at most, fewer than 16 beside each other"), ((8, 8, 5), "rows below 256"), ((500, 0), "any size"),
])  # fmt: skip
def test_size_classes_of_rows(shape, name):
    assert next(each.name for each in AXES if each.holds((shape,))) == name
    assert AXES[-1].holds(())
