"""Arrays and scalars of a call: checked against a kernel's interface before anything runs.

In: what the user passed. Out: NumPy views without copies, scalar bytes. Errors: C101-C104, C107-C109, C111-C114, each
naming the argument, what was expected and what came; nothing has been written when they are raised (semantics C8).
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from tdsl.codegen.interface import ArrayInterface, Formula, Interface, ScalarInterface
from tdsl.dtypes import as_dtype
from tdsl.errors import CallTypeError, CallValueError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Array = "NDArray[np.generic]"
MAXIMUM_BYTES = 1 << 63
OVERLAP_WORK = 1000
"""Steps the exact overlap test may take before the arrays count as overlapping (numpy.shares_memory, max_work)."""


def as_array(value: object, argument: ArrayInterface) -> NDArray[np.generic]:
    """The argument as a NumPy array that shares its memory. Errors: C102, C103, C104."""
    array = _viewed(value, argument)
    expected = np.dtype(argument.dtype)
    if array.dtype != expected or not array.dtype.isnative:
        shown = array.dtype.str if not array.dtype.isnative else str(array.dtype)
        raise CallTypeError(
            "C103",
            f"{argument.name} has dtype {shown}, expected {argument.dtype}",
            hint=[f"{argument.name}.astype({argument.dtype!r})"],
        )
    if array.ndim != len(argument.extents):
        shape = ", ".join(formula.text for formula in argument.extents)
        raise CallValueError(
            "C104",
            f"{argument.name} has {array.ndim} dimensions, expected {len(argument.extents)}",
            why=[f"its shape is {array.shape}, declared ({shape})"],
        )
    return array


def _viewed(value: object, argument: ArrayInterface) -> NDArray[np.generic]:
    if isinstance(value, np.ndarray):
        return cast("NDArray[np.generic]", value)
    try:
        if hasattr(value, "__dlpack__"):
            return cast("NDArray[np.generic]", np.from_dlpack(value))  # pyright: ignore[reportArgumentType]
        if hasattr(value, "__array_interface__"):
            return cast("NDArray[np.generic]", np.asarray(value))
    except (BufferError, RuntimeError, TypeError, ValueError) as reason:
        raise CallTypeError(
            "C102",
            f"{argument.name} gives no array that shares its memory",
            why=[str(reason).splitlines()[0]],
        ) from None
    raise CallTypeError(
        "C102",
        f"{argument.name} is {type(value).__name__}, expected an array of {argument.dtype}",
        hint=[f"np.asarray({argument.name}, {argument.dtype!r}) makes one"],
    )


def as_scalar(value: object, argument: ScalarInterface) -> tuple[int | float | bool, object]:
    """(value, ctypes object holding it). Integers and bools without loss, floats rounded (semantics C4). Errors: C111."""
    dtype = as_dtype(argument.dtype)
    plain: object = cast("NDArray[np.generic]", value).item() if isinstance(value, np.generic) else value
    good = isinstance(plain, bool | int | float) and (dtype.is_float or not isinstance(plain, float))
    if good and dtype.is_bool:
        good = isinstance(plain, bool)
    if not good:
        raise CallTypeError("C111", f"{argument.name} is {value!r}, expected a scalar of {argument.dtype}")
    number = cast("int | float | bool", plain)
    try:
        held = np.array([number], argument.dtype)
    except OverflowError:
        held = None
    if held is None or (not dtype.is_float and int(held[0]) != int(number)):
        raise CallTypeError("C111", f"{argument.name} is {number}, which {argument.dtype} cannot hold")
    return cast("int | float | bool", held[0].item()), held


def check_ranges(
    arrays: Sequence[tuple[ArrayInterface, NDArray[np.generic]]],
    scalars: Sequence[tuple[ScalarInterface, int | float | bool]],
    known: Mapping[str, int],
) -> None:
    """Declared ranges of indices, over whole arrays (semantics B2). Errors: C112."""
    for argument, array in arrays:
        if argument.value_range is not None and array.size:
            low, high = (formula.value(known) for formula in argument.value_range)
            _check_range(argument.name, int(cast(int, array.min())), int(cast(int, array.max())), low, high)
    for scalar, value in scalars:
        if scalar.value_range is not None:
            low, high = (formula.value(known) for formula in scalar.value_range)
            _check_range(scalar.name, int(value), int(value), low, high)


def _check_range(name: str, least: int, greatest: int, low: int, high: int) -> None:
    if least < low or greatest >= high:
        wrong = least if least < low else greatest
        raise CallValueError(
            "C112", f"{name} holds {wrong}, outside its declared range {low} <= {name} < {high}"
        )


def output_shape(argument: ArrayInterface, known: Mapping[str, int]) -> tuple[int, ...]:
    """The shape of an output. Errors: C114."""
    shape = tuple(formula.value(known) for formula in argument.extents)
    size = np.dtype(argument.dtype).itemsize
    for extent, formula in zip(shape, argument.extents, strict=True):
        if extent < 0:
            raise _no_shape(argument, formula, extent, known)
        size *= extent
    if size >= MAXIMUM_BYTES:
        raise CallValueError("C114", f"{argument.name} would have shape {shape}, which is {size} bytes")
    return shape


def _no_shape(
    argument: ArrayInterface, formula: Formula, extent: int, known: Mapping[str, int]
) -> CallValueError:
    values = ", ".join(f"{name} = {known[name]}" for name in formula.names)
    return CallValueError(
        "C114", f"{argument.name} would have extent {formula.text} = {extent}", why=[f"with {values}"]
    )


def check_output(argument: ArrayInterface, array: NDArray[np.generic], shape: tuple[int, ...]) -> None:
    """An array given as `out=`. Errors: C108, C109, C113."""
    if array.shape != shape:
        raise CallValueError("C113", f"out for {argument.name} has shape {array.shape}, expected {shape}")
    if not array.flags.writeable:
        raise CallValueError("C108", f"out for {argument.name} is read-only")
    if array.size and any(
        stride == 0 and extent > 1 for stride, extent in zip(array.strides, shape, strict=True)
    ):
        raise CallValueError(
            "C109",
            f"elements of out for {argument.name} share memory",
            why=[f"its strides are {array.strides}"],
        )
    if array.size and not (array.flags.c_contiguous or array.flags.f_contiguous) and _self_overlapping(array):
        raise CallValueError(
            "C109",
            f"elements of out for {argument.name} share memory",
            why=[f"its strides are {array.strides}"],
        )


def _self_overlapping(array: NDArray[np.generic]) -> bool:
    """Whether a strided array may hold two elements in one place: sorted by stride, each must step over the smaller."""
    reach = array.itemsize
    pairs = sorted((abs(s), n) for s, n in zip(array.strides, array.shape, strict=True) if n > 1)
    for stride, extent in pairs:
        if stride < reach:
            return True
        reach = stride * (extent - 1) + reach
    return False


def check_overlap(
    outputs: Sequence[tuple[str, NDArray[np.generic]]], others: Sequence[tuple[str, NDArray[np.generic]]]
) -> None:
    """No output may share memory with an input or another output. Errors: C109."""
    for position, (name, output) in enumerate(outputs):
        for other_name, other in (*others, *outputs[:position]):
            if np.may_share_memory(output, other) and _overlap(output, other):
                raise CallValueError(
                    "C109",
                    f"out for {name} overlaps {other_name}",
                    hint=["give an array of its own, or leave out= away"],
                )


def _overlap(a: NDArray[np.generic], b: NDArray[np.generic]) -> bool:
    try:
        return bool(np.shares_memory(a, b, max_work=OVERLAP_WORK))  # pyright: ignore[reportArgumentType]
    except np.exceptions.TooHardError:
        return True


def is_contiguous(array: NDArray[np.generic]) -> bool:
    """Row-major and element-aligned: what the contiguous body takes (semantics C7)."""
    return bool(array.flags.c_contiguous and array.flags.aligned)


def data_pointer(array: NDArray[np.generic]) -> int:
    """The address of element (0, ..., 0)."""
    return int(array.__array_interface__["data"][0])


def check_keywords(interface: Interface, keywords: Mapping[str, object]) -> dict[str, int]:
    """Sizes given by name. Errors: C107, C111."""
    names = [size.name for size in interface.sizes]
    found: dict[str, int] = {}
    for name, value in keywords.items():
        if name not in names:
            from tdsl.errors import CallKeyError

            allowed = ", ".join(["out", *names])
            raise CallKeyError(
                "C107", f"{interface.name} takes no keyword {name}", hint=[f"keywords: {allowed}"]
            )
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise CallTypeError("C111", f"size {name} is {value!r}, expected an integer")
        found[name] = int(cast(int, value))
        if found[name] < 0:
            raise CallValueError("C106", f"{name} is {found[name]}, and must be at least 0")
    return found


def packed_integers(values: Sequence[int]) -> ctypes.Array[ctypes.c_int64]:
    """Values as an int64 array for the ABI."""
    return (ctypes.c_int64 * max(1, len(values)))(*values)
