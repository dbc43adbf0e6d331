"""When to make what slides: storage outside the loops that compute it, so every element is made once a buffer.

In: { host's dims -> elements needed there } and how many leading dims own a buffer. Out: { host's dims -> elements made
there }. *Burst*: in the first iteration that needs it; works for every need. *Rewind*: where the newest index advances
by a constant per iteration, index r is made in the iteration in which r becomes the newest, the loop starting earlier
for producers; folds stay small along chains. Source: Halide's sliding window and storage folding; feasibility study, 1.
"""

from __future__ import annotations

import islpy as isl

from tdsl.poly.isl import DIV, IN, OUT, PARAM, basic_map, merged, pieces


def burst(needed: isl.Map, level: int) -> isl.Map:
    """Each element in the first iteration (of the dims from `level` on) that needs it."""
    depth, rank = needed.dim(IN), needed.dim(OUT)
    slid = depth - level
    by_element = needed.move_dims(OUT, rank, IN, level, slid).move_dims(IN, level, OUT, 0, rank)
    first = by_element.lexmin()
    return merged(first.move_dims(OUT, slid, IN, level, rank).move_dims(IN, level, OUT, 0, slid))


def rewind(needed: isl.Map, level: int) -> isl.Map | None:
    """Each element in the iteration in which its index becomes the newest; None where no index advances steadily.

    Iterations before the host's first occur; no element is made later than its first use, since the newest index grows.
    """
    found = advancing(needed, level)
    return None if found is None else _windows(needed, level, *found)


def advancing(needed: isl.Map, level: int) -> tuple[int, list[int]] | None:
    """The element index whose newest value advances by a constant, and that value as a row over the host's dims."""
    if needed.dim(IN) != level + 1:
        return None
    for axis in range(needed.dim(OUT)):
        row = affine_row(needed.dim_max(axis), level + 1)
        if row is not None and row[-1] >= 1:
            return axis, row
    return None


def _windows(needed: isl.Map, level: int, axis: int, newest: list[int]) -> isl.Map:
    """Everything needed in a buffer, cut into windows newest(t - 1) < index <= newest(t)."""
    rank, step = needed.dim(OUT), newest[-1]
    outputs = [int(place == axis) for place in range(rank)]
    upper = [*newest, *(-each for each in outputs)]
    lower = [*(-each for each in newest), *outputs]
    lower[0] += step - 1
    windows = basic_map(needed.get_space(), (), [upper, lower])
    every = needed.project_out(IN, level, 1).insert_dims(IN, level, 1)
    return merged(every.intersect(windows))


def affine_row(value: isl.PwAff, dims: int) -> list[int] | None:
    """A value that is one affine piece without floors, as a row `[constant, parameters…, dims…]`."""
    parts = pieces(value)
    if len(parts) != 1 or parts[0][1].dim(DIV):
        return None
    aff = parts[0][1]
    if aff.get_denominator_val().to_python() != 1:
        return None
    row = [aff.get_constant_val().to_python()]
    row += [aff.get_coefficient_val(PARAM, place).to_python() for place in range(aff.dim(PARAM))]
    return row + [aff.get_coefficient_val(IN, place).to_python() for place in range(dims)]
