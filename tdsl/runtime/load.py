"""`td.load`: a file that `f.save` wrote in, a kernel out; no LLVM, no isl, nothing is compiled.

The description in the file says what the kernel takes; bodies are the file's own machine code, called through this
process's thread pool and scratch memory.
"""

from __future__ import annotations

import _ctypes
import ctypes
import weakref
from pathlib import Path

from tdsl.codegen.artifact import BodyKind
from tdsl.codegen.library import LEVELS, public_symbol
from tdsl.codegen.loop_text import LoopText
from tdsl.errors import ArgumentError, FormatError, TargetError
from tdsl.location import here, hide_internal_frames
from tdsl.runtime.built import Built
from tdsl.runtime.fast_call import ReadyEntry, context_offset, fast_kernel
from tdsl.runtime.jit import LoadedCode
from tdsl.runtime.kernel import Kernel
from tdsl.runtime.native import load_runtime
from tdsl.runtime.native_run import LoadedBody, NativeRun
from tdsl.runtime.object_cache import host_identity
from tdsl.runtime.saved_format import SavedKernel, entry_digest, read_saved
from tdsl.target import Target


@hide_internal_frames
def load(path: str | Path, name: str | None = None) -> Kernel:
    """A kernel that `f.save` wrote.

    Args:
        path: the shared library or object.
        name: of the kernel, where the file holds several.

    Returns: a `Kernel` like a built one.

    Errors: C120 a file that holds no kernel; C121 a name that it does not hold; G111 a CPU that cannot run it.
    Only load files that you trust: they are programs.
    """
    file = Path(path)
    saved = _chosen(read_saved(file), file, name)
    _require_cpu(saved, file)
    runtime = saved.helpers.get("runtime")
    if runtime is not None:
        load_runtime(runtime.code, runtime.digest)
    bodies = _Shared(file, saved) if _is_shared(file) else _Object(file, saved)
    interface = saved.interface
    run = NativeRun(interface, bodies.load)
    run.load("contiguous")
    run.load("general")
    loops = LoopText(saved.loops, saved.target, shared=interface.shared)
    origin = Built(loops, interface)
    return fast_kernel(interface, run, origin, _ready(saved)) or Kernel(interface, run, origin)


def _chosen(kernels: dict[str, SavedKernel], file: Path, name: str | None) -> SavedKernel:
    if name is None and len(kernels) == 1:
        return next(iter(kernels.values()))
    if name is None or name not in kernels:
        said = f"no kernel {name!r}" if name is not None else f"{len(kernels)} kernels"
        raise ArgumentError("C121", f"{file} holds {said}", where=here(), why=[f"it holds {', '.join(kernels)}"],
                            hint=[f"td.load({str(file)!r}, {one!r})" for one in list(kernels)[:2]])  # fmt: skip
    return kernels[name]


def _require_cpu(saved: SavedKernel, file: Path) -> None:
    """Refuse what this machine would not run. Errors: G111."""
    host = Target()
    lacking = sorted(saved.target.feature_set - host.feature_set - _listed() - _UNUSED)
    if saved.target.architecture != host.architecture:
        why = f"it is for {saved.target.architecture}, this machine is {host.architecture}"
    elif lacking:
        why = f"this CPU has no {', '.join(lacking)}"
    else:
        return
    levels = ", ".join(map(repr, LEVELS))
    hint = f"f.save(…, cpus=({levels})) makes a file for more machines"
    raise TargetError("G111", f"{file} cannot run here", where=here(), why=[why], hint=[hint])


_UNUSED = frozenset({
    "adx", "aes", "clflushopt", "clwb", "clzero", "crc32", "fsgsbase", "invpcid", "mwaitx", "pclmul", "pku", "prfchw",
    "rdpid", "rdpru", "rdrnd", "rdseed", "sha", "shstk", "vaes", "vpclmulqdq", "wbnoinvd", "xsavec", "xsaveopt", "xsaves",
})  # fmt: skip
"""x86-64 features that LLVM names and the system does not list, or not by that name.

Code uses them only where it names their instructions, which kernels never do.
"""


def _listed() -> frozenset[str]:
    """Instruction sets of this CPU as the system lists them, where LLVM has the same name."""
    words = host_identity().split()
    return frozenset(words) | {word.replace("_", "") for word in words}


def _ready(saved: SavedKernel) -> ReadyEntry | None:
    """The entry that the file brings, where it is made by the source of this tdsl."""
    entry, support = saved.helpers.get("entry"), saved.helpers.get("entry support")
    wanted = f"{entry_digest()} {context_offset()}"
    if entry is None or support is None or entry.digest != wanted or support.digest != wanted:
        return None
    return ReadyEntry(entry.code, support.code)


def _is_shared(file: Path) -> bool:
    """Whether an ELF file is a shared library: e_type is ET_DYN."""
    with file.open("rb") as stream:
        return stream.read(18)[16:18] == b"\x03\x00"


class _Shared:
    """The bodies of a shared library, which is closed with the last of them."""

    def __init__(self, file: Path, saved: SavedKernel) -> None:
        self._name = saved.interface.name
        try:
            self._library = ctypes.CDLL(str(file.absolute()))
        except OSError as reason:
            raise FormatError("C120", f"{file} cannot be loaded", why=[str(reason)]) from None
        closing = weakref.finalize(self._library, _ctypes.dlclose, self._library._handle)
        closing.atexit = False

    def load(self, kind: BodyKind) -> LoadedBody:
        function = getattr(self._library, public_symbol(self._name, kind))
        return LoadedBody(ctypes.cast(function, ctypes.c_void_p).value or 0, self._library)


class _Object:
    """The bodies of an object file."""

    def __init__(self, file: Path, saved: SavedKernel) -> None:
        self._name = saved.interface.name
        symbols = [public_symbol(self._name, kind) for kind in ("contiguous", "general")]
        self._code = LoadedCode(file.read_bytes(), symbols)

    def load(self, kind: BodyKind) -> LoadedBody:
        return LoadedBody(self._code.address(public_symbol(self._name, kind)), self._code)
