"""isl as tdsl uses it: its objects and functions in islpy's library, or islpy's classes where it does not show them.

In: nothing. Out: the names of `isl_classes.py` and `isl_rows.py`, loaded when the first of them is used: a program whose
questions are all answered by its structure loads no isl. Both give the same answers; islpy's classes lose memory
(adr/0033).
"""

from __future__ import annotations

import importlib
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    from tdsl.poly.isl_rows import basic_map as basic_map
    from tdsl.poly.isl_rows import basic_set as basic_set
    from tdsl.poly.isl_rows import coefficients as coefficients
    from tdsl.poly.isl_rows import coordinates as coordinates

_OURS = ("tdsl.poly.isl_rows", "tdsl.poly.isl_classes", "tdsl.poly.isl_library")
_ISLPYS = ("tdsl.poly.islpy_classes",)


class dim_type(IntEnum):  # noqa: N801  (as islpy spells it)
    """Kinds of dimensions: enum isl_dim_type of include/isl/space_type.h; islpy takes the numbers, too."""

    cst = 0
    param = 1
    in_ = 2
    out = 3
    set = 3
    div = 4


def __getattr__(name: str) -> object:
    """A name of isl, on first use. Errors: AttributeError."""
    if name.startswith("_"):
        raise AttributeError(name)
    try:
        modules = [importlib.import_module(module) for module in _OURS]
    except ImportError:  # isl_library.CannotBind
        modules = [importlib.import_module(module) for module in _ISLPYS]
    for module in modules:
        if hasattr(module, name):
            value = globals()[name] = getattr(module, name)
            return value
    raise AttributeError(f"tdsl calls no {name} of isl")
