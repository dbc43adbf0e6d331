"""Linearised dimensions as several: which are found, with which parts, and when none are; witnesses put together again."""

import pytest

import tdsl as td
from tdsl.expr.printer import text
from tdsl.poly.answers import Iteration, Witness
from tdsl.poly.delinearise import view_of
from tdsl.poly.views import declared_witness, seen_through
from tdsl.schedule.legality import arranged_of, program_of

h, w, d = td.size("h"), td.size("w"), td.size("d")
FLAT = td.placeholder("FLAT", (h * w,))
CUBE = td.placeholder("CUBE", (d * h * w,))
PADDED = td.placeholder("PADDED", (h * (w + 2) * 3,))
CASES = {
    "rows": (lambda i, j: FLAT[i * w + j], ("w",), ("h", "w"), [("i", "j")]),
    "turned": (
        lambda i, j: FLAT[(h - 1 - i) * w + w - 1 - j],
        ("w",),
        ("h", "w"),
        [("h - i - 1", "w - j - 1")],
    ),
    "columns": (lambda i, j: FLAT[j * h + i], ("h",), ("w", "h"), [("j", "i")]),
    "two": (
        lambda i, j: td.where(j > 0, FLAT[i * w + j - 1], FLAT[i * w + j]),
        ("w",),
        ("h", "w"),
        [("i", "j - 1"), ("i", "j")],
    ),
    "channels": (
        lambda i, j: PADDED[(i * (w + 2) + j) * 3 + 1],
        ("w * 3 + 6", "3"),
        ("h", "w + 2", "3"),
        [("i", "j", "1")],
    ),
    "a row": (lambda i, j: td.where(h > 0, FLAT[j], 0.0), None, None, None),
    "mixed": (lambda i, j: FLAT[i * w + j] + FLAT[td.clamp(i + j, 0, h * w - 1)], None, None, None),
}


def view(body, tensor):
    y = td.compute("y", (h, w), body)
    return view_of(program_of(td.schedule(y)._state), tensor, 0)  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("name", CASES)
def test_the_parts_that_are_proved(name):
    body, strides, extents, parts = CASES[name]
    found = view(body, "PADDED" if name == "channels" else "FLAT")
    if strides is None:
        assert found is None
        return
    assert tuple(map(text, found.strides)) == strides
    assert tuple(map(text, found.extents)) == extents
    assert [tuple(map(text, each)) for _, each in found.parts] == parts


def flat_update():
    i, j = td.axis("i", h), td.axis("j", w)
    u = td.update("u", FLAT, over=(i, j), at=(i * w + j,), value=lambda u: u[i * w + j] + 1.0)
    return arranged_of(td.schedule(u)._state)  # pyright: ignore[reportPrivateUsage]


def test_a_program_seen_through_its_views():
    arranged = flat_update()
    (found,) = arranged.program.views
    seen = seen_through(arranged).program
    assert dict(seen.shapes)["u"] == found.extents
    source, update = seen.statements
    assert source.axes == ("d0.0", "d0.1") and [text(node) for node in source.writes[0].index] == [
        "d0.0",
        "d0.1",
    ]
    assert source.reads[0].index == (None,)
    assert [text(node) for node in update.writes[0].index] == ["i", "j"]


def test_witnesses_are_put_together_again():
    views = flat_update().program.views
    source = Iteration("u.source", "u", (("d0.0", 1), ("d0.1", 2)))
    update = Iteration("u", "u", (("i", 1), ("j", 2)))
    found = declared_witness(Witness("u", (1, 2), (source, update), (("h", 3), ("w", 5)), "flow"), views)
    assert (
        found.element == (7,) and found.iterations[0].axes == (("d0", 7),) and found.iterations[1] is update
    )
    unknown = declared_witness(Witness("u", (1, 2), (source, update), (("h", 3),), "flow"), views)
    assert unknown.element is None and unknown.iterations[0].axes == ()
