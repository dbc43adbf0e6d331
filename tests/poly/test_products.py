"""Products of an axis and sizes as variables: which there are, what they are written out, what quotients are tied to."""

import tdsl as td
from tdsl.expr.node import axis_var, index_const, size_var
from tdsl.expr.printer import text
from tdsl.expr.tensor import Axis, Size
from tdsl.poly.lift import Lifting
from tdsl.poly.polynomial import polynomial

h, w = td.size("h"), td.size("w")
AXES = [Axis(name, index_const(0), size_var(size)) for name, size in (("i", "h"), ("j", "w"))]


def lifting(exact=True):
    return Lifting(AXES, [Size("h"), Size("w")], exact=exact)


def subscript(function):
    """An index as a callable of two axes writes it."""
    found = []
    td.compute("y", (h, w), lambda i, j: found.append(function(i, j)) or function(i, j))
    return found[-1].node


def test_products_are_variables_that_can_be_written_out():
    lift = lifting()
    lifted = lift.lift(subscript(lambda i, j: (i + 1) * w + j))
    assert list(lift.products.factors.values()) == [(axis_var("i"), size_var("w"))]
    form = lift.products.expanded(polynomial(lifted))
    assert {" * ".join(var.name for var in one) for one in form[0]} == {"i * w", "w", "j"} and form[1] == 0
    assert text(lift.products.node(form)) == text(lifted)


def test_nothing_is_noted_unless_asked():
    lift = lifting(exact=False)
    lift.lift(subscript(lambda i, j: i * w + j))
    assert not lift.products and [one.reason for one in lift.opaque.values()] == ["product"]


def test_a_product_of_two_axes_stays_opaque():
    lift = lifting()
    lift.lift(subscript(lambda i, j: i * j))
    assert not lift.products.variables and [one.reason for one in lift.opaque.values()] == ["product"]


def test_quotients_are_tied_to_what_they_divide():
    lift = lifting()
    lift.lift(subscript(lambda i, j: (i + j) // w + (i + j) % w))
    (tie,) = lift.products.ties()
    assert text(tie).count("i + j") == 3
    assert {text(node) for _, node in lift.products.definitions()} == {
        "(i + j) // w",
        "(i + j) % w",
        "?0 * w",
    }
