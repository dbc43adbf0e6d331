"""The default floating environment at the entry of kernels and in pool threads (semantics D4), as LLVM IR text.

In: the architecture. Out: two internal functions to append to a module that needs them:

    i64 @tdsl_float_enter()        ; makes the environment the default one; gives the caller's control word
    void @tdsl_float_leave(i64)    ; puts that control word back

Default: round to nearest even, subnormals kept, no traps. x86-64: MXCSR = 0x1F80 but for its six sticky flags (Intel
SDM volume 1, 10.2.3); AArch64: FPCR = 0 (Arm ARM, C5.2.8). Both functions touch the register only where it differs:
writing it empties the pipeline. They are separate, never inlined functions because LLVM may move plain float
instructions across a change of the control register inside one function: a kernel calls `enter`, then the function
that holds the loops, then `leave`.
"""

from __future__ import annotations

from typing import Literal

Architecture = Literal["x86_64", "aarch64"]

FLOAT_ENTER = "tdsl_float_enter"
FLOAT_LEAVE = "tdsl_float_leave"

_X86_64 = f"""\
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)

define internal i64 @{FLOAT_ENTER}() noinline nounwind {{
  %place = alloca i32, align 4
  call void @llvm.x86.sse.stmxcsr(ptr %place)
  %word = load i32, ptr %place, align 4
  %control = and i32 %word, -64
  %is.default = icmp eq i32 %control, 8064
  br i1 %is.default, label %done, label %set
set:
  store i32 8064, ptr %place, align 4
  call void @llvm.x86.sse.ldmxcsr(ptr %place)
  br label %done
done:
  %saved = zext i32 %word to i64
  ret i64 %saved
}}

define internal void @{FLOAT_LEAVE}(i64 %saved) noinline nounwind {{
  %place = alloca i32, align 4
  %word = trunc i64 %saved to i32
  %control = and i32 %word, -64
  %is.default = icmp eq i32 %control, 8064
  br i1 %is.default, label %done, label %set
set:
  store i32 %word, ptr %place, align 4
  call void @llvm.x86.sse.ldmxcsr(ptr %place)
  br label %done
done:
  ret void
}}
"""

_AARCH64 = f"""\
declare i64 @llvm.aarch64.get.fpcr()
declare void @llvm.aarch64.set.fpcr(i64)

define internal i64 @{FLOAT_ENTER}() noinline nounwind {{
  %word = call i64 @llvm.aarch64.get.fpcr()
  %is.default = icmp eq i64 %word, 0
  br i1 %is.default, label %done, label %set
set:
  call void @llvm.aarch64.set.fpcr(i64 0)
  br label %done
done:
  ret i64 %word
}}

define internal void @{FLOAT_LEAVE}(i64 %saved) noinline nounwind {{
  %is.default = icmp eq i64 %saved, 0
  br i1 %is.default, label %done, label %set
set:
  call void @llvm.aarch64.set.fpcr(i64 %saved)
  br label %done
done:
  ret void
}}
"""


def float_environment(architecture: Architecture) -> str:
    """The two functions for an architecture, with the declarations they need."""
    return _X86_64 if architecture == "x86_64" else _AARCH64
