"""Casts in CUDA C, emulated beside the CPU: every pair of dtypes, over values that round, overflow and saturate."""

import numpy as np
import pytest

import tdsl as td
from tdsl.codegen.cuda.nvrtc import compile_cuda
from tdsl.dtypes import DTYPES

pytestmark = pytest.mark.needs_compiler

PATTERNS = {8: "uint8", 16: "uint16", 32: "uint32", 64: "uint64"}


def patterns(dtype, count=512):
    """Patterns of a dtype: all of 8 bits, else small ones, edges, and random ones."""
    bits = dtype.bits
    if dtype.is_bool:
        return np.arange(count, dtype="uint8") % 2
    rng = np.random.default_rng(bits)
    found = rng.integers(0, 1 << bits, count, dtype=PATTERNS[bits], endpoint=False)
    found[: min(256, count)] = np.arange(256)
    if bits > 8:
        shifts = rng.integers(0, bits, 128).astype(found.dtype)
        found[256:384] >>= shifts
        edges = [(1 << power) + off for power in range(8, bits) for off in (-1, 0, 1)]
        found[-len(edges) :] = np.array(edges, dtype=found.dtype)[: len(found)]
    if dtype.is_float and bits >= 32:  # exponents that narrower floats have
        values = rng.standard_normal(96) * np.exp2(rng.integers(-30, 20, 96))
        found[100:196] = values.astype(f"float{bits}").view(found.dtype)
    return found


def casts(source):
    """One kernel: patterns of a dtype as every other dtype, as patterns again."""
    pattern = "bool" if source.is_bool else PATTERNS[source.bits]
    x = td.placeholder("x", (512,), pattern)
    one = (lambda i: x[i]) if source.is_bool else (lambda i: td.bitcast(x[i], source.name))
    made = []
    for target in DTYPES.values():
        if target.is_bool:
            made.append(td.compute(f"to_{target}", (512,), lambda i: td.cast(one(i), "bool")))
        else:
            made.append(
                td.compute(
                    f"to_{target}", (512,),
                    lambda i, t=target: td.bitcast(td.cast(one(i), t.name), PATTERNS[t.bits]),
                )
            )  # fmt: skip
    return made


def same(got, want, target):
    """Equal patterns, whatever NaN."""
    if not target.is_float:
        return got == want
    y = td.placeholder("y", (512,), PATTERNS[target.bits])
    wide = td.compute("wide", (512,), lambda i: td.isnan(td.cast(td.bitcast(y[i], target.name), "float64")))
    nan = td.build(td.schedule(wide))
    return (got == want) | (nan(got) & nan(want))


@pytest.mark.parametrize("name", DTYPES)
def test_every_pair_of_dtypes(name):
    source = DTYPES[name]
    made = casts(source)
    plain = s = td.schedule(*made)
    for stage in made:
        s = s.split(stage, "i", 128).bind(stage, {"io": "block.x", "ii": "thread.x"})
    emulated, right = td.build(s, target="cuda:sm_90", run="emulate"), td.build(plain)
    x = patterns(source)
    x = x.astype(bool) if source.is_bool else x
    for target, got, want in zip(DTYPES.values(), emulated(x), right(x), strict=True):
        wrong = np.flatnonzero(~same(got, want, target))
        assert not wrong.size, (
            f"{name} -> {target}: {x[wrong[0]]:#x} is {got[wrong[0]]:#x}, not {want[wrong[0]]:#x}"
        )


@pytest.mark.needs("cuda", "nvidia")
@pytest.mark.parametrize("name", ["int64", "float64", "float8_e4m3fn", "tfloat32"])
def test_they_compile_without_warnings(name):
    made = casts(DTYPES[name])
    s = td.schedule(*made)
    for stage in made:
        s = s.split(stage, "i", 128).bind(stage, {"io": "block.x", "ii": "thread.x"})
    body = td.build(s, target="cuda:sm_80")._origin.artifact.body("contiguous")
    assert compile_cuda(body.source, "sm_80").warnings == ()
