"""NVRTC through ctypes: CUDA C in, PTX and machine code of any architecture out; no toolkit, no driver, no GPU.

The library comes with the package `nvidia-cuda-nvrtc` (the extra `tdsl[cuda]`); `TDSL_NVRTC` names another one. It is
loaded on first use and never before. Source: NVRTC 13 documentation; the options keep IEEE 754 (semantics D3, D5).
"""

from __future__ import annotations

import ctypes
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tdsl.errors import InternalError, MissingTool, TargetError
from tdsl.settings import nvrtc_library

SYSTEM = "libnvrtc.so"
"""Where a toolkit is installed."""

OLDEST = (12, 0)
"""NVRTC before this writes no machine code for the architectures and no C++17 by default."""

OPTIONS = ("--fmad=false", "-lineinfo", "--std=c++17", "--ptxas-options=-v")
"""A product is fused where the text says `fmaf` only; the rest of the defaults is IEEE 754."""

_PLACES = ("cu13/lib/libnvrtc.so.13", "cuda_nvrtc/lib/libnvrtc.so.12")
_BUILTINS = ("cu13/lib/libnvrtc-builtins.so.*", "cuda_nvrtc/lib/libnvrtc-builtins.so.*")
_FUNCTIONS = (
    "nvrtcVersion", "nvrtcGetNumSupportedArchs", "nvrtcGetSupportedArchs", "nvrtcCreateProgram", "nvrtcCompileProgram",
    "nvrtcGetPTXSize", "nvrtcGetPTX", "nvrtcGetCUBINSize", "nvrtcGetCUBIN", "nvrtcGetProgramLogSize",
    "nvrtcGetProgramLog", "nvrtcDestroyProgram",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Compiled:
    """What NVRTC made of a source: PTX as text, machine code as an ELF image, and what it had to say."""

    ptx: str
    cubin: bytes
    log: str

    @property
    def warnings(self) -> tuple[str, ...]:
        """Lines of the log that are no mere information about resources."""
        told = re.compile(r"ptxas info|bytes stack frame|^\s*$")
        return tuple(line for line in self.log.splitlines() if not told.search(line))

    def spill_bytes(self, symbol: str) -> int:
        """Bytes a thread of a kernel spills, stores and loads the larger of, as the assembler says."""
        found = re.search(
            rf"Function properties for {re.escape(symbol)}\s*\n.*?(\d+) bytes spill stores, (\d+) bytes spill loads",
            self.log,
        )  # fmt: skip
        return 0 if found is None else max(int(found[1]), int(found[2]))


@dataclass(frozen=True, slots=True)
class Nvrtc:
    """A loaded NVRTC.

    Args:
        path: of the library. version: major, minor. architectures: numbers such as 90.
    """

    path: str
    version: tuple[int, int]
    architectures: tuple[int, ...]
    library: ctypes.CDLL

    def compile(self, source: str, architecture: str) -> Compiled:
        """PTX and machine code. Errors: G141 an architecture it does not know; I999 text of ours it refuses."""
        number = int("".join(sign for sign in architecture if sign.isdigit()))
        if number not in self.architectures:
            raise TargetError(
                "G141",
                f"NVRTC {self.version[0]}.{self.version[1]} has no {architecture}",
                why=[f"it compiles for {', '.join(f'sm_{one}' for one in self.architectures)}"],
                hint=["pip install -U 'tdsl[cuda]'"],
            )
        program = ctypes.c_void_p()
        made = self.library.nvrtcCreateProgram(
            ctypes.byref(program), source.encode(), b"tdsl.cu", 0, None, None
        )
        if made:
            raise InternalError(f"nvrtcCreateProgram gave {made}", pass_name="codegen.cuda.nvrtc")
        try:
            options = [option.encode() for option in (f"--gpu-architecture={architecture}", *OPTIONS)]
            texts = (ctypes.c_char_p * len(options))(*options)
            failed = self.library.nvrtcCompileProgram(program, len(options), texts)
            log = self._got(program, "ProgramLog").decode(errors="replace")
            if failed:
                lines = [line for line in log.splitlines() if line.strip()][:5]
                raise InternalError("NVRTC refuses generated code", pass_name="codegen.cuda", why=lines)
            return Compiled(self._got(program, "PTX").decode(), self._got(program, "CUBIN", binary=True), log)
        finally:
            self.library.nvrtcDestroyProgram(ctypes.byref(program))

    def _got(self, program: ctypes.c_void_p, what: str, *, binary: bool = False) -> bytes:
        size = ctypes.c_size_t()
        if getattr(self.library, f"nvrtcGet{what}Size")(program, ctypes.byref(size)):
            return b""
        memory = ctypes.create_string_buffer(size.value)
        if getattr(self.library, f"nvrtcGet{what}")(program, memory):
            return b""
        return memory.raw[: size.value] if binary else memory.raw[: size.value].rstrip(b"\0")


def packaged(*patterns: str) -> Iterator[Path]:
    """Files of NVIDIA's packages, where they are installed."""
    spec = importlib.util.find_spec("nvidia")
    for folder in () if spec is None else tuple(spec.submodule_search_locations or ()):
        for pattern in patterns:
            yield from sorted(Path(folder).glob(pattern))


@lru_cache(maxsize=1)
def nvrtc() -> Nvrtc:
    """The NVRTC found: that of `TDSL_NVRTC`, of the package, of the system.

    Errors: T103 there is none; T104 it cannot be loaded, lacks a function, or is too old.
    """
    asked = nvrtc_library()
    path = asked or next((str(one) for one in packaged(*_PLACES)), None)
    for builtins in packaged(*_BUILTINS):  # NVRTC opens it by its short name later
        if path is not None and Path(path).parent == builtins.parent:
            _loaded(str(builtins))
    if path is None:
        try:
            library, path = ctypes.CDLL(SYSTEM), SYSTEM
        except OSError:
            raise MissingTool(
                "T103", "NVRTC, which compiles CUDA C, is not installed", extra="cuda",
                hint=['f.source("cuda") and f.source("loops") need none'],
            ) from None  # fmt: skip
    else:
        library = _loaded(path)
    return _checked(library, path)


def _loaded(path: str) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
    except OSError as reason:
        raise _broken(path, str(reason)) from None


def _broken(path: str, why: str) -> MissingTool:
    return MissingTool(
        "T104",
        f"NVRTC at {Path(path).name} cannot be used",
        why=[why[:200]],
        extra="cuda",
        hint=["TDSL_NVRTC=/path/to/libnvrtc.so.13"],
    )


def _checked(library: ctypes.CDLL, path: str) -> Nvrtc:
    missing = [name for name in _FUNCTIONS if not hasattr(library, name)]
    if missing:
        raise _broken(path, f"it has no {missing[0]}")
    major, minor = ctypes.c_int(), ctypes.c_int()
    if library.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor)):
        raise _broken(path, "it does not say its version")
    version = (major.value, minor.value)
    if version < OLDEST:
        raise _broken(
            path, f"it is version {version[0]}.{version[1]}, needed is {OLDEST[0]}.{OLDEST[1]} or later"
        )
    count = ctypes.c_int()
    library.nvrtcGetNumSupportedArchs(ctypes.byref(count))
    numbers = (ctypes.c_int * count.value)()
    library.nvrtcGetSupportedArchs(numbers)
    return Nvrtc(path, version, tuple(numbers), library)


@lru_cache(maxsize=64)
def compile_cuda(source: str, architecture: str) -> Compiled:
    """PTX and machine code of a source, compiled once. Errors: T103 T104 NVRTC; G141 an unknown architecture."""
    return nvrtc().compile(source, architecture)


def describe_nvrtc() -> str:
    """One line for `tdsl info`: the version and the architectures, or why there is none."""
    try:
        found = nvrtc()
    except MissingTool as reason:
        return f"{reason.what} (pip install 'tdsl[cuda]')"
    names = ", ".join(f"sm_{one}" for one in found.architectures)
    return f"NVRTC {found.version[0]}.{found.version[1]}: {names}"
