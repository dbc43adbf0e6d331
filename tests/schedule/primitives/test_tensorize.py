"""`tensorize`: tiles of a sum of products as one instruction; the loops stay what they mean, bit for bit."""

import numpy as np
import pytest

import tdsl as td
from tdsl.lower.parser import parse_kernel
from tdsl.lower.printer import kernel_text

VNNI = td.Target("cpu", mcpu="x86-64-v4", features=("avx512vnni",))
HERE = "avx512vnni" in td.Target("cpu").feature_set
needs_vnni = pytest.mark.skipif(not HERE, reason="needs a CPU with avx512vnni")


def arm(*features):
    return td.Target("cpu", mcpu="generic", triple="aarch64-unknown-linux-gnu", features=features)


def product(first="uint8", second="int8", total="int32", transposed=False):
    n, m, p = td.size("n"), td.size("m"), td.size("p")
    A = td.placeholder("A", (n, p), first)
    B = td.placeholder("B", (m, p) if transposed else (p, m), second)
    k = td.reduce_axis("k", p)

    def terms(i, j):
        return td.cast(A[i, k], total) * td.cast(B[j, k] if transposed else B[k, j], total)

    return td.compute("C", (n, m), lambda i, j: td.sum(terms(i, j), over=k))


def packed(C, lanes=16, terms=4, name="vpdpbusd", **options):
    s = td.schedule(C, **options).tile(C, {"j": lanes, "k": terms}).reorder(C, "i", "jo", "ko", "ki", "ji")
    s = s.cache_read("B", C).layout("B_heap", lambda k, j: (k // terms, j, k % terms))
    return s.tensorize(C, "ki", name)


def values(dtype, shape, seed):
    info = np.iinfo(dtype)
    return np.random.default_rng(seed).integers(info.min, info.max + 1, shape).astype(dtype)


def same(s, first="uint8", second="int8", targets=("interpret",), total="int32"):
    for n, m, p in ((5, 33, 17), (3, 16, 8), (1, 1, 1), (0, 4, 4), (4, 32, 0)):
        a, b = values(first, (n, p), 1), values(second, (p, m), 2)
        want = (a.astype(np.int64) @ b.astype(np.int64)).astype(total)
        for target in targets:
            f = td.build(s, target=target)
            assert np.array_equal(f(a, b), want)
            assert np.array_equal(f(a[::-1], b[:, ::-1]), want[::-1, ::-1])


def test_the_loops_before_and_after(golden):
    C = product()
    before = td.schedule(C).tile(C, {"j": 16, "k": 4}).reorder(C, "i", "jo", "ko", "ki", "ji")
    s = packed(C)
    loops = td.build(s, target="interpret").source("loops")
    golden(f"{before}\n\n{s}\n\n{loops}")
    assert kernel_text(parse_kernel(loops)).strip() == loops.strip()


def test_the_interpreter_runs_the_loops():
    same(packed(product()))
    same(packed(product("int8", "uint8", "uint32"), lanes=8), "int8", "uint8", total="uint32")
    same(packed(product("int16", "int16"), terms=2, name="vpdpwssd"), "int16", "int16")


@needs_vnni
def test_the_machine_agrees():
    cpu = ("cpu",)
    same(packed(product()), targets=cpu)
    same(packed(product("int8", "uint8", "uint32"), lanes=4), "int8", "uint8", cpu, "uint32")
    same(packed(product("int16", "int16"), lanes=8, terms=2, name="vpdpwssd"), "int16", "int16", cpu)
    C = product()
    tile = td.schedule(C).tile(C, {"i": 3, "j": 16, "k": 4}).reorder(C, "io", "jo", "ko", "ii", "ki", "ji")
    s = tile.unroll(C, "ii").promote(C, "ko").tensorize(C, "ki", "vpdpbusd").parallel(C, "io")
    same(s, targets=cpu)
    assert "vpdpbusd" in td.build(s).source("asm")


@needs_vnni
def test_sums_wrap_and_extremes_do_not_saturate():
    a = np.full((2, 1024 * 64), 255, np.uint8)
    for byte in (-128, 127):
        b = np.full((1024 * 64, 16), byte, np.int8)
        want = (a[0].astype(np.int64) @ b.astype(np.int64)).astype(np.int32)
        assert np.array_equal(td.build(packed(product()))(a, b), np.stack([want, want]))


@pytest.mark.parametrize(
    ("name", "dtypes", "lanes", "terms", "target", "instruction"),
    [
        ("vpdpbusd", ("uint8", "int8"), 16, 4, VNNI, "vpdpbusd\t(%"),
        (
            "vpdpbusd",
            ("int8", "uint8"),
            8,
            4,
            td.Target(mcpu="x86-64-v3", features=("avxvnni",)),
            "vpdpbusd\t%ymm",
        ),
        ("vpdpbusd", ("uint8", "int8"), 4, 4, VNNI, "vpdpbusd\t"),
        ("vpdpwssd", ("int16", "int16"), 16, 2, VNNI, "vpdpwssd\t(%"),
        (
            "vpdpbssd",
            ("int8", "int8"),
            8,
            4,
            td.Target(mcpu="x86-64-v3", features=("avxvnniint8",)),
            "vpdpbssd\t",
        ),
        (
            "vpdpbuud",
            ("uint8", "uint8"),
            4,
            4,
            td.Target(mcpu="x86-64-v3", features=("avxvnniint8",)),
            "vpdpbuud\t",
        ),
        ("sdot", ("int8", "int8"), 4, 4, arm("dotprod"), "sdot\tv"),
        ("udot", ("uint8", "uint8"), 4, 4, arm("dotprod"), "udot\tv"),
        ("usdot", ("int8", "uint8"), 4, 4, arm("i8mm"), "usdot\tv"),
    ],
)
def test_every_dot_product_is_its_instruction(name, dtypes, lanes, terms, target, instruction):
    s = packed(product(*dtypes), lanes, terms, name, target=target)
    assert instruction in td.build(s).source("asm")
    same(s, *dtypes)


@pytest.mark.parametrize(("name", "dtypes"), [("smmla", ("int8", "int8")), ("ummla", ("uint8", "uint8")),
                                              ("usmmla", ("uint8", "int8"))])  # fmt: skip
def test_matrix_tiles_are_matched_by_what_varies(name, dtypes):
    C = product(*dtypes, transposed=True)
    s = td.schedule(C, target=arm("i8mm")).tile(C, {"i": 2, "j": 2, "k": 8})
    s = s.reorder(C, "io", "jo", "ko", "ii", "ji", "ki").tensorize(C, "ii", name)
    assert f"{name}\tv" in td.build(s).source("asm")
    a, b = values(dtypes[0], (5, 21), 3), values(dtypes[1], (7, 21), 4)
    got = td.build(s, target="interpret")(a, b)
    assert np.array_equal(got, a.astype(np.int32) @ b.astype(np.int32).T)


def test_a_factor_that_varies_where_the_instruction_takes_it_once():
    n = td.size("n")
    A, B = td.placeholder("A", (n, 2, 2, 8), "int8"), td.placeholder("B", (2, 8), "int8")
    k = td.reduce_axis("k", 8)
    C = td.compute("C", (n, 2, 2), lambda t, i, j: td.sum(
        td.cast(A[t, i, j, k], "int32") * td.cast(B[j, k], "int32"), over=k))  # fmt: skip
    s = td.schedule(C).tensorize(C, "i", "smmla")
    with pytest.raises(td.LimitError, match="L114: the tile k of C cannot become smmla"):
        td.build(s)


@needs_vnni
def test_several_loops_make_up_the_terms_and_anything_stands_under_the_casts():
    h, w = td.size("h"), td.size("w")
    x, f = td.placeholder("x", (h, w), "uint8"), td.placeholder("f", (2, 2, 16), "int8")
    ky, kx = td.reduce_axis("ky", 2), td.reduce_axis("kx", 2)

    def terms(y, z, c):
        inside = td.where(td.all(y + ky < h, z + kx < w), x[y + ky, z + kx], 0)
        return td.cast(inside, "int32") * td.cast(f[ky, kx, c], "int32")

    C = td.compute("C", (h, w, 16), lambda y, z, c: td.sum(terms(y, z, c), over=(ky, kx)))
    s = td.schedule(C).tensorize(C, "c", "vpdpbusd")
    assert "vpdpbusd" in td.build(s).source("llvm")
    a, b = values("uint8", (5, 6), 1), values("int8", (2, 2, 16), 2)
    assert np.array_equal(td.build(s)(a, b), td.build(td.schedule(C))(a, b))


def test_round_trips():
    C = product()
    s = td.schedule(C).tile(C, {"j": 16, "k": 4}).reorder(C, "i", "jo", "ko", "ki", "ji")
    t = s.tensorize(C, "ki", "vpdpbusd")
    assert td.Schedule.from_json(t.to_json(), C) == t
    assert eval(t.script(), {"td": td, "C": C}) == t
    assert s.on("C").tensorize("ki", "vpdpbusd").schedule == t
    assert t.steps[-1].label == 'tensorize("C", "ki", "vpdpbusd")' and "reassociates" not in t.history()
    assert td.schedule(C, exact=True).tile(C, {"j": 16, "k": 4}).steps


def test_what_it_does_not_compute(told):
    C = product("int8", "int8")
    s = td.schedule(C).tile(C, {"j": 16, "k": 4}).reorder(C, "i", "jo", "ko", "ki", "ji")
    assert told(lambda: s.tensorize(C, "ki", "vpdpbusd")) == (
        "PlacementError S147: vpdpbusd does not compute the tile ki of C\n"
        '  here: tensorize(C, "ki", "vpdpbusd")\n'
        "  it multiplies int8 by int8\n"
        "  int32[16] += uint8[16, 4] * int8[16, 4]\n"
        "  int32[8] += uint8[8, 4] * int8[8, 4]\n"
        "  int32[4] += uint8[4, 4] * int8[4, 4]\n"
        "        for jo\n"
        "          for ko\n"
        "            for ki   <-"
    )
    D = product()
    t = td.schedule(D).tile(D, {"j": 16, "k": 2}).reorder(D, "i", "jo", "ko", "ki", "ji")
    assert "the tile has 16 elements with 2 terms" in told(lambda: t.tensorize(D, "ki", "vpdpbusd"))
    assert "the tile has no elements with 2 terms" in told(
        lambda: t.reorder(D, "ji", "ki").tensorize(D, "ki", "vpdpbusd")
    )
    assert "S125" in told(lambda: td.schedule(D).tensorize(D, "k", "vpdpbusd"))
    assert "S114" in told(lambda: t.unroll(D, "ki").tensorize(D, "ki", "vpdpbusd"))
    assert "S304" in told(
        lambda: t.cache_read("A", D).compute_at("A_heap", D, "ki").tensorize(D, "ki", "vpdpbusd")
    )
    x = td.placeholder("x", (64, 16), "uint8")
    y = td.compute("y", (64, 16), lambda i, j: x[i, j] + 1)
    assert "y is no reduction" in told(lambda: td.schedule(y).tensorize(y, "j", "vpdpbusd"))
    k = td.reduce_axis("k", 4)
    z = td.compute("z", (64, 16), lambda i, j: td.max(td.cast(x[i, k], "int32"), over=k))
    assert "z is not one sum" in told(lambda: td.schedule(z).tensorize(z, "j", "vpdpbusd"))


def test_unknown_names(told):
    C = product()
    assert told(lambda: td.schedule(C).tensorize(C, "k", "vpdpbusds")) == (
        "ArgumentError S146: there is no intrinsic 'vpdpbusds'\n"
        '  here: tensorize(C, "k", "vpdpbusds")\n'
        "  known: vpdpbusd, vpdpwssd, vpdpbssd, vpdpbuud, sdot, udot, usdot, smmla, ummla, usmmla\n"
        "  try: td.intrinsic(…) declares another"
    )


def test_a_target_that_lacks_it():
    s = packed(product())
    with pytest.raises(td.TargetError, match="G123: cpu:x86-64-v3 has no vpdpbusd") as caught:
        td.build(s, target="cpu:x86-64-v3").source("asm")
    assert caught.value.why == ("it needs avx512vnni",)
    with pytest.raises(td.TargetError, match="G123"):
        td.build(s, target=arm("dotprod")).source("asm")


def test_tiles_that_are_never_whole_or_were_taken_apart():
    x, y = td.placeholder("x", (5, 3), "uint8"), td.placeholder("y", (3, 16), "int8")
    k = td.reduce_axis("k", 3)
    C = td.compute(
        "C", (5, 16), lambda i, j: td.sum(td.cast(x[i, k], "int32") * td.cast(y[k, j], "int32"), over=k)
    )
    s = td.schedule(C).split(C, "k", 4).reorder(C, "i", "ko", "ki", "j").tensorize(C, "ki", "vpdpbusd")
    with pytest.raises(td.LimitError, match="L114: no tile in ki becomes vpdpbusd"):
        td.build(s)
    D = product()
    t = td.schedule(D).tile(D, {"j": 16, "k": 4}).reorder(D, "i", "jo", "ko", "ki", "ji")
    moved = t.tensorize(D, "ki", "vpdpbusd").reorder(D, "ki", "i", "ji")
    with pytest.raises(
        td.LimitError, match="L114: the tile ki of D?C? ?cannot become|L114: the tile ki of C"
    ):
        td.build(moved)
    assert "pending: the tile ki of C cannot become vpdpbusd" in str(moved)
