"""One schedule, three readings of it: the kernel, the Loop IR interpreter and the expression interpreter must agree.

In: a schedule, sizes, a seed for the arrays. Out: nothing, or a `Mismatch` that says which two differ and where. The
kernel and the loops agree bit for bit, always; both agree with the expressions bit for bit unless the history says that
a step reassociates: then `whole` numbers, whose sums are exact in any order, still must, and others must within
`bound` (see `error_bound`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

import tdsl as td
from tdsl.expr.interpreter import evaluate
from tdsl.expr.printer import text
from tdsl.expr.rewrite import reductions
from tdsl.expr.tensor import Param, Tensor
from tdsl.fuzzing.arrays import (
    FORMS,
    Array,
    Form,
    Mode,
    draw_array,
    first_difference,
    laid_out,
    same_bits,
    untouched,
)
from tdsl.fuzzing.failure import Mismatch
from tdsl.fuzzing.judge import INEXACT, round_trips
from tdsl.lower.interpreter import interpret
from tdsl.lower.ir import ArrayArgument
from tdsl.lower.parser import parse_kernel
from tdsl.lower.printer import kernel_text
from tdsl.pipeline import ordered_inputs


class Skipped(Exception):  # noqa: N818
    """Nothing to compare: the build or the call refused what was asked, as it should. stage: build or call."""

    def __init__(self, stage: str, error: td.TdslError) -> None:
        super().__init__(f"{stage} {type(error).__name__} {error.code}")
        self.stage = stage
        self.error = error


@dataclass(slots=True)
class Built:
    """A schedule in all its forms, built once and run at several sizes."""

    schedule: td.Schedule
    native: td_kernel
    loops: object
    inputs: tuple[Tensor | Param, ...]
    reassociates: bool
    varies: bool = False
    """Whether bits depend on which thread comes first; sums of whole numbers do not."""


td_kernel = object


def built(
    schedule: td.Schedule, environment: Mapping[str, object] | None = None, *, texts: bool = True
) -> Built:
    """Builds it, after the round trips where `texts`. Errors: `Skipped` where `td.build` refuses it with an error of the
    user's.
    """
    if texts:
        schedule._repr_html_()
        round_trips(schedule, {"td": td, **(environment or {})})
    try:
        native = td.build(schedule)
    except td.InternalError:
        raise
    except td.TdslError as error:
        raise Skipped("build", error) from None
    printed = native.source("loops")
    loops = parse_kernel(printed)
    if kernel_text(loops) != printed:
        raise Mismatch(
            "Loop IR text", f"parses back as something else\n{printed}\n----\n{kernel_text(loops)}"
        )
    inputs = ordered_inputs(schedule.state, None, None)
    history = schedule.history()
    return Built(
        schedule, native, loops, inputs, any(label in history for label in INEXACT), "order varies" in history
    )


def run(
    one: Built,
    sizes: Mapping[str, int],
    seed: int = 0,
    mode: Mode = "wild",
    *,
    forms: Sequence[Form] = FORMS,
    bound: Callable[[dict[str, Array]], Sequence[Array] | None] | None = None,
    exact: bool = True,
) -> None:
    """Runs a built schedule on drawn arrays and compares. exact: whether sums of `whole` numbers stay small enough to be."""
    generator = np.random.default_rng(seed)
    arrays, params = _arguments(one, sizes, generator, mode)
    positional = [arrays[each.name] if isinstance(each, Tensor) else params[each.name] for each in one.inputs]
    known = {name: value for name, value in sizes.items() if name in one.loops.sizes}
    kept = {name: array.copy() for name, array in arrays.items()}
    try:
        got = one.native(*positional, **known)
    except td.CallMemoryError:
        raise
    except td.CallError as error:
        raise Skipped("call", error) from None
    with np.errstate(all="ignore"):
        wanted = list(evaluate(one.schedule.outputs, arrays, sizes, params).values())
    looped = _interpreted(one, arrays, known, params, wanted, seed)
    tolerance = bound({**arrays}) if bound is not None and one.reassociates else None
    if not one.reassociates or tolerance is not None:
        for number, (mine, want) in enumerate(zip(looped, wanted)):
            _check(
                one,
                "loops and expressions",
                number,
                mine,
                want,
                None if tolerance is None else tolerance[number],
            )
    for number, (mine, want) in enumerate(zip(_tuple(got), looped)):
        if not one.varies or (mode == "whole" and exact and _only_sums(one.schedule)):
            _check(one, "kernel and loops", number, mine, want)
        elif tolerance is not None:
            _check(one, "kernel and loops", number, mine, want, 2 * tolerance[number])
    for form in forms if not one.varies else ():
        _run_form(one, form, positional, known, looped)
    for name, array in arrays.items():
        if not same_bits(array, kept[name]):
            raise Mismatch("an input changed", name)


def _only_sums(schedule: td.Schedule) -> bool:
    """Whether no stage multiplies its terms: products of whole numbers may be inexact."""
    stages = [entry.stage for entry in schedule.state.live()]
    reducers = {node.reducer.name for stage in stages for node in reductions(*stage.body)}
    return reducers <= {"sum", "min", "max", "any", "all"} and all(stage.base is None for stage in stages)


def _run_form(
    one: Built, form: Form, positional: Sequence[object], known: Mapping[str, int], wanted: Sequence[Array]
) -> None:
    given = [laid_out(value, form)[0] if isinstance(value, np.ndarray) else value for value in positional]
    outs = [laid_out(np.full(array.shape, 77, array.dtype), form) for array in wanted]
    out = outs[0][0] if len(outs) == 1 else tuple(view for view, _ in outs)
    one.native(*given, out=out, **known)
    for number, ((view, block), want) in enumerate(zip(outs, wanted)):
        _check(one, f"kernel on {form} arrays and loops", number, view, want)
        if not untouched(view, block):
            raise Mismatch(
                f"kernel on {form} arrays writes outside of its output", one.schedule.outputs[number].name
            )


def _arguments(
    one: Built, sizes: Mapping[str, int], generator: np.random.Generator, mode: Mode
) -> tuple[dict[str, Array], dict[str, object]]:
    arrays: dict[str, Array] = {}
    params: dict[str, object] = {}
    for each in one.inputs:
        if isinstance(each, Param):
            params[each.name] = draw_array(generator, each.dtype.name, (1,), mode)[0].item()
            continue
        shape = tuple(_value(text(extent), sizes) for extent in each.extents)
        array = draw_array(generator, each.dtype.name, shape, mode)
        if each.value_range is not None:
            low, high = (_value(text(part), sizes) for part in each.value_range)
            array = np.asarray(generator.integers(low, max(low + 1, high), shape), array.dtype)
        arrays[each.name] = array
    return arrays, params


def _value(extent: str, sizes: Mapping[str, int]) -> int:
    return int(eval(extent, {"__builtins__": {}, "min": min, "max": max}, dict(sizes)))  # a printed extent


def _interpreted(
    one: Built, arrays: Mapping[str, Array], sizes: Mapping[str, int], params: Mapping[str, object],
    outputs: Sequence[Array], seed: int,
) -> list[Array]:  # fmt: skip
    named: dict[str, Array] = dict(arrays)
    made: list[Array] = []
    free = iter(outputs)
    for argument in one.loops.arguments:
        if isinstance(argument, ArrayArgument) and argument.role == "output":
            made.append(np.full_like(next(free), 77))
            named[argument.name] = made[-1]
    used = {a.name: named[a.name] for a in one.loops.arguments if isinstance(a, ArrayArgument)}
    interpret(one.loops, used, sizes, params, shuffle=seed)
    return made


def _tuple(value: object) -> tuple[Array, ...]:
    return value if isinstance(value, tuple) else (value,)


def _check(
    one: Built, kind: str, number: int, got: Array, want: Array, tolerance: Array | None = None
) -> None:
    if tolerance is not None:
        with np.errstate(all="ignore"):
            near = np.abs(got.astype(np.float64) - want.astype(np.float64)) <= tolerance
            near |= (got == want) | (
                np.isnan(got) & np.isnan(want)
            )  # no distance is told for infinities and NaN
        far = ~near
        # A sum that may overflow is finite in one order and not in another.
        far &= tolerance < np.inf
        if not bool(np.any(far)):
            return
        kind += " beyond the error bound"
    elif same_bits(got, want):
        return
    raise Mismatch(f"{kind} differ", f"{one.schedule.outputs[number].name}: {first_difference(got, want)}")


def check(
    schedule: td.Schedule,
    sizes: Mapping[str, int],
    seed: int = 0,
    mode: Mode = "wild",
    environment: Mapping[str, object] | None = None,
) -> None:
    """Everything above for one schedule: what a kept case calls; a refusal at the build or the call is a failure."""
    run(built(schedule, environment), sizes, seed, mode)
