"""The runtime's own text: it compiles for both architectures, needs nothing but the C library, and is one module."""

import sys

import pytest

from tdsl.codegen.machine import KERNEL_SYMBOLS, compile_object
from tdsl.codegen.object_symbols import read_symbols
from tdsl.errors import TargetError
from tdsl.runtime import native as runtime
from tdsl.target import Target


@pytest.mark.parametrize(
    ("architecture", "spelling"),
    [("x86_64", "cpu:x86-64"), ("x86_64", "cpu:x86-64-v4"), ("aarch64", "cpu:aarch64")],
)
def test_the_text_compiles(architecture, spelling):
    text = runtime.runtime_text(architecture)
    assert "${" not in text
    allowed = runtime.C_LIBRARY | KERNEL_SYMBOLS
    symbols = read_symbols(compile_object(text, Target(spelling), runtime.CODEGEN_LEVEL, allowed=allowed))
    assert set(symbols.defined) == set(runtime._FUNCTIONS)
    assert runtime.C_LIBRARY <= set(symbols.undefined) <= runtime.C_LIBRARY | KERNEL_SYMBOLS


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_loaded_once():
    assert runtime.native() is runtime.native()
    assert len({runtime.native().address(name) for name in runtime._FUNCTIONS}) == len(runtime._FUNCTIONS)


@pytest.mark.parametrize(("system", "architecture"), [("Darwin", "aarch64"), ("Windows", "x86_64")])
def test_other_systems_are_told_what_is_missing(monkeypatch, system, architecture):
    monkeypatch.setattr(runtime.platform, "system", lambda: system)
    monkeypatch.setattr(runtime, "host_architecture", lambda: architecture)
    with pytest.raises(TargetError) as refused:
        runtime.runtime_object()
    assert str(refused.value) == (
        f"G107: kernels cannot run on {system} {architecture} yet\n"
        "  missing: the thread pool for this system; Linux on x86-64 and AArch64 have it\n"
        '  try: td.build(s, target="interpret")\n'
        "   or: the same program on Linux, or in a Linux container or WSL 2"
    )
