"""`cooperate`: the loops of a stage shared out to the threads of the block."""

import pytest

import tdsl as td


@pytest.fixture
def staged():
    x = td.placeholder("x", (32, 96))
    y = td.compute("y", (32, 96), lambda i, j: x[i, j] + x[i, 95 - j])
    s = td.schedule(y).bind(y, {"i": "block.x", "j": "thread.x"})
    return s.cache_read(x, y, name="xs", scope="shared").compute_at("xs", y, "i")


def test_the_loops_before_and_after(staged, golden):
    golden(f"{staged}\n\n{staged.cooperate('xs')}\n\n{staged.cooperate('xs', vector=2)}")


def test_round_trips(staged):
    s = staged.cooperate("xs", vector=2)
    y = s.outputs[0]
    assert td.Schedule.from_json(s.to_json(), y) == s
    assert s.on("xs").schedule == s
    assert staged.on("xs").cooperate(vector=2).schedule == s


def test_what_a_thread_does_not_move_at_once(staged, told):
    assert told(lambda: staged.cooperate("xs", vector=8)) == (
        "ArgumentError S154: vector=8: no access of a thread has 8 elements of 4 bytes\n"
        '  here: cooperate("xs", vector=8)\n'
        "  try: vector=4\n   or: vector=2"
    )
    assert "S154" in told(lambda: staged.cooperate("xs", vector=3))


def test_a_chain_is_not_shared_out(matmul, told):
    assert "S155: C cannot be shared out element by element" in told(lambda: matmul.s.cooperate("C"))


def test_marked_loops(staged, told):
    text = told(lambda: staged.unroll("xs", "d1", 4).cooperate("xs"))
    assert text.startswith("ArgumentError S153: d1u of xs runs unrolled already\n")


def test_a_vector_that_does_not_divide():
    x = td.placeholder("x", (8, 30))
    y = td.compute("y", (8, 30), lambda i, j: x[i, j] + x[i, 0])
    s = td.schedule(y).bind(y, {"i": "block.x", "j": "thread.x"})
    s = s.cache_read(x, y, name="xs", scope="shared").compute_at("xs", y, "i").cooperate("xs", vector=4)
    with pytest.raises(td.LimitError) as caught:
        td.build(s, target="cuda:sm_90")
    assert caught.value.code == "L131"
    assert "vector=4 does not divide the 30 elements" in str(caught.value)
    assert caught.value.where == s.steps[-1].where


def test_the_chosen_width_fits_rows_that_are_padded():
    """Rows of 33 begin at no multiple of a vector: neighbours apart would be four accesses to every fourth element."""
    x = td.placeholder("x", (64, 32))
    y = td.compute("y", (32, 64), lambda i, j: x[j, i])
    s = td.schedule(y).split(y, "j", 32, into=("jo", "ji")).bind(y, {"jo": "block.x", "ji": "thread.x"})
    s = s.reorder(y, "jo", "ji", "i").cache_read(x, y, name="xs", scope="shared").compute_at("xs", y, "ji")
    assert "vector for xs.lane in 0 .. 4" in str(s.cooperate("xs"))
    assert "vector" not in str(s.align("xs", "i", 33).cooperate("xs"))
