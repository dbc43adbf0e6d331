"""What is known while directives are drawn, and the choices they share: a stage, a loop, a factor, a place.

In: dice and a schedule. Out: names and the texts of arguments, mostly ones that can be meant.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile

import tdsl as td

TAILS = ("guard", "mask", "peel", "shift", "pad")
SCOPES = ("heap", "stack", "register")


@dataclass(frozen=True, slots=True)
class Instruction:
    """What `tensorize` may be asked for: a sum of `terms` products of two factors, in so many lanes."""

    name: str
    factors: tuple[str, str]
    lanes: tuple[int, ...]
    terms: int


INSTRUCTIONS = {
    "avx512vnni": (
        Instruction("vpdpbusd", ("uint8", "int8"), (4, 4, 8, 16), 4),
        Instruction("vpdpwssd", ("int16", "int16"), (4, 4, 8, 16), 2),
    ),
    "avxvnniint8": (
        Instruction("vpdpbssd", ("int8", "int8"), (4, 8), 4),
        Instruction("vpdpbuud", ("uint8", "uint8"), (4, 8), 4),
    ),
    "dotprod": (
        Instruction("sdot", ("int8", "int8"), (4,), 4),
        Instruction("udot", ("uint8", "uint8"), (4,), 4),
    ),
    "i8mm": (Instruction("usdot", ("uint8", "int8"), (4,), 4),),
}
"""Those with one data dim, by what a target needs for them; lanes that are seldom whole are seldom."""


@dataclass(slots=True)
class Drawing:
    """What is known while directives are drawn for one schedule."""

    dice: random.Random
    sizes: tuple[str, ...] = ()
    """Names of the sizes that an `assume` may speak of."""
    factors: tuple[int, ...] = (1, 2, 2, 3, 4, 4, 5, 8, 16)
    widths: tuple[int, ...] = (2, 4, 4, 8, 8, 16, 3, 5, 7)
    count: int = 0
    planned: list[str] = field(default_factory=list[str])
    """Directives that come next, whatever is drawn: several with one purpose."""


def some_stage(drawing: Drawing, schedule: td.Schedule) -> str:
    """Any stage."""
    return drawing.dice.choice(schedule.stages())


def some_axis(drawing: Drawing, schedule: td.Schedule, stage: str) -> str:
    """A loop of a stage."""
    return drawing.dice.choice(schedule.axes(stage) or ("i",))


def some_factor(drawing: Drawing) -> str:
    """A number of iterations, now and then a knob."""
    value = drawing.dice.choice(drawing.factors)
    if drawing.dice.random() < 0.05:
        return f'td.knob("t{drawing.count}", [{value}, {value + 1}], default={value})'
    return str(value)


def some_width(drawing: Drawing) -> str:
    """A number of lanes."""
    return str(drawing.dice.choice(drawing.widths))


def some_tail(drawing: Drawing, chance: float = 0.45) -> str:
    """A named tail, or none."""
    return f', tail="{drawing.dice.choice(TAILS)}"' if drawing.dice.random() < chance else ""


def quoted(names: Sequence[str]) -> str:
    """Names as arguments."""
    return ", ".join(f'"{name}"' for name in names)


def some_producer(drawing: Drawing, schedule: td.Schedule) -> str:
    """A stage that another one reads."""
    stages = schedule.stages()
    return drawing.dice.choice(stages[:-1] or stages)


def some_place(drawing: Drawing, schedule: td.Schedule) -> tuple[str, str, str]:
    """A producer and a loop, mostly of a reader of it, else of any later stage."""
    stages = schedule.stages()
    stage = some_producer(drawing, schedule)
    later = stages[stages.index(stage) + 1 :] or stages
    readers = [name for name in later if stage in schedule.reads(name)]
    host = drawing.dice.choice(readers if readers and drawing.dice.random() < 0.7 else later)
    return stage, host, some_axis(drawing, schedule, host)


def some_reducing(drawing: Drawing, schedule: td.Schedule) -> str:
    """A stage that reduces, where there is one."""
    stages = [name for name in schedule.stages() if schedule.reduce_axes(name)]
    return drawing.dice.choice(stages or schedule.stages())


def instructions(schedule: td.Schedule, stage: str) -> list[Instruction]:
    """Those of the schedule's target that multiply what a stage sums products of."""
    facts = schedule.describe(stage)
    if not facts.products or facts.dtype not in ("int32", "uint32"):
        return []
    declared = schedule.outputs[0].text(*schedule.outputs[1:])
    dtypes = [_dtype(schedule, declared, read.tensor) for read in facts.reads]
    known = (given for feature, given in INSTRUCTIONS.items() if feature in schedule.target.feature_set)
    return [one for given in known for one in given if all(dtype in dtypes for dtype in one.factors)]


def _dtype(schedule: td.Schedule, declared: str, tensor: str) -> str:
    """Of a stage or an input."""
    if tensor in schedule.stages():
        return schedule.describe(tensor).dtype
    found = re.search(rf"^input {tensor}: (\w+)", declared, re.MULTILINE)
    return found[1] if found else "float32"


def some_instruction(drawing: Drawing, schedule: td.Schedule, stage: str) -> str:
    """The name of an instruction that fits a stage; any, where none does."""
    names = [one.name for one in instructions(schedule, stage)]
    return drawing.dice.choice(names or ["vpdpbusd", "sdot"])


def some_pair(drawing: Drawing, schedule: td.Schedule) -> tuple[str, str, str, str]:
    """Two stages, a loop of the second, and sometimes names to align."""
    stages = schedule.stages()
    stage, host = (drawing.dice.sample(stages, 2) if len(stages) > 1 else (*stages, *stages))[:2]
    common = list(takewhile(lambda axis: axis in schedule.axes(stage), schedule.axes(host)))
    if common and drawing.dice.random() < 0.9:
        axis = drawing.dice.choice(common)
    else:
        axis = some_axis(drawing, schedule, host)
    align = ""
    if drawing.dice.random() < 0.15:
        align = f', align={{"{some_axis(drawing, schedule, stage)}": "{some_axis(drawing, schedule, host)}"}}'
    return stage, host, axis, align
