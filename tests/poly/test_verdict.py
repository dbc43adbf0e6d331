"""Verdicts on programs of the feasibility study and on one small case for every kind of answer."""

from __future__ import annotations

import pickle
import threading

import pytest

from tdsl.expr.printer import text
from tdsl.poly import isl, verdict
from tdsl.poly.answers import PROVED, Proved, Refuted, Unknown
from tdsl.poly.model import Access, Program
from tdsl.poly.verdict import forget, judge, parallel_loops
from tests.poly.programs import Plan, node, program, stage


def refuted(plan):
    found = judge(plan.arranged)
    assert isinstance(found, Refuted), found
    return found


def legal(plan):
    return judge(plan.arranged) is PROVED


def blur():
    return Plan.of(
        program(
            ["h", "w"],
            stage("bx", "y x", "0 <= y < h + 2 and 0 <= x < w"),
            stage("by", "y x", "0 <= y < h and 0 <= x < w", [("bx", f"y + {d}, x") for d in range(3)]),
            shapes={"bx": "h + 2, w", "by": "h, w"},
            outputs=["by"],
        )
    )


def edit_distance():
    reads = [("D", index, "i > 0 and j > 0") for index in ("i - 1, j", "i, j - 1", "i - 1, j - 1")]
    declared = stage("D", "i j", "0 <= i <= n and 0 <= j <= m", reads)
    return Plan.of(program(["n", "m"], declared, shapes={"D": "n + 1, m + 1"}, outputs=["D"]))


def heat():
    edge = [("U", "t - 1, x", "t > 0 and (x == 0 or x == X - 1)")]
    inner = [("U", f"t - 1, x + {d}", "t > 0 and 0 < x < X - 1") for d in (-1, 0, 1)]
    return Plan.of(
        program(
            ["T", "X"],
            stage("U", "t x", "0 <= t <= T and 0 <= x < X", edge + inner),
            stage("last", "x", "0 <= x < X", [("U", "T, x")]),
            shapes={"U": "T + 1, X", "last": "X"},
            outputs=["last"],
        )
    )


def skewed_heat(t, x):
    return heat().skew("U", "x", "t", "xs").tile("U", {"t": t, "xs": x}, ["to", "xo", "ti", "xi"])


def matmul(finish=None):
    return Plan.of(
        program(
            ["m", "n", "k"],
            stage("Ap", "i q", "0 <= i < m and 0 <= q < k"),
            stage("Bp", "q j", "0 <= q < k and 0 <= j < n"),
            stage("acc", "i j q", "0 <= i < m and 0 <= j < n and 0 <= q < k", [("Ap", "i, q"), ("Bp", "q, j")],
                  over="q", finish=finish),
            stage("C", "i j", "0 <= i < m and 0 <= j < n", [("acc", "i, j")]),
            shapes={"Ap": "m, k", "Bp": "k, n", "acc": "m, n", "C": "m, n"},
            outputs=["C"],
        )
    )  # fmt: skip


def packed_matmul():
    plan = matmul().tile("C", {"i": 8, "j": 32}, ["io", "jo", "ii", "ji"]).fuse("C", "io", "jo", "t")
    plan = plan.compute_at("acc", "C", "t").split("acc", "q", 4).reorder("acc", "qo", "qi", "i", "j")
    return plan.compute_at("Ap", "acc", "qo").compute_at("Bp", "acc", "qo")


def scan():
    return Plan.of(
        program(
            ["n"],
            stage("H", "y", "0 <= y <= n", [("H", "y - 1", "y > 0")]),
            stage("C", "y", "0 <= y < n", [("H", "y"), ("H", "y + 1")]),
            shapes={"H": "n + 1", "C": "n"},
            outputs=["C"],
        )
    )


def line(index, guard=""):
    """A row of values, and a stage that reads it."""
    return Plan.of(
        program(
            ["n"],
            stage("P", "y", "0 <= y < 3 * n"),
            stage("R", "y", "0 <= y < n", [("P", index, guard)] if guard else [("P", index)]),
            shapes={"P": "3 * n", "R": "n"},
            outputs=["R"],
        )
    )


# the feasibility study's programs


