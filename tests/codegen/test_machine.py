"""Text to machine code: instructions of each x86-64 level and AArch64, same bytes every time, nothing undefined."""

import os
import re
import subprocess
import sys

import pytest

import tdsl.target
from tdsl.codegen.machine import assembly, compile_object, host_target, require_host
from tdsl.codegen.object_symbols import read_symbols
from tdsl.dtypes import as_dtype
from tdsl.errors import InternalError, TargetError
from tdsl.target import Target


def fma_text(lanes):
    vector = f"<{lanes} x float>"
    return f"""
declare {vector} @llvm.fma.v{lanes}f32({vector}, {vector}, {vector})
define i32 @kernel(ptr %p) {{
  %x = load {vector}, ptr %p, align 4
  %y = call {vector} @llvm.fma.v{lanes}f32({vector} %x, {vector} %x, {vector} splat (float 3.0))
  store {vector} %y, ptr %p, align 4
  ret i32 0
}}
"""


def product_and_sum(lanes):
    vector = f"<{lanes} x float>"
    return f"""
define i32 @kernel(ptr %p) {{
  %x = load {vector}, ptr %p, align 4
  %y = fmul {vector} %x, %x
  %z = fadd {vector} %y, splat (float 3.0)
  store {vector} %z, ptr %p, align 4
  ret i32 0
}}
"""


COPY = """
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
define void @kernel(ptr %to, ptr %from, i64 %bytes) {
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 %bytes, i1 false)
  ret void
}
"""


@pytest.mark.parametrize(
    ("spelling", "lanes", "instruction"),
    [
        ("cpu:x86-64-v3", 8, r"vfmadd\w+ps\s.*%ymm"),
        ("cpu:x86-64-v4", 16, r"vfmadd\w+ps\s.*%zmm"),
        ("cpu:skylake-avx512", 16, r"vfmadd\w+ps\s.*%zmm"),
        ("cpu:aarch64", 4, r"fmla\s+v\d+\.4s"),
    ],
)
def test_fused_multiply_add_is_one_instruction(spelling, lanes, instruction):
    target = Target(spelling)
    code = assembly(fma_text(lanes), target)
    assert re.search(instruction, code) and target.lanes(as_dtype("float32")) == lanes
    assert read_symbols(compile_object(fma_text(lanes), target)).undefined == ()


@pytest.mark.parametrize(
    "spelling", ["cpu:x86-64", "cpu:x86-64-v2", "cpu:x86-64-v3", "cpu:x86-64-v4", "cpu:aarch64"]
)
def test_llvm_never_contracts_by_itself(spelling):
    code = assembly(product_and_sum(4), Target(spelling))
    assert re.search(r"\bv?mulps|fmul\s", code) and re.search(r"\bv?addps|fadd\s", code)
    assert not re.search(r"fmadd|fmla", code)


def test_a_missing_instruction_is_an_error_and_no_library_call():
    with pytest.raises(TargetError) as refused:
        compile_object(fma_text(4), Target("cpu:x86-64-v2"))
    assert str(refused.value) == (
        "G108: the code for cpu:x86-64-v2 calls fmaf, which kernels do not bring along\n"
        "  LLVM has no instruction for it on SSE4.2\n"
        "  try: a target that has the instruction, such as td.Target('cpu', mcpu='x86-64-v3')"
    )


def test_memory_functions_and_what_the_caller_allows_may_stay_undefined():
    assert read_symbols(compile_object(COPY, Target())).undefined == ("memcpy",)
    text = "declare i32 @getpid()\ndefine i32 @kernel() {\n  %p = call i32 @getpid()\n  ret i32 %p\n}\n"
    with pytest.raises(TargetError, match="calls getpid"):
        compile_object(text, Target())
    assert read_symbols(compile_object(text, Target(), allowed=frozenset({"getpid"}))).undefined == (
        "getpid",
    )


def test_small_position_independent_code():
    """Constants are reached relative to the code, without a table of offsets or 64-bit addresses."""
    for spelling in ("cpu:x86-64-v2", "cpu:x86-64-v3", "cpu:x86-64-v4"):
        code = assembly(product_and_sum(4), Target(spelling))
        assert "(%rip)" in code and "movabs" not in code and "GOT" not in code
    assert ".ltext" not in code


