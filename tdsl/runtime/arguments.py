"""Arrays and keywords of a call: checked against a kernel's interface before anything runs.

In: what the user passed. Out: NumPy views without copies. Errors: C102-C108, C111-C114, C118, each naming the argument,
what was expected and what came; nothing has been written when they are raised (semantics C8).
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, SupportsIndex, cast

import numpy as np

from tdsl.codegen.interface import SIZE_LIMIT, ArrayInterface, Formula, Interface, ScalarInterface
from tdsl.dtypes import as_dtype, to_numpy
from tdsl.errors import CallKeyError, CallTypeError, CallValueError, near_names
from tdsl.runtime.foreign import view
from tdsl.runtime.overlap import address, check_self_overlap
from tdsl.runtime.scalars import Number, shown_value

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAXIMUM_BYTES = 1 << 63


def as_array(value: object, argument: ArrayInterface) -> NDArray[np.generic]:
    """The argument as a NumPy array that shares its memory. Errors: C102, C103, C104."""
    array = view(value, argument.name, argument.dtype)
    expected = to_numpy(as_dtype(argument.dtype))
    if array.dtype != expected or not array.dtype.isnative:
        shown = str(array.dtype) if array.dtype.isnative else f"{array.dtype.str} (byte-swapped)"
        raise CallTypeError(
            "C103",
            f"{argument.name} has dtype {shown}, expected {argument.dtype}",
            hint=[f"{argument.name}.astype({argument.dtype!r})"],
        )
    if array.ndim != len(argument.extents):
        shape = ", ".join(formula.text for formula in argument.extents)
        raise CallValueError(
            "C104",
            f"{argument.name} has {_count(array.ndim, 'dimension')}, expected {len(argument.extents)}",
            why=[f"its shape is {array.shape}, declared ({shape})"],
        )
    return array


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def check_layout(argument: ArrayInterface, array: NDArray[np.generic]) -> None:
    """Declared strides and alignment. Errors: C118."""
    if not array.size:
        return
    if argument.align is not None and address(array) % argument.align:
        raise CallValueError(
            "C118",
            f"{argument.name} is not aligned to {argument.align} bytes, as it declares",
            why=[f"its first element lies {address(array) % argument.align} bytes behind such an address"],
        )
    for dim, (declared, stride) in enumerate(zip(argument.strides or (), array.strides, strict=False)):
        if declared is not None and array.shape[dim] > 1 and stride != declared * array.itemsize:
            raise CallValueError(
                "C118",
                f"{argument.name} steps {_elements(stride, array.itemsize)} along dimension {dim}, declares {declared}",
                why=[f"its strides are {array.strides} bytes"],
            )


def _elements(stride: int, itemsize: int) -> str:
    return f"{stride} bytes" if stride % itemsize else _count(stride // itemsize, "element")


def check_ranges(
    arrays: Sequence[tuple[ArrayInterface, NDArray[np.generic]]],
    scalars: Sequence[tuple[ScalarInterface, Number]],
    known: Mapping[str, Number],
) -> None:
    """Declared ranges of indices, over whole arrays (semantics B2). Errors: C112."""
    for scalar, value in scalars:
        if scalar.value_range is not None:
            low, high = (formula.value(known) for formula in scalar.value_range)
            _check_range(scalar.name, "is", int(value), int(value), low, high)
    for argument, array in arrays:
        if argument.value_range is not None and array.size:
            low, high = (formula.value(known) for formula in argument.value_range)
            least, greatest = (int(cast(int, extreme)) for extreme in (array.min(), array.max()))
            _check_range(argument.name, "holds", least, greatest, low, high)


def _check_range(name: str, verb: str, least: int, greatest: int, low: int, high: int) -> None:
    if least < low or greatest >= high:
        wrong = least if least < low else greatest
        raise CallValueError(
            "C112", f"{name} {verb} {wrong}, outside its declared range {low} <= {name} < {high}"
        )


# ---------------------------------------------------------------- outputs
def output_shape(argument: ArrayInterface, known: Mapping[str, Number]) -> tuple[int, ...]:
    """The shape of an output. Errors: C114."""
    shape = tuple(int(formula.value(known)) for formula in argument.extents)
    size = as_dtype(argument.dtype).bytes
    for extent, formula in zip(shape, argument.extents, strict=True):
        if extent < 0:
            raise _no_shape(argument, formula, extent, known)
        size *= extent
    if size >= MAXIMUM_BYTES:
        raise CallValueError("C114", f"{argument.name} would have shape {shape}, which is {size} bytes")
    return shape


def _no_shape(
    argument: ArrayInterface, formula: Formula, extent: int, known: Mapping[str, Number]
) -> CallValueError:
    values = ", ".join(f"{name} = {known[name]}" for name in formula.names)
    return CallValueError(
        "C114", f"{argument.name} would have extent {formula.text} = {extent}", why=[f"with {values}"]
    )


def as_output(value: object, argument: ArrayInterface) -> NDArray[np.generic]:
    """An array given as `out=`. Errors: C102-C104 as for inputs."""
    if isinstance(value, np.generic):
        raise CallTypeError("C102", f"out for {argument.name} is a NumPy scalar, and those cannot be written")
    return as_array(value, argument)


def check_output(argument: ArrayInterface, array: NDArray[np.generic], shape: tuple[int, ...]) -> None:
    """Shape and layout of an array given as `out=`. Errors: C108, C109, C113."""
    if array.shape != shape:
        raise CallValueError("C113", f"out for {argument.name} has shape {array.shape}, expected {shape}")
    if not array.flags.writeable:
        raise CallValueError("C108", f"out for {argument.name} is read-only")
    check_self_overlap(argument.name, array)


# ---------------------------------------------------------------- keywords
def check_keywords(interface: Interface, keywords: Mapping[str, object]) -> dict[str, int]:
    """Sizes given by name. Errors: C106, C107, C111, C114."""
    names = [size.name for size in interface.sizes]
    found: dict[str, int] = {}
    for name, value in keywords.items():
        if name not in names:
            near = near_names(name, ["out", *names], count=1)
            raise CallKeyError(
                "C107",
                f"{interface.name} takes no keyword {name}",
                why=[f"keywords: {', '.join(['out', *names])}"],
                hint=[f"{near[0]}=" for _ in near[:1]],
            )
        found[name] = _size(name, value)
    return found


def _size(name: str, value: object) -> int:
    kind = type(value)
    no_index = issubclass(kind, bool | np.bool | np.ndarray)
    try:
        number = -1 if no_index else operator.index(cast(SupportsIndex, value))
    except TypeError:
        raise CallTypeError("C111", f"size {name} is {kind.__name__}, expected an integer") from None
    if no_index:
        raise CallTypeError("C111", f"size {name} is {kind.__name__}, expected an integer")
    if number < 0:
        raise CallValueError("C106", f"{name} is {shown_value(number)}, and must be at least 0")
    if number >= SIZE_LIMIT:
        raise CallValueError("C114", f"{name} is too large: sizes are below 2**47")
    return number
