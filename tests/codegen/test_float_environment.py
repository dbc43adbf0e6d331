"""The floating environment: default inside, the caller's again outside, and in every thread of the pool."""

import ctypes
import sys

import numpy as np
import pytest

from tdsl.codegen.float_environment import FLOAT_ENTER, FLOAT_LEAVE, float_environment
from tdsl.codegen.machine import KERNEL_SYMBOLS, assembly, compile_object, host_target
from tdsl.runtime.jit import LoadedCode
from tdsl.runtime.native import native
from tdsl.runtime.pool import ThreadPool
from tdsl.target import Target

ARCHITECTURE = "x86_64" if host_target().architecture == "x86_64" else "aarch64"
# Control words: the default; flush to zero with denormals-are-zero; round towards zero.
DEFAULT, FLUSH, TRUNCATE = {
    "x86_64": (0x1F80, 0x1F80 | 0x8040, 0x1F80 | 0x6000),
    "aarch64": (0, 1 << 24, 3 << 22),
}[ARCHITECTURE]

ACCESS = {
    "x86_64": """
define internal i64 @control() noinline {
  %place = alloca i32, align 4
  call void @llvm.x86.sse.stmxcsr(ptr %place)
  %word = load i32, ptr %place, align 4
  %bits = and i32 %word, -64
  %wide = zext i32 %bits to i64
  ret i64 %wide
}
define internal void @set_control(i64 %wide) noinline {
  %place = alloca i32, align 4
  %word = trunc i64 %wide to i32
  store i32 %word, ptr %place, align 4
  call void @llvm.x86.sse.ldmxcsr(ptr %place)
  ret void
}
""",
    "aarch64": """
define internal i64 @control() noinline {
  %word = call i64 @llvm.aarch64.get.fpcr()
  ret i64 %word
}
define internal void @set_control(i64 %word) noinline {
  call void @llvm.aarch64.set.fpcr(i64 %word)
  ret void
}
""",
}[ARCHITECTURE]

PROBE = f"""
define internal double @product(double %x, double %y) noinline {{
  %z = fmul double %x, %y
  ret double %z
}}
; words: control inside, control after, product without the environment
define double @probe(i64 %caller, double %x, double %y, ptr %words) {{
  %saved = call i64 @control()
  call void @set_control(i64 %caller)
  %bare = call double @product(double %x, double %y)
  %entered = call i64 @{FLOAT_ENTER}()
  %value = call double @product(double %x, double %y)
  %inside = call i64 @control()
  call void @{FLOAT_LEAVE}(i64 %entered)
  %after = call i64 @control()
  call void @set_control(i64 %saved)
  store i64 %inside, ptr %words, align 8
  %after.at = getelementptr i64, ptr %words, i64 1
  store i64 %after, ptr %after.at, align 8
  %bare.at = getelementptr i64, ptr %words, i64 2
  store double %bare, ptr %bare.at, align 8
  ret double %value
}}
; Waits for all threads, then notes the control word of this one.
define void @note(ptr %words, i64 %i) {{
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
  %word = call i64 @control()
  %place = add i64 %i, 2
  %word.at = getelementptr i64, ptr %words, i64 %place
  store i64 %word, ptr %word.at, align 8
  ret void
}}
define void @region(ptr %run, ptr %pool, ptr %words, i64 %count, i64 %caller) {{
  %saved = call i64 @control()
  call void @set_control(i64 %caller)
  call void %run(ptr %pool, ptr @note, ptr %words, i64 %count)
  call void @set_control(i64 %saved)
  ret void
}}
"""


@pytest.fixture(scope="module")
def code():
    text = float_environment(ARCHITECTURE) + ACCESS + PROBE
    return LoadedCode(compile_object(text, host_target(), allowed=KERNEL_SYMBOLS), ("probe", "region"))


def probe(code, caller, x, y):
    prototype = ctypes.CFUNCTYPE(
        ctypes.c_double, ctypes.c_int64, ctypes.c_double, ctypes.c_double, ctypes.c_void_p
    )
    words = (ctypes.c_int64 * 3)()
    value = prototype(code.address("probe"))(caller, x, y, ctypes.addressof(words))
    return value, words[0], words[1], np.array(words[2], np.int64).view(np.float64)


@pytest.mark.parametrize("caller", [DEFAULT, FLUSH, TRUNCATE, FLUSH | TRUNCATE])
def test_default_inside_and_the_callers_after(code, caller):
    value, inside, after, _ = probe(code, caller, 3.0, 0.1)
    assert inside == DEFAULT and after == caller
    assert value == 3.0 * 0.1


def test_subnormals_are_kept(code):
    value, _, _, bare = probe(code, FLUSH, 2.0**-1000, 2.0**-60)
    assert value == 2.0**-1060 and bare == 0.0


def test_rounding_is_to_nearest(code):
    value, _, _, bare = probe(code, TRUNCATE, 3.0, 0.1)
    assert value == 3.0 * 0.1 == np.nextafter(bare, 1.0)


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_pool_threads_are_in_the_default_environment(code):
    """Threads inherit the control word of the thread that starts them, which here flushes subnormals."""
    pool = ThreadPool(3)
    words = np.array([3, 0, -1, -1, -1], np.int64)
    prototype = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 5)
    run = native().address("tdsl_parallel_for")
    prototype(code.address("region"))(run, pool.context, words.ctypes.data, 3, FLUSH)
    assert sorted(words[2:]) == sorted(
        [FLUSH, DEFAULT, DEFAULT]
    )  # the calling thread is the kernel's business
    pool.close()


def test_the_other_architectures_text_compiles_too():
    calls = f"  %a = call i64 @{FLOAT_ENTER}()\n  call void @{FLOAT_LEAVE}(i64 %a)\n"
    use = f"define i64 @use() {{\n{calls}  ret i64 %a\n}}\n"
    assert "fpcr" in assembly(float_environment("aarch64") + use, Target("cpu:aarch64")).lower()
    assert "ldmxcsr" in assembly(float_environment("x86_64") + use, Target("cpu:x86-64"))
