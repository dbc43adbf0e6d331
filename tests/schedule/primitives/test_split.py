"""`split`: relations, names, factors and tails."""

import numpy as np
import pytest

import tdsl as td
from tdsl.poly.model import Split


def test_the_loops_before_and_after(matmul, golden):
    golden(f"{matmul.s}\n\n{matmul.s.split(matmul.C, 'i', 32)}")


def test_default_and_given_names(matmul):
    assert matmul.s.split("C", "i", 32).axes("C") == ("io", "ii", "j", "k")
    assert matmul.s.split("C", "k", 4, into=("outer", "inner")).axes("C") == ("i", "j", "outer", "inner")
    assert matmul.s.split("C", "k", 4, into=["outer", "inner"]).axes("C") == ("i", "j", "outer", "inner")


def test_several_factors_are_a_nest_outermost_first(matmul):
    s = matmul.s.split("C", "i", (4, 8))
    entry = s.state.stage("C")
    assert s.axes("C") == ("i0", "i1", "i2", "j", "k")
    assert entry.relations == (Split("i", "i0", "i.1", 32), Split("i.1", "i1", "i2", 8))


def test_parts_of_a_constant_extent(told, matmul):
    import tdsl as td

    A = td.placeholder("A", (100,))
    C = td.compute("C", (100,), lambda i: A[i] + 1)
    s = td.schedule(C).split(C, "i", parts=3)
    assert s.state.stage("C").relations == (Split("i", "io", "ii", 34),)
    assert told(lambda: matmul.s.split("C", "i", parts=3)) == (
        "ArgumentError S116: parts= needs a constant extent, and i of C has none\n"
        '  here: split("C", "i", parts=3)\n'
        "  a block of a symbolic extent over a constant is no constant\n"
        '  try: a constant factor: split("C", "i", 32)'
    )


def test_a_factor_or_parts(matmul, told):
    for call in (lambda: matmul.s.split("C", "i"), lambda: matmul.s.split("C", "i", 4, parts=2)):
        assert told(call).startswith("ArgumentError S116: split takes a factor or parts=")


def test_a_fused_loop_has_no_blocks(matmul, told):
    s = matmul.s.fuse("C", "i", "j")
    assert told(lambda: s.split("C", "i_j", 4)) == (
        "ArgumentError S117: i_j of C is a fused loop: an order over its parents, which has no blocks\n"
        '  here: split("C", "i_j", 4)\n'
        "      for i_j   <-\n"
        "        for k\n"
        "          C[i, j] = …\n"
        "  try: split the parents before they are fused\n"
        '   or: parallel("C", "i_j", chunk=4)'
    )


def test_the_tail_is_kept_by_the_inner_loop(blur):
    assert blur.s.split("by", "x", 8, tail="guard").state.stage("by").tails == (("xi", "guard"),)


def test_shift_is_for_pure_stages(matmul, told):
    assert told(lambda: matmul.s.split("C", "i", 4, tail="shift")) == (
        'ArgumentError S118: tail="shift" overlaps the last block with the one before it, which only pure stages on'
        " serial and vector loops allow\n"
        '  here: split("C", "i", 4, tail="shift")\n'
        "  C is a reduction: its overlapped terms would be added twice\n"
        '  try: tail="guard"\n'
        '   or: tail="mask"'
    )


def test_what_stood_inside_stands_inside_the_inner_loop(blur):
    s = blur.s.compute_at("bx", "by", "y").split("by", "y", 8)
    place = s.state.stage("bx").compute
    assert place is not None and place.loop == "yi"


@pytest.mark.parametrize("tail", ["guard", "mask", "peel", "shift", "pad"])
@pytest.mark.parametrize("how", ["serial", "lanes", "lanes_of_it", "unrolled", "three"])
def test_tails_are_kept_whatever_becomes_of_the_inner_loop(blur, golden, tail, how):
    s = blur.s.split("bx", "x", (2, 4) if how == "three" else 4, tail=tail)
    match how:
        case "lanes":
            s = s.vectorize("bx", "xi")
        case "lanes_of_it":
            s = s.vectorize("bx", "xi", 2)
        case "unrolled":
            s = s.unroll("bx", "xi")
        case _:
            pass
    assert f"# tail {tail}" in str(s)
    if how in ("serial", "lanes"):
        golden(f"{s}\n\n{td.build(s).source('loops')}")
    kernels = [td.build(s, target=target) for target in ("interpret", "cpu")]
    for shape in ((3, 3), (5, 6), (6, 13)):
        v = np.arange(shape[0] * shape[1], dtype=np.float32).reshape(shape)
        across = v[:, :-2] + v[:, 1:-1] + v[:, 2:]
        for kernel in kernels:
            assert np.array_equal(kernel(v), across[:-2] + across[1:-1] + across[2:])


def test_shift_is_for_pure_stages(told):
    n = td.size("n")
    x, i = td.placeholder("x", (n,)), td.axis("i", n)
    U = td.update("U", x, over=i, at=(i,), value=lambda U: U[i] * 2)
    assert "S118" in told(lambda: td.schedule(U).vectorize(U, "i", 4, tail="shift"))
    R = td.recurrence("R", (n,), lambda R, i: td.where(i > 0, R[i - 1], 0.0) + x[i])
    assert "S118" in told(lambda: td.schedule(R).split(R, "i", 4, tail="shift"))


def test_no_padding_over_a_reduction(matmul, told):
    text = told(lambda: matmul.s.split("C", "k", 8, tail="pad"))
    assert "S118" in text and "terms past its end would be added" in text and 'tail="guard"' in text
    s = matmul.s.split("C", "k", 8)
    for refused in (
        lambda: s.vectorize("C", "ki", 4, tail="pad"),
        lambda: s.unroll("C", "ko", 2, tail="pad"),
        lambda: matmul.s.tile("C", {"i": 4, "k": 8}, tail="pad"),
    ):
        assert "S118" in told(refused)


def test_an_output_has_no_room_for_padding(blur):
    with pytest.raises(td.LimitError, match="L109"):
        td.build(blur.s.split("by", "x", 4, tail="pad"))
