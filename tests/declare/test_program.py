"""Collection: everything the outputs need, once, in a fixed order."""

import pytest

import tdsl as td
from tdsl.declare.program import collect, tensors_read


def blur():
    h, w = td.size("h"), td.size("w")
    inp = td.placeholder("inp", (h, w), "uint16")
    edge = td.pad(inp, 1, mode="edge", name="edge")
    blur_x = td.compute(
        "blur_x", (h + 2, w), lambda y, x: (edge[y, x] + edge[y, x + 1] + edge[y, x + 2]) // 3
    )
    blur_y = td.compute(
        "blur_y", (h, w), lambda y, x: (blur_x[y, x] + blur_x[y + 1, x] + blur_x[y + 2, x]) // 3
    )
    return inp, edge, blur_x, blur_y


def test_blur():
    inp, edge, blur_x, blur_y = blur()
    found = collect((blur_y,))
    assert [stage.name for stage in found.stages] == ["edge", "blur_x", "blur_y"]
    assert found.inputs == (inp,) and found.outputs == (blur_y,) and found.params == ()
    assert [size.name for size in found.sizes] == ["h", "w"] and len(found.facts) == 2
    assert found.tensors == (inp, edge, blur_x, blur_y)
    assert found.readers(edge) == (blur_x.producer,) and found.readers(blur_y) == ()
    assert tensors_read(blur_y.producer) == (blur_x,)


def test_order_is_that_of_declaration_whatever_the_outputs_say():
    *_, blur_x, blur_y = blur()
    other = td.compute("other", (3,), lambda i: blur_x[0, 0] * i.astype("uint16"))
    assert [stage.name for stage in collect((other, blur_y)).stages] == ["edge", "blur_x", "blur_y", "other"]
    assert collect((other, blur_y)).outputs == (other, blur_y)


def test_arguments_stand_in_order_of_creation():
    beta = td.param("beta")
    y, x = td.placeholder("y", (4,)), td.placeholder("x", (4,))
    alpha = td.param("alpha")
    z = td.compute("z", (4,), lambda i: alpha * x[i] + beta * y[i])
    assert [argument.name for argument in collect((z,)).arguments] == ["beta", "y", "x", "alpha"]


def test_several_tensors_of_one_stage():
    x = td.placeholder("x", (4,))
    a, b = td.compute(("a", "b"), (4,), lambda i: (x[i], x[i] + 1.0))
    c = td.compute("c", (4,), lambda i: b[i])
    found = collect((c,))
    assert [stage.name for stage in found.stages] == ["a", "c"] and found.tensors == (x, a, b, c)


def test_sizes_that_meet_only_in_the_program():
    x = td.compute("x", (td.size("n"),), lambda i: i)
    y = td.compute("y", (td.size("n", min=1),), lambda i: i)
    with pytest.raises(td.DuplicateNameError, match="E110"):
        collect((x, y))


def test_long_chains_need_no_recursion():
    x = td.placeholder("x", (4,))
    for step in range(2000):
        x = td.compute(f"x{step}", (4,), lambda i, x=x: x[i] + 1.0)
    assert len(collect((x,)).stages) == 2000
