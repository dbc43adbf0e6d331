"""Statements against the Loop IR interpreter: loops, masks, branches, lets, lazy selects, clamped and strided indices."""

import ctypes
import mmap

import numpy as np
import pytest

from tdsl.codegen.llvm import emit
from tdsl.codegen.machine import assembly
from tdsl.dtypes import as_dtype
from tdsl.errors import InternalError, LimitError
from tdsl.expr.node import Select, Var
from tdsl.target import Target
from tests.codegen.llvm.kernels import (
    Run,
    agree,
    allocate,
    array,
    block,
    build,
    count,
    kernel,
    let,
    load,
    local,
    loop,
    number,
    param,
    plus,
    scalar,
    size,
    store,
    times,
    when,
)  # fmt: skip

F, U = "float32", "uint16"
N, M = size("n"), size("m")
HOST = (Target(),)


def rows(lanes, body, name="x", extent=N):
    """`for x in n // lanes` of full vectors, then one masked vector. body(index) -> statement."""
    whole, lane = build.floordiv(extent, number(lanes)), local(f"{name}l")
    last = plus(times(whole, lanes), lane)
    return block(
        loop(
            name, 0, whole, loop(f"{name}l", 0, lanes, body(plus(times(local(name), lanes), lane)), "vector")
        ),
        loop(f"{name}l", 0, lanes, when(build.lt(last, extent), body(last)), "vector"),
    )


def clamp(index, extent):
    return build.minimum(build.maximum(index, build.ZERO), build.sub(extent, build.ONE))


def floats(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("f4")


# loops


def matmul(order):
    """C = A B with the loops in an order; C is read and written in memory."""
    i, j, k = local("i"), local("j"), local("k")
    term = build.fma(load("A", F, i, k), load("B", F, k, j), load("C", F, i, j), contracted=True)
    zero = loop("i", 0, M, loop("j", 0, N, store("C", (i, j), build.constant(0.0, term.dtype))))
    body = store("C", (i, j), term)
    for name in reversed(order):
        body = loop(name, 0, {"i": M, "j": N, "k": size("p")}[name], body)
    return kernel("mm", ["m", "n", "p"], [array("A", F, (M, size("p"))), array("B", F, (size("p"), N)),
                                          array("C", F, (M, N), "output")], block(zero, body))  # fmt: skip


@pytest.mark.parametrize("order", ["ijk", "kij", "jki"])
def test_serial_loops(order):
    for m, n, p in ((5, 7, 3), (1, 1, 1), (4, 3, 0), (0, 2, 2)):
        agree(matmul(order), {"A": floats(m, p), "B": floats(p, n)}, {"m": m, "n": n, "p": p}, targets=HOST)


def test_bounds_of_loops_may_depend_on_outer_ones():
    i, j = local("i"), local("j")
    triangle = loop(
        "i", 0, N, loop("j", i, build.minimum(plus(i, 3), N), store("T", (i, j), load("A", F, j)))
    )
    made = kernel("triangle", ["n"], [array("A", F, (N,)), array("T", F, (N, N), "output")], triangle)
    for n in (0, 1, 2, 9):
        agree(made, {"A": floats(n)}, {"n": n}, targets=HOST)


def test_a_loop_that_surely_runs_has_no_guard():
    i = local("i")
    made = kernel("fill", ["n"], [array("A", F, (N,), "output")],
                  loop("i", 0, N, store("A", (i,), build.constant(1.0, load("A", F, i).dtype))))  # fmt: skip
    sure = kernel("fill", ["n"], made.arguments, made.body, [build.ge(N, build.ONE)])
    assert count("icmp slt", Run(made).text) == 2 and count("icmp slt", Run(sure).text) == 1


def test_unrolled_loops_fold_their_variable():
    i, u = local("i"), local("u")
    value = Select(build.eq(build.mod(u, number(2)), build.ZERO), load("A", F, plus(times(i, 4), u)),
                   load("A", F, times(i, 4)))  # fmt: skip
    body = loop("u", 0, 4, store("B", (plus(times(i, 4), u),), value), "unroll")
    made = kernel("unrolled", ["n"], [array("A", F, (times(N, 4),)), array("B", F, (times(N, 4),), "output")],
                  loop("i", 0, N, body))  # fmt: skip
    _, text = agree(made, {"A": floats(20)}, {"n": 5}, bodies=("contiguous",), targets=HOST)
    assert count("load float", text) == 2 and count("store float", text) == 4 and "select" not in text


def test_vector_loops_inside_each_other_multiply_lanes():
    i, j = local("i"), local("j")
    body = block(
        store("S", (i,), load("A", F, i, 0)),
        loop("j", 0, 4, store("B", (j, i), build.add(load("A", F, i, j), load("S", F, i))), "vector"),
    )
    made = kernel("nested", [], [array("A", F, (4, 4)), array("B", F, (4, 4), "output"),
                                 array("S", F, (4,), "output")], loop("i", 0, 4, body, "vector"))  # fmt: skip
    a, b, s = floats(4, 4), np.zeros((4, 4), "f4"), np.zeros(4, "f4")
    assert Run(made)(a, b, s) == 0
    assert np.array_equal(b, (a + a[:, :1]).T) and np.array_equal(s, a[:, 0])


def test_lanes_run_in_lockstep():
    """Reads before writes: shifting a row by one in place inside one vector."""
    i = local("i")
    body = block(
        loop("i", 0, 16, store("B", (i,), load("A", F, i)), "vector"),
        loop("i", 0, 15, store("B", (plus(i, 1),), load("B", F, i)), "vector"),
    )
    made = kernel("shift", [], [array("A", F, (16,)), array("B", F, (16,), "output")], body)
    agree(made, {"A": floats(16)})


# accesses


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "float32", "float64"])
@pytest.mark.parametrize("lanes", [4, 16])
def test_ragged_rows(dtype, lanes):
    made = kernel("copy", ["n"], [array("A", dtype, (N,)), array("B", dtype, (N,), "output")],
                  rows(lanes, lambda x: store("B", (x,), load("A", dtype, x))))  # fmt: skip
    for n in (0, 1, lanes - 1, lanes, 3 * lanes + 1):
        agree(made, {"A": (floats(n) * 100).astype(dtype)}, {"n": n})


