"""P6: vectorize, unroll and parallel(chunk=) are splits that keep the loop's name; lanes sink innermost."""

import pytest

import tdsl as td
from tests.support.compare import check


def test_names(matmul):
    s = matmul.s.vectorize("C", "i", 8).unroll("C", "i", 2)
    assert s.axes("C") == ("i", "iu", "j", "k", "iv")
    assert matmul.s.parallel("C", "i", chunk=4).axes("C") == ("i", "ic", "j", "k")


def test_a_whole_axis_is_retired():
    A = td.placeholder("A", (8, 8))
    C = td.compute("C", (8, 8), lambda i, j: A[i, j])
    s = td.schedule(C).vectorize(C, "i")
    assert s.axes(C) == ("j", "iv")
    assert s.unroll(C, "j").axes(C) == ("j", "iv")


def test_lanes_of_what_slides_along_them(blur):
    """The producer's elements are made in lanes; the reader's lanes read what others made: both lockstep and legal."""
    s = blur.s.compute_at("bx", "by", "y").vectorize("bx", "x", 8).vectorize("by", "x", 8)
    assert s.axes("bx") == ("y", "x", "xv")


n = td.size("n")
x = td.placeholder("x", (n + 8,))
i = td.axis("i", n)


def updated(at, value):
    return td.update("u", x, over=i, at=(at,), value=value)


@pytest.mark.parametrize(
    "stage",
    [
        updated(i, lambda u: u[i + 1] + 1.0),  # anti: all lanes read before any writes
        updated(
            i, lambda u: td.where(i >= 4, u[td.maximum(i - 4, 0)], 0.0) + 1.0
        ),  # flow from the vector before
    ],
    ids=["anti", "flow as far as the lanes are many"],
)
def test_what_lockstep_keeps_is_legal(stage):
    check(td.schedule(stage).vectorize(stage, "i", 4), {"n": 11}, seed=1)


@pytest.mark.parametrize(
    ("stage", "kind"),
    [
        (updated(i, lambda u: td.where(i > 0, u[td.maximum(i - 1, 0)], 0.0) + 1.0), "flow"),
        (updated(i // 2, lambda u: td.cast(i, "float32")), "output"),
    ],
    ids=["flow", "output"],
)
def test_flow_and_output_between_lanes_of_a_statement_are_refused(stage, kind):
    with pytest.raises(td.IllegalSchedule, match="S204") as caught:
        td.schedule(stage).vectorize(stage, "i", 4)
    assert caught.value.witness.kind == kind


def test_between_statements_the_source_stands_first():
    """Of two statements in one vector loop the first runs in all lanes before the second runs in any."""
    a = td.compute("a", (n + 1,), lambda i: x[i] * 2.0)
    behind = td.compute("b", (n,), lambda i: a[td.maximum(i - 1, 0)] + 1.0)
    s = td.schedule(behind).vectorize("b", "i", 4).compute_with(a, "b", "iv")
    assert str(s).count("vector for") == 1
    check(s, {"n": 11}, seed=1)
    ahead = td.compute("b", (n,), lambda i: a[i + 1] + 1.0)
    with pytest.raises(td.IllegalSchedule, match="S201"):
        td.schedule(ahead).vectorize("b", "i", 4).compute_with(a, "b", "iv")


def test_of_two_statements_in_the_same_lanes_the_first_has_run_in_all():
    """In lanes `near` may read elements that other lanes made; in a loop, or in several vectors, it may not."""
    A = td.placeholder("A", (n, 8))
    far = td.compute("far", (n, 8), lambda i, j: A[i, j] + 1)
    near = td.compute("near", (n, 8), lambda i, j: far[i, 7 - j] * far[i, (3 * j) % 8])
    s = td.schedule(near, far)
    check(s.vectorize(near, "j").compute_with(far, near, "jv"), {"n": 3})
    with pytest.raises(td.IllegalSchedule, match="S201"):
        s.compute_with(far, near, "j")
    with pytest.raises(td.IllegalSchedule, match="S201"):
        s.vectorize(near, "j", 4).compute_with(far, near, "jv")
