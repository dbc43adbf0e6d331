"""One schedule beside its declaration: built, run on samples, compared bit for bit; a schedule in, a failure or None out.

A kernel and the interpreter of its own loops agree bit for bit, always. Both agree bit for bit with the declaration
unless the history says that a step reassociates: then floats may be apart by `tolerance` times the largest element, on
whole numbers, whose sums are exact while they stay small.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

import tdsl as td
from tdsl.fuzzing.arrays import (
    FORMS,
    Array,
    Form,
    first_difference,
    is_array,
    laid_out,
    same_bits,
    untouched,
)
from tdsl.fuzzing.failure import BEYOND, OUTSIDE, Mismatch
from tdsl.fuzzing.subject import Sample, Subject, outputs_of
from tdsl.runtime.environment import always_parallel

INEXACT = ("reassociates", "order varies", "hardware rounding")
"""Labels of steps that may change bits (semantics P14)."""
INTERPRETED = 2000
"""Elements of the outputs up to which the loops of a schedule that reassociates are interpreted, too."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A directive, the build or a call said no, as it may. code: of its error."""

    by: Literal["step", "build", "call"]
    code: str


def judge(
    subject: Subject, schedule: td.Schedule, samples: Sequence[Sample], tolerance: float
) -> Refused | None:
    """Compares a schedule with the samples.

    Returns: None where all agree; `Refused` where the build or a call refuses it with an error of the user's.
    Errors: `Mismatch` where two readings differ; `InternalError` and whatever else comes up.
    """
    round_trips(schedule, subject.names())
    try:
        native = td.build(schedule)
    except td.InternalError:
        raise
    except td.TdslError as error:
        return Refused("build", error.code)
    exact = not any(label in schedule.history() for label in INEXACT)
    alone = exact or "order varies" in schedule.history()
    looped = None if alone else td.build(schedule, target="interpret")
    refused: Refused | None = None
    for sample in samples:
        try:
            with always_parallel():
                _compare(subject, native, looped, sample, exact, tolerance)
                _in_form(native, sample, FORMS[sample.seed % len(FORMS)], exact, tolerance)
        except td.CallMemoryError:
            raise
        except td.CallError as error:
            refused = Refused("call", error.code)
        except Mismatch as found:
            raise Mismatch(found.kind, f"{sample.label()}{found.detail}") from None
    return refused


def _compare(
    subject: Subject,
    native: td.Kernel,
    looped: td.Kernel | None,
    sample: Sample,
    exact: bool,
    tolerance: float,
) -> None:
    """The kernel on contiguous arrays, beside its loops where they are given; its inputs stay as they are."""
    kept = [value.copy() if is_array(value) else value for value in sample.inputs]
    # What a kernel leaves out must not be there by chance.
    outs = [laid_out(np.full(array.shape, 77, array.dtype), "contiguous") for array in sample.wanted]
    out: object = outs[0][0] if len(outs) == 1 else tuple(view for view, _ in outs)
    got = outputs_of(native(*sample.inputs, out=out, **_sizes(native, sample)))
    if not all(untouched(view, block) for view, block in outs):
        raise Mismatch(f"a kernel {OUTSIDE}", "on contiguous arrays")
    for before, after in zip(kept, sample.inputs, strict=True):
        if is_array(before) and is_array(after) and not same_bits(after, before):
            raise Mismatch("an input changed", first_difference(after, before))
    small = sum(one.size for one in sample.wanted) <= INTERPRETED
    if looped is not None and small:
        again = outputs_of(looped(*sample.inputs, **_sizes(native, sample)))
        for tensor, mine, theirs in zip(subject.start.outputs, got, again, strict=True):
            _same("kernel and loops", tensor.name, mine, theirs, None)
    for tensor, mine, wanted in zip(subject.start.outputs, got, sample.wanted, strict=True):
        if exact or sample.mode == "whole":
            _same("kernel and declaration", tensor.name, mine, wanted, None if exact else tolerance)


def _in_form(native: td.Kernel, sample: Sample, form: Form, exact: bool, tolerance: float) -> None:
    """The kernel on arrays in another form, into arrays of that form."""
    if any(getattr(one, "strides", None) or getattr(one, "align", None) for one in native.interface.inputs):
        return  # the arrays may not have any form
    given = [laid_out(value, form)[0] if is_array(value) else value for value in sample.inputs]
    outs = [laid_out(np.full(array.shape, 77, array.dtype), form) for array in sample.wanted]
    out: object = outs[0][0] if len(outs) == 1 else tuple(view for view, _ in outs)
    native(*given, out=out, **_sizes(native, sample))
    for (view, block), wanted in zip(outs, sample.wanted, strict=True):
        if not untouched(view, block):
            raise Mismatch(f"a kernel on {form} arrays {OUTSIDE}", form)
        if exact or sample.mode == "whole":
            _same(
                f"kernel on {form} arrays and declaration", form, view, wanted, None if exact else tolerance
            )


def _sizes(native: td.Kernel, sample: Sample) -> dict[str, int]:
    return {one.name: sample.sizes[one.name] for one in native.interface.sizes}


def _same(kind: str, name: str, got: Array, wanted: Array, tolerance: float | None) -> None:
    """Equal bits; or, where a tolerance is given, floats within it of the largest finite element."""
    if same_bits(got, wanted):
        return
    if tolerance is not None and got.dtype.kind == "f" and got.shape == wanted.shape and wanted.size:
        with np.errstate(all="ignore"):
            finite = np.abs(wanted[np.isfinite(wanted)])
            most = float(np.max(finite, initial=1.0))
            apart = np.abs(got.astype(np.float64) - wanted.astype(np.float64)) > tolerance * most
        # What overflows in one order and not in another says nothing.
        if not np.any(apart & np.isfinite(got) & np.isfinite(wanted)):
            return
        kind += BEYOND
    raise Mismatch(f"{kind} differ", f"{name}: {first_difference(got, wanted)}")


def round_trips(schedule: td.Schedule, names: Mapping[str, object]) -> None:
    """Text, JSON, script and pickle of a schedule give it back. Errors: `Mismatch`."""
    for shown in (str, repr):
        shown(schedule)
    if td.Schedule.from_json(schedule.to_json(), *schedule.outputs, target=schedule.target) != schedule:
        raise Mismatch("JSON", schedule.to_json())
    script = schedule.script()
    known = {tensor.name: tensor for tensor in schedule.outputs}
    if eval(script, {**names, **known}) != schedule:  # the text is ours
        raise Mismatch("script", script)
    if pickle.loads(pickle.dumps(schedule)) != schedule:
        raise Mismatch("pickle", script)
