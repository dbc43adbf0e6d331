"""Input that cannot be meant: each has its code, at most ten lines, the user's line, and says what to write instead."""

import itertools

import numpy as np
import pytest

import tdsl as td

n = td.size("n")
x, y = td.placeholder("x", (n,)), td.placeholder("y", (n,), "int64")
flags, at = td.placeholder("flags", (n,), "bool"), td.placeholder("at", (n,), "int32")
k = td.reduce_axis("k", n)
counter = itertools.count()


def stage(value, **more):
    return td.compute("z", (n,), value, **more)


BAD = {
    "dtypes that lose bits": ("E203", "astype", lambda: stage(lambda i: x[i] + y[i])),
    "int64 with uint64": ("E203", "astype", lambda: stage(lambda i: y[i] + td.placeholder("u", (n,), "uint64")[i])),
    "slash on integers": ("E206", "//", lambda: stage(lambda i: y[i] / 2)),
    "floor division of floats": ("E207", "td.floor", lambda: stage(lambda i: x[i] // 2.0)),
    "an axis outside over=": ("E106", "over=k", lambda: stage(lambda i: x[k])),
    "an axis named like a size": ("E109", "another name", lambda: td.compute("z", (n,), lambda n: x[n])),
    "an identity that is none": (
        "E118", "0.0", lambda: stage(lambda i: td.reducer(lambda a, b: td.minimum(a, b), 0.0)(x[k], over=k)),
    ),
    "a bound from data without a range": (
        "E302", "range=", lambda: stage(lambda i: td.sum(x[0], over=td.reduce_axis("t", (0, at[i])))),
    ),
    "an index from data without a range": ("E302", "range=", lambda: stage(lambda i: x[at[i]])),
    "a condition that is no bool": ("E207", "!= 0", lambda: stage(lambda i: td.where(y[i], 1.0, x[i]))),
    "conditions in a sum": ("E207", "astype", lambda: td.sum(flags[k], over=k)),
    "a callable that counts": ("E119", "td.param", lambda: stage(lambda i: x[i] * float(next(counter)))),
    "a callable that draws": ("E119", "placeholder", lambda: stage(lambda i: np.random.rand(), dtype="float32")),
    "a dtype of half a name": ("E201", "float8_e4m3fn", lambda: td.placeholder("f", (n,), "float8")),
    "more bytes than there are": ("E104", "2^63", lambda: td.placeholder("f", (2**31, 2**31), "float64")),
    "an int that does not fit": ("E204", "127", lambda: stage(lambda i: td.placeholder("b", (n,), "int8")[i] + 128)),
    "an int beyond 64 bits": ("E204", "", lambda: stage(lambda i: y[i] + 2**64)),
    "tfloat32 in an array": ("E205", "td.cast", lambda: td.placeholder("t", (n,), "tfloat32")),
    "an if": ("E101", "td.where", lambda: stage(lambda i: x[i] if x[i] > 0 else 0.0)),
    "a chained comparison": ("E101", "td.all(0 <= i, i < n)", lambda: stage(lambda i: td.where(0 < i < 3, 1.0, 0.0))),
    "an array in an expression": ("E113", "td.placeholder", lambda: stage(lambda i: x[i] + np.ones(3))),
    "a missing return": ("E111", "return", lambda: stage(lambda i: None)),
    "a whole tensor as an element": ("E111", "x[i]", lambda: stage(lambda i: x)),
    "the wrong rank": ("E102", "x[i]", lambda: stage(lambda i: x[i, i])),
    "a slice": ("E103", "td.compute", lambda: stage(lambda i: x[0:2])),
    "max of two values": ("E116", "td.maximum(a, b)", lambda: stage(lambda i: td.max(x[i], 0.0))),
    "argmax of what may be empty": (
        "E120", "td.where", lambda: stage(lambda i: td.argmax(x[0], over=td.reduce_axis("t", (i, i)))),
    ),
    "a mode of padding that is none": ("E115", "reflect", lambda: td.pad(x, 1, "reflected")),
    "a read past the end": ("E301", "td.where(i + 1 < n", lambda: stage(lambda i: x[i + 1])),
    "a subscript that is not affine": ("E303", "td.clamp", lambda: stage(lambda i: x[i * i])),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_refused(name):
    code, text, call = BAD[name]
    with pytest.raises(td.TdslError) as caught:
        call()
    error = caught.value
    lines = str(error).splitlines()
    assert error.code == code and text in str(error), str(error)
    assert 2 <= len(lines) <= 10 and not isinstance(error, td.InternalError)
    assert "test_bad_declarations.py" in str(error)


def test_a_reducer_that_is_a_shift_of_none():
    """max with the identity 0 is right for positive numbers alone: samples are of both signs."""
    largest = td.reducer(lambda a, b: td.maximum(a, b), 0)
    assert stage(lambda i: largest(td.placeholder("u", (n,), "uint8")[k], over=k)).dtype.name == "uint8"
    with pytest.raises(td.ArgumentError, match="combined with -2 it gives 0"):
        stage(lambda i: largest(y[k], over=k))
