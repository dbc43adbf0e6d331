"""`swizzle`: cells of shared rows permuted; what it does to banks, and what it refuses."""

import numpy as np
import pytest

import tdsl as td
from tests.support.gpu_schedules import SAMPLES


@pytest.fixture
def staged():
    x = td.placeholder("x", (32, 96))
    y = td.compute("y", (96, 32), lambda i, j: x[j, i])
    s = (
        td.schedule(y)
        .tile(y, {"i": 32, "j": 32})
        .bind(y, {"io": "block.y", "jo": "block.x", "ji": "thread.x"})
    )
    return s.cache_read(x, y, name="xs", scope="shared").compute_at("xs", y, "jo")


def test_round_trips(staged):
    s = staged.swizzle("xs", vector=2)
    assert td.Schedule.from_json(s.to_json(), s.outputs[0]) == s
    assert staged.on("xs").swizzle(vector=2).schedule == s
    assert " exact " in s.history().splitlines()[-1]


def test_cells_are_permuted_one_to_one(staged):
    """The same results, wherever the cells lie."""
    a = np.arange(32 * 96, dtype="f").reshape(32, 96)
    for vector in (1, 2, 4):
        built = td.build(staged.swizzle("xs", vector=vector), target="interpret")
        np.testing.assert_array_equal(built(a), a.T)


def test_what_it_refuses(staged, told):
    assert told(lambda: staged.swizzle("xs", vector=8)) == (
        "PlacementError S156: xs cannot be swizzled\n"
        '  here: swizzle("xs", vector=8)\n'
        "  no access of a thread has 8 elements of 4 bytes\n"
        "  try: vector=4"
    )
    assert "S156" in told(lambda: staged.swizzle("xs", vector=3))
    x = td.placeholder("x", (32,))
    y = td.compute("y", (32,), lambda i: x[31 - i])
    s = td.schedule(y).cache_read(x, y, name="xs", scope="shared")
    assert "it has no rows" in told(lambda: s.swizzle("xs"))


def test_rows_that_nothing_divides():
    x = td.placeholder("x", (16, 33))
    y = td.compute("y", (16, 33), lambda i, j: x[i, 32 - j])
    s = (td.schedule(y).bind(y, {"i": "thread.y", "j": "thread.x"})
         .cache_read(x, y, name="xs", scope="shared").compute_at("xs", y, "j").swizzle("xs"))  # fmt: skip
    with pytest.raises(td.LimitError) as caught:
        td.build(s, target="cuda:sm_90")
    assert caught.value.code == "L140"
    assert caught.value.where == s.steps[-1].where
    assert 'try: align("xs", "d1", 32)' in str(caught.value)
    a = np.arange(16 * 33, dtype="f").reshape(16, 33)
    np.testing.assert_array_equal(td.build(s.align("xs", "d1", 64), target="interpret")(a), a[:, ::-1])


def test_other_scopes():
    x = td.placeholder("x", (16, 32))
    y = td.compute("y", (16, 32), lambda i, j: x[i, 31 - j])
    s = td.schedule(y).cache_read(x, y, name="xs").swizzle("xs")
    with pytest.raises(td.LimitError, match="L140"):
        td.build(s)


@pytest.mark.needs_compiler
def test_no_bank_conflicts():
    sample = SAMPLES["swizzled_transpose"]()
    s = sample.scheduled
    arrays = sample.arrays({"m": 64, "n": 64})
    out = np.zeros((64, 64), "f")
    f = td.build(s, target="cuda:sm_90", run="emulate")
    assert f.hazards(*arrays, out=out).bank_conflicts["xs"] == 1.0
    np.testing.assert_array_equal(out, td.build(sample.plain)(*arrays))
    plain = td.build(s.without(len(s.steps) - 1), target="cuda:sm_90", run="emulate")
    assert plain.hazards(*arrays, out=out).bank_conflicts["xs"] > 16.0
