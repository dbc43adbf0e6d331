"""What a compiled CUDA image says of its kernels: the bytes of an ELF file in, registers and memory out; no tool.

Attributes of `.nv.info` as cuobjdump shows them: 0x2f registers, 0x11 the frame in local memory. Shared memory is the
size of `.nv.shared.<kernel>`; from sm_90 on it holds 1 KiB that the system keeps. Source: NVIDIA's ELF, read beside
the compiler's own log (`--ptxas-options=-v`), which agrees in the tests.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from tdsl.errors import FormatError

_REGISTERS, _FRAME = 0x2F, 0x11
_RESERVED_SHARED = 1024


@dataclass(frozen=True, slots=True)
class KernelImage:
    """Of one kernel: registers a thread; bytes of its frame in local memory; bytes of static shared memory; of code."""

    name: str
    registers: int
    local_bytes: int
    shared_bytes: int
    code_bytes: int


@dataclass(frozen=True, slots=True)
class _Section:
    name: str
    offset: int
    size: int
    link: int
    kind: int


def kernels_of(cubin: bytes, architecture: int) -> dict[str, KernelImage]:
    """Every kernel of an image by name. architecture: the number, 90. Errors: C120 bytes that are no such image."""
    try:
        return _kernels(cubin, architecture)
    except (struct.error, ValueError, KeyError, IndexError) as wrong:
        raise FormatError("C120", "this is no CUDA image", why=[f"{type(wrong).__name__}: {wrong}"]) from None


def _kernels(cubin: bytes, architecture: int) -> dict[str, KernelImage]:
    sections = _sections(cubin)
    by_name = {section.name: section for section in sections}
    symbols = _symbols(cubin, sections, by_name[".symtab"])
    told: dict[str, dict[int, int]] = {}
    info = by_name.get(".nv.info")
    if info is not None:
        for attribute, value in _attributes(cubin, info):
            if len(value) == 8:
                index, number = struct.unpack("<II", value)
                told.setdefault(symbols[index], {})[attribute] = number
    found: dict[str, KernelImage] = {}
    for section in sections:
        if not section.name.startswith(".text."):
            continue
        name = section.name[6:]
        shared = by_name.get(f".nv.shared.{name}")
        kept = 0 if shared is None else shared.size
        if architecture >= 90:
            kept = max(kept - _RESERVED_SHARED, 0)
        mine = told.get(name, {})
        found[name] = KernelImage(name, mine.get(_REGISTERS, 0), mine.get(_FRAME, 0), kept, section.size)
    return found


def _sections(cubin: bytes) -> list[_Section]:
    if cubin[:4] != b"\x7fELF" or cubin[4] != 2:
        raise ValueError("no 64-bit ELF file")
    (start,) = struct.unpack_from("<Q", cubin, 0x28)
    size, count, names = struct.unpack_from("<HHH", cubin, 0x3A)
    raw: list[tuple[int, int, int, int, int]] = []
    for number in range(count):
        name, kind, _, _, offset, length, link = struct.unpack_from("<IIQQQQI", cubin, start + number * size)
        raw.append((name, kind, offset, length, link))
    texts = raw[names][2]
    return [
        _Section(_text(cubin, texts + name), offset, length, link, kind)
        for name, kind, offset, length, link in raw
    ]


def _text(cubin: bytes, place: int) -> str:
    return cubin[place : cubin.index(b"\0", place)].decode()


def _symbols(cubin: bytes, sections: list[_Section], table: _Section) -> list[str]:
    texts = sections[table.link].offset
    names: list[str] = []
    for number in range(table.size // 24):
        (name,) = struct.unpack_from("<I", cubin, table.offset + 24 * number)
        names.append(_text(cubin, texts + name))
    return names


def _attributes(cubin: bytes, section: _Section) -> Iterator[tuple[int, bytes]]:
    """(attribute, value): two bytes of form and name, then two bytes of value or of its length."""
    place, end = section.offset, section.offset + section.size
    while place + 4 <= end:
        form, attribute = cubin[place], cubin[place + 1]
        if form == 4:
            (length,) = struct.unpack_from("<H", cubin, place + 2)
            yield attribute, cubin[place + 4 : place + 4 + length]
            place += 4 + length
        else:
            yield attribute, cubin[place + 2 : place + 4]
            place += 4