PATTERNS = {
    "reversed": lambda x, n: build.sub(build.sub(times(n, 4), build.ONE), x),
    "every second": lambda x, n: times(x, 2),
    "every third": lambda x, n: plus(times(x, 3), 1),
    "every fourth": lambda x, n: plus(times(x, 4), 3),
    "far apart": lambda x, n: times(x, n),
    "each twice": lambda x, n: build.floordiv(x, number(2)),
    "around": lambda x, n: build.mod(plus(x, 3), number(4)),
    "backwards by two": lambda x, n: build.sub(build.sub(times(n, 4), build.ONE), times(x, 2)),
}


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("masked", [False, True])
def test_index_patterns(name, masked):
    """Loads and stores along indices that are no plain rows, for all lanes and under a mask."""
    lane, n = local("lane"), N
    at = PATTERNS[name](lane, n)
    body = block(store("B", (lane,), load("A", F, at)), store("C", (at,), load("A", F, lane)))
    if masked:
        body = when(build.lt(lane, M), body)
    extent = (times(n, 8),)
    arguments = [array("A", F, extent), array("B", F, extent, "output"), array("C", F, extent, "output")]
    made = kernel("pattern", ["n", "m"], arguments, loop("lane", 0, 8, body, "vector"))
    for m in (0, 5, 8):
        agree(made, {"A": floats(8 * 9)}, {"n": 9, "m": m})


def test_columns_are_reached_with_the_row_stride():
    body = rows(8, lambda x: store("B", (x,), build.add(load("A", F, x, 1), load("A", F, 0, x))))
    made = kernel("columns", ["n"], [array("A", F, (N, N)), array("B", F, (N,), "output")], body)
    for n in (2, 8, 19):
        agree(made, {"A": floats(n, n)}, {"n": n})


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_gather_through_an_index_array(dtype):
    def body(x):
        return store("B", (x,), load("A", F, build.cast(load("I", dtype, x), build.ZERO.dtype)))

    made = kernel("take", ["n", "m"], [array("A", F, (M,)), array("I", dtype, (N,)), array("B", F, (N,), "output")],
                  rows(8, body))  # fmt: skip
    index = np.random.default_rng(1).integers(0, 13, 21).astype(dtype)
    agree(made, {"A": floats(13), "I": index}, {"n": 21, "m": 13})


