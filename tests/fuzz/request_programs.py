"""Programs to ask legality about: any small one; or stages of each kind that read a producer across rows and columns.

In: dice. Out: (declarations as text, names of the outputs). Across rows and columns the order of the loops matters
once the producer is kept in a circle, which chains of random stages hardly ever bring about.
"""

from __future__ import annotations

import random

from tests.support.draw_programs import draw_small_program

CROSSING = 0.4
"""Share of the programs that read across."""
KINDS = ("pure", "reduction", "recurrence", "update")
PLACES = ("{i}, {j}", "{i}, {j} + 1", "{i} + 1, {j}", "{i} + 1, {j} + 1", "{i}, {j} + 2", "{i} + 2, {j}")


def draw_request_program(dice: random.Random) -> tuple[str, tuple[str, ...]]:
    """A program of constant sizes, small enough to list its iterations."""
    if dice.random() < CROSSING:
        return _crossing(dice)
    program = draw_small_program(dice)
    return program.source(), program.outputs


def _crossing(dice: random.Random) -> tuple[str, tuple[str, ...]]:
    """A, P of it, S that reads P across, and two stages that read S: P and S of any kinds."""
    rows, columns = dice.choice([2, 3, 4]), dice.choice([2, 3, 4])
    lines = [f'A = td.placeholder("A", ({rows + 2}, {columns + 2}), "int32")']
    lines += _stage(dice, "P", dice.choice(KINDS), "A", (rows + 2, columns + 2), ["A[{i}, {j}]"])
    reads = [f"P[{place}]" for place in dice.sample(PLACES, dice.choice([1, 2, 2, 3]))]
    if dice.random() < 0.3:
        reads.append(
            dice.choice(
                ["P[{i}, 0] * P[{i} + 1, 1]", "A[{i}, 0] * A[{i} + 1, 1]", "P[0, {j}] * P[1, {j} + 1]"]
            )
        )
    kind = dice.choice(KINDS)
    start = "D" if dice.random() < 0.7 else "A"
    if kind == "update" and start == "D":
        lines.append(f'D = td.placeholder("D", ({rows}, {columns}), "int32")')
    lines += _stage(dice, "S", kind, start, (rows, columns), reads)
    lines.append(f'T = td.compute("T", ({rows}, {columns}), lambda i, j: S[i, j] + {dice.choice([1, 2])})')
    if dice.random() < 0.5:
        return "\n".join(lines), ("T",)
    other = dice.choice(["S[i, j] * 2 + P[i, j + 1]", "S[i, j] * 2", "T[i, j] - S[i, j]"])
    lines.append(f'V = td.compute("V", ({rows}, {columns}), lambda i, j: {other})')
    return "\n".join(lines), ("T", "V")


def _stage(
    dice: random.Random, name: str, kind: str, base: str, shape: tuple[int, int], reads: list[str]
) -> list[str]:
    """A stage of a kind over (i, j)."""
    i, j = ("x", "y") if kind == "update" else ("i", "j")
    value = " + ".join(reads).format(i=i, j=j)
    match kind:
        case "pure":
            return [f'{name} = td.compute("{name}", {shape}, lambda i, j: {value} - 1)']
        case "reduction":
            last = reads[0].format(i=i, j=j) if dice.random() < 0.5 else value
            terms = f"td.sum({last} * (k0 + 1), over=k0)".replace("(k0 + 1)", 'td.cast(k0 + 1, "int32")')
            around = "" if dice.random() < 0.5 else f" + {value}"
            return [
                'k0 = td.reduce_axis("k0", 2)',
                f'{name} = td.compute("{name}", {shape}, lambda i, j: {terms}{around})',
            ]
        case "recurrence":
            own = dice.choice([f"td.where(i > 0, {name}[i - 1, j], 0)", f"td.where(j > 0, {name}[i, j - 1], 1)",
                               f"td.where(td.all(i > 0, j + 1 < {shape[1]}), {name}[i - 1, j + 1], 2)"])  # fmt: skip
            return [
                f'{name} = td.recurrence("{name}", {shape}, lambda {name}, i, j: {own} + {value}, dtype="int32")'
            ]
        case _:
            axes = [f'{axis} = td.axis("{axis}", {extent})' for axis, extent in zip("xy", shape)]
            own = dice.choice([f"{name}[x, y]", f"{name}[x, y]", f"{name}[x, y] + td.where(x > 0, {name}[x - 1, y], 0)",
                               f"{name}[x, y] * td.where(y > 0, {name}[x, y - 1], 1)"])  # fmt: skip
            over, start = (
                dice.choice(["(x, y)", "(x, y)", "(y, x)"]),
                f"{name}0" if base == "A" and name == "S" else base,
            )
            begin = (
                [] if start == base else [f'{start} = td.compute("{start}", {shape}, lambda i, j: A[i, j])']
            )
            return [
                *axes,
                *begin,
                f'{name} = td.update("{name}", {start}, over={over}, at=(x, y), value=lambda {name}: {own} + {value})',
            ]
