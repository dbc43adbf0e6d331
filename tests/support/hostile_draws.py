"""Right calls, drawn: a kernel with its NumPy meaning in; arguments, outputs and keywords that it must accept out.

Arrays are laid out in ways that must not matter: strides of any sign, gaps, odd byte addresses, broadcasts, read-only
inputs, other libraries' wrappers. What `hostile_spoilers.py` makes wrong afterwards is noted in the call.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

import tdsl as td
from tests.support.hostile_arrays import Placed, disguise, place, values_for
from tests.support.hostile_choices import Choices
from tests.support.hostile_kernels import Sizes, Subject


class OwnInt(int):
    """An integer of another type."""


class OwnFloat(float):
    """A float of another type."""


class Indexed:
    """Anything that says which integer it is."""

    def __init__(self, value: int) -> None:
        self._value = value

    def __index__(self) -> int:
        return self._value


class Pair(NamedTuple):
    """A tuple of another type."""

    first: object
    second: object


INTEGERS = (int, np.int64, np.uint16, OwnInt, Indexed)


@dataclass
class Call:
    """A call being made up. wrong: what was made wrong; empty while the call is right."""

    subject: Subject
    kernel: td.Kernel
    sizes: Sizes
    args: list[object]
    arrays: dict[int, np.ndarray]
    outputs: list[np.ndarray] | None
    out: object = None
    keywords: dict[str, object] = field(default_factory=dict)
    placed: list[Placed] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def draw_call(draw: Choices, subject: Subject, kernel: td.Kernel) -> Call:
    sizes = subject.sizes(draw)
    ranges = subject.ranges(sizes)
    args: list[object] = []
    arrays: dict[int, np.ndarray] = {}
    placed: list[Placed] = []
    plain = draw.chance(30)
    for position, (shape, dtype) in enumerate(zip(subject.shapes(sizes), subject.dtypes, strict=True)):
        if shape is None:
            args.append(draw_scalar(draw, dtype))
            continue
        values = values_for(draw, shape, dtype)
        if position in ranges:
            low, high = ranges[position]
            high = min(high, 1 + np.iinfo(dtype).max)
            drawn = draw.contents()
            values = np.array([drawn.randrange(low, high) for _ in range(values.size)], dtype).reshape(shape)
        one = place(draw, values, plain)
        if not plain and draw.chance(10) and values.ndim and position not in ranges:
            # broadcasting along one dimension: the values repeat
            one.array = np.broadcast_to(one.array[:1], one.array.shape) if shape[0] else one.array
        placed.append(one)
        arrays[position] = one.array
        args.append(one.array)
    call = Call(subject, kernel, sizes, args, arrays, None, placed=placed)
    call.keywords = {name: sizes[name] for name in subject.keywords}
    if draw.chance(20):
        call.keywords |= {name: sizes[name] for name in sizes if draw.chance(50)}
    if draw.chance(30):
        call.keywords = {name: draw.choice(INTEGERS)(size) for name, size in call.keywords.items()}
    if draw.chance(60):
        draw_outputs(draw, call, plain)
    if not plain:
        freeze_and_disguise(draw, call)
    return call


def draw_scalar(draw: Choices, dtype: str) -> object:
    if dtype == "bool":
        return draw.choice((True, False, np.True_, np.False_))
    if dtype.startswith("float"):
        return draw.choice(
            (
                0.5,
                3,
                -1e300,
                True,
                np.float32(2.5),
                np.float64(0.1),
                10**30,
                float("nan"),
                2**53 + 1,
                OwnFloat(0.3),
            )
        )
    limits = np.iinfo(dtype)
    value = draw.choice((int(limits.min), int(limits.max), 0, 1))
    return draw.choice((value, np.dtype(dtype).type(value), OwnInt(value)))


def expected(call: Call) -> tuple[np.ndarray, ...]:
    given = [np.array(one) if isinstance(one, np.ndarray) else one for one in originals(call)]
    with np.errstate(all="ignore"):
        return call.subject.reference(*given, **{name: call.sizes[name] for name in call.subject.keywords})


def originals(call: Call) -> list[object]:
    """The arguments before they were disguised or spoilt, scalars as their dtype has them."""
    values: list[object] = []
    for position, (argument, dtype) in enumerate(zip(call.args, call.subject.dtypes, strict=False)):
        if position in call.arrays:
            values.append(call.arrays[position])
        elif dtype == "float32":
            with np.errstate(all="ignore"):
                values.append(np.float64(argument).astype(np.float32))
        else:
            values.append(argument)
    return values


def draw_outputs(draw: Choices, call: Call, plain: bool) -> None:
    results = expected(call)
    outputs: list[np.ndarray] = []
    for result, argument in zip(results, call.kernel.interface.outputs, strict=True):
        itself = _an_input(draw, call, result, argument.name)
        if itself is not None:
            outputs.append(itself)
            continue
        blank = values_for(draw, result.shape, argument.dtype)
        one = place(draw, blank, plain)
        call.placed.append(one)
        outputs.append(one.array)
    call.outputs = outputs
    if len(outputs) == 1:
        call.out = outputs[0] if draw.chance(90) else draw.choice((tuple, list))(outputs)
    else:
        call.out = draw.choice((tuple, list, lambda pair: Pair(*pair)))(outputs)


def _an_input(draw: Choices, call: Call, result: np.ndarray, name: str) -> np.ndarray | None:
    """An input to be passed as `out=` itself: right where the build proved that safe."""
    alike = [
        at
        for at, array in call.arrays.items()
        if array.size
        and array.shape == result.shape
        and array.dtype == result.dtype
        and array.flags.writeable
    ]
    if not alike or draw.chance(80):
        return None
    at = draw.choice(alike)
    if name not in call.kernel.inplace.get(call.kernel.interface.inputs[at].name, ()):
        call.wrong.append("input as out")
    return call.arrays[at]


def freeze_and_disguise(draw: Choices, call: Call) -> None:
    for position, array in call.arrays.items():
        if draw.chance(20) and not any(array is each for each in call.outputs or ()):
            array.flags.writeable = False
        if draw.chance(25):
            call.args[position] = disguise(draw, array)
    if call.outputs is not None and draw.chance(20):
        shown = [disguise(draw, one) for one in call.outputs]
        call.out = shown[0] if len(shown) == 1 else tuple(shown)
