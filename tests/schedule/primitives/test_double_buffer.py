"""`double_buffer`: the next tile is made before the present one is used; every element is made once, from the same values."""

import numpy as np
import pytest

import tdsl as td
from tdsl.lower.parser import parse_kernel
from tdsl.lower.printer import kernel_text


def same(schedule, plain, *arrays):
    want = td.build(plain)(*arrays)
    for target in ("interpret", "cpu"):
        assert np.array_equal(td.build(schedule, target=target)(*arrays), want)


def image(h, w):
    return np.random.default_rng(0).random((h, w)).astype(np.float32)


def tiled(blur):
    return blur.s.split("by", "y", 2).compute_at("bx", "by", "yo")


def test_the_loops_before_and_after(blur, golden):
    s = tiled(blur)
    t = s.double_buffer("bx")
    loops = td.build(t).source("loops")
    golden(f"{s}\n\n{t}\n\n{loops}")
    assert kernel_text(parse_kernel(loops)).strip() == loops.strip()


@pytest.mark.parametrize("copies", [2, 3, 5])
@pytest.mark.parametrize("height", [2, 3, 4, 5, 6, 11, 12])
def test_the_meaning_stays(blur, copies, height):
    s = tiled(blur).double_buffer("bx", copies)
    same(s, blur.s, image(height, 7))


def test_a_product_with_both_operands_made_ahead(matmul):
    C = matmul.C
    s = matmul.s.tile(C, {"i": 4, "j": 16, "k": 8}).reorder(C, "io", "jo", "ko", "ki", "ii", "ji")
    s = s.vectorize(C, "ji").unroll(C, "ii").promote(C, "ko").parallel(C, "io")
    s = s.cache_read("A", C, name="a").cache_read("B", C, name="b").compute_at(("a", "b"), C, "ko")
    s = s.scope("a", "stack").vectorize("b", "j", 8).double_buffer("a").double_buffer("b")
    for m, n, p in ((1, 1, 1), (5, 33, 17), (8, 32, 16), (4, 16, 0), (9, 20, 40)):
        same(s, matmul.s, image(m, p), image(p, n))
    assert s.storage("a")["shape"] == ("2", "4", "8") and s.storage("a")["bytes"] == 256


def test_a_chain_moves_along_when_all_of_it_is_double_buffered():
    n = td.size("n")
    x = td.placeholder("x", (n, 6))
    a = td.compute("a", (n, 6), lambda i, j: x[i, j] + 1)
    b = td.compute("b", (n, 6), lambda i, j: a[i, 5 - j] * 2)
    c = td.compute("c", (n, 6), lambda i, j: b[i, j] + x[i, j])
    plain = td.schedule(c)
    s = plain.compute_at(b, c, "i").compute_at(a, c, "i")
    with pytest.raises(td.PlacementError, match="S337") as caught:
        s.double_buffer(b)
    assert caught.value.why == ("b reads a, which is made in i as well",)
    same(s.double_buffer(a).double_buffer(b), plain, image(5, 6))
    same(s.double_buffer(a), plain, image(5, 6))
    inside = plain.compute_at(b, c, "i").compute_at(a, b, "j")
    same(inside.double_buffer(b), plain, image(5, 6))


def test_each_element_is_made_once(blur):
    s = tiled(blur).double_buffer("bx")
    loops = td.build(s).source("loops")
    assert loops.count("bx[") == 2 + 2 * 3  # stores of two loops, reads of two
    assert "% 2" in loops


def test_round_trips(blur):
    s = tiled(blur).double_buffer("bx", td.knob("c", [2, 3], default=3))
    assert td.Schedule.from_json(s.to_json(), blur.by) == s
    assert eval(s.script(), {"td": td, "by": blur.by}) == s
    assert tiled(blur).on("bx").double_buffer().schedule == tiled(blur).double_buffer("bx", 2)
    assert "exact" in s.history().splitlines()[-1]


