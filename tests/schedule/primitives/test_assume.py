"""`assume`: facts about sizes."""

import tdsl as td
from tdsl.expr.printer import text


def test_the_loops_before_and_after(blur, golden):
    s = blur.s.split("by", "x", 8)
    golden(f"{s}\n\n{blur.s.assume(blur.w % 8 == 0).split('by', 'x', 8)}")


def test_facts_are_kept_in_order(matmul):
    s = matmul.s.assume(matmul.n % 8 == 0).assume(matmul.m > 0)
    assert list(map(text, s.state.assumptions)) == ["n % 8 == 0", "m > 0"]


def test_what_is_no_condition(matmul, told):
    assert told(lambda: matmul.s.assume(5)) == (
        "ArgumentTypeError S128: assume takes a condition, not int\n"
        "  here: assume(5)\n"
        "  try: assume(n % 64 == 0)"
    )
    assert told(lambda: matmul.s.assume(matmul.n + 1)) == (
        "ArgumentTypeError S128: assume takes a condition, not int64\n"
        "  here: assume(matmul.n + 1)\n"
        "  try: assume(n % 64 == 0)"
    )


def test_facts_that_contradict_each_other(matmul, told):
    s = matmul.s.assume(matmul.n > 4).assume(matmul.m % 2 == 0)
    assert told(lambda: s.assume(matmul.n < 3)) == (
        "ArgumentError S130: assume takes a condition that can hold, and this one never does\n"
        "  here: assume(matmul.n < 3)\n"
        "  n < 3 contradicts n > 4"
    )
    assert "contradicts what is declared" in told(lambda: s.assume(matmul.n < 0))
    assert s.assume(matmul.n < 6).assume(matmul.n % 5 == 0)


def test_what_is_known_too_late(matmul, told):
    assert told(lambda: matmul.s.assume(matmul.A[0, 0] > 0)) == (
        "ArgumentError S129: assume is about sizes and params, which are known when the kernel is called\n"
        "  here: assume(matmul.A[0, 0] > 0)\n"
        "  an element of an array is not\n"
        "  try: td.where in the expression, or range= of a placeholder"
    )


def test_a_size_of_another_program(matmul, told):
    assert told(lambda: matmul.s.assume(td.size("q") > 0)) == (
        "ArgumentError S129: this schedule has no size q\n"
        '  here: assume(td.size("q") > 0)\n'
        "  sizes and params: m, n, p"
    )
