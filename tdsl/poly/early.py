"""Loops that start early: iterations in which only stages run that are made ahead (`rewound.py`); copies in, sets out."""

from __future__ import annotations

from tdsl.poly import library as isl
from tdsl.poly.copies import Copies
from tdsl.poly.isl import clear
from tdsl.poly.looptree import Dim


def starts_early(copies: Copies, dim: Dim) -> bool:
    """Whether a stage placed in a loop may be made ahead there."""
    arrangements, host = copies.tree.arrangements, copies.tree.host
    return any(
        arrangements[one].slide == "rewind" and host(one)[-1:] == (dim,) for one in copies.tree.of_stage
    )


def early(copies: Copies, dim: Dim) -> list[isl.Set]:
    """The iterations of a loop, and of those around, in which stages run that are placed there; none where it starts as ever."""
    if not starts_early(copies, dim):
        return []
    placed = [stage for stage in copies.tree.of_stage if copies.tree.host(stage)[-1:] == (dim,)]
    return [clear(copies.need(stage).domain()) for stage in placed]
