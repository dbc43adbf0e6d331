"""What is left out for speed is back afterwards, and changes no verdict."""

import pytest

import tdsl as td
import tdsl.codegen.machine as machine_code
from tests.fuzz.quick import QUICK_LEVEL, advice, codegen_level


def refused() -> td.IllegalSchedule:
    a = td.placeholder("A", (8,))
    s = td.schedule(
        td.recurrence("R", (8,), lambda r, i: td.where(i > 1, r[i - 2], 0.0) + a[i], dtype="float32")
    )
    with pytest.raises(td.IllegalSchedule) as found:
        s.vectorize("R", "i", 4)
    return found.value


def test_a_refusal_without_advice_is_the_same_refusal():
    whole = refused()
    with advice(given=False):
        bare = refused()
    assert "try:" in str(whole) and "try:" not in str(bare)
    assert (bare.code, bare.witness) == (whole.code, whole.witness)
    assert str(refused()) == str(whole)


def test_the_level_of_code_comes_back():
    compiled = machine_code.compile_object
    with codegen_level(QUICK_LEVEL):
        assert machine_code.compile_object is not compiled
    assert machine_code.compile_object is compiled
