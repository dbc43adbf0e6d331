"""Sorts the arguments of an operator's call: arrays, scalar inputs, attributes; makes the key and the placeholders.

In: bound arguments. Out: a `Call`, whose key says everything that the compiled code depends on: dtypes, ranks, which dims are
1 (they broadcast), which are equal (they are one size), fixed sizes, attributes by their bits, the options in force.
"""

from __future__ import annotations

import contextvars
import inspect
import math
import re
import struct
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, cast

import numpy as np

import tdsl as td

ARRAY_MARKS = ("__dlpack__", "__array_interface__", "__cuda_array_interface__", "__array__")

_options = td.options.current
PLAIN = contextvars.Context().run(_options)
"""The options where nobody asked for others: the one object, told by identity since comparing takes as long as a call."""

Kind = Literal["tensor", "array", "scalar", "number", "float", "other"]
_kinds: dict[type, Kind] = {
    bool: "number", int: "number", str: "number", type(None): "number", float: "float",
}  # fmt: skip


def kind_of(value: object) -> Kind:
    """What a value is to an operator; known by its type, since asking an array for a protocol may build it."""
    kind = _kinds.get(type(value))
    if kind is None:
        kind = _kinds[type(value)] = _kind_of_type(type(value))
    return kind


def _kind_of_type(of: type) -> Kind:
    if issubclass(of, td.Tensor):
        return "tensor"
    if issubclass(of, td.Expr | int | float | str | bytes) and not hasattr(of, "newbyteorder"):
        return "other"
    if not any(hasattr(of, mark) for mark in ARRAY_MARKS):
        return "other"
    return "array" if hasattr(of, "__setitem__") or not hasattr(of, "newbyteorder") else "scalar"


def is_tensor(value: object) -> bool:
    """Whether a value is a tensor of an expression."""
    return kind_of(value) == "tensor"


def is_array(value: object) -> bool:
    """Whether a value is an array of some library (NumPy's scalars count as numbers)."""
    return kind_of(value) == "array"


def _is_scalar(value: object) -> bool:
    """NumPy's scalar types have arrays' protocols and no storage of their own."""
    return kind_of(value) == "scalar"


def plain_number(value: object) -> object:
    """A NumPy scalar for an attribute, or in a sequence of them, as Python's number of its value; else as it is."""
    if isinstance(value, tuple | list) and any(isinstance(each, np.number) for each in _parts(value)):
        return tuple(map(plain_number, _parts(value)))
    return value.item() if isinstance(value, np.number | np.bool) else value


def quick_key(
    args: tuple[object, ...], keywords: Mapping[str, object], inputs: tuple[bool, ...]
) -> tuple[Hashable, list[object]] | None:
    """A key of a call with the very shapes, and the kernel's arguments; None where it has to be looked at.

    Args:
        keywords: attributes by name; arrays by name have to be looked at.
        inputs: for each parameter, whether a number for it is an input of the kernel (`takes_numbers`).
    """
    options = _options()
    parts: list[Hashable] = [None if options is PLAIN else options]
    values: list[object] = []
    for at, value in enumerate(args):
        kind = _kinds.get(type(value)) or kind_of(value)
        if kind == "array":
            array = cast("SupportsShape", value)
            parts += (type(value), array.dtype, array.shape)
            values.append(value)
        elif type(value) is tuple or type(value) is list:
            if not _quick_sequence(cast("Sequence[object]", value), parts, values):
                return None
        elif kind == "tensor" or kind == "scalar" or kind == "other":
            return None
        elif inputs[at] and not isinstance(value, str):
            parts.append(type(value))
            values.append(value)
        else:
            parts.append(repr(value) if kind == "float" else (type(value), cast("Hashable", value)))
    if keywords:
        for name, value in keywords.items():
            plain = _plain_attribute(value)
            if plain is None:
                return None
            parts.append((name, plain))
    return tuple(parts), values


def _quick_sequence(several: Sequence[object], parts: list[Hashable], values: list[object]) -> bool:
    """Adds a sequence to a key: arrays, which are values too, or numbers and strings; False for anything else."""
    if not several or (_kinds.get(type(several[0])) or kind_of(several[0])) != "array":
        plain = _plain_attribute(tuple(several))
        parts.append(plain)
        return plain is not None
    parts.append(len(several))
    for value in several:
        if (_kinds.get(type(value)) or kind_of(value)) != "array":
            return False
        array = cast("SupportsShape", value)
        parts += (type(value), array.dtype, array.shape)
        values.append(value)
    return True