def clamped(dtype, lanes, bounds=clamp):
    def body(x):
        left, right = (load("A", dtype, bounds(plus(x, step), N)) for step in (-1, 2))
        return store("B", (x,), build.add(left, right))

    return kernel("edges", ["n"], [array("A", dtype, (N,)), array("B", dtype, (N,), "output")], rows(lanes, body),
                  [build.ge(N, build.ONE)])  # fmt: skip


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_clamped_edges(dtype):
    for n in (1, 2, 7, 8, 9, 33):
        data = np.arange(1, n + 1).astype(dtype)
        want, text = agree(clamped(dtype, 8), {"A": data}, {"n": n})
        padded = np.pad(data, 2, mode="edge")
        assert np.array_equal(want["B"], padded[1 : n + 1] + padded[4 : n + 4])


def test_clamped_rows_are_not_gathered():
    text = Run(clamped("float32", 16)).text
    assert "gather" not in text and "masked.load" in text
    assert count("load <16 x float>, ptr", text) == 2, "rows inside the array are read plainly"


@pytest.mark.parametrize(
    "bounds",
    [
        lambda x, n: build.maximum(build.minimum(x, build.sub(n, build.ONE)), build.ZERO),
        lambda x, n: build.minimum(build.maximum(x, number(-7)), build.sub(n, build.ONE)),
        lambda x, n: build.maximum(build.minimum(x, plus(n, 5)), build.ZERO),
    ],
    ids=["other order", "loose below", "loose above"],
)
def test_clamped_only_reads_what_lanes_reach(bounds):
    """A loose bound would lead outside of the array if its element were read for lanes that never get there."""
    body = rows(8, lambda x: store("B", (x,), load("A", F, bounds(x, N))))
    made = kernel("loose", ["n"], [array("A", F, (N,)), array("B", F, (N,), "output")], body)
    page = _array_at_end_of_page(13)
    page[:] = floats(13)
    agree(made, {"A": page}, {"n": 13})


def _array_at_end_of_page(n):
    """float32 elements that end where readable memory ends."""
    pages = mmap.mmap(-1, 2 * mmap.PAGESIZE)
    whole = np.frombuffer(pages, np.uint8)
    address = whole.ctypes.data
    protect = ctypes.CDLL(None).mprotect
    assert protect(ctypes.c_void_p(address + mmap.PAGESIZE), mmap.PAGESIZE, 0) == 0
    return whole[mmap.PAGESIZE - 4 * n : mmap.PAGESIZE].view(np.float32)


SPANS = {
    "every second": (lambda lane: times(lane, 2), 16, 31),
    "every third": (lambda lane: times(lane, 3), 10, 28),
    "a row": (lambda lane: lane, 31, 31),
    "each twice": (lambda lane: build.floordiv(lane, number(2)), 10, 5),
}


@pytest.mark.parametrize("name", SPANS)
def test_loads_touch_nothing_beyond_their_lanes(name):
    """The array ends where memory ends, right after the last lane's element."""
    at, lanes, extent = SPANS[name]
    lane = local("lane")
    body = loop("lane", 0, lanes, store("B", (lane,), load("A", F, at(lane))), "vector")
    made = kernel("span", [], [array("A", F, (extent,)), array("B", F, (lanes,), "output")], body)
    page = _array_at_end_of_page(extent)
    page[:] = np.arange(extent)
    agree(made, {"A": page})


# conditions


def test_a_select_is_lazy():
    """The branch not taken is never read: n is the whole array, i + 1 would be outside."""
    i = local("i")

    def value(x):
        return Select(
            build.lt(plus(x, 1), N), load("A", F, plus(x, 1)), build.constant(-1.0, load("A", F, x).dtype)
        )

    page = _array_at_end_of_page(21)
    page[:] = floats(21)
    arguments = [array("A", F, (N,)), array("B", F, (N,), "output")]
    agree(
        kernel("lazy", ["n"], arguments, loop("i", 0, N, store("B", (i,), value(i)))), {"A": page}, {"n": 21}
    )
    agree(
        kernel("lazy", ["n"], arguments, rows(8, lambda x: store("B", (x,), value(x)))),
        {"A": page},
        {"n": 21},
    )


