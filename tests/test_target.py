"""Targets: spellings, what the tables say of each, the host's slot, text, data, and every refusal."""

import json
import pickle

import pytest

import tdsl.target
from tdsl.codegen.machine import host_target
from tdsl.dtypes import as_dtype
from tdsl.errors import ArgumentTypeError, InternalError, TargetError
from tdsl.target import Target, as_target, register_host


@pytest.fixture(autouse=True)
def a_known_host(monkeypatch):
    """A host that is the same everywhere: a Zen 2 without its FMA (as a hypervisor may hide features)."""
    monkeypatch.setattr(tdsl.target, "_host_slot", [])
    monkeypatch.setattr(tdsl.target, "host_architecture", lambda: "x86_64")
    tdsl.target._host.cache_clear()
    register_host(lambda: Target("cpu", "znver2", ("-fma", "aes"), "x86_64-unknown-linux-gnu"))
    yield
    tdsl.target._host.cache_clear()


def refusal(*args, **kwargs):
    with pytest.raises(TargetError) as caught:
        Target(*args, **kwargs)
    lines = str(caught.value).splitlines()
    assert lines[1].startswith("  test_target.py:")
    return "\n".join(line for line in lines if "test_target.py" not in line and set(line.strip()) != {"^"})


@pytest.mark.parametrize(
    ("spelling", "target"),
    [
        ("cpu", Target()),
        ("cpu:x86-64-v3", Target("cpu", mcpu="x86-64-v3")),
        ("cpu:znver4", Target("cpu", mcpu="znver4", triple="x86_64-unknown-linux-gnu")),
        ("cpu:aarch64", Target("cpu", mcpu="generic", triple="aarch64-unknown-linux-gnu")),
        ("interpret", Target("interpret")),
        ("cuda:sm_90", Target("cuda", mcpu="sm_90")),
        ("cuda", Target("cuda")),
        (None, Target()),
    ],
)
def test_spellings(spelling, target):
    assert as_target(spelling) == target
    assert as_target(target) is target
    assert target == pickle.loads(pickle.dumps(target))
    assert target == Target.from_data(json.loads(json.dumps(target.to_data())))
    assert hash(target) == hash(as_target(spelling))
    assert eval(repr(target)) == target
    assert as_target(target.spelling) == target


@pytest.mark.parametrize(
    ("spelling", "isa", "bits", "registers", "fma", "architecture"),
    [
        ("cpu:x86-64", "SSE2", 128, 16, False, "x86_64"),
        ("cpu:x86-64-v2", "SSE4.2", 128, 16, False, "x86_64"),
        ("cpu:sandybridge", "AVX", 128, 16, False, "x86_64"),
        ("cpu:x86-64-v3", "AVX2", 256, 16, True, "x86_64"),
        ("cpu:x86-64-v4", "AVX-512", 512, 32, True, "x86_64"),
        ("cpu:skylake", "AVX2", 256, 16, True, "x86_64"),
        ("cpu:znver5", "AVX-512", 512, 32, True, "x86_64"),
        ("cpu:aarch64", "NEON", 128, 32, True, "aarch64"),
        ("cpu:neoverse-v2", "NEON", 128, 32, True, "aarch64"),
        ("cpu", "AVX2", 256, 16, False, "x86_64"),
        ("interpret", "AVX2", 256, 16, True, "x86_64"),
        ("cuda:sm_90", "PTX", 128, 32, True, "nvptx64"),
    ],
)
def test_what_follows(spelling, isa, bits, registers, fma, architecture):
    target = as_target(spelling)
    assert (target.vector_isa, target.vector_bits, target.vector_registers) == (isa, bits, registers)
    assert (target.has_fma, target.architecture) == (fma, architecture)
    assert target.lanes(as_dtype("float32")) == bits // 32
    assert target.lanes(as_dtype("bool")) == bits // 8


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (
            Target(),
            "cpu x86_64 (this machine): AVX2, 256-bit vectors (8 float32), no FMA: x*y + z rounds twice, also inside functions",
        ),
        (
            Target("cpu", mcpu="x86-64"),
            "cpu x86_64 x86-64: SSE2, 128-bit vectors (4 float32), no FMA: x*y + z rounds twice, also inside functions",
        ),
        (
            Target("cpu", mcpu="znver4"),
            "cpu x86_64 znver4: AVX-512, 512-bit vectors (16 float32), x*y + z contracted to FMA",
        ),
        (Target("interpret"), "interpret: Loop IR, one element at a time; x*y + z contracted to FMA"),
        (Target("cuda", mcpu="sm_90"), "cuda sm_90: x*y + z contracted to FMA"),
        (Target("cuda"), "cuda (the device found): x*y + z contracted to FMA"),
    ],
)
def test_print(target, text):
    assert str(target) == text


def test_features_come_with_what_they_need_and_go_with_what_needs_them():
    more = Target("cpu", mcpu="x86-64", features=("avx512bf16",))
    assert more.has("avx512bw")
    assert more.has("fma")
    assert more.vector_bits == 512
    less = Target("cpu", mcpu="znver4", features=("-avx512f",))
    assert not less.has("avx512vl")
    assert less.has("avx2")
    assert less.vector_bits == 256
    assert not Target("cpu", mcpu="znver4", features=("-fma",)).has("avx512f")


def test_features_are_kept_sorted_without_signs_of_addition():
    target = Target("cpu", mcpu="x86-64-v3", features=("+vaes", "-bmi2", "aes"))
    assert target.features == ("aes", "vaes", "-bmi2")
    assert target == Target("cpu", mcpu="x86-64-v3", features=["-bmi2", "aes", "vaes"])


