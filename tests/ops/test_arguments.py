"""Bad inputs of operators along axes and element by element: errors in the operator's own words, never Python's."""

import numpy as np
import pytest

import tdsl as td

O = td.ops  # noqa: E741


def f(*shape):
    return np.zeros(shape, np.float32)


def i(*shape):
    return np.zeros(shape, np.int64)


MORE = {"take": (i(2),), "take_along_axis": (i(3, 4),), "average": (f(4),), "cosine_similarity": (f(3, 4),),
        "pairwise_distance": (f(3, 4),)}  # fmt: skip
ALONG = [
    op.name
    for op in O.catalog()
    if "axis" in op.signature.parameters and op.body.__module__.rpartition(".")[2]
    in ("gates", "indexing", "scans", "reductions", "statistics", "distances", "normalization")
]  # fmt: skip


@pytest.mark.parametrize("name", ALONG)
@pytest.mark.parametrize("axis", [2, -3, 1.5, "x", True])
def test_axes(name, axis):
    text = f"there is no axis {axis} in 2 dim" if type(axis) is int else f"not {axis!r}"
    with pytest.raises(td.TdslError, match="E13[01]") as caught:
        getattr(O, name)(f(3, 4), *MORE.get(name, ()), axis=axis)
    assert caught.value.what.startswith(f"{name}: ") and text in caught.value.what


@pytest.mark.parametrize("call, text", [
    (lambda: O.add(f(3), "x"), "add: y is an array, a tensor or a number, not 'x'"),
    (lambda: O.add(None, f(3)), "add: x is an array, a tensor or a number, not None"),
    (lambda: O.kl_div(f(3), "x"), "kl_div: target is an array, a tensor or a number, not 'x'"),
    (lambda: O.add(f(3), i(3)), "add: float32 and int64 do not meet without losing bits"),
    (lambda: O.divide(i(3), i(3)), "divide: / of integers: int64 / int64"),
    (lambda: O.silu(i(3)), "silu: td.sigmoid takes floats"),
    (lambda: O.isnan(i(3)), "isnan: x is of floats, not int64"),
    (lambda: O.std(i(3)), "std: x is of floats, not int64"),
    (lambda: O.ptp(f(3) > 0), "ptp: x is of numbers, not bool"),
    (lambda: O.softmin(f(3), axis=1), "softmin: there is no axis 1 in 1 dimensions"),
    (lambda: O.cummax(f(3) > 0), "cummax: x is of numbers, not bool"),
    (lambda: O.take(f(3, 4), i(2) + 7), "take: indices holds 7, outside its declared range -3 <= indices < 3"),
    (lambda: O.take(f(0, 4), i(2)), "take: axis 0 is empty"),
    (lambda: O.embedding(i(2) - 1, f(3, 4)), "embedding: indices holds -1"),
    (lambda: O.one_hot(i(2), 3, "float31"), "one_hot: there is no dtype 'float31'"),
    (lambda: O.index_add(f(3, 4), i(2), i(2, 4)), "index_add: float32 and int64 do not meet"),
    (lambda: O.cross_entropy(f(), i()), "cross_entropy"),
    (lambda: O.cross_entropy(f(3, 4), i(3) + 4), "cross_entropy: target holds 4"),
    (lambda: O.cross_entropy(f(3, 4), i(2)), "cross_entropy: x is (3, 4), target (2,)"),
    (lambda: O.nll_loss(i(3, 4), i(3)), "nll_loss: x is of floats, not int64"),
    (lambda: O.hinge_embedding_loss(f(3, 4), f(3, 5)), "hinge_embedding_loss_terms: shapes (3, 4) and (3, 5)"),
    (lambda: O.group_norm(f(2, 6, 4), 4), "group_norm: 6 channels do not share 4 groups"),
    (lambda: O.instance_norm(f(2, 0, 3)), "instance_norm"),
    (lambda: O.layer_norm(f(3, 4), f(5)), "layer_norm: weight or bias has 5 entries for 4"),
    (lambda: O.layer_norm(f(3, 4), i(4)), "layer_norm: float32 and int64 do not meet"),
    (lambda: O.vector_norm(f(3), ord="fro"), "vector_norm"),
    (lambda: O.masked_fill(f(3), f(3), 1.0), "masked_fill: the condition of td.where is no bool"),
    (lambda: O.sum(f(3, 4), axis=(0, "a")), "sum: "),
    (lambda: O.sum(f(3).astype(complex)), "sum: there is no dtype 'complex128'"),
])  # fmt: skip
def test_what_an_operator_says(call, text):
    with pytest.raises(td.TdslError) as caught:
        call()
    assert text in caught.value.what and len(str(caught.value).splitlines()) <= 10


def test_numpy_integers_are_axes():
    assert O.sum(f(3, 4), axis=np.int64(1)).shape == (3,)
    assert O.softmax(f(3, 4), axis=np.int8(0)).shape == (3, 4)


def test_an_error_inside_names_the_operator_that_was_called():
    @td.op
    def outer(x):
        return O.cumsum(x, axis=3)

    with pytest.raises(td.ShapeError) as caught:
        outer(f(2, 2))
    assert caught.value.what == "outer: cumsum: there is no axis 3 in 2 dimensions"
    import pickle

    assert pickle.loads(pickle.dumps(caught.value)).what == caught.value.what
