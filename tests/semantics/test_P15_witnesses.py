"""P15: an illegal schedule shows the smallest sizes and iterations, and a condition that `assume` accepts."""

import pytest

import tdsl as td


def test_the_fields(matmul):
    with pytest.raises(td.IllegalSchedule) as caught:
        matmul.s.parallel("C", "k")
    witness = caught.value.witness
    assert (witness.tensor, witness.element, witness.kind, witness.axis) == ("C", (0, 0), "output", "k")
    assert witness.sizes == {"m": 1, "n": 1, "p": 2}
    assert witness.iterations == ({"i": 0, "j": 0, "k": 0}, {"i": 0, "j": 0, "k": 1})
    assert witness.lost is None


def test_an_overwritten_value(blur):
    with pytest.raises(td.IllegalSchedule) as caught:
        blur.s.store_root("bx").compute_at("bx", "by", "y").fold("bx", "y", 2)
    witness = caught.value.witness
    assert witness.sizes == {"h": 1, "w": 1}
    assert witness.iterations == ({"y": 0, "x": 0}, {"y": 2, "x": 0})
    assert witness.lost == {"y": 0, "x": 0}


def test_the_condition_can_be_assumed(matmul):
    with pytest.raises(td.IllegalSchedule) as caught:
        matmul.s.parallel("C", "k")
    condition = caught.value.condition
    assert "p" in str(condition)
    assert matmul.s.assume(condition).parallel("C", "k").steps[-1].label == 'parallel("C", "k")'


def test_the_two_iterations_differ_even_where_their_axes_do_not(blur):
    with pytest.raises(td.IllegalSchedule) as caught:
        blur.s.store_root("bx").compute_at("bx", "by", "y").parallel("by", "y")
    first, second = caught.value.witness.iterations
    assert first != second


def chain():
    """c reads b and a, b reads a from behind."""
    n = td.size("n")
    x = td.placeholder("x", (n,))
    a = td.compute("a", (n,), lambda i: x[i] * 2.0)
    b = td.compute("b", (n,), lambda i: a[n - 1 - i] + 1.0)
    return a, b, td.compute("c", (n,), lambda i: a[i] * b[i])


@pytest.mark.parametrize(
    ("code", "refused", "tensor", "reader"),
    [
        ("S208", lambda a, b, c: td.schedule(c).compute_with(c, a, "i"), "b", "c"),
        ("S301", lambda a, b, c: td.schedule(c).compute_at(a, b, "i"), "a", "c"),
        ("S301", lambda a, b, c: td.schedule(c).store_at(a, c, "i"), "a", "b"),
    ],
)
def test_what_a_reader_misses_or_needs_too_early(code, refused, tensor, reader):
    with pytest.raises(td.ScheduleError, match=code) as caught:
        refused(*chain())
    witness = caught.value.witness
    assert (witness.tensor, witness.element, witness.kind, witness.axis) == (tensor, (0,), "flow", "i")
    assert witness.sizes == {"n": 1}
    assert [iteration["i"] for iteration in witness.iterations] == [0, 0]
    replay = witness.replay()
    assert replay.differs and f"{reader} at i=0 reads {tensor}[0]" in str(replay)
    assert "not made before it is read as scheduled" in str(replay)


def test_rules_of_form_have_none():
    a, b, c = chain()
    with pytest.raises(td.PlacementError, match="S302") as caught:
        td.schedule(a, c).compute_at(a, b, "i")
    assert caught.value.witness is None


def test_what_is_not_decidable_names_the_access_and_a_fact():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    at = td.placeholder("at", (n,), "int32", range=(0, n))
    i = td.axis("i", n)
    u = td.update("u", x, over=i, at=(at[i],), value=lambda u: x[i])
    with pytest.raises(td.UnprovenSchedule, match="S210") as caught:
        td.schedule(u).parallel(u, "i")
    error = caught.value
    assert isinstance(error, td.IllegalSchedule) and error.witness is None and error.condition is None
    assert "at[i]" in error.access and "range=" in error.fact