def test_same_bytes_in_every_process(tmp_path):
    program = (
        "import sys, hashlib; from tdsl.codegen.machine import *; from tdsl.target import Target\n"
        "print(hashlib.sha256(compile_object(sys.argv[1], Target())).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program, fma_text(4)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
    assert compile_object(fma_text(4), Target()) == compile_object(fma_text(4), Target())


def test_the_host_is_resolved_once_and_by_llvm():
    host = host_target()
    assert host is host_target() and Target().resolved() == host and host.resolved() == host
    assert host.mcpu and host.triple
    assert host.has_fma == ("fma" in host.features or host.architecture == "aarch64")
    assert Target().vector_bits == host.vector_bits


def test_steps_are_timed():
    steps = {}
    compile_object(COPY, Target(), record=steps.__setitem__)
    assert list(steps) == ["parse", "codegen", "symbols"] and all(0 < spent < 5 for spent in steps.values())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("define i32 @kernel() {\n  ret i64 0\n}\n", "value doesn't match function result type"),
        ("define i32 @kernel( {\n", "expected"),
        (
            "define i32 @kernel(i1 %c) {\n  br i1 %c, label %a, label %b\na:\n  %x = add i32 0, 1\n  br label %b\n"
            "b:\n  ret i32 %x\n}\n",
            "does not dominate",
        ),
    ],
)
def test_text_that_llvm_refuses_is_a_bug_of_ours(text, said):
    with pytest.raises(InternalError, match=said) as refused:
        compile_object(text, Target())
    assert "codegen.machine" in str(refused.value)


def test_names_that_llvm_would_ignore_are_refused():
    with pytest.raises(TargetError) as refused:
        compile_object(COPY, Target("cpu", mcpu="nonsense", features=("avx2",)))
    assert str(refused.value).splitlines()[0] == "G102: LLVM knows no CPU 'nonsense' of x86_64"
    with pytest.raises(TargetError) as refused:
        assembly(COPY, Target("cpu", mcpu="znver4", features=("avx1024",)))
    assert str(refused.value) == (
        "G104: LLVM knows no feature avx1024 of x86_64\n  try: feature names as LLVM has them, such as 'avx512bf16'"
    )
    with pytest.raises(TargetError, match="G104: LLVM knows no feature avx1024"):
        assembly(COPY, Target("cpu", features=("avx1024",)))


def test_llvm_knows_every_cpu_and_feature_of_the_table():
    names = [
        (f"{architecture}-unknown-linux-gnu", cpu, ",".join(f"+{feature}" for feature in features))
        for architecture, cpus in tdsl.target._CPUS.items()
        for cpu, features in cpus.items()
    ]
    program = (
        "import llvmlite.binding as llvm; llvm.initialize_all_targets()\n"
        f"for triple, cpu, features in {names!r}:\n"
        "    llvm.Target.from_triple(triple).create_target_machine(cpu=cpu, features=features)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_objects_are_for_linux_and_assembly_for_any_system():
    darwin = Target("cpu", mcpu="apple-m1", triple="arm64-apple-macosx")
    with pytest.raises(TargetError) as refused:
        compile_object(COPY, darwin)
    assert str(refused.value) == (
        "G107: no object code for arm64-apple-macosx yet\n"
        "  tdsl links ELF objects: Linux on x86-64 and AArch64\n"
        '  try: f.source("asm") shows the code for any system'
    )
    assert "_memcpy" in assembly(COPY, darwin)


def test_a_triple_of_no_machine():
    with pytest.raises(TargetError, match="G102: LLVM knows no CPU of the triple 'vax-dec-linux'"):
        assembly(COPY, Target("cpu", mcpu="generic", triple="vax-dec-linux"))


def test_what_cannot_run_here_is_refused_before_it_runs():
    require_host(Target())
    require_host(host_target())
    other = "cpu:aarch64" if host_target().architecture == "x86_64" else "cpu:x86-64-v2"
    with pytest.raises(TargetError, match=f"G111: a kernel for {Target(other).spelling} cannot run here"):
        require_host(Target(other))
    if host_target().architecture == "x86_64":
        require_host(Target("cpu:x86-64"))
        with pytest.raises(TargetError) as refused:
            require_host(Target("cpu", mcpu="x86-64-v2", features=("avx10.2",)))
        assert str(refused.value) == (
            "G111: a kernel for cpu:x86-64-v2 cannot run here\n"
            "  this CPU has no avx10.2\n"
            '  try: td.build(s, target="cpu")\n'
            '   or: f.source("asm") shows its code'
        )
