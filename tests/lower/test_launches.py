"""Launches of a nest: what the interpreter makes of them equals the declaration, whatever order threads take."""

import numpy as np
import pytest

import tdsl as td
from tdsl.lower.interpreter import interpret
from tdsl.lower.ir import For
from tdsl.lower.parser import parse_kernel
from tdsl.lower.printer import kernel_text
from tdsl.lower.rewrite_statement import walk_statements
from tests.support.gpu_schedules import SAMPLES


def loops(s):
    return parse_kernel(td.build(s, target="cuda:sm_90").source("loops"))


def run(sample, kernel, sizes, arrays, shuffle=None):
    """Outputs of loops in the interpreter."""
    interface = td.build(sample.plain).interface
    named = {
        one.name: array
        for one, array in zip(interface.inputs, arrays, strict=True)
        if hasattr(one, "extents")
    }
    outputs = {
        one.name: np.zeros(tuple(e.value(sizes) for e in one.extents), one.dtype) for one in interface.outputs
    }
    interpret(kernel, {**named, **outputs}, sizes, sample.params, shuffle=shuffle)
    return tuple(outputs.values())


@pytest.mark.parametrize("name", SAMPLES)
def test_threads_compute_what_is_declared(name):
    sample = SAMPLES[name]()
    kernel = loops(sample.scheduled)
    plain = td.build(sample.plain)
    for sizes in sample.sizes:
        arrays = sample.arrays(sizes)
        want = plain(*arrays)
        for shuffle in (None, 1):
            (got,) = run(sample, kernel, sizes, arrays, shuffle)
            if sample.exact:
                np.testing.assert_array_equal(got, want, strict=True)
            else:  # sums of at most 77 positive terms in another order, and a division
                np.testing.assert_allclose(got, want, rtol=80 * 2.0**-24)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_text_round_trips(name):
    kernel = loops(SAMPLES[name]().scheduled)
    text = kernel_text(kernel)
    assert kernel_text(parse_kernel(text)) == text
    assert parse_kernel(text) == kernel


def test_threads_stand_where_they_are_bound():
    kernel = loops(SAMPLES["shared_tile_matmul"]().scheduled)
    kinds = [
        (one.kind, one.var)
        for one in walk_statements(kernel.body)
        if isinstance(one, For) and "." in one.kind
    ]
    assert kinds == [("block.y", "bi"), ("block.x", "bj"), ("thread.y", "ti"), ("thread.x", "tj")]
