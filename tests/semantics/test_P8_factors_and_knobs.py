"""P8: factors are positive constants or knobs; a schedule with knobs stands for its defaults; set fixes them."""

import pytest

import tdsl as td


@pytest.mark.parametrize("factor", [0, -1, 2.5, "8", True])
def test_factors_are_positive_constants(matmul, factor):
    with pytest.raises(td.ArgumentError):
        matmul.s.split("C", "i", factor)


def test_knobs(matmul):
    ti = td.knob("ti", [4, 8, 16], default=8)
    s = matmul.s.tile("C", {"i": ti, "j": 64}).vectorize("C", "ji", td.knob("lanes", [8, 16]))
    assert s.knobs == {"ti": 8, "lanes": 8}
    assert s.set(ti=16, lanes=16).knobs == {"ti": 16, "lanes": 16}
    assert [relation.factor for relation in s.set(ti=16).state.stage("C").relations] == [16, 64, 8]


def test_knobs_are_built_with_their_defaults_and_fixed_by_set(matmul):
    s = matmul.s.split("C", "i", td.knob("ti", [4, 8], default=8)).unroll("C", "ii")
    assert td.build(s).source("loops") == td.build(s.set(ti=8)).source("loops")
    assert td.build(s.set(ti=4)).source("loops") != td.build(s).source("loops")
    with pytest.raises(td.ArgumentError, match="ti"):
        s.set(ti=5)
