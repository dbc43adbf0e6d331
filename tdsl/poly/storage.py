"""Where values live: which element shares a cell with which.

In: `Copies` and the arrangements' folds and layouts. Out: isl maps element -> cell. A fold keeps an index modulo its
length (Halide's `fold_storage`); a layout is a map of subscripts, legal wherever it is injective.
"""

from __future__ import annotations

from dataclasses import field

from tdsl.expr.build import mod
from tdsl.expr.node import Node, Var, axis_var, index_const
from tdsl.expr.rewrite import substitute
from tdsl.poly import library as isl
from tdsl.poly.affine import Affine
from tdsl.poly.copies import Copies
from tdsl.poly.isl import IN, OUT
from tdsl.records import dataclass


@dataclass(slots=True)
class Storage:
    """Cells of one arrangement's tensors."""

    copies: Copies
    _cells: dict[str, isl.Map | None] = field(init=False, default_factory=dict[str, "isl.Map | None"])

    def cell(self, tensor: str) -> isl.Map | None:
        """{ element -> cell }; None where every element has a cell of its own."""
        if tensor not in self._cells:
            self._cells[tensor] = self._cell(tensor)
        return self._cells[tensor]

    def alias(self, tensor: str) -> isl.Map | None:
        """{ element -> another element in the same cell }; None where there is none."""
        cell = self.cell(tensor)
        if cell is None:
            return None
        both = cell.apply_range(cell.reverse())
        return both.subtract(isl.Map.identity(both.get_space()))

    def shares(self, tensor: str) -> bool:
        """Whether two elements that there are have one cell."""
        alias = self.alias(tensor)
        if alias is None:
            return False
        box = self.copies.flow.box(tensor)
        return not alias.intersect_domain(box).intersect_range(box).is_empty()

    def shared(self, tensor: str) -> isl.Map:
        """{ element -> element in the same cell }, itself included."""
        cell = self.cell(tensor)
        if cell is None:
            rank = self.rank(tensor)
            return isl.Map.identity(self.copies.space(rank, rank))
        return cell.apply_range(cell.reverse())

    def along(self, tensor: str, dim: int) -> isl.Map:
        """{ element -> element : equal but in one dim }: what may share a cell when that dim is folded."""
        rank = self.rank(tensor)
        space = self.copies.space(rank, rank)
        same = isl.Map.universe(space)
        for place in range(rank):
            if place != dim:
                same = same.equate(IN, place, OUT, place)
        return same.subtract(isl.Map.identity(space))

    def rank(self, tensor: str) -> int:
        return len(dict(self.copies.arranged.program.shapes)[tensor])

    def _cell(self, tensor: str) -> isl.Map | None:
        tree = self.copies.tree
        writers = tree.writers.get(tensor)
        if not writers or tree.is_accumulator(tensor):
            return None
        arrangement = tree.arrangements[writers[0].stage]
        dims = tuple(axis_var(name) for name in arrangement.dims)
        if not arrangement.folds and arrangement.layout is None:
            return None
        if len(dims) != self.rank(tensor):
            dims = tuple(axis_var(f"d{place}") for place in range(self.rank(tensor)))
        folded: list[Node] = list(dims)
        for place, factor in arrangement.folds:
            folded[place] = mod(dims[place], index_const(factor))
        subscripts = _laid_out(arrangement.layout, dims, folded)
        cell = Affine(dims, self.copies.params()).relation(subscripts)
        if not arrangement.folds and cell.intersect_domain(self.copies.flow.box(tensor)).is_injective():
            return None
        return cell


def _laid_out(layout: tuple[Node, ...] | None, dims: tuple[Var, ...], folded: list[Node]) -> list[Node]:
    """The physical subscripts, the folds applied first."""
    if layout is None:
        return folded
    table: dict[Node, Node] = {
        dim: index for dim, index in zip(dims, folded, strict=True) if dim is not index
    }
    return [substitute(node, table) for node in layout]
