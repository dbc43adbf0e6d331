"""How the threads of a block combine values: a block's extents and the places that combine in, the form of it out.

`lanes`: every group of threads lies in one warp, or a part of it. `warps`: groups are whole warps: lanes first, then one
step through shared memory, then lanes again. `tree`: anything else, halves through shared memory, a barrier a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

from tdsl.schedule.nest import NestExchange

WARP = 32
"""Threads of a warp (CUDA C++ Programming Guide, "SIMT Architecture")."""

AXES = ("thread.x", "thread.y", "thread.z")


@dataclass(frozen=True, slots=True)
class ExchangeForm:
    """count: threads that combine; groups: how many such groups a block has; together: whether a group's threads are
    neighbours in the block (x fastest).
    """

    count: int
    groups: int
    together: bool

    @property
    def kind(self) -> Literal["none", "lanes", "warps", "tree"]:
        """The cheapest form that holds."""
        if self.count == 1:
            return "none"
        if self.together and self.count <= WARP and (WARP % self.count == 0 or self.groups == 1):
            return "lanes"
        if self.together and self.count > WARP and (self.count % WARP == 0 or self.groups == 1):
            return "warps"
        return "tree"

    @property
    def warps(self) -> int:
        """Warps of a group."""
        return -(-self.count // WARP)

    @property
    def width(self) -> int:
        """Lanes within which a value moves."""
        return self.count if self.kind == "lanes" and WARP % self.count == 0 else WARP

    @property
    def waits(self) -> bool:
        """Whether there is a barrier in it."""
        return self.kind in ("warps", "tree")

    @property
    def scratch(self) -> tuple[int, ...]:
        """Extents of the shared buffer of one accumulator; empty where none is needed.

        Of warps one more element a group: the result, where the last warp is not whole.
        """
        if self.kind == "warps":
            return self.groups, self.warps + (self.count % WARP > 0)
        return (self.groups, self.count) if self.kind == "tree" else ()


def exchange_form(item: NestExchange) -> ExchangeForm:
    """The form of one exchange."""
    return form_of(item.places, item.block)


def form_of(places: Sequence[str], block: Sequence[int]) -> ExchangeForm:
    """The form for a block of so many threads along x, y, z."""
    mine = [extent for place, extent in zip(AXES, block, strict=True) if place in places]
    told = [place in places for place, extent in zip(AXES, block, strict=True) if extent > 1]
    return ExchangeForm(prod(mine), prod(block) // prod(mine), told == sorted(told, reverse=True))