def wavefront():
    return edit_distance().skew("D", "j", "i", "w").reorder("D", "w", "i")


def slid_blur():
    return blur().split("by", "y", 32).store_at("bx", "by", "yo").compute_at("bx", "by", "yi")


LEGAL = {
    "edit distance": edit_distance,
    "edit distance columns first": lambda: edit_distance().reorder("D", "j", "i"),
    "wavefront": wavefront,
    "wavefront in parallel": lambda: wavefront().parallel("D", "i"),
    "heat folded to 2": lambda: heat().fold("U", 0, 2),
    "heat in skewed tiles folded to 18": lambda: skewed_heat(16, 64).fold("U", 0, 18),
    "heat in skewed tiles folded to 2": lambda: skewed_heat(16, 64).fold("U", 0, 2),
    "blur in tiles": lambda: (
        blur().tile("by", {"y": 32, "x": 128}, ["yo", "xo", "yi", "xi"]).compute_at("bx", "by", "xo")
    ),
    "blur slid": slid_blur,
    "blur slid, folded to 3": lambda: slid_blur().fold("bx", 0, 3),
    "blur slid, folded, strips in parallel": lambda: slid_blur().fold("bx", 0, 4).parallel("by", "yo"),
    "scan slid, folded to 2": lambda: scan().compute_at("H", "C", "y").store_root("H").fold("H", 0, 2),
    "packed matrix product": packed_matmul,
    "packed matrix product in parallel": lambda: packed_matmul().parallel("C", "t"),
    "packed copy folded to 4": lambda: packed_matmul().fold("Ap", 1, 4),
    "packed layout": lambda: matmul().layout("Ap", "i // 8", "q", "i % 8"),
    "sum in lanes": lambda: matmul().vector("acc", "q"),
}

ILLEGAL = {
    "rows of edit distance in parallel": (lambda: edit_distance().parallel("D", "i"), "race", {"m": 1, "n": 1}),
    "lanes of edit distance": (lambda: edit_distance().vector("D", "j"), "vector", {"m": 1, "n": 1}),
    "heat folded to 1": (lambda: heat().fold("U", 0, 1), "clobber", {"T": 1, "X": 3}),
    "heat in tiles without skew": (
        lambda: heat().tile("U", {"t": 16, "x": 64}, ["to", "xo", "ti", "xi"]), "order", {"T": 1, "X": 65},
    ),
    "heat in skewed tiles folded to 1": (lambda: skewed_heat(16, 64).fold("U", 0, 1), "clobber", {"T": 1, "X": 3}),
    "blur slid, folded to 2": (lambda: slid_blur().fold("bx", 0, 2), "clobber", {"h": 1, "w": 1}),
    "blur slid, rows in parallel": (lambda: slid_blur().parallel("by", "yi"), "race", {"h": 2, "w": 1}),
    "scan slid, folded to 1": (
        lambda: scan().compute_at("H", "C", "y").store_root("H").fold("H", 0, 1), "clobber", {"n": 1},
    ),
    "sum in parallel": (lambda: matmul().parallel("acc", "q"), "reduction", {"k": 2, "m": 1, "n": 1}),
    "packed copy folded to 2": (lambda: packed_matmul().fold("Ap", 1, 2), "clobber", {"k": 3, "m": 1, "n": 1}),
    "layout that loses an index": (lambda: matmul().layout("Ap", "i // 8", "q"), "clobber", {"k": 1, "m": 2, "n": 1}),
    "a result folded": (lambda: blur().fold("by", 0, 2), "clobber", {"h": 3, "w": 1}),
}  # fmt: skip


@pytest.mark.parametrize("name", LEGAL)
def test_legal(name):
    forget()
    assert judge(LEGAL[name]().arranged) is PROVED


@pytest.mark.parametrize("name", ILLEGAL)
def test_illegal(name):
    forget()
    plan, kind, sizes = ILLEGAL[name]
    found = refuted(plan())
    assert found.kind == kind
    assert found.witness is not None and dict(found.witness.sizes) == sizes


@pytest.mark.parametrize("name", ILLEGAL)
def test_answers_pickle_and_come_back_from_the_table(name):
    forget()
    plan = ILLEGAL[name][0]()
    first, again = judge(plan.arranged), judge(plan.arranged)
    assert first is again
    assert pickle.loads(pickle.dumps(first)) == first


