"""Whole kernels in the disk cache: a key for a schedule in; loops, interface and machine code of its kernel out.

What is kept spares a second build its nest, lowering, code generation and LLVM. The key holds the schedule's digest
(schedule/fingerprint.py), this copy of tdsl (its files by size and time), LLVM, and the machine.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import cast

from tdsl.codegen.interface import Interface
from tdsl.errors import FormatError
from tdsl.records import dataclass
from tdsl.runtime.cache_folder import CacheFolder, cache_folder
from tdsl.runtime.object_cache import content_key
from tdsl.target import Target

FORMAT = 1

_OUTSIDE = frozenset({"demo", "error_pages", "fuzzing", "ops", "schedules", "verify"})
"""Folders of tdsl that no kernel depends on but through what its schedule says: they use the public names alone."""


@dataclass(frozen=True, slots=True)
class KeptKernel:
    """loops: Loop IR as text; symbol, code: of the contiguous body."""

    loops: str
    interface: Interface
    symbol: str
    code: bytes


class KernelSlot:
    """The place of one schedule's kernel in the cache."""

    __slots__ = ("_folder", "_key")

    def __init__(self, folder: CacheFolder, key: str) -> None:
        self._folder = folder
        self._key = key

    def get(self) -> KeptKernel | None:
        """The kernel kept there, or None."""
        found = self._folder.get(self._key)
        if found is None:
            return None
        try:
            head, _, code = found.partition(b"\n")
            record = cast("dict[str, str]", json.loads(head))
            return KeptKernel(
                record["loops"], Interface.from_json(record["interface"]), record["symbol"], code
            )
        except (ValueError, KeyError, TypeError, FormatError):
            return None

    def put(self, kernel: KeptKernel, label: str) -> None:
        """Keep a kernel."""
        record = {"loops": kernel.loops, "interface": kernel.interface.to_json(), "symbol": kernel.symbol}
        self._folder.put(self._key, json.dumps(record).encode() + b"\n" + kernel.code, label)


def kernel_slot(target: Target, digest: str) -> KernelSlot | None:
    """Where the kernel of a schedule with that digest belongs; None where nothing is kept."""
    folder = cache_folder()
    if folder is None:
        return None
    return KernelSlot(folder, content_key("kernel", target, (FORMAT, package_identity(), digest)))


def kept_object(kind: str, content: Sequence[object], make: Callable[[], bytes], label: str) -> bytes:
    """What `make` gives, or gave in an earlier process for the same content, copy of tdsl and machine.

    Args:
        kind, content: what is made, and what it depends on besides the source of tdsl (plain data).
        label: what `tdsl cache ls` shows behind the kind.
    """
    folder = cache_folder()
    if folder is None:
        return make()
    key = content_key(kind, Target(), (package_identity(), *content))
    found = folder.get(key)
    if found is None:
        found = make()
        folder.put(key, found, f"{kind}: {label}")
    return found


@lru_cache(maxsize=1)
def package_identity() -> str:
    """This copy of tdsl: its files with sizes and times of change, those left out that see tdsl as users do."""
    return "\n".join(_files(str(Path(__file__).parents[1]), _OUTSIDE))


def _files(folder: str, left_out: frozenset[str] = frozenset()) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            name = entry.name
            if name.endswith((".py", ".ll")):
                about = entry.stat()
                yield f"{name} {about.st_size} {about.st_mtime_ns}"
            elif "." not in name and name != "__pycache__" and name not in left_out and entry.is_dir():
                yield from _files(entry.path)
