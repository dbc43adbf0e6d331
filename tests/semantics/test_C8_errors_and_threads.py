"""C8: an error of the entry leaves `out` untouched; results never depend on the number of threads."""

import threading

import numpy as np
import pytest

import tdsl as td


@pytest.fixture(scope="module")
def f():
    n, m, p = td.size("n"), td.size("m"), td.size("p")
    A, B = td.placeholder("A", (n, p)), td.placeholder("B", (p, m))
    k = td.reduce_axis("k", p)
    C = td.compute("C", (n, m), lambda i, j: td.sum(A[i, k] * B[k, j], over=k))
    return td.build(td.schedule(C).tile(C, {"i": 8, "j": 32}).vectorize(C, "ji", 16).parallel(C, "io"))


DRAW = np.random.default_rng(3)
A, B = (DRAW.standard_normal(shape).astype(np.float32) for shape in ((75, 40), (40, 90)))


def test_errors_leave_out_untouched(f):
    out = np.full((75, 90), 7, np.float32)
    calls = [(A, B.astype(np.float64)), (A, B[:-1]), (A[0], B), (A, "B"), (A,), (A, B, A), (out[:, :40], B)]
    for arguments in calls:
        with pytest.raises(td.CallError):
            f(*arguments, out=out)
    assert (out == 7).all()


def test_no_memory_for_the_result():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    f = td.build(td.schedule(td.compute("y", (n, n), lambda i, j: x[i])))
    with pytest.raises(MemoryError) as refused:
        f(np.broadcast_to(np.zeros(1, np.float32), (1 << 29,)))
    assert refused.value.code == "C115" and isinstance(refused.value, td.CallError)


def test_no_scratch_memory():
    """The allocation inside the kernel fails: MemoryError, and the process goes on."""
    n, m = td.size("n", min=1), td.size("m", min=1)
    x = td.placeholder("x", (n,))
    a = td.compute("a", (n, m), lambda i, j: x[i] * 2)
    y = td.compute("y", (1,), lambda i: a[0, 0] + a[n - 1, m - 1])
    f = td.build(td.schedule(y))
    wide = np.broadcast_to(np.ones(1, np.float32), (1 << 40,))
    for call in (f, f._call):
        with pytest.raises(td.CallMemoryError, match="C115: y ran out of scratch memory"):
            call(wide, m=1 << 20)
        with pytest.raises(td.CallMemoryError, match="C115"):
            call(wide, m=1 << 40, out=np.zeros(1, np.float32))
    assert f(np.ones(3, np.float32), m=4) == 4


def test_results_do_not_depend_on_the_number_of_threads(f):
    before = td.get_num_threads()
    try:
        results = set()
        for threads in (1, 2, 3, 7):
            td.set_num_threads(threads)
            results |= {f(A, B).tobytes() for _ in range(5)}
        assert len(results) == 1
    finally:
        td.set_num_threads(before)


def test_many_python_threads_at_once(f):
    wanted, wrong = f(A, B), []

    def call():
        mine = np.empty_like(wanted)
        for _ in range(50):
            if not np.array_equal(f(A, B), wanted) or not np.array_equal(f(A, B, out=mine), wanted):
                wrong.append(1)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not wrong