# conditions


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("heat in tiles without skew", {"T <= 0", "X <= 64"}),
        ("rows of edit distance in parallel", {"n <= 0", "m <= 0"}),
        ("sum in parallel", {"m <= 0", "n <= 0", "k <= 1"}),
    ],
)
def test_the_condition_under_which_it_would_be_legal(name, condition):
    found = refuted(ILLEGAL[name][0]())
    assert set(text(found.condition).replace(" | ", " or ").split(" or ")) == condition


def test_a_condition_assumed_makes_it_legal():
    plan = line("y + n").parallel("R", "y").compute_at("P", "R", "y").store_root("P")
    assert legal(plan)
    overlapping = line("y // 2").parallel("R", "y").compute_at("P", "R", "y").store_root("P")
    assert refuted(overlapping).kind == "race"
    assert text(refuted(overlapping).condition) == "n <= 1"
    given = overlapping.program
    assumed = Program(
        given.sizes, (node("n <= 1"),), given.statements, given.shapes, given.inputs, given.outputs
    )
    assert legal(Plan(assumed, overlapping.stages))


# scope and placement


def two_readers():
    return Plan.of(
        program(
            ["n"],
            stage("P", "y", "0 <= y < n"),
            stage("A", "y", "0 <= y < n", [("P", "y")]),
            stage("B", "y", "0 <= y < n", [("P", "y"), ("A", "y")]),
            shapes={"P": "n", "A": "n", "B": "n"},
            outputs=["B"],
        )
    )


def test_scope_a_reader_outside():
    found = refuted(two_readers().compute_at("P", "B", "y"))
    assert found.kind == "scope" and found.tensor == "P" and found.place == ("B", "y")
    assert found.text == "A reads P outside loop y of B, in which it is stored"


def test_a_reader_outside_stands_too_early_for_storage_at_root():
    found = refuted(two_readers().compute_at("P", "B", "y").store_root("P"))
    assert (found.kind, found.witness.kind) == ("order", "flow")
    assert legal(two_readers().compute_at("P", "A", "y").store_root("P"))


def test_what_a_reader_outside_needs_must_be_made_inside():
    plan = Plan.of(
        program(
            ["n"],
            stage("P", "y", "0 <= y < n"),
            stage("A", "y", "0 <= y < n - 1", [("P", "y")]),
            stage("B", "y", "0 <= y < n", [("P", "y"), ("A", "0")]),
            shapes={"P": "n", "A": "n", "B": "n"},
            outputs=["B"],
        )
    ).compute_at("P", "A", "y").store_root("P")  # fmt: skip
    found = refuted(plan)
    assert found.kind == "missing"
    assert dict(found.witness.iterations[0].axes) == {"y": 0} and found.witness.element == (0,)
    assert dict(found.witness.sizes) == {"n": 1}


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (lambda: blur().compute_at("by", "bx", "y"), "by is a result"),
        (lambda: two_readers().compute_at("B", "A", "y"), "B is a result"),
        (lambda: blur().compute_at("bx", "by", "z"), "by has no loop z"),
        (
            lambda: blur().compute_at("bx", "by", "y").store_at("bx", "by", "x"),
            "not computed inside by's loop x",
        ),
        (lambda: blur().compute_at("bx", "bx", "y"), "inside itself"),
        (lambda: blur().store_at("bx", "by", "y"), "not computed inside by's loop y"),
    ],
)
def test_placement(plan, words):
    found = refuted(plan())
    assert found.kind == "placement" and words in found.text


def test_nothing_inside_reads_it():
    plan = two_readers().compute_at("A", "B", "y")
    assert legal(plan)
    found = refuted(Plan.of(program(
        ["n"],
        stage("P", "y", "0 <= y < n"),
        stage("A", "y", "0 <= y < n", [("P", "y")]),
        stage("B", "y", "0 <= y < n"),
        shapes={"P": "n", "A": "n", "B": "n"},
        outputs=["A", "B"],
    )).compute_at("P", "B", "y"))  # fmt: skip
    assert found.kind == "placement" and found.text == "no reader of P is inside loop y of B"


