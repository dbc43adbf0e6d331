"""Requests that legality, or the enumeration beside it, once got wrong: both say the same now, and what is true."""

import pytest

import tdsl as td
from tdsl.fuzzing.draw import applied
from tests.fuzz.completeness import asked
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
CASES = [
    (ONLY_THE_FIRST_COPY, ("s0", "s2"), (), '.compute_with("s0", "s2", "y", align={"x": "y"})', True),
    (ONLY_THE_FIRST_COPY, ("s0", "s2"), ('.compute_with("s0", "s2", "y", align={"x": "y"})',),
     '.cache_read("s1", "s2", name="c")', True),
    (TWO_LOOPS_OF_ONE_SIZE, ("T", "V"), ('.compute_with("T", "V", "j")', '.compute_at("S", "T", "i")'),
     '.reorder("V", "j", "i")', False),
]  # fmt: skip


@pytest.mark.parametrize(("source", "outputs", "steps", "step", "legal"), CASES)
def test_a_request_once_got_wrong(source, outputs, steps, step, legal):
    names = declare(source)
    schedule = td.schedule(*(names[name] for name in outputs))
    for each in steps:
        schedule = applied(schedule, each, names)
    found = asked(schedule, step[1 : step.index("(")], step, names)
    assert found is not None
    (_, _, truth, verdict), _ = found
    assert (truth, verdict == "accepted") == (legal, legal)
