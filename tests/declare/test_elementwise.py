"""Operators on whole tensors: broadcast, unnamed stages, proved like any other."""

import pytest

import tdsl as td
from tdsl.expr.printer import text


def body(tensor):
    return text(tensor.producer.body[0])


def test_broadcasting():
    m, n = td.size("m"), td.size("n", min=1)
    A, v, c = td.placeholder("A", (m, n)), td.placeholder("v", (n,)), td.placeholder("c", (m, 1))
    B = (A - v) * c
    assert [str(extent) for extent in B.shape] == ["m", "n"] and body(B).endswith("* c[d0, 0]")
    assert not B.producer.named_by_user and B.producer.where.filename == __file__
    assert body(td.maximum(A, 0.0)).startswith("max")
    assert [size.name for size in B.producer.sizes] == ["m", "n"] and B.producer.sizes[1].minimum == 1
    scale = td.param("scale")
    assert [param.name for param in (A * scale).producer.params] == ["scale"]
    assert (A > v).dtype.name == "bool"
    assert (-A).shape[0].dtype.name == "int64"


def test_rank_0():
    s = td.placeholder("s", ())
    A = td.placeholder("A", (3,))
    assert (A * s).shape == (3,)


def test_shapes_that_do_not_meet():
    A, B = td.placeholder("A", (3,)), td.placeholder("B", (4,))
    with pytest.raises(td.ShapeError, match="broadcast"):
        A + B


def test_contraction_stays_inside_one_stage():
    A, B = td.placeholder("A", (3,)), td.placeholder("B", (3,))
    assert body(A * B + A).count("[") == 2  # reads the product's stage and A
