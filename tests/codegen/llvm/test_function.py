"""The function being written: equal operations once, each outside the loops that do not change it, nothing unused."""

import pytest

from tdsl.codegen.llvm.control import begin_branch, begin_loop, end_branch, end_loop, merged, otherwise
from tdsl.codegen.llvm.function import Function, Module


def function(name="f", parent=None, module=None):
    return Function(module or (parent.module if parent else Module()), name, "i64", "nounwind", parent)


def returned(f, value):
    f.effect("ret i64 %s", value)
    return f.text(linkage="")


def add(f, a, b):
    return f.pure("i64", "add i64 %s, %s", a, b)


def lines(text):
    return [line.strip() for line in text.splitlines()]


def test_equal_operations_are_one():
    f = function()
    x = f.parameter("i64", "x")
    assert add(f, x, "1") == add(f, x, "1") != add(f, x, "2")


def test_operations_move_to_the_outermost_preheader_that_knows_their_operands():
    f = function()
    n = f.parameter("i64", "n")
    outer = begin_loop(f, "0", n, [("i64", "0")], guarded=True)
    inner = begin_loop(f, "0", "4", [("i64", outer.carried[0])], guarded=False)
    of_function, of_outer, of_inner = add(f, n, "7"), add(f, outer.variable, "7"), add(f, inner.variable, "7")
    total = f.pure("i64", "mul i64 %s, %s", of_function, of_outer)
    (after,) = end_loop(f, inner, [add(f, add(f, inner.carried[0], total), of_inner)])
    (result,) = end_loop(f, outer, [after])
    text = lines(returned(f, result))
    place = {name: next(at for at, line in enumerate(text) if line.startswith(f"{name} =")) for name in
             (of_function, of_outer, of_inner, total)}  # fmt: skip
    loops = [at for at, line in enumerate(text) if line.startswith("loop")]
    assert (
        text.index("enter1:")
        < place[of_function]
        < loops[0]
        < place[of_outer]
        < place[total]
        < loops[1]
        < place[of_inner]
    )


def test_a_branch_keeps_its_operations_unless_a_loop_is_around_it():
    f = function()
    n = f.parameter("i64", "n")
    flag = f.pure("i1", "icmp eq i64 %s, 3", n)
    branch = begin_branch(f, flag)
    inside = add(f, n, "1")
    otherwise(f, branch)
    other = add(f, n, "1")
    end_branch(f, branch)
    assert inside != other, "what one arm knows, the other does not"
    text = returned(f, merged(f, branch, "i64", (inside, other)))
    marks = ("then2:", f"{inside} =", "else2:", f"{other} =", " = phi ")
    assert [text.index(mark) for mark in marks] == sorted(text.index(mark) for mark in marks)


def test_operations_of_a_closed_scope_are_forgotten():
    f = function()
    n = f.parameter("i64", "n")
    loop = begin_loop(f, "0", n, [], guarded=True)
    first = add(f, loop.variable, n)
    f.effect("call void @use(i64 %s)", first)
    end_loop(f, loop, [])
    again = begin_loop(f, "0", n, [], guarded=True)
    assert again.variable != loop.variable
    f.effect("call void @use(i64 %s)", add(f, again.variable, n))
    end_loop(f, again, [])
    assert returned(f, "0").count("add i64") == 2


def test_unused_operations_are_left_out_with_what_only_they_used():
    f = function()
    x = f.parameter("i64", "x")
    add(f, add(f, x, "1"), "2")
    kept = add(f, x, "3")
    assert lines(returned(f, kept))[2:-1] == [f"{kept} = add i64 %x, 3", f"ret i64 {kept}"]


def test_loads_are_one_for_each_version_of_memory():
    f = function()
    p = f.parameter("ptr", "p")
    first, second = (f.load("i64", "load i64, ptr %s, align 8", 1, 0, p) for _ in range(2))
    third = f.load("i64", "load i64, ptr %s, align 8", 2, 0, p)
    assert first == second != third


def test_names_from_around_become_parameters():
    outer = function("outer")
    x = outer.parameter("i64", "x")
    doubled = add(outer, x, x)
    inner = function("inner", parent=outer)
    innermost = function("innermost", parent=inner)
    value = add(innermost, doubled, "1")
    assert add(innermost, doubled, "1") == value
    (own,) = innermost.parameters
    (passed,) = inner.parameters
    assert (own.type, own.outer) == ("i64", passed.name) and passed.outer == doubled
    assert returned(innermost, value).startswith(f"define i64 @innermost(i64 {own.name}) nounwind")


def test_a_name_from_nowhere_is_a_bug():
    with pytest.raises(AssertionError, match="%gone is not defined in f"):
        add(function(), "%gone", "1")
