"""Sliding along chains of stencils in strips: what each iteration makes, and how little storage that needs."""

from __future__ import annotations

import pytest

from tdsl.poly.answers import PROVED
from tdsl.poly.copies import Copies
from tdsl.poly.folds import min_fold
from tdsl.poly.verdict import judge
from tests.poly.oracle import Oracle
from tests.poly.programs import Plan, program, stage
from tests.poly.samples import refuted


def chain(length, *, step=1, width=3, rewound=True):
    """`length` stages slid in strips of the last one; every one reads `width` rows of the one before it."""
    stages, shapes = [], {}
    for number in range(length + 1):
        rows = f"{step ** (length - number)} * h + {20 * (length - number)}"
        reads = [(f"s{number - 1}", f"{step} * y + {d}, x") for d in range(width)] if number else []
        stages.append(stage(f"s{number}", "y x", f"0 <= y < {rows} and 0 <= x < w", reads))
        shapes[f"s{number}"] = f"{rows}, w"
    last = f"s{length}"
    plan = Plan.of(program(["h", "w"], *stages, shapes=shapes, outputs=[last])).split(last, "y", 4)
    for number in reversed(range(length)):
        plan = plan.compute_at(f"s{number}", last, "yi").store_at(f"s{number}", last, "yo")
        plan = plan.rewind(f"s{number}") if rewound else plan
    return plan


@pytest.mark.parametrize(
    ("length", "burst", "rewound"), [(1, [3], [3]), (2, [5, 3], [3, 3]), (4, [9, 7, 5, 3], [3, 3, 3, 3])]
)
def test_minimal_folds(length, burst, rewound):
    for want, plan in ((burst, chain(length, rewound=False)), (rewound, chain(length))):
        assert judge(plan.arranged) is PROVED
        assert [min_fold(plan.arranged, f"s{number}", 0).minimal for number in range(length)] == want


def test_rewound_rows_come_one_an_iteration():
    copies = Copies(chain(2).arranged)
    assert [copies.need(name).n_basic_map() for name in ("s0", "s1")] == [1, 1]
    how = copies.rewinds("s0")
    assert how is not None and (how.axis, how.row[-1], how.divisor) == (0, 1, 1)
    assert "[2 + 4i0 + i1, o1]" in str(copies.need("s1")) and "-2 <= i1 <= 3" in str(copies.need("s1"))


def test_a_stride_makes_that_many_rows():
    plan = chain(1, step=2, width=4)
    how = Copies(plan.arranged).rewinds("s0")
    assert how is not None and (how.axis, how.row[-1], how.divisor) == (0, 2, 1)
    assert judge(plan.arranged) is PROVED
    assert min_fold(plan.arranged, "s0", 0).minimal == 4


@pytest.mark.parametrize(
    "make", [lambda: chain(2), lambda: chain(1, step=2), lambda: chain(1, step=3, width=2)]
)
def test_rewound_copies_by_force(make):
    plan = make()
    for length in range(1, 7):
        folded = plan.fold("s0", 0, length)
        legal = judge(folded.arranged) is PROVED
        assert legal == all(Oracle(folded.arranged, {"h": h, "w": 1}).right() for h in range(7)), length


def pair(rows, made="h", sizes=("h",)):
    """A stage R of h rows that reads `rows` of P, which slides in it ahead of it and is folded by what comes."""
    plan = Plan.of(
        program(
            list(sizes),
            stage("P", "y", f"0 <= y < {made}"),
            stage("R", "y", "0 <= y < h", [("P", row) for row in rows]),
            shapes={"P": made, "R": "h"},
            outputs=["R"],
        )
    )
    return plan.compute_at("P", "R", "y").store_root("P").rewind("P")


STEADY = {
    "clamped": (("max(y - 1, 0)", "y", "min(y + 1, h - 1)"), "h", (0, 1, 1), 3),
    "up": (("y // 2", "y // 2 + 1"), "h + 2", (0, 1, 2), 2),
    "up, clamped": (("y // 2", "min(y // 2 + 1, h - 1)"), "h", (0, 1, 2), 2),
    "down": (("2 * y", "2 * y + 2"), "2 * h + 1", (0, 2, 1), 3),
    "two of three": (("(2 * y) // 3", "(2 * y) // 3 + 1"), "h + 1", (0, 2, 3), 2),
    "backwards": (("h - 1 - y", "h - y", "h - y + 1"), "h + 2", (0, 1, 1), 3),
    "backwards, up": (("h - y // 2", "h - y // 2 + 1"), "h + 2", (0, 1, 2), 2),
    "backwards, clamped": (("h - 1 - y", "max(h - 2 - y, 0)"), "h", (0, 1, 1), 2),
}


