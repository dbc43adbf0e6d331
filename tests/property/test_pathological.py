"""Inputs made to hang: each is answered within two seconds of processor time, by a result or by an error that says why.

An answer is a kernel (built, not run where it would be large) or a `TdslError`; budgets are counted in isl operations, so
the verdict is the same on a slow machine, and only the clock of this process is compared.
"""

import time
from collections.abc import Callable

import numpy as np
import pytest

import tdsl as td

SECONDS = 2.0
COUNTING = 0.1
"""Seconds that a machine at rest needs to count to two million; where it takes longer, so may the answers."""
CASES: dict[str, Callable[[], object]] = {}


def case(function: Callable[[], object]) -> Callable[[], object]:
    CASES[function.__name__] = function
    return function


def built(s: td.Schedule) -> td.Schedule:
    td.build(s)
    str(s)
    return s


@case
def an_unroll_of_65536_statements():
    A = td.placeholder("A", (65536,), "float32")
    C = td.compute("C", (65536,), lambda i: A[i] + 1)
    return built(td.schedule(C).unroll(C, "i"))


@case
def unrolls_inside_unrolls():
    A = td.placeholder("A", (64, 64, 64), "float32")
    C = td.compute("C", (64, 64, 64), lambda i, j, k: A[k, j, i] + 1)
    return built(td.schedule(C).unroll(C, "i").unroll(C, "j").unroll(C, "k"))


@case
def sixty_four_sizes():
    sizes = [td.size(f"n{place}") for place in range(64)]
    total = sizes[0]
    for size in sizes[1:]:
        total = total + size
    A = td.placeholder("A", (total,), "float32")
    C = td.compute("C", (total,), lambda i: td.where(i < sizes[5] + sizes[60], A[i] * 2, A[i]))
    return built(td.schedule(C).split(C, "i", 8).parallel(C, "io"))


@case
def sixty_four_params_in_conditions():
    n = td.size("n")
    params = [td.param(f"p{place}", "int64", range=(0, 100)) for place in range(64)]
    A = td.placeholder("A", (n,), "float32")

    def value(i):
        found = A[i]
        for place, param in enumerate(params):
            found = td.where(i < param, found + place, found)
        return found

    C = td.compute("C", (n,), value)
    return built(td.schedule(C).vectorize(C, "i", 8).parallel(C, "i"))