def test_a_uniform_element_under_a_mask_is_not_read_without_active_lanes():
    """A[16 * x] is only inside the array while a lane is active."""
    page = _array_at_end_of_page(2)
    page[:] = (3, 5)
    lane, x = local("lane"), local("x")
    inside = build.lt(plus(times(x, 16), lane), N)
    body = when(inside, store("B", (x, lane), load("A", F, x)))
    made = kernel("guarded", ["n"], [array("A", F, (number(2),)), array("B", F, (number(4), number(16)), "output")],
                  loop("x", 0, 4, loop("lane", 0, 16, body, "vector")))  # fmt: skip
    agree(made, {"A": page}, {"n": 29})


def test_masks_nest_and_have_two_arms():
    def body(x):
        deep = when(build.lt(load("A", F, x), build.constant(0.5, load("A", F, x).dtype)),
                    store("B", (x,), load("A", F, x)), store("C", (x,), load("A", F, x)))  # fmt: skip
        return when(build.logical_and(build.lt(x, M), build.gt(size("k"), build.ZERO)), deep,
                    store("B", (x,), build.unary("neg", load("A", F, x))))  # fmt: skip

    made = kernel("arms", ["n", "m", "k"], [array("A", F, (N,)), array("B", F, (N,), "output"),
                                            array("C", F, (N,), "output")], rows(8, body))  # fmt: skip
    for m, k in ((0, 1), (13, 1), (13, 0), (40, 1)):
        agree(made, {"A": floats(29)}, {"n": 29, "m": m, "k": k})


def test_branches_on_sizes():
    i = local("i")
    made = kernel("branch", ["n", "m"], [array("A", F, (N,)), array("B", F, (N,), "output")],
                  when(build.lt(N, M), loop("i", 0, N, store("B", (i,), load("A", F, i))),
                       loop("i", 0, N, store("B", (i,), build.unary("neg", load("A", F, i))))))  # fmt: skip
    for m in (3, 9):
        agree(made, {"A": floats(5)}, {"n": 5, "m": m}, targets=HOST)


def test_lets_hold_values_of_any_kind():
    v, q = Var("v", as_dtype(F), "local"), local("q")

    def body(x):
        total = store("B", (x,), build.add(v, build.cast(q, as_dtype(F))))
        return let(
            "v", load("A", F, x), let("q", build.floordiv(x, number(3)), block(store("C", (x,), v), total))
        )

    made = kernel("lets", ["n"], [array("A", F, (N,)), array("B", F, (N,), "output"), array("C", F, (N,), "output")],
                  rows(8, body))  # fmt: skip
    agree(made, {"A": floats(21)}, {"n": 21})


def test_params_and_sizes_are_values():
    def body(x):
        scaled = build.mul(load("A", F, x), param("alpha", F))
        flagged = Select(param("on", "bool"), scaled, build.cast(plus(N, x), scaled.dtype))
        return store("B", (x,), flagged)

    made = kernel("scaled", ["n"], [array("A", F, (N,)), scalar("alpha", F), scalar("on", "bool"),
                                    array("B", F, (N,), "output")], rows(8, body))  # fmt: skip
    for on in (False, True):
        agree(made, {"A": floats(13)}, {"n": 13}, {"alpha": np.float32(0.3), "on": on})


def test_axes_as_values_wrap_like_int64():
    """Comparisons of wrapping sums must not be simplified as if integers were unbounded."""
    big = build.index_const((1 << 63) - 5)

    def body(x):
        return store("B", (x,), build.cast(build.lt(plus(x, big), build.ZERO), load("B", "int64", x).dtype))

    made = kernel("wraps", ["n"], [array("B", "int64", (N,), "output")], rows(8, body))
    want, _ = agree(made, {}, {"n": 13})
    assert want["B"].tolist() == [0] * 5 + [1] * 8


# the text