def test_where_it_cannot_be(blur, told):
    assert told(lambda: blur.s.double_buffer("bx")) == (
        "PlacementError S337: the tiles of bx cannot be made ahead\n"
        '  here: double_buffer("bx")\n'
        "  bx is computed at root, not in a loop\n"
        '  try: compute_at("bx", …) a serial loop of its reader'
    )
    s = tiled(blur)
    assert "runs parallel" in told(lambda: s.parallel("by", "yo").double_buffer("bx"))
    assert "in registers" in told(
        lambda: (
            blur.s.split("by", "x", 4)
            .compute_at("bx", "by", "xo")
            .scope("bx", "register")
            .double_buffer("bx")
        )
    )
    assert "stored outside of yo" in told(lambda: blur.s.split("by", "y", 2).store_root("bx").compute_at(
        "bx", "by", "yo").double_buffer("bx"))  # fmt: skip
    assert "is a fused loop" in told(
        lambda: blur.s.fuse("by", "y", "x").compute_at("bx", "by", "y_x").double_buffer("bx")
    )
    assert "runs in parts" in told(lambda: s.peel("by", "yo", first=1).double_buffer("bx"))
    assert "there 2 times already" in told(lambda: s.double_buffer("bx").double_buffer("bx"))
    assert "S108" in told(lambda: s.double_buffer("bx", 1))
    assert "S115" in told(lambda: s.double_buffer("bx", 17))


@pytest.mark.parametrize(
    ("later", "why"),
    [
        (
            lambda s: s.parallel("by", "yo"),
            "yo of by runs parallel: its iterations do not follow one another",
        ),
        (lambda s: s.compute_root("bx"), "bx is computed at root, not in a loop"),
        (
            lambda s: s.store_root("bx"),
            "bx is stored outside of yo: what earlier iterations made is still in use",
        ),
        (lambda s: s.separate("by", "yo"), "yo of by runs in parts"),
    ],
)
def test_what_later_directives_make_impossible(blur, later, why):
    s = later(tiled(blur).double_buffer("bx"))
    with pytest.raises(td.LimitError, match="L115: the tiles of bx cannot be made ahead") as caught:
        td.build(s)
    assert caught.value.why == (why,)
    assert "pending: the tiles of bx cannot be made ahead" in str(s)


def test_tiles_that_grow_have_room_for_the_largest():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    a = td.compute("a", (n,), lambda i: x[i] + 1)

    def sums(i):
        k = td.reduce_axis("k", i + 1)
        return td.sum(a[k], over=k)

    c = td.compute("c", (n,), sums)
    s = td.schedule(c).compute_at(a, c, "i").double_buffer(a)
    assert s.storage(a)["shape"] == ("2", "n")
    for count in (0, 1, 2, 7):
        same(s, td.schedule(c), np.arange(count, dtype=np.float32))


def test_gpus_are_not_there_yet(blur):
    s = tiled(blur).double_buffer("bx")
    with pytest.raises(td.TargetError, match="G144: double_buffer is not generated for GPUs yet"):
        td.build(s, target="cuda:sm_90")


def test_a_stage_whose_loops_are_shared_has_one_place(told):
    """Found by the fuzzer, seed 2305: the tile of the guest was not there when it was made ahead."""
    n = td.size("n", min=1)
    a = td.compute("a", (n,), lambda i: td.cast(i, "float32"))
    b = td.compute("b", (n,), lambda i: a[i] * 2.0)
    c = td.compute("c", (n, 9), lambda i, j: b[i])
    s = td.schedule(c).compute_with(a, b, "i").compute_at(b, c, "i")
    assert "a shares its loops, and has one place for what it makes" in told(lambda: s.double_buffer(b))
    after = td.schedule(c).compute_at(b, c, "i").double_buffer(b).compute_with(a, b, "i")
    with pytest.raises(td.LimitError, match="L115"):
        td.build(after)
