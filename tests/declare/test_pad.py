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


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric", "wrap"])
def test_values_are_numpys(mode):
    """Constant extents take any width; symbolic ones up to one repetition, which the call checks."""
    widths = [1, ((0, 2), (2, 1)), ((5, 7), (3, 0)), ((0, 0), (11, 4))]
    for shape in ((1, 3), (4, 3), (2, 5)):
        v = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
        for width in widths:
            y = td.pad(td.placeholder("x", shape), width, mode)
            want = np.pad(v, width, mode)
            assert np.array_equal(td.build(td.schedule(y))(v), want)
            symbolic = td.pad(td.placeholder("x", (td.size("n"), td.size("m"))), width, mode)
            f = td.build(td.schedule(symbolic).vectorize(symbolic, "d1", 4))
            sides = np.broadcast_to(width, (2, 2)).max(1)
            room = {"edge": 1, "reflect": sides + 1, "symmetric": sides, "wrap": sides}.get(mode, 0)
            if np.all((np.array(shape) >= room) | (sides == 0)):
                assert np.array_equal(f(v), want)
            else:
                with pytest.raises(td.CallError, match=">="):
                    f(v)


def test_widths_may_be_sizes():
    n, k = td.size("n"), td.size("k")
    x = td.placeholder("x", (n,))
    v = np.arange(5, dtype=np.float32)
    for mode in ("constant", "edge", "reflect", "symmetric", "wrap"):
        y = td.pad(x, (k, 1), mode)
        f = td.build(td.schedule(y))
        for width in (0, 1, 4):
            assert np.array_equal(f(v, k=width), np.pad(v, (width, 1), mode))
        z = td.pad(td.placeholder("x", (5,)), k, mode)
        assert np.array_equal(td.build(td.schedule(z))(v, k=13), np.pad(v, 13, mode))


def test_a_padded_stage_is_placed_exactly():
    n = td.size("n")
    p = td.pad(td.placeholder("x", (n,)), 2, "reflect", name="p")
    y = td.compute("y", (n,), lambda i: p[i] + p[i + 1] + p[i + 4])
    s = td.schedule(y).split(y, "i", 8).compute_at(p, y, "io")
    assert s.storage(p)["shape"] == ("12",)
    v = np.random.default_rng(0).standard_normal(21).astype(np.float32)
    e = np.pad(v, 2, "reflect")
    assert np.array_equal(td.build(s)(v), e[:-4] + e[1:-3] + e[4:])


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
        lambda: td.pad(x, 1, mode="linear_ramp"),
        """
        E115: td.pad has no mode 'linear_ramp'
          modes: constant, edge, reflect, symmetric, wrap
          try: mode="edge"
        """,
    )
    refused(
        td.ArgumentError,
        lambda: td.pad(x, 1, mode="symetric"),
        """
        E115: td.pad has no mode 'symetric'
          modes: constant, edge, reflect, symmetric, wrap
          try: mode="symmetric"
        """,
    )
    refused(
        td.ShapeError,
        lambda: td.pad(td.placeholder("e", (2, 0)), 1, mode="wrap"),
        """
        E104: td.pad with mode="wrap" repeats elements, and dimension 1 of e has none
          try: mode="constant"
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
    with pytest.raises(td.ShapeError, match="has none"):
        td.pad(td.placeholder("e", (0,)), 1, mode="edge")
