"""The `tdsl_env` that kernels of this process are called with: pool and arena in, the address of the struct out."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Generator
from contextlib import contextmanager

from tdsl.codegen.abi import ABI_VERSION, ENV_BYTES, ENV_FLAGS, FLAG_ALWAYS_PARALLEL
from tdsl.runtime.arena import Arena, process_arena
from tdsl.runtime.native import native
from tdsl.runtime.once import process_lock
from tdsl.runtime.pool import ThreadPool, process_pool

_ENV = struct.Struct("<iiQQQQQQ")  # the fields of tdsl_env in order, as codegen/abi.py lists their offsets
_ERROR_SLOT_BYTES = 64


class Environment:
    """A `tdsl_env` in memory; it and what it points to live as long as this object.

    Args:
        pool: runs parallel loops.
        arena: gives scratch memory.
        memory: where it lies; memory of its own where None.
    """

    __slots__ = ("_error_slot", "_fields", "arena", "pool")

    def __init__(
        self, pool: ThreadPool, arena: Arena, memory: ctypes.Array[ctypes.c_char] | None = None
    ) -> None:
        self.pool, self.arena = pool, arena
        self._error_slot = ctypes.create_string_buffer(_ERROR_SLOT_BYTES)
        functions = native()
        packed = _ENV.pack(
            ABI_VERSION,
            0,
            pool.context,
            functions.address("tdsl_parallel_for"),
            functions.address("tdsl_allocate"),
            functions.address("tdsl_release"),
            arena.context,
            ctypes.addressof(self._error_slot),
        )
        self._fields = ctypes.create_string_buffer(ENV_BYTES) if memory is None else memory
        ctypes.memmove(self._fields, packed, len(packed))

    def set_flags(self, flags: int) -> int:
        """Give `flags` another value, for calls that begin from now on; the value before."""
        field = ctypes.c_int32.from_buffer(self._fields, ENV_FLAGS)
        before, field.value = field.value, flags
        return before

    @property
    def address(self) -> int:
        """What a kernel takes as `env`."""
        return ctypes.addressof(self._fields)


_process: list[Environment] = []
_memory = ctypes.create_string_buffer(_ENV.pack(ABI_VERSION, *[0] * 7), ENV_BYTES)


def environment_memory() -> ctypes.Array[ctypes.c_char]:
    """What kernels of the process take as `env`; those that use what is in it ask for `process_environment` first."""
    return _memory


def process_environment() -> Environment:
    """The environment that all kernels of the process share, its pool and arena made at the first call."""
    if not _process:
        with process_lock():
            if not _process:
                _process.append(Environment(process_pool(), process_arena(), _memory))
    return _process[0]


@contextmanager
def always_parallel(on: bool = True) -> Generator[None]:
    """Hands loops of little work to the threads, too (or no longer): for tests, whose arrays are small."""
    environment = process_environment()
    before = environment.set_flags(FLAG_ALWAYS_PARALLEL if on else 0)
    try:
        yield
    finally:
        environment.set_flags(before)
