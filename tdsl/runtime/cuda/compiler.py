"""C++ sources in, a shared library's bytes out: by the first C++ compiler found, kept in the disk cache.

The key holds the sources, the flags, which compiler it was and the CPU, so that a hit starts no process. The flags make
arithmetic IEEE's (nothing contracted, nothing reassociated) and let the compiler report each load and store
(-fsanitize=thread without its library; emulator/access.cpp answers). Counterpart: runtime/save.py, which links.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tdsl.errors import InternalError, MissingTool
from tdsl.runtime.cache_folder import cache_folder
from tdsl.runtime.object_cache import content_key
from tdsl.target import Target

COMPILERS = ("c++", "g++", "clang++")

_COMMON = ("-std=c++17", "-g1", "-gdwarf-4", "-fPIC", "-fvisibility=hidden", "-ffp-contract=off", "-fno-math-errno",
           "-fno-strict-aliasing", "-fwrapv")  # fmt: skip
_RUNTIME = (*_COMMON, "-O2")
_KERNEL = (*_COMMON, "-O1", "-fsanitize=thread", "-DTDSL_EMULATION", "-fno-optimize-sibling-calls")
"""-O1 keeps accesses as they are written; a call that becomes a jump would hide the line that it stands on."""

# What only one of them takes. Both: no hook at each end of a function, and no frame that a thread's stack of 1 MiB does
# not hold (emulator/threads.cpp). g++ would take vectors apart, and read ahead of conditions where that cannot trap; and
# without -frounding-math it (12.2) makes `0.0f - (float)i` the negation of i, which is -0 for 0.
_GCC = (
    "-frounding-math",
    "-fno-tree-sra",
    "-fno-ssa-phiopt",
    "-fno-tree-loop-im",
    "-fno-if-conversion",
    "--param",
    "tsan-instrument-func-entry-exit=0",
    "-Werror=frame-larger-than=900000",
)
_CLANG = ("-mllvm", "-tsan-instrument-func-entry-exit=0", "-Wframe-larger-than=900000", "-Werror=frame-larger-than",
          "-Wno-unused-command-line-argument")  # fmt: skip

_emulators: dict[str, bytes] = {}
"""The emulator's object by key, for this process: the disk cache may be off."""


@dataclass(frozen=True, slots=True)
class Compiler:
    """A C++ compiler.

    Args:
        command: words that start it.
        version: its first line about itself.
        is_gcc: takes g++'s own flags.
    """

    command: tuple[str, ...]
    version: str
    is_gcc: bool


def find_compiler() -> Compiler:
    """The compiler of `CXX`, else the first of c++, g++ and clang++ on PATH. Errors: T110 there is none."""
    asked = tuple(os.environ.get("CXX", "").split())
    found = _first_compiler(asked, os.environ.get("PATH", ""))
    if found is None:
        names = " ".join(asked) or ", ".join(COMPILERS)
        raise MissingTool(
            "T110",
            "emulating CUDA C needs a C++ compiler, and none runs here",
            why=[f"looked for {names} on PATH"],
            hint=[
                "install g++ or clang++, or set CXX",
                'td.build(s, target="interpret") runs the loops without one',
            ],
        )
    return found


@lru_cache(maxsize=16)
def _first_compiler(asked: tuple[str, ...], path: str) -> Compiler | None:
    commands = [asked] if asked else [(name,) for name in COMPILERS]
    for command in commands:
        program = shutil.which(command[0], path=path or None)
        if program is None:
            continue
        words = (program, *command[1:])
        try:
            said = subprocess.run(
                [*words, "--version"], capture_output=True, text=True, check=False, timeout=60
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if said.returncode == 0:
            text = said.stdout
            return Compiler(words, text.partition("\n")[0], "Free Software Foundation" in text)
    return None


def kernel_library(
    kernel: str, device_header: str, runtime: tuple[tuple[str, str], ...], label: str
) -> bytes:
    """The library of a kernel and the emulator.

    Args:
        kernel: C++ of the kernel, whose first words are `#include "device.h"`.
        device_header: that file.
        runtime: (name, text) of the emulator's files.
        label: what `tdsl cache ls` shows.

    Errors: T110 no compiler; T111 it does not take the emulator's flags; I999 it refuses what tdsl emitted.
    """
    compiler = find_compiler()
    machine = _machine_flags(compiler)
    parts = (
        compiler.command,
        compiler.version,
        machine,
        _KERNEL,
        _GCC,
        _CLANG,
        _RUNTIME,
        kernel,
        device_header,
        runtime,
    )
    key = content_key("emulated", Target(), parts)
    folder = cache_folder()
    kept = None if folder is None else folder.get(key)
    if kept is not None:
        return kept
    with tempfile.TemporaryDirectory(prefix="tdsl-emulate-") as name:
        place = Path(name)
        (place / "device.h").write_text(device_header, encoding="utf-8")
        made = _library(compiler, place, kernel, runtime, machine)
    if folder is not None:
        folder.put(key, made, label)
    return made


def _library(
    compiler: Compiler,
    place: Path,
    kernel: str,
    runtime: tuple[tuple[str, str], ...],
    machine: tuple[str, ...],
) -> bytes:
    (place / "kernel.cpp").write_text(kernel, encoding="utf-8")
    (place / "emulator.o").write_bytes(_runtime_object(compiler, place, runtime))
    own = _GCC if compiler.is_gcc else _CLANG
    _run(compiler, place, [*_KERNEL, *own, *machine, "-c", "kernel.cpp", "-o", "kernel.o"], ours=True)
    _run(compiler, place, ["-shared", "-o", "kernel.so", "kernel.o", "emulator.o", "-lm"], ours=False)
    return (place / "kernel.so").read_bytes()


def _runtime_object(compiler: Compiler, place: Path, runtime: tuple[tuple[str, str], ...]) -> bytes:
    """The emulator itself, one object for all kernels."""
    key = content_key("emulator", Target(), (compiler.command, compiler.version, _RUNTIME, runtime))
    folder = cache_folder()
    if key in _emulators:
        return _emulators[key]
    kept = None if folder is None else folder.get(key)
    if kept is not None:
        _emulators[key] = kept
        return kept
    units = [name for name, _ in runtime if name.endswith(".cpp")]
    for name, text in runtime:
        (place / name).write_text(text, encoding="utf-8")
    (place / "emulator.cpp").write_text("".join(f'#include "{name}"\n' for name in units), encoding="utf-8")
    _run(compiler, place, [*_RUNTIME, "-c", "emulator.cpp", "-o", "emulator.o"], ours=False)
    made = _emulators[key] = (place / "emulator.o").read_bytes()
    if folder is not None:
        folder.put(key, made, "the emulator of CUDA C")
    return made


def _machine_flags(compiler: Compiler) -> tuple[str, ...]:
    """On x86-64 the host's instructions, for a fused multiply-add that is no call."""
    return ("-march=native", "-mtune=generic") if platform.machine() in ("x86_64", "AMD64") else ()


def _run(compiler: Compiler, place: Path, arguments: list[str], *, ours: bool) -> None:
    done = subprocess.run(
        [*compiler.command, *arguments], cwd=place, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return
    said = [line for line in done.stderr.splitlines() if "error" in line][:3] or done.stderr.splitlines()[:3]
    if ours:
        raise InternalError(
            f"{compiler.version} refuses emitted CUDA C", pass_name="runtime.cuda.compiler", why=said
        )
    raise MissingTool(
        "T111",
        f"{compiler.version} does not build the emulator",
        why=said,
        hint=["set CXX to another C++ compiler (g++ 10 or later, clang++ 12 or later)"],
    )
