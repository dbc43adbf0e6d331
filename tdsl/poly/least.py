"""Of all that is wrong with an arrangement the smallest example, and what sizes would make all of it vanish.

In: the first refuted part, and the answers to the parts after it. Out: one `Refuted`: the one whose witness is least
(sum of sizes, then sizes in the order of their names; of equal ones the first), with the conditions of all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce

from tdsl.expr.build import logical_and
from tdsl.expr.tensor import Size
from tdsl.poly.affine import NonAffine
from tdsl.poly.answers import Refuted, Verdict, Witness
from tdsl.poly.isl import TooLarge
from tdsl.poly.looptree import Misplaced


def least_refuted(first: Refuted, others: Iterator[Verdict], sizes: Sequence[Size]) -> Refuted:
    """The fault with the smallest witness; where the first has none, or is one of places, it stands for all."""
    if first.witness is None or first.kind in ("scope", "placement", "cycle"):
        return first
    faults = [first]
    try:
        faults += [answer for answer in others if isinstance(answer, Refuted) and answer.witness is not None]
    except (TooLarge, NonAffine, Misplaced):  # what is found is found
        pass
    least = min(faults, key=lambda fault: extent(fault.witness, sizes))
    conditions = dict.fromkeys(fault.condition for fault in faults if fault.condition is not None)
    if least.condition is None or len(conditions) == 1:
        return least
    return replace(least, condition=reduce(logical_and, conditions))


def extent(witness: Witness | None, sizes: Sequence[Size]) -> tuple[int, ...]:
    """The sum of the sizes and the sizes; those that do not matter are at their least."""
    assert witness is not None
    known = dict(witness.sizes)
    sizes = sorted(sizes, key=lambda size: size.name)
    values = [known.get(size.name, -(-size.minimum // size.multiple_of) * size.multiple_of) for size in sizes]
    return sum(values), *values
