"""Array types that offer DLPack's C functions: a type in, the addresses of its functions out.

Such a type has an attribute `__dlpack_c_exchange_api__`, a capsule with a table of functions. They read and make arrays
without Python objects in between: PyTorch tensors in some 20 ns instead of two microseconds. Where there is none, the
library's `to_dlpack` (the form before `__dlpack__`: array in, capsule out) takes some 200 ns. Source: dlpack.h 1.2,
exchange API.
"""

from __future__ import annotations

import ctypes
import inspect
import sys
import types
from typing import cast

from tdsl.records import dataclass

_CAPSULE = b"dlpack_exchange_api"
_MAJOR = 1
"""DLPack's major version whose structs are known here."""

# PyGetSetDescrObject: object head (16 bytes), type, name, qualified name, definition; PyGetSetDef: name, get, set, doc,
# closure. Source: CPython Include/cpython/descrobject.h.
_DESCR_TYPE, _DESCR_NAME, _DESCR_DEFINITION, _GET, _CLOSURE = 16, 24, 40, 8, 32

# DLPackExchangeAPI: version (8 bytes), older table (8), then the functions.
_ALLOCATE, _TO_OBJECT, _VIEW = 16, 32, 40


@dataclass(frozen=True, slots=True)
class ExchangeFunctions:
    """Addresses. view: reads an object as a DLTensor; allocate: makes a managed tensor; wrap: an object of it.

    export: where there are none (0), the library's `to_dlpack`, which gives a capsule.
    """

    view: int = 0
    allocate: int = 0
    wrap: int = 0
    export: object = None


def ways_to_read(kind: type) -> ExchangeFunctions | None:
    """How the entry reads arrays of a type: by its C functions, by its library's `to_dlpack`, or not at all."""
    found = exchange_functions(kind)
    if found is not None:
        return found
    export = getattr(sys.modules.get(kind.__module__.partition(".")[0]), "to_dlpack", None)
    return ExchangeFunctions(export=export) if callable(export) else None


def exchange_functions(kind: type) -> ExchangeFunctions | None:
    """The functions of an array type; None where it has none, or none of the version known here."""
    capsule = getattr(kind, "__dlpack_c_exchange_api__", None)
    if capsule is None:
        return None
    get = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
        ("PyCapsule_GetPointer", ctypes.pythonapi)
    )
    try:
        table = cast("int | None", get(capsule, _CAPSULE))
    except (ValueError, TypeError):
        return None
    while table:
        if ctypes.c_uint32.from_address(table).value == _MAJOR:
            return _functions(table)
        table = ctypes.c_void_p.from_address(table + 8).value
    return None


def _functions(table: int) -> ExchangeFunctions | None:
    found = [ctypes.c_void_p.from_address(table + at).value or 0 for at in (_VIEW, _ALLOCATE, _TO_OBJECT)]
    return ExchangeFunctions(*found) if all(found) else None


def getter_of(kind: type, name: str) -> tuple[int, int] | None:
    """(C function, closure) of an attribute that a type written in C reads by a getter; None for any other attribute.

    Saves the search through the type's bases, some 15 ns. The descriptor's fields are compared with what Python says.
    """
    found: object = inspect.getattr_static(kind, name, None)
    if not isinstance(found, types.GetSetDescriptorType):
        return None
    place = id(found)
    named = ctypes.c_void_p.from_address(place + _DESCR_NAME).value
    if ctypes.c_void_p.from_address(place + _DESCR_TYPE).value != id(found.__objclass__):
        return None
    definition = ctypes.c_void_p.from_address(place + _DESCR_DEFINITION).value
    if named != id(found.__name__) or not definition:
        return None
    getter = ctypes.c_void_p.from_address(definition + _GET).value
    return (getter, ctypes.c_void_p.from_address(definition + _CLOSURE).value or 0) if getter else None
