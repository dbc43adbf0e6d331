"""Reductions on threads: what qualifies, what is refused, what storage each thread may keep."""

import pytest

import tdsl as td


@pytest.fixture
def rows():
    m, n = td.size("m"), td.size("n")
    x = td.placeholder("x", (m, n))
    k = td.reduce_axis("k", n)
    y = td.compute("y", (m,), lambda i: td.sum(x[i, k], over=k))
    return td.schedule(y).split(y, "k", 64)


def test_the_loops_before_and_after(rows, golden):
    s = rows.rfactor("y", "ki", name="part")
    after = (
        s.bind("y", {"i": "block.x", "ki": "thread.x"})
        .compute_at("part", "y", "ki")
        .scope("part", "register")
    )
    golden(f"{s}\n\n{after}")
    assert td.Schedule.from_json(after.to_json(), after.outputs[0]) == after


def test_without_partial_results(rows, told):
    text = told(lambda: rows.bind("y", {"i": "block.x", "ki": "thread.x"}))
    assert text.startswith(
        "IllegalSchedule S202: threads along thread.x, loop ki would add to one element of y at once"
    )
    assert 'try: rfactor("y", "ki"), then bind ki to threads; or atomic("y")' in text


def test_over_blocks(rows, told):
    s = rows.rfactor("y", "ki", name="part")
    assert "S202: blocks along block.y, loop ki would add to one element of y at once" in told(
        lambda: s.bind("y", {"i": "block.x", "ki": "block.y"})
    )
    assert "S202" in told(lambda: s.parallel("y", "ki"))


def test_where_not_all_threads_come_by():
    """A row of its own length for each thread: no place where all of them could meet."""
    n = td.size("n")
    x = td.placeholder("x", (64, n))
    k = td.reduce_axis("k", n)
    y = td.compute("y", (64,), lambda i: td.sum(x[i, k], over=k))
    z = td.compute("z", (64,), lambda i: td.sum(y[(l := td.reduce_axis("l", (0, i)))], over=l))
    s = td.schedule(z).bind(z, {"i": "thread.y"}).split(y, "k", 4).rfactor(y, "ki", name="part")
    s = (s.compute_at(y, z, "l").scope(y, "register").bind(y, {"ki": "thread.x"})
         .compute_at("part", y, "ki").scope("part", "register"))  # fmt: skip
    with pytest.raises(td.LimitError) as caught:
        td.build(s, target="cuda:sm_90")
    assert caught.value.code == "L132"


def test_storage_that_threads_make_in_parts():
    x = td.placeholder("x", (8, 96))
    a = td.compute("a", (8, 96), lambda i, j: x[i, j] * 2.0)
    b = td.compute("b", (8, 96), lambda i, j: a[i, 95 - j] + 1.0)
    s = td.schedule(b).bind(b, {"i": "block.x", "j": "thread.x"}).compute_at(a, b, "i").scope(a, "local")
    with pytest.raises(td.LimitError) as caught:
        td.build(s.bind(a, {"j": "thread.x"}), target="cuda:sm_90")
    assert caught.value.code == "L110"
    assert "a in scope local belongs to one thread and would be made in parts by several" in str(caught.value)
    assert "it is kept outside of loop j of a, which is bound to thread.x" in str(caught.value)
    with pytest.raises(td.LimitError, match="L110"):
        td.build(s.cooperate(a), target="cuda:sm_90")


def test_registers_that_every_thread_fills():
    """A value of the block, computed by each thread for itself."""
    x = td.placeholder("x", (8, 96))
    k = td.reduce_axis("k", 96)
    a = td.compute("a", (8,), lambda i: td.sum(x[i, k], over=k))
    b = td.compute("b", (8, 96), lambda i, j: x[i, j] + a[i])
    s = td.schedule(b).bind(b, {"i": "block.x", "j": "thread.x"}).compute_at(a, b, "i").scope(a, "register")
    assert "float a;" in td.build(s, target="cuda:sm_90").source("cuda")
