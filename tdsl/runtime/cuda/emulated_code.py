"""A body of CUDA C as a loaded library of the emulator: its text, and what its text says of shared memory.

In: a `CudaBody`. Out: C++ that is the same text between a header and a tail (an entry for each kernel, the dynamic
shared block), compiled once, loaded from memory; the shared arrays by name, place and element.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import re
import threading
import weakref
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from tdsl.codegen.cuda.artifact import CudaBody
from tdsl.runtime.cuda.compiler import kernel_library
from tdsl.runtime.cuda.symbols import thread_locals

_DEVICE = "device.h"
_RUNTIME = ("machine.h", "threads.cpp", "access.cpp", "traffic.cpp", "session.cpp")

# The forms of codegen/cuda's text: static arrays, the dynamic block, and arrays carved out of it.
_TYPE = r"((?:(?:un)?signed |long )*\w+)"
_STATIC = re.compile(rf"\b__shared__\s+(?:__align__\(\d+\)\s+)?{_TYPE}\s+(\w+)\s*((?:\[\d+\]\s*)+);")
_DYNAMIC = re.compile(rf"\bextern\s+__shared__\s+(?:__align__\(\d+\)\s+)?{_TYPE}\s+(\w+)\s*\[\s*\];")
_CARVED = re.compile(
    rf"\b{_TYPE}\s*\*\s*(?:const\s+)?(\w+)\s*=\s*\([^()]*\*\)\s*\(?(\w+)(?:\s*\+\s*(\d+))?\)?;"
)

_ELEMENT_BYTES = {
    "float": 4, "double": 8, "bool": 1, "char": 1, "short": 2, "int": 4, "long long": 8, "unsigned": 4, "signed": 4,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SharedArray:
    """A shared array of the text. element: bytes; extents: as declared; offset: of a dynamic one, in its block."""

    name: str
    element: int
    extents: tuple[int, ...]
    offset: int = 0


@dataclass(frozen=True, slots=True)
class SharedPlace:
    """A shared array in memory; offset: in thread-local storage, or in the dynamic block."""

    array: SharedArray
    offset: int
    bytes: int
    dynamic: bool


def static_arrays(source: str) -> dict[str, SharedArray]:
    """`__shared__` arrays with a size, by name."""
    found: dict[str, SharedArray] = {}
    for kind, name, extents in _STATIC.findall(source):
        shape = tuple(int(one) for one in re.findall(r"\d+", extents))
        found.setdefault(name, SharedArray(name, _element(kind), shape))
    return found


def dynamic_block(source: str) -> tuple[str, str] | None:
    """(type, name) of the `extern __shared__` array."""
    match = _DYNAMIC.search(source)
    return None if match is None else (match[1], match[2])


def carved_arrays(source: str) -> tuple[SharedArray, ...]:
    """Arrays that lie in the dynamic block, in order of their place; they end where the next begins.

    A block that is used as it is counts as one.
    """
    block = dynamic_block(source)
    if block is None:
        return ()
    found = {
        SharedArray(name, _element(kind), (), int(offset or 0))
        for kind, name, base, offset in _CARVED.findall(source)
        if base == block[1]
    }
    whole = SharedArray(block[1], _element(block[0]), ())
    return tuple(sorted(found, key=lambda one: (one.offset, one.name))) or (whole,)


def _element(kind: str) -> int:
    words = " ".join(word for word in kind.split() if word not in ("unsigned", "signed", "const", "volatile"))
    if vector := re.fullmatch(r"u?(char|short|int|float|double)([24])", words):
        return _ELEMENT_BYTES[vector[1]] * int(vector[2])
    return _ELEMENT_BYTES.get(words or kind.strip(), 1)


def emulated_text(body: CudaBody) -> str:
    """The C++ of a body: a header, the CUDA C unchanged, and entries."""
    lines = [
        f'#include "{_DEVICE}"',
        f'#line 1 "{body.launches[0].symbol}.cu"',
        body.source,
        '#line 1 "entries"',
    ]
    for symbol in dict.fromkeys(launch.symbol for launch in body.launches):
        lines += [
            f'extern "C" __attribute__((visibility("default"))) TDSL_QUIET void tdsl_enter_{symbol}(void** arguments)',
            f"{{ tdsl_emulator::call({symbol}, arguments); }}",
        ]
    block = dynamic_block(body.source)
    if block is not None:
        kind, name = block
        count = max(1, max(launch.dynamic_shared_bytes for launch in body.launches) // _element(kind))
        lines += [
            f"thread_local __attribute__((aligned(1024))) {kind} {name}[{count}];",
            'extern "C" __attribute__((visibility("default"))) TDSL_QUIET void* tdsl_dynamic_shared()',
            f"{{ return {name}; }}",
        ]
    return "\n".join(lines) + "\n"


@lru_cache(maxsize=1)
def emulator_sources() -> tuple[str, tuple[tuple[str, str], ...]]:
    """device.h, and (name, text) of the emulator's own files."""
    folder = files("tdsl.runtime.cuda") / "emulator"
    header = (folder / _DEVICE).read_text(encoding="utf-8")
    return header, (
        (_DEVICE, header),
        *((name, (folder / name).read_text(encoding="utf-8")) for name in _RUNTIME),
    )


