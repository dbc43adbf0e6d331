"""Sets of a proof with products made tighter: a condition times a size is a condition, too; an isl set in, an answer out.

Every constraint c >= 0 of a set gives c * w >= 0 for a product of sizes w, which is linear in the variables that stand
for products (`products.py`). So `i < h` and `j < w` keep `i * w + j` below `h * w`, which isl alone cannot see. Source:
the products of constraints of Sherali and Adams 1990 (reformulation and linearization), of which those with sizes are
taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tdsl.expr.node import Var
from tdsl.poly import library as isl
from tdsl.poly.isl import CST, DIV, PARAM, SET, basic_set
from tdsl.poly.polynomial import Monomial
from tdsl.poly.products import Products, joined
from tdsl.records import dataclass


@dataclass(frozen=True, slots=True)
class Tightening:
    """Adds to sets what follows when their constraints are multiplied by sizes.

    Args:
        products: the variables that stand for products.
        params, dims: the columns of the sets.
    """

    products: Products
    params: tuple[Monomial, ...]
    dims: tuple[Var, ...]

    def empty(self, points: isl.Set) -> bool:
        """Whether a set has no point in which products are products; False where that is not seen."""
        if points.is_empty():
            return True
        columns = self._columns()
        tables = [self._table(factor, columns) for factor in self._multipliers()]
        if not tables:
            return False
        return all(self._is_empty(piece, tables) for piece in points.get_basic_sets())

    def _is_empty(self, piece: isl.BasicSet, tables: Sequence[Mapping[int, int]]) -> bool:
        """With what the constraints of one piece say, and if that is not enough, with what they say of sizes alone, and of
        each axis alone: `0 <= j <= i` has no `0 <= i` in it, since that follows, and its product does not.
        """
        tighter = piece.intersect(self._multiplied(piece, tables))
        if tighter.is_empty():
            return True
        sizes = isl.BasicSet.universe(piece.get_space()).intersect_params(piece.params())
        tighter = tighter.intersect(self._multiplied(sizes, tables))
        if tighter.is_empty():
            return True
        for place, var in enumerate(self.dims):
            if any(var in monomial for monomial in self.products.variables):
                tighter = tighter.intersect(self._products_of(*self._alone(piece, place), piece, tables))
        return tighter.is_empty()

    def _alone(self, piece: isl.BasicSet, place: int) -> tuple[list[list[int]], list[list[int]]]:
        """What a piece says of one of its dims and of sizes: equations and inequalities over all columns."""
        count, params = len(self.dims), 1 + len(self.params)
        one = piece.project_out(SET, place + 1, count - place - 1).project_out(SET, 0, place)
        found = [
            _rows(matrix, params + 1)
            for matrix in (
                one.equalities_matrix(CST, PARAM, SET, DIV),
                one.inequalities_matrix(CST, PARAM, SET, DIV),
            )
        ]
        equalities, inequalities = (
            [[*row[:params], *[0] * place, row[params], *[0] * (count - place - 1)] for row in rows]
            for rows in found
        )
        return equalities, inequalities

    def _multipliers(self) -> tuple[Monomial, ...]:
        """What axes are multiplied by, and the factors of products of sizes."""
        found = dict.fromkeys(self.products.multipliers())
        found |= {(var,): None for monomial in self.params if len(monomial) > 1 for var in monomial}
        return tuple(found)

    def _columns(self) -> Mapping[Monomial, int]:
        columns: dict[Monomial, int] = {(): 0}
        columns |= {monomial: 1 + place for place, monomial in enumerate(self.params)}
        start = 1 + len(self.params)
        for place, var in enumerate(self.dims):
            columns[self.products.factors.get(var, (var,))] = start + place
        return columns

    def _table(self, factor: Monomial, columns: Mapping[Monomial, int]) -> dict[int, int]:
        """Where each column goes when it is multiplied; those that no column stands for are left out."""
        return {
            place: columns[joined(monomial, factor)]
            for monomial, place in columns.items()
            if joined(monomial, factor) in columns
        }

    def _multiplied(self, piece: isl.BasicSet, tables: Sequence[Mapping[int, int]]) -> isl.BasicSet:
        """The constraints of a piece, each times each product of sizes."""
        width = 1 + len(self.params) + len(self.dims)
        equalities = _rows(piece.equalities_matrix(CST, PARAM, SET, DIV), width)
        inequalities = _rows(piece.inequalities_matrix(CST, PARAM, SET, DIV), width)
        return self._products_of(equalities, inequalities, piece, tables)

    def _products_of(
        self,
        equalities: list[list[int]],
        inequalities: list[list[int]],
        piece: isl.BasicSet,
        tables: Sequence[Mapping[int, int]],
    ) -> isl.BasicSet:
        """Rows, each times each product of sizes, in the space of a piece."""
        more = [
            [row for each in rows for table in tables if (row := _moved(each, table)) is not None]
            for rows in (equalities, inequalities)
        ]
        return basic_set(piece.get_space(), more[0], more[1]).get_basic_sets()[0]


def _rows(matrix: isl.Mat, width: int) -> list[list[int]]:
    """The rows of a matrix of constraints that have no division in them."""
    found: list[list[int]] = []
    for place in range(matrix.rows()):
        row = [matrix.get_element_val(place, column).to_python() for column in range(matrix.cols())]
        if not any(row[width:]):
            found.append(row[:width])
    return found


def _moved(row: list[int], table: Mapping[int, int]) -> list[int] | None:
    """A row multiplied; None where a column has no place to go."""
    moved = [0] * len(row)
    for place, value in enumerate(row):
        if value:
            if place not in table:
                return None
            moved[table[place]] += value
    return moved
