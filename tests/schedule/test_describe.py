"""`s.describe`, `s.because`: facts of stages as plain data, reasons that are kept and shown."""

import numpy as np
import pytest

import tdsl as td

n, m = td.size("n"), td.size("m")
x = td.placeholder("x", (n, 8), "float16")
k = td.reduce_axis("k", 8)
a = td.compute("a", (n, 8), lambda i, j: td.exp(x[i, 7 - j]) + 1)
y = td.compute("y", (n,), lambda i: td.sum(a[i, k] * a[i, k], over=k))


def test_facts_of_a_pure_stage():
    facts = td.schedule(y).describe(a)
    assert (facts.kind, facts.axes, facts.data_axes, facts.reduce_axes) == (
        "pure",
        ("i", "j"),
        ("i", "j"),
        (),
    )
    assert facts.extents == {"i": None, "j": 8} and facts.readers == ("y",) and not facts.output
    assert facts.reads[0].tensor == "x" and facts.reads[0].subscripts == ({"i": 1}, {"j": -1})
    assert facts.reads[0].stride("j") == -1 and facts.reads[0].stride("i") is None
    assert (facts.dtype, facts.bits, facts.calls) == ("float16", 16, 1)


def test_facts_follow_the_schedule():
    s = td.schedule(y).split(y, "k", 4).compute_at(a, y, "i")
    assert s.describe(y).axes == ("i", "ko", "ki") and s.describe(y).extents["ki"] == 4
    assert s.describe(a).placed == ("y", "i")
    facts = s.describe(y)
    assert facts.kind == "reduction" and facts.output and facts.products and not facts.extremes


def test_kinds():
    v = td.placeholder("v", (n,), "int32")
    r = td.recurrence("r", (n,), lambda r, i: v[i] + td.where(i > 0, r[i - 1], 0))
    i = td.axis("i", n)
    u = td.update("u", v, over=(i,), at=(i,), value=lambda u: u[i] + 1)
    assert td.schedule(r).describe(r).kind == "recurrence"
    assert td.schedule(u).describe(u).kind == "update"


def test_a_subscript_that_is_not_affine():
    index = td.placeholder("index", (n,), "int64", range=(0, m))
    table = td.placeholder("table", (m,))
    g = td.compute("g", (n,), lambda i: table[index[i]])
    read = next(read for read in td.schedule(g).describe(g).reads if read.tensor == "table")
    assert read.subscripts == (None,) and read.stride("i") is None


def test_reasons_are_shown_kept_and_no_part_of_equality():
    plain = td.schedule(y).split(y, "k", 4).parallel(y, "i")
    told = plain.because("rows are independent").because("both at once", since=0)
    assert told == plain and "both at once" in str(told) and "(both at once)" in told.history()
    back = td.Schedule.from_json(told.to_json(), y)
    assert [step.reason for step in back.steps] == ["both at once"] * 2
    assert "reason" not in plain.to_json()
    v = np.ones((3, 8), np.float16)
    assert np.array_equal(told(v), plain(v))


@pytest.mark.parametrize("reason, since", [("", None), ("a\nb", None), ("a", 1), ("a", -1)])
def test_reasons_that_are_none(reason, since):
    with pytest.raises(td.ArgumentError, match="S180"):
        td.schedule(y).split(y, "k", 4).because(reason, since=since)


def test_no_step_to_explain():
    with pytest.raises(td.ArgumentError, match="no step -1"):
        td.schedule(y).because("a")


def test_a_reason_in_json_is_text():
    text = td.schedule(y).split(y, "k", 4).because("why").to_json().replace('"why"', "3")
    with pytest.raises(td.FormatError, match="reason"):
        td.Schedule.from_json(text, y)
