"""Scratch memory of kernels, kept between calls: a cap in bytes in, an arena for `tdsl_env` out."""

from __future__ import annotations

import ctypes
import os
from functools import lru_cache

from tdsl.errors import CallMemoryError
from tdsl.runtime.native import native
from tdsl.runtime.once import process_lock


class Arena:
    """Blocks of scratch memory, 64-byte aligned, handed out again after their release.

    Args:
        cap_bytes: how much is kept at most while no kernel uses it; blocks in use do not count.

    Errors: C115 no memory for the arena itself (82 KB).
    """

    __slots__ = ("_context", "cap_bytes")

    def __init__(self, cap_bytes: int) -> None:
        self.cap_bytes = cap_bytes
        self._context = native().call("tdsl_arena_create", ctypes.c_int64, cap_bytes)
        if not self._context:
            raise CallMemoryError("C115", "no memory for the scratch arena")

    @property
    def context(self) -> int:
        """`arena_ctx` of `tdsl_env`."""
        return self._context

    @property
    def kept_bytes(self) -> int:
        """Bytes kept for the next kernel now."""
        return native().call("tdsl_arena_kept", ctypes.c_int64, self._context)

    def allocate(self, size_bytes: int) -> int:
        """The address of a block, or 0 where there is none; as kernels call it."""
        return native().call("tdsl_allocate", ctypes.c_int64, self._context, size_bytes)

    def release(self, block: int) -> None:
        """Take a block of `allocate` back."""
        native().call("tdsl_release", None, self._context, block)

    def trim(self) -> None:
        """Give everything kept back to the system."""
        native().call("tdsl_arena_trim", None, self._context)

    def close(self) -> None:
        """Free the arena; no block may be in use, and nobody may use it afterwards."""
        context, self._context = self._context, 0
        if context:
            native().call("tdsl_arena_destroy", None, context)


_process: list[Arena] = []


def process_arena() -> Arena:
    """The arena that all kernels of the process share; keeps at most an eighth of the machine's memory."""
    if not _process:
        with process_lock():
            if not _process:
                _process.append(Arena(physical_memory_bytes() // 8))
    return _process[0]


@lru_cache(maxsize=1)
def physical_memory_bytes() -> int:
    """The machine's memory."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
