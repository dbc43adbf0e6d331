"""`td.schedules.gemm_tiles`: the loops it promises, results to the bit, what it refuses."""

import numpy as np
import pytest

import tdsl as td


def product(m, n, p):
    A, B = td.placeholder("A", (m, p)), td.placeholder("B", (p, n))
    k = td.reduce_axis("k", p)
    return td.compute("C", (m, n), lambda i, j: td.sum(A[i, k] * B[k, j], over=k))


def test_tiles_of_both_operands_are_exactly_as_large_as_the_block():
    C = product(256, 256, 64)
    s = td.schedules.gemm_tiles(td.schedule(C), C)
    assert s.storage("A_shared")["shape"] == ("128", "8")
    assert s.storage("B_shared")["shape"] == ("8", "128")
    assert "reassociates" not in s.history()
    text = str(s)
    assert "C_tile: float32[8, 2, 4] in register" in text
    assert "if " not in text


@pytest.mark.needs_compiler
def test_a_block_is_right_and_every_access_of_a_warp_ideal():
    C = product(128, 128, 16)
    f = td.build(td.schedules.gemm_tiles(td.schedule(C), C), target="cuda:sm_80", run="emulate")
    rng = np.random.default_rng(3)
    a, b = (
        rng.standard_normal((128, 16), dtype=np.float32),
        rng.standard_normal((16, 128), dtype=np.float32),
    )
    got = np.empty((128, 128), np.float32)
    hazards = f.hazards(a, b, out=got)
    assert not hazards, hazards
    np.testing.assert_array_equal(got, td.build(td.schedule(C))(a, b))
    assert set(hazards.coalescing.values()) == {1.0}
    assert set(hazards.bank_conflicts.values()) == {1.0}


def test_a_stage_whose_operands_are_not_used_again():
    n = td.size("n")
    x = td.placeholder("x", (n, n))
    k = td.reduce_axis("k", n)
    y = td.compute("y", (n,), lambda i: td.sum(x[i, k] * x[i, k], over=k))
    with pytest.raises(td.ArgumentError) as caught:
        td.schedules.gemm_tiles(td.schedule(y), y)
    assert caught.value.code == "S181"


@pytest.mark.parametrize("wrong", [{"thread_rows": 6}, {"columns": 100}, {"thread_columns": 3}, {"rows": 4}])
def test_tiles_that_threads_do_not_divide(wrong):
    C = product(64, 64, 64)
    with pytest.raises(td.ArgumentError) as caught:
        td.schedules.gemm_tiles(td.schedule(C), C, **wrong)
    assert caught.value.code == "S182"
    assert "does not fall to threads" in str(caught.value)


@pytest.mark.needs_compiler
def test_an_operand_whose_columns_are_no_neighbours_is_turned():
    A, B = td.placeholder("A", (64, 16)), td.placeholder("B", (64, 16))
    k = td.reduce_axis("k", 16)
    C = td.compute("C", (64, 64), lambda i, j: td.sum(A[i, k] * B[j, k], over=k))
    s = td.schedules.gemm_tiles(td.schedule(C), C, rows=64, columns=64)
    assert '.layout("B_shared", lambda j, k: (k, j))' in s.script()
    f = td.build(s, target="cuda:sm_80", run="emulate")
    rng = np.random.default_rng(3)
    a, b = (rng.standard_normal((64, 16), dtype=np.float32) for _ in range(2))
    hazards = f.hazards(a, b)
    assert not hazards, hazards
    assert set(hazards.coalescing.values()) == {1.0}
    loads = [one for one in hazards.traffic if one.array == "B_shared" and one.action == "load"]
    assert {(one.bytes, one.moved == one.ideal) for one in loads} == {(16, True)}
    np.testing.assert_array_equal(f(a, b), td.build(td.schedule(C))(a, b))
