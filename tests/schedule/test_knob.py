"""Knobs: choices left open."""

import pytest

import tdsl as td
from tdsl.schedule.knob import Knob


def test_a_knob():
    assert td.knob("ti", [4, 8, 16], default=8) == Knob("ti", (4, 8, 16), 8)
    assert td.knob("ti", (4, 8)).default == 4


@pytest.mark.parametrize(
    ("arguments", "want"),
    [
        (("t i", [4]), "a knob's name is an identifier, not 't i'"),
        (("t", []), "knob t has no values"),
        (("t", [4, 2.5]), "knob t takes integers, not 2.5"),
        (("t", [4], 8), "the default 8 of knob t is not one of its values [4]"),
    ],
)
def test_what_is_no_knob(told, arguments, want):
    assert want in told(lambda: td.knob(*arguments))


def test_defaults_hold_until_they_are_set(matmul):
    ti = td.knob("ti", [4, 8, 16], default=8)
    s = matmul.s.tile("C", {"i": ti, "j": 64})
    assert s.knobs == {"ti": 8}
    assert [relation.factor for relation in s.state.stage("C").relations] == [8, 64]
    assert [relation.factor for relation in s.set(ti=16).state.stage("C").relations] == [16, 64]
    assert s.set(ti=16).steps == s.steps
    assert s.set(ti=16) != s == s.set(ti=8)


def test_a_setting_stays_for_later_steps_and_goes_with_the_knob(matmul):
    ti = td.knob("ti", [4, 8, 16], default=8)
    s = matmul.s.split("C", "i", ti).set(ti=4).split("C", "j", ti)
    assert [relation.factor for relation in s.state.stage("C").relations] == [4, 4]
    assert s.without(1).without(0).settings == ()


def test_everything_is_judged_again(blur):
    depth = td.knob("depth", [2, 3, 4], default=4)
    s = blur.s.store_root("bx").compute_at("bx", "by", "y").fold("bx", "y", depth)
    assert s.set(depth=3).storage("bx")["shape"] == ("3", "w")
    with pytest.raises(td.IllegalSchedule):
        s.set(depth=2)


def test_what_cannot_be_set(matmul, told):
    s = matmul.s.split("C", "i", td.knob("ti", [4, 8]))
    assert told(lambda: s.set(t=4)) == (
        "ArgumentError S137: no step has a knob 't'\n"
        "  here: set(t=4)\n"
        "  knobs: ti\n"
        '  try: td.knob("t", [4, 8, 16]) in place of a factor'
    )
    assert told(lambda: s.set(ti=5)) == (
        "ArgumentError S137: knob ti takes one of [4, 8], not 5\n  here: set(ti=5)"
    )


def test_two_knobs_of_one_name(matmul, told):
    s = matmul.s.split("C", "i", td.knob("t", [4, 8]))
    assert told(lambda: s.split("C", "j", td.knob("t", [2, 4]))) == (
        "ArgumentError S137: two knobs are called t\n"
        '  here: split("C", "j", td.knob("t", [2, 4]))\n'
        "  one takes [4, 8], the other [2, 4]\n"
        "  try: another name for one of them"
    )
