"""`td.schedule`: which stages there are, their names, and what is refused."""

import tdsl as td


def test_stages_are_in_order_of_declaration_and_at_root(blur):
    z = td.compute("z", (blur.h, blur.w), lambda y, x: blur.by[y, x] + blur.bx[y, x])
    s = td.schedule(z, blur.by)
    assert s.stages() == ("bx", "by", "z")
    assert s.outputs == (z, blur.by)
    assert all(entry.compute is None for entry in s.state.stages)


def test_only_what_is_needed(blur):
    assert td.schedule(blur.bx).stages() == ("bx",)


def test_axes_are_data_axes_then_reduction_axes(matmul):
    assert matmul.s.axes("C") == ("i", "j", "k")
    assert matmul.s.dims("C") == ("i", "j")


def test_what_is_no_output(matmul, told):
    assert told(lambda: td.schedule()) == (
        "ArgumentTypeError S133: td.schedule takes one or more tensors\n"
        "  here: td.schedule()\n"
        "  try: td.schedule(C)"
    ).replace("td.schedule()\n", "schedule()\n", 1)
    assert told(lambda: td.schedule(matmul.A)) == (
        "ArgumentError S133: A is an input: there is nothing to compute\n"
        "  here: schedule(matmul.A)\n"
        "  try: a tensor that td.compute gave"
    )
    assert told(lambda: td.schedule(matmul.C[0, 0])) == (
        "ArgumentTypeError S133: td.schedule takes tensors, not Expr\n"
        "  here: schedule(matmul.C[0, 0])\n"
        "  an indexed tensor is one element, an expression"
    )
    assert told(lambda: td.schedule(matmul.C, matmul.C)) == (
        "ArgumentError S133: td.schedule names C twice\n  here: schedule(matmul.C, matmul.C)"
    )


def test_two_things_of_one_name(told):
    n = td.size("n")
    A = td.placeholder("A", (n,))
    B = td.compute("B", (n,), lambda i: A[i] * 2)
    other = td.compute("B", (n,), lambda i: B[i] + 1)
    assert told(lambda: td.schedule(other)) == (
        "DuplicateNameError S134: two tensors are called B\n"
        "  here: schedule(other)\n"
        f"  declared at {B.where.brief()}\n"
        f"  declared at {other.where.brief()}\n"
        "  try: another name for one of them"
    )


def test_operators_get_unique_names():
    n = td.size("n")
    A = td.placeholder("A", (n,))
    first = td.pad(A, 1, mode="edge")
    second = td.pad(first, 1, mode="edge")
    s = td.schedule(second)
    assert s.stages() == (first.name, f"{first.name}_1")
    assert s.axes(first) == s.axes(first.name)
    assert s.parallel(second, s.axes(second)[0]).stages() == s.stages()
    assert s.outputs == (second,)


def test_two_reductions_over_the_same_axes_share_a_nest():
    n = td.size("n")
    A = td.placeholder("A", (n,))
    k = td.reduce_axis("k", n)
    C = td.compute("C", (n,), lambda i: td.sum(A[k], over=k) + td.max(A[k], over=k))
    assert td.schedule(C).axes(C) == ("i", "k")
