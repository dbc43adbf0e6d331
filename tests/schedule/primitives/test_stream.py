"""`stream`: stores past the caches; the same values, on aligned and misaligned arrays, and fences where threads meet."""

import re

import numpy as np
import pytest

import tdsl as td
from tdsl.lower.parser import parse_kernel
from tdsl.lower.printer import kernel_text


@pytest.fixture
def scale():
    m, n = td.size("m"), td.size("n")
    x = td.placeholder("x", (m, n))
    y = td.compute("y", (m, n), lambda i, j: x[i, j] * 2)
    return x, y, td.schedule(y).vectorize(y, "j", 8)


def shifted(shape, by):
    """An array that begins `by` elements after an aligned address."""
    block = np.random.default_rng(0).random(int(np.prod(shape)) + 32).astype(np.float32)
    start = (-block.ctypes.data // 4) % 16 + by
    return block[start : start + int(np.prod(shape))].reshape(shape)


def test_the_loops_before_and_after(scale, golden):
    _, y, s = scale
    t = s.stream(y)
    loops = td.build(t).source("loops")
    golden(f"{s}\n\n{t}\n\n{loops}")
    assert kernel_text(parse_kernel(loops)).strip() == loops.strip()


@pytest.mark.parametrize("by", [0, 1, 3, 8])
def test_any_address_is_right(scale, by):
    _, y, s = scale
    s = s.parallel(y, "i").stream(y)
    for target in ("interpret", "cpu"):
        f = td.build(s, target=target)
        for shape in ((3, 64), (5, 37), (0, 4), (1, 8), (64, 8)):
            x, out = shifted(shape, by), shifted(shape, by)
            assert np.array_equal(f(x, out=out), x * 2)
            assert np.array_equal(f(x[:, ::-1]), x[:, ::-1] * 2)


@pytest.mark.parametrize(
    ("cpu", "store"), [("x86-64-v2", "movntps"), ("x86-64-v3", "vmovntps"), ("x86-64-v4", "vmovntps")]
)
def test_the_instructions(scale, cpu, store):
    _, y, s = scale
    asm = td.build(s.parallel(y, "i").stream(y), target=f"cpu:{cpu}").source("asm")
    assert store in asm
    assert re.search(r"sfence\n(.*\n){0,12}?\s+retq", asm)  # between the last store and the end of the task
    assert "sfence" not in td.build(s.parallel(y, "i"), target=f"cpu:{cpu}").source("asm")


def test_arm_has_a_hint_and_needs_no_fence(scale):
    _, y, s = scale
    target = td.Target("cpu", mcpu="generic", triple="aarch64-unknown-linux-gnu")
    asm = td.build(s.stream(y), target=target).source("asm")
    assert "stnp" in asm and "sfence" not in asm


def test_what_is_read_again_at_once(scale):
    x, y, _ = scale
    z = td.compute("z", y.shape, lambda i, j: y[i, j] + x[i, j])
    s = td.schedule(z).vectorize(y, "j", 16).stream(y).vectorize(z, "j", 16).stream(z).compute_at(y, z, "i")
    a = shifted((7, 83), 1)
    assert np.array_equal(td.build(s)(a), a * 2 + a)


def test_sums_and_promoted_tiles(matmul):
    C = matmul.C
    tile = (
        matmul.s.tile(C, {"i": 2, "j": 16})
        .reorder(C, "io", "jo", "k", "ii", "ji")
        .vectorize(C, "ji")
        .unroll(C, "ii")
    )
    a, b = shifted((5, 7), 0), shifted((7, 33), 0)
    want = td.build(matmul.s)(a, b)
    for s in (tile.stream(C), tile.promote(C, "jo").stream(C)):
        assert "nontemporal" in td.build(s).source("llvm")
        assert np.array_equal(td.build(s)(a, b), want)


def test_round_trips(scale):
    _, y, s = scale
    t = s.stream(y)
    assert td.Schedule.from_json(t.to_json(), y) == t
    assert eval(t.script(), {"td": td, "y": y}) == t
    assert s.on(y).stream().schedule == t
    assert "exact" in t.history().splitlines()[-1]


def test_what_cannot_be_streamed(scale, told):
    _, y, s = scale
    assert told(lambda: s.stream(y).stream(y)) == (
        "PlacementError S338: y cannot be streamed\n  here: stream(y)\n  it is streamed already"
    )
    copied = s.cache_read("x", y, name="c", scope="stack")
    assert "in scope stack" in told(lambda: copied.stream("c"))
    plain = td.schedule(y).stream(y)
    with pytest.raises(td.LimitError, match="L116: y is not stored in whole vectors"):
        td.build(plain)
    assert "pending: y is not stored in whole vectors" in str(plain)
    with pytest.raises(td.TargetError, match="G144: stream is not generated for GPUs yet"):
        td.build(s.stream(y), target="cuda:sm_90")
