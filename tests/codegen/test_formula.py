"""Formulas: exact integers, division defined for zero, and nothing but arithmetic in the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as draw

from tdsl.codegen.formula import Formula
from tdsl.errors import FormatError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("32 * blocks + 1", 97), ("n // 2", 3), ("-n // 2", -4), ("-n % 4", 1), ("n // 0", 0), ("n % 0", 0),
        ("min(n, blocks)", 3), ("max(n, blocks, 9)", 9), ("abs(-n)", 7), ("where(n < blocks, 1, 2)", 2),
        ("n <= blocks", False), ("n >= 7 and not blocks == 4", True), ("n != 7 or blocks > 2", True), ("1 < blocks < n", True),
        ("n * blocks * 1000000000000000000000", 21 * 10**21), ("True", True),
    ],
)  # fmt: skip
def test_values(text, value):
    assert Formula(text).value({"n": 7, "blocks": 3}) == value


def test_names_are_those_of_sizes():
    assert Formula("where(min < n, min(n, 4), where)").names == ("min", "n", "where")
    assert Formula("min(min, 3)").value({"min": 2}) == 2
    assert Formula("3").names == ()


def test_bare():
    assert Formula("n", (("n", 1),)).bare == "n"
    for other in (
        Formula("n"),
        Formula("2 * n", (("n", 2),)),
        Formula("n + 1", (("n", 1),), 1),
        Formula("3", ()),
    ):
        assert other.bare is None


@pytest.mark.parametrize(
    "text",
    [
        "", "(", "n +", "n n", "n.real", "n[0]", "(n, m)", "lambda: 3", "__import__('os')", "print(n)", "min(*n)",
        "min(n, key=m)",
        "'text'", "1.5", "n := 3", "n if m else 3", "[n]", "n ** 2", "n / 2", "n @ m", "f'{n}'", "(yield)", "n\nm", "\0", "min",
        "open('x')", "(lambda: n)()", "abs.__class__", "...", "None",
    ],
)  # fmt: skip
def test_text_that_is_no_formula(text):
    if text == "min":  # a size may have that name
        assert Formula(text).value({"min": 4}) == 4
        return
    with pytest.raises(FormatError, match="C120: .* is no formula over sizes"):
        _ = Formula(text).tree


@given(draw.integers(), draw.integers())
def test_division_floors(a, b):
    known = {"a": a, "b": b}
    assert Formula("a // b").value(known) == (a // b if b else 0)
    assert Formula("a % b").value(known) == (a % b if b else 0)
