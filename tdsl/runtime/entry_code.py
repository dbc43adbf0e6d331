"""Objects of entries and of the functions they share: from a saved kernel, the disk cache, or compiled; bytes out.

In: an Interface and where a kernel object holds its context. The bytes depend on the sources of codegen/entry and on the
target only: no address is baked in, so they may come from another process or machine.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from tdsl.codegen.entry.layout import PYTHON_SYMBOLS
from tdsl.codegen.interface import ArrayInterface, Interface
from tdsl.codegen.object_symbols import KERNEL_SYMBOLS
from tdsl.runtime.kernel_cache import kept_object
from tdsl.target import Target

ENTRY_LEVEL = 0
"""LLVM's code generation level of entries: level 1 makes a call 11 ns faster and a build 10 ms slower."""

SUPPORT_LEVEL = 1
"""Of the shared functions, which are compiled when first needed: 15 ns a tensor of another library."""

_LABEL = "how Python calls kernels"


def nameless(interface: Interface) -> Interface:
    """What an entry depends on: kernels that differ in their own name and those of their outputs share one."""
    names = {output.name: f".{place}" for place, output in enumerate(interface.outputs)}
    arguments = tuple(
        replace(one, name=names[one.name])
        if isinstance(one, ArrayInterface) and one.role == "output"
        else one
        for one in interface.arguments
    )
    pairs = tuple((name, names[output]) for name, output in interface.inplace)
    return replace(interface, name="", arguments=arguments, inplace=pairs)


def entry_object(interface: Interface, offset: int) -> bytes:
    """The object of an entry; empty where the interface has no code.

    Args:
        interface: nameless.
        offset: of the context's pointer in a kernel object.
    """
    return kept_object(
        "entry",
        (ENTRY_LEVEL, offset, interface.to_json()),
        lambda: compiled_entry(interface, offset, Target()),
        _LABEL,
    )


def support_object() -> bytes:
    """The object of the shared functions."""
    return kept_object("entry support", (SUPPORT_LEVEL,), lambda: compiled_support(Target()), _LABEL)


def compiled_entry(interface: Interface, offset: int, target: Target) -> bytes:
    """The same, compiled now, for any target."""
    from tdsl.codegen.entry.emit import emit_entry

    text = emit_entry(interface, offset)
    return b"" if text is None else _compiled(text, target, ENTRY_LEVEL)


def compiled_support(target: Target) -> bytes:
    """The same, compiled now, for any target."""
    return _compiled(_support_text(), target, SUPPORT_LEVEL)


@lru_cache(maxsize=1)
def _support_text() -> str:
    from tdsl.codegen.entry.support import support_text

    return support_text()


def _compiled(text: str, target: Target, level: int) -> bytes:
    from tdsl.codegen.machine import compile_object

    return compile_object(text, target, level, allowed=PYTHON_SYMBOLS | KERNEL_SYMBOLS)
