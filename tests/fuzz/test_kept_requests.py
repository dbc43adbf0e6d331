"""Requests that legality, or the enumeration beside it, once got wrong: both say the same now, and what is true."""

import pytest

import tdsl as td
from tdsl.fuzzing.draw import applied
from tdsl.schedule.legality import arranged_of
from tests.fuzz.as_made import AsMade, Memo, widened
from tests.fuzz.completeness import asked, is_legal
from tests.support.compare import check
from tests.support.programs import declare

# Seed 5645: what s1 reads of s0 is the copy of A that s0 starts with, and that stays at root: s0 may move behind s1.
ONLY_THE_FIRST_COPY = """
A = td.placeholder("A", (2,))
B = td.placeholder("B", (2,))
x = td.axis("x", 2)
s0 = td.update("s0", A, over=x, at=(x // 2,), value=lambda s0: td.minimum(s0[x // 2], B[x]))
s1 = td.compute("s1", (2,), lambda i: td.where(i >= 1, s0[2 * i - 1], 0.0))
y = td.axis("y", 2)
s2 = td.update("s2", s1, over=y, at=(y,), value=lambda s2: s2[y] + s1[y])
"""
# Seed 3275: T shares the loop j of V alone once it is the outer one, and reads S outside of the loop that S is stored in.
TWO_LOOPS_OF_ONE_SIZE = """
A = td.placeholder("A", (4, 4))
S = td.compute("S", (4, 4), lambda i, j: A[i, j] - 1)
T = td.compute("T", (4, 4), lambda i, j: S[i, j] + 2)
V = td.compute("V", (4, 4), lambda i, j: S[i, j] * 2)
"""
# Seed 11046: what is read of s0 in k0 is in nine pieces, so that all between them is made, and the end of s1 reads of that.
REGION_IN_MANY_PIECES = """
D = td.placeholder("D", (4, 10))
s0 = td.pad(D, 2, mode="constant", name="s0")
def s1_at(i, j):
    k0 = td.reduce_axis("k0", 4)
    read = s0[td.clamp(i - k0 + 1, 0, 7), j]
    terms = td.fma(td.where(j != 1, read, s0[j % 4, 0]), s0[7 - k0, td.clamp(2 * j, 0, 13)], s0[i, i + 1] - s0[2 * k0, 1])
    return td.where(j >= 1, s0[j - 1, j + 2], 2.0) - td.min(terms, over=k0)
s1 = td.compute("s1", (2, 8), s1_at)
"""
SLID = ('.store_root("s0")', '.compute_at("s0", "s1", "k0")', '.vectorize("s0", "d1", 3)', '.reorder("s1", "k0", "i")',
        '.compute_at("s0", "s1", "i")')  # fmt: skip
