"""Conversions of float16, bfloat16, fp8, tfloat32: every value and every tie between two, on every kind of machine."""

import numpy as np
import pytest

from tdsl.codegen.llvm.entry import emit
from tdsl.codegen.machine import assembly, compile_object
from tdsl.dtypes import DTYPES
from tdsl.expr.build import cast, fma, mul
from tdsl.expr.narrow_floats import decoded, encoded, is_held, rounded
from tdsl.expr.node import Bitcast, Cast
from tdsl.target import Target
from tests.codegen.llvm.kernels import Run, memory, runnable_targets, same
from tests.codegen.llvm.test_expressions import elementwise

NARROW = ["float16", "bfloat16", "float8_e4m3fn", "float8_e5m2"]
WITHOUT = (
    Target("cpu", mcpu="x86-64-v3", features=("-f16c",)),
    Target("cpu", mcpu="x86-64-v4", features=("avx512bf16",)),
)
TARGETS = [t for t in (*runnable_targets(), *WITHOUT) if t.feature_set <= Target().feature_set]
CASES = [(t, 16 if t.vector_bits > 128 else 4) for t in TARGETS] + [(TARGETS[0], 0), (TARGETS[-2], 0)]
IDS = [f"{t.spelling}{''.join(t.features) if not t.is_host else ''}-{width}" for t, width in CASES]
ELSEWHERE = (
    Target("cpu:x86-64"), Target("cpu:ivybridge"), Target("cpu:x86-64-v3"), Target("cpu:sapphirerapids"),
    Target("cpu", mcpu="sapphirerapids", features=("avx512fp16", "avx512bf16")), Target("cpu:aarch64"),
    Target("cpu:neoverse-n1"), Target("cpu", mcpu="neoverse-n2", features=("bf16",)),
)  # fmt: skip


def every(name):
    """Every value of a dtype; NaN once a payload."""
    dtype = DTYPES[name]
    return decoded(np.arange(1 << dtype.bits, dtype=f"u{dtype.bytes}"), dtype)


def around_ties(name, kind):
    """The numbers halfway between neighbours, the ones right beside them, and what lies beyond the greatest."""
    if name == "tfloat32":
        step = np.arange(0, 1 << 32, 1 << 20, dtype=np.uint64).astype(np.uint32)
        patterns = np.concatenate([step, step | 0x1000, step | 0x2000, step | 0x7000])
        with np.errstate(invalid="ignore"):
            values = patterns.view(np.float32).astype(kind)
    else:
        with np.errstate(invalid="ignore"):
            known = np.unique(every(name).astype(np.float64))
        known = known[np.isfinite(known)]
        ties = (known[1:] + known[:-1]) / 2
        last = known[-1] - known[-2]
        beyond = known[-1] + last * np.array([0.5, 1, 2, 1e5])
        values = np.concatenate([known, ties, beyond, -beyond, [np.inf, -np.inf, np.nan, -0.0]])
        with np.errstate(all="ignore"):
            values = values.astype(kind)
    with np.errstate(all="ignore"):
        return np.concatenate(
            [values, np.nextafter(values, kind(np.inf)), np.nextafter(values, kind(-np.inf))]
        )


def casts(sources, targets, values, target, width):
    """Arrays of the sources' values cast to each target; memory of each result."""
    names = [("in0", sources)]
    single = DTYPES["float32"]
    results = [
        (lambda a, to=to: Cast(single, Cast(DTYPES[to], a))) if to == "tfloat32"
        else (lambda a, to=to: Cast(DTYPES[to], a))
        for to in targets
    ]  # fmt: skip
    made, outputs = elementwise("probe", names, results, width)
    got = [np.full(values.size, 77, memory(out.dtype.name)) for out in outputs]
    assert Run(made, target)(values, *got, n=values.size) == 0
    return got


@pytest.mark.parametrize(("target", "width"), CASES, ids=IDS)
@pytest.mark.parametrize("name", NARROW)
def test_every_value_widens_exactly(name, target, width):
    dtype = DTYPES[name]
    patterns = np.arange(1 << dtype.bits, dtype=f"u{dtype.bytes}")
    single, double, whole = casts(
        name, ("float32", "float64", "int32"), patterns.view(memory(name)), target, width
    )
    with np.errstate(invalid="ignore"):
        want = every(name).astype(np.float32)
        assert same(single, want) and same(double, want.astype(np.float64))
        saturated = np.clip(np.nan_to_num(want.astype(np.float64), nan=0.0), -(2.0**31), 2.0**31 - 1)
    assert np.array_equal(whole, np.trunc(saturated).astype(np.int32))


