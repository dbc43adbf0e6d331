"""`bind`: places, refusals with the two threads, round trips."""

import pytest

import tdsl as td


def test_the_loops_before_and_after(matmul, golden):
    s = matmul.s.tile("C", {"i": 16, "j": 32})
    golden(f"{s}\n\n{s.bind('C', {'io': 'block.y', 'jo': 'block.x', 'ii': 'thread.y', 'ji': 'thread.x'})}")


def test_one_axis_at_a_time(matmul):
    s = matmul.s.bind("C", "i", "block.x").on("C").bind({"j": "block.y"}).schedule
    assert [loop.kind for loop in s.state.stage("C").loops] == ["block.x", "block.y", "serial"]
    assert s == eval(s.script(), {"td": td, "C": matmul.C})
    assert td.Schedule.from_json(s.to_json(), matmul.C) == s


def test_over_a_reduction(matmul, told):
    assert told(lambda: matmul.s.bind("C", {"i": "block.x", "k": "thread.x"})) == (
        "IllegalSchedule S202: threads along thread.x, loop k would add to one element of C at once\n"
        '  here: bind("C", {"i": "block.x", "k": "thread.x"})\n'
        "  the iterations of k add up terms of one element of C\n"
        "  i=0, j=0, k=0 writes C[0, 0], i=0, j=0, k=1 writes it again   (m=1, n=1, p=2)\n"
        "      block.x i\n"
        "        for j\n"
        "          thread.x k   <-\n"
        '  try: rfactor("C", "k"), then bind k to threads; or atomic("C")\n'
        "   or: assume(m <= 0 or n <= 0 or p <= 1): then it is legal"
    )


def test_blocks_do_not_hand_values_on(told):
    x = td.placeholder("x", (64,))
    H = td.recurrence("H", (64,), lambda H, i: td.where(i > 0, H[i - 1] * 0.5, 0.0) + x[i])
    text = told(lambda: td.schedule(H).bind(H, {"i": "block.x"}))
    assert text.startswith("IllegalSchedule S202: blocks along block.x, loop i would race on H\n")
    assert "i=0 writes H[0], i=1 reads it" in text


def test_what_is_no_place(matmul, told):
    assert told(lambda: matmul.s.bind("C", {"i": "thread.w"})) == (
        "ArgumentError S150: 'thread.w' is no place on a GPU\n"
        '  here: bind("C", {"i": "thread.w"})\n'
        "  places: block.x, block.y, block.z, thread.x, thread.y, thread.z\n"
        '  try: bind(C, {"i": "block.x", "j": "thread.x"})'
    )
    assert "S150: bind takes a place for each axis, not 'i'" in told(lambda: matmul.s.bind("C", "i"))
    assert "S150: bind names no axis" in told(lambda: matmul.s.bind("C", {}))


def test_a_place_taken_twice(matmul, told):
    text = told(lambda: matmul.s.bind("C", {"i": "block.x", "j": "block.x"}))
    assert text.startswith("ArgumentError S151: i and j of C would both be block.x\n")
    s = matmul.s.bind("C", {"i": "block.x"})
    assert "S151: i and j of C would both be block.x" in told(lambda: s.bind("C", {"j": "block.x"}))


def test_a_loop_with_a_mark(matmul, told):
    s = matmul.s.parallel("C", "i")
    assert "S114: i of C runs in parallel already: it cannot be bound" in told(
        lambda: s.bind("C", {"i": "block.x"})
    )
    s = matmul.s.bind("C", {"i": "block.x"})
    text = told(lambda: s.split("C", "i", 8))
    assert "i of C runs as blocks along block.x already" in text
    assert 'by bind("C", {"i": "block.x"})' in text


def test_a_loop_says_where_it_stands(matmul):
    s = matmul.s.bind("C", {"i": "block.x"})
    assert "runs as blocks along block.x" in s.why("i")


@pytest.mark.parametrize("target", ["cpu", "cpu:aarch64"])
def test_no_code_for_a_cpu(matmul, target):
    with pytest.raises(td.TargetError) as caught:
        td.build(matmul.s.bind("C", {"i": "block.x"}), target=target)
    assert caught.value.code == "G143"
    assert caught.value.where is not None


def test_warps_and_lanes_are_threads_in_rows_of_32(matmul, told):
    text = told(lambda: matmul.s.bind("C", {"i": "warp"}))
    assert "'warp' is no place on a GPU" in text and "try: split by 32: the inner loop to thread.x" in text
