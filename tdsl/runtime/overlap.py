"""Who shares memory with whom: outputs against inputs and each other, and an output against itself (semantics C6).

In: NumPy views. Out: nothing, or C109. Bounds decide nearly always; where only the strides can tell, the question is
exact up to a budget, and beyond it the arrays count as overlapping.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tdsl.errors import CallValueError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Named = tuple[str, NDArray[np.generic]]

WORK = 1000
"""Steps the exact overlap test may take before the arrays count as overlapping (numpy.shares_memory, max_work)."""

EXACT_ELEMENTS = 1 << 16
"""An output of no more elements whose strides interleave is checked element by element."""


def check_self_overlap(name: str, array: NDArray[np.generic]) -> None:
    """No two elements of an output may share a byte. Errors: C109."""
    if array.size and not array.flags.forc and _may_meet(array) and _elements_meet(array):
        raise CallValueError(
            "C109",
            f"elements of out for {name} share memory",
            why=[f"its shape is {array.shape}, its strides are {array.strides} bytes"],
        )


def _may_meet(array: NDArray[np.generic]) -> bool:
    """Sorted by stride, a dimension that does not step over all smaller ones together."""
    reach = array.itemsize
    pairs = sorted((abs(s), n) for s, n in zip(array.strides, array.shape, strict=True) if n > 1)
    for stride, extent in pairs:
        if stride < reach:
            return True
        reach += stride * (extent - 1)
    return False


def _elements_meet(array: NDArray[np.generic]) -> bool:
    if array.size > EXACT_ELEMENTS:
        return True
    starts = [0]
    for stride, extent in zip(array.strides, array.shape, strict=True):
        starts = [start + stride * place for start in starts for place in range(extent)]
    starts.sort()
    return any(after - before < array.itemsize for before, after in pairwise(starts))


def check_overlap(
    outputs: Sequence[Named], inputs: Sequence[Named], same: Collection[tuple[str, str]]
) -> None:
    """No output may share memory with an input or another output. Errors: C109.

    Args:
        same: (input, output) pairs that may be one and the same array.
    """
    for position, (name, output) in enumerate(outputs):
        for other_name, other in inputs:
            if (other_name, name) in same and is_same(other, output):
                continue
            if _overlap(output, other):
                raise _shared(name, other_name, is_same(other, output))
        for other_name, other in outputs[:position]:
            if _overlap(output, other):
                raise _shared(name, f"out for {other_name}", is_it=False)


def is_same(one: NDArray[np.generic], other: NDArray[np.generic]) -> bool:
    """The same element of both is the same place in memory, for all elements."""
    return (
        one.shape == other.shape
        and one.dtype == other.dtype
        and address(one) == address(other)
        and all(a == b for a, b, n in zip(one.strides, other.strides, one.shape, strict=True) if n > 1)
    )


def address(array: NDArray[np.generic]) -> int:
    """Of element (0, ..., 0)."""
    return int(array.__array_interface__["data"][0])


def _overlap(a: NDArray[np.generic], b: NDArray[np.generic]) -> bool:
    if not np.may_share_memory(a, b):
        return False
    try:
        return bool(np.shares_memory(a, b, max_work=WORK))  # pyright: ignore[reportArgumentType]
    except np.exceptions.TooHardError:
        return True


def _shared(name: str, other: str, is_it: bool) -> CallValueError:
    why = ["f.inplace names the inputs that may be out= themselves; it is not among them"] if is_it else []
    said = "is" if is_it else "overlaps"
    return CallValueError(
        "C109", f"out for {name} {said} {other}", why=why, hint=["an array of its own, or no out="]
    )