@case
def a_tower_of_divisions_and_remainders():
    n = td.size("n", min=1)
    A = td.placeholder("A", (n,), "float32")

    def value(i):
        place = i
        for factor in range(2, 26):
            place = (place * 3 + 1) % (factor * 7) // 2 + place // factor
        return A[td.clamp(place, 0, n - 1)]

    C = td.compute("C", (n,), value)
    B = td.compute("B", (n,), lambda i: C[i // 2])
    return built(td.schedule(B).split(B, "i", 8).compute_at(C, B, "io"))


@case
def a_tower_of_divisions_in_a_value():
    n = td.size("n")
    A = td.placeholder("A", (n,), "int64")

    def value(i):
        found = A[i]
        for level in range(100):
            found = (found * 3 + 1) // (level + 2) + found % 7
        return found

    return built(td.schedule(td.compute("C", (n,), value)))


@case
def a_tower_in_the_subscript_of_an_update():
    A = td.placeholder("A", (1000,), "int64")
    r = td.axis("r", 500)

    def tower(place, depth):
        for factor in range(2, 2 + depth):
            place = (place // factor + place % factor) * 2 // 3
        return td.clamp(place, 0, 999)

    U = td.update("U", A, over=(r,), at=(tower(r, 12),), value=lambda U: U[tower(r + 1, 12)] + 1)
    return built(td.schedule(U).parallel(U, "r"))


@case
def five_hundred_guards():
    n = td.size("n")
    A = td.placeholder("A", (n,), "float32")
    C = td.compute("C", (n,), lambda i: td.where(td.all(*(i != 3 * hole for hole in range(500))), A[i], 0.0))
    return built(td.schedule(C).split(C, "i", 16).vectorize(C, "ii"))


@case
def three_hundred_alternatives_before_a_stage():
    n = td.size("n")
    A = td.placeholder("A", (n,), "float32")
    P = td.compute("P", (n,), lambda i: A[i] + 1)
    C = td.compute("C", (n,), lambda i: td.where(td.any(*(i == 3 * one for one in range(300))), P[i], 0.0))
    return built(td.schedule(C).split(C, "i", 16).compute_at(P, C, "io"))


@case
def five_hundred_nested_conditions():
    n = td.size("n")
    A = td.placeholder("A", (n,), "float32")

    def value(i):
        found = A[i]
        for place in range(500):
            found = td.where(i > 7 * place, found, A[td.maximum(i - 1, 0)] + place)
        return found

    C = td.compute("C", (n,), value)
    return built(td.schedule(C).tile(C, {"i": 8}))


@case
def two_hundred_stages_inlined():
    n = td.size("n")
    last = td.placeholder("A", (n,), "float32")
    stages = []
    for place in range(200):
        last = td.compute(f"s{place}", (n,), lambda i, last=last: last[i] + 1)
        stages.append(last)
    s = td.schedule(last)
    return built(s.inline(stages[:-1]))


@case
def inlining_that_doubles():
    n = td.size("n")
    last = td.placeholder("A", (n,), "float32")
    stages = []
    for place in range(24):
        last = td.compute(f"s{place}", (n,), lambda i, last=last: last[i] * last[n - 1 - i])
        stages.append(last)
    return built(td.schedule(last).inline(stages[:-1]))


@case
def a_stencil_of_three_hundred_points():
    n = td.size("n")
    A = td.placeholder("A", (n + 300,), "float32")
    P = td.compute("P", (n + 300,), lambda i: A[i] + 1)

    def value(i):
        total = P[i]
        for shift in range(1, 300):
            total = total + P[i + shift]
        return total

    C = td.compute("C", (n,), value)
    return built(td.schedule(C).split(C, "i", 32).compute_at(P, C, "io").parallel(C, "io"))


@case
def an_update_that_reads_sixty_places():
    n = td.size("n")
    A = td.placeholder("A", (n, n), "float64")
    i, j = td.axis("i", (4, n - 4)), td.axis("j", (4, n - 4))

    def value(U):
        total = U[i, j]
        for place in range(64):
            total = total + U[i + place % 8 - 4, j + place // 8 - 4]
        return total

    U = td.update("U", A, over=(i, j), at=(i, j), value=value)
    s = td.schedule(U).skew(U, "j", by="i", into="w", factor=5)
    return built(s.reorder(U, "w", "i").parallel(U, "i"))


@case
def eight_dimensions_tiled_and_turned():
    sizes = tuple(td.size(f"n{place}") for place in range(8))
    A = td.placeholder("A", sizes[::-1], "float32")
    C = td.compute("C", sizes, lambda *at: A[at[::-1]], axes=tuple("abcdefgh"))
    s = td.schedule(C).tile(C, dict.fromkeys("abcdefgh", 4))
    return built(s.reorder(C, *(f"{axis}o" for axis in "hgfedcba")).parallel(C, "ho"))


@case
def one_axis_split_twenty_times():
    n = td.size("n")
    A = td.placeholder("A", (n,), "float32")
    C = td.compute("C", (n,), lambda i: A[i] + 1)
    s, axis = td.schedule(C), "i"
    for place in range(20):
        s = s.split(C, axis, 2, into=(f"o{place}", f"i{place}"))
        axis = f"o{place}"
    return built(s)


@case
def coefficients_near_the_end_of_int64():
    n = td.size("n")
    A = td.placeholder("A", (n,), "float32")
    C = td.compute("C", (n,), lambda i: td.where(i * (1 << 61) + (1 << 60) < n * ((1 << 62) - 1), A[i], 0.0))
    return built(td.schedule(C).split(C, "i", 8).vectorize(C, "ii"))


@case
def a_fold_of_a_million():
    n = td.size("n")
    u0 = td.placeholder("u0", (n,), "float32")
    U = td.recurrence(
        "U",
        (n,),
        lambda U, t: td.where(t >= 1000000, U[t - 1000000] + U[t - 999999], u0[t]),
    )
    last = td.compute("last", (1,), lambda i: td.where(n > 0, U[n - 1], 0.0))
    s = td.schedule(last)
    assert s.min_fold(U, "t") is None
    return built(s.fold(U, "t", 1000000))


@case
def a_recurrence_of_seven_axes():
    sizes = (4,) * 7
    W = td.recurrence(
        "W",
        sizes,
        lambda W, a, b, c, d, e, f, g: td.where(
            td.all(a > 0, b > 0, g < 3), W[a - 1, b - 1, c, d, e, f, g + 1] + 1, 0
        ),
        dtype="int64",
    )
    return built(td.schedule(W).tile(W, {"a": 2, "g": 2}))


@case
def registers_without_end():
    A = td.placeholder("A", (64, 64), "float32")
    B = td.compute("B", (64, 64), lambda i, j: A[i, j] * 2)
    return built(td.schedule(td.compute("C", (64, 64), lambda i, j: B[i, j] + 1)).scope(B, "register"))


@case
def a_promoted_tile_of_four_thousand():
    A, B = td.placeholder("A", (512, 512), "float32"), td.placeholder("B", (512, 512), "float32")
    k = td.reduce_axis("k", 512)
    C = td.compute("C", (512, 512), lambda i, j: td.sum(A[i, k] * B[k, j], over=k))
    s = td.schedule(C).tile(C, {"i": 64, "j": 64}).reorder(C, "io", "jo", "k", "ii", "ji")
    return built(s.promote(C, "jo", name="sums", scope="register"))


@case
def four_hundred_stages_inlined():
    n = td.size("n")
    last, stages = td.placeholder("A", (n,), "float32"), []
    for place in range(400):
        last = td.compute(f"s{place}", (n,), lambda i, last=last: last[i] + 1)
        stages.append(last)
    return built(td.schedule(last).inline(stages[:-1]))


def crosses_in_tiles(dims: int, stages: int) -> td.Schedule:
    """A chain of stages that read their neighbours along each axis, all made in the tiles of the last."""
    n, around = td.size("n"), range(-1, 2)
    last, chain = td.placeholder("A", (n,) * dims, "int32"), []
    names = [f"i{place}" for place in range(dims)]
    for depth in range(1, stages + 1):

        def value(*index, last=last):
            at = [place + 1 for place in index]
            near = [[*at[:k], at[k] + step, *at[k + 1 :]] for k in range(dims) for step in around]
            return sum(last[tuple(each)] for each in near)

        last = td.compute(f"s{depth}", (n - 2 * depth,) * dims, value, axes=names)
        chain.append(last)
    s = td.schedule(last).tile(last, dict.fromkeys(names, 8))
    return s.compute_at(tuple(chain[:-1]), last, f"{names[-1]}o")


@case
def crosses_of_three_dimensions_in_tiles():
    return built(crosses_in_tiles(3, 5))


@pytest.mark.parametrize(("dims", "sides"), [(3, (9, 17, 20)), (4, (9, 11))])
def test_crosses_in_tiles_compute_what_they_say(dims: int, sides: tuple[int, ...]) -> None:
    """Where regions have too many constraints, more is made than is needed, nothing else."""
    s = crosses_in_tiles(dims, 3)
    tiled, plain = td.build(s), td.build(s.undo(len(s.steps)))
    for side in sides:
        given = np.random.default_rng(side).integers(-9, 9, (side,) * dims, np.int32)
        assert np.array_equal(tiled(given), plain(given))


@case
def vectors_of_four_thousand_lanes():
    A = td.placeholder("A", (4096, 4096), "float32")
    C = td.compute("C", (4096, 4096), lambda i, j: td.where((i + j) % 3 == 0, A[j, i], A[i, j]))
    return built(td.schedule(C).vectorize(C, "j"))


@case
def forty_gathers_in_one_update():
    n = td.size("n")
    idx = [td.placeholder(f"idx{place}", (n,), "int32", range=(0, 1000)) for place in range(40)]
    A = td.placeholder("A", (1000,), "float32")
    r = td.axis("r", n)
    U = td.update("U", A, over=(r,), at=(idx[0][r],), value=lambda U: sum((U[one[r]] for one in idx), 0.0))
    return built(td.schedule(U).parallel(U, "r"))


@case
def ten_thousand_sums():
    n = td.size("n")
    A = td.placeholder("A", (n,), "float32")

    def value(i):
        total = A[i]
        for place in range(10_000):
            total = total * 0.5 + place
        return total

    return built(td.schedule(td.compute("C", (n,), value)))


@case
def six_hundred_nested_selects():
    n = td.size("n")
    A = td.placeholder("A", (n,), "float32")

    def value(i):
        found = A[i]
        for place in range(600):
            found = td.where(A[i] > place, found, found * 2)
        return found

    return built(td.schedule(td.compute("C", (n,), value)).vectorize("C", "i", 8))


@case
def sixteen_million_copies():
    A = td.placeholder("A", (64, 64, 64, 64), "float32")
    s = td.schedule(td.compute("C", (64, 64, 64, 64), lambda i, j, k, l: A[i, j, k, l] + 1))
    return built(s.unroll("C", "i").unroll("C", "j").unroll("C", "k").unroll("C", "l"))


@case
def extents_near_the_end_of_int64():
    A = td.placeholder("A", (2**62,), "int8")
    s = td.schedule(td.compute("C", (2**62,), lambda i: A[i] + 1)).tile("C", {"i": 2**31})
    return built(s.vectorize("C", "ii", 16))


@case
def five_hundred_stages_at_root():
    n = td.size("n")
    last = td.placeholder("A", (n,), "float32")
    for place in range(500):
        last = td.compute(f"s{place}", (n,), lambda i, last=last: last[i] + 1)
    return built(td.schedule(last))


@case
def sixty_four_versions():
    n = td.size("n")
    A = td.placeholder("A", (n,), "float32")
    s = td.schedule(td.compute("C", (n,), lambda i: A[i] + 1))
    for size in range(64):
        s = s.specialize(n == size, lambda s: s.vectorize("C", "i", 4))
    return built(s)


@case
def a_fold_by_2_to_the_40():
    n = td.size("n")
    U = td.recurrence("U", (n,), lambda U, t: td.where(t >= 1, U[t - 1] + 1, 0.0), dtype="float32")
    last = td.compute("last", (1,), lambda i: td.where(n > 0, U[n - 1], 0.0))
    return built(td.schedule(last).fold("U", "t", 2**40))


@case
def two_hundred_inputs():
    n = td.size("n")
    A = [td.placeholder(f"A{place}", (n,), "float32") for place in range(200)]
    return built(
        td.schedule(td.compute("C", (n,), lambda i: sum((a[i] for a in A), 0.0))).vectorize("C", "i", 8)
    )


@case
def constants_near_the_end_of_int64():
    n = td.size("n")
    A = td.placeholder("A", (n,), "int64")
    return built(
        td.schedule(td.compute("C", (n,), lambda i: A[i] * 2**62 + (2**63 - 1))).split("C", "i", 2**40)
    )


@case
def a_skew_by_2_to_the_62():
    n = td.size("n")
    U = td.recurrence(
        "U",
        (n, n),
        lambda U, t, x: td.where(td.all(t >= 1, x >= 1), U[t - 1, x - 1] + 1, 0.0),
        dtype="float32",
    )
    return built(td.schedule(U).skew("U", "x", by="t", into="w", factor=2**62))


def slowness() -> float:
    """How many times slower this process runs now than on a machine at rest."""
    start, count = time.process_time(), 0
    while count < 2_000_000:
        count += 1
    return max(1.0, (time.process_time() - start) / COUNTING)


@pytest.mark.parametrize("name", CASES)
def test_it_is_answered(name: str) -> None:
    before = slowness()
    start = time.process_time()
    try:
        answer = CASES[name]()
    except td.TdslError as error:
        answer = error
        assert error.code, str(error)
        assert not isinstance(error, td.InternalError), str(error)
        assert len(str(error).splitlines()) <= 10
    seconds = time.process_time() - start
    assert isinstance(answer, td.Schedule | td.TdslError)
    assert seconds < SECONDS * max(before, slowness()), f"{seconds:.1f} s: {str(answer)[:300]}"


def test_selects_beyond_what_is_simplified_under_conditions_compute_what_they_say() -> None:
    n = td.size("n")
    A = td.placeholder("A", (n,), "int64")

    def value(a, i, where):
        found = a
        for place in range(300):
            found = where(a > place % 40, found + place, where(i > place % 7, found - a, found))
        return found

    C = td.compute("C", (n,), lambda i: value(A[i], i, td.where))
    given = np.arange(-5, 60, 7)
    wanted = [
        value(int(a), i, lambda cond, then, other: then if cond else other) for i, a in enumerate(given)
    ]
    for s in (td.schedule(C), td.schedule(C).vectorize("C", "i", 4)):
        assert td.build(s)(given).tolist() == wanted


def test_there_are_thirty() -> None:
    assert len(CASES) >= 30
