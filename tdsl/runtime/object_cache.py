"""Machine code by content: LLVM IR text and a target in, object bytes out, from the disk cache or from LLVM.

The key holds everything that the bytes depend on: the text, the target (for this machine the CPU as the system lists
it), the options, which llvmlite is installed, and the version of this layout. A hit loads no LLVM.
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Sequence
from functools import lru_cache
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

from tdsl.codegen.object_symbols import KERNEL_SYMBOLS
from tdsl.digest import digest as digest_of
from tdsl.runtime.cache_folder import cache_folder
from tdsl.target import Target

if TYPE_CHECKING:
    from tdsl.codegen.machine import Record

FORMAT = 2
"""Raise it when keys change their meaning."""

CODEGEN_LEVEL = 2
"""Of kernels; see codegen/machine.py."""

_CPU_LISTING = "/proc/cpuinfo"
_CPU_FIELDS = frozenset({
    "vendor_id", "cpu family", "model", "model name", "stepping", "flags",
    "CPU implementer", "CPU architecture", "CPU variant", "CPU part", "CPU revision", "Features",
})  # fmt: skip
"""What identifies a CPU's instructions; other lines of /proc/cpuinfo differ between cores or from minute to minute."""


def object_for(
    llvm_text: str,
    target: Target,
    label: str,
    *,
    opt: int = CODEGEN_LEVEL,
    allowed: frozenset[str] = KERNEL_SYMBOLS,
    record: Record | None = None,
) -> bytes:
    """The object file of a module; arguments and errors as for `codegen.machine.compile_object`.

    Args:
        label: what `tdsl cache ls` shows.
    """
    folder = cache_folder()
    if folder is None:
        return _compiled(llvm_text, target, opt, allowed, record)
    key = content_key("object", target, (opt, sorted(allowed), llvm_text))
    found = folder.get(key)
    if found is None:
        found = _compiled(llvm_text, target, opt, allowed, record)
        folder.put(key, found, label)
    return found


def _compiled(text: str, target: Target, opt: int, allowed: frozenset[str], record: Record | None) -> bytes:
    from tdsl.codegen.machine import compile_object

    return compile_object(text, target, opt, allowed=allowed, record=record)


def content_key(kind: str, target: Target, content: Sequence[object]) -> str:
    """64 hex digits for what is made from `content` (plain data) on a target by the LLVM installed here."""
    machine = host_identity() if target.is_host else ""
    parts = [kind, _surroundings(llvm_identity(), machine), target.to_data(), list(content)]
    return digest_of(json.dumps(parts).encode())


@lru_cache(maxsize=2)
def _surroundings(llvm: str, machine: str) -> str:
    """A digest of what every key holds: this layout, LLVM, and for code of this machine its CPU."""
    return digest_of(json.dumps([FORMAT, llvm, machine]).encode())


@lru_cache(maxsize=1)
def llvm_identity() -> str:
    """Which llvmlite is installed, without importing it: its library's size and time of change."""
    found = PathFinder.find_spec("llvmlite") or importlib.util.find_spec("llvmlite")
    for folder in (found.submodule_search_locations or ()) if found is not None else ():
        binding = f"{folder}/binding"
        listed = os.listdir(binding) if os.path.isdir(binding) else []
        libraries = [name for name in listed if name.startswith("libllvmlite")]
        for name in sorted(libraries):
            about = os.stat(f"{binding}/{name}")
            return f"{name} {about.st_size} {about.st_mtime_ns}"
    return "none"


@lru_cache(maxsize=1)
def host_identity() -> str:
    """This machine's CPU as the system lists it (its first core)."""
    try:
        with open(_CPU_LISTING, "rb", buffering=0) as stream:
            block = stream.read(16384).decode(errors="replace").strip().split("\n\n")[0]
    except OSError:
        from tdsl.codegen.machine import host_target

        return json.dumps(host_target().to_data())
    lines = [line for line in block.splitlines() if line.partition(":")[0].strip() in _CPU_FIELDS]
    return "\n".join(lines)
