"""`td.compute`: names, axes, dtypes, domains, several values, and every bad input with its whole text."""

import functools

import numpy as np
import pytest

import tdsl as td
from tdsl.expr.printer import text


def bodies(tensor):
    return [text(node) for node in tensor.producer.body]


def axes(tensor):
    return [axis.name for axis in tensor.producer.axes]


def test_parameters_name_the_axes():
    A = td.placeholder("A", (3, 4))

    def body(row, column):
        return A[row, column]

    assert axes(td.compute("B", (3, 4), body)) == ["row", "column"]
    assert axes(td.compute("B", (3, 4), lambda *idx: A[idx])) == ["d0", "d1"]
    assert axes(td.compute("B", (3, 4), lambda r, *rest: A[(r, *rest)])) == ["r", "d0"]
    assert axes(td.compute("B", (3, 4), lambda *idx: A[idx], axes=("i", "j"))) == ["i", "j"]
    assert axes(td.compute("B", (4,), lambda j, i=2: A[i, j])) == ["j"]
    assert axes(td.compute("B", (4,), functools.partial(body, 1))) == ["column"]

    class Callable:
        def __call__(self, a, b):
            return A[a, b]

    assert axes(td.compute("B", (3, 4), Callable())) == ["a", "b"]


def test_shapes():
    n, m = td.size("n"), td.size("m", min=2)
    V = td.placeholder("V", (n,))
    B = td.compute("B", (n, 2 * m + 1, 7), lambda i, j, k: V[i])
    assert [str(extent) for extent in B.shape] == ["n", "m * 2 + 1", "7"] and B.shape[2] == 7
    assert B.dtype.name == "float32" and B.ndim == 3
    assert td.compute("C", n, lambda i: V[i]).ndim == 1
    assert td.compute("D", (), lambda: td.cast(1, "int32")).shape == ()
    assert td.compute("E", (n * m,), lambda i: i).shape[0].dtype.name == "int64"
    assert td.compute("F", (np.int64(3),), lambda i: i).shape == (3,)
    assert td.compute("G", (2**31, 2**20), lambda i, j: i + j).shape == (2**31, 2**20)


def test_dtypes():
    x = td.placeholder("x", (4,), "int16")
    assert td.compute("a", (4,), lambda i: i).dtype.name == "int64"
    assert td.compute("a", (4,), lambda i: x[i] * 2).dtype.name == "int16"
    assert td.compute("a", (4,), lambda i: x[i], dtype="float64").dtype.name == "float64"
    assert td.compute("a", (4,), lambda i: 1, dtype=np.float32).dtype.name == "float32"
    assert td.compute("a", (4,), lambda i: td.where(i < 2, 1, 0), dtype="uint8").dtype.name == "uint8"
    assert td.compute("a", (4,), lambda i: i < 2).dtype.name == "bool"
    assert td.compute("a", (4,), lambda i: np.float64(2.5)).dtype.name == "float64"


def test_reduction_axes_stand_in_order_of_first_use():
    A = td.placeholder("A", (3, 4))
    k, q = td.reduce_axis("k", 3), td.reduce_axis("q", 4)
    B = td.compute("B", (2,), lambda i: td.sum(A[k, q], over=(q, k)) + td.max(A[k, 0], over=k))
    assert [axis.name for axis in B.producer.reduce_axes] == ["q", "k"]
    inner = td.reduce_axis("r", (0, k))
    C = td.compute("C", (2,), lambda i: td.sum(td.sum(A[inner, i], over=inner), over=k))
    assert [axis.name for axis in C.producer.reduce_axes] == ["k", "r"]


def test_contraction_happens_at_the_declaration():
    x = td.placeholder("x", (4,))
    fused = td.compute("a", (4,), lambda i: x[i] * x[i] + x[i])
    with td.options(contract=False):
        plain = td.compute("a", (4,), lambda i: x[i] * x[i] + x[i])
    assert bodies(plain) == ["x[i] * x[i] + x[i]"] and bodies(fused) != bodies(plain)
    assert fused.producer.options.contract and not plain.producer.options.contract


