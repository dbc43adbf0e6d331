"""The rows of the table of legality, asked of TVM (its schedules of s_tir blocks, loops declared spatial as authors do)."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from tests.support.traps import Answer, Row


def ask(row: Row) -> Answer:
    """What TVM answers; what it accepts is compiled and run, but for what would race."""
    kind, *loops = row.request
    if kind == "wavefront":
        return "no such directive"
    tvm: Any = importlib.import_module("tvm")
    s_tir, script = importlib.import_module("tvm.s_tir"), importlib.import_module("tvm.script")
    schedule = s_tir.Schedule(script.from_source(_text(row)))
    named = dict(zip(row.names, schedule.get_loops(schedule.get_sblock("U")), strict=True))
    try:
        _asked(schedule, kind, [named[loop] for loop in loops])
    except s_tir.ScheduleError:
        return "refused"
    if not row.legal and kind in ("parallel", "vectorize"):
        return "accepted"
    array = row.input()
    given = tvm.runtime.tensor(array)
    tvm.compile(schedule.mod, target="llvm")["main"](given)
    return "accepted" if np.array_equal(given.numpy(), row.expected(array)) else "accepted, wrong result"


def _text(row: Row) -> str:
    """The row as TVMScript; bounds that depend on loops as a condition."""
    size = row.constants["n"]
    extents, late = [], []
    for name, first, end in row.loops:
        try:
            low, high = (eval(bound, {}, {"n": size}) for bound in (first, end))
        except NameError:
            low, high = 0, size
            late.append(f"{name} >= {first}")
        extents.append((name, low, high))
    ranges = ", ".join(str(high - low) for _, low, high in extents)
    axes = ", ".join(f"{name}_" for name, _, _ in extents)
    own = "\n".join(
        f"            {name} = T.axis.spatial(({low}, {high}), {name}_ + {low})"
        for name, low, high in extents
    )
    conditions = [_looped(condition, row) for condition in late]
    both = conditions[0] if len(conditions) == 1 else f"T.And({', '.join(conditions)})"
    where = f"            T.where({both})\n" if conditions else ""
    array = f'A: T.Buffer({row.shape}, "int64")'
    value = _constants(row.value, size).replace("] + r", "] + T.Cast('int64', r)")
    if value.endswith("] + 1"):
        value = value[: -len("1")] + "T.int64(1)"
    grid = f"T.grid({ranges})" if len(extents) > 1 else f"T.serial({ranges})"
    return (
        f"@T.prim_func(s_tir=True)\ndef main({array}):\n    for {axes} in {grid}:\n        with T.sblock('U'):\n"
        f"{own}\n{where}            A[{_constants(row.at, size)}] = {value}\n"
    )


def _constants(text: str, size: int) -> str:
    return " ".join(str(size) if word == "n" else word for word in text.split(" "))


def _looped(condition: str, row: Row) -> str:
    return " ".join(f"{word}_" if word in row.names else word for word in condition.split(" "))


def _asked(schedule: Any, kind: str, loops: list[Any]) -> None:
    match kind:
        case "parallel":
            schedule.parallel(loops[0])
        case "vectorize":
            schedule.vectorize(schedule.split(loops[0], [None, 4])[1])
        case "reorder":
            schedule.reorder(*loops)
        case "tile":
            parts = [schedule.split(loop, [None, 8]) for loop in loops]
            schedule.reorder(*(part[0] for part in parts), *(part[1] for part in parts))
