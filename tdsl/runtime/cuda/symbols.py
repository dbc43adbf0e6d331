"""Thread-local arrays of a linked library: bytes of an ELF file in, (name, offset, bytes) of each out.

The emulator's `__shared__` is `thread_local`, so the kernel's shared arrays are the library's thread-local symbols. A
local one is named `_ZZ<function>E<length><name>` in the Itanium C++ ABI (5.1.2, 5.1.6).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_SYMBOLS, _THREAD_LOCAL = 2, 6  # sh_type, st_info

_NUMBER = re.compile(rb"\d+")


@dataclass(frozen=True, slots=True)
class ThreadLocal:
    """A thread-local variable: offset from the start of the library's thread-local block, size in bytes."""

    name: str
    offset: int
    bytes: int


def thread_locals(library: bytes) -> tuple[ThreadLocal, ...]:
    """The variables with a size, in order of their place."""
    found: set[ThreadLocal] = set()
    header = _HEADER.unpack_from(library, 0)
    at, size, number = header[6], header[11], header[12]
    sections: list[tuple[int, ...]] = [
        _SECTION.unpack_from(library, at + index * size) for index in range(number)
    ]
    for section in sections:
        if section[1] != _SYMBOLS:
            continue
        names, body = sections[section[6]][4], library[section[4] : section[4] + section[5]]
        entries: Iterator[tuple[int, ...]] = _SYMBOL.iter_unpack(body)
        for name, info, _, place, value, extent in entries:
            if info & 15 == _THREAD_LOCAL and place and extent:
                start = names + name
                found.add(ThreadLocal(_plain(library[start : library.index(b"\0", start)]), value, extent))
    return tuple(sorted(found, key=lambda one: (one.offset, one.name)))


def _plain(symbol: bytes) -> str:
    """The variable's own name: `_ZZ`, the C function as a counted name, `E`, the variable as a counted name."""
    function = _NUMBER.match(symbol, 3) if symbol.startswith(b"_ZZ") else None
    if function is None:
        return symbol.decode(errors="replace")
    end = function.end() + int(function[0])
    own = _NUMBER.match(symbol, end + 1) if symbol[end : end + 1] == b"E" else None
    if own is None:
        return symbol.decode(errors="replace")
    return symbol[own.end() : own.end() + int(own[0])].decode(errors="replace")