def test_several_values():
    x = td.placeholder("x", (4,))
    low, high = td.compute(("low", "high"), (4,), lambda i: (x[i] - 1.0, td.cast(i, "int8")))
    assert low.producer is high.producer and low.producer.name == "low"
    assert (low.name, high.name, high.component) == ("low", "high", 1)
    assert (low.dtype.name, high.dtype.name) == ("float32", "int8")


def test_domain_and_fill():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    T = td.compute(
        "T", (n, n), lambda i, j: x[i - j], where=lambda i, j: td.all(j <= i, i < n - 1), fill=-1.0
    )
    assert [text(node) for node in T.producer.domain] == ["j <= i", "i < n - 1"]
    assert T.producer.fill[0].value == -1.0
    assert td.compute("T", (n, n), lambda i, j: x[i], where=lambda i, j: j <= i).producer.fill[0].value == 0.0
    assert td.compute("T", (n,), lambda i: x[i], where=lambda i: True).producer.domain == ()
    everywhere = td.compute("T", (n,), lambda i: x[i + 5], where=lambda i: False)
    assert text(everywhere.producer.domain[0]) == "False"


def test_params_and_sizes_are_collected():
    n, q = td.size("n", min=3, multiple_of=4, typical=64), td.size("q")
    x = td.placeholder("x", (n,))
    alpha = td.param("alpha")
    B = td.compute("B", (n,), lambda i: x[i] * alpha + td.cast(q, "float32"))
    assert [param.name for param in B.producer.params] == ["alpha"]
    assert [(s.name, s.minimum, s.multiple_of, s.typical) for s in B.producer.sizes] == [
        ("n", 3, 4, 64),
        ("q", 0, 1, None),
    ]
    C = td.compute("C", (5,), lambda i: B[0])
    assert [size.name for size in C.producer.sizes] == ["n", "q"]


def test_location_is_the_users_line():
    B = td.compute("B", (4,), lambda i: i)
    assert B.producer.where.filename == __file__ and "td.compute" in B.producer.where.lines()[0]


# bad input


def test_wrong_number_of_parameters(refused):
    n = td.size("n")
    A = td.placeholder("A", (n,))
    refused(
        td.ShapeError,
        lambda: td.compute("B", (n, n), lambda i: A[i]),
        """
        E107: B has 2 dimensions and its callable takes 1 axis parameter
          shape (n, n), parameters (i)
          try: lambda i, j: …
        """,
    )
    refused(
        td.ShapeError,
        lambda: td.compute("B", (n,), lambda i, j: A[i]),
        """
        E107: B has 1 dimension and its callable takes 2 axis parameters
          shape (n,), parameters (i, j)
          try: lambda i: …
        """,
    )
    with pytest.raises(td.ShapeError, match="where= of B has 1 dimension"):
        td.compute("B", (n,), lambda i: A[i], where=lambda i, j: i < j)
    with pytest.raises(td.ShapeError, match="wants scale by keyword"):
        td.compute("B", (n,), lambda i, *, scale: A[i])


@pytest.mark.parametrize(
    ("name", "suggestion", "kind"),
    [
        ("my stage", "my_stage", "no Python identifier"),
        ("2x", "x2x", "no Python identifier"),
        ("", "x", "no Python identifier"),
        ("lambda", "lambda_", "a word of Python itself"),
        ("a-b", "a_b", "no Python identifier"),
    ],
)
def test_names_are_identifiers(refused, name, suggestion, kind):
    refused(
        td.ArgumentError,
        lambda: td.compute(name, (4,), lambda i: i),
        f"""
        E108: {name!r} cannot name a stage: it is {kind}
          a name is made of letters, digits and _, and starts with no digit
          try: "{suggestion}"
        """,
    )


