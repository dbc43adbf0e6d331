"""Memory for machine code, from the system: bytes in, an executable mapping out that goes with its handle.

A mapping is writable first and executable then, never both (mmap, mprotect). It is not given back at interpreter exit:
a thread of the program may still run in it.
"""

from __future__ import annotations

import ctypes
import mmap
import weakref
from collections.abc import Mapping
from functools import lru_cache
from typing import cast

from tdsl.errors import InternalError
from tdsl.runtime.elf import Placer

_FAILED = ctypes.c_void_p(-1).value


class MappedCode:
    """An x86-64 object in memory, until closed or dropped.

    Args:
        object_code: bytes of the object file.
        foreign: addresses of what it leaves undefined.

    Errors: elf.CannotPlace where the loader does not know the object's kind; I999 the system gives no such memory.
    """

    __slots__ = ("__weakref__", "_base", "_release", "_symbols")

    def __init__(self, object_code: bytes, foreign: Mapping[str, int]) -> None:
        placer = Placer(object_code, foreign)
        image, system = placer.image, _system()
        size = max(image.data, mmap.PAGESIZE)
        private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        base = system.mmap(None, size, mmap.PROT_READ | mmap.PROT_WRITE, private, -1, 0)
        if base in (None, _FAILED):
            raise InternalError(f"the system gives no {size} bytes for code", pass_name="runtime.mapped")
        self._base = cast(int, base)
        self._release = weakref.finalize(self, system.munmap, base, size)
        self._release.atexit = False
        memory = placer.place(self._base)
        ctypes.memmove(self._base, bytes(memory), len(memory))
        self._protect(0, image.code, mmap.PROT_READ | mmap.PROT_EXEC)
        self._protect(image.code, image.constants, mmap.PROT_READ)
        self._symbols = image.symbols

    def _protect(self, start: int, end: int, how: int) -> None:
        if end > start and _system().mprotect(self._base + start, end - start, how):
            raise InternalError("the system allows no code in memory (mprotect)", pass_name="runtime.mapped")

    @property
    def closed(self) -> bool:
        return not self._release.alive

    def address(self, name: str) -> int | None:
        """Where a symbol is; None where the object does not define it."""
        offset = self._symbols.get(name)
        return None if offset is None else self._base + offset

    def close(self) -> None:
        """Unmap now; nothing of it may be running."""
        self._release()


@lru_cache(maxsize=1)
def _system() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    pointer, size, integer = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    library.mmap.restype = pointer
    library.mmap.argtypes = (pointer, size, integer, integer, integer, ctypes.c_long)
    library.mprotect.restype, library.mprotect.argtypes = integer, (pointer, size, integer)
    library.munmap.restype, library.munmap.argtypes = integer, (pointer, size)
    return library
