"""JSON of schedules: round trip, determinism, what is refused."""

import json

import pytest

import tdsl as td


def a_schedule(blur):
    ti = td.knob("ti", [4, 8], default=4)
    return (
        blur.s.assume(blur.w % 8 == 0)
        .layout("bx", lambda y, x: (x // 8, y, x % 8))
        .tile("by", {"y": ti, "x": 64})
        .reorder("by", "yo", ..., "yi")
        .compute_at("bx", "by", "yo")
    )


def test_round_trip(blur):
    s = a_schedule(blur)
    for each in (s, s.set(ti=8)):
        assert td.Schedule.from_json(each.to_json(), blur.by) == each
        assert td.Schedule.from_json(each.to_json(), blur.by).to_json() == each.to_json()


def test_text(blur, golden):
    golden(a_schedule(blur).set(ti=8).to_json(), suffix=".json")


def test_it_is_judged_again_on_what_it_is_applied_to(blur):
    saved = blur.s.store_root("bx").compute_at("bx", "by", "y").fold("bx", "y", 3).to_json()
    wider = td.compute("by", (blur.h - 1, blur.w), lambda y, x: blur.bx[y, x] + blur.bx[y + 2, x])
    assert td.Schedule.from_json(saved, wider).storage("bx")["shape"][0] == "3"
    widest = td.compute("by", (blur.h - 1, blur.w), lambda y, x: blur.bx[y, x] + blur.bx[y + 3, x])
    with pytest.raises(td.IllegalSchedule):
        td.Schedule.from_json(saved, widest)


def test_the_line_of_an_error_is_that_of_the_call(blur, told):
    saved = blur.s.split("by", "y", 4).to_json().replace('"y"', '"q"')
    assert told(lambda: td.Schedule.from_json(saved, blur.by)) == (
        "UnknownAxisError S104: by has no axis 'q'\n  here: from_json(saved, blur.by)\n  axes of by now: y, x"
    )


def test_other_outputs(blur, matmul, told):
    saved = blur.s.to_json()
    assert told(lambda: td.Schedule.from_json(saved, matmul.C)) == (
        "FormatError S404: this schedule is for by, not for C\n"
        "  here: from_json(saved, matmul.C)\n"
        "  try: the same outputs, in the same order"
    )


UNKNOWN_KNOB = {"primitive": "split", "stage": "by", "axis": "y", "factor": {"knob": "t"}}


@pytest.mark.parametrize(
    ("change", "want"),
    [
        (lambda d: "{", "FormatError S401: this is no schedule: the text is no JSON"),
        (lambda d: "[]", 'FormatError S401: this is no schedule: it has no "kind": "tdsl schedule"'),
        (lambda d: json.dumps({**d, "format": 2}), "FormatError S402: a schedule of format 2 cannot be read"),
        (lambda d: json.dumps({**d, "steps": None}), "FormatError S403: this schedule cannot be read"),
        (lambda d: json.dumps({**d, "steps": [3]}), "  step 0 is no record"),
        (lambda d: json.dumps({**d, "steps": [{"primitive": "melt"}]}), "  step 0 is of no known primitive: 'melt'"),
        (
            lambda d: json.dumps({**d, "steps": [{"primitive": "parallel", "stage": "by", "axis": "y", "hard": 1}]}),
            "  step 0, parallel, has no argument 'hard'; it takes stage, axis, chunk",
        ),
        (lambda d: json.dumps({**d, "steps": [{"primitive": "parallel"}]}), "  step 0, parallel:"),
        (
            lambda d: json.dumps({**d, "steps": [{"primitive": "assume", "condition": {"expression": "w +"}}]}),
            "  step 0: this is no expression:",
        ),
        (lambda d: json.dumps({**d, "steps": [UNKNOWN_KNOB]}), "  step 0 names a knob 't' that is not described"),
        (lambda d: json.dumps({**d, "settings": {"t": "four"}}), "  the value of knob t is no integer: 'four'"),
    ],
)  # fmt: skip
def test_what_cannot_be_read(blur, told, change, want):
    text = change(json.loads(blur.s.to_json()))
    assert want in told(lambda: td.Schedule.from_json(text, blur.by))


def test_the_target_travels(blur):
    s = td.schedule(blur.by, target="interpret")
    assert td.Schedule.from_json(s.to_json(), blur.by).target == s.target
    assert td.Schedule.from_json(s.to_json(), blur.by, target="cpu").target == td.Target()
