"""`td.intrinsic`: what an instruction computes is read off a tensor; what it does is tried before it is used."""

import numpy as np
import pytest

import tdsl as td

HERE = "avx512vnni" in td.Target("cpu").feature_set
VNNI = td.Target("cpu", mcpu="x86-64-v4", features=("avx512vnni",))


def declared(call, first="int16", second="int16", lanes=16, terms=2, **options):
    a, b = td.placeholder("a", (lanes, terms), first), td.placeholder("b", (lanes, terms), second)
    k = td.reduce_axis("k", terms)
    c = td.compute(
        "mine", (lanes,), lambda i: td.sum(td.cast(a[i, k], "int32") * td.cast(b[i, k], "int32"), over=k)
    )
    return td.intrinsic(c, call=call, **({"architecture": "x86_64", "features": "avx512vnni"} | options))


def scheduled(intrinsic, **options):
    n = td.size("n")
    A, B = td.placeholder("A", (n, 6), "int16"), td.placeholder("B", (16, 6), "int16")
    k = td.reduce_axis("k", 6)
    C = td.compute(
        "C", (n, 16), lambda i, j: td.sum(td.cast(A[i, k], "int32") * td.cast(B[j, k], "int32"), over=k)
    )
    return (
        td.schedule(C, **options)
        .split(C, "k", 2)
        .reorder(C, "i", "ko", "ki", "j")
        .tensorize(C, "ki", intrinsic)
    )


def test_what_it_is():
    made = declared("llvm.x86.avx512.vpdpwssd.512")
    assert made.text() == (
        "mine = llvm.x86.avx512.vpdpwssd.512(int32[16, 1], int16[16, 2], int16[16, 2]) of x86_64 with avx512vnni"
    )
    assert made.meaning() == "int32[16] += int16[16, 2] * int16[16, 2]"


def test_operands_lack_the_axes_that_they_do_not_vary_along():
    a, b, k = (
        td.placeholder("a", (2, 8), "int8"),
        td.placeholder("b", (2, 8), "uint8"),
        td.reduce_axis("k", 8),
    )
    c = td.compute(
        "c", (2, 2), lambda i, j: td.sum(td.cast(b[j, k], "int32") * td.cast(a[i, k], "int32"), over=k)
    )
    made = td.intrinsic(
        c, call="llvm.aarch64.neon.usmmla.v4i32.v16i8", architecture="aarch64", features=("i8mm", "a+b")
    )
    assert [one.text() for one in made.operands] == ["int8[2, 1, 8]", "uint8[1, 2, 8]"]
    assert made.features == ("i8mm", "a+b") and made.name == "c"


def test_it_is_used_and_travels():
    s = scheduled(declared("llvm.x86.avx512.vpdpwssd.512"), target=VNNI)
    assert "vpdpwssd\t" in td.build(s).source("asm")
    assert td.Schedule.from_json(s.to_json(), *s.outputs) == s
    assert "mine = llvm" in s.script()
    if HERE:
        dice = np.random.default_rng(0)
        a, b = (dice.integers(-(2**15), 2**15, shape).astype(np.int16) for shape in ((5, 6), (16, 6)))
        want = (a.astype(np.int64) @ b.astype(np.int64).T).astype(np.int32)
        assert np.array_equal(td.build(s, target="cpu")(a, b), want)


@pytest.mark.parametrize("call", ["llvm.x86.avx512.nonsense.512", "llvm.sqrt.v16f32"])
def test_what_llvm_does_not_have(call):
    with pytest.raises(td.TargetError, match="G124: mine is not what it is declared to be") as caught:
        td.build(scheduled(declared(call), target=VNNI)).source("asm")
    assert caught.value.why == (f"LLVM has no {call} of these operands for it",)


@pytest.mark.skipif(not HERE, reason="needs a CPU with avx512vnni")
@pytest.mark.parametrize("name", ["vpdpwssds", "vpdpbusd"])
def test_what_computes_something_else(name):
    call = f"llvm.x86.avx512.{name}.512"
    with pytest.raises(td.TargetError, match="G124") as caught:
        td.build(scheduled(declared(call)))
    assert caught.value.why[0].startswith((f"{call} computes something else", f"LLVM has no {call}"))


def test_what_is_no_instruction():
    n = td.size("n")
    x, y = td.placeholder("x", (16, 2), "int16"), td.placeholder("y", (n, 2), "int16")
    k, r = td.reduce_axis("k", 2), td.reduce_axis("r", (1, 2))
    wide = {"call": "llvm.a.b", "architecture": "x86_64", "features": "avx2"}

    def of(body, shape=(16,)):
        return td.intrinsic(td.compute("c", shape, body), **wide)

    def factor(tensor, *index):
        return td.cast(tensor[index], "int32")

    bad = {
        "not one sum": lambda: of(lambda i: x[i, 0]),
        "no casts of integer inputs": lambda: of(lambda i: td.sum(x[i, k] * x[i, k], over=k)),
        "not axes, in their order": lambda: of(
            lambda i: td.sum(factor(x, i, k) * factor(x, i, 1 - k), over=k)
        ),
        "no constant extent": lambda: of(lambda i: td.sum(factor(y, i, k) * factor(y, i, k), over=k), (n,)),
        "does not start at 0": lambda: of(lambda i: td.sum(factor(x, i, r) * factor(x, i, r), over=r)),
        "not as large as": lambda: of(lambda i: td.sum(factor(x, i, k) * factor(x, i, k), over=k), (8,)),
    }
    for words, action in bad.items():
        with pytest.raises(td.ArgumentError, match="E132") as caught:
            action()
        assert words in caught.value.why[0], caught.value
    with pytest.raises(td.ArgumentError, match="E115: td.intrinsic takes a computed tensor"):
        td.intrinsic(x, **wide)
    for key, value in (("call", "printf"), ("architecture", "arm"), ("features", ())):
        with pytest.raises(td.ArgumentError, match="E132"):
            declared(**({"call": "llvm.a.b"} | {key: value}))