@pytest.mark.parametrize("name", STEADY)
def test_what_advances_is_made_ahead(name):
    rows, made, (axis, step, divisor), least = STEADY[name]
    plan = pair(rows, made)
    how = Copies(plan.arranged).rewinds("P")
    assert how is not None and (how.axis, how.row[-1], how.divisor) == (axis, step, divisor)
    assert judge(plan.arranged) is PROVED
    assert min_fold(plan.arranged, "P", 0).minimal == least
    for length in range(1, 5):
        folded = plan.fold("P", 0, length)
        legal = judge(folded.arranged) is PROVED
        assert legal == all(Oracle(folded.arranged, {"h": h}).right() for h in range(8)), length


@pytest.mark.parametrize("rows", [("y", "h - 1 - y"), ("y", "0"), ("2 * y", "y + 3"), ("0",)])
def test_where_nothing_advances_steadily_burst_is_taken(rows):
    """From both ends, one row for all, two paces; but a row besides the newest does no harm."""
    plan = pair(rows, "h + h + 3")
    assert (Copies(plan.arranged).rewinds("P") is None) == (rows != ("y", "0"))
    assert judge(plan.arranged) is PROVED


def test_rewound_strips_in_parallel_but_not_rows():
    assert judge(chain(2).parallel("s2", "yo").arranged) is PROVED
    assert refuted(chain(2).parallel("s2", "yi")).kind == "race"


CROSS = ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2))
ENDS = ((0, 0), (1, 2), (2, 0))
FALLING = ((0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3))


def stencils(taps, length=2):
    """`length` stages slid in strips of the last one, every one reading elements of the one before at some distances."""
    wide = [max(tap[place] for tap in taps) for place in range(2)]
    stages, shapes = [], {}
    for number in range(length + 1):
        rows, columns = (f"{n} + {(length - number) * more}" for n, more in zip("hw", wide, strict=True))
        reads = [(f"s{number - 1}", f"y + {down}, x + {right}") for down, right in taps] if number else []
        domain = f"0 <= y < {rows} and 0 <= x < {columns}"
        stages.append(stage(f"s{number}", "y x", domain, reads))
        shapes[f"s{number}"] = f"{rows}, {columns}"
    last = f"s{length}"
    plan = Plan.of(program(["h", "w"], *stages, shapes=shapes, outputs=[last])).split(last, "y", 4)
    for number in reversed(range(length)):
        plan = plan.compute_at(f"s{number}", last, "yi").store_at(f"s{number}", last, "yo")
    return plan


def test_rows_of_crosses_come_whole():
    """By elements a burst is in five pieces at the first stage, and in more at each before it."""
    copies = Copies(stencils(CROSS, 3).arranged)
    assert [copies.row_axis(f"s{number}") for number in range(3)] == [0, 0, 0]
    assert [copies.need(f"s{number}").n_basic_map() for number in range(3)] == [2, 2, 2]


@pytest.mark.parametrize(("taps", "axis"), [(ENDS, None), (FALLING, 0), (CROSS, 0)])
def test_what_nobody_reads_lies_at_the_ends_of_a_buffer(taps, axis):
    """Only in its first and last rows; and what lies between elements that are read is not made at all."""
    plan = stencils(taps, 1)
    assert Copies(plan.arranged).row_axis("s0") == axis
    for h, w in ((3, 3), (4, 1)):
        made = {axes for _, axes in Oracle(plan.arranged, {"h": h, "w": w}).copies["s0"]}
        read = {(y + down, x + right) for y in range(h) for x in range(w) for down, right in taps}
        assert read <= made
        assert {row for row, _ in made - read} <= (set() if axis is None else {0, 1, h, h + 1})


@pytest.mark.parametrize("taps", [CROSS, ENDS, FALLING])
def test_stencils_by_force(taps):
    plan = stencils(taps)
    assert judge(plan.arranged) is PROVED
    for length in range(1, 7):
        folded = plan.fold("s1", 0, length)
        legal = judge(folded.arranged) is PROVED
        truth = [Oracle(folded.arranged, {"h": h, "w": w}).right() for h in (1, 2, 3, 4, 5) for w in (1, 2)]
        assert legal == all(truth), length


def test_a_fold_of_crosses_is_that_of_squares():
    square = tuple((down, right) for down in range(3) for right in range(3))
    folds = [
        [min_fold(stencils(taps).arranged, f"s{n}", 0).minimal for n in range(2)] for taps in (CROSS, square)
    ]
    assert folds[0] == folds[1]
