"""LLVM IR text to machine code: text and a target in, the bytes of an object file or assembly text out.

No pass pipeline: the text is written vectorised, unrolled and folded, and LLVM's passes would triple the time for the
same bits and speed (shared/design/research/codegen.md, 5). Codegen level 2, position independent, small code model:
what a saved library needs, and what the JIT links. Works for this machine and, by triple, for any x86-64 or AArch64.

An object may call nothing that tdsl does not know about: on CPUs without the instruction LLVM turns `llvm.fma`, `half`
or `ldexp` into calls of a C library, slow at best. So its undefined symbols are read back and compared with a list.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module

import llvmlite.binding as llvm

from tdsl.codegen.llvm_library import prepare_inline_assembly, prepare_llvm
from tdsl.codegen.object_symbols import KERNEL_SYMBOLS, read_symbols
from tdsl.errors import InternalError, TargetError
from tdsl.target import Target, register_host

CODEGEN_LEVEL = 2
"""LLVM's -O2 of instruction selection and register allocation: level 0 is 5 times slower code, 3 costs more time."""

Record = Callable[[str, float], None]
"""Told the name of each step and its seconds, as it ends."""


@lru_cache(maxsize=1)
def host_target() -> Target:
    """This machine: CPU name, every feature that LLVM knows as `name` or `-name`, triple. Found once a process.

    The CPU's name alone is not enough: a virtual machine may hide features that CPUs of that name have.
    """
    triple = llvm.get_process_triple()
    prepare_llvm(triple)
    features = (
        name if present else f"-{name}"
        for name, present in llvm.get_host_cpu_features().items()
        if name[0].isalpha()  # leaves out `64bit`, which the triple says already
    )
    return Target("cpu", llvm.get_host_cpu_name(), tuple(sorted(features)), triple)


def compile_object(
    llvm_text: str,
    target: Target,
    opt: int = CODEGEN_LEVEL,
    *,
    allowed: frozenset[str] = KERNEL_SYMBOLS,
    record: Record | None = None,
) -> bytes:
    """The object file of a module, the same bytes for the same text and target.

    Args:
        llvm_text: a whole module of LLVM IR; its own triple and data layout are replaced by the target's.
        target: the host or any x86-64 or AArch64 Linux.
        opt: LLVM's codegen level, 0 to 3.
        allowed: the symbols that the object may leave undefined.
        record: told seconds of "parse", "codegen" and "symbols" (TDSL_TIME=1).

    Errors: G102, G104 LLVM does not know the CPU, a feature; G107 no object format for this system; G108 the code calls
    a function that tdsl does not bring; I999 LLVM refuses the text.
    """
    filled = target.resolved()
    if "linux" not in (filled.triple or ""):
        raise TargetError(
            "G107",
            f"no object code for {filled.triple} yet",
            why=("tdsl links ELF objects: Linux on x86-64 and AArch64",),
            hint=('f.source("asm") shows the code for any system',),
        )
    with _module((llvm_text,), filled, opt, record) as (machine, module), _timed("codegen", record):
        object_code = machine.emit_object(module)
    with _timed("symbols", record):
        _check_symbols(object_code, filled, allowed)
    return object_code


def compile_modules(
    texts: Sequence[str], target: Target, *, allowed: frozenset[str] = KERNEL_SYMBOLS
) -> bytes:
    """The object file of several modules linked into one; arguments and errors as for `compile_object`.

    Functions may carry a `"target-cpu"` of their own, above that of the target; inline assembly of this machine's
    architecture is allowed.
    """
    filled = target.resolved()
    prepare_inline_assembly()
    with _module(texts, filled, CODEGEN_LEVEL, None) as (machine, module):
        object_code = machine.emit_object(module)
    _check_symbols(object_code, filled, allowed)
    return object_code


def assembly(llvm_text: str, target: Target, opt: int = CODEGEN_LEVEL) -> str:
    """The assembly text of a module, for any target that `compile_object` takes, and for other systems too.

    Errors: G102, G104 LLVM does not know the CPU, a feature; I999 LLVM refuses the text.
    """
    with _module((llvm_text,), target.resolved(), opt, None) as (machine, module):
        return machine.emit_assembly(module)


def require_host(target: Target) -> None:
    """Refuse a target whose code this machine cannot run.

    Errors: G111 another architecture or system, or features that this CPU lacks.
    """
    filled, host = target.resolved(), host_target()
    if (filled.architecture, _system_of(filled)) != (host.architecture, _system_of(host)):
        missing = f"it is for {filled.triple}, this machine is {host.triple}"
    elif lacking := sorted(filled.feature_set - host.feature_set):
        missing = f"this CPU has no {', '.join(lacking)}"
    else:
        return
    raise TargetError(
        "G111",
        f"a kernel for {target.spelling} cannot run here",
        why=(missing,),
        hint=('td.build(s, target="cpu")', 'f.source("asm") shows its code'),
    )


