"""Verdicts become errors with witness, loops and advice; legal schedules pass whatever they look like."""

import pytest

import tdsl as td
from tdsl.schedule.legality import arranged_of, program_of


def test_the_program_is_shared_by_schedules_that_differ_in_loops(matmul):
    assert program_of(matmul.s.state) is program_of(matmul.s.split("C", "i", 8).parallel("C", "io").state)


def test_facts_and_assumptions_are_context(matmul):
    program = program_of(matmul.s.assume(matmul.n % 8 == 0).state)
    assert [str(td.Expr(node)) for node in program.context] == ["n % 8 == 0"]
    assert [size.name for size in program.sizes] == ["m", "n", "p"]
    assert (program.inputs, program.outputs) == (("A", "B"), ("C",))


def test_inlined_stages_are_gone(blur):
    arranged = arranged_of(blur.s.inline("bx").state)
    assert [each.stage for each in arranged.arrangements] == ["by"]


def test_reordering_and_tiling_a_reduction_is_legal(matmul):
    s = matmul.s.reorder("C", "k", "j", "i").tile("C", {"k": 8, "i": 4})
    assert s.axes("C")[0] == "ko"


def test_a_reader_that_cannot_see_the_buffer(blur, told):
    s = blur.s.compute_at("bx", "by", "y")
    assert told(lambda: s.cache_read("bx", "by", name="c")) == (
        "IllegalSchedule S205: cache_read would put bx where a reader cannot see it\n"
        '  here: cache_read("bx", "by", name="c")\n'
        "  no reader of bx is inside loop y of by\n"
        "  bx is computed at y of by\n"
        "  reader c is computed at root\n"
        "      for y   <-\n"
        "        for x\n"
        "          by[y, x] = …\n"
        '  try: compute_root("bx"), then cache_read, then compute_at(("bx", "c"), "by", "y")'
    )


def test_the_same_verdict_again_is_cheap(matmul):
    s = matmul.s
    for _ in range(3):
        with pytest.raises(td.IllegalSchedule):
            s.parallel("C", "k")


def test_errors_pickle(matmul):
    import pickle

    with pytest.raises(td.IllegalSchedule) as caught:
        matmul.s.parallel("C", "k")
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert again.witness == caught.value.witness


def test_what_is_not_decidable_names_the_access_and_the_fact(matmul, told, monkeypatch):
    from tdsl.poly import settle
    from tdsl.poly.answers import Unknown

    unknown = Unknown("A[at[i]]", "range= of the values that index A")
    monkeypatch.setattr(settle, "settle", lambda *_, **__: (unknown, {}))
    assert told(lambda: matmul.s.parallel("C", "i")) == (
        "UnprovenSchedule S210: whether parallel of C is legal is not decidable\n"
        '  here: parallel("C", "i")\n'
        "  A[at[i]] is opaque to the proof\n"
        "      parallel i   <-\n"
        "        for j\n"
        "          for k\n"
        "            C[i, j] = …\n"
        "  try: range= of the values that index A"
    )
    with pytest.raises(td.UnprovenSchedule) as caught:
        matmul.s.parallel("C", "i")
    assert (caught.value.access, caught.value.fact) == ("A[at[i]]", "range= of the values that index A")


def test_what_may_run_in_parallel_is_accepted(matmul, blur):
    for s, stage in ((matmul.s, "C"), (blur.s.split("by", "y", 8).store_at("bx", "by", "yo"), "by")):
        legal = s.parallel_axes(stage)
        for axis in s.axes(stage):
            if axis in legal:
                s.parallel(stage, axis)
            else:
                with pytest.raises(td.IllegalSchedule):
                    s.parallel(stage, axis)
