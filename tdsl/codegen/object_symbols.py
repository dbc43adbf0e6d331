"""Reads which symbols an object file defines and which it leaves to others: ELF64 bytes in, names out.

Only what is needed to know that a kernel calls nothing unexpected: the symbol table and its strings. Source: System V
ABI, chapter 4 (ELF header, section header, symbol table entry), the 64-bit little-endian layout.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tdsl.errors import InternalError
from tdsl.records import dataclass

KERNEL_SYMBOLS = frozenset({"memcpy", "memmove", "memset"})
"""What kernels may leave undefined: LLVM makes these calls from its own memory intrinsics, every libc has them."""

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_SYMBOL_TABLE = 2  # sh_type SHT_SYMTAB
_UNDEFINED = 0  # st_shndx SHN_UNDEF
_LOCAL = 0  # binding STB_LOCAL
_ELF64_LITTLE = b"\x7fELF\x02\x01"  # magic, 64 bits, little endian


@dataclass(frozen=True, slots=True)
class ObjectSymbols:
    """The non-local symbols of an object file, each in the order of its table.

    Args:
        defined: what the object offers to others.
        undefined: what it needs from others.
    """

    defined: tuple[str, ...]
    undefined: tuple[str, ...]


def read_symbols(object_code: bytes) -> ObjectSymbols:
    """The symbols of a relocatable ELF64 little-endian object.

    Errors: I999 when the bytes are no such object.
    """
    try:
        entries = tuple(_symbols(object_code))
    except (struct.error, ValueError, IndexError) as broken:
        raise InternalError(
            f"not an ELF64 object of {len(object_code)} bytes", pass_name="codegen.object_symbols"
        ) from broken
    return ObjectSymbols(
        tuple(name for name, section in entries if section != _UNDEFINED),
        tuple(name for name, section in entries if section == _UNDEFINED),
    )


def _symbols(code: bytes) -> Iterator[tuple[str, int]]:
    """Name and section index of each named symbol that other objects can see."""
    identity, *_, sections_at, _, _, _, _, size, number, _ = _HEADER.unpack_from(code, 0)
    if identity[:6] != _ELF64_LITTLE or size != _SECTION.size:
        raise ValueError("another format")
    sections: list[tuple[int, ...]] = [
        _SECTION.unpack_from(code, sections_at + index * size) for index in range(number)
    ]
    for _, kind, _, _, at, length, strings, _, _, _ in sections:
        if kind != _SYMBOL_TABLE:
            continue
        names_at = sections[strings][4]
        for name, info, _, section, _, _ in _SYMBOL.iter_unpack(code[at : at + length]):
            if name and info >> 4 != _LOCAL:
                end = code.index(b"\0", names_at + name)
                yield code[names_at + name : end].decode("utf-8"), section
