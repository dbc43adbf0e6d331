"""Kernels for AArch64 run on another machine: a kernel and arrays in, what qemu-user makes of them out.

The object is linked with a start routine that reads the arrays from standard input, calls the kernel and writes them
back. Needs `qemu-aarch64` and `aarch64-linux-gnu-ld` (Debian: qemu-user, binutils-aarch64-linux-gnu). Kernels that
allocate or run in parallel are not for it: there is no runtime behind them.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from tdsl.codegen.llvm.arguments import kernel_abi
from tdsl.codegen.llvm.entry import emit, symbol
from tdsl.codegen.machine import compile_object
from tdsl.target import Target

EMULATOR = shutil.which("qemu-aarch64")
LINKER = shutil.which("aarch64-linux-gnu-ld")

# mov x8, x0; mov x0, x1; mov x1, x2; mov x2, x3; svc #0; ret: a system call whose number is the first argument
SYSTEM_CALL = (0xAA0003E8, 0xAA0103E0, 0xAA0203E1, 0xAA0303E2, 0xD4000001, 0xD65F03C0)
READ, WRITE, EXIT = 63, 64, 94

LOOP = """\
define ptr @{name}(ptr %to, {source}, i64 %count) {{
entry:
  br label %head
head:
  %i = phi i64 [0, %entry], [%next, %body]
  %more = icmp ult i64 %i, %count
  br i1 %more, label %body, label %done
body:
  %place = getelementptr i8, ptr %to, i64 %i
{value}
  store volatile i8 %byte, ptr %place
  %next = add i64 %i, 1
  br label %head
done:
  ret ptr %to
}}
"""
MEMORY = LOOP.format(
    name="memset", source="i32 %with", value="  %byte = trunc i32 %with to i8"
) + LOOP.format(
    name="memcpy",
    source="ptr %from",
    value="  %there = getelementptr i8, ptr %from, i64 %i\n  %byte = load volatile i8, ptr %there",
)

START = """\
@buffer = internal global [{size} x i8] zeroinitializer, align 64
@data = internal global [{arrays} x ptr] [{pointers}]
@numbers = internal global [{count} x i64] [{integers}]
@environment = internal global [256 x i8] zeroinitializer, align 64
@system = internal constant [{words} x i32] [{code}], section ".text", align 16
declare i32 @{entry}(ptr, ptr, ptr)
define void @_start() {{
  %read = call i64 @system(i64 {read}, i64 0, ptr @buffer, i64 {size})
  %status = call i32 @{entry}(ptr @data, ptr @numbers, ptr @environment)
  %written = call i64 @system(i64 {write}, i64 1, ptr @buffer, i64 {size})
  %wide = sext i32 %status to i64
  %never = call i64 @system(i64 {exit}, i64 %wide, ptr null, i64 0)
  unreachable
}}
"""


class EmulatedRun:
    """A compiled kernel; called as tests/codegen/llvm/kernels.Run is, with contiguous arrays."""

    def __init__(self, made, target=None, body="contiguous"):
        assert body == "contiguous"
        self.target = (
            target if target is not None and target.architecture == "aarch64" else Target("cpu:aarch64")
        )
        self.text = emit(made, self.target, body)
        self.abi = kernel_abi(made)
        self.entry = symbol(made, body)
        self.code = compile_object(self.text, self.target)

    def __call__(self, *arrays, **sizes):
        values = [np.asarray(value) for value in arrays]
        memory, offsets = bytearray(), []
        for value in values:
            memory += bytes(-len(memory) % 64)
            offsets.append(len(memory))
            memory += value.tobytes()
        numbers = [sizes[name] for name in self.abi.sizes]
        for argument, value in zip(self.abi.arguments, values, strict=True):
            numbers += value.strides if argument.kind == "array" else ()
        status, written = self._run(bytes(memory or b"\0"), offsets, numbers)
        for value, offset in zip(values, offsets, strict=True):
            if value.size and value.flags.writeable:
                value[...] = np.frombuffer(written, value.dtype, value.size, offset).reshape(value.shape)
        return status

    def _run(self, memory, offsets, numbers):
        start = START.format(
            size=len(memory), arrays=max(len(offsets), 1), count=max(len(numbers), 1), entry=self.entry,
            pointers=", ".join(f"ptr getelementptr (i8, ptr @buffer, i64 {at})" for at in offsets) or "ptr null",
            integers=", ".join(f"i64 {number}" for number in numbers) or "i64 0",
            words=len(SYSTEM_CALL), code=", ".join(f"i32 {word}" for word in SYSTEM_CALL),
            read=READ, write=WRITE, exit=EXIT,
        )  # fmt: skip
        allowed = frozenset({self.entry, "memcpy", "memset"})
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "kernel.o").write_bytes(self.code)
            (folder / "start.o").write_bytes(compile_object(start + MEMORY, self.target, allowed=allowed))
            (folder / "input").write_bytes(memory)
            program = folder / "program"
            subprocess.run(
                [LINKER, "-static", "-o", program, folder / "start.o", folder / "kernel.o"], check=True
            )
            with (folder / "input").open("rb") as given:
                made = subprocess.run(
                    [EMULATOR, "-cpu", "max", program], stdin=given, stdout=subprocess.PIPE, check=False
                )
        return made.returncode, made.stdout
