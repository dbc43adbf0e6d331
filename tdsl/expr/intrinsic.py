"""What one instruction computes on a tile: a sum of products, with the shape and dtype of each operand.

An `Intrinsic` means, for all points (d, r) of a small box of data dims and one reduction dim,

    result[d] += widened(first[d, r]) * widened(second[d, r])

in the wrapping arithmetic of the result's dtype; an operand with extent 1 in a dim is the same along it. `call` is the
name of the LLVM intrinsic that takes (result, first, second) as row-major vectors and returns the new result. The table
at the end has those of x86-64 and AArch64. Counterpart: TVM's `TensorIntrin`.
"""

from __future__ import annotations

import re
from math import prod

from tdsl.dtypes import DType, as_dtype
from tdsl.records import dataclass


@dataclass(frozen=True, slots=True)
class TileOperand:
    """One operand: its dtype, and its extents over the data dims and the reduction dim, 1 where it does not change."""

    dtype: DType
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many elements it holds."""
        return prod(self.shape)

    def text(self) -> str:
        """``uint8[16, 4]``."""
        return f"{self.dtype}[{', '.join(map(str, self.shape))}]"


@dataclass(frozen=True, slots=True)
class Intrinsic:
    """An instruction as what it computes.

    name: what schedules call it. features: alternatives, each LLVM feature names joined by "+"; one of them suffices.
    """

    name: str
    call: str
    result: TileOperand
    operands: tuple[TileOperand, TileOperand]
    architecture: str
    features: tuple[str, ...]

    @property
    def data(self) -> tuple[int, ...]:
        """Extents of the data dims of the tile."""
        return self.result.shape[:-1]

    @property
    def terms(self) -> int:
        """Terms that each element of the result takes."""
        return max(one.shape[-1] for one in self.operands)

    def missing(self, architecture: str, features: frozenset[str]) -> str:
        """What a machine lacks for it, in words; empty where it has all."""
        if architecture != self.architecture:
            return f"it is an instruction of {self.architecture}"
        if any(frozenset(choice.split("+")) <= features for choice in self.features):
            return ""
        return f"it needs {', or '.join(choice.replace('+', ' and ') for choice in self.features)}"

    def text(self) -> str:
        """One line that `parsed` reads back."""
        operands = ", ".join(one.text() for one in (self.result, *self.operands))
        return (
            f"{self.name} = {self.call}({operands}) of {self.architecture} with {' | '.join(self.features)}"
        )

    def meaning(self) -> str:
        """What it computes, for messages: ``int32[16] += uint8[16, 4] * int8[16, 4]``."""
        first, second = self.operands
        return f"{TileOperand(self.result.dtype, self.data).text()} += {first.text()} * {second.text()}"


_TEXT = re.compile(r"(\w+) = ([\w.]+)\((.*)\) of (\w+) with ([\w.+| -]+)")
_OPERAND = re.compile(r"(\w+)\[([\d, ]+)\]")


def parsed(text: str) -> Intrinsic | None:
    """The intrinsic of a line that `Intrinsic.text` wrote; None where it is none."""
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    operands: list[TileOperand] = []
    for dtype, shape in _OPERAND.findall(found[3]):
        operands.append(TileOperand(as_dtype(dtype), tuple(int(part) for part in shape.split(","))))
    if len(operands) != 3 or len({len(one.shape) for one in operands}) != 1:
        return None
    result, first, second = operands
    return Intrinsic(found[1], found[2], result, (first, second), found[4], tuple(found[5].split(" | ")))


def _dot(
    name: str, call: str, dtypes: tuple[str, str], lanes: int, terms: int, machine: str, *features: str
) -> Intrinsic:
    first, second = (TileOperand(as_dtype(dtype), (lanes, terms)) for dtype in dtypes)
    return Intrinsic(
        name, call, TileOperand(as_dtype("int32"), (lanes, 1)), (first, second), machine, features
    )


def _vnni(name: str, dtypes: tuple[str, str], terms: int) -> tuple[Intrinsic, ...]:
    """AVX512-VNNI, and AVX-VNNI for the narrower two."""
    narrow = ("avx512vnni+avx512vl", "avxvnni")
    call = f"llvm.x86.avx512.{name}."
    return (
        _dot(name, f"{call}512", dtypes, 16, terms, "x86_64", "avx512vnni"),
        _dot(name, f"{call}256", dtypes, 8, terms, "x86_64", *narrow),
        _dot(name, f"{call}128", dtypes, 4, terms, "x86_64", *narrow),
    )


def _neon(name: str, dtypes: tuple[str, str], feature: str) -> Intrinsic:
    return _dot(name, f"llvm.aarch64.neon.{name}.v4i32.v16i8", dtypes, 4, 4, "aarch64", feature)


def _matrix(name: str, dtypes: tuple[str, str]) -> Intrinsic:
    """2 by 8 times 8 by 2, both operands in rows of 8."""
    first, second = TileOperand(as_dtype(dtypes[0]), (2, 1, 8)), TileOperand(as_dtype(dtypes[1]), (1, 2, 8))
    result = TileOperand(as_dtype("int32"), (2, 2, 1))
    return Intrinsic(
        name, f"llvm.aarch64.neon.{name}.v4i32.v16i8", result, (first, second), "aarch64", ("i8mm",)
    )


INTRINSICS: tuple[Intrinsic, ...] = (
    *_vnni("vpdpbusd", ("uint8", "int8"), 4),
    *_vnni("vpdpwssd", ("int16", "int16"), 2),
    *(
        _dot(name, f"llvm.x86.avx2.{name}.{32 * lanes}", dtypes, lanes, 4, "x86_64", "avxvnniint8")
        for name, dtypes in (("vpdpbssd", ("int8", "int8")), ("vpdpbuud", ("uint8", "uint8")))
        for lanes in (8, 4)
    ),
    _neon("sdot", ("int8", "int8"), "dotprod"),
    _neon("udot", ("uint8", "uint8"), "dotprod"),
    _neon("usdot", ("uint8", "int8"), "i8mm"),
    _matrix("smmla", ("int8", "int8")),
    _matrix("ummla", ("uint8", "uint8")),
    _matrix("usmmla", ("uint8", "int8")),
)
"""All that schedules know by name; several of one name differ in width.

Sources: Intel SDM, VPDPBUSD, VPDPWSSD, VPDPBSSD, VPDPBUUD (the forms without a final S wrap, as int32 does); Arm ARM
DDI 0487, SDOT, UDOT, USDOT, SMMLA, UMMLA, USMMLA; names and operand types from LLVM 22, IntrinsicsX86.td and
IntrinsicsAArch64.td.
"""
