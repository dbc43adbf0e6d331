"""`atomic`: elements are changed at once, so loops over a reduction and of an update run in parallel."""

from itertools import product

import numpy as np
import pytest

import tdsl as td

DTYPES = ["int8", "uint16", "int32", "uint64", "float16", "float32", "float64"]


def _histogram(op=lambda a, b: a + b, dtype="int32"):
    n = td.size("n")
    bins = td.placeholder("bins", (n,), "int32", range=(0, 16))
    w = td.placeholder("w", (n,), dtype)
    zero = td.compute("zero", (16,), lambda b: td.cast(1, dtype))
    i = td.axis("i", n)
    return td.update("H", zero, over=i, at=(bins[i],), value=lambda H: op(H[bins[i]], w[i]))


def _run(schedule, *arrays):
    return [np.asarray(td.build(schedule, target=target)(*arrays)) for target in ("interpret", "cpu")]


def test_the_loops(matmul, golden):
    s = matmul.s.atomic("C").reorder("C", "k", "i", "j").parallel("C", "k")
    golden(f"{s}\n\n{td.build(s).source('loops')}")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", ["add", "mul", "minimum", "maximum"])
def test_updates_of_every_kind(dtype, op):
    combine = {
        "add": lambda a, b: a + b,
        "mul": lambda a, b: b * a,
        "minimum": td.minimum,
        "maximum": td.maximum,
    }[op]
    H = _histogram(combine, dtype)
    s = td.schedule(H)
    bins = np.arange(500, dtype=np.int32) * 7 % 16
    # powers of two: exact in every dtype and order
    values = (1 if op == "mul" else np.arange(500) % 3).astype(dtype) if op != "mul" else np.ones(500, dtype)
    want = td.build(s, target="interpret")(bins, values)
    for got in _run(s.atomic(H).parallel(H, "i", chunk=3), bins, values):
        assert np.array_equal(got, want)


_CHAINS = {
    "sub": lambda H, w: H - w,
    "terms": lambda H, w: 3 + (H + w) - 1,
    "product": lambda H, w: H - w * 2,
    "guarded": lambda H, w: td.where(w > 1, H + w, H),
    "either": lambda H, w: td.where(w > 1, H + w, td.where(w == 1, H, 1 + H)),
    "clipped": lambda H, w: td.where(w > 1, td.maximum(H, w), H),
}
_BITS = {"or": lambda H, w: w | H, "and": lambda H, w: H & w, "xor": lambda H, w: H ^ w ^ 1}


@pytest.mark.parametrize(
    ("form", "dtype"),
    [*product(_CHAINS, ["uint8", "int32", "float64"]), *product(_BITS, ["uint8", "int32"])],
)
def test_chains_of_one_operation_and_conditions(form, dtype):
    """Threads, and partial results, give what the loop in order gives."""
    H = _histogram({**_CHAINS, **_BITS}[form], dtype)
    s = td.schedule(H)
    bins, w = np.arange(500, dtype=np.int32) * 7 % 13, (np.arange(500) * 5 % 7).astype(dtype)
    want = td.build(s, target="interpret")(bins, w)
    parts = s.split(H, "i", 32, into=("io", "ii")).rfactor(H, "io", name="part").parallel("part", "io")
    for schedule in (s.atomic(H).parallel(H, "i"), parts):
        for got in _run(schedule, bins, w):
            assert np.array_equal(got, want)


@pytest.mark.parametrize(
    "change",
    [
        lambda H, w: w - H,
        lambda H, w: H * 2 + w,
        lambda H, w: td.where(w > 1, H + w, w),
        lambda H, w: td.where(w > 1, H + w, H * w),
        lambda H, w: td.where(w > H, w, H),
        lambda H, w: H + H,
        lambda H, w: w,
    ],
)
def test_what_does_not_commute_is_refused(change):
    H = _histogram(change)
    s = td.schedule(H)
    with pytest.raises(td.PlacementError, match="S334"):
        s.atomic(H)
    with pytest.raises(td.PlacementError, match="S311"):
        s.split(H, "i", 8).rfactor(H, "io", name="part")