def test_unicode_identifiers_are_names():
    assert td.compute("größe", (4,), lambda ä: ä).name == "größe"


def test_name_first(refused):
    refused(
        td.ArgumentError,
        lambda: td.compute((4,), "B", lambda i: i),
        """
        E108: the name of a tensor is a string, not 4
          try: the name comes first
        """,
    )
    with pytest.raises(td.DuplicateNameError, match="E105: two tensors of one stage are called a"):
        td.compute(("a", "a"), (4,), lambda i: (i, i))


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ((4, -1), "E104: an extent of B is negative: -1"),
        ((2.5,), "E104: an extent of B is an integer, not 2.5"),
        ("nm", "E104: the shape of B is a tuple of extents, not 'nm'\n  try: (m, n)\n   or: (n,)"),
        ((2**40, 2**40), "E104: B takes 1208925819614629174706176 bytes: more than 2^63"),
        (True, "E104: the shape of B is a tuple of extents, not True\n  try: (m, n)\n   or: (n,)"),
    ],
)
def test_shapes_that_cannot_be_one(refused, shape, text):
    refused(td.ShapeError, lambda: td.compute("B", shape, lambda *idx: 1, dtype="int8"), text)


def test_shape_of_values_or_products(refused):
    n = td.size("n")
    x = td.placeholder("x", (n,), "int64")
    refused(
        td.ShapeError,
        lambda: td.compute("B", (n // n,), lambda i: i),
        """
        E104: an extent of B is not affine: n // n
          shapes are sums and products of sizes and ints, with // and % by ints
          try: a size of its own: td.size("rows")
        """,
    )
    with pytest.raises(td.ShapeError, match="depends on k"):
        td.compute("B", (td.reduce_axis("k", 3),), lambda i: i)
    with pytest.raises(td.ShapeError, match="E104"):
        td.compute("B", (x[0],), lambda i: i)


def test_axis_and_size_of_one_name(refused):
    n = td.size("n")
    x = td.placeholder("x", (n,))
    k = td.reduce_axis("k", n)
    refused(
        td.DuplicateNameError,
        lambda: td.compute("y", (4,), lambda n: td.where(n < 1, td.sum(x[k], over=k), 0.0)),
        """
        E109: y has an axis and a size called n
          inside y the name n means one thing
          try: another name for the axis: n_
        """,
    )
    alpha = td.param("alpha")
    with pytest.raises(td.DuplicateNameError, match="has an axis and a param called alpha"):
        td.compute("y", (n,), lambda alpha_: x[alpha_] * alpha, axes=["alpha"])
    with pytest.raises(td.DuplicateNameError, match="has a size and a param called n"):
        td.compute("y", (n,), lambda i: x[i] * td.param("n"))
    with pytest.raises(td.DuplicateNameError, match="two axes of y are called i"):
        td.compute("y", (n, n), lambda *idx: x[idx[0]], axes=("i", "i"))


def test_axis_and_reduction_axis_of_one_name(refused):
    A = td.placeholder("A", (4, 4))
    k, r = td.reduce_axis("k", 4), td.reduce_axis("k", 3)
    refused(
        td.DuplicateNameError,
        lambda: td.compute("B", (4,), lambda k_: td.sum(A[k_, k], over=k), axes=("k",)),
        """
        E109: B has a data axis and a reduction axis called k
          inside B the name k means one loop
          try: another parameter name, or td.reduce_axis("k2", 4)
        """,
    )
    refused(
        td.DuplicateNameError,
        lambda: td.compute("B", (4,), lambda i: td.sum(A[i, k], over=k) + td.sum(A[i, r], over=r)),
        """
        E109: two different reduction axes of B are called k
          0 <= k < 4 and 0 <= k < 3
          try: td.reduce_axis("k2", …) for one of them
        """,
    )


def test_reduction_axis_outside_over(refused):
    A = td.placeholder("A", (4, 4))
    k = td.reduce_axis("k", 4)
    refused(
        td.AxisScopeError,
        lambda: td.compute("B", (4,), lambda i: td.sum(A[i, k], over=k) + A[i, k]),
        """
        E106: the reduction axis k stands outside over=k in B
          sum(A[i, k], over=(k)) + A[i, k]: outside a reduction over it, k has no loop
          try: td.sum(…, over=k)
        """,
    )


def test_axis_of_another_stage(refused):
    A = td.placeholder("A", (4, 4))
    kept = []
    td.compute("first", (4,), lambda i: kept.append(i) or A[i, i])
    error = refused(
        td.AxisScopeError,
        lambda: td.compute("B", (4,), lambda j: A[kept[0], j]),
        f"""
        E106: the axis i in B belongs to another stage
          A[i, j]; the axes of B are (j), declared at {kept[0].origin.where.brief()}
          try: the parameters of this stage's own callable
        """,
    )
    assert isinstance(error, ValueError)
    with pytest.raises(td.AxisScopeError, match="uses the axis i of another stage"):
        td.compute("B", (4,), lambda i: A[kept[0], i])
    with pytest.raises(td.AxisScopeError, match="E106: the axis t in B belongs to another stage"):
        td.compute("B", (4,), lambda i: A[i, td.axis("t", 4)])


def test_bounds_of_reduction_axes_are_in_scope():
    A = td.placeholder("A", (4, 4))
    k = td.reduce_axis("k", 4)
    r = td.reduce_axis("r", (0, k))
    with pytest.raises(
        td.AxisScopeError, match="the bounds of the reduction axis r use k, which is not around it"
    ):
        td.compute("B", (4,), lambda i: td.sum(td.sum(A[k, r], over=k), over=r))


def test_values_without_a_dtype(refused):
    refused(
        td.DTypeError,
        lambda: td.compute("ones", (4,), lambda i: 1.0),
        """
        E208: the value of ones is made of numbers only and has no dtype: 1.0
          a Python number takes the dtype of what it meets, and it meets nothing here
          try: dtype="float32"
        """,
    )
    with pytest.raises(td.DTypeError, match="E208"):
        td.compute("ones", (4,), lambda i: td.where(i < 2, 1, 0))


def test_values_that_are_none(refused):
    A = td.placeholder("A", (4, 3))
    refused(
        td.ArgumentTypeError,
        lambda: td.compute("B", (4,), lambda i: None),
        """
        E111: the callable of B returns None
          try: return the expression
        """,
    )
    refused(
        td.ArgumentTypeError,
        lambda: td.compute("B", (4, 3), lambda i, j: A),
        """
        E111: the callable of B returns the whole tensor A, not one element
          try: A[i, j]
        """,
    )
    refused(
        td.ArgumentTypeError,
        lambda: td.compute("B", (4,), lambda i: (A[i, 0], A[i, 1])),
        """
        E111: the callable of B returns 2 values in a tuple for one name
          try: a name for each: a, b = td.compute(("a", "b"), shape, …)
        """,
    )
    refused(
        td.ArgumentTypeError,
        lambda: td.compute(("B", "C"), (4,), lambda i: A[i, 0]),
        "E111: B has 2 names and its callable returns 1 value",
    )
    refused(
        td.ArgumentTypeError,
        lambda: td.compute("B", (4,), lambda i: np.ones(4)),
        """
        E111: the callable of B returns an array
          arrays are arguments of the call, not of the declaration
          try: A = td.placeholder("A", shape, dtype), then A[…]
        """,
    )
    refused(
        td.ArgumentTypeError,
        lambda: td.compute("B", (4,), A),
        """
        E111: the value of B is a callable of its axes, not <tensor A (4, 3) float32>
          try: lambda i, j: …
        """,
    )
    with pytest.raises(td.ArgumentTypeError):
        td.compute("B", (4,), lambda i: "x")


def test_domains_that_are_none(refused):
    n = td.size("n")
    x = td.placeholder("x", (n,))
    refused(
        td.ArgumentError,
        lambda: td.compute("B", (n,), lambda i: x[i], where=lambda i: x[i] > 0),
        """
        E117: where= of B is not affine in axes and sizes: x[i] > 0.0
          the points of a stage are fixed by its axes and sizes, before anything is computed
          try: td.where(condition, value, fill) inside the callable decides by values
        """,
    )
    refused(
        td.ArgumentError,
        lambda: td.compute("B", (n,), lambda i: x[i], fill=1.0),
        """
        E115: fill= of B says what stands outside where=, and there is no where=
          try: where=lambda i, j: …, the points that are computed
        """,
    )
    with pytest.raises(td.ArgumentTypeError, match="E111: where= of B gives a condition, not i"):
        td.compute("B", (n,), lambda i: x[i], where=lambda i: i)
    with pytest.raises(td.ArgumentTypeError, match="E115: where= of B is a callable"):
        td.compute("B", (n,), lambda i: x[i], where=n > 3)
    with pytest.raises(td.ArgumentError, match="fill= of B is one value"):
        td.compute("B", (n,), lambda i: x[i], where=lambda i: i > 3, fill=td.axis("i", 3))
    with pytest.raises(td.ArgumentError, match="fill= of B is one value"):
        td.compute("B", (n,), lambda i: x[i], where=lambda i: i > 3, fill=x[0])
    with pytest.raises(td.DTypeError, match="E204"):
        td.compute("B", (n,), lambda i: td.cast(i, "int8"), where=lambda i: i > 3, fill=1000)


def test_facts_that_differ(refused):
    a = td.placeholder("a", (td.size("n"),))
    b = td.placeholder("b", (td.size("n", min=1),))
    refused(
        td.DuplicateNameError,
        lambda: td.compute(
            "c", (4,), lambda i: td.where(td.all(i < a.shape[0], i < b.shape[0]), a[i] + b[i], 0.0)
        ),
        """
        E110: the size n meets itself with other facts
          here td.size("n"), there td.size("n", min=1)
          try: declare it once, n = td.size("n", min=1), and use it everywhere
        """,
    )


def test_params_of_one_name_are_one():
    x = td.placeholder("x", (4,))
    y = td.compute("y", (4,), lambda i: x[i] * td.param("alpha") + td.param("alpha"))
    assert [param.name for param in y.producer.params] == ["alpha"]
    with pytest.raises(
        td.DuplicateNameError, match="E110: the param alpha meets itself with another dtype or range"
    ):
        td.compute(
            "y", (4,), lambda i: x[i] * td.param("alpha") + td.cast(td.param("alpha", "int32"), "float32")
        )


def test_bytes_of_an_array():
    assert td.placeholder("x", (2**62,), "uint8").shape == (2**62,)
    with pytest.raises(td.ShapeError, match="E104: x takes 18446744073709551616 bytes"):
        td.placeholder("x", (2**62,), "float32")


def test_a_callable_error_of_the_user_passes():
    with pytest.raises(ZeroDivisionError):
        td.compute("B", (4,), lambda i: 1 // 0)


def test_a_tuple_of_one_name_goes_with_a_tuple_of_one_value():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    (y,) = td.compute(("y",), (n,), lambda i: (x[i] + 1,))
    (z,) = td.compute(("z",), (n,), lambda i: y[i] * 2)
    (h,) = td.recurrence(("h",), (n,), lambda h, i: (td.where(i > 0, h[i - 1], 0.0) + z[i],))
    assert td.build(td.schedule(h))(np.float32([1, 2, 3])).tolist() == [4, 10, 18]
    with pytest.raises(
        td.ArgumentTypeError, match="E111: the callable of w returns 1 value in a tuple for one name"
    ):
        td.compute("w", (n,), lambda i: (x[i],))
