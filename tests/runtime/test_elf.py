"""Our loader of x86-64 objects against LLVM's: same results, foreign functions and data, no memory both writable and code."""

import ctypes
import os
import random
import re
from pathlib import Path

import pytest

from tdsl.codegen.machine import compile_object, host_target
from tdsl.runtime.elf import CannotPlace, Placer
from tdsl.runtime.jit import process_symbols
from tdsl.runtime.lljit import LinkedCode
from tdsl.runtime.mapped import MappedCode

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="needs a CPU with x86-64")

TEXT = """
@table = internal constant [4 x i64] [i64 3, i64 5, i64 7, i64 11], align 8
@counter = internal global i64 100, align 8
@empty = internal global [1000 x i64] zeroinitializer, align 64
@functions = internal constant [2 x ptr] [ptr @double, ptr @half], align 8
@float = internal constant double 1.5, align 8
@foreign = external global i64
declare i64 @labs(i64)
declare ptr @memcpy(ptr, ptr, i64)

define internal i64 @double(i64 %x) noinline { %r = shl i64 %x, 1
  ret i64 %r }
define internal i64 @half(i64 %x) noinline { %r = ashr i64 %x, 1
  ret i64 %r }
define internal i64 @choose(i64 %x) noinline {
entry:
  switch i64 %x, label %other [ i64 0, label %a
    i64 1, label %b
    i64 2, label %c
    i64 3, label %d
    i64 4, label %e ]
a: ret i64 10
b: ret i64 21
c: ret i64 32
d: ret i64 43
e: ret i64 54
other: ret i64 -1
}
define i64 @all(i64 %x, i64 %i) {
  %at = getelementptr [4 x i64], ptr @table, i64 0, i64 %i
  %t = load i64, ptr %at, align 8
  %c = load i64, ptr @counter, align 8
  %c1 = add i64 %c, 1
  store i64 %c1, ptr @counter, align 8
  %odd = and i64 %i, 1
  %fat = getelementptr [2 x ptr], ptr @functions, i64 0, i64 %odd
  %f = load ptr, ptr %fat, align 8
  %y = call i64 %f(i64 %x)
  %neg = sub i64 0, %y
  %abs = call i64 @labs(i64 %neg)
  %ch = call i64 @choose(i64 %i)
  %fl = load double, ptr @float, align 8
  %fi = fmul double %fl, 2.0
  %fr = fptosi double %fi to i64
  %eat = getelementptr [1000 x i64], ptr @empty, i64 0, i64 999
  %ev = load i64, ptr %eat, align 8
  store i64 %x, ptr %eat, align 8
  %fo = load i64, ptr @foreign, align 8
  %s1 = add i64 %t, %c
  %s2 = add i64 %s1, %abs
  %s3 = add i64 %s2, %ch
  %s4 = add i64 %s3, %fr
  %s5 = add i64 %s4, %ev
  %s6 = add i64 %s5, %fo
  ret i64 %s6
}
define ptr @functions_at() { ret ptr @functions }
define ptr @counter_at() { ret ptr @counter }
"""
NAMES = ("all", "functions_at", "counter_at")


@pytest.fixture(scope="module")
def code():
    return compile_object(TEXT, host_target(), allowed=frozenset({"labs", "foreign", "memcpy"}))


@pytest.fixture(scope="module")
def foreign():
    value = ctypes.c_int64(1000)
    symbols = {**process_symbols(frozenset({"labs", "memcpy"})), "foreign": ctypes.addressof(value)}
    return symbols, value


def call(loaded, name, *arguments):
    return ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * len(arguments))(loaded.address(name))(
        *arguments
    )


def test_the_same_as_llvms(code, foreign):
    ours, theirs = MappedCode(code, foreign[0]), LinkedCode(code, NAMES, foreign[0])
    draw = random.Random(3)
    for _ in range(300):
        x, i = draw.randint(-1000, 1000), draw.randrange(4)
        assert call(ours, "all", x, i) == call(theirs, "all", x, i)
    assert ours.address("nothing") is None


def permissions(address):
    for line in Path("/proc/self/maps").read_text().splitlines():
        start, end, kind = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line).groups()
        if int(start, 16) <= address < int(end, 16):
            return kind[:3]
    return None


def test_code_constants_and_data_have_their_permissions(code, foreign):
    loaded = MappedCode(code, foreign[0])
    assert permissions(loaded.address("all")) == "r-x"
    assert permissions(call(loaded, "functions_at")) in (
        "r--",
        "rw-",
    )  # addresses in it: written by the loader
    assert permissions(call(loaded, "counter_at")) == "rw-"


def test_dropping_unmaps(code, foreign):
    loaded = MappedCode(code, foreign[0])
    at = loaded.address("all")
    other = MappedCode(code, foreign[0])
    assert permissions(at) == "r-x"
    del loaded
    assert permissions(at) != "r-x" or permissions(at) is None
    other.close()
    other.close()
    assert other.closed


def test_what_it_does_not_know(code, foreign):
    with pytest.raises(CannotPlace, match="needs labs"):
        MappedCode(code, {"foreign": 0})
    for other in (b"", b"text", code[:60], b"\x7fELF" + bytes(200), code[:500]):
        with pytest.raises(CannotPlace, match="not an object"):
            Placer(other, foreign[0])
    arm = compile_object(
        "define i32 @f() { ret i32 3 }", __import__("tdsl").Target("cpu", mcpu="neoverse-n1")
    )
    with pytest.raises(CannotPlace, match="another format"):
        Placer(arm, {})


def test_broken_objects_are_refused_or_placed_but_never_end_the_process(code, foreign):
    """Not a defence (objects are trusted): but a torn file must become an error."""
    draw = random.Random(4)
    outcomes = set()
    for _ in range(400):
        broken = bytearray(code)
        for _ in range(draw.randint(1, 20)):
            broken[draw.randrange(len(broken))] = draw.randrange(256)
        try:
            placer = Placer(
                bytes(broken[: draw.choice((len(broken), draw.randrange(len(broken))))]), foreign[0]
            )
            if placer.image.data < 1 << 24:
                placer.place(1 << 40)
            outcomes.add("placed")
        except CannotPlace:
            outcomes.add("refused")
    assert "refused" in outcomes
