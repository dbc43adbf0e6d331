"""One call checked: what the user passed in, arrays, scalars and sizes ready to run out; the slow, explaining way.

Nothing runs and nothing is written here (semantics C8). The code of the entry (codegen/entry) accepts the plain cases
of the same calls; what it does not accept comes here for the exact check and the full message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from tdsl.codegen.interface import ArrayInterface, Interface, ScalarInterface
from tdsl.dtypes import as_dtype, to_numpy
from tdsl.errors import CallMemoryError, CallTypeError, CallValueError
from tdsl.records import dataclass
from tdsl.runtime.arguments import (
    as_array,
    as_output,
    check_keywords,
    check_layout,
    check_output,
    check_ranges,
    output_shape,
)  # fmt: skip
from tdsl.runtime.overlap import check_overlap
from tdsl.runtime.scalars import Number, as_scalar
from tdsl.runtime.sizes import solve_sizes

if TYPE_CHECKING:
    import ctypes

    from numpy.typing import NDArray

    Array = NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call whose arguments are checked: what runs, and what comes back.

    Args:
        arrays: inputs, in order; outputs: given or new.
        scalars: memory that begins with each scalar's bytes, in order; scalar_values: by name.
        sizes: value of every size.
    """

    arrays: tuple[Array, ...]
    scalars: tuple[ctypes.c_uint64, ...]
    outputs: tuple[Array, ...]
    sizes: dict[str, int]
    scalar_values: dict[str, Number]


def prepare(
    interface: Interface, args: Sequence[object], out: object, keywords: Mapping[str, object]
) -> Prepared:
    """All checks of a call. Errors: C101-C115, C118."""
    _check_count(interface, len(args))
    given = check_keywords(interface, keywords)
    arrays: list[tuple[ArrayInterface, Array]] = []
    scalars: list[tuple[ScalarInterface, Number]] = []
    held: list[ctypes.c_uint64] = []
    for argument, value in zip(interface.inputs, args, strict=True):
        if isinstance(argument, ArrayInterface):
            arrays.append((argument, as_array(value, argument)))
        else:
            number, memory = as_scalar(value, argument)
            scalars.append((argument, number))
            held.append(memory)
    values = {argument.name: value for argument, value in scalars}
    passed = _given_outputs(interface, out)
    shapes = [(argument, array.shape) for argument, array in arrays]
    sizes = solve_sizes(interface, shapes, given, values, [(a, array.shape) for a, array in passed])
    wanted = [output_shape(argument, sizes) for argument in interface.outputs]
    for (argument, array), shape in zip(passed, wanted, strict=False):
        check_output(argument, array, shape)
    for argument, array in arrays:
        check_layout(argument, array)
    check_ranges(arrays, scalars, {**values, **sizes})
    named = [(argument.name, array) for argument, array in passed]
    check_overlap(named, [(argument.name, array) for argument, array in arrays], interface.inplace)
    outputs = tuple(array for _, array in passed) if passed else _new_outputs(interface, wanted)
    return Prepared(tuple(array for _, array in arrays), tuple(held), outputs, sizes, values)


def _check_count(interface: Interface, given: int) -> None:
    wanted = [argument.name for argument in interface.inputs]
    if given != len(wanted):
        takes = f"{len(wanted)} argument{'s' * (len(wanted) != 1)}"
        named = f" ({', '.join(wanted)})" if wanted else ""
        raise CallTypeError("C101", f"{interface.name} takes {takes}{named}, {given} were given")


def _given_outputs(interface: Interface, out: object) -> list[tuple[ArrayInterface, Array]]:
    if out is None:
        return []
    outputs = interface.outputs
    given: tuple[object, ...] = (
        tuple(cast("Sequence[object]", out)) if isinstance(out, tuple | list) else (out,)
    )
    if len(given) != len(outputs):
        names = ", ".join(argument.name for argument in outputs)
        takes = f"{len(outputs)} array{'s' * (len(outputs) != 1)}"
        raise CallTypeError("C101", f"out= takes {takes} ({names}), {len(given)} were given")
    return [(argument, as_output(value, argument)) for argument, value in zip(outputs, given, strict=True)]


def _new_outputs(interface: Interface, shapes: Sequence[tuple[int, ...]]) -> tuple[Array, ...]:
    try:
        return tuple(
            np.empty(shape, to_numpy(as_dtype(argument.dtype)))
            for argument, shape in zip(interface.outputs, shapes, strict=True)
        )
    except MemoryError:
        raise CallMemoryError("C115", f"no memory for the outputs of {interface.name}") from None
    except ValueError as refusal:  # NumPy multiplies the extents even where one of them is 0
        raise CallValueError(
            "C114", f"NumPy makes no array of shape {shapes}", why=[str(refusal).splitlines()[0]]
        ) from None
