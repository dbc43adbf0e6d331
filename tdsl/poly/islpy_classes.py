"""islpy's own classes under the names of `library.py`, for an islpy whose library does not show isl's functions."""
# ruff: noqa: E402  (islpy's version is served before islpy asks for it)

from __future__ import annotations

from collections.abc import Sequence

from tdsl.poly.islpy_version import install

install()

from islpy import (
    Aff,
    BasicMap,
    BasicSet,
    Constraint,
    Context,
    Error,
    LocalSpace,
    Map,
    Mat,
    Point,
    PwAff,
    Set,
    Space,
    UnionAccessInfo,
    UnionFlow,
    UnionMap,
    Val,
    dim_type,
)

__all__ = [
    "Aff",
    "BasicMap",
    "BasicSet",
    "Constraint",
    "Context",
    "Error",
    "LocalSpace",
    "Map",
    "Mat",
    "Point",
    "PwAff",
    "Set",
    "Space",
    "UnionAccessInfo",
    "UnionFlow",
    "UnionMap",
    "Val",
    "basic_map",
    "basic_set",
    "coefficients",
    "coordinates",
]


Rows = Sequence[Sequence[int]]


def basic_map(space: Space, equalities: Rows, inequalities: Rows, width: int) -> Map:
    """The points of a map space where every row is = 0, or >= 0. Errors: Error out of budget."""
    kinds = dim_type.cst, dim_type.param, dim_type.in_, dim_type.out, dim_type.div
    equal, unequal = (matrix(space.get_ctx(), rows, width) for rows in (equalities, inequalities))
    return Map.from_basic_map(BasicMap.from_constraint_matrices(space, equal, unequal, *kinds))


def basic_set(space: Space, equalities: Rows, inequalities: Rows, width: int) -> Set:
    """The points of a set space where every row is = 0, or >= 0. Errors: Error out of budget."""
    kinds = dim_type.cst, dim_type.param, dim_type.set, dim_type.div
    equal, unequal = (matrix(space.get_ctx(), rows, width) for rows in (equalities, inequalities))
    return Set.from_basic_set(BasicSet.from_constraint_matrices(space, equal, unequal, *kinds))


def coefficients(value: Aff, kind: int) -> list[tuple[int, int]]:
    """(numerator, denominator) of an affine value's coefficients of a kind; of `cst` the constant."""
    if kind == dim_type.cst:
        return [_fraction(value.get_constant_val())]
    kind = dim_type(kind)
    return [_fraction(value.get_coefficient_val(kind, place)) for place in range(value.dim(kind))]


def coordinates(point: Point, count: int) -> list[int]:
    """The first coordinates of a point."""
    return [point.get_coordinate_val(dim_type.set, place).to_python() for place in range(count)]


def _fraction(value: Val) -> tuple[int, int]:
    above, _, below = str(value).partition("/")
    return int(above), int(below or 1)


def matrix(context: Context, rows: Rows, width: int) -> Mat:
    """Rows of `width` integers as a matrix. Errors: Error out of budget."""
    found = Mat.alloc(context, 0, width).add_zero_rows(len(rows))
    for place, row in enumerate(rows):
        for column, value in enumerate(row):
            if value:
                found = found.set_element_val(place, column, _entry(context, value))
    return found


def _entry(context: Context, value: int) -> int | Val:
    """An integer as islpy takes it: beyond int64 through text (isl's own integers have no width)."""
    return value if -(1 << 63) <= value < 1 << 63 else Val.read_from_str(context, str(value))
