"""When copies run: the maps { copy -> copy } "before" and its kin, from the loop tree; no schedule vectors in isl.

In: `Copies` (whose tree says which leading loops two statements share and which text stands first). Out: isl maps over
dims. Two copies are ordered by the first shared loop in which they differ, else by text; static parts cost nothing. Shared
lanes run statement by statement: between two statements they are no loops (semantics P6). Copies of one statement are
ordered as if lanes were iterations one after another; what lockstep makes of that is `carried.py`.
"""

from __future__ import annotations

from dataclasses import field

from tdsl.poly import library as isl
from tdsl.poly.copies import Copies
from tdsl.poly.isl import IN, OUT, set_space
from tdsl.poly.lanes import shared_lanes
from tdsl.records import dataclass

_Shape = tuple[str, int, int, int, bool, tuple[int, ...]]


@dataclass(slots=True)
class Order:
    """Maps between the dims of two statements, memoised by the shape of the loop tree around them."""

    copies: Copies
    _made: dict[_Shape, isl.Map] = field(init=False, default_factory=dict[_Shape, "isl.Map"])

    def before(self, one: str, other: str) -> isl.Map:
        """{ one -> other : one runs strictly before other }"""
        return self._related("lt", one, other, self.copies.tree.text_before(one, other))

    def after(self, one: str, other: str) -> isl.Map:
        """{ one -> other : other runs strictly before one }"""
        return self._related("gt", one, other, self.copies.tree.text_before(other, one))

    def not_after(self, one: str, other: str) -> isl.Map:
        """{ one -> other : other does not run strictly before one }"""
        return self._related("lt", one, other, not self.copies.tree.text_before(other, one))

    def not_after_in_turn(self, one: str, other: str) -> isl.Map:
        """The same if lanes ran one after another."""
        equal = not self.copies.tree.text_before(other, one)
        return self._make("lt", one, other, self.copies.tree.common(one, other), equal)

    def same_start(self, one: str, other: str, count: int) -> isl.Map:
        """{ one -> other : equal in the first `count` dims }"""
        return self._make("eq", one, other, count, True)

    def apart(self, one: str, other: str, start: int, end: int) -> isl.Map:
        """{ one -> other : equal before dim `start`, one lexicographically less in the dims start … end - 1 }"""
        key = f"apart{start}"
        tree = self.copies.tree
        shape = key, len(tree.dims(one)), len(tree.dims(other)), end, True, ()
        if shape not in self._made:
            less = self._make("lt", one, other, end, False)
            self._made[shape] = less.intersect(self._make("eq", one, other, start, True))
        return self._made[shape]

    def _related(self, sense: str, one: str, other: str, equal: bool) -> isl.Map:
        tree = self.copies.tree
        count, lanes = tree.common(one, other), shared_lanes(tree, one, other)
        return self._make(sense, one, other, count, equal, lanes)

    def _make(
        self, sense: str, one: str, other: str, count: int, equal: bool, lanes: tuple[int, ...] = ()
    ) -> isl.Map:
        """The lexicographic order of the first `count` dims but for lanes, with equality where `equal`."""
        tree = self.copies.tree
        lengths = len(tree.dims(one)), len(tree.dims(other))
        shape = sense, *lengths, count, equal, lanes
        if shape not in self._made:
            made = _lexicographic(sense, set_space(self.copies.param_space(), count - len(lanes)), equal)
            for place in lanes:
                made = made.insert_dims(IN, place, 1).insert_dims(OUT, place, 1)
            made = made.insert_dims(IN, count, lengths[0] - count)
            self._made[shape] = made.insert_dims(OUT, count, lengths[1] - count)
        return self._made[shape]


def _lexicographic(sense: str, space: isl.Space, equal: bool) -> isl.Map:
    match sense, equal:
        case "lt", False:
            return isl.Map.lex_lt(space)
        case "lt", True:
            return isl.Map.lex_le(space)
        case "gt", False:
            return isl.Map.lex_gt(space)
        case "gt", True:
            return isl.Map.lex_ge(space)
        case _:
            return isl.Map.identity(space.map_from_set())
