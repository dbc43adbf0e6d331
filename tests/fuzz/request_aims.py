"""Requests aimed at one stratum: a small program, and a schedule of it under which a primitive is often wrong for a kind of
stage, or right where that is rare.

In: dice and the number of a case. Out: a `RequestProgram` whose `asks` come first. Strata take turns, so that a run of any
length asks about each of them equally often, and what a case asks follows from its number alone.

P reads the input A, S reads P across rows and columns, T reads S, and V, where there is one, too.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import combinations

from tests.fuzz.request_programs import KINDS, PLACES, RequestProgram, stage_lines

SUMS = ("reduction", "update")
NOT_UPDATE = ("pure", "reduction", "recurrence")
PAIRS = tuple(combinations(PLACES, 2))
ROWS = tuple(pair for pair in PAIRS if len({place.split(",")[0] for place in pair}) == 1)
"""Places in one row: the next tile of rows begins before the last one has ended."""
DIAGONALS = tuple(
    pair
    for pair in PAIRS
    if "{i} + " in "".join(pair) and "{j} + " in "".join(pair) and "{i} + 1, {j} + 1" not in pair
)
"""Places down one row and on by columns in the other: what comes first changes with the direction."""
STEPS = tuple(pair for pair in PAIRS if "{i} + 1" in "".join(pair) and pair not in ROWS)
"""Places in neighbouring rows."""
WITHOUT_HARM = (
    '.peel("S", "{j}", first=1)', '.unroll("S", "{j}")', '.stream("S")', '.prefetch("S", "P", "{j}", 1)',
    '.split("S", "{j}", 2)',
)  # fmt: skip
"""What is legal everywhere."""
EVERY = 2
"""One case of so many is aimed."""


@dataclass(frozen=True, slots=True)
class Aim:
    """How a stratum is asked: where P, S and T stand before (`_begin`), and what is asked of the stage of the kind.

    {i} and {j} are loops of S, {f} is a factor.
    """

    primitive: str
    situations: tuple[str, ...]
    asks: tuple[str, ...]
    kinds: tuple[str, ...] = KINDS
    of: str = "S"
    places: tuple[tuple[str, str], ...] = PAIRS


AIMS = (
    Aim("skew", ("folded",), tuple(f'.skew("S", "{{i}}", by="{{j}}", into="q", factor={by})' for by in (1, -1, 2))),
    Aim("reverse", ("folded inside",), ('.reverse("S", "{i}")', '.reverse("S", "{j}")'), places=DIAGONALS),
    Aim("reorder", ("ahead", "folded"), ('.reorder("S", "{j}", "{i}")',)),
    Aim("tile", ("folded rows",), ('.tile("S", {{"{i}": 2, "{j}": 2}})',), places=ROWS),
    Aim("vectorize", ("ahead", "folded"), ('.vectorize("S", "{i}", {f})', '.vectorize("S", "{j}", {f})')),
    Aim("parallel", ("ahead", "folded"), ('.parallel("S", "{i}")', '.parallel("S", "{j}")')),
    Aim("compute_root", ("beside",), ('.compute_root("S")',)),
    Aim("cache_read", ("inside", "plain"), ('.cache_read("P", "S", name="c")',), of="P"),
    Aim("cache_write", ("inside", "inside", "plain"), ('.cache_write("S", name="w")',)),
    Aim("clone", ("inside", "plain"), ('.clone("S", "V", name="c")',)),
    Aim("hoist", ("inside",), ('.hoist("S", "{j}", name="h")',), NOT_UPDATE),
    Aim("rfactor", ("inside", "beside", "plain"), ('.rfactor("S", "k0", name="r")', '.rfactor("S", "z", name="r")'), SUMS),
    Aim("store_at", ("stored inside",), ('.store_at("P", "S", "o")',), NOT_UPDATE, "P", STEPS),
    Aim("store_at", ("terms outside",), ('.store_at("P", "S", "k0")', '.store_at("P", "S", "{i}")'), ("update",), "P"),
    Aim("store_root", ("threads", "stored inside"), ('.store_root("P")',), NOT_UPDATE, "P"),
    Aim("separate", ("split",), ('.separate("S", "o")', *WITHOUT_HARM)),
    Aim("inline", ("plain",), ('.inline("P")',), ("pure",), "P"),
)  # fmt: skip
STRATA = tuple((aim, kind) for aim in AIMS for kind in aim.kinds)
"""Those of which random requests hold few illegal ones, or few legal ones."""


def draw_aimed_program(dice: random.Random, number: int) -> RequestProgram:
    """The program of a case that is aimed: its stratum is that of its number."""
    aim, kind = STRATA[number // EVERY % len(STRATA)]
    return aimed(dice, aim, kind)


def aimed(dice: random.Random, aim: Aim, kind: str) -> RequestProgram:
    """A program for one stratum."""
    rows, columns = dice.choice([2, 3, 4]), dice.choice([2, 3, 3, 4])
    situation = dice.choice(aim.situations)
    kinds = {name: kind if name == aim.of else dice.choice(KINDS) for name in "PS"}
    kinds |= {"S": "reduction"} if situation == "terms outside" else {}
    lines = [f'A = td.placeholder("A", ({rows + 2}, {columns + 2}), "int32")']
    lines += stage_lines(dice, "P", kinds["P"], "A", (rows + 2, columns + 2), ["A[{i}, {j}]"])
    lines += _read_across(dice, aim, kinds["S"], (rows, columns))
    lines.append(f'T = td.compute("T", ({rows}, {columns}), lambda i, j: S[i, j] + {dice.choice([1, 2])})')
    if aim.primitive == "clone":
        lines.append(
            f'V = td.compute("V", ({rows}, {columns}), lambda i, j: S[i, j] * {dice.choice([2, 3])})'
        )
    outputs = ("T", "V") if aim.primitive == "clone" else ("T",)
    loops = ("x", "y") if kinds["S"] == "update" else ("i", "j")
    words = {"i": loops[0], "j": loops[1], "f": dice.choice([2, 2, 3])}
    begin = _begin(dice, situation, loops, "xy" if kinds["P"] == "update" else "ij")
    return RequestProgram("\n".join(lines), outputs, begin, tuple(ask.format(**words) for ask in aim.asks))


def _read_across(dice: random.Random, aim: Aim, kind: str, shape: tuple[int, int]) -> list[str]:
    """S, which reads P at two places; with a part that its inner loop does not change, where one is hoisted."""
    reads = [f"P[{place}]" for place in dice.choice(aim.places)]
    if aim.primitive == "hoist":
        reads.append("P[{i}, 0] * P[{i} + 1, 1]")
    start = "D" if kind == "update" and dice.random() < 0.7 else "A"
    given = [f'D = td.placeholder("D", {shape}, "int32")'] if start == "D" else []
    return [*given, *stage_lines(dice, "S", kind, start, shape, reads, again=aim.primitive == "rfactor")]


def _begin(dice: random.Random, situation: str, loops: tuple[str, str], dims: str) -> tuple[str, ...]:
    """Directives that bring a situation about; of folds the first that is legal is the shortest circle. dims: those of P."""
    i, j = loops
    dim = dice.choice([dims[0], dims[0], dims[1]])
    folds = [f'.fold("P", "{dim}", {count})' for count in (1, 2, 3)]
    match situation:
        case "folded":  # P kept outside of the loop that makes it, in a circle
            return ('.store_root("P")', f'.compute_at("P", "S", "{dice.choice(loops)}")', *folds)
        case "folded inside":
            return ('.store_root("P")', f'.compute_at("P", "S", "{j}")', *folds)
        case "folded rows":
            rows = [f'.fold("P", "{dims[0]}", {count})' for count in (1, 2)]
            return ('.store_root("P")', f'.compute_at("P", "S", "{dice.choice(loops)}")', *rows)
        case "terms outside":  # what stands around a sum is outside of the loop over its terms
            return ('.reorder("S", "k0", "i", "j")',)
        case "plain":
            return ()
        case "split":
            return (f'.split("S", "{i}", 2, into=("o", "n"))',)
        case "stored inside":  # the circle begins anew in each iteration of a loop that stands in others
            inside = (f'.compute_at("P", "S", "{j}")', '.store_at("P", "S", "n")')
            columns = [f'.fold("P", "{dims[1]}", {count})' for count in (1, 2, 3)]
            return (f'.split("S", "{i}", 2, into=("o", "n"))', *inside, *columns)
        case "ahead":  # T in the loops of S, a row later and a column earlier
            shifts = ('.shift("T", "i", 1)', '.shift("T", "j", -1)')
            return (*shifts, f'.compute_with("T", "S", "{j}", align={{"i": "{i}", "j": "{j}"}})')
        case "beside":  # P and S in a loop of T
            loop = dice.choice("ij")
            return (
                f'.compute_at("S", "T", "{loop}")',
                f'.compute_at("P", "T", "{dice.choice(["i", loop])}")',
            )
        case "threads":
            loop = dice.choice(loops)
            return (f'.compute_at("P", "S", "{loop}")', f'.parallel("S", "{dice.choice([i, loop])}")')
        case _:
            return (f'.compute_at("P", "S", "{dice.choice([i, j, j])}")',)
