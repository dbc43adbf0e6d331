"""P15: an illegal schedule shows the smallest sizes and iterations, and a condition that `assume` accepts."""

import pytest

import tdsl as td


def test_the_fields(matmul):
    with pytest.raises(td.IllegalSchedule) as caught:
        matmul.s.parallel("C", "k")
    witness = caught.value.witness
    assert (witness.tensor, witness.element, witness.kind, witness.axis) == ("C", (0, 0), "output", "k")
    assert witness.sizes == {"m": 1, "n": 1, "p": 2}
    assert witness.iterations == ({"i": 0, "j": 0, "k": 0}, {"i": 0, "j": 0, "k": 1})
    assert witness.lost is None


def test_an_overwritten_value(blur):
    with pytest.raises(td.IllegalSchedule) as caught:
        blur.s.store_root("bx").compute_at("bx", "by", "y").fold("bx", "y", 2)
    witness = caught.value.witness
    assert witness.sizes == {"h": 1, "w": 1}
    assert witness.iterations == ({"y": 0, "x": 0}, {"y": 2, "x": 0})
    assert witness.lost == {"y": 0, "x": 0}


def test_the_condition_can_be_assumed(matmul):
    with pytest.raises(td.IllegalSchedule) as caught:
        matmul.s.parallel("C", "k")
    condition = caught.value.condition
    assert "p" in str(condition)
    assert matmul.s.assume(condition).parallel("C", "k").steps[-1].label == 'parallel("C", "k")'


def test_the_two_iterations_differ_even_where_their_axes_do_not(blur):
    with pytest.raises(td.IllegalSchedule) as caught:
        blur.s.store_root("bx").compute_at("bx", "by", "y").parallel("by", "y")
    first, second = caught.value.witness.iterations
    assert first != second
