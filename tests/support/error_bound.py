"""How far two orders of the same float sums can be apart: a bound on every element, from the program itself.

In: a program, sizes, arrays. Out: tolerances by output, or None where no such bound holds (a jump: a condition on
floats, a rounding to whole numbers). The bound is the classic one: a value computed with k roundings from numbers x
differs from the exact one by at most k u / (1 - k u) times the same expression of |x| without cancellation, u half an
ulp of 1 (Higham, Accuracy and Stability of Numerical Algorithms, 3.1); two such values by twice that. The expression of
|x| is the companion that terms.py prints beside every tensor; k is counted along the tree with all reads spelt out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from tdsl.expr.interpreter import evaluate
from tdsl.fuzzing.arrays import Array
from tests.support.programs import Program, StageDecl, declare
from tests.support.terms import COMPANION, FLOATS, Term

MANTISSA = {"float32": 2.0**23, "float64": 2.0**52}
"""Below these whole numbers are exact in a dtype, so that sums of them are the same in any order."""


def exact_at(program: Program, sizes: Mapping[str, int]) -> bool:
    """Whether whole numbers up to 8 give whole numbers that are exact in every stage, so that no order can matter."""
    if not program.is_exact():
        return False
    arrays = {
        one.name: np.full(_shape(one.shape, sizes), 8.0) for one in program.inputs if one.shape is not None
    }
    every = [name for stage in program.stages for name in stage.names]
    found = _companions(program, every, arrays, sizes, {})
    if found is None:
        return False
    kinds = [dtype for stage in program.stages for dtype in stage.dtypes]
    return all(
        dtype not in MANTISSA or not values.size or bool(np.max(np.abs(values)) < MANTISSA[dtype])
        for dtype, values in zip(kinds, found)
    )


def tolerances(program: Program, sizes: Mapping[str, int], arrays: Mapping[str, Array]) -> list[Array] | None:
    """How far each element of each output may be from the value of another order; None where nothing can be said."""
    if not all(_smooth(term) for stage in program.stages for term in stage.body):
        return None
    if any(stage.verb != "compute" for stage in program.stages):
        return None  # how many roundings a value has is not read off its expression
    given = {name: np.abs(array.astype(np.float64)) for name, array in arrays.items()}
    found = _companions(program, program.outputs, given, sizes, arrays)
    if found is None:
        return None
    counts: dict[str, float] = {}
    for stage in program.stages:
        ends = _ends(stage, sizes)
        counts |= {name: _roundings(term, counts, ends) for name, term in zip(stage.names, stage.body)}
        if stage.call:
            counts[stage.names[0]] = counts.get(stage.sources[0], 0.0)
    dtypes = {dtype for stage in program.stages for dtype in stage.dtypes} & set(FLOATS)
    facts = np.finfo(np.float32 if "float32" in dtypes else np.float64)
    result: list[Array] = []
    for name, most in zip(program.outputs, found):
        if counts[name] * float(facts.eps) > 0.01:
            return None
        far = 1.1 * counts[name] * (float(facts.eps) * most + float(facts.tiny))
        result.append(np.where(most < float(facts.max) / 2, far, np.inf))
    return result


def _companions(
    program: Program,
    names: tuple[str, ...] | list[str],
    arrays: Mapping[str, Array],
    sizes: Mapping[str, int],
    real: Mapping[str, Array],
) -> list[Array] | None:
    companion = program.companion_source()
    if not companion:
        return None
    declared = declare(program.source() + "\n" + companion)
    tensors = [declared[f"{name}{COMPANION}"] for name in names]
    given = {f"{name}{COMPANION}": array for name, array in arrays.items()}
    # Where an element is, is the program's own business: at the real indices, or at the first element.
    given |= {
        one.name: real.get(one.name, np.zeros(_shape(one.shape, sizes), one.dtype))
        for one in program.inputs
        if one.values is not None and one.shape is not None
    }
    with np.errstate(all="ignore"):
        found = evaluate(tensors, given, sizes)
    return [found[tensor.name] for tensor in tensors]


def _shape(extents: tuple[str, ...], sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(int(eval(text, {}, dict(sizes))) for text in extents)  # the text is ours


def _smooth(term: Term) -> bool:
    """Whether small changes of floats change the value little: no condition on them, no step."""
    steps = "floor" in term.form or "round" in term.form
    reads = any(True for _ in term.reads())
    return not steps and (term.dtype in FLOATS or not reads) and all(map(_smooth, term.parts))


def _ends(stage: StageDecl, sizes: Mapping[str, int]) -> dict[str, int]:
    """An upper bound on how often each reduction axis runs."""
    known: dict[str, int] = {**sizes, **dict(zip(stage.axes, _shape(stage.shape, sizes)))}
    ends: dict[str, int] = {}
    for line in stage.lines:
        found = re.fullmatch(r'(\w+) = td\.reduce_axis\("\w+", (.*)\)', line)
        assert found is not None, line
        bounds = eval(found[2], {}, dict(known))  # the text is ours
        ends[found[1]] = max(0, bounds[1] if isinstance(bounds, tuple) else bounds)
    return ends


def _roundings(term: Term, counts: Mapping[str, float], ends: Mapping[str, int]) -> float:
    """Roundings in the value, every read spelt out."""
    if term.tensor:
        return counts.get(term.tensor, 0.0)
    inside = sum(_roundings(part, counts, ends) for part in term.parts)
    over = re.search(r"over=\(?([\w, ]+)", term.form)
    if over is None:
        return inside + 3.0  # a form has three operations at most
    terms = 1.0
    for axis in over[1].split(","):
        terms *= ends[axis.strip()]
    return terms * (inside + 1.0)
