"""Bad input to directives: the full text of each error (the tour of a new user in the issue, and its neighbours)."""

import numpy as np
import pytest

import tdsl as td


def test_split_by_zero(matmul, told):
    assert told(lambda: matmul.s.split("C", "i", 0)) == (
        'ArgumentError S108: factor of split must be at least 1, not 0\n  here: split("C", "i", 0)'
    )


def test_split_by_a_negative_number(matmul, told):
    assert told(lambda: matmul.s.split("C", "i", -1)) == (
        'ArgumentError S108: factor of split must be at least 1, not -1\n  here: split("C", "i", -1)'
    )


CONSTANT = (
    "\n  a factor is known when the schedule is made, so that everything that follows stays affine"
    "\n  try: a Python integer, such as 8"
    '\n   or: a knob: td.knob("f", [4, 8, 16], default=8)'
)


def test_split_by_a_float(matmul, told):
    assert told(lambda: matmul.s.split("C", "i", 2.5)) == (
        "ArgumentTypeError S109: factor of split must be a constant integer, not 2.5 (float)\n"
        '  here: split("C", "i", 2.5)' + CONSTANT
    )


def test_split_by_an_expression(matmul, told):
    assert told(lambda: matmul.s.split("C", "i", matmul.n + 1)) == (
        "ArgumentTypeError S109: factor of split must be a constant integer, not n + 1 (Expr)\n"
        '  here: split("C", "i", matmul.n + 1)' + CONSTANT
    )


def test_split_by_a_bool(matmul, told):
    assert told(lambda: matmul.s.split("C", "i", True)).startswith("ArgumentTypeError S109:")


def test_reorder_naming_an_axis_twice(matmul, told):
    assert told(lambda: matmul.s.reorder("C", "i", "i")) == (
        "ArgumentError S120: reorder of C names 'i' twice\n"
        '  here: reorder("C", "i", "i")\n'
        "  axes of C now: i, j, k\n"
        "  try: each axis once, outermost first; those left out stay where they are"
    )


def test_vectorize_twice(matmul, told):
    s = matmul.s.vectorize("C", "j", 8)
    assert told(lambda: s.vectorize("C", "j", 8)) == (
        "ArgumentError S124: C is vectorized already: its lanes are jv\n"
        '  here: vectorize("C", "j", 8)\n'
        f'  by vectorize("C", "j", 8) at {s.steps[0].where.brief()}\n'
        "        for j\n"
        "          for k\n"
        "            vector jv   <-\n"
        "              C[i, j] = …\n"
        '  try: more lanes in that step, or unroll("C", "j", 2)'
    ).replace("        for j\n", "      for i\n        for j\n")


def test_an_axis_of_another_stage(blur, told):
    s = blur.s.split("bx", "x", 4)
    assert told(lambda: s.unroll("by", "xi")) == (
        "UnknownAxisError S104: 'xi' is an axis of bx, not of by\n"
        '  here: unroll("by", "xi")\n'
        "  axes of by now: y, x\n"
        '  try: unroll("bx", …)'
    )


def test_an_axis_that_nobody_has(matmul, told):
    assert told(lambda: matmul.s.parallel("C", "io")) == (
        "UnknownAxisError S104: C has no axis 'io'\n"
        '  here: parallel("C", "io")\n'
        "  axes of C now: i, j, k\n"
        '  try: "i"'
    )


def test_an_axis_given_as_a_handle(matmul, told):
    assert told(lambda: matmul.s.split("C", matmul.k, 4)) == (
        "ArgumentTypeError S106: split takes axes by name, not AxisHandle\n"
        '  here: split("C", matmul.k, 4)\n'
        "  axes of C: i, j, k\n"
        '  try: "k"'
    )


def test_a_step_applied_twice(matmul, told):
    s = matmul.s.split("C", "i", 32)
    place = s.steps[0].where.brief()
    assert told(lambda: s.split("C", "i", 32)) == (
        "UnknownAxisError S105: C has no axis 'i' any more\n"
        '  here: split("C", "i", 32)\n'
        f'  consumed by split("C", "i", 32) at {place}, which made io, ii\n'
        "  axes of C now: io, ii, j, k"
    )


def test_the_step_that_consumed_a_fused_axis(matmul, told):
    s = matmul.s.fuse("C", "i", "j")
    assert told(lambda: s.parallel("C", "j")).splitlines()[2] == (
        f'  consumed by fuse("C", "i", "j") at {s.steps[0].where.brief()}, which made i_j'
    )


def test_unroll_of_a_million_iterations(told):
    big = td.placeholder("big", (10**6,))
    s = td.schedule(td.compute("F", (10**6,), lambda i: big[i] + 1))
    want = (
        "LimitError S115: the number of iterations that F would have written out is 1000000, the limit is 4096\n"
        "  here: {call}\n"
        "  every one becomes code of its own\n"
        '  try: a part of it: unroll("F", "i", 8)'
    )
    assert told(lambda: s.unroll("F", "i")) == want.format(call='unroll("F", "i")')
    assert told(lambda: s.unroll("F", "i", 10**6)) == want.format(call='unroll("F", "i", 10**6)')


