"""Small pieces of LLVM IR as callable machine code, for tests of what runs kernels."""

import ctypes

import pytest

from tdsl.codegen.machine import KERNEL_SYMBOLS, compile_object, host_target
from tdsl.runtime.jit import LoadedCode, process_symbols


@pytest.fixture(scope="session")
def load():
    """`load(text, *entries, symbols=())`: the loaded module; C library functions by name in `symbols`."""

    def load_text(text, *entries, symbols=()):
        code = compile_object(text, host_target(), allowed=KERNEL_SYMBOLS | set(symbols))
        return LoadedCode(code, entries, process_symbols(frozenset(symbols)))

    return load_text


@pytest.fixture(scope="session")
def function():
    """`function(address, result, *arguments)`: a ctypes function that releases the interpreter's lock."""

    def make(address, result, *arguments):
        return ctypes.CFUNCTYPE(result, *arguments)(address)

    return make


TASKS = """
%nested = type { ptr, ptr, ptr, i64 }                    ; run, pool, hits, count

define void @hit(ptr %hits, i64 %i) {
  %place = getelementptr i64, ptr %hits, i64 %i
  atomicrmw add ptr %place, i64 1 monotonic, align 8
  ret void
}

; Runs @hit for `count` indices from inside a task.
define void @nested_hit(ptr %fields, i64 %i) {
  %run = load ptr, ptr %fields, align 8
  %pool.at = getelementptr %nested, ptr %fields, i64 0, i32 1
  %pool = load ptr, ptr %pool.at, align 8
  %hits.at = getelementptr %nested, ptr %fields, i64 0, i32 2
  %hits = load ptr, ptr %hits.at, align 8
  %count.at = getelementptr %nested, ptr %fields, i64 0, i32 3
  %count = load i64, ptr %count.at, align 8
  call void %run(ptr %pool, ptr @hit, ptr %hits, i64 %count)
  ret void
}

; Waits until as many tasks run at once as words[0] says; words[1] counts them.
define void @meet(ptr %words, i64 %i) {
entry:
  %arrived = getelementptr i64, ptr %words, i64 1
  %all = load i64, ptr %words, align 8
  atomicrmw add ptr %arrived, i64 1 seq_cst, align 8
  br label %wait
wait:
  %here = load atomic i64, ptr %arrived seq_cst, align 8
  %together = icmp sge i64 %here, %all
  br i1 %together, label %done, label %wait
done:
  ret void
}
"""


@pytest.fixture(scope="session")
def tasks(load):
    """The addresses of `hit`, `nested_hit` and `meet`, and their `text`."""
    code = load(TASKS, "hit", "nested_hit", "meet")
    return {
        "code": code,
        "text": TASKS,
        **{name: code.address(name) for name in ("hit", "nested_hit", "meet")},
    }
