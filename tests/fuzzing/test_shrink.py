"""Failing cases made small: what is one step smaller, and that nothing smaller is left."""

import time

from tdsl.fuzzing.failure import BEYOND, Failure
from tdsl.fuzzing.shrink import fewer, plainer, shrink, undone


def test_fewer_steps():
    assert list(fewer(())) == []
    assert list(fewer(("a",))) == [()]
    found = list(fewer(("a", "b", "c", "d")))
    assert found[0] == ("a", "b") and ("c", "d") in found and ("a", "b", "d") in found
    assert all(len(steps) < 4 for steps in found)


def test_plainer_steps():
    found = [steps[0] for steps in plainer(('.split("i4", "j", 16, tail="mask")',))]
    assert found == [
        '.split("i4", "j", 16)',
        '.split("i4", "j", 2, tail="mask")',
        '.split("i4", "j", 4, tail="mask")',
    ]
    assert next(plainer(('.tile("c", {"i": td.knob("t", [8, 9], default=8)})',))) == ('.tile("c", {"i": 8})',)
    assert list(plainer(('.scope("p", "register")',))) == []
    assert list(plainer(('.cache_read("A", scope="register")',))) == [('.cache_read("A", scope="heap")',)]


def test_steps_whose_names_are_used_later():
    steps = (
        '.split("c", "k", 4, into=("kx", "ky"))',
        '.split("c", "ky", 2, into=("kyx", "kyy"))',
        '.reorder("c", "j", "kx", "kyy", "kyx")',
    )
    found = list(undone(steps))
    assert found[0] == (steps[0], '.reorder("c", "j", "kx", "ky")')
    assert found[1] == ('.split("c", "k", 2, into=("kyx", "kyy"))', '.reorder("c", "j", "k", "kyy", "kyx")')
    assert list(undone(('.tile("c", {"y": 2, "x": 2})', '.shift("c", "xi", -2)'))) == [
        ('.shift("c", "x", -2)',)
    ]
    assert list(undone(('.fuse("c", "i", "j")', '.reorder("c", "i_j", "k")'))) == [
        ('.reorder("c", "i", "j", "k")',)
    ]
    assert list(undone(('.cache_read("A", "c", name="c5")', '.compute_at("c5", "c", "i")'))) == [
        ('.compute_at("A", "c", "i")',)
    ]
    skewed = ('.skew("c", "x", by="y", into="w", factor=2)', '.unroll("c", "w", 2)')
    assert list(undone(skewed)) == [('.unroll("c", "x", 2)',)]
    assert list(undone(('.parallel("c", "i")', '.unroll("c", "j")'))) == []


def test_plainer_tiles_and_skews():
    assert next(plainer(('.tile("c", {"y": 2, "x": 2})',))) == ('.tile("c", {"x": 2})',)
    assert list(plainer(('.skew("c", "x", by="y", into="w", factor=-1)',))) == [
        ('.skew("c", "x", by="y", into="w")',)
    ]


def test_the_smallest_is_found():
    asked = []

    def fails(steps):
        asked.append(steps)
        return {"b", "f"} <= set(steps)

    assert shrink(tuple("abcdefgh"), fewer, fails, 100) == ("b", "f")
    assert len(asked) < 40


def test_it_stops():
    count = [0]

    def fails(_):
        count[0] += 1
        return False

    assert shrink(tuple("abcdefgh"), fewer, fails, 3) == tuple("abcdefgh") and count == [3]
    shrink(tuple("abcdefgh"), fewer, fails, 100, time.monotonic() - 1)
    assert count == [3]


def test_what_a_smaller_case_must_share():
    outside = {
        Failure(kind, "").cause
        for kind in ("a kernel on stepped arrays writes outside of its output", "crash SIGABRT",
                     "InternalError in interpret_buffer.py load_lanes")
    }  # fmt: skip
    assert len(outside) == 1
    beyond, plain = (Failure(f"kernel and declaration{word} differ", "") for word in (BEYOND, ""))
    assert beyond.cause == plain.cause == plain.kind
    assert Failure("an input changed", "").cause == "an input changed"
