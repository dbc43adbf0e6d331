"""What the entry knows of objects in memory: CPython's and NumPy's structs, DLPack's, and its own context.

In: nothing. Out: offsets in bytes. The first group is no public interface: runtime/object_layout.py compares it with
live objects before the first entry is used, and where it differs every call takes the Python way (architecture.md, 11).
Sources: CPython Include/object.h, tupleobject.h, floatobject.h; NumPy 2 ndarraytypes.h (PyArrayObject_fields);
dlpack.h 1.0.
"""

from __future__ import annotations

from tdsl.codegen.bindings import keyword_sizes
from tdsl.codegen.interface import ArrayInterface, Interface
from tdsl.records import dataclass

ENTRY = "tdsl_entry"
"""The function of an entry's module."""

PYTHON_SYMBOLS = frozenset({
    "PyObject_Vectorcall", "PyErr_Clear", "Py_IncRef", "Py_DecRef", "PyEval_SaveThread", "PyEval_RestoreThread",
    "PyLong_FromLong", "PyLong_AsLongLongAndOverflow", "PyTuple_New", "PyTuple_SetItem", "PyObject_GetAttr",
    "PyObject_VectorcallMethod", "PyCapsule_GetPointer",
})  # fmt: skip
"""What entries and the functions they share take from CPython (its C API, and nothing private)."""

# PyObject and friends, 64-bit builds with the global lock.
HEAD = 16
OBJECT_TYPE = 8
TUPLE_SIZE = HEAD
TUPLE_ITEMS = HEAD + 8
FLOAT_VALUE = HEAD

# PyArrayObject_fields.
ARRAY_DATA = HEAD
ARRAY_NDIM = HEAD + 8
ARRAY_DIMS = HEAD + 16
ARRAY_STRIDES = HEAD + 24
ARRAY_DESCR = HEAD + 40
ARRAY_FLAGS = HEAD + 48

FLAG_CONTIGUOUS, FLAG_ALIGNED, FLAG_WRITEABLE = 0x1, 0x100, 0x400

NEW_FROM_DESCR = 94
"""Slot of PyArray_NewFromDescr in NumPy's table of functions (numpy/__multiarray_api.h)."""

# What an array of another library is reduced to, in memory of the entry: then a DLTensor, then byte strides.
RECORD_DATA, RECORD_DIMS, RECORD_STRIDES, RECORD_CONTIGUOUS = 0, 8, 16, 24
RECORD_TENSOR, TENSOR_BYTES = 32, 48
RECORD_BYTES = RECORD_TENSOR + TENSOR_BYTES
"""And 16 for each dimension: its byte stride, and its extent in an array of them behind all strides."""

RECORD_PLAIN, RECORD_USUAL = 1, 2
"""Bits of RECORD_CONTIGUOUS: row-major and aligned; row-major with more than one element."""

_FIXED = (
    "slow", "failed", "contiguous", "general", "environment",
    "ndarray", "tuple", "float", "int", "true", "false", "out", "new_array",
    "foreign_type", "foreign_view", "foreign_allocate", "foreign_wrap", "foreign_guard",
    "foreign_getter", "foreign_closure", "foreign_export", "foreign_negated",
    "read_foreign", "new_foreign", "bounds", "spread", "find",
)  # fmt: skip

RANGED = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
"""dtypes whose values may have a declared range."""

SHARED_FUNCTIONS: dict[str, str] = {
    slot: f"tdsl_{slot}" for slot in ("read_foreign", "new_foreign", "bounds", "spread", "find")
} | {f"within {dtype}": f"tdsl_within_{dtype}" for dtype in RANGED}
"""Slot of the context -> function of support.py."""


@dataclass(frozen=True, slots=True)
class ContextLayout:
    """The context of a kernel: one pointer a slot, filled by the runtime (runtime/fast_call.py).

    slow: called with the same arguments where the entry does not accept; failed: called with a status that is not 0;
    contiguous, general: the bodies, null until loaded; environment: a `tdsl_env`; then types, constants and functions
    of CPython and NumPy; the one foreign array type known so far (null while there is none) with its DLPack functions or
    its library's `to_dlpack`, the name of the attribute that must be False, or its getter in C and what that is given,
    and the name of the method that says whether values are stored with their sign changed (each null where there is
    none); the functions of support.py (null until a call was handed over); then a NumPy descriptor for each dtype, a
    function for each dtype with ranges, a string for each size that may be a keyword.
    """

    dtypes: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()

    @property
    def slots(self) -> tuple[str, ...]:
        """All slots in order."""
        described = (f"descr {name}" for name in self.dtypes)
        ranged = (f"within {name}" for name in self.ranges)
        return (*_FIXED, *described, *ranged, *(f"name {name}" for name in self.keywords))

    def offset(self, slot: str) -> int:
        """Where a slot is, in bytes."""
        return 8 * self.slots.index(slot)


def context_of(interface: Interface) -> ContextLayout:
    """The context of a kernel's entry."""
    arrays = [one for one in interface.arguments if isinstance(one, ArrayInterface)]
    dtypes = dict.fromkeys(one.dtype for one in arrays)
    ranges = dict.fromkeys(one.dtype for one in arrays if one.value_range is not None)
    return ContextLayout(tuple(dtypes), tuple(ranges), keyword_sizes(interface))
