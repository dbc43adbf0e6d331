"""`parallel`: races are refused with the two iterations; chunks are loops inside."""

import pytest

import tdsl as td


def test_the_loops_before_and_after(blur, golden):
    golden(f"{blur.s}\n\n{blur.s.parallel(blur.by, 'y')}\n\n{blur.s.parallel(blur.by, 'y', chunk=4)}")


def test_chunks_of_a_fused_loop(blur):
    s = blur.s.fuse("by", "y", "x", into="t").parallel("by", "t", chunk=64)
    assert s.axes("by") == ("t", "tc")


def test_over_a_reduction(matmul, told):
    assert told(lambda: matmul.s.parallel("C", "k")) == (
        "IllegalSchedule S202: iterations of the parallel loop k would add to one element of C at once\n"
        '  here: parallel("C", "k")\n'
        "  the iterations of k add up terms of one element of C\n"
        "  i=0, j=0, k=0 writes C[0, 0], i=0, j=0, k=1 writes it again   (m=1, n=1, p=2)\n"
        "      for i\n"
        "        for j\n"
        "          parallel k   <-\n"
        '  try: rfactor("C", "k"), then parallel of the stage it makes; or atomic("C")\n'
        "   or: assume(m <= 0 or n <= 0 or p <= 1): then it is legal"
    )


def test_the_witness_is_data(matmul):
    with pytest.raises(td.IllegalSchedule) as caught:
        matmul.s.parallel("C", "k")
    witness = caught.value.witness
    assert witness is not None
    assert (witness.tensor, witness.element, witness.axis, witness.kind) == ("C", (0, 0), "k", "output")
    assert witness.iterations == ({"i": 0, "j": 0, "k": 0}, {"i": 0, "j": 0, "k": 1})
    assert witness.sizes == {"m": 1, "n": 1, "p": 2}
    legal = matmul.s.assume(caught.value.condition).parallel("C", "k")
    assert legal.state.stage("C").loops[2].kind == "parallel"


def test_between_storage_and_computation(blur, told):
    s = blur.s.store_root("bx").compute_at("bx", "by", "y")
    text = told(lambda: s.parallel("by", "y"))
    assert text.startswith(
        "IllegalSchedule S202: iterations of the parallel loop y would race on bx\n"
        '  here: parallel("by", "y")\n'
        "  bx is kept outside y and made inside it: iterations reuse what others made\n"
        "  in y=0 bx at y=1, x=0 writes bx[1, 0], in y=1 by at y=1, x=0 reads it   (h=2, w=1)\n"
        "      parallel y   <-\n"
    )
    assert text.endswith(
        '  try: store_at("bx", "by", "y"): each iteration makes what it reads\n   or: legal in parallel: x'
    )