def test_unroll_counts_the_loops_of_a_stage_together(told):
    big = td.placeholder("big", (100, 100))
    s = td.schedule(td.compute("F", (100, 100), lambda i, j: big[i, j] + 1)).unroll("F", "i")
    assert told(lambda: s.unroll("F", "j")).startswith(
        "LimitError S115: the number of iterations that F would have written out is 10000, the limit is 4096"
    )


def test_an_unknown_stage(matmul, told):
    assert told(lambda: matmul.s.split("D", "i", 4)) == (
        'UnknownStageError S102: this schedule has no stage \'D\'\n  here: split("D", "i", 4)\n  stages: C'
    )


def test_a_tensor_of_another_program(matmul, blur, told):
    assert told(lambda: matmul.s.split(blur.by, "y", 4)) == (
        "UnknownStageError S102: this schedule does not compute by\n"
        '  here: split(blur.by, "y", 4)\n'
        "  stages: C"
    )


def test_an_input_has_no_loops(matmul, told):
    assert told(lambda: matmul.s.split(matmul.A, "i", 4)) == (
        "UnknownStageError S102: A is an input: it has no loops\n"
        '  here: split(matmul.A, "i", 4)\n'
        "  stages: C\n"
        '  try: cache_read("A", …) makes a copy that has'
    )


def test_a_stage_that_is_neither_tensor_nor_string(matmul, told):
    assert told(lambda: matmul.s.split(3, "i", 4)) == (
        'ArgumentTypeError S139: a stage is named by a tensor or a string, not int\n  here: split(3, "i", 4)'
    )


def test_a_name_that_is_no_identifier(matmul, told):
    assert told(lambda: matmul.s.split("C", "i", 4, into=("a b", "c"))) == (
        "ArgumentError S111: split cannot call an axis 'a b': it is no identifier\n"
        '  here: split("C", "i", 4, into=("a b", "c"))\n'
        '  try: into=("io", "ii")'
    )


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("j", "it has that axis already"),
        ("n", "that is a size or param of the stage"),
        ("k", "it has that axis already"),
    ],
)
def test_a_name_that_is_taken(matmul, told, name, why):
    assert told(lambda: matmul.s.split("C", "i", 4, into=(name, "q"))) == (
        f"ArgumentError S112: C cannot have a new axis {name!r}: {why}\n"
        '  here: split("C", "i", 4, into=(name, "q"))\n'
        "  axes of C now: i, j, k\n"
        "  try: other names: into=(…)"
    )


def test_a_dim_of_the_stage_is_not_free(matmul, told):
    s = matmul.s.split("C", "i", 4)
    assert told(lambda: s.fuse("C", "ii", "j", into="i")) == (
        "ArgumentError S112: C cannot have a new axis 'i': that was the name of one of its own axes\n"
        '  here: fuse("C", "ii", "j", into="i")\n'
        "  axes of C now: io, ii, j, k\n"
        "  try: other names: into=(…)"
    )


def test_a_retired_name_is_not_free(matmul, told):
    s = matmul.s.split("C", "i", 8).split("C", "ii", 4, into=("a", "b"))
    assert "that was the name of an axis that an earlier step consumed" in told(
        lambda: s.split("C", "j", 4, into=("ii", "ji"))
    )


def test_as_many_names_as_axes(matmul, told):
    assert told(lambda: matmul.s.split("C", "i", 4, into=("a", "b", "c"))) == (
        "ArgumentError S119: split makes 2 axes of i, and into= names 3\n"
        '  here: split("C", "i", 4, into=("a", "b", "c"))\n'
        '  try: into=("io", "ii")'
    )


def test_an_unknown_tail(matmul, told):
    assert told(lambda: matmul.s.split("C", "i", 4, tail="gaurd")) == (
        "ArgumentError S110: tail of split is one of 'guard', 'mask', 'peel', 'shift', 'pad', not 'gaurd'\n"
        '  here: split("C", "i", 4, tail="gaurd")\n'
        '  try: "guard"'
    )


def test_a_scope_of_another_target(blur, told):
    assert told(lambda: blur.s.scope("bx", "fragment")) == (
        "ArgumentError S110: scope is one of 'heap', 'stack', 'register', 'shared', 'local', not 'fragment'\n"
        '  here: scope("bx", "fragment")\n'
        "  that scope holds operands of tensor cores, which this version does not use"
    )


def test_a_loop_is_no_dim(blur, told):
    s = blur.s.split("bx", "y", 8)
    assert told(lambda: s.fold("bx", "yi", 4)) == (
        "UnknownAxisError S107: 'yi' is a loop of bx, not a dim of its array\n"
        '  here: fold("bx", "yi", 4)\n'
        "  dims of bx: y, x (they never change; fold is about storage)\n"
        '  try: "y"'
    )