def test_many_threads_lose_nothing():
    H = _histogram(dtype="float64")
    kernel = td.build(td.schedule(H).atomic(H).parallel(H, "i"))
    bins = np.zeros(20_000, np.int32)
    for _ in range(5):
        assert kernel(bins, np.ones(20_000))[0] == 20_001


@pytest.mark.parametrize("order", [("k", "i", "j"), ("i", "k", "j"), ("i", "j", "k")])
def test_a_reduction_in_any_order_of_its_loops(matmul, order):
    a = np.arange(35, dtype=np.float32).reshape(5, 7)
    s = matmul.s.atomic("C").reorder("C", *order).split("C", "k", 2).parallel("C", "ko")
    for got in _run(s, a, a.T.copy()):
        assert np.array_equal(got, a @ a.T)


def test_a_reduction_with_more_around_it_and_bools():
    n, m = td.size("n"), td.size("m")
    A = td.placeholder("A", (n, m))
    k = td.reduce_axis("k", m)
    C = td.compute("C", (n,), lambda i: td.sum(A[i, k] * A[i, k], over=k) * 0.5 + 1)
    B = td.compute("B", (n,), lambda i: td.any(A[i, k] > 30, over=k))
    a = np.arange(35, dtype=np.float32).reshape(5, 7)
    for got in _run(td.schedule(C).atomic(C).parallel(C, "k"), a):
        assert np.array_equal(got, (a * a).sum(1) * 0.5 + 1)
    for got in _run(td.schedule(B).atomic(B).parallel(B, "k"), a):
        assert np.array_equal(got, (a > 30).any(1))


def test_results_that_lie_anywhere(matmul):
    a = np.arange(35, dtype=np.float32).reshape(5, 7)
    kernel = td.build(matmul.s.atomic("C").reorder("C", "k", "i", "j").parallel("C", "k"))
    strided = np.zeros((5, 10), np.float32)[:, ::2]
    assert np.array_equal(kernel(a, a.T.copy(), out=strided), a @ a.T)
    odd = np.zeros(101, np.uint8)[1:].view(np.float32).reshape(5, 5)
    assert np.array_equal(kernel(a, a.T.copy(), out=odd), a @ a.T)


def test_bits(matmul):
    s = matmul.s.atomic("C").reorder("C", "k", "i", "j").parallel("C", "k")
    assert "order varies in C" in s.history().splitlines()[0]
    assert str(s).splitlines()[-1] == "bits: order varies in C"
    H = _histogram()
    assert "order varies" not in td.schedule(H).atomic(H).history()
    F = _histogram(td.maximum, "float32")
    assert "order varies" not in td.schedule(F).atomic(F).history()


def test_an_update_may_also_be_reordered():
    n = td.size("n")
    x = td.placeholder("x", (n, n), "int64")
    zero = td.compute("zero", (n,), lambda b: td.cast(0, "int64"))
    i, j = td.axis("i", n), td.axis("j", n)
    U = td.update("U", zero, over=(i, j), at=(j,), value=lambda U: U[j] + x[i, j] * (i + 1))
    s = td.schedule(U)
    with pytest.raises(td.IllegalSchedule):
        s.parallel(U, "i")
    values = np.arange(36).reshape(6, 6)
    want = td.build(s)(values)
    for got in _run(s.atomic(U).parallel(U, "i"), values):
        assert np.array_equal(got, want)
    for got in _run(s.atomic(U).reverse(U, "i").reorder(U, "j", "i").parallel(U, "i"), values):
        assert np.array_equal(got, want)


