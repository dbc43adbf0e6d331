"""`error.witness.replay()`: what a refused order would have computed, for every way in which dependences refuse."""

import pickle

import numpy as np
import pytest

import tdsl as td
from tdsl.report import replay as replays


def refused(step):
    with pytest.raises(td.IllegalSchedule) as caught:
        step()
    return caught.value


def text(step):
    return str(refused(step).witness.replay())


@pytest.fixture
def blur():
    h, w = td.size("h"), td.size("w")
    image = td.placeholder("image", (h + 2, w))
    rows = td.compute("rows", (h + 2, w), lambda y, x: 2 * image[y, x])
    out = td.compute("out", (h, w), lambda y, x: rows[y, x] + rows[y + 1, x] + rows[y + 2, x])
    return td.schedule(out)


@pytest.fixture
def table():
    n, m = td.size("n"), td.size("m")
    return td.schedule(
        td.recurrence(
            "D",
            (n + 1, m + 1),
            lambda D, i, j: td.where(i == 0, j, td.where(j == 0, i, D[i - 1, j] + D[i, j - 1])),
            dtype="int32",
        )  # fmt: skip
    )


@pytest.fixture
def product():
    n, p = td.size("n"), td.size("p")
    A, k = td.placeholder("A", (n, p)), td.reduce_axis("k", p)
    return td.schedule(td.compute("C", (n,), lambda i: td.sum(A[i, k], over=k)))


def test_an_order_of_loops(table):
    assert text(lambda: table.reverse("D", "i")) == (
        "replay at n=1, m=1\n"
        "as declared:\n"
        "  D at i=0, j=1 writes D[0, 1]\n"
        "  D at i=1, j=1 reads it\n"
        "as scheduled:\n"
        "  2 of 4: D at i=1, j=1 reads D[0, 1]\n"
        "  4 of 4: D at i=0, j=1 writes D[0, 1]\n"
        "D[1, 1]: 2 as declared, not made before it is read as scheduled"
    )


def test_parallel_iterations(table):
    assert text(lambda: table.parallel("D", "i")) == (
        "replay at n=1, m=1\n"
        "as declared:\n"
        "  D at i=0, j=1 writes D[0, 1]\n"
        "  D at i=1, j=1 reads it\n"
        "as scheduled:\n"
        "  4 of 5: D at i=1, j=1 reads D[0, 1]\n"
        "  5 of 5: D at i=0, j=1 writes D[0, 1]\n"
        "D[1, 1]: 2 as declared, not made before it is read as scheduled"
    )


def test_terms_that_are_added_at_once(product):
    assert text(lambda: product.parallel("C", "k")) == (
        "replay at n=1, p=2\n"
        "as declared:\n"
        "  C at i=0, k=0 writes C[0]\n"
        "  C at i=0, k=1 writes it again\n"
        "as scheduled:\n"
        "  3 of 4: C at i=0, k=1 writes C[0]\n"
        "  4 of 4: C at i=0, k=0 writes C[0]: it read before the other wrote\n"
        "C[0]: 5.0 as declared, 1.0 as scheduled"
    )


def test_lanes(table):
    assert text(lambda: table.vectorize("D", "j", 2)) == (
        "replay at n=1, m=1\n"
        "as declared:\n"
        "  D at i=1, j=0 writes D[1, 0]\n"
        "  D at i=1, j=1 reads it\n"
        "as scheduled:\n"
        "  3 to 4 of 4, lanes that read before they write: D at i=1, j=1 reads D[1, 0]\n"
        "  3 to 4 of 4, lanes that read before they write: D at i=1, j=0 writes D[1, 0]\n"
        "D[1, 1]: 2 as declared, not made before it is read as scheduled"
    )


def test_a_fold_that_is_too_short(blur):
    assert text(lambda: blur.store_root("rows").compute_at("rows", "out", "y").fold("rows", "y", 2)) == (
        "replay at h=1, w=1\n"
        "as declared:\n"
        "  rows at y=0, x=0 writes rows[0, 0], out at y=0, x=0 reads it\n"
        "  rows at y=2, x=0 writes an element of its own\n"
        "as scheduled:\n"
        "  1 of 4: rows at y=0, x=0 writes rows[0, 0]\n"
        "  3 of 4: rows at y=2, x=0 overwrites the place of rows[0, 0]\n"
        "  4 of 4: out at y=0, x=0 reads rows[0, 0]\n"
        "out[0, 0]: 24.0 as declared, 36.0 as scheduled"
    )


def test_two_elements_in_one_place(blur):
    found = refused(lambda: blur.layout("rows", lambda y, x: (y,))).witness.replay()
    assert found.differs and found.element.startswith("out[")


def test_values_that_slide_along_a_parallel_loop(blur):
    found = refused(
        lambda: blur.store_root("rows").compute_at("rows", "out", "y").parallel("out", "y")
    ).witness.replay()
    assert found.differs and found.found == "not made before it is read"


