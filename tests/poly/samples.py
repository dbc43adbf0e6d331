"""Programs of the feasibility study and arrangements of them with their verdicts, for the tests of poly."""

from __future__ import annotations

from tdsl.poly.answers import PROVED, Refuted
from tdsl.poly.verdict import judge
from tests.poly.programs import Plan, program, stage


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


def recurrence(*reads):
    index = [(f"y + {dy}, x + {dx}", f"0 <= y + {dy} < h and 0 <= x + {dx} < w") for dy, dx in reads]
    declared = stage("S", "y x", "0 <= y < h and 0 <= x < w", [("S", *each) for each in index])
    return Plan.of(program(["h", "w"], declared, shapes={"S": "h, w"}, outputs=["S"]))


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
