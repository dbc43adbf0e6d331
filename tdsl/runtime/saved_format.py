"""The description inside a saved kernel: what `td.load` must know, as JSON; files in, descriptions out.

It stands in the section `.tdsl` of the object or shared library, so that one file is enough. Machine code that only
Python needs comes along: threads and scratch memory, the entry that CPython calls; each with a digest of the source it
was made from, and used only where that is the source of the tdsl that loads it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

from tdsl.codegen.interface import Interface
from tdsl.codegen.library import SECTION
from tdsl.errors import FormatError
from tdsl.target import Target

FORMAT = 1

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")


@dataclass(frozen=True, slots=True)
class Helper:
    """Machine code for Python. digest: of its source; empty code: there is none."""

    digest: str
    code: bytes


@dataclass(frozen=True, slots=True)
class SavedKernel:
    """One kernel of a file.

    Args:
        interface, loops: as for a build; loops as text.
        target: that the bodies are for (the lowest, where there are several levels), resolved.
        levels: CPU names where there are several.
        helpers: "runtime", "entry", "entry support".
    """

    interface: Interface
    loops: str
    target: Target
    levels: tuple[str, ...]
    helpers: dict[str, Helper]

    def to_json(self, *, whole: bool = True) -> str:
        """JSON; without helpers where it is for people."""
        record: dict[str, object] = {
            "format": FORMAT,
            "kind": "tdsl kernel",
            "name": self.interface.name,
            "interface": json.loads(self.interface.to_json()),
            "target": self.target.to_data(),
            "levels": list(self.levels),
            "loops": self.loops,
        }
        if not whole:
            return json.dumps(record, indent=2) + "\n"
        record["helpers"] = {
            name: {"digest": one.digest, "code": base64.b64encode(one.code).decode()}
            for name, one in self.helpers.items()
        }
        return json.dumps(record, separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> SavedKernel:
        """The value of `to_json`. Errors: C120 anything else."""
        try:
            record = cast("dict[str, object]", json.loads(text))
            if record["format"] != FORMAT or record["kind"] != "tdsl kernel":
                raise FormatError(
                    "C120", f"a saved kernel in format {record['format']!r}, tdsl reads {FORMAT}"
                )
            helpers = cast("dict[str, dict[str, str]]", record["helpers"])
            return SavedKernel(
                Interface.from_json(json.dumps(record["interface"])),
                str(record["loops"]),
                Target.from_data(cast("dict[str, object]", record["target"])),
                tuple(str(level) for level in cast("list[object]", record["levels"])),
                {
                    name: Helper(one["digest"], base64.b64decode(one["code"], validate=True))
                    for name, one in helpers.items()
                },
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as wrong:
            if isinstance(wrong, FormatError):
                raise
            raise FormatError("C120", "this describes no saved kernel", why=[str(wrong)]) from None


def read_saved(path: Path) -> dict[str, SavedKernel]:
    """The kernels of a file by name.

    Errors: C120 a file that cannot be read, is no ELF file, or holds no kernel.
    """
    try:
        content = path.read_bytes()
    except OSError as reason:
        raise FormatError("C120", f"{path} cannot be read", why=[reason.strerror or str(reason)]) from None
    try:
        texts = [text for part in _sections(content) for text in part.split(b"\0") if text]
        kernels = [SavedKernel.from_json(text.decode()) for text in texts]
    except (struct.error, ValueError, IndexError) as wrong:
        if isinstance(wrong, FormatError):
            raise
        raise FormatError("C120", f"{path} is no object or shared library", why=[str(wrong)]) from None
    if not kernels:
        raise FormatError("C120", f"{path} holds no kernel of tdsl")
    return {kernel.interface.name: kernel for kernel in kernels}


def _sections(content: bytes) -> Iterator[bytes]:
    """The contents of the sections named SECTION."""
    identity, *_, at, _, _, _, _, size, number, names = _HEADER.unpack_from(content, 0)
    if identity[:6] != b"\x7fELF\x02\x01" or size != _SECTION.size:
        raise ValueError("another format")
    rows = [_SECTION.unpack_from(content, at + index * size) for index in range(number)]
    start = cast(int, rows[names][4]) if rows else 0
    for name, _, _, _, offset, length, *_ in rows:
        end = content.index(b"\0", start + name)
        if content[start + name : end] == SECTION.encode():
            if offset + length > len(content):
                raise ValueError("the file is cut off")
            yield content[offset : offset + length]


@lru_cache(maxsize=1)
def entry_digest() -> str:
    """Of the source that makes entries and the contexts they read: the same on every machine with this tdsl."""
    package = Path(__file__).parents[1]
    files = sorted((package / "codegen" / "entry").glob("*.py"))
    files += [package / "codegen" / name for name in ("bindings.py", "formula.py", "interface.py", "abi.py")]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
