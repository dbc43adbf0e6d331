"""Every method of a schedule with odd values in every position: a result, or an error of ours that says what was wrong.

By introspection of the signatures, so that a new method is asked, too. One position is wrong at a time; the others are
those of a call that is accepted. What a user's own callable or mapping raises stays what it is, so none is among them.
"""

import inspect
from dataclasses import fields
from fractions import Fraction

import numpy as np
import pytest

import tdsl as td
from tdsl.schedule.focus import StageView

n, m = td.size("n"), td.size("m")
A, B = td.placeholder("A", (m, n)), td.placeholder("B", (n, m))
k = td.reduce_axis("k", n)
P = td.compute("P", (m, n), lambda i, j: A[i, j] * 2.0)
C = td.compute("C", (m, m), lambda i, j: td.sum(P[i, k] * B[k, j], over=k))
PLAIN = td.schedule(C)


class NoText:
    """What cannot even be shown."""

    def __repr__(self):
        raise RuntimeError("no text")


class NoEquality:
    __hash__ = None

    def __eq__(self, other):
        raise RuntimeError("no equality")


ODD = [
    None, True, float("nan"), -1, 0, 2**70, 10**5000, 2.5, 1j, "", "i", "zz", "\x00", b"i", "i" * 5000, (), [], {}, set(),
    ("i", "i"), [None], {"i": None}, {3: 4}, {"i": 2.5}, np.int64(-4), np.float32(4), np.bool_(True), np.array([4, 4]),
    np.zeros(0), np.timedelta64(3), A, k, n + 1, n < 0, A[0, 0] > 0,
    td.knob("f", [4, 8]), lambda: 3, lambda i, j: None, PLAIN, object(), ...,
    range(3), Fraction(4), NoText(), NoEquality(),
]  # fmt: skip
GIVEN = {
    "stage": "C", "axis": "i", "factor": 4, "factors": {"i": 4}, "axes": "i", "by": "j", "host": "C", "tensor": "A",
    "readers": "P", "dim": "i", "scope": "heap", "subscripts": lambda i, j: (j, i), "condition": n > 4, "size": "n",
    "intrinsic": "vpdpbusd", "step": 0, "reason": "x", "other": PLAIN, "function": lambda s: s,
    "text": PLAIN.to_json(), "into": "w",
}  # fmt: skip
INSIDE = {"stage": "P", "host": "C", "axis": "i", "dim": "i"}
OF_P = (
    "compute_at", "store_at", "compute_with", "inline", "fold", "align", "layout", "scope", "clone", "double_buffer", "min_fold",
    "cooperate", "swizzle", "store_root", "compute_root",
)  # fmt: skip
OPTIONAL = {"into", "size"}


def public(kind):
    """The methods of a class that take something, each once."""
    for name in sorted(dir(kind)):
        member = inspect.getattr_static(kind, name)
        if not name.startswith("_") and not isinstance(member, property) and name != "time":
            parameters = list(inspect.signature(inspect.unwrap(getattr(kind, name))).parameters.values())
            yield name, [one for one in parameters if one.name != "self"]


def arguments(name, parameters, position, value):
    """What a method is called with: `value` at a position, something right elsewhere."""
    given, positional, named = GIVEN | (INSIDE if name in OF_P else {}), [], {}
    for place, one in enumerate(parameters):
        if one.kind is one.VAR_KEYWORD:
            named.update({"factor": value} if place == position else {})
        elif one.kind is one.VAR_POSITIONAL:
            rest = (C,) if name == "from_json" else () if name == "apply" else ("i", "j")
            positional += (rest[0] if rest else 3, value) if place == position else rest
        elif place == position or one.default is one.empty or one.name in OPTIONAL:
            chosen = value if place == position else given.get(one.name)
            if one.kind is one.KEYWORD_ONLY or named or one.default is not one.empty:
                named[one.name] = chosen
            else:
                positional.append(chosen)
    return positional, named


def answered(what, action):
    """Runs a call; it gives a value, or an error of ours of at most ten lines, none of them endless or with an address."""
    try:
        action()
    except td.InternalError as error:
        return f"{what}: {error}"
    except td.TdslError as error:
        lines = str(error).splitlines()
        if len(lines) > 10 or max(map(len, lines)) > 401 or "0x" in lines[0] or error.where is None:
            return f"{what}: {error}"
    except Exception as error:  # noqa: BLE001
        return f"{what}: {type(error).__name__}: {error}"
    return None


