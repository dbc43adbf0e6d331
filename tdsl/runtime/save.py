"""`f.save`: loops and an Interface in; an object file or shared library, a C header and a JSON description out.

The object is LLVM's own; a shared library needs a C compiler as its linker. Files are written beside their final names
and renamed, so that a process that loads one never sees half of it.
"""

from __future__ import annotations

import keyword
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tdsl.codegen.artifact import BodyKind
from tdsl.codegen.c_header import c_header
from tdsl.codegen.interface import Interface
from tdsl.codegen.library import LEVELS, Version, library_object
from tdsl.codegen.loop_text import LoopText
from tdsl.errors import ArgumentError, MissingTool
from tdsl.location import here
from tdsl.runtime.entry_code import compiled_entry, compiled_support, nameless
from tdsl.runtime.fast_call import context_offset
from tdsl.runtime.native import compiled_runtime, runtime_digest
from tdsl.runtime.saved_format import Helper, SavedKernel, entry_digest
from tdsl.target import Target, host_architecture

COMPILERS = ("cc", "gcc", "clang")

_C_WORDS = frozenset(
    """
    auto break case char const continue default do double else enum extern float for goto if inline int long main
    register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
    bool true false class new delete this template typename namespace operator private public virtual
    """.split()  # noqa: SIM905
)

_KINDS: tuple[BodyKind, ...] = ("contiguous", "general")


def save(loops: LoopText, interface: Interface, path: Path, cpus: Sequence[str] | None) -> tuple[Path, ...]:
    """Write the files; those written, the code first.

    Errors: C121 a path, name or levels that cannot be; T102 no C compiler; G1xx as for a build.
    """
    _check(interface.name, path)
    targets = _targets(loops.target, cpus)
    description = SavedKernel(
        interface,
        loops.text,
        targets[0],
        tuple(target.mcpu or "" for target in targets) if len(targets) > 1 else (),
        _helpers(interface, targets[0]),
    )
    object_code = library_object(
        interface.name, [_version(loops, one) for one in targets], description.to_json()
    )
    words = ", ".join(str(target.mcpu) for target in targets)
    header, about = path.with_suffix(".h"), path.with_suffix(".json")
    written = _shared(object_code, targets[0]) if path.suffix == ".so" else object_code
    _write(path, written)
    _write(header, c_header(interface, words).encode())
    _write(about, description.to_json(whole=False).encode())
    return path, header, about


def _check(name: str, path: Path) -> None:
    if path.suffix not in (".so", ".o"):
        raise ArgumentError(
            "C121", f"a kernel is saved as .so or .o, not {path.name!r}", where=here(),
            hint=[f"f.save({str(path.with_suffix('.so'))!r})", f"f.save({str(path.with_suffix('.o'))!r})"],
        )  # fmt: skip
    if not name.isascii() or name in _C_WORDS or keyword.iskeyword(name):
        raise ArgumentError(
            "C121", f"{name} is no name for a C function", where=here(), hint=['td.build(s, name="…")']
        )
    if not path.parent.is_dir():
        raise ArgumentError("C121", f"there is no folder {path.parent}", where=here())


def _targets(own: Target, cpus: Sequence[str] | None) -> list[Target]:
    """The kernel's own target, or the levels asked for, lowest first."""
    if cpus is None:
        return [own.resolved()]
    names = (cpus,) if isinstance(cpus, str) else tuple(cpus)
    unknown = [name for name in names if name not in LEVELS]
    if unknown or not names or own.architecture != "x86_64" or host_architecture() != "x86_64":
        what = f"not {unknown[0]!r}" if unknown else "on and for x86-64 only" if names else "at least one"
        raise ArgumentError(
            "C121", f"cpus= takes levels, {what}", where=here(), why=[f"levels: {', '.join(LEVELS)}"]
        )
    return [Target("cpu", mcpu=name) for name in sorted(set(names), key=LEVELS.__getitem__)]


def _version(loops: LoopText, target: Target) -> Version:
    same = target == loops.target.resolved()
    own = loops if same else LoopText(loops.kernel, target, shared=loops.shared)
    return Version(target, {kind: (own.symbol(kind), own.llvm(kind)) for kind in _KINDS})


def _helpers(interface: Interface, target: Target) -> dict[str, Helper]:
    """What Python needs of a loaded kernel, so that it loads without LLVM."""
    offset, plain = context_offset(), nameless(interface)
    digest = f"{entry_digest()} {offset}"
    helpers = {
        "entry": Helper(digest, compiled_entry(plain, offset, target)),
        "entry support": Helper(digest, compiled_support(target)),
    }
    if target.architecture in ("x86_64", "aarch64"):
        helpers["runtime"] = Helper(runtime_digest(target.architecture), compiled_runtime(target))
    return helpers


def _shared(object_code: bytes, target: Target) -> bytes:
    """The shared library of an object, by the first C compiler found."""
    asked = os.environ.get("CC", "").split()
    command = asked or [found for found in map(shutil.which, COMPILERS) if found is not None][:1]
    if not command:
        raise MissingTool(
            "T102", "a shared library needs a C compiler, and there is none on PATH",
            where=here(), hint=["install gcc or clang", 'f.save("….o"), which needs none'],
        )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "kernel.o"), Path(folder, "kernel.so")
        source.write_bytes(object_code)
        done = subprocess.run(
            [*command, "-shared", "-o", str(made), str(source)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise MissingTool(
                "T102", f"{command[0]} did not link the library for {target.triple}",
                where=here(), why=done.stderr.splitlines()[:3], hint=['f.save("….o"), which needs no linker'],
            )  # fmt: skip
        return made.read_bytes()


def _write(path: Path, content: bytes) -> None:
    own = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        own.write_bytes(content)
        os.chmod(own, 0o755 if path.suffix == ".so" else 0o644)
        os.replace(own, path)
    except OSError as reason:
        own.unlink(missing_ok=True)
        raise ArgumentError(
            "C121", f"{path} cannot be written", where=here(), why=[reason.strerror or ""]
        ) from None
