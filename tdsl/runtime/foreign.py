"""Arrays of other libraries: anything that gives its memory in, a NumPy view of it out; and results back in their type.

Taken, in this order: DLPack (PyTorch, JAX, CuPy on the CPU, …), `__array_interface__`, the buffer protocol. Never a
copy: an object that could only give one is refused. A result goes back through the library's own `from_dlpack`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from tdsl.errors import CallTypeError
from tdsl.runtime.dlpack import SPECIAL_DTYPES, view_of_capsule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.generic]


class _Negatable(Protocol):
    def is_neg(self) -> bool: ...


_REFUSALS = (BufferError, RuntimeError, TypeError, ValueError, AttributeError, NotImplementedError)
"""What libraries raise where they cannot export: device memory, gradients, lazy values, odd dtypes."""


def view(value: object, name: str, dtype: str) -> Array:
    """The memory of `value` as a plain NumPy array.

    Args:
        name: of the argument, for the error.
        dtype: expected there.

    Errors: C102 no array, or none that shares its memory.
    """
    if isinstance(value, np.ndarray):
        return _plain(cast("Array", value), name)
    try:
        found = _exported(value, dtype)
    except _REFUSALS as reason:
        raise CallTypeError(
            "C102",
            f"{name} gives no array that shares its memory",
            why=[f"{type(value).__name__}: {_first_line(reason)}"],
        ) from None
    if found is None:
        raise CallTypeError(
            "C102",
            f"{name} is {type(value).__name__}, expected an array of {dtype}",
            hint=[f"np.asarray({name}, {dtype!r}) makes one"],
        )
    return found


def _plain(array: Array, name: str) -> Array:
    if type(array) is np.ndarray:
        return array
    masked = getattr(sys.modules.get("numpy.ma"), "MaskedArray", None)
    if masked is not None and isinstance(array, masked):
        raise CallTypeError(
            "C102",
            f"{name} is a masked array, and kernels know no masks",
            hint=[f"{name}.filled(value)", f"{name}.data, masked values included"],
        )
    return np.ndarray.view(array, np.ndarray)


def _exported(value: object, dtype: str) -> Array | None:
    if hasattr(value, "__dlpack__"):
        if hasattr(value, "is_neg") and cast("_Negatable", value).is_neg():  # PyTorch exports it all the same
            raise BufferError(
                "its values are stored with their sign changed (resolve_neg() makes plain ones)"
            )
        if dtype in SPECIAL_DTYPES:
            return view_of_capsule(value)
        return cast("Array", np.from_dlpack(value))  # pyright: ignore[reportArgumentType]
    if hasattr(value, "__array_interface__"):
        return _plain(np.asarray(value), "the argument")
    if isinstance(value, str):
        return None
    try:
        memory = memoryview(value)  # pyright: ignore[reportArgumentType]
    except TypeError:
        return None
    return np.asarray(memory)


def _first_line(reason: BaseException) -> str:
    lines = str(reason).splitlines()
    return lines[0] if lines else type(reason).__name__


def gives_array(value: object) -> bool:
    """Whether `value` would be taken as an array, roughly and without running any of its code."""
    return isinstance(value, np.ndarray) or any(
        hasattr(type(value), name) for name in ("__dlpack__", "__array_interface__")
    )


# ---------------------------------------------------------------- results
def give_back(array: Array, like: object) -> object:
    """A result in the type of `like`, sharing its memory where that library can.

    NumPy's own types, and libraries without `from_dlpack`, get a NumPy array (semantics C3).
    Errors: C102 the library does not take the result.
    """
    make = _maker(like)
    if make is None:
        return array
    try:
        return make(array)
    except _REFUSALS as reason:
        raise CallTypeError(
            "C102",
            f"the result cannot become {_named(type(like))}",
            why=[f"{array.dtype}: {_first_line(reason)}"],
            hint=["out=, an array of that type made before"],
        ) from None


def _maker(like: object) -> Callable[[Array], object] | None:
    if isinstance(like, np.ndarray | np.generic):
        return None
    library = _library(like)
    make = getattr(library, "from_dlpack", None)
    if make is None:
        return None
    return lambda array: _special(array, library) if array.dtype.name in SPECIAL_DTYPES else make(array)


def _library(like: object) -> object:
    """The module whose array `like` is: by the array API standard, else its top-level package."""
    namespace = getattr(like, "__array_namespace__", None)
    if callable(namespace):
        return namespace()
    return sys.modules.get(type(like).__module__.partition(".")[0])


def _special(array: Array, library: object) -> object:
    """bfloat16 and fp8: NumPy exports none of them, so the library makes the array and the bits are copied in."""
    empty, dtype = getattr(library, "empty", None), getattr(library, array.dtype.name, None)
    if not callable(empty) or dtype is None:
        raise TypeError(f"{_named(type(library))} has no {array.dtype.name}")
    made = empty(array.shape, dtype=dtype)
    np.copyto(view_of_capsule(made), array)
    return made


def _named(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
