"""What the name of a buffer stands for while code is written: memory with strides, or values in registers."""

from __future__ import annotations

from dataclasses import dataclass

from tdsl.codegen.llvm.types import value_type
from tdsl.codegen.llvm.values import Linear
from tdsl.dtypes import DType


@dataclass(slots=True)
class MemoryBuffer:
    """An array in memory. `strides`: bytes a step of each dimension, as (factor, name or None for 1).

    extents: of each dimension. alignment: what an element's address is surely divisible by; start: the same of the
    first element's address.
    readonly: nobody writes it while the kernel runs.
    """

    name: str
    dtype: DType
    pointer: str
    strides: tuple[tuple[int, str | None], ...]
    extents: tuple[Linear, ...]
    alignment: int
    start: int
    readonly: bool


@dataclass(slots=True)
class RegisterBuffer:
    """An array held in values: row-major elements cut into chunks of `width` lanes (0: single elements)."""

    name: str
    dtype: DType
    extents: tuple[int, ...]
    width: int
    chunks: list[str]

    @property
    def chunk_type(self) -> str:
        return value_type(self.dtype, self.width)


Buffer = MemoryBuffer | RegisterBuffer