def test_text_is_deterministic_and_states_alignments():
    made = clamped("float32", 16)
    assert Run(made).text == Run(made).text
    for body in ("contiguous", "general"):
        text = Run(made, body=body).text
        for line in text.splitlines():
            if (
                " load " in line
                and "atomic" not in line
                or "  store " in line
                or "masked" in line
                and "call" in line
            ):
                assert "align" in line, line


def test_invariant_arithmetic_leaves_the_loops():
    text = Run(matmul("ijk")).text
    innermost = text.split("fma")[-2].rsplit("phi", 1)[1]
    assert count(r" = mul ", innermost) <= 3 and count("load ptr", innermost) == 0


def test_equal_loads_are_one_until_memory_changes():
    i = local("i")
    double = build.add(load("A", F, i), load("A", F, i))
    body = block(
        store("B", (i,), double), store("B", (plus(i, 1),), build.add(load("B", F, i), load("B", F, i)))
    )
    made = kernel("twice", ["n"], [array("A", F, (N,)), array("B", F, (plus(N, 1),), "output")],
                  loop("i", 0, N, body))  # fmt: skip
    _, text = agree(made, {"A": floats(4)}, {"n": 4}, targets=HOST, bodies=("contiguous",))
    assert count("load float", text) == 2


def test_loop_bounds_that_are_not_constant_are_refused():
    i = local("i")
    made = kernel("bad", ["n"], [array("B", F, (N,), "output")],
                  loop("i", 0, N, store("B", (i,), build.constant(0.0, load("B", F, i).dtype)), "vector"))  # fmt: skip
    with pytest.raises(InternalError, match="bounds of the vector loop i are not constant"):
        Run(made)


def test_code_that_explodes_is_refused(monkeypatch):
    monkeypatch.setattr("tdsl.codegen.llvm.loops.MAXIMUM_OPERATIONS", 500)
    i = local("i")
    made = kernel("big", [], [array("B", F, (number(1000),), "output")],
                  loop("i", 0, 1000, store("B", (i,), build.cast(i, load("B", F, i).dtype)), "unroll"))  # fmt: skip
    with pytest.raises(LimitError) as caught:
        Run(made)
    assert caught.value.code == "L122" and "unrolled loop i" in str(caught.value)


def test_aarch64_code_is_vector_code():
    """Cross-compiled: contracted products are fused, minima one instruction, nothing is called."""

    def body(x):
        a, b = load("A", F, x), load("A", F, x)
        return store("B", (x,), build.maximum(build.fma(a, b, a, contracted=True), build.unary("round", a)))

    made = kernel("arm", ["n"], [array("A", F, (N,)), array("B", F, (N,), "output")], rows(4, body))
    text = assembly(emit(made, Target("cpu:aarch64")), Target("cpu:aarch64"))
    assert "fmla\tv" in text and "fmax\tv" in text and "frintn\tv" in text
    assert count(r"\tbl\t(?!mm|arm|tdsl_float)", text) == 0


def test_conditions_that_are_constants_leave_one_arm():
    lane = local("lane")
    body = when(build.lt(lane, number(16)), store("B", (lane,), load("A", F, lane)),
                store("B", (lane,), build.unary("neg", load("A", F, lane))))  # fmt: skip
    made = kernel("known", [], [array("A", F, (number(16),)), array("B", F, (number(16),), "output")],
                  loop("lane", 0, 16, body, "vector"))  # fmt: skip
    _, text = agree(made, {"A": floats(16)}, targets=HOST, bodies=("contiguous",))
    assert "masked" not in text and "fneg" not in text


def test_scratch_lives_where_it_is_allocated():
    i = local("i")
    inner = block(rows(8, lambda at: store("T", (at,), build.add(load("A", F, i, at), load("A", F, 0, at))), "x"),
                  rows(8, lambda at: store("B", (i, at), build.mul(load("T", F, at), load("T", F, at))), "y"))  # fmt: skip
    for scope, extent in (("heap", N), ("stack", number(32))):
        made = kernel("scratch", ["m", "n"], [array("A", F, (M, N)), array("B", F, (M, N), "output")],
                      loop("i", 0, M, allocate("T", F, (extent,), inner, scope)))  # fmt: skip
        agree(made, {"A": floats(3, 19)}, {"m": 3, "n": 19})
