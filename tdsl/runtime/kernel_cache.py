"""Whole kernels in the disk cache: a key for a schedule in; loops, interface and machine code of its kernel out.

What is kept spares a second build its nest, lowering, code generation and LLVM. The key holds the schedule's digest
(schedule/fingerprint.py), this copy of tdsl (its files by size and time), LLVM, and the machine.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import cast

from tdsl.codegen.interface import Interface
from tdsl.digest import digest as digest_of
from tdsl.errors import FormatError
from tdsl.records import dataclass
from tdsl.runtime.cache_folder import CacheFolder, cache_folder
from tdsl.runtime.object_cache import content_key
from tdsl.target import Target

FORMAT = 2

_OUTSIDE = frozenset({
    "__pycache__", "cuda", "declare", "demo", "error_pages", "fuzzing", "ops", "primitives", "report", "schedules", "verify",
})  # fmt: skip
"""Folders of tdsl that no CPU kernel depends on but through its schedule's state, all of which is in the key."""


@dataclass(frozen=True, slots=True)
class BodyCode:
    """A body's machine code.

    Args:
        symbol: of the body in the object `code`.
        uses_environment: whether it uses the pool or the arena.
    """

    symbol: str
    code: bytes
    uses_environment: bool


@dataclass(frozen=True, slots=True)
class KeptKernel:
    """loops: Loop IR as text; body: the contiguous one."""

    loops: str
    interface: Interface
    body: BodyCode


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
            body = BodyCode(record["symbol"], code, bool(record["environment"]))
            return KeptKernel(record["loops"], Interface.from_json(record["interface"]), body)
        except (ValueError, KeyError, TypeError, FormatError):
            return None

    def put(self, kernel: KeptKernel, label: str) -> None:
        """Keep a kernel."""
        record = {
            "loops": kernel.loops, "interface": kernel.interface.to_json(), "symbol": kernel.body.symbol,
            "environment": kernel.body.uses_environment,
        }  # fmt: skip
        self._folder.put(self._key, json.dumps(record).encode() + b"\n" + kernel.body.code, label)


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
    """This copy of tdsl, as a digest: its files with sizes and times of change, but for `_OUTSIDE`."""
    files = _files(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return digest_of(repr(files).encode())


def _files(package: str) -> list[tuple[object, ...]]:
    """(name, size, time of change) of the files; a folder's name before those in it."""
    found: list[tuple[object, ...]] = []
    folders = [package]
    while folders:
        path = folders.pop()
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name in sorted(os.listdir(folder)):
                if name.endswith((".py", ".ll")):
                    about = os.stat(name, dir_fd=folder)
                    found.append((name, about.st_size, about.st_mtime_ns))
                elif "." not in name and name not in _OUTSIDE:
                    found.append((name,))
                    folders.append(f"{path}/{name}")
        finally:
            os.close(folder)
    return found
