"""An ELF64 object for x86-64 placed in memory: its bytes and addresses of symbols in, bytes of one image out.

What a linker does for the small position-independent code that codegen/machine.py emits: sections side by side, calls
of far functions through stubs, addresses of foreign data through a table. No LLVM, so that cached and saved kernels
run without it. Sources: System V ABI, chapter 4; AMD64 supplement 1.0, 4.4 (relocation types).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import cast

from tdsl.records import dataclass

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELOCATION = struct.Struct("<QQq")

_ELF64_LITTLE, _X86_64, _RELOCATABLE = b"\x7fELF\x02\x01", 62, 1
_SYMBOLS, _RELA, _NO_BITS = 2, 4, 8  # sh_type
_WRITE, _ALLOC, _EXECUTE = 1, 2, 4  # sh_flags
_UNDEFINED, _ABSOLUTE, _COMMON = 0, 0xFFF1, 0xFFF2  # st_shndx

# Relocation types.
_ABS64, _PC32, _PLT32, _GOTPCREL, _PC64, _GOTPCRELX, _REX_GOTPCRELX = 1, 2, 4, 9, 24, 41, 42
_THROUGH_TABLE = (_GOTPCREL, _GOTPCRELX, _REX_GOTPCRELX)

PAGE = 4096
_STUB = b"\xff\x25\x00\x00\x00\x00"  # jmp *0(%rip), the address follows
_STUB_BYTES = 16


class CannotPlace(Exception):
    """The object needs something that this loader does not do."""


@dataclass(frozen=True, slots=True)
class _Section:
    name: str
    kind: int
    flags: int
    at: int
    size: int
    link: int
    info: int
    align: int


@dataclass(frozen=True, slots=True)
class _Symbol:
    name: str
    section: int
    value: int


@dataclass(slots=True)
class Image:
    """Where everything goes, in bytes from the image's start, which a page boundary must be.

    Args:
        code, constants, data: ends of the three parts: executable, read-only, writable; each begins on a page.
        symbols: defined names -> offset.
    """

    code: int = 0
    constants: int = 0
    data: int = 0
    symbols: dict[str, int] = field(default_factory=dict[str, int])


class Placer:
    """One object, parsed and laid out; `place` gives its bytes for an address. Errors: CannotPlace."""

    def __init__(self, object_code: bytes, foreign: Mapping[str, int]) -> None:
        self._code = object_code
        self._foreign = foreign
        self.image = Image()
        self._offsets: dict[int, int] = {}
        self._stubs: dict[str, int] = {}
        self._table: dict[int, int] = {}
        try:
            self._sections = list(self._read_sections())
            self._symbols = list(self._read_symbols())
            self._relocations = list(self._read_relocations())
            self._lay_out()
        except (struct.error, ValueError, IndexError) as broken:
            raise CannotPlace(f"not an object: {broken}") from broken

    # ------------------------------------------------------------ reading
    def _read_sections(self) -> Iterator[_Section]:
        identity, kind, machine, *_, at, _, _, _, _, size, number, names = _HEADER.unpack_from(self._code, 0)
        if identity[:6] != _ELF64_LITTLE or (kind, machine, size) != (_RELOCATABLE, _X86_64, _SECTION.size):
            raise ValueError("another format")
        rows = [_SECTION.unpack_from(self._code, at + index * size) for index in range(number)]
        start = cast(int, rows[names][4])
        for name, kind, flags, _, at, length, link, info, align, _ in rows:
            if kind != _NO_BITS and at + length > len(self._code):
                raise ValueError("cut off")
            yield _Section(self._name(start + name), kind, flags, at, length, link, info, max(1, align))

    def _read_symbols(self) -> Iterator[_Symbol]:
        for section in self._sections:
            if section.kind == _SYMBOLS:
                names = self._sections[section.link].at
                body = self._code[section.at : section.at + section.size]
                for name, _, _, index, value, _ in _SYMBOL.iter_unpack(body):
                    yield _Symbol(self._name(names + name) if name else "", index, value)

    def _read_relocations(self) -> Iterator[tuple[int, int, int, int, int]]:
        """(section, offset, type, symbol, addend)."""
        for section in self._sections:
            if section.kind == _RELA and self._sections[section.info].flags & _ALLOC:
                body = self._code[section.at : section.at + section.size]
                for offset, info, addend in _RELOCATION.iter_unpack(body):
                    yield section.info, offset, info & 0xFFFFFFFF, info >> 32, addend

    def _name(self, at: int) -> str:
        return self._code[at : self._code.index(b"\0", at)].decode("utf-8")

    # ------------------------------------------------------------ layout
    def _lay_out(self) -> None:
        far = [self._symbols[symbol] for _, _, kind, symbol, _ in self._relocations if kind == _PLT32]
        at = self._lay_sections(0, _EXECUTE)
        for symbol in far:
            if symbol.section == _UNDEFINED and symbol.name not in self._stubs:
                self._stubs[symbol.name] = at = -(-at // _STUB_BYTES) * _STUB_BYTES
                at += _STUB_BYTES
        self.image.code = at = _page_end(at)
        at = -(-self._lay_sections(at, 0) // 8) * 8
        for _, _, kind, symbol, _ in self._relocations:
            if kind in _THROUGH_TABLE and symbol not in self._table:
                self._table[symbol] = at
                at += 8
        self.image.constants = at = _page_end(at)
        self.image.data = _page_end(self._lay_sections(at, _WRITE))
        for symbol in self._symbols:
            if symbol.name and symbol.section in self._offsets:
                self.image.symbols[symbol.name] = self._offsets[symbol.section] + symbol.value

    def _lay_sections(self, at: int, wanted: int) -> int:
        for index, section in enumerate(self._sections):
            if section.flags & _ALLOC and section.flags & (_WRITE | _EXECUTE) == wanted:
                at = -(-at // section.align) * section.align
                self._offsets[index] = at
                at += section.size
            elif section.flags & _ALLOC and section.flags & _WRITE and section.flags & _EXECUTE:
                raise CannotPlace(f"section {section.name} is writable code")
        return at

    # ------------------------------------------------------------ bytes
    def place(self, base: int) -> bytearray:
        """The image's bytes for the address `base`."""
        try:
            return self._placed(base)
        except (struct.error, ValueError, IndexError) as broken:
            raise CannotPlace(f"not an object: {broken}") from broken

    def _placed(self, base: int) -> bytearray:
        memory = bytearray(self.image.data)
        for index, offset in self._offsets.items():
            section = self._sections[index]
            if section.kind != _NO_BITS:
                memory[offset : offset + section.size] = self._code[section.at : section.at + section.size]
        for name, offset in self._stubs.items():
            memory[offset : offset + 14] = _STUB + struct.pack("<Q", self._foreign_address(name))
        for number, offset in self._table.items():
            memory[offset : offset + 8] = struct.pack("<Q", self._address(self._symbols[number], base))
        for index, offset, kind, number, addend in self._relocations:
            self._relocate(memory, base, self._offsets[index] + offset, kind, number, addend)
        return memory

    def _relocate(self, memory: bytearray, base: int, at: int, kind: int, number: int, addend: int) -> None:
        symbol = self._symbols[number]
        if at + (8 if kind in (_ABS64, _PC64) else 4) > len(memory):
            raise IndexError("a relocation outside")
        if kind == _ABS64:
            memory[at : at + 8] = struct.pack("<Q", self._address(symbol, base) + addend & (1 << 64) - 1)
        elif kind == _PC64:
            memory[at : at + 8] = struct.pack("<q", self._address(symbol, base) + addend - base - at)
        elif kind in (_PC32, _PLT32, *_THROUGH_TABLE):
            target = self._near(symbol, number, kind, base)
            distance = target + addend - base - at
            if not -(1 << 31) <= distance < 1 << 31:
                raise CannotPlace(f"{symbol.name} is too far")
            memory[at : at + 4] = struct.pack("<i", distance)
        else:
            raise CannotPlace(f"relocation type {kind}")

    def _near(self, symbol: _Symbol, number: int, kind: int, base: int) -> int:
        """The address that a 32-bit distance leads to: the symbol, its stub, or its entry of the table."""
        if kind in _THROUGH_TABLE:
            return base + self._table[number]
        if symbol.section == _UNDEFINED and kind == _PLT32:
            return base + self._stubs[symbol.name]
        return self._address(symbol, base)

    def _address(self, symbol: _Symbol, base: int) -> int:
        if symbol.section == _UNDEFINED:
            return self._foreign_address(symbol.name)
        if symbol.section == _ABSOLUTE:
            return symbol.value
        if symbol.section not in self._offsets:
            raise CannotPlace(f"symbol {symbol.name} is in no loaded section")
        return base + self._offsets[symbol.section] + symbol.value

    def _foreign_address(self, name: str) -> int:
        if name not in self._foreign:
            raise CannotPlace(f"needs {name or 'an undefined symbol'}")
        return self._foreign[name]


def _page_end(at: int) -> int:
    return -(-at // PAGE) * PAGE