# lanes (P6)


def recurrence(*reads):
    index = [(f"y + {dy}, x + {dx}", f"0 <= y + {dy} < h and 0 <= x + {dx} < w") for dy, dx in reads]
    declared = stage("S", "y x", "0 <= y < h and 0 <= x < w", [("S", *each) for each in index])
    return Plan.of(program(["h", "w"], declared, shapes={"S": "h, w"}, outputs=["S"]))


def test_lanes_carry_no_flow_within_a_statement():
    assert refuted(recurrence((0, -1)).vector("S", "x")).kind == "vector"
    assert legal(recurrence((-1, -1)).vector("S", "x"))
    assert (
        refuted(recurrence((-1, -1)).skew("S", "x", "y", "w").reorder("S", "w", "y").vector("S", "w")).kind
        == "vector"
    )


def test_lanes_may_read_what_a_higher_lane_overwrites():
    """`S[y, x]` reads row y - 1 to its right, in one row of storage: lanes read before any writes."""
    one_row = recurrence((-1, 1)).fold("S", 0, 1)
    given = one_row.program
    last = stage("R", "x", "0 <= x < w", [("S", "h - 1, x")])
    declared = Program(
        given.sizes,
        (node("h >= 1"),),
        (*given.statements, *last),
        (*given.shapes, ("R", (node("w"),))),
        (),
        ("R",),
    )
    plan = Plan.of(declared).fold("S", 0, 1)
    assert legal(plan)
    assert legal(plan.vector("S", "x"))
    assert refuted(plan.parallel("S", "x")).witness.kind == "anti"


def test_between_statements_the_source_must_stand_first():
    """P slides along the lanes of R: a lane reads what lower lanes made, whose statement stands first."""
    plan = line("y + 1").compute_at("P", "R", "y").store_root("P")
    assert legal(plan.vector("R", "y"))
    later = scan().compute_at("H", "C", "y").store_root("H")
    assert refuted(later.vector("C", "y")).kind == "vector"


def test_two_adjacent_lane_loops_are_one_group():
    plan = (
        blur()
        .split("by", "y", 4, ("y", "yv"))
        .split("by", "x", 4, ("x", "xv"))
        .reorder("by", "y", "x", "yv", "xv")
    )
    assert legal(plan.vector("by", "yv", "xv"))
    diagonal = recurrence((-1, 1)).split("S", "y", 2, ("y", "yv")).split("S", "x", 2, ("x", "xv"))
    diagonal = diagonal.reorder("S", "y", "x", "yv", "xv")
    assert refuted(diagonal.vector("S", "yv", "xv")).kind in ("vector", "order")


# reductions


def test_init_and_finish_have_loops_that_must_be_safe_too():
    plan = matmul(finish=[]).reorder("acc", "q", "i", "j")
    assert legal(plan.parallel("acc", "i"))
    assert legal(plan.vector("acc", "j"))
    assert refuted(plan.parallel("acc", "q")).kind == "reduction"


def test_a_promoted_loop_may_not_share_elements_between_lanes():
    plan = matmul().promote("acc", "q")
    assert legal(plan)
    assert refuted(plan.vector("acc", "q")).kind == "promote"
    assert legal(matmul().promote("acc", "j").reorder("acc", "i", "q", "j").vector("acc", "j"))


def test_empty_reductions_have_a_value():
    plan = Plan.of(
        program(
            ["n", "k"],
            stage("s", "y q", "0 <= y < n and 0 <= q < k", over="q"),
            stage("r", "y", "0 <= y < n", [("s", "y")]),
            shapes={"s": "n", "r": "n"},
            outputs=["r"],
        )
    ).compute_at("s", "r", "y")
    assert legal(plan)
    judgement = verdict.Judgement(plan.arranged, quick=False)
    assert all(answer is PROVED for answer in judgement.answers())


def test_a_skew_by_the_reduction_parts_init_and_update():
    plan = matmul().skew("acc", "j", "q", "w").reorder("acc", "i", "w", "q")
    assert isinstance(judge(plan.arranged), Proved | Refuted)


# fused loops