def test_parallel_twice(matmul, told):
    s = matmul.s.parallel("C", "i")
    assert told(lambda: s.parallel("C", "i")) == (
        "ArgumentError S114: i of C runs in parallel already\n"
        '  here: parallel("C", "i")\n'
        f'  by parallel("C", "i") at {s.steps[0].where.brief()}\n'
        "      parallel i   <-\n"
        "        for j\n"
        "          for k\n"
        "            C[i, j] = …"
    )


def test_splitting_a_marked_loop(matmul, told):
    s = matmul.s.parallel("C", "i")
    assert told(lambda: s.split("C", "i", 4)) == (
        "ArgumentError S114: i of C runs in parallel already: it cannot be split\n"
        '  here: split("C", "i", 4)\n'
        f'  by parallel("C", "i") at {s.steps[0].where.brief()}\n'
        "      parallel i   <-\n"
        "        for j\n"
        "          for k\n"
        "            C[i, j] = …\n"
        "  try: split first, then mark the loops that result"
    )


def test_a_stage_name_that_is_taken(matmul, told):
    assert told(lambda: matmul.s.cache_read("A", "C", name="B")) == (
        "ArgumentError S113: cache_read cannot make a stage called 'B': an input has that name\n"
        '  here: cache_read("A", "C", name="B")\n'
        "  stages: C\n"
        '  try: another name: name="…"'
    )


def test_the_caret_line_and_the_place_are_those_of_the_call(matmul):
    with pytest.raises(td.ArgumentError) as caught:
        matmul.s.split("C", "j", 8).split("C", "i", 0)
    lines = str(caught.value).splitlines()
    assert lines[1].endswith('matmul.s.split("C", "j", 8).split("C", "i", 0)')
    assert lines[2].rstrip().endswith("^" * len('split("C", "i", 0)'))
    assert len(lines[1]) == len(lines[2])


def test_blocks_so_wide_that_indices_would_overflow(matmul, told):
    assert told(lambda: matmul.s.split("C", "i", 2**41)) == (
        "LimitError S115: the number of elements in a block of i of C is 2199023255552, the limit is 1099511627776\n"
        '  here: split("C", "i", 2**41)\n'
        "  sizes end at 2**47, and index arithmetic has 64 bits\n"
        '  try: a part of it: split("C", "i", 8)'
    )
    nested = matmul.s.split("C", "i", 2**20)
    assert "S115" in told(lambda: nested.split("C", "io", 2**21))
    assert "S115" in told(lambda: matmul.s.split("C", "i", [2**21, 2**20]))
    assert nested.split("C", "io", 2**20).axes("C")[:3] == ("ioo", "ioi", "ii")


@pytest.mark.parametrize("name", ["lambda", "for"])
def test_a_word_of_python_is_no_name(matmul, told, name):
    assert "it is a word of Python itself" in told(lambda: matmul.s.split("C", "i", 4, into=("a", name)))
    assert "it is a word of Python itself" in told(lambda: matmul.s.cache_read("A", "C", name=name))


def test_integers_of_numpy_are_integers(matmul):
    plain = matmul.s.tile("C", {"i": 4, "j": 8}).split("C", "k", [4, 2])
    same = matmul.s.tile("C", {"i": np.int64(4), "j": np.uint8(8)}).split("C", "k", [np.int32(4), 2])
    assert same == plain and same.to_json() == plain.to_json() and same.script() == plain.script()


def test_a_reorder_of_nothing(matmul, told):
    assert told(lambda: matmul.s.reorder("C")).startswith("ArgumentError S120: reorder of C names no axis")


def test_what_is_no_mapping_is_no_tile(matmul, told):
    for given in (4, None, [4, 8]):
        first = told(lambda given=given: matmul.s.tile("C", given)).splitlines()[0]
        assert first == f"ArgumentTypeError S116: tile takes a factor for each axis by name, not {given!r}"


def test_a_focus_on_nothing(matmul, told):
    assert told(lambda: matmul.s.on("Z")).startswith("UnknownStageError S102: this schedule has no stage 'Z'")


def test_a_diff_with_no_schedule(matmul, told):
    assert told(lambda: matmul.s.diff(3)).startswith("ArgumentTypeError S138: diff takes a schedule, not int")


def test_a_fold_that_no_index_can_reach(matmul, told):
    s = matmul.s.cache_write("C", name="W").compute_at("W", "C", "i")
    assert "S115" in told(lambda: s.fold("W", "i", 2**70))


def test_integers_of_numpy_replace_factors(matmul):
    s = matmul.s.split("C", "i", 4)
    assert s.replace(0, factor=np.int64(8)) == matmul.s.split("C", "i", 8)