class EmulatedLibrary:
    """A body, compiled and loaded; one call at a time (`lock`).

    Args:
        body: what to run.
        label: for `tdsl cache ls`.

    Errors: T110, T111 no C++ compiler; I999 it refuses the text.
    """

    def __init__(self, body: CudaBody, label: str) -> None:
        header, runtime = emulator_sources()
        self.body = body
        self.code = kernel_library(emulated_text(body), header, runtime, label)
        self.library = _loaded(self.code)
        self.lock = threading.Lock()
        weakref.finalize(self, _unload, self.library._handle)
        self._static = self._static_places()

    def entry(self, symbol: str) -> int:
        """Address of a kernel's entry."""
        found = ctypes.cast(getattr(self.library, f"tdsl_enter_{symbol}"), ctypes.c_void_p).value
        return found or 0

    def dynamic_entry(self) -> int:
        """Address of the function that gives the dynamic block; 0 without one."""
        if dynamic_block(self.body.source) is None:
            return 0
        return ctypes.cast(self.library.tdsl_dynamic_shared, ctypes.c_void_p).value or 0

    def shared_places(self, dynamic_bytes: int) -> tuple[SharedPlace, ...]:
        """Shared arrays of a launch with a dynamic block of so many bytes."""
        carved = carved_arrays(self.body.source)
        ends = [*(one.offset for one in carved[1:]), dynamic_bytes][: len(carved)]
        dynamic = tuple(
            SharedPlace(one, one.offset, end - one.offset, True)
            for one, end in zip(carved, ends, strict=True)
            if end > one.offset
        )
        return self._static + dynamic

    def _static_places(self) -> tuple[SharedPlace, ...]:
        declared = static_arrays(self.body.source)
        return tuple(
            SharedPlace(declared[one.name], one.offset, one.bytes, False)
            for one in thread_locals(self.code)
            if one.name in declared
        )


def _loaded(code: bytes) -> ctypes.CDLL:
    """A library from memory: nothing is left on disk."""
    descriptor = os.memfd_create("tdsl-emulated", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as stream:
            stream.write(code)
        return ctypes.CDLL(f"{_another_spelling(next(_numbers))}/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


_numbers = itertools.count()


def _another_spelling(number: int) -> str:
    """`/proc`, spelled differently for each number: the dynamic linker takes two libraries of one path for one."""
    return "/proc" + "".join("/." if number >> bit & 1 else "/" for bit in range(24))


def _unload(handle: int) -> None:
    ctypes.CDLL(None).dlclose(ctypes.c_void_p(handle))
