"""Kernels that CPython calls without Python code: a subclass of `Kernel` whose objects carry a function pointer.

In: the class `Kernel`. Out: a type made by PyType_FromSpecWithBases with a vectorcall slot (PEP 590, public C API), and
the context that its entry reads. The type is tried once; where anything is not as documented, `Kernel` itself is used.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Mapping
from typing import ClassVar, Literal, cast

import numpy as np

from tdsl.codegen.entry.layout import ContextLayout
from tdsl.dtypes import as_dtype, to_numpy
from tdsl.runtime.environment import environment_memory
from tdsl.runtime.foreign_types import ExchangeFunctions, getter_of
from tdsl.runtime.object_layout import new_from_descr

# Include/object.h, descrobject.h, typeslots.h: the stable ABI.
_DEFAULT, _BASETYPE, _HAVE_VECTORCALL = 1 << 18, 1 << 10, 1 << 11
_TP_CALL, _TP_MEMBERS = 50, 72
_SSIZE_MEMBER, _READ_ONLY = 19, 1


class _Member(ctypes.Structure):
    _fields_: ClassVar = [
        ("name", ctypes.c_char_p), ("type", ctypes.c_int), ("offset", ctypes.c_ssize_t),
        ("flags", ctypes.c_int), ("doc", ctypes.c_char_p),
    ]  # fmt: skip


class _Slot(ctypes.Structure):
    _fields_: ClassVar = [("slot", ctypes.c_int), ("function", ctypes.c_void_p)]


class _Spec(ctypes.Structure):
    _fields_: ClassVar = [
        ("name", ctypes.c_char_p), ("basicsize", ctypes.c_int), ("itemsize", ctypes.c_int),
        ("flags", ctypes.c_uint), ("slots", ctypes.c_void_p),
    ]  # fmt: skip


_kept: list[object] = []
"""What a type refers to as long as the process lives."""


def vectorcall_offset(base: type) -> int:
    """Where objects of the derived type hold the function; the pointer to the context comes next."""
    return base.__basicsize__


def derive(base: type) -> type:
    """A subclass of `base` whose objects are called through the pointer they hold.

    Errors: SystemError, TypeError and the like where CPython does not make it.
    """
    offset = vectorcall_offset(base)
    members = (_Member * 2)(_Member(b"__vectorcalloffset__", _SSIZE_MEMBER, offset, _READ_ONLY, None))
    call = ctypes.cast(ctypes.pythonapi.PyVectorcall_Call, ctypes.c_void_p)
    slots = (_Slot * 3)(_Slot(_TP_MEMBERS, ctypes.addressof(members)), _Slot(_TP_CALL, call), _Slot(0, None))
    name = f"{base.__module__}.{base.__name__}".encode()
    spec = _Spec(name, offset + 16, 0, _DEFAULT | _BASETYPE | _HAVE_VECTORCALL, ctypes.addressof(slots))
    _kept.append((members, slots, spec, name))
    make = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.py_object)(
        ("PyType_FromSpecWithBases", ctypes.pythonapi)
    )
    made = cast(type, make(ctypes.addressof(spec), (base,)))
    if made.__basicsize__ != offset + 16 or made.__base__ is not base:
        raise TypeError("another layout than asked for")
    made.__doc__ = base.__doc__
    return made


class Context:
    """The context of one kernel in memory (codegen/entry/layout.py), and what its pointers keep alive.

    Args:
        layout: its slots.
        slow, failed: callables of the kernel; the context holds them.

    Errors: T101 a dtype that NumPy has only through ml_dtypes.
    """

    __slots__ = ("__weakref__", "_held", "_layout", "_memory")

    def __init__(
        self,
        layout: ContextLayout,
        slow: Callable[..., object],
        failed: Callable[[int], object],
    ) -> None:
        self._layout = layout
        self._memory = (ctypes.c_uint64 * len(layout.slots))()
        self._held: list[object] = []
        memory = environment_memory()
        self._held.append(memory)
        self._set("environment", ctypes.addressof(memory))
        self._set("new_array", new_from_descr() or 0)
        constants: dict[str, object] = {
            "slow": slow, "failed": failed, "ndarray": np.ndarray, "tuple": tuple, "float": float, "int": int,
            "true": True, "false": False, "out": sys.intern("out"),
        }  # fmt: skip
        constants |= {f"descr {name}": to_numpy(as_dtype(name)) for name in layout.dtypes}
        constants |= {f"name {name}": sys.intern(name) for name in layout.keywords}
        for slot, value in constants.items():
            self._held.append(value)
            self._set(slot, id(value))

    def _set(self, slot: str, value: int) -> None:
        self._memory[self._layout.offset(slot) // 8] = value

    @property
    def address(self) -> int:
        return ctypes.addressof(self._memory)

    def set_body(self, kind: Literal["contiguous", "general"], address: int) -> None:
        """A body is loaded; the kernel keeps its code."""
        self._set(kind, address)

    def set_functions(self, functions: Mapping[str, int]) -> None:
        """The functions that all entries share, by slot; an entry hands over while they are missing."""
        for slot in self._layout.slots:
            if slot in functions:
                self._set(slot, functions[slot])

    def set_foreign(self, kind: type, functions: ExchangeFunctions) -> None:
        """The array type that is read through DLPack's functions from now on; the first one stays.

        A type with gradients is read only where an object wants none, as its own `__dlpack__` has it; one whose objects
        may store values with their sign changed, where this one does not. The type comes last, so that another thread
        finds either none or all.
        """
        if self._memory[self._layout.offset("foreign_type") // 8]:
            return
        guard, negated = sys.intern("requires_grad"), sys.intern("is_neg")
        self._held += [kind, guard, negated, functions.export]
        self._set("foreign_guard", id(guard) if hasattr(kind, guard) else 0)
        getter, closure = getter_of(kind, guard) or (0, 0)
        self._set("foreign_closure", closure)
        self._set("foreign_getter", getter)
        self._set("foreign_negated", id(negated) if hasattr(kind, negated) else 0)
        self._set("foreign_export", 0 if functions.export is None else id(functions.export))
        self._set("foreign_view", functions.view)
        self._set("foreign_allocate", functions.allocate)
        self._set("foreign_wrap", functions.wrap)
        self._set("foreign_type", id(kind))


def attach(kernel: object, base: type, function: int, context: Context) -> None:
    """Give an object of a derived type its function and context."""
    place = id(kernel) + vectorcall_offset(base)
    ctypes.c_void_p.from_address(place + 8).value = context.address
    ctypes.c_void_p.from_address(place).value = function