def test_the_host_is_filled_in_and_the_users_features_have_the_last_word():
    assert Target().resolved() == Target("cpu", "znver2", ("aes", "-fma"), "x86_64-unknown-linux-gnu")
    assert not Target().has_fma
    assert Target("cpu", features=("fma", "-aes")).resolved().features == ("fma", "-aes")
    assert Target("cpu", features=("fma",)).has_fma
    assert Target("cpu", mcpu="znver4").resolved() == Target("cpu", mcpu="znver4")


def test_what_the_code_generator_finds_is_what_the_kernel_lists(monkeypatch):
    monkeypatch.setattr(tdsl.target, "host_architecture", lambda: host_target().triple.split("-")[0])
    tdsl.target._host_features.cache_clear()
    known = {*tdsl.target._NEEDS, *tdsl.target._X86_V4, *tdsl.target._ARM_V82}
    found = host_target()
    assert found.feature_set & known == tdsl.target._host_features()


def test_the_slot_is_filled_once():
    with pytest.raises(InternalError, match="a second way to find the host's CPU"):
        register_host(Target)


def test_without_the_slot_the_kernel_tells(monkeypatch, tmp_path):
    monkeypatch.setattr(tdsl.target, "_host_slot", [])
    tdsl.target._host.cache_clear()
    listing = tmp_path / "cpuinfo"
    monkeypatch.setattr(tdsl.target, "_CPU_LISTING", str(listing))
    monkeypatch.setattr(tdsl.target.platform, "system", lambda: "Linux")
    for flags, isa, fma in (
        ("flags\t\t: fpu sse sse2 pni ssse3 sse4_1 sse4_2 avx avx2 fma abm", "AVX2", True),
        ("flags\t\t: fpu sse sse2 avx512f", "AVX-512", True),
        ("nothing of use", "SSE2", False),
    ):
        listing.write_text(f"processor\t: 0\n{flags}\n", encoding="ascii")
        tdsl.target._host_features.cache_clear()
        tdsl.target._host.cache_clear()
        assert (Target().vector_isa, Target().has_fma) == (isa, fma)
    listing.unlink()
    tdsl.target._host_features.cache_clear()
    tdsl.target._host.cache_clear()
    assert Target().vector_isa == "SSE2"
    assert Target().resolved().triple == "x86_64-unknown-linux-gnu"
    tdsl.target._host_features.cache_clear()


def test_a_triple_alone_is_the_least_cpu_of_it():
    assert Target("cpu", triple="aarch64-linux-gnu").mcpu == "generic"
    assert Target("cpu", triple="x86_64-apple-macosx").mcpu == "x86-64"
    assert not Target("cpu", triple="x86_64-linux-gnu").has_fma


def test_a_cpu_that_the_table_lacks_is_taken_with_its_features():
    target = Target("cpu", mcpu="znver9", features=("avx512f",))
    assert target.triple == "x86_64-unknown-linux-gnu"
    assert target.vector_bits == 512


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"kind": "gpu"},
            "G101: there is no target 'gpu'\n"
            '  targets: "cpu", "cpu:x86-64-v3", "cpu:aarch64", "interpret", "cuda:sm_90"\n'
            '  try: "cpu"',
        ),
        (
            {"kind": "cpu:"},
            "G101: there is no target 'cpu:'\n"
            '  targets: "cpu", "cpu:x86-64-v3", "cpu:aarch64", "interpret", "cuda:sm_90"\n'
            '  try: "cpu"',
        ),
        (
            {"kind": "cpu:zen4"},
            "G102: there is no CPU 'zen4' in tdsl's table\n"
            "  known: x86-64 x86-64-v2 x86-64-v3 x86-64-v4 aarch64, and CPU names as LLVM has them\n"
            '  try: mcpu="znver4"\n'
            '   or: mcpu="zen4" with features=(…), where LLVM knows it and you know what it has',
        ),
        ({"kind": "cuda:90"}, "G102: there is no CUDA architecture '90'\n  try: \"cuda:sm_90\""),
        (
            {"mcpu": "znver4", "triple": "aarch64-linux-gnu"},
            "G103: mcpu='znver4' is a CPU of x86_64, triple='aarch64-linux-gnu' is not\n"
            "  try: td.Target(\"cpu\", mcpu='znver4')\n"
            "   or: td.Target(\"cpu\", triple='aarch64-linux-gnu')",
        ),
        (
            {"kind": "cpu:znver4", "mcpu": "znver3"},
            "G103: the target 'cpu:znver4' names a CPU and mcpu='znver3' another",
        ),
        (
            {"features": ("AVX 512",)},
            "G104: features=('AVX 512',): 'AVX 512' is no LLVM feature name\n"
            '  try: features=("avx512bf16", "-avx512fp16")',
        ),
        (
            {"features": ("fma", "-fma")},
            "G104: features=('fma', '-fma'): 'fma' is both added and taken away\n"
            '  try: features=("avx512bf16", "-avx512fp16")',
        ),
        (
            {"kind": "interpret", "mcpu": "znver4"},
            "G106: a target of kind 'interpret' takes neither mcpu=, features= nor triple=",
        ),
        (
            {"kind": "cuda:sm_90", "features": ("fma",)},
            "G106: a target of kind 'cuda' takes mcpu= only",
        ),
    ],
)
def test_refusals(arguments, text):
    assert refusal(**arguments) == text


def test_a_target_is_text_or_a_target():
    with pytest.raises(ArgumentTypeError) as caught:
        as_target(3)
    assert str(caught.value).startswith("G105: a target is a name or a td.Target, not int\n  test_target.py:")
    assert str(caught.value).endswith('  try: "cpu"\n   or: td.Target("cpu", mcpu="x86-64-v3")')
