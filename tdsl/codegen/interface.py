"""What the caller of a kernel must know beyond the ABI: shapes over sizes, facts to check, index ranges; plain values.

In: made by `pipeline.py` from a Loop IR kernel. Out: read by the runtime and by the code of the entry, which know no
expressions: an extent is a `Formula` over sizes. Travels with saved, cached and pickled kernels as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal, cast

from tdsl.codegen.abi import ArgumentSpec, KernelAbi
from tdsl.codegen.formula import Formula
from tdsl.errors import FormatError
from tdsl.records import dataclass

__all__ = ["FORMAT", "ArrayInterface", "Formula", "Interface", "ScalarInterface", "SizeInterface"]

FORMAT = 2
"""Version of these values on disk."""

SIZE_LIMIT = 1 << 47
"""Every size is below this, as the proofs take it (poly/lift.py): user address spaces hold 2^47 bytes."""


@dataclass(frozen=True, slots=True)
class SizeInterface:
    """A size symbol and its facts."""

    name: str
    minimum: int = 0
    multiple_of: int = 1


@dataclass(frozen=True, slots=True)
class ArrayInterface:
    """An array argument.

    Args:
        extents: one formula a dimension.
        value_range: half-open, of an input used as an index (semantics B2).
        strides: declared, in elements, None where nothing is; align: declared, of the first element, in bytes.
    """

    name: str
    dtype: str
    extents: tuple[Formula, ...]
    role: Literal["input", "output"]
    value_range: tuple[Formula, Formula] | None = None
    strides: tuple[int | None, ...] | None = None
    align: int | None = None


@dataclass(frozen=True, slots=True)
class ScalarInterface:
    """A scalar argument."""

    name: str
    dtype: str
    value_range: tuple[Formula, Formula] | None = None


@dataclass(frozen=True, slots=True)
class Interface:
    """A kernel as its callers see it.

    Args:
        facts: conditions checked at every call.
        operations: arithmetic operations of a call, where they have a formula.
        inplace: (input, output) pairs that may be one and the same array.
    """

    name: str
    sizes: tuple[SizeInterface, ...]
    arguments: tuple[ArrayInterface | ScalarInterface, ...]
    facts: tuple[Formula, ...] = ()
    operations: Formula | None = None
    inplace: tuple[tuple[str, str], ...] = ()

    @property
    def inputs(self) -> tuple[ArrayInterface | ScalarInterface, ...]:
        """Arguments the caller passes by position."""
        return tuple(a for a in self.arguments if isinstance(a, ScalarInterface) or a.role == "input")

    @property
    def outputs(self) -> tuple[ArrayInterface, ...]:
        """Arrays the kernel fills."""
        return tuple(a for a in self.arguments if isinstance(a, ArrayInterface) and a.role == "output")

    @property
    def shared(self) -> frozenset[str]:
        """Arrays that a call may pass twice, as an input and as an output."""
        return frozenset(name for pair in self.inplace for name in pair)

    @property
    def abi(self) -> KernelAbi:
        """The signature of the machine code."""
        return KernelAbi(
            tuple(size.name for size in self.sizes),
            tuple(
                ArgumentSpec(one.name, "scalar", one.dtype, 0, "input")
                if isinstance(one, ScalarInterface)
                else ArgumentSpec(one.name, "array", one.dtype, len(one.extents), one.role)
                for one in self.arguments
            ),
        )

    def to_json(self) -> str:
        """One line of JSON; `from_json` gives an equal value."""
        record: dict[str, object] = {"format": FORMAT, **_plain(self)}
        record["arguments"] = [
            {"kind": "scalar" if isinstance(one, ScalarInterface) else "array", **_plain(one)}
            for one in self.arguments
        ]
        return json.dumps(record, separators=(",", ":"), default=_plain)

    @staticmethod
    def from_json(text: str) -> Interface:
        """The value that `to_json` wrote. Errors: C120 anything else."""
        try:
            return _interface(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as wrong:
            if isinstance(wrong, FormatError):
                raise
            raise FormatError(
                "C120", "this describes no kernel", why=[f"{type(wrong).__name__}: {wrong}"]
            ) from None


def _plain(value: Interface | ArrayInterface | ScalarInterface | SizeInterface | Formula) -> _Record:
    """The fields by name; `dataclasses.asdict` copies deeply, in ten times the time."""
    return {name: getattr(value, name) for name in value.__match_args__}


_Record = dict[str, object]


def _interface(data: object) -> Interface:
    record = cast(_Record, data)
    if record["format"] != FORMAT:
        raise FormatError(
            "C120", f"this describes a kernel in format {record['format']!r}, tdsl reads {FORMAT}"
        )
    return Interface(
        _text(record["name"]),
        tuple(_size(one) for one in _records(record["sizes"])),
        tuple(_argument(one) for one in _records(record["arguments"])),
        tuple(_formula(one) for one in _records(record["facts"])),
        None if record["operations"] is None else _formula(cast(_Record, record["operations"])),
        tuple((_text(one), _text(other)) for one, other in cast("list[list[object]]", record["inplace"])),
    )


def _size(record: _Record) -> SizeInterface:
    return SizeInterface(_text(record["name"]), _integer(record["minimum"]), _integer(record["multiple_of"]))


def _argument(record: _Record) -> ArrayInterface | ScalarInterface:
    name, dtype, limits = _text(record["name"]), _text(record["dtype"]), record["value_range"]
    formulas = [] if limits is None else [_formula(one) for one in _records(limits)]
    value_range = (formulas[0], formulas[1]) if formulas else None
    if record["kind"] == "scalar":
        return ScalarInterface(name, dtype, value_range)
    role, strides, align = record["role"], record["strides"], record["align"]
    if role not in ("input", "output"):
        raise ValueError(f"role {role!r}")
    return ArrayInterface(
        name,
        dtype,
        tuple(_formula(one) for one in _records(record["extents"])),
        role,
        value_range,
        None if strides is None else tuple(None if one is None else _integer(one) for one in _list(strides)),
        None if align is None else _integer(align),
    )


def _formula(record: _Record) -> Formula:
    terms = record["terms"]
    pairs = None
    if terms is not None:
        pairs = tuple((_text(name), _integer(factor)) for name, factor in cast("list[list[object]]", terms))
    formula = Formula(_text(record["text"]), pairs, _integer(record["constant"]))
    _ = formula.tree  # refuses text that is no formula now, not at a call
    return formula


def _records(value: object) -> Sequence[_Record]:
    return cast("list[_Record]", _list(value))


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(f"a list is expected, not {type(value).__name__}")
    return cast("list[object]", value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text is expected, not {type(value).__name__}")
    return value


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"an integer is expected, not {type(value).__name__}")
    return value