@pytest.mark.parametrize(("target", "width"), CASES, ids=IDS)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("name", [*NARROW, "tfloat32"])
def test_narrowing_rounds_once(name, kind, target, width):
    values = around_ties(name, kind)
    (got,) = casts(np.dtype(kind).name, (name,), values, target, width)
    want = rounded(values, DTYPES[name])
    if name == "tfloat32":
        assert same(got, want)
    else:
        want = encoded(want, DTYPES[name]) if is_held(DTYPES[name]) else want
        assert same(got, want.view(memory(name)), name)


@pytest.mark.parametrize(("target", "width"), CASES, ids=IDS)
@pytest.mark.parametrize("kind", ["int32", "uint32", "int64", "uint64"])
def test_integers_round_once(kind, target, width):
    """To bfloat16 a float64 (and from 64 bits, even that) on the way would round twice."""
    bits = np.dtype(kind).itemsize * 8
    rng = np.random.default_rng(3)
    tops = [((1 << 8) + odd) << shift for shift in range(bits - 10) for odd in (0, 1, 127)]
    ties = [top + (1 << max(top.bit_length() - 9, 0)) + off for top in tops for off in (-1, 0, 1)]
    values = np.array([v for v in ties if v < 1 << (bits - 1)], kind)
    values = np.concatenate([values, rng.integers(0, (1 << bits - 1) - 1, 500).astype(kind)])
    values = np.concatenate([values, np.array([0, 1], kind), ~values, np.negative(values)])
    targets = ("bfloat16", "float16", "tfloat32", "float8_e5m2")
    for name, got in zip(targets, casts(kind, targets, values, target, width), strict=True):
        want = rounded(values, DTYPES[name])
        if is_held(DTYPES[name]) and name != "tfloat32":
            want = encoded(want, DTYPES[name])
        assert same(got, want, None if name == "tfloat32" else name), name


def test_bits_of_a_half_are_its_pattern():
    patterns = np.arange(1 << 16, dtype=np.uint16)
    results = [
        lambda a: Bitcast(DTYPES["int16"], a),
        lambda a: Bitcast(DTYPES["float16"], Bitcast(DTYPES["uint16"], a)),
    ]
    made, _ = elementwise("probe", [("in0", "bfloat16")], results, 16)
    whole, half = np.zeros(1 << 16, np.int16), np.zeros(1 << 16, np.float16)
    assert Run(made)(patterns, whole, half, n=1 << 16) == 0
    assert np.array_equal(whole, patterns.view(np.int16))
    assert np.array_equal(half.view(np.uint16), patterns)


def test_bits_read_as_tfloat32_end_where_it_ends():
    patterns = np.arange(0x3F80_0000, 0x3F80_4000, dtype=np.uint32)
    result = lambda a: Cast(DTYPES["float32"], Bitcast(DTYPES["tfloat32"], a))
    made, _ = elementwise("probe", [("in0", "uint32")], [result], 16)
    got = np.zeros(patterns.size, np.float32)
    assert Run(made)(patterns, got, n=patterns.size) == 0
    assert np.array_equal(got.view(np.uint32), patterns & 0xFFFF_E000)


def everything(width):
    """A kernel with every conversion and operation of the narrow dtypes."""
    single, double = DTYPES["float32"], DTYPES["float64"]

    def results(dtype):
        return [
            lambda a, b, c: cast(fma(cast(a, dtype), cast(b, dtype), cast(c, dtype)), single),
            lambda a, b, c: cast(mul(cast(c, dtype), cast(a, dtype)), double),
        ]

    names = [("a", "float16"), ("b", "float64"), ("c", "int64")]
    halves = [result for name in ("float16", "bfloat16") for result in results(DTYPES[name])]
    stored = [lambda a, b, c, to=to: cast(cast(b, DTYPES[to]), single) for to in NARROW]
    return elementwise("everything", names, [*halves, *stored], width)[0]


@pytest.mark.parametrize("width", [0, 4, 16])
@pytest.mark.parametrize("target", ELSEWHERE, ids=lambda t: "".join((t.spelling, *t.features)))
def test_no_machine_needs_a_library(target, width):
    """`compile_object` refuses objects that call one."""
    assert compile_object(emit(everything(width), target), target)


def test_machines_use_what_they_have():
    made = everything(16)
    text = {t: assembly(emit(made, t), t) for t in ELSEWHERE}
    plain, ivy, three, sapphire, fp16, arm, neoverse, _ = (text[t] for t in ELSEWHERE)
    assert "vcvtps2ph" not in plain and "cvtps2ph" in ivy and "vcvtps2ph" in three
    assert "mulph" not in sapphire and "vmulph" in fp16 and "vfmadd" in fp16
    assert "fcvtn" in arm and "fmul\tv0.8h" not in arm and ".8h" in neoverse
    assert all(
        "ne2ps2bf16" not in one and "neps2bf16" not in one for one in text.values()
    )  # it loses subnormals
