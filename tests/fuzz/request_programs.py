"""Programs to ask legality about: any small one; or stages of each kind that read a producer across rows and columns.

In: dice. Out: a `RequestProgram`. Across rows and columns the order of the loops matters once the producer is kept in a
circle, which chains of random stages hardly ever bring about; so these come with a schedule that begins in such a way.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.support.draw_programs import draw_small_program

CROSSING = 0.3
"""Share of the programs that read across."""
KINDS = ("pure", "reduction", "recurrence", "update")
PLACES = ("{i}, {j}", "{i}, {j} + 1", "{i} + 1, {j}", "{i} + 1, {j} + 1", "{i}, {j} + 2", "{i} + 2, {j}")


@dataclass(frozen=True, slots=True)
class RequestProgram:
    """source: declarations as text. outputs: names. begin: directives tried first; those that are refused are left out.

    asks: what is asked of the schedule then, each of that one alone.
    """

    source: str
    outputs: tuple[str, ...]
    begin: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()


def draw_request_program(dice: random.Random) -> RequestProgram:
    """A program of constant sizes, small enough to list its iterations."""
    if dice.random() < CROSSING:
        source, outputs, last = _crossing(dice)
        return RequestProgram(source, outputs, _begun(dice, last))
    program = draw_small_program(dice)
    return RequestProgram(program.source(), program.outputs)


def _begun(dice: random.Random, last: tuple[str, str]) -> tuple[str, ...]:
    """P kept outside of the loop of S that makes it, in as short a circle as is legal; or made in T beside S; or neither.

    last: the loops of S.
    """
    style = dice.random()
    axis = dice.choice([*last, last[1]])
    if style < 0.6:
        steps = [f'.store_root("P").compute_at("P", "S", "{axis}")']
        if dice.random() < 0.9:
            dims = dice.choice(["ix", "jy"])  # those of an update are x and y
            steps += [
                f'.fold("P", "{dim}", {count})' for count in (1, 2, 3) for dim in dims
            ]  # one is taken at most
        return tuple(steps)
    if style < 0.73:
        inner, outer = last[1], last[0]
        beside = dice.choice([inner, outer])
        return (f'.compute_at("P", "S", "{beside}")', f'.parallel("S", "{beside}")')
    if style < 0.9:
        loop = dice.choice("ij")
        return (
            f'.compute_at("S", "T", "{loop}")',
            f'.compute_at("P", "T", "{loop}")',
            *['.store_root("P")'] * (dice.random() < 0.5),
        )
    return ()


def _crossing(dice: random.Random) -> tuple[str, tuple[str, ...], tuple[str, str]]:
    """A, P of it, S that reads P across, and two stages that read S: P and S of any kinds."""
    rows, columns = dice.choice([2, 3, 4]), dice.choice([2, 3, 4])
    lines = [f'A = td.placeholder("A", ({rows + 2}, {columns + 2}), "int32")']
    lines += stage_lines(dice, "P", dice.choice(KINDS), "A", (rows + 2, columns + 2), ["A[{i}, {j}]"])
    reads = [f"P[{place}]" for place in dice.sample(PLACES, dice.choice([1, 2, 2, 3]))]
    if dice.random() < 0.45:
        reads.append(
            dice.choice(
                ["P[{i}, 0] * P[{i} + 1, 1]", "A[{i}, 0] * A[{i} + 1, 1]", "P[0, {j}] * P[1, {j} + 1]"]
            )
        )
    kind = dice.choice((*KINDS, "reduction"))
    start = "D" if dice.random() < 0.7 else "A"
    if kind == "update" and start == "D":
        lines.append(f'D = td.placeholder("D", ({rows}, {columns}), "int32")')
    lines += stage_lines(dice, "S", kind, start, (rows, columns), reads)
    lines.append(f'T = td.compute("T", ({rows}, {columns}), lambda i, j: S[i, j] + {dice.choice([1, 2])})')
    loops = ("x", "y") if kind == "update" else ("i", "j")
    if dice.random() < 0.5:
        return "\n".join(lines), ("T",), loops
    other = dice.choice(["S[i, j] * 2 + P[i, j + 1]", "S[i, j] * 2", "S[i, j] * 3", "T[i, j] - S[i, j]"])
    lines.append(f'V = td.compute("V", ({rows}, {columns}), lambda i, j: {other})')
    return "\n".join(lines), ("T", "V"), loops


def stage_lines(
    dice: random.Random,
    name: str,
    kind: str,
    base: str,
    shape: tuple[int, int],
    reads: list[str],
    *,
    again: bool = False,
) -> list[str]:
    """A stage of a kind over (i, j). again: an update adds to each element several times."""
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
            lines = [
                f'{name} = td.recurrence("{name}", {shape}, lambda {name}, i, j: {own} + {value}, dtype="int32")'
            ]
            if dice.random() < 0.35:
                term = dice.choice([f"td.where(k1 < j, {name}[i, k1], 0)", f"td.where(k1 < i, {name}[k1, j], 0)",
                                    f"({value}) * td.cast(k1 + 1, 'int32')"])  # fmt: skip
                lines = [
                    'k1 = td.reduce_axis("k1", 2)', lines[0].replace(f"{own} + ", f"{own} + td.sum({term}, over=k1) + ", 1)
                ]  # fmt: skip
            return lines
        case _:
            axes = [f'{axis} = td.axis("{axis}", {extent})' for axis, extent in zip("xy", shape)]
            own = dice.choice([f"{name}[x, y]", f"{name}[x, y]", f"{name}[x, y] + td.where(x > 0, {name}[x - 1, y], 0)",
                               f"{name}[x, y] * td.where(y > 0, {name}[x, y - 1], 1)"])  # fmt: skip
            if dice.random() < 0.3:
                inside, terms = _inner_sum(dice, name)
                axes.append(inside)
                own = f"{own} + {terms}"
            own = f"{name}[x, y]" if again else own
            again = again or dice.random() < 0.35
            own = f"{name}[x, y]" if again and dice.random() < 0.7 else own
            over = "(z, x, y)" if again else dice.choice(["(x, y)", "(x, y)", "(y, x)"])
            axes += ['z = td.axis("z", 2)'] * again
            start = f"{name}0" if base == "A" and name == "S" else base
            begin = (
                [] if start == base else [f'{start} = td.compute("{start}", {shape}, lambda i, j: A[i, j])']
            )
            return [
                *axes,
                *begin,
                f'{name} = td.update("{name}", {start}, over={over}, at=(x, y), value=lambda {name}: {own} + {value})',
            ]


def _inner_sum(dice: random.Random, name: str) -> tuple[str, str]:
    """A reduction in the value of an update over (x, y), of its own elements: its axis, and the sum."""
    bounds = dice.choice(["2", "2", "(0, y)", "(0, x)", "(0, td.minimum(x, y))", "(0, td.minimum(y + 1, 2))"])
    term = dice.choice([f"{name}[x, k1]", f"{name}[x, k1] * {name}[0, y]"])
    if bounds in ("(0, td.minimum(x, y))", "2", "(0, x)") and dice.random() < 0.7:
        term = dice.choice([f"{name}[k1, y]", f"{name}[k1, y] * {name}[x, 0]"])
        if bounds != "(0, x)":
            term = f"{name}[x, k1] * {name}[k1, y]"
    return f'k1 = td.reduce_axis("k1", {bounds})', f"td.sum({term}, over=k1)"