def _plain_attribute(value: object) -> Hashable | None:
    """An attribute as part of a key; None for anything but a number, a string, None, or a tuple of them."""
    match kind_of(value):
        case "number":
            return (type(value), cast("Hashable", value))
        case "float":
            return repr(value)
        case _ if isinstance(value, tuple):
            parts = tuple(map(_plain_attribute, cast("tuple[object, ...]", value)))
            return None if None in parts else parts
        case _:
            return None


def takes_numbers(parameter: inspect.Parameter) -> bool:
    """Whether a number for a parameter is an input: it has no default, and no annotation, or one that says tensor."""
    annotation: object = parameter.annotation
    plain = annotation is inspect.Parameter.empty or "Tensor" in str(annotation)
    return plain and parameter.default is inspect.Parameter.empty


class SupportsShape(Protocol):
    """What every array has."""

    dtype: Hashable
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Operand:
    """One array of a call: its path (parameter, position in a tuple), dtype, shape."""

    name: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """Arguments of the operator's function with placeholders for arrays, and the kernel's inputs in order."""

    arguments: dict[str, object]
    inputs: tuple[td.Tensor | td.Expr, ...]


@dataclass(slots=True)
class Call:
    """One call: `arguments` with an `Operand` in the place of every array and a `Scalar` for every scalar input."""

    name: str
    arguments: dict[str, object]
    values: list[object] = field(default_factory=list[object])
    operands: list[Operand | Scalar] = field(default_factory=list["Operand | Scalar"])
    sizes: dict[int, str] = field(default_factory=dict[int, str])
    """Extent -> the name of the size that stands for it: dims of one extent are one size."""

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the arrays, in order."""
        return tuple(operand.shape for operand in self.operands if isinstance(operand, Operand))

    def key(self, specialize: Mapping[str, tuple[int, ...]] | bool) -> Hashable:
        """What the compiled code depends on. Errors: E131 an attribute that cannot be part of it."""
        parts: list[Hashable] = [_options()]
        for name, value in self.arguments.items():
            parts.append((name, self._keyed(name, value, specialize)))
        return tuple(parts)

    def _keyed(self, name: str, value: object, specialize: Mapping[str, tuple[int, ...]] | bool) -> Hashable:
        if isinstance(value, Operand):
            fixed = fixed_dims(name, len(value.shape), specialize)
            return (value.dtype, tuple(
                extent if at in fixed or extent == 1 else self.sizes[extent] for at, extent in enumerate(value.shape)
            ))  # fmt: skip
        if isinstance(value, Scalar):
            return ("scalar", value.dtype)
        if isinstance(value, tuple):
            return tuple(self._keyed(name, part, specialize) for part in cast("tuple[object, ...]", value))
        return attribute_key(self.name, name, value)

    def placed(
        self,
        specialize: Mapping[str, tuple[int, ...]] | bool,
        ranges: Mapping[str, Callable[..., tuple[object, object]]],
    ) -> Placed:
        """Placeholders: sizes that are neither fixed nor 1 are symbolic, named after their array and dim."""
        made: dict[str, td.Tensor | td.Expr] = {}
        arguments = {
            name: self._made(name, value, specialize, made) for name, value in self.arguments.items()
        }
        for name, range_of in ranges.items():
            old = arguments.get(name)
            if (
                isinstance(old, td.Tensor) and "int" in old.dtype.name
            ):  # others are refused by the operator itself
                limits = range_of(**arguments)
                if isinstance(limits[1], int) and limits[1] == 0:
                    continue  # nothing can be picked, which the operator says itself
                made[name] = arguments[name] = td.placeholder(name, old.shape, old.dtype, range=limits)
        return Placed(arguments, tuple(made.values()))

    def _made(
        self, name: str, value: object, specialize: Mapping[str, tuple[int, ...]] | bool,
        made: dict[str, td.Tensor | td.Expr],
    ) -> object:  # fmt: skip
        if isinstance(value, tuple):
            parts = cast("tuple[object, ...]", value)
            return tuple(self._made(name, part, specialize, made) for part in parts)
        if isinstance(value, Operand):
            fixed = fixed_dims(name, len(value.shape), specialize)
            shape = tuple(
                extent if at in fixed or extent == 1 else td.size(self.sizes[extent])
                for at, extent in enumerate(value.shape)
            )
            made[value.name] = td.placeholder(value.name, shape, value.dtype)
            return made[value.name]
        if isinstance(value, Scalar):
            param = td.param(value.name, value.dtype)
            made[value.name] = param
            return param
        return value


@dataclass(frozen=True, slots=True)
class Scalar:
    """A Python number for a parameter without a default: an input of the kernel, not a constant."""

    name: str
    dtype: str


def fixed_dims(name: str, ndim: int, specialize: Mapping[str, tuple[int, ...]] | bool) -> tuple[int, ...]:
    """The dims of a parameter's arrays whose extents are compiled in."""
    if isinstance(specialize, bool):
        return tuple(range(ndim)) if specialize else ()
    return tuple(at % ndim for at in specialize.get(name, ()) if -ndim <= at < ndim)


