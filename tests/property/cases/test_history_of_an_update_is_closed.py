"""What is made of an update inside a loop is more than what is read there, and made of elements that are made, too.

Requests of seeds 1553 and 6109: all that lies between the pieces of a region, or of isl's closure of it, was not closed
under the reads of the update, and placing it was refused.
"""

import tdsl as td
from tdsl.fuzzing import check


def test_between_pieces() -> None:
    A = td.placeholder("A", (9, 5), "int64")
    x, y = td.axis("x", (1, 9)), td.axis("y", 5)
    s0 = td.update(
        "s0",
        A,
        over=(x, y),
        at=(x // 2, 4 - y),
        value=lambda s0: s0[x // 2, 4 - y] * 3 + s0[y + 3, td.clamp(3 * y - 1, 0, 4)],
    )
    s1 = td.compute("s1", (9, 5), lambda i, j: s0[8 - i, td.clamp(i - 1, 0, 4)] - td.cast(j, "int64"))
    for s in (td.schedule(s1), td.schedule(s1).vectorize("s0", "y", 3)):
        check(s.compute_at("s0", "s1", "i"), {}, mode="whole")


def test_of_a_closure() -> None:
    A = td.placeholder("A", (10, 10), "int32")
    x, y = td.axis("x", 10), td.axis("y", 10)
    s0 = td.update(
        "s0",
        A,
        over=(x, y),
        at=(x // 2, y),
        value=lambda s0: s0[x // 2, y] - s0[td.clamp(2 * y - 1, 0, 9), y],
    )
    s1 = td.compute(
        "s1", (9,), lambda i: s0[i % 2, i // 2] + td.where(2 * i + 1 < 10, s0[2 * i + 1, 9 - i], 1) * s0[i, i]
    )
    check(td.schedule(s1).compute_at("s0", "s1", "i"), {}, mode="whole")
