"""Symbols of object files: what is defined, what is needed, and bytes that are no object."""

import shutil
import subprocess

import pytest

from tdsl.codegen.machine import compile_object
from tdsl.codegen.object_symbols import read_symbols
from tdsl.errors import InternalError
from tdsl.target import Target

TEXT = """
@shared = external global i32
@own = global i32 7
@hidden.by.linkage = internal global i32 9
declare void @elsewhere()
declare void @never.called()
define internal i32 @local() noinline {
  %a = load volatile i32, ptr @hidden.by.linkage
  ret i32 %a
}
define i32 @entry() {
  call void @elsewhere()
  %a = load i32, ptr @shared
  %b = call i32 @local()
  %c = add i32 %a, %b
  ret i32 %c
}
"""
ALL = frozenset({"elsewhere", "shared"})


@pytest.mark.parametrize("spelling", ["cpu:x86-64", "cpu:x86-64-v4", "cpu:aarch64"])
def test_defined_and_undefined(spelling):
    symbols = read_symbols(compile_object(TEXT, Target(spelling), allowed=ALL))
    assert sorted(symbols.defined) == ["entry", "own"]
    assert sorted(symbols.undefined) == ["elsewhere", "shared"]


@pytest.mark.needs_compiler
def test_the_systems_reader_agrees(tmp_path):
    nm = shutil.which("nm")
    if nm is None:
        pytest.skip("needs a C++ compiler")
    (tmp_path / "a.o").write_bytes(compile_object(TEXT, Target(), allowed=ALL))
    lines = subprocess.run(
        [nm, str(tmp_path / "a.o")], capture_output=True, text=True, check=True
    ).stdout.split("\n")
    said = {tuple(line.split()[-2:]) for line in lines if line}
    symbols = read_symbols((tmp_path / "a.o").read_bytes())
    assert {name for kind, name in said if kind == "U"} == set(symbols.undefined)
    assert {name for kind, name in said if kind in "TD"} == set(symbols.defined)


@pytest.mark.parametrize("code", [b"", b"\x7fELF", b"MZ" * 100, b"\x7fELF\x01\x01" + bytes(200)])
def test_other_bytes(code):
    with pytest.raises(InternalError, match=f"not an ELF64 object of {len(code)} bytes"):
        read_symbols(code)


def test_a_cut_object():
    code = compile_object(TEXT, Target(), allowed=ALL)
    for length in (10, 70, len(code) // 2, len(code) - 1):
        with pytest.raises(InternalError, match="not an ELF64 object"):
            read_symbols(code[:length])