def sorted_arguments(what: str, bound: Mapping[str, object], signature: inspect.Signature) -> Call:
    """The call.

    Errors: E131 no array among the arguments, or a tuple that mixes arrays and attributes.
    """
    call = Call(what, {})
    arrays = [value for value in bound.values() if is_array(value)]
    arrays += [
        part
        for value in bound.values()
        if isinstance(value, (tuple, list))
        for part in _parts(value)
        if is_array(part)
    ]
    if not arrays:
        shown = ", ".join(type(value).__name__ for value in bound.values())
        raise td.ArgumentTypeError(
            "E131", f"{what} needs an array or a tensor", why=(f"its arguments: {shown}",)
        )
    for name, value in bound.items():
        call.arguments[name] = _sorted(call, name, value, signature.parameters[name], arrays)
    return call


def _parts(value: object) -> Sequence[object]:
    return cast("Sequence[object]", value)


def _sorted(
    call: Call, name: str, value: object, parameter: inspect.Parameter, arrays: list[object]
) -> object:
    if is_array(value):
        return _operand(call, name, value)
    several = isinstance(value, (tuple, list))
    if several and any(is_array(part) for part in _parts(value)):
        if not all(is_array(part) for part in _parts(value)):
            raise td.ArgumentTypeError("E131", f"{call.name}: {name} mixes arrays with other values")
        return tuple(_operand(call, f"{name}{at}", part) for at, part in enumerate(_parts(value)))
    if takes_numbers(parameter) and (isinstance(value, (int, float)) or _is_scalar(value)):
        dtype = scalar_dtype(value, [dtype_name(array) for array in arrays])
        call.values.append(value)
        call.operands.append(Scalar(name, dtype))
        return call.operands[-1]
    return tuple(_parts(value)) if several else value


def _operand(call: Call, name: str, value: object) -> Operand:
    shape = tuple(int(extent) for extent in cast("SupportsShape", value).shape)
    operand = Operand(name, dtype_name(value), shape)
    for at, extent in enumerate(shape):
        if extent not in call.sizes:
            call.sizes[extent] = f"{name}_{at}"
    call.values.append(value)
    call.operands.append(operand)
    return operand


def dtype_name(array: object) -> str:
    """The name of an array's dtype: NumPy's, or the last part of "torch.float32"."""
    return str(getattr(array, "dtype", type(array).__name__)).rpartition(".")[2]


def scalar_dtype(value: object, dtypes: Sequence[str]) -> str:
    """The dtype of a number beside arrays: weak (semantics E7): theirs where its kind fits, else float64 or int64."""
    if _is_scalar(value):
        return dtype_name(value)
    if isinstance(value, bool):
        return "bool"
    floats = [name for name in dtypes if "float" in name]
    if isinstance(value, float):
        return floats[0] if floats else "float64"
    numbers = [name for name in dtypes if name != "bool"]
    return floats[0] if floats else numbers[0] if numbers else "int64"


def attribute_key(what: str, name: str, value: object) -> Hashable:
    """An attribute by type and bits, so that 1, 1.0 and True, and 0.0 and -0.0, are different.

    Errors: E131 a value of another type.
    """
    if isinstance(value, float):
        return ("float", struct.pack("<d", value) if not math.isnan(value) else "nan")
    if value is None or isinstance(value, (bool, int, str, bytes)):
        return (type(value).__name__, value)
    if isinstance(value, (tuple, list)):
        return ("tuple", *(attribute_key(what, name, part) for part in _parts(value)))
    if _is_scalar(value):
        return (dtype_name(value), bytes(memoryview(cast("bytes", value))))
    if isinstance(value, type) or type(value).__name__.endswith("DType") or hasattr(value, "itemsize"):
        return ("dtype", str(value))
    raise td.ArgumentTypeError(
        "E131",
        f"{what} cannot take {name}= of type {type(value).__name__}",
        why=("an attribute is a number, a string, a dtype, None, or a tuple of them",),
    )


def in_words_of(name: str, error: td.TdslError) -> None:
    """An error inside an operator says which one, where it does not yet."""
    if re.search(rf"\b{re.escape(name)}\b", error.what) is None:
        error.what = f"{name}: {error.what}"
        error.args = (error.code, error.what)