def test_parallel_over_a_fused_loop_and_its_chunks():
    plan = matmul().fuse("C", "i", "j", "t")
    assert legal(plan.parallel("C", "t"))
    chunks = plan.split("C", "t", 16, ("t", "tc"))
    assert legal(chunks.parallel("C", "t"))
    assert legal(chunks.compute_at("acc", "C", "tc"))
    found = judge(chunks.compute_at("acc", "C", "t").arranged)
    assert isinstance(found, Unknown) and "fused" in found.access


def test_parallel_loops():
    assert parallel_loops(skewed_heat(16, 64).arranged, "U") == ("xi",)
    assert parallel_loops(packed_matmul().arranged, "acc") == ("i", "j")
    assert parallel_loops(wavefront().arranged, "D") == ("i",)


# what cannot be decided


def gather(range_of=None):
    """`R[y] = P[index(y)]`, the index opaque, perhaps with a declared range."""
    declared = line("y").program
    made, reader = declared.statements
    opaque = ((0, *map(node, range_of)),) if range_of else ()
    read = Access("P", (None,), (), opaque, "P[index[y]]")
    changed = stage("R", "y", "0 <= y < n")[0]
    changed = type(reader)(changed.name, "R", "assign", ("y",), changed.domain, (read,), reader.writes)
    return Plan.of(Program(declared.sizes, (), (made, changed), declared.shapes, (), ("R",)))


def test_an_opaque_read_is_fine_where_the_whole_range_is_ready():
    assert legal(gather())
    assert legal(gather(("0", "3")).compute_at("P", "R", "y"))


def test_an_opaque_read_that_may_be_wrong_is_unknown():
    found = judge(gather(("0", "n")).fold("P", 0, 2).arranged)
    assert isinstance(found, Unknown)
    assert found.access == "P[index[y]]" and "range=" in found.fact and found.tensor == "P"


def test_a_domain_that_is_not_affine_is_unknown():
    plan = Plan.of(
        program(
            ["n", "m"],
            stage("P", "y", "0 <= y < n and y * m < n", [("P", "y - 1", "y > 0")]),
            shapes={"P": "n"},
            outputs=["P"],
        )
    )
    found = judge(plan.arranged)
    assert isinstance(found, Unknown) and found.access == "y * m"


def test_too_large_is_unknown(monkeypatch):
    forget()
    monkeypatch.setattr(isl, "UNIT_BUDGET", 1000)
    monkeypatch.setattr(isl.budget.__wrapped__, "__defaults__", (1000, None))
    found = judge(slid_blur().fold("bx", 0, 3).arranged)
    forget()
    assert isinstance(found, Unknown) and "too large" in found.fact


# tables and threads


def test_marks_and_other_stages_do_not_ask_again(monkeypatch):
    forget()
    plan = slid_blur().fold("bx", 0, 4)
    assert legal(plan)
    asked = []
    answered = verdict.Judgement._answered
    monkeypatch.setattr(
        verdict.Judgement,
        "_answered",
        lambda self, tensor, *rest: (asked.append(tensor), answered(self, tensor, *rest))[1],
    )
    assert legal(plan)
    assert legal(plan.parallel("by", "yo"))
    assert not asked
    assert legal(plan.split("bx", "x", 16))
    assert set(asked) == {"bx"}


def test_many_threads_agree():
    forget()
    plans = [make() for make, _, _ in ILLEGAL.values()] + [make() for make in LEGAL.values()]
    want = [judge(plan.arranged) for plan in plans]
    forget()
    results = []

    def work():
        results.append([judge(plan.arranged) for plan in plans])

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [want] * 3


def test_reads_merge_whatever_their_number():
    reads = [("bx", f"y + {dy}, x + {dx}") for dy in range(3) for dx in range(3)]
    plan = Plan.of(
        program(
            ["h", "w"],
            stage("bx", "y x", "0 <= y < h + 2 and 0 <= x < w + 2"),
            stage("by", "y x", "0 <= y < h and 0 <= x < w", reads),
            shapes={"bx": "h + 2, w + 2", "by": "h, w"},
            outputs=["by"],
        )
    )
    judgement = verdict.Judgement(plan.arranged)
    reader = judgement.copies.tree.statements["by"]
    assert judgement.copies.flow.read(reader, "bx").n_basic_map() == 1