def test_who_reads_the_result_waits_for_all_of_it():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    zero = td.compute("zero", (n,), lambda b: td.cast(0, "float32"))
    i = td.axis("i", n)
    U = td.update("U", zero, over=i, at=(i // 2,), value=lambda U: U[i // 2] + x[i])
    y = td.compute("y", (n,), lambda i: U[i] * 2)
    s = td.schedule(y).atomic(U).parallel(U, "i")
    want = td.build(td.schedule(y))(np.arange(9, dtype="f"))
    for got in _run(s, np.arange(9, dtype="f")):
        assert np.array_equal(got, want)


def test_stages_that_share_the_loop(matmul):
    n, m = td.size("n"), td.size("m")
    A = td.placeholder("A", (n, m))
    k = td.reduce_axis("k", m)
    C = td.compute("C", (n,), lambda i: td.sum(A[i, k], over=k))
    D = td.compute("D", (n,), lambda i: td.sum(A[i, k] * 2, over=k) + 1)
    s = td.schedule(C, D).atomic(C).atomic(D).compute_with(D, C, "k").parallel(C, "k")
    a = np.arange(35, dtype=np.float32).reshape(5, 7)
    for target in ("interpret", "cpu"):
        c, d = td.build(s, target=target)(a)
        assert np.array_equal(c, a.sum(1)) and np.array_equal(d, 2 * a.sum(1) + 1)


def test_an_exact_schedule_has_none(matmul, told):
    s = td.schedule(matmul.C, exact=True)
    assert told(lambda: s.atomic("C")).startswith(
        "IllegalSchedule S163: the order of the terms of C would vary, and this schedule is exact"
    )
    assert td.schedule(_histogram(), exact=True).atomic("H").steps


def test_round_trips(matmul):
    s = matmul.s.atomic("C").parallel("C", "k")
    assert td.Schedule.from_json(s.to_json(), matmul.C) == s
    assert eval(s.script(), {"td": td, "C": matmul.C}) == s
    assert matmul.s.on("C").atomic().schedule == matmul.s.atomic("C")


def test_changes_that_do_not_commute(told):
    H = _histogram(lambda a, b: a * 2 + b)
    text = told(lambda: td.schedule(H).atomic(H))
    assert text.startswith(
        "PlacementError S334: H cannot be atomic\n"
        "  here: atomic(H)\n"
        "  its changes do not commute: it does not combine the element with something free of it\n"
    )
    assert text.endswith("try: U[at] = U[at] op e, with op one of + - * min max & | ^, also under td.where")
    assert "S334" in told(lambda: td.schedule(_histogram(lambda a, b: b - a)).atomic("H"))


def test_what_is_no_reduction_of_one_value(blur, told):
    assert "no reduction and no update" in told(lambda: blur.s.atomic("by"))
    n = td.size("n", min=1)
    x = td.placeholder("x", (n,))
    k = td.reduce_axis("k", n)
    best = td.compute("best", (), lambda: td.argmax(x[k], over=k))
    assert "several values" in told(lambda: td.schedule(best).atomic(best))
    two = td.compute("two", (), lambda: td.sum(x[k], over=k) / td.max(x[k], over=k))
    assert "several values" in told(lambda: td.schedule(two).atomic(two))


def test_lanes_and_tiles(matmul, told):
    s = matmul.s.atomic("C")
    assert "jv is lanes" in told(lambda: s.vectorize("C", "j", 4))
    assert "jv is lanes" in told(lambda: matmul.s.vectorize("C", "j", 4).atomic("C"))
    assert "promoted tile" in told(lambda: s.promote("C", "j"))
    assert "already" in told(lambda: s.atomic("C"))
    assert "S317" in told(lambda: s.rfactor("C", "k"))
    assert "S310" in told(lambda: s.cache_write("C"))


def test_registers():
    n = td.size("n")
    A = td.placeholder("A", (n, 4))
    k = td.reduce_axis("k", n)
    C = td.compute("C", (4,), lambda i: td.sum(A[k, i], over=k))
    D = td.compute("D", (4,), lambda i: C[i] + 1)
    s = td.schedule(D).unroll(C, "i").unroll(D, "i").scope(C, "register").atomic(C)
    with pytest.raises(td.LimitError, match="L112"):
        td.build(s)


@pytest.mark.parametrize("first", ["scope", "atomic"])
def test_registers_of_an_update(first):
    n = td.size("n", multiple_of=4)
    A = td.placeholder("A", (n, n + 4), "uint8")
    y, x = td.axis("y", (0, n + 4)), td.axis("x", (0, n))
    U = td.update("U", A, over=(y, x), at=(x, y), value=lambda U: U[x, y] + td.cast(2, "uint8"))
    D = td.compute("D", (n,), lambda i: U[i, i])
    s = td.schedule(D)
    s = s.scope(U, "register").atomic(U) if first == "scope" else s.atomic(U).scope(U, "register")
    with pytest.raises(td.LimitError, match="L112: U adds to its elements at once"):
        td.build(s.compute_at(U, D, "i"))
