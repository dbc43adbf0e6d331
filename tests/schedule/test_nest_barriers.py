"""Where barriers stand: between a write and what touches it, as late as possible, in a kernel of its own each."""

import tdsl as td
from tests.support.gpu_schedules import SAMPLES


def waits(schedule):
    """What each barrier of the printed nest waits for, with what stands right before it."""
    lines = [line.strip() for line in str(schedule).splitlines()]
    return [
        (line.partition("# ")[2], lines[place - 1])
        for place, line in enumerate(lines)
        if line.startswith("barrier")
    ]


def staged(width=64):
    x = td.placeholder("x", (8, width))
    a = td.compute("a", (8, width), lambda i, j: x[i, j] * 2.0)
    b = td.compute("b", (8, width), lambda i, j: a[i, width - 1 - j] + 1.0)
    s = td.schedule(b).bind(b, {"i": "block.x", "j": "thread.x"})
    return s.compute_at(a, b, "i").scope(a, "shared").cooperate(a), a, b


def test_one_barrier_between_a_write_and_its_reads():
    s, _, _ = staged()
    assert [what for what, _ in waits(s)] == ["a"]


def test_nothing_waits_in_a_kernel_of_one_thread():
    x = td.placeholder("x", (8, 4))
    a = td.compute("a", (8, 4), lambda i, j: x[i, j] * 2.0)
    b = td.compute("b", (8, 4), lambda i, j: a[i, 3 - j] + 1.0)
    s = td.schedule(b).bind(b, {"i": "block.x"}).compute_at(a, b, "i").scope(a, "shared")
    assert waits(s) == []


def test_nothing_waits_for_a_threads_own_storage():
    x = td.placeholder("x", (8, 64))
    a = td.compute("a", (8, 64), lambda i, j: x[i, j] * 2.0)
    b = td.compute("b", (8, 64), lambda i, j: a[i, j] + 1.0)
    s = td.schedule(b).bind(b, {"i": "block.x", "j": "thread.x"}).compute_at(a, b, "j").scope(a, "register")
    assert waits(s) == []


def test_a_loop_waits_for_what_its_last_iteration_read():
    """As (written) waits for the reads of the iteration before, the reads for the writes: two, both inside the loop."""
    found = waits(SAMPLES["shared_tile_matmul"]().scheduled)
    assert [what for what, _ in found] == ["As", "As, Bs"]


def test_kernels_begin_when_the_one_before_has_ended():
    """Between two kernels nobody waits, and each is launched with the threads that it has itself."""
    s = SAMPLES["two_kernels"]().scheduled
    assert waits(s) == []
    launches = td.build(s, target="cuda:sm_90")._origin.artifact.body("contiguous").launches
    assert [one.block for one in launches] == [(32, 1, 1), (16, 1, 1)]


def test_a_barrier_stands_above_the_guard_of_a_ragged_tail():
    text = str(SAMPLES["shared_stencil"]().scheduled)
    assert text.index("barrier") < text.index("b[i] = ")
    last = text[text.index("barrier") :]
    assert "if " in last and "barrier" not in last[1:]


def test_barriers_stand_in_loops_that_all_threads_run_alike():
    """The threads of a ragged tail go through the loop with the others: conditions stand below the barriers."""
    n = td.size("n")
    x = td.placeholder("x", (n, n))
    k = td.reduce_axis("k", n)
    t = td.compute("t", (n, n), lambda i, j: x[i, j] * 2.0)
    y = td.compute("y", (n,), lambda j: td.sum(t[k, j], over=k))
    s = td.schedule(y).split(y, "j", 32, into=("jo", "ji")).bind(y, {"jo": "block.x", "ji": "thread.x"})
    s = s.compute_at(t, y, "k").scope(t, "shared")
    lines = str(s).splitlines()
    barriers = [line for line in lines if "barrier" in line]
    loop = next(line for line in lines if "for k in" in line)
    inside = len(loop) - len(loop.lstrip()) + 2
    assert [len(line) - len(line.lstrip()) for line in barriers] == [inside, inside]


def test_a_chain_that_is_one_threads_own_waits_for_nobody():
    """Rows on threads: what the recurrence reads of itself is the thread's own, whether or not a guard is around."""

    def running(rows):
        x = td.placeholder("x", (rows, 8))
        y = td.recurrence("y", (rows, 8), lambda y, i, j: td.where(j == 0, 0.0, y[i, j - 1]) + x[i, j])
        return td.schedule(y).split(y, "i", 16).bind(y, {"io": "block.x", "ii": "thread.x"})

    for s in (running(32), running(td.size("m"))):
        assert waits(s) == [] and not s.pending()


def test_a_chain_across_threads_waits_once_a_step():
    x = td.placeholder("x", (16,))
    y = td.recurrence("y", (8, 16), lambda y, t, i: td.where(t == 0, x[i], y[t - 1, 15 - i] + 1.0))
    s = td.schedule(y).bind(y, {"i": "thread.x"})
    assert waits(s) == [("y", "thread.x for i in 0 .. 16:")]
