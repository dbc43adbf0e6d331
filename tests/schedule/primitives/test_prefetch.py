"""`prefetch`: lines are asked for ahead of time; results are the same, and the address is inside of the array."""

import numpy as np
import pytest

import tdsl as td
from tdsl.lower.parser import parse_kernel
from tdsl.lower.printer import kernel_text


def _same(schedule, plain, *arrays):
    want = td.build(plain)(*arrays)
    for target in ("interpret", "cpu"):
        assert np.array_equal(td.build(schedule, target=target)(*arrays), want)


def test_the_loops(matmul, golden):
    s = matmul.s.tile("C", {"i": 4, "j": 8}).vectorize("C", "ji").reorder("C", "io", "jo", "k", "ii", "jiv")
    s = s.prefetch("C", "B", "k", 4).prefetch("C", "A", "io")
    golden(f"{s}\n\n{td.build(s).source('loops')}")
    a, b = np.arange(35, dtype=np.float32).reshape(5, 7), np.arange(63, dtype=np.float32).reshape(7, 9)
    _same(s, matmul.s, a, b)
    assert td.build(s).source("llvm").count("call void @llvm.prefetch") >= 2
    assert "prefetch" in td.build(s, target="cpu:x86-64-v3").source("asm")


def test_the_text_of_the_loops_parses_back(blur):
    text = td.build(blur.s.prefetch("by", "bx", "y", 3)).source("loops")
    assert "  prefetch bx[" in text
    assert kernel_text(parse_kernel(text)).strip() == text.strip()


@pytest.mark.parametrize("loop", ["yo", "yi", "xo"])
def test_a_stage_and_any_of_its_loops(blur, loop):
    s = (
        blur.s.tile("by", {"y": 2, "x": 4})
        .unroll("by", "xi")
        .parallel("by", "yo")
        .prefetch("by", "bx", loop, 2)
    )
    _same(s, blur.s, np.arange(108, dtype=np.float32).reshape(9, 12))
    _same(s, blur.s, np.ones((2, 2), np.float32))


def test_inside_a_placed_stage_and_parts(blur):
    s = blur.s.compute_at("bx", "by", "y").prefetch("bx", "inp", "y").prefetch("by", "bx", "x", 8)
    s = s.peel("by", "x", first=1)
    _same(s, blur.s, np.arange(108, dtype=np.float32).reshape(9, 12))


def test_copies_of_a_promoted_tile_ask_for_nothing():
    """Seed 20733: they run outside of the loops over terms, of which the point speaks."""
    a = td.placeholder("a", (8,), "int32")
    k = td.reduce_axis("k", 6)
    c = td.compute("c", (3,), lambda i: td.sum(a[i + k], over=k))
    s = td.schedule(c).split("c", "k", 2, into=("ko", "ki")).reorder("c", "ko", "ki", "i")
    s = s.promote("c", "ko", name="p", scope="heap").prefetch("c", "a", "i")
    assert str(s).count("prefetch a") == 1
    _same(s, td.schedule(c), np.arange(8, dtype=np.int32))


def test_round_trips(blur):
    s = blur.s.prefetch("by", "bx", "y", td.knob("a", [1, 2], default=2))
    assert td.Schedule.from_json(s.to_json(), blur.by) == s
    assert eval(s.script(), {"td": td, "by": blur.by}) == s
    assert blur.s.on("by").prefetch("bx", "y").schedule == blur.s.prefetch("by", "bx", "y")
    assert blur.s.prefetch("by", "bx", "y").steps[0].label == 'prefetch("by", "bx", "y", 1)'
    assert "exact" in s.history()


def test_what_is_not_read_or_not_in_memory(blur, told):
    assert told(lambda: blur.s.prefetch("by", "inp", "y")) == (
        'PlacementError S309: by does not read inp\n  here: prefetch("by", "inp", "y")\n  it reads bx'
    )
    assert "S114" in told(lambda: blur.s.vectorize("by", "x", 8).prefetch("by", "bx", "xv"))
    assert "S117" in told(lambda: blur.s.fuse("by", "y", "x").prefetch("by", "bx", "y_x"))
    assert "S108" in told(lambda: blur.s.prefetch("by", "bx", "y", 0))
    n = td.size("n")
    x, at = td.placeholder("x", (n,)), td.placeholder("at", (n,), "int32", range=(0, n))
    y = td.compute("y", (n,), lambda i: x[at[i]])
    assert "S336" in told(lambda: td.schedule(y).prefetch(y, x, "i"))
    assert td.schedule(y).prefetch(y, at, "i").steps


def test_it_comes_last(blur, told):
    s = blur.s.prefetch("by", "bx", "y")
    assert "S114: something is prefetched in y of by" in told(lambda: s.split("by", "y", 4))
    gone = s.cache_read("bx", "by", name="copy")
    with pytest.raises(td.LimitError, match="L113: bx cannot be prefetched in y of by any more"):
        td.build(gone)
    assert "pending: bx cannot be prefetched" in str(gone)


def test_a_start_that_data_says_is_not_known_ahead():
    """The place was read past the end of the array of bounds, at the build an internal error."""
    n, m = td.size("n"), td.size("m")
    ptr, val = td.placeholder("ptr", (n + 1,), "int64", range=(0, m + 1)), td.placeholder("val", (m,))

    def row(i):
        k = td.reduce_axis("k", (ptr[i], ptr[i + 1]))
        return td.sum(val[k], over=k)

    s = td.schedule(td.compute("y", (n,), row))
    with pytest.raises(
        td.LimitError, match="L113: val cannot be prefetched in i of y: data says where k starts"
    ):
        td.build(s.prefetch("y", "val", "i", 2))
    kernel = td.build(s.prefetch("y", "val", "k", 2))
    assert kernel(np.array([0, 2, 2, 7]), np.arange(7, dtype=np.float32)).tolist() == [1, 0, 20]
