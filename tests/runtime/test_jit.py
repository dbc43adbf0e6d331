"""Loading objects: addresses that work, names that are missing, memory that comes back."""

import ctypes
import gc
import weakref
from pathlib import Path

import pytest

from tdsl.codegen.machine import compile_object, host_target
from tdsl.errors import InternalError
from tdsl.runtime.jit import LoadedCode, process_symbols

ADD = "define i64 @add(i64 %a, i64 %b) {\n  %c = add i64 %a, %b\n  ret i64 %c\n}\n"
COPY = """
declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)
define void @copy(ptr %to, ptr %from, i64 %bytes) {
  call void @llvm.memmove.p0.p0.i64(ptr %to, ptr %from, i64 %bytes, i1 false)
  ret void
}
"""


def test_an_entry_can_be_called(load, function):
    code = load(ADD, "add")
    assert function(code.address("add"), ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)(40, 2) == 42


def test_the_c_librarys_memory_functions_are_there(load, function):
    code = load(COPY, "copy")
    source, target = ctypes.create_string_buffer(b"kernel"), ctypes.create_string_buffer(7)
    copy = function(code.address("copy"), None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    copy(ctypes.addressof(target), ctypes.addressof(source), 7)
    assert target.value == b"kernel"


def test_constants_and_imports(load, function):
    text = (
        "declare i32 @getpid()\n@table = internal constant [2 x i32] [i32 7, i32 11], align 4\n"
        "define i32 @difference(i64 %i) {\n  %p = call i32 @getpid()\n"
        "  %at = getelementptr i32, ptr @table, i64 %i\n  %v = load i32, ptr %at, align 4\n"
        "  %q = call i32 @getpid()\n  %d = sub i32 %p, %q\n  %r = add i32 %d, %v\n  ret i32 %r\n}\n"
    )
    code = load(text, "difference", symbols=("getpid",))
    assert function(code.address("difference"), ctypes.c_int32, ctypes.c_int64)(1) == 11


def test_symbols_of_the_process_are_not_seen_unless_named():
    text = "declare i32 @getpid()\ndefine i32 @ask() {\n  %p = call i32 @getpid()\n  ret i32 %p\n}\n"
    code = compile_object(text, host_target(), allowed=frozenset({"getpid"}))
    with pytest.raises(InternalError, match="the object with ask needs getpid"):
        LoadedCode(code, ["ask"])


def test_an_entry_that_is_not_there():
    with pytest.raises(InternalError, match=r"the object defines no subtract[\s\S]*runtime\.jit"):
        LoadedCode(compile_object(ADD, host_target()), ["subtract"])
    with pytest.raises(InternalError, match="the C library has no tdsl_nothing"):
        process_symbols(frozenset({"tdsl_nothing"}))


def test_closed_code_has_no_addresses(load):
    code = load(ADD, "add")
    code.close()
    code.close()
    with pytest.raises(InternalError, match="add was unloaded"):
        code.address("add")


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def memory_maps():
    return len(Path("/proc/self/maps").read_text().splitlines())


def test_dropped_code_goes_at_once(load):
    code = load(ADD, "add")
    gone = weakref.ref(code)
    del code
    assert gone() is None


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
def test_memory_over_many_compile_and_drop_cycles(load, function):
    """Two hundred kernels leave nothing behind; kept, they take over 10 MB and four maps each."""

    def cycle(number):
        body = "".join(
            f"  %q{j} = getelementptr float, ptr %p, i64 {j}\n  %v{j} = load float, ptr %q{j}, align 4\n"
            f"  %w{j} = fadd float %v{j}, {float(number)}\n  store float %w{j}, ptr %q{j}, align 4\n"
            for j in range(20)
        )
        code = load(f"define i32 @k{number}(ptr %p) {{\n{body}  ret i32 0\n}}\n", f"k{number}")
        values = (ctypes.c_float * 20)()
        assert (
            function(code.address(f"k{number}"), ctypes.c_int32, ctypes.c_void_p)(ctypes.addressof(values))
            == 0
        )
        assert values[19] == number

    for number in range(20):
        cycle(number)
    gc.collect()
    bytes_before, maps_before = resident_bytes(), memory_maps()
    for number in range(20, 220):
        cycle(number)
    gc.collect()
    assert resident_bytes() - bytes_before < 2_000_000
    assert memory_maps() - maps_before < 10