# Seeds 788, 16749: what a change needs of its own array comes in pieces; what lies between them is made of more of it.
HALVES = """
B = td.placeholder("B", (), "int8")
D = td.placeholder("D", (8,), "int8")
x = td.axis("x", 8)
s0 = td.update("s0", D, over=x, at=(x // 2,), value=lambda s0: (s0[x // 2] + D[x % 4] * 2) + s0[x])
s1, s1b = td.compute(("s1", "s1b"), (6,), lambda i: (s0[7 - i] - B[()], B[()] + td.where(i + i < 8, D[i + i], 1)))
"""
MIRRORED = """
A = td.placeholder("A", (9,), "float64")
x = td.axis("x", (1, 9))
s0 = td.update("s0", A, over=x, at=(x,), value=lambda s0: td.maximum(s0[x] + 2.0, s0[1]) - s0[8 - x])
k0 = td.reduce_axis("k0", (1, 9))
s1 = td.compute("s1", (9,), lambda i: td.sum(td.cast(s0[1], "float32"), over=k0))
"""
# Seeds 11631, 5167, 999, 12108: what is read of a pure stage comes in many pieces.
SCATTERED = """
A = td.placeholder("A", (9, 8))
s0 = td.compute("s0", (9, 8), lambda i, j: td.where(j > 0, A[j, j - 1], 3.0) * 2.0)
s1 = td.compute("s1", (6,), lambda i:
    td.where(i == 1, 1.0, s0[i, i + 2]) + td.where(i % 2 == 1, s0[i, 0], A[i, i])
    + td.where(i + i < 9, s0[i + i, i + 1], 1.0) + s0[i + 2, i])
"""
# Seed 2982: what mutual recurrences need of themselves is too large to decide; all of them is not.
MUTUAL = """
A = td.placeholder("A", (10, 7))
s0, t0 = td.recurrence(("s0", "t0"), (10, 7), lambda s0, t0, i, j: (
    td.where(j > 1, s0[i, j - 2], 0.0) + td.where(td.all(i > 0, j < 5), s0[i - 1, j + 2], 1.0)
    * td.where(td.all(i > 1, j < 6), t0[i - 2, j + 1], 2.0),
    td.minimum(td.where(td.all(i > 0, j < 5), t0[i - 1, j + 2], 3.0), td.where(i > 1, t0[i - 2, j], A[j, 6 - j]))))
k0, k1 = td.reduce_axis("k0", 7), td.reduce_axis("k1", 5)
s2 = td.compute("s2", (), lambda: td.sum(A[k0, 6 - k0] * s0[k0 % 4, k0], over=(k0, k1)))
"""
# Seed 10669: lanes run statement by statement, so all of s0 is there before s1 reads its element 1.
IN_LANES = """
A = td.placeholder("A", (8,))
B = td.placeholder("B", (7,))
s0 = td.compute("s0", (8,), lambda i: td.floor(A[i]))
s1 = td.compute("s1", (7,), lambda i: s0[1] * B[i])
"""
# Seed 30460: the read of s0 itself is never taken.
NEVER_ITSELF = """
B = td.placeholder("B", (2, 8))
s0 = td.recurrence("s0", (2, 8), lambda s0, i, j: td.where(td.all(i > 1, j < 7), s0[i - 2, j + 1], 0.0) + B[i, j])
s1 = td.compute("s1", (2,), lambda i: s0[i % 2, i] + s0[i, i])
"""
CASES = [
    (ONLY_THE_FIRST_COPY, ("s0", "s2"), (), '.compute_with("s0", "s2", "y", align={"x": "y"})', True),
    (ONLY_THE_FIRST_COPY, ("s0", "s2"), ('.compute_with("s0", "s2", "y", align={"x": "y"})',),
     '.cache_read("s1", "s2", name="c")', True),
    (TWO_LOOPS_OF_ONE_SIZE, ("T", "V"), ('.compute_with("T", "V", "j")', '.compute_at("S", "T", "i")'),
     '.reorder("V", "j", "i")', False),
    *((REGION_IN_MANY_PIECES, ("s1",), SLID[:count], SLID[count], True) for count in range(1, 5)),
    (HALVES, ("s1", "s1b"), ('.compute_at("s0", "s1", "i")',), '.fold("s0", "d0", 5)', True),
    (HALVES, ("s1", "s1b"), ('.compute_at("s0", "s1", "i")',), '.fold("s0", "d0", 4)', False),
    (MIRRORED, ("s1",), ('.vectorize("s0", "x", 2, tail="pad")',), '.compute_at("s0", "s1", "i")', True),
    (SCATTERED, ("s1",), ('.store_root("s0")', '.compute_at("s0", "s1", "i")'), '.fold("s0", "j", 3)', True),
    (SCATTERED, ("s1",), ('.compute_at("s0", "s1", "i")',), '.fold("s0", "j", 1)', False),
    (MUTUAL, ("s2",), ('.fuse("s0", "i", "j")',), '.store_at("s0", "s2", "k0")', True),
    (IN_LANES, ("s1",), ('.vectorize("s1", "i")',), '.compute_with("s0", "s1", "iv")', True),
    (NEVER_ITSELF, ("s1",), ('.compute_at("s0", "s1", "i")',), '.fold("s0", "j", 3)', True),
    (IN_LANES, ("s1",), (), '.compute_with("s0", "s1", "i")', False),
]  # fmt: skip


@pytest.mark.parametrize(("source", "outputs", "steps", "step", "legal"), CASES)
def test_a_request_once_got_wrong(source, outputs, steps, step, legal):
    names = declare(source)
    schedule = td.schedule(*(names[name] for name in outputs))
    for each in steps:
        schedule = applied(schedule, each, names)
    found = asked(schedule, step[1 : step.index("(")], step, names)
    assert found is not None
    (_, _, truth, verdict), after = found
    assert (truth, verdict == "accepted") == (legal, legal)
    if after is not None:
        check(
            applied(schedule, step, names), {}, environment=names
        )  # the interpreter sees what nobody has written


def test_regions_as_they_are_made_are_the_truth_and_what_is_read_alone_is_less():
    names = declare(REGION_IN_MANY_PIECES)
    schedule = td.schedule(names["s1"])
    for step in SLID[:2]:
        schedule = applied(schedule, step, names)
    arranged = arranged_of(schedule.state)
    made = widened(arranged, "s0")
    read = Memo(arranged, {}).copies["s0"]
    assert made is not None and set().union(*made.values()) > {axes for _, axes in read}
    assert not is_legal(arranged) and is_legal(arranged, AsMade)


def test_a_region_in_one_piece_is_what_is_read():
    names = declare(TWO_LOOPS_OF_ONE_SIZE)
    schedule = td.schedule(names["T"]).compute_at("S", "T", "i")
    assert widened(arranged_of(schedule.state), "S") is None
