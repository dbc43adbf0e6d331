"""`tensorize`: the innermost loops of a sum of products as one instruction; a stage, a loop and its name in, the state out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import ClassVar, NoReturn

from tdsl.declare.names import shown
from tdsl.errors import ArgumentError, PlacementError
from tdsl.expr.intrinsic import INTRINSICS, Intrinsic, parsed
from tdsl.expr.node import Binary, Cast
from tdsl.expr.rewrite import reductions
from tdsl.poly.model import LoopMark
from tdsl.records import dataclass
from tdsl.schedule import arguments
from tdsl.schedule.directive import Directive
from tdsl.schedule.excerpt import loop_lines
from tdsl.schedule.loops import constant_extents, over_reduction, standing_at
from tdsl.schedule.primitives.atomic import refuse_lanes_and_tiles
from tdsl.schedule.primitives.split import refuse_fused
from tdsl.schedule.state import StageState, State, Tensorized


@dataclass(frozen=True, slots=True)
class Tensorize(Directive):
    """Loop `axis` and all inside it, a tile of constant extents, become one instruction where the tile is whole.

    The stage is a sum of products `td.cast(x, …) * td.cast(y, …)`, and the instruction one that computes it on such a
    tile. Which loops are the instruction's dims follows from what the operands depend on, not from how they are written:
    loops of the reduction make up its terms, the others its data dims, in their order. The reduction loops move outside of
    the others and are unrolled, the others unrolled and the last of them lanes. Partial tiles run as these loops.

    Args:
        axis: the outermost loop of the tile.
        intrinsic: a name of `tdsl/expr/intrinsic.py` (of several widths the one that fits), or the text of a
            `td.intrinsic`.

    Rewrite:
        >>> import tdsl as td
        >>> a, b = td.placeholder("a", (64, 64), "uint8"), td.placeholder("b", (64, 64), "int8")
        >>> k = td.reduce_axis("k", 64)
        >>> terms = lambda i, j: td.cast(a[i, k], "int32") * td.cast(b[j, k], "int32")
        >>> C = td.compute("C", (64, 64), lambda i, j: td.sum(terms(i, j), over=k))
        >>> s = td.schedule(C).tile(C, {"j": 16, "k": 4}).reorder(C, "i", "jo", "ko", "ki", "ji")
        >>> print(s.tensorize(C, "ki", "vpdpbusd"))
        for i in 0 .. 64:
          for jo in 0 .. 4:
            C_acc: int32[16] in register
            vector for ji in 0 .. 16:
              C_acc[ji] = identity
            for ko in 0 .. 16:
              unrolled for ki in 0 .. 4:  # vpdpbusd
                vector for ji in 0 .. 16:
                  C_acc[ji] ⊕= int32(a[i, k]) * int32(b[j, k])
            vector for ji in 0 .. 16:
              C = C_acc[ji]

    Legal when: the lanes are (P6). Integers wrap, so the order of terms changes no bit.
    Errors: S102–S106 stage or axis; S114 a marked loop; S117 a fused one; S125 no constant extent; S146 an unknown
        intrinsic; S147 a stage or tile that it does not compute; S204 dependent lanes; S304 a stage inside; at the build
        L114 a tile that later directives took apart or that is never whole; G123 a target without the instruction.
    Source: TVM's `tensorize`, which compares statements; semantics P17.
    """

    primitive: ClassVar[str] = "tensorize"
    positional: ClassVar[tuple[str, ...]] = ("stage", "axis", "intrinsic")

    stage: str
    axis: str
    intrinsic: str

    def apply(self, state: State) -> State:
        """The stage with the loops of the tile innermost and marked."""
        entry = arguments.stage_named(self, state, self.stage)
        position = arguments.loop_named(self, state, entry, self.axis)
        candidates = self._candidates()
        for place in range(position, len(entry.loops)):
            arguments.unmarked(self, state, entry, place, "part of an instruction")
            refuse_fused(self, entry, entry.axes[place])
            arguments.constant_extent(self, state, entry, entry.axes[place])
            self._refuse_hosting(state, entry, entry.axes[place])
        chosen = self._chosen(entry, entry.axes[position:], candidates)
        tile = entry.axes[position:]
        terms = tuple(loop for loop in tile if over_reduction(entry, loop))
        data = tuple(loop for loop in tile if loop not in terms)
        marks = (
            *(LoopMark(loop, "unroll") for loop in (*terms, *data[:-1])),
            LoopMark(data[-1], "vector"),
        )
        fresh = replace(entry, loops=(*entry.loops[:position], *marks))
        fresh = replace(fresh, tensorized=Tensorized((*terms, *data), chosen))
        refuse_lanes_and_tiles(self, fresh)
        return state.with_stage(fresh)

    def _candidates(self) -> Sequence[Intrinsic]:
        """What the name stands for."""
        if isinstance(self.intrinsic, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            named = [one for one in INTRINSICS if one.name == self.intrinsic]
            own = parsed(self.intrinsic)
            if named or own is not None:
                return named if own is None else [own]
        names = dict.fromkeys(one.name for one in INTRINSICS)
        raise self.refusal(
            ArgumentError,
            "S146",
            f"there is no intrinsic {shown(self.intrinsic)}",
            why=(f"known: {', '.join(names)}",),
            hint=("td.intrinsic(…) declares another",),
        )

    def _refuse_hosting(self, state: State, entry: StageState, loop: str) -> None:
        inside = standing_at(state, entry.name, loop)
        if inside:
            raise self.refusal(
                PlacementError,
                "S304",
                f"{', '.join(inside)} stands inside {loop} of {entry.name}, which would become an instruction",
                loops=loop_lines(entry, mark=loop, note=f"{', '.join(inside)} stands here"),
                hint=("compute it outside of the tile",),
            )

    # matching

    def _chosen(self, entry: StageState, tile: Sequence[str], candidates: Sequence[Intrinsic]) -> Intrinsic:
        """The intrinsic that computes the tile."""
        dtypes = self._dtypes(entry, candidates)
        extents = constant_extents(entry)
        data = [extents[loop] for loop in tile if not over_reduction(entry, loop)]
        terms = [extents[loop] for loop in tile if over_reduction(entry, loop)]
        single = [loop for loop in tile if extents[loop] == 1]
        if single:
            self._refuse(entry, f"{single[0]} runs once: it belongs outside of the tile")
        agreeing = [one for one in candidates if _same(one, dtypes)]
        if not agreeing:
            meanings = dict.fromkeys(one.meaning() for one in candidates)
            self._refuse(entry, f"it multiplies {dtypes[1]} by {dtypes[2]}", *meanings)
        fitting = [
            one for one in agreeing if prod(_known(terms)) == one.terms and _make_up(_known(data), one.data)
        ]
        if not fitting:
            shapes = " or ".join(
                f"{' by '.join(map(str, one.data))} elements with {one.terms} terms" for one in agreeing
            )
            found = f"{' by '.join(map(_text, data)) or 'no'} elements with {' by '.join(map(_text, terms)) or '1'}"
            self._refuse(entry, f"the tile has {found} terms", f"{self._short} takes {shapes}")
        return fitting[0]

    @property
    def _short(self) -> str:
        return self.intrinsic.split(" ")[0]

    def _dtypes(self, entry: StageState, candidates: Sequence[Intrinsic]) -> tuple[str, str, str]:
        """Dtypes of the sum and of the two factors under their casts."""
        stage = entry.stage
        found = reductions(*stage.body)
        if not stage.reduce_axes or stage.base is not None or stage.own:
            self._refuse(entry, f"{entry.name} is no reduction", candidates[0].meaning())
        if stage.domain:
            self._refuse(entry, f"{entry.name} is computed in part (where=)", candidates[0].meaning())
        one = next(iter(found))
        if len(found) > 1 or one.reducer.name != "sum" or len(one.operands) != 1:
            self._refuse(entry, f"{entry.name} is not one sum", candidates[0].meaning())
        term = one.operands[0]
        if not (isinstance(term, Binary) and term.op == "mul"):
            self._refuse(entry, f"the terms of {entry.name} are no products", candidates[0].meaning())
        if not (isinstance(term.lhs, Cast) and isinstance(term.rhs, Cast)):
            why = "the factors are no casts of something narrower: td.cast(x, …) * td.cast(y, …)"
            self._refuse(entry, why, candidates[0].meaning())
        return str(term.dtype), str(term.lhs.operand.dtype), str(term.rhs.operand.dtype)

    def _refuse(self, entry: StageState, *why: str) -> NoReturn:
        raise self.refusal(
            PlacementError,
            "S147",
            f"{self._short} does not compute the tile {self.axis} of {entry.name}",
            why=why,
            loops=loop_lines(entry, mark=self.axis),
        )


def _same(intrinsic: Intrinsic, dtypes: tuple[str, str, str]) -> bool:
    """Whether the dtypes agree; sums of int32 and of uint32 have the same bits."""
    own = str(intrinsic.result.dtype)
    sums = ("int32", "uint32") if own in ("int32", "uint32") else (own,)
    factors = [str(one.dtype) for one in intrinsic.operands]
    return dtypes[0] in sums and sorted(dtypes[1:]) == sorted(factors)


def _known(extents: Sequence[int | None]) -> list[int]:
    return [0 if extent is None else extent for extent in extents]


def _make_up(extents: Sequence[int], dims: Sequence[int]) -> bool:
    """Whether the loops, in their order, make up the dims, each of some of them."""
    at = 0
    for dim in dims:
        count = 1
        while count < dim and at < len(extents):
            count *= extents[at]
            at += 1
        if count != dim:
            return False
    return at == len(extents) and len(dims) > 0


def _text(extent: int | None) -> str:
    return "?" if extent is None else str(extent)