def _system_of(target: Target) -> str:
    parts = (target.triple or "").split("-")
    return next((part for part in ("linux", "darwin", "macosx", "windows") if part in parts), "")


def jit_machine() -> llvm.TargetMachine:
    """The target machine that links objects into this process: the host's, with the settings of `compile_object`."""
    return _target_machine(host_target(), CODEGEN_LEVEL)


@contextmanager
def _module(
    texts: Sequence[str], target: Target, opt: int, record: Record | None
) -> Generator[tuple[llvm.TargetMachine, llvm.ModuleRef], None, None]:
    """The modules parsed and linked in a context of their own, and the machine; both are given back at the end."""
    machine = _target_machine(target, opt)
    context = llvm.create_context()
    try:
        with _timed("parse", record):
            module = _parse(texts[0], context, machine)
        try:
            for text in texts[1:]:
                module.link_in(_parse(text, context, machine))
            yield machine, module
        finally:
            module.close()
    finally:
        context.close()
        machine.close()


def _parse(text: str, context: llvm.ContextRef, machine: llvm.TargetMachine) -> llvm.ModuleRef:
    module: llvm.ModuleRef | None = None
    try:
        module = llvm.parse_assembly(text, context=context)
        module.triple = machine.triple
        module.data_layout = str(machine.target_data)
        module.verify()
    except RuntimeError as refusal:
        if module is not None:
            module.close()  # before its context, or LLVM frees it twice
        said = tuple(line for line in str(refusal).splitlines() if line.strip())
        raise InternalError(
            "LLVM refuses the text that tdsl wrote", pass_name="codegen.machine", why=said[:5]
        ) from refusal
    return module


def _target_machine(target: Target, opt: int) -> llvm.TargetMachine:
    if target.kind != "cpu" or target.triple is None:
        raise InternalError(f"no machine code for {target!r}", pass_name="codegen.machine")
    prepare_llvm(target.triple)
    cpu = target.mcpu or ""
    features = ",".join(name if name.startswith("-") else f"+{name}" for name in target.features)
    if features and target != host_target():
        _check_names(target.triple, cpu, features)
    try:
        family = llvm.Target.from_triple(target.triple)
    except RuntimeError as unknown:
        raise TargetError("G102", f"LLVM knows no CPU of the triple {target.triple!r}") from unknown
    return family.create_target_machine(
        cpu=cpu, features=features, opt=opt, reloc="pic", codemodel="small", jit=False
    )


def _check_symbols(object_code: bytes, target: Target, allowed: frozenset[str]) -> None:
    strange = sorted(set(read_symbols(object_code).undefined) - allowed)
    if strange:
        raise TargetError(
            "G108",
            f"the code for {target.spelling} calls {', '.join(strange)}, which kernels do not bring along",
            why=(f"LLVM has no instruction for it on {target.vector_isa}",),
            hint=("a target that has the instruction, such as td.Target('cpu', mcpu='x86-64-v3')",),
        )


_ASK_FOR_NAMES = """
import sys, llvmlite.binding as llvm
llvm.initialize_all_targets()
triple, cpu, features = sys.argv[1:]
llvm.Target.from_triple(triple).create_target_machine(cpu=cpu, features=features)
"""


@lru_cache(maxsize=256)
def _check_names(triple: str, cpu: str, features: str) -> None:
    """Refuse names that LLVM would ignore. It says so on the process's stderr only, hence a process of its own."""
    where = import_module("llvmlite").__path__[0]
    asked = subprocess.run(
        [sys.executable, "-c", _ASK_FOR_NAMES, triple, cpu, features],
        capture_output=True,
        text=True,
        check=False,
        cwd=f"{where}/..",
    )
    if f"'{cpu}' is not a recognized processor" in asked.stderr:
        raise TargetError(
            "G102",
            f"LLVM knows no CPU {cpu!r} of {triple.split('-')[0]}",
            hint=("CPU names as LLVM has them, such as 'skylake' or 'znver4'",),
        )
    unknown = re.findall(r"'[+-]([^']*)' is not a recognized feature", asked.stderr)
    if unknown:
        raise TargetError(
            "G104",
            f"LLVM knows no feature {', '.join(dict.fromkeys(unknown))} of {triple.split('-')[0]}",
            hint=("feature names as LLVM has them, such as 'avx512bf16'",),
        )


@contextmanager
def _timed(step: str, record: Record | None) -> Generator[None, None, None]:
    start = time.perf_counter()
    yield
    if record is not None:
        record(step, time.perf_counter() - start)


register_host(host_target)
