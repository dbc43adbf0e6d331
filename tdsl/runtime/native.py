"""The runtime's own machine code: pool.ll and arena.ll in, callable functions and their addresses out, once a process.

The text is LLVM IR with a few words left open: the futex system call's number and the spin hint of the architecture.
It is compiled like any kernel, and stays loaded until the process ends: the pool's fork handler and its sleeping
threads live in it.
"""

from __future__ import annotations

import ctypes
import platform
from typing import Literal, cast

from tdsl.codegen.float_environment import Architecture, float_environment
from tdsl.codegen.object_symbols import KERNEL_SYMBOLS
from tdsl.digest import digest as digest_of
from tdsl.errors import InternalError, TargetError
from tdsl.records import dataclass
from tdsl.runtime.jit import LoadedCode, process_symbols
from tdsl.runtime.kernel_cache import kept_object
from tdsl.runtime.once import process_lock
from tdsl.target import Target, host_architecture

C_LIBRARY = frozenset({
    "__register_atfork", "free", "posix_memalign", "pthread_create", "pthread_join", "pthread_sigmask",
    "sched_yield", "syscall",
})  # fmt: skip
"""What pool.ll and arena.ll take from the C library (glibc 2.17 or newer)."""

JOIN_SPIN = 200
"""Looks of the caller for the last worker before it sleeps: some 5 µs, about what being woken costs."""

CODEGEN_LEVEL = 0
"""7 ms instead of 30 at the first build of a process; a region costs the same (64 empty tasks: 82 ns on one thread)."""

# Futex: Linux, arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h. Spin hints: Intel SDM
# PAUSE; on Arm `isb` waits some 10 ns where `yield` is a no-operation on most cores.
_OPEN_WORDS: dict[Architecture, dict[str, str]] = {
    "x86_64": {
        "futex": "202",
        "pause": "call void @llvm.x86.sse2.pause()",
        "pause.declare": "declare void @llvm.x86.sse2.pause()",
    },
    "aarch64": {
        "futex": "98",
        "pause": "call void @llvm.aarch64.isb(i32 15)",
        "pause.declare": "declare void @llvm.aarch64.isb(i32)",
    },
}


@dataclass(frozen=True, slots=True)
class NativeFunctions:
    """Addresses of the runtime's functions; what they take and return stands in pool.ll and arena.ll."""

    code: LoadedCode

    def address(self, name: str) -> int:
        """Where a function is, for `tdsl_env`."""
        return self.code.address(name)

    def call(self, name: str, result: type[ctypes.c_int32 | ctypes.c_int64] | None, *arguments: int) -> int:
        """Call a function with int64 or pointer arguments; the interpreter's lock is released meanwhile.

        Narrower parameters read the low half of what is passed, as both C calling conventions say.
        """
        prototype = ctypes.CFUNCTYPE(result, *[ctypes.c_int64] * len(arguments))
        value: int | None = prototype(self.address(name))(*arguments)
        return value or 0


_FUNCTIONS = (
    "tdsl_parallel_for", "tdsl_pool_create", "tdsl_pool_resize", "tdsl_pool_destroy", "tdsl_pool_workers",
    "tdsl_allocate", "tdsl_release",
    "tdsl_arena_create", "tdsl_arena_trim", "tdsl_arena_destroy", "tdsl_arena_kept",
)  # fmt: skip
_loaded: list[NativeFunctions] = []


def native() -> NativeFunctions:
    """The runtime's functions, compiled and loaded at the first call.

    Errors: G107 this system has no runtime yet.
    """
    if not _loaded:
        with process_lock():
            if not _loaded:
                _loaded.append(_load(runtime_object()))
    return _loaded[0]


def runtime_text(architecture: Architecture) -> str:
    """The LLVM IR of pool, arena and floating environment for Linux on an architecture, as one module."""
    pool, arena = (_shipped(name) for name in ("pool.ll", "arena.ll"))
    for word, text in {**_OPEN_WORDS[architecture], "join.spin": str(JOIN_SPIN)}.items():
        pool = pool.replace(f"${{{word}}}", text)
    return "\n".join((*_declared_once(pool, arena), float_environment(architecture)))


def _shipped(name: str) -> str:
    from pkgutil import get_data

    found = get_data("tdsl.runtime", name)
    if found is None:
        raise InternalError(f"tdsl/runtime/{name} is missing", pass_name="runtime.native")
    return found.decode("utf-8")


def _declared_once(*texts: str) -> tuple[str, ...]:
    """The texts, with each declaration only where it stands first: LLVM allows one in a module."""
    seen: set[str] = set()
    kept: list[str] = []
    for text in texts:
        lines = [line for line in text.splitlines() if not (line.startswith("declare ") and line in seen)]
        seen.update(line for line in lines if line.startswith("declare "))
        kept.append("\n".join(lines))
    return tuple(kept)


def load_runtime(object_code: bytes, digest: str) -> None:
    """Use this object for the runtime of the process if it has none yet and it is made from the same source."""
    with process_lock():
        if not _loaded and digest == runtime_digest(host_architecture()):
            _loaded.append(_load(object_code))


def runtime_object() -> bytes:
    """The object of pool, arena and floating environment for this machine. Errors: G107."""
    _supported_architecture()
    return kept_object(
        "runtime", (CODEGEN_LEVEL,), lambda: compiled_runtime(Target()), "threads and scratch memory"
    )


def compiled_runtime(target: Target) -> bytes:
    """The same for any Linux target, compiled now."""
    from tdsl.codegen.machine import compile_object

    text = runtime_text(cast(Architecture, target.architecture))
    return compile_object(text, target, CODEGEN_LEVEL, allowed=C_LIBRARY | KERNEL_SYMBOLS)


def runtime_digest(architecture: str) -> str:
    """Of the runtime's source for an architecture; empty where it has none."""
    if architecture not in _OPEN_WORDS:
        return ""
    return digest_of(runtime_text(architecture).encode())


def _load(object_code: bytes) -> NativeFunctions:
    return NativeFunctions(LoadedCode(object_code, _FUNCTIONS, process_symbols(C_LIBRARY)))


def _supported_architecture() -> Literal["x86_64", "aarch64"]:
    system, architecture = platform.system(), host_architecture()
    if system == "Linux" and architecture in ("x86_64", "aarch64"):
        return "x86_64" if architecture == "x86_64" else "aarch64"
    raise TargetError(
        "G107",
        f"kernels cannot run on {system} {architecture} yet",
        why=("missing: the thread pool for this system; Linux on x86-64 and AArch64 have it",),
        hint=(
            'td.build(s, target="interpret")',
            "the same program on Linux, or in a Linux container or WSL 2",
        ),
    )