@pytest.mark.parametrize(("kind", "start"), [(td.Schedule, PLAIN), (StageView, PLAIN.on("C"))])
def test_odd_values_in_every_position_of_every_method(kind, start):
    wrong, asked = [], 0
    for name, parameters in public(kind):
        for position, one in enumerate(parameters):
            for number, value in enumerate(ODD):
                positional, named = arguments(name, parameters, position, value)
                what = f"{kind.__name__}.{name}({one.name}=ODD[{number}])"
                wrong.append(answered(what, lambda: getattr(start, name)(*positional, **named)))  # noqa: B023
                asked += 1
    assert not list(filter(None, wrong))
    assert asked > 3000 if kind is td.Schedule else 2000


STEPS = [
    lambda s: s.tile(C, {"i": td.knob("ti", [4, 8]), "j": 8}),
    lambda s: s.fuse(C, "i", "j"),
    lambda s: s.reorder(C, "j", "i"),
    lambda s: s.skew(C, "j", by="i", into="w"),
    lambda s: s.cache_read(P, C),
    lambda s: s.layout(P, lambda i, j: (j, i)),
    lambda s: s.compute_with(P, C, "i", align={"j": "j"}),
    lambda s: s.specialize(n % 4 == 0, lambda s: s.vectorize(C, "j", 4)),
    lambda s: s.bind(C, {"i": "block.x", "j": "thread.x"}),
    lambda s: s.prefetch(C, B, "k", 2),
]


@pytest.mark.parametrize("make", STEPS)
def test_odd_values_in_every_argument_that_is_replaced(make):
    try:
        begun = make(PLAIN)
    except td.PlacementError:  # align= of an axis that is not shared
        begun = PLAIN.compute_with(P, C, "i", align={"i": "i"})
    step = begun.steps[-1]
    wrong = []
    for entry in fields(step):
        if entry.name in ("where", "reason", "dims"):
            continue
        for number, value in enumerate(ODD):
            if callable(value) and step.primitive == "layout":
                continue
            for form in (value, (value,), ("i", value), (("i", value),)):
                what = f"{step.primitive}.{entry.name} = {len(str(type(form)))} ODD[{number}]"
                wrong.append(answered(what, lambda: begun.replace(-1, **{entry.name: form}).history()))  # noqa: B023
    assert not list(filter(None, wrong))


def test_the_past_of_a_schedule_is_asked_in_whole_numbers(told):
    s = PLAIN.split(C, "i", 4)
    assert told(lambda: s.undo("1")).splitlines()[0] == (
        "ArgumentError S135: cannot undo '1' steps of a schedule that has 1"
    )
    assert s.undo(np.int64(1)) == PLAIN
    assert told(lambda: s.because("why", since=0.5)).startswith("ArgumentError S180: there is no step 0.5")
    assert told(lambda: s.because(None)).startswith(
        "ArgumentError S180: a reason is a line of text, not None"
    )
    assert told(lambda: td.knob("f", 4)).startswith("ArgumentTypeError S121: the values of knob f are a list")


def test_nothing_named_is_refused(told):
    assert told(lambda: PLAIN.compute_at([], C, "i")).startswith("ArgumentError S139: no stage is named")
    assert told(lambda: PLAIN.cache_read(P, [])).startswith("ArgumentError S139: no stage is named")
    first = PLAIN.cache_read(P, C)
    assert told(lambda: first.replace(0, readers=[])).startswith(
        "PlacementError S309: cache_read names no reader\n"
    )


def test_one_factor_an_axis(told):
    assert told(lambda: PLAIN.on(C).tile({"i": 4}, i=8)).startswith(
        "ArgumentError S116: tile is given two factors for 'i'"
    )
    assert told(lambda: PLAIN.tile(C, [("i", 4), ("i", 8)])).startswith(
        "ArgumentError S116: tile is given two"
    )


@pytest.mark.parametrize("factor", [2**63 - 3, 2**15, -(2**20)])
def test_a_skew_whose_values_leave_64_bits(factor, told):
    """With 2**63 - 3 the bounds of the loop wrapped round, and rows were not computed."""
    assert "its values would leave 64 bits" in told(
        lambda: PLAIN.skew(C, "j", by="i", into="w", factor=factor)
    )
    first = PLAIN.skew(C, "j", by="i", into="w", factor=2**14).reverse(C, "i", into="r")
    assert "leave 64 bits" in told(lambda: first.skew(C, "r", by="w", into="v", factor=2))
