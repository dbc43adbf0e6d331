"""Failing cases made small: what is one step smaller, and that nothing smaller is left."""

import time

from tdsl.fuzzing.shrink import fewer, plainer, shrink


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
