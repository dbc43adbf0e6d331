"""`td.pad` against `numpy.pad`, by the words of its body."""

import numpy as np
import pytest

import tdsl as td
from tdsl.expr.printer import text


@pytest.mark.parametrize(
    "width", [1, 0, (1, 2), (2,), [(1, 2)], ((1, 2), (0, 3)), [[1, 0], [0, 0]], np.int64(2)], ids=repr
)
def test_shapes_are_numpys(width):
    A = td.placeholder("A", (3, 4))
    for mode in ("constant", "edge"):
        assert td.pad(A, width, mode).shape == np.pad(np.zeros((3, 4)), width, mode).shape


def test_edge_needs_elements_and_says_so():
    h, w = td.size("h"), td.size("w")
    inp = td.placeholder("inp", (h, w), "uint16")
    edge = td.pad(inp, 1, mode="edge", name="edge")
    assert edge.name == "edge" and edge.producer.named_by_user and edge.dtype.name == "uint16"
    assert [text(fact) for fact in edge.producer.facts] == ["h >= 1", "w >= 1"]
    assert [text(extent) for extent in edge.producer.tensors[0].extents] == ["h + 2", "w + 2"]
    rows = td.pad(inp, ((1, 1), (0, 0)), mode="edge")
    assert [text(fact) for fact in rows.producer.facts] == ["h >= 1"] and not rows.producer.named_by_user
    reader = td.compute("reader", (4,), lambda i: inp[0, 0] + edge[0, 0])
    assert [text(fact) for fact in reader.producer.facts] == ["h >= 1", "w >= 1"]


def test_constant():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    p = td.pad(x, (2, n), constant_values=1.5)
    assert [text(node) for node in p.producer.body] == [
        "where(2 <= d0 and d0 < n + 2, x[d0 - 2], float32(1.5))"
    ] or [text(node) for node in p.producer.body] == ["where(d0 >= 2 and d0 < n + 2, x[d0 - 2], 1.5)"]
    assert not p.producer.facts
    nothing = td.pad(x, 0)
    assert [text(node) for node in nothing.producer.body] == ["x[d0]"]


def test_axes_avoid_names_of_sizes():
    x = td.placeholder("x", (td.size("d0"),))
    assert [axis.name for axis in td.pad(x, 1).producer.axes] == ["d0_"]
    assert [axis.name for axis in (x + 1.0).producer.axes] == ["d0_"]


def test_bad_arguments(refused):
    x = td.placeholder("x", (3, 4))
    refused(
        td.ArgumentError,
        lambda: td.pad(x, 1, mode="reflect"),
        """
        E115: td.pad has no mode 'reflect'
          modes: constant, edge
          try: mode="edge"
        """,
    )
    refused(
        td.ShapeError,
        lambda: td.pad(x, (1, 2, 3)),
        """
        E104: the widths of td.pad are a number, a pair, or 2 pairs, not (1, 2, 3)
          x has 2 dimensions
          try: ((1, 1), (1, 1))
        """,
    )
    refused(
        td.ShapeError,
        lambda: td.pad(x, -1),
        """
        E104: a width of td.pad is negative: -1
          try: td.compute takes a part
        """,
    )
    refused(
        td.ArgumentError,
        lambda: td.pad(x, 1, "edge", constant_values=0),
        "E115: constant_values= of td.pad has no meaning with mode='edge'",
    )
    with pytest.raises(td.ShapeError, match="E104"):
        td.pad(x, 0.5)
    with pytest.raises(td.ArgumentTypeError, match="td.pad takes a tensor"):
        td.pad(np.zeros(3), 1)
    with pytest.raises(td.BoundsError):
        td.pad(td.placeholder("e", (0,)), 1, mode="edge")
