"""isl as tdsl uses it: its objects and functions in islpy's library, or islpy's classes where it does not show them.

In: nothing. Out: the names of `isl_classes.py`. Both give the same answers; islpy's classes lose memory (adr/0033).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

try:
    from tdsl.poly.isl_classes import Aff as Aff
    from tdsl.poly.isl_classes import BasicMap as BasicMap
    from tdsl.poly.isl_classes import BasicSet as BasicSet
    from tdsl.poly.isl_classes import Constraint as Constraint
    from tdsl.poly.isl_classes import LocalSpace as LocalSpace
    from tdsl.poly.isl_classes import Map as Map
    from tdsl.poly.isl_classes import Mat as Mat
    from tdsl.poly.isl_classes import Point as Point
    from tdsl.poly.isl_classes import PwAff as PwAff
    from tdsl.poly.isl_classes import Set as Set
    from tdsl.poly.isl_classes import Space as Space
    from tdsl.poly.isl_classes import UnionAccessInfo as UnionAccessInfo
    from tdsl.poly.isl_classes import UnionFlow as UnionFlow
    from tdsl.poly.isl_classes import UnionMap as UnionMap
    from tdsl.poly.isl_classes import Val as Val
    from tdsl.poly.isl_library import Context as Context
    from tdsl.poly.isl_library import Error as Error
    from tdsl.poly.isl_library import dim_type as dim_type
    from tdsl.poly.isl_rows import basic_map as basic_map
    from tdsl.poly.isl_rows import basic_set as basic_set
    from tdsl.poly.isl_rows import coefficients as coefficients
    from tdsl.poly.isl_rows import coordinates as coordinates
except ImportError:  # isl_library.CannotBind
    if not TYPE_CHECKING:
        from tdsl.poly.islpy_classes import *  # noqa: F403
