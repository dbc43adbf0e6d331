"""Runs the CUDA test matrix on a device, or emulated, beside the CPU; a place for the report in, whether all agree out.

The report is JSON: versions, the device, and for each case and sizes what came out. It holds no times: what is fast is
the benchmarks' to say.
"""

from __future__ import annotations

# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

import tdsl as td
from tdsl.verify.cases import CASES, Case

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.generic]

FORMAT = 1
SEED = 6

Status = Literal["same bits", "within tolerance", "wrong", "error", "not run"]
FINE: tuple[Status, ...] = ("same bits", "within tolerance")


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case at some sizes.

    Args:
        layout: "contiguous", or "strided" arrays, which the other body of a build takes.
        largest: difference of any element from the CPU's, absolute; None where nothing was compared.
        detail: the error, or the first element that differs.
    """

    case: str
    sizes: dict[str, int]
    layout: str
    status: Status
    largest: float | None
    detail: str


def verify_cuda(out: Path, *, emulate: bool = False, cases: Sequence[Case] = CASES) -> bool:
    """Run the matrix, print a line for each case, write the report.

    Args:
        out: file of the report.
        emulate: run the emitted code on this CPU: checks the matrix itself, needs no device.

    Returns: whether everything agreed.

    Errors: T112, T113 no driver or device; T110 no C++ compiler, where emulated.
    """
    target, device = _place(emulate)
    results: list[Result] = []
    dead = ""
    for one in cases:
        found = [Result(one.name, {}, "", "not run", None, dead)] if dead else _case(one, target, emulate)
        results += found
        dead = dead or next((each.detail for each in found if each.detail.startswith("C131")), "")
        print(_line(one, found), flush=True)
    report = {"format": FORMAT, "device": device, "emulated": emulate, **_versions(),
              "results": [asdict(each) for each in results]}  # fmt: skip
    out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    good = sum(each.status in FINE for each in results)
    print(f"{good} of {len(results)} runs agree with the CPU; report: {out}")
    return good == len(results)


def _place(emulate: bool) -> tuple[td.Target, dict[str, object]]:
    """Where it runs: the first device, or sm_90 emulated."""
    if emulate:
        return td.Target("cuda", "sm_90"), {"name": f"emulated on {platform.machine()}"}
    found = td.devices("cuda")
    if not found:
        _refuse()
    first = found[0]
    return first.target, {
        "name": first.name,
        "capability": list(first.capability),
        "memory_bytes": first.memory_bytes,
    }


def _refuse() -> None:
    """Says what is missing, as a call of any kernel does."""
    n = td.size("n")
    x = td.placeholder("x", (n,), "float32")
    y = td.compute("y", (n,), lambda i: x[i])
    s = td.schedule(y).split(y, "i", 32).bind(y, {"io": "block.x", "ii": "thread.x"})
    td.build(s, target="cuda:sm_90")(np.zeros(1, "f"))


def _versions() -> dict[str, object]:
    return {"tdsl": td.__version__, "numpy": np.__version__, "python": platform.python_version(),
            "machine": dict(td.machine_info().cuda), "system": f"{platform.system()} {platform.release()}"}  # fmt: skip


def _line(one: Case, found: Sequence[Result]) -> str:
    wrong = [each for each in found if each.status not in FINE]
    if not wrong:
        return f"{one.name:16s} {found[0].status}, {len(found)} runs"
    first = wrong[0]
    return f"{one.name:16s} {first.status} at {first.sizes} {first.layout}: {first.detail.splitlines()[0]}"


def _case(one: Case, target: td.Target, emulate: bool) -> list[Result]:
    schedule = one.schedule()
    try:
        want = td.build(td.schedule(*schedule.outputs))
        got = (
            td.build(schedule, target=target, run="emulate") if emulate else td.build(schedule, target=target)
        )
    except td.TdslError as error:
        return [Result(one.name, {}, "", "error", None, str(error))]
    return [
        _run(one, want, got, sizes, layout) for sizes in one.sizes for layout in ("contiguous", "strided")
    ]


def _run(one: Case, want: td.Kernel, got: td.Kernel, sizes: dict[str, int], layout: str) -> Result:
    arguments = make_arguments(want, sizes, layout)
    try:
        expected = _arrays(want(*arguments))
        given = _arrays(got(*arguments))
    except td.TdslError as error:
        return Result(one.name, sizes, layout, "error", None, str(error))
    return compared(one, sizes, layout, expected, given)


def _arrays(value: object) -> tuple[Array, ...]:
    return cast("tuple[Array, ...]", value if isinstance(value, tuple) else (value,))


def compared(
    one: Case, sizes: dict[str, int], layout: str, expected: Sequence[Array], given: Sequence[Array]
) -> Result:
    """The result of arrays beside those of the CPU."""
    largest, detail, same = 0.0, "", True
    for number, (right, found) in enumerate(zip(expected, given, strict=True)):
        differs = (right != found) & ~((right != right) & (found != found))
        if right.dtype.kind == "f":
            differs |= np.signbit(right) != np.signbit(found)
            differs &= ~((right != right) & (found != found))
        if not differs.any():
            continue
        same = False
        apart = np.where(differs, np.abs(right.astype("float64") - found.astype("float64")), 0.0)
        place = tuple(int(each) for each in np.argwhere(differs)[0])
        largest = max(largest, float(np.nan_to_num(apart, nan=np.inf).max()))
        detail = detail or f"output {number} at {place}: {found[place]!r}, the CPU gives {right[place]!r}"
    if same:
        return Result(one.name, sizes, layout, "same bits", 0.0, "")
    scale = max(float(np.abs(each).max()) for each in expected if each.size)
    near = one.tolerance > 0 and largest <= one.tolerance * scale
    return Result(one.name, sizes, layout, "within tolerance" if near else "wrong", largest, detail)


def make_arguments(kernel: td.Kernel, sizes: dict[str, int], layout: str) -> list[object]:
    """Random inputs of a kernel: contiguous, or every other element of larger ones."""
    dice = np.random.default_rng(SEED)
    made: list[object] = []
    for one in kernel.interface.inputs:
        extents = getattr(one, "extents", None)
        if extents is None:
            made.append(1.5 if one.dtype.startswith("float") else 3)
            continue
        shape = tuple(int(extent.value(sizes)) for extent in extents)
        limits = (
            None if one.value_range is None else tuple(int(each.value(sizes)) for each in one.value_range)
        )
        values = _values(dice, shape, one.dtype, limits)
        if layout == "strided":
            wide = np.zeros(tuple(2 * extent for extent in shape), values.dtype)
            view = wide[tuple(slice(None, None, 2) for _ in shape)]
            view[...] = values
            values = view
        made.append(values)
    return made


def _values(
    dice: np.random.Generator, shape: tuple[int, ...], dtype: str, limits: tuple[int, ...] | None
) -> Array:
    if limits is not None:
        return dice.integers(limits[0], limits[1], shape).astype(dtype)
    if dtype.startswith("float"):
        return dice.standard_normal(shape).astype(dtype)
    return dice.integers(0 if dtype[0] == "u" else -99, 99, shape).astype(dtype)
