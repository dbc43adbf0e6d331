"""Rows of integers to isl's objects and back, without an object of Python's for each number.

In: rows `[constant, parameters…, dims…]`; affine values and points. Out: relations; coefficients and coordinates as
Python's integers, of any width. `islpy_classes.py` has the same functions by islpy's classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from tdsl.poly.isl_classes import Aff, Map, Mat, Point, Set, Space
from tdsl.poly.isl_library import INT, LONG, POINTER, Context, Pointer, c_function
from tdsl.poly.isl_methods import IslObject, integer, text_of
from tdsl.poly.library import dim_type

Made = TypeVar("Made", bound=IslObject)
Rows = Sequence[Sequence[int]]

_new_matrix = c_function("isl_mat_alloc", POINTER, POINTER, INT, INT)
_add_rows = c_function("isl_mat_add_zero_rows", POINTER, POINTER, INT)
_set_element = c_function("isl_mat_set_element_val", POINTER, POINTER, INT, INT, POINTER)
_basic_map = c_function("isl_basic_map_from_constraint_matrices", POINTER, *[POINTER] * 3, *[INT] * 5)
_basic_set = c_function("isl_basic_set_from_constraint_matrices", POINTER, *[POINTER] * 3, *[INT] * 4)
_map = c_function("isl_map_from_basic_map", POINTER, POINTER)
_set = c_function("isl_set_from_basic_set", POINTER, POINTER)
_dim = c_function("isl_aff_dim", INT, POINTER, INT)
_constant = c_function("isl_aff_get_constant_val", POINTER, POINTER)
_coefficient = c_function("isl_aff_get_coefficient_val", POINTER, POINTER, INT, INT)
_coordinate = c_function("isl_point_get_coordinate_val", POINTER, POINTER, INT, INT)
_numerator = c_function("isl_val_get_num_si", LONG, POINTER)
_denominator = c_function("isl_val_get_den_si", LONG, POINTER)
_is_zero = c_function("isl_val_is_zero", INT, POINTER)
_free_value = c_function("isl_val_free", POINTER, POINTER)


def basic_map(space: Space, equalities: Rows, inequalities: Rows, width: int) -> Map:
    """The points of a map space where every row is = 0, or >= 0. Errors: Error out of budget."""
    context = space.context
    equal, unequal = _matrix(context, equalities, width), _matrix(context, inequalities, width)
    return _made(Map, _map(_basic_map(Space.copy(space.pointer), equal, unequal, 0, 1, 2, 3, 4)), context)


def basic_set(space: Space, equalities: Rows, inequalities: Rows, width: int) -> Set:
    """The points of a set space where every row is = 0, or >= 0. Errors: Error out of budget."""
    context = space.context
    equal, unequal = _matrix(context, equalities, width), _matrix(context, inequalities, width)
    return _made(Set, _set(_basic_set(Space.copy(space.pointer), equal, unequal, 0, 1, 3, 4)), context)


def matrix(context: Context, rows: Rows, width: int) -> Mat:
    """Rows of `width` integers. Errors: Error out of budget."""
    return _made(Mat, _matrix(context, rows, width), context)


def coefficients(value: Aff, kind: dim_type) -> list[tuple[int, int]]:
    """(numerator, denominator) of an affine value's coefficients of a kind; of `cst` the constant."""
    pointer, context = value.pointer, value.context
    if kind == dim_type.cst:
        return [_fraction(_constant(pointer), context)]
    count = _dim(pointer, kind)
    return [_fraction(_coefficient(pointer, kind, place), context) for place in range(count)]


def coordinates(point: Point, count: int) -> list[int]:
    """The first coordinates of a point."""
    pointer, context = point.pointer, point.context
    return [_fraction(_coordinate(pointer, dim_type.set, place), context)[0] for place in range(count)]


def _matrix(context: Context, rows: Rows, width: int) -> Pointer | None:
    """A matrix filled in place, which the caller owns; None out of budget, as isl's functions have it."""
    found = _add_rows(_new_matrix(context.pointer, 0, width), len(rows))
    for place, row in enumerate(rows):
        for column, value in enumerate(row):
            if value:
                found = _set_element(found, place, column, integer(context, value))  # takes both
    return found


def _fraction(value: Pointer | None, context: Context) -> tuple[int, int]:
    """A number, which goes. isl gives 0 for what is beyond int64: text has any width."""
    if not value:
        raise context.failure("isl_val")
    above, below = _numerator(value), _denominator(value)
    if (above == 0 and not _is_zero(value)) or below == 0:
        first, _, second = text_of("isl_val", value, context).partition("/")
        context.failure("isl_val")
        above, below = int(first), int(second or 1)
    _free_value(value)
    return above, below


def _made(kind: type[Made], pointer: Pointer | None, context: Context) -> Made:
    if not pointer:
        raise context.failure(kind.prefix)
    one = object.__new__(kind)
    one.pointer, one.context = pointer, context
    return one