def test_a_stage_that_a_reader_cannot_see(blur):
    assert text(lambda: blur.compute_at("rows", "out", "y").cache_read("rows", "out", name="c")) == (
        "replay at h=0, w=1\n"
        "as declared:\n"
        "  rows at y=0, x=0 writes rows[0, 0]\n"
        "  c at d0=0, x=0 reads it\n"
        "as scheduled:\n"
        "  1 of 2: c at d0=0, x=0 reads rows[0, 0]\n"
        "  rows at y=0, x=0 does not run where that reader sees it\n"
        "rows[0, 0]: 2.0 as declared, not made before it is read as scheduled"
    )


def test_an_update_in_place():
    A, r = td.placeholder("A", (6,), "int64"), td.axis("r", 5)
    push = td.schedule(td.update("push", A, over=(r,), at=(r + 1,), value=lambda a: a[r] + 1))
    for step in (
        lambda: push.parallel("push", "r"),
        lambda: push.vectorize("push", "r", 2),
        lambda: push.reverse("push", "r"),
    ):
        found = refused(step).witness.replay()
        assert found.differs and found.element == "push[2]", found
        assert found.expected == str(found.inputs["A"][0] + 2), "what the declaration says"


def test_an_order_that_no_axes_have():
    n = td.size("n")
    with pytest.raises(td.IllegalSchedule) as caught:
        td.schedule(
            td.recurrence(
                "R",
                (n, n),
                lambda R, i, j: td.where(
                    td.all(i > 0, j > 0, j + 1 < n),
                    R[i - 1, j + 1] + R[i, j - 1] + R[td.minimum(i + 1, n - 1), j - 1],
                    1,
                ),
                dtype="int32",
            )  # fmt: skip
        )
    found = caught.value.witness.replay()
    assert found.differs or found.scheduled != found.declared


def test_values_may_coincide():
    n = td.size("n")
    ones = td.schedule(
        td.recurrence(
            "E", (n,), lambda E, i: td.where(i == 0, 1.0, td.minimum(E[i - 1], 1.0) * 0), dtype="float32"
        )
    )
    found = refused(lambda: ones.parallel("E", "i")).witness.replay()
    assert found.differs, "a value that is not there is no zero"
    A, r = td.placeholder("A", (3,), "int64"), td.axis("r", 2)
    zero = td.schedule(td.update("Z", A, over=(r,), at=(r + 1,), value=lambda a: td.minimum(a[r], -100)))
    found = refused(lambda: zero.parallel("Z", "r")).witness.replay()
    assert not found.differs and (found.element, found.expected, found.found) == (None, None, None)
    assert (
        str(found).splitlines()[-1]
        == "all values happen to coincide here; the order of the two accesses does not"
    )
    assert [line.split(": ")[1] for line in found.scheduled] == [
        "Z at r=1 reads Z[1]",
        "Z at r=0 writes Z[1]",
    ]


def test_params_and_ranges_are_filled_in():
    n = td.size("n", min=3)
    at, scale = td.placeholder("at", (n,), "int32", range=(0, n)), td.param("scale", "float32")
    x = td.placeholder("x", (n,), "float32")
    S = td.recurrence("S", (n,), lambda S, i: td.where(i == 0, 0.0, S[i - 1]) + scale * x[at[i]])
    found = refused(lambda: td.schedule(S).parallel("S", "i")).witness.replay()
    assert found.differs and found.sizes["n"] == 3 and "scale" in found.sizes
    assert 0 <= found.inputs["at"].min() and found.inputs["at"].max() < 3
    assert isinstance(found.inputs["x"], np.ndarray)


def test_too_many_iterations_are_not_run(monkeypatch):
    monkeypatch.setattr(replays, "LIMIT", 100)
    A, k = td.placeholder("A", (30, 30)), td.reduce_axis("k", 30)
    C = td.compute("C", (30,), lambda i: td.sum(A[i, k], over=k))
    found = refused(lambda: td.schedule(C).parallel(C, "k")).witness.replay()
    assert (
        not found.differs and found.note == "more than 100 iterations at these sizes: values are not compared"
    )
    assert found.scheduled == (
        "C at i=0, k=0 writes C[0], in any order", "C at i=0, k=1 writes C[0], in any order",
    )  # fmt: skip


def test_errors_pickle_with_their_replay(blur, product):
    for step in (
        lambda: blur.store_root("rows").compute_at("rows", "out", "y").fold("rows", "y", 2),
        lambda: product.parallel("C", "k"),
    ):
        error = refused(step)
        again = pickle.loads(pickle.dumps(error))
        assert again.witness == error.witness
        assert str(again.witness.replay()) == str(error.witness.replay())


def test_a_witness_of_nothing():
    with pytest.raises(td.ArgumentError) as caught:
        td.Witness("C", None, ({}, {}), {}, "flow").replay()
    assert caught.value.code == "G113"
