"""Copies from several places: loops without a select, the same elements for every size."""

import itertools
import operator

import numpy as np
import pytest

import tdsl as td
from tdsl.lower.passes.separate_full_tiles import separate_full_tiles
from tdsl.lower.passes.separate_selects import MOST_PARTS, separate_selects
from tdsl.lower.passes.simplify_loops import simplify_loops
from tdsl.lower.printer import kernel_text
from tests.lower.test_build import built


def joined(*widths):
    """Rows of several arrays side by side."""
    n = td.size("n")
    arrays = [td.placeholder(f"a{at}", (n, width)) for at, width in enumerate(widths)]
    y = td.ops.concat(arrays, 1)
    return td.schedule(y).vectorize(y, "d1", 4)


def separated(schedule):
    passed = separate_full_tiles(separate_selects(simplify_loops(built(schedule))))
    return kernel_text(simplify_loops(passed))


def test_three_loops_for_two_sources(golden):
    golden(separated(joined(td.size("m"), td.size("k"))))


def test_chains_grow_by_one_part_each():
    counts = [
        separated(joined(*[td.size(f"w{at}") for at in range(many)])).count("where(") for many in (2, 3, 4)
    ]
    assert counts == [1, 3, 6]  # the vectors in which two, three sources meet, and those of what is left
    many = separated(joined(*[td.size(f"w{at}") for at in range(MOST_PARTS + 4)]))
    assert many.count("vector") < 8 * MOST_PARTS


def test_what_no_loop_changes_is_asked_outside():
    n, m, w = td.size("n"), td.size("m"), td.size("w")
    a, b = td.placeholder("a", (n, w)), td.placeholder("b", (m, w))
    y = td.ops.concat((a, b), 0)
    text = separated(td.schedule(y).vectorize(y, "d1", 4))
    assert "where(" not in text and text.count("if d0 < n") == 1


def test_conditions_from_data_stay():
    n = td.size("n")
    x, keep = td.placeholder("x", (n,)), td.placeholder("keep", (n,), "bool")
    y = td.compute("y", (n,), lambda i: td.where(keep[i], x[i], 0.0))
    kernel = simplify_loops(built(td.schedule(y).vectorize(y, "i", 4)))
    assert separate_selects(kernel) is kernel


@pytest.mark.parametrize("tail", ["shift", "peel", "guard", "mask"])
def test_tails_of_every_kind(tail):
    n, m, k = td.size("n"), td.size("m"), td.size("k")
    a, b = td.placeholder("a", (n, m)), td.placeholder("b", (n, k))
    y = td.ops.concat((a, b), 1)
    kernel = td.build(td.schedule(y).vectorize(y, "d1", 4, tail=tail))
    for one, two in itertools.product(range(7), repeat=2):
        left, right = np.ones((2, one), np.float32), np.full((2, two), 2, np.float32)
        assert np.array_equal(kernel(left, right), np.concatenate((left, right), 1)), (one, two)


@pytest.mark.parametrize(
    "schedule", [lambda s, y: s, lambda s, y: s.vectorize(y, "d1", 4), lambda s, y: s.unroll(y, "d1", 3)]
)
def test_elements_for_every_size(schedule):
    n, m, k = td.size("n"), td.size("m"), td.size("k")
    a, b = td.placeholder("a", (n, m)), td.placeholder("b", (n, k))
    y = td.ops.concat((a, b), 1)
    kernel = td.build(schedule(td.schedule(y), y))
    for one, two in itertools.product((0, 1, 3, 4, 5, 8, 9), repeat=2):
        left, right = np.ones((2, one), np.float32), np.full((2, two), 2, np.float32)
        assert np.array_equal(kernel(left, right), np.concatenate((left, right), 1)), (one, two)


@pytest.mark.parametrize("op", ["lt", "le", "gt", "ge"])
@pytest.mark.parametrize("sign", [1, -1, 2])
def test_every_inequality(op, sign):
    n, m = td.size("n"), td.size("m")
    a, b = td.placeholder("a", (n,)), td.placeholder("b", (n,))
    y = td.compute("y", (n,), lambda i: td.where(getattr(operator, op)(i * sign, m), a[i], b[i]))
    kernel = td.build(td.schedule(y).vectorize(y, "i", 4))
    for extent, bound in itertools.product((0, 1, 4, 7, 13), (0, 1, 3, 4, 9, 30)):
        left, right = np.arange(extent, dtype=np.float32), -np.arange(extent, dtype=np.float32)
        want = np.where(getattr(operator, op)(np.arange(extent) * sign, bound), left, right)
        assert np.array_equal(kernel(left, right, m=bound), want), (extent, bound)
