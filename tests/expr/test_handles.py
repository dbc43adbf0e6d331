"""What users write on expressions and tensors: meaning, dtypes, and one clear error for each misuse."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from tdsl.dtypes import DTYPES
from tdsl.errors import ArgumentTypeError, AxisScopeError, BoolError, DTypeError, ShapeError
from tdsl.expr import elementwise, operations, reductions
from tdsl.expr.handles import AxisHandle, AxisOrigin, Expr, ParamHandle, SizeHandle, as_index, as_node
from tdsl.expr.node import Var, const, index_const, size_var
from tdsl.expr.tensor import Axis, Param, Size, Tensor

n = SizeHandle(Size("n", minimum=1))
i = AxisHandle(AxisOrigin(Axis("i", index_const(0), n.node)))
j = AxisHandle(AxisOrigin(Axis("j", index_const(0), n.node)))
k = AxisHandle(AxisOrigin(Axis("k", index_const(0), n.node), reduced=True, bounds=(n.size,)))
l = AxisHandle(AxisOrigin(Axis("l", index_const(0), index_const(4)), reduced=True))
alpha = ParamHandle(Param(name="alpha", dtype=DTYPES["float32"]))


def tensor(name, dtype, *extents):
    nodes = tuple(n.node if extent == "n" else index_const(extent) for extent in extents)
    return Tensor(name=name, extents=nodes, dtype=DTYPES[dtype], sizes=(n.size,))


A = tensor("A", "float32", "n", 5)
B = tensor("B", "int32", "n")
D = tensor("D", "float64", "n")
U = tensor("U", "uint8", "n")
L = tensor("L", "int64", "n")
F = tensor("F", "bool", "n")
Z = tensor("Z", "float32")


@pytest.mark.parametrize(
    ("built", "text", "dtype"),
    [
        (A[i, 0] + 1, "A[i, 0] + 1.0", "float32"),
        (1 - A[i, 0] * 0.1, "1.0 - A[i, 0] * 0.1", "float32"),
        (A[i, 0] + D[i], "float64(A[i, 0]) + D[i]", "float64"),
        (B[i] * A[i, 0], "float64(B[i]) * float64(A[i, 0])", "float64"),
        (U[i] * A[i, 0], "float32(U[i]) * A[i, 0]", "float32"),
        (B[i] + 1.5, "float64(B[i]) + 1.5", "float64"),
        (B[i] + U[i], "B[i] + int32(U[i])", "int32"),
        (B[i] // 3 % 2, "B[i] // 3 % 2", "int32"),
        (B[i] + i, "int64(B[i]) + i", "int64"),
        (U[i] + np.float32(2), "float32(U[i]) + 2.0", "float32"),
        (np.int64(3) * L[i], "L[i] * 3", "int64"),
        (-A[i, 0], "-A[i, 0]", "float32"),
        (+B[i], "B[i]", "int32"),
        (abs(B[i]), "abs(B[i])", "int32"),
        (~B[i], "~B[i]", "int32"),
        (~(i < n), "i >= n", "bool"),
        (1 << (B[i] & 7), "1 << (B[i] & 7)", "int32"),
        (A[i, 0] ** 3, "A[i, 0] * A[i, 0] * A[i, 0]", "float32"),
        (A[i, 0] ** 0, "float32(1.0)", "float32"),
        (B[i] ** 2.0, "B[i] * B[i]", "int32"),
        (math.floor(D[i]), "floor(D[i])", "float64"),
        (round(D[i]), "round(D[i])", "float64"),
        (B[i].astype("uint8"), "uint8(B[i])", "uint8"),
        (i == j, "i == j", "bool"),
        (U[i] != B[i], "int32(U[i]) != B[i]", "bool"),
        (F[i] == True, "F[i] == True", "bool"),  # noqa: E712
        (5 > A[i, 0], "A[i, 0] < 5.0", "bool"),
        (A[i + 1, B[i]], "A[i + 1, int64(B[i])]", "float32"),
        (Z + 1, "Z[()] + 1.0", "float32"),
        (alpha * A[i, 0], "alpha * A[i, 0]", "float32"),
        (n // 2 + 3 - 1, "n // 2 + 2", "int64"),
    ],
)
def test_operators(built, text, dtype):
    assert str(built) == text
    assert built.dtype.name == dtype


@pytest.mark.parametrize(
    ("built", "text", "dtype"),
    [
        (operations.where(i < n, A[i, 0], 0), "where(i < n, A[i, 0], 0.0)", "float32"),
        (B[i] + operations.where(i == j, 0, 1), "B[i] + where(i == j, int32(0), 1)", "int32"),
        (A[i, 0] * operations.where(i == j, 0.5, 1), "A[i, 0] * where(i == j, float32(0.5), 1.0)", "float32"),
        (operations.where(i == 0, j, B[i]), "where(i == 0, j, int64(B[i]))", "int64"),
        (operations.minimum(i, n - 1), "min(i, n - 1)", "int64"),
        (operations.maximum(A[i, 0], 0.0), "max(A[i, 0], 0.0)", "float32"),
        (operations.clamp(i, 0, n - 1), "min(max(i, 0), n - 1)", "int64"),
        (operations.logical_not(F[i]), "not F[i]", "bool"),
        (operations.cast(300, "uint8"), "uint8(44)", "uint8"),
        (operations.cast(-1, "uint64"), f"uint64({2**64 - 1})", "uint64"),
        (operations.cast(2.9, "int32"), "int32(2)", "int32"),
        (operations.cast(F[i], "int32"), "int32(F[i])", "int32"),
        (operations.fma(A[i, 0], 2, A[i, 1]), "fma(A[i, 0], 2.0, A[i, 1])", "float32"),
        (operations.fma(B[i], 2, B[j]), "B[i] * 2 + B[j]", "int32"),
        (operations.sqrt(D[i]), "sqrt(D[i])", "float64"),
        (operations.floor(B[i]), "B[i]", "int32"),
        (operations.min_value("int8"), "int8(-128)", "int8"),
        (operations.max_value("float32"), "float32(3.4028235e+38)", "float32"),
        (reductions.all(i >= 0, i < n), "i >= 0 and i < n", "bool"),
        (reductions.any(i == 0, F[i]), "i == 0 or F[i]", "bool"),
        (reductions.all(), "True", "bool"),
        (reductions.sum(A[i, k], over=k), "sum(A[i, k], over=(k))", "float32"),
        (reductions.max(A[l, k], over=(k, l)), "max(A[l, k], over=(k, l))", "float32"),
        (reductions.sum(U[k], over=k, dtype="int64"), "sum(int64(U[k]), over=(k))", "int64"),
        (
            reductions.sum(operations.where(F[k], 1, 0), over=k, dtype="int8"),
            "sum(where(F[k], int8(1), 0), over=(k))",
            "int8",
        ),
        (reductions.any(F[k], over=k), "any(F[k], over=(k))", "bool"),
        (reductions.mean(B[l], over=l), "sum(float64(B[l]), over=(l)) / 4.0", "float64"),
    ],
)
def test_functions(built, text, dtype):
    assert str(built) == text
    assert built.dtype.name == dtype


def test_origins_are_carried():
    value = reductions.sum(A[j, k], over=k)
    assert value.origins == (k.origin, n.size, j.origin)
    assert (i + n).origins == (i.origin, n.size)
    assert operations.where(i < n, alpha, 0).origins == (i.origin, n.size, alpha.param)


def test_shapes_show_ints_and_expressions():
    size, five = A.shape
    assert five == 5 and isinstance(size, Expr) and str(size) == "n" and size.origins == (n.size,)
    assert Z.shape == () and A.ndim == 2


def test_identity():
    assert A == A and A != B and len({A, B, A}) == 2 and A in (B, A)
    assert {i: 1}[i] == 1 and hash(A[i, 0]) != hash(None)
    assert isinstance(i == i, Expr)


@pytest.mark.parametrize(
    ("error", "function", "text"),
    [
        (BoolError, lambda: bool(A[i, 0] > 0), "E101: A[i, 0] > 0.0 has no truth value while it is declared"),
        (BoolError, lambda: 0 <= i < n, "E101: i >= 0 has no truth value"),
        (BoolError, lambda: A and B, "E101: A has no truth value"),
        (BoolError, lambda: i in (j, k), "E101: j == i has no truth value"),
        (ShapeError, lambda: A[i], "E102: A[i] has 1 subscript, A has rank 2"),
        (ShapeError, lambda: B[i, j, 1], "E102: B[i, j, 1] has 3 subscripts, B has rank 1"),
        (DTypeError, lambda: B[1.5], "E103: subscript 0 of B is no integer: 1.5"),
        (DTypeError, lambda: A[i, True], "E103: subscript 1 of A is no integer: True"),
        (DTypeError, lambda: A[i, A[i, 0]], "E103: subscript 1 of A is no integer: A[i, 0]"),
        (DTypeError, lambda: A[i, :], "E103: A[… : …] is no element"),
        (DTypeError, lambda: A[..., 0], "E103: A[… ... …] is no element"),
        (ArgumentTypeError, lambda: A[i, "x"], "E113: 'x' cannot stand in an expression"),
        (ArgumentTypeError, lambda: B[i] + "x", "E113: 'x' cannot stand in an expression"),
        (ArgumentTypeError, lambda: B[i] == None, "E113: None cannot stand in an expression"),  # noqa: E711
        (ArgumentTypeError, lambda: B[i] + np.ones(3), "E113: "),
        (ArgumentTypeError, lambda: B[i] + A[i, 0] + B, "E113: the whole tensor B meets the element"),
        (ArgumentTypeError, lambda: list(A), "E114: A cannot be iterated"),
        (ArgumentTypeError, lambda: sum(A[i, 0]), "E114: A[i, 0] cannot be iterated"),
        (ArgumentTypeError, lambda: round(D[i], 2), "E115: round of an expression has no digits"),
        (DTypeError, lambda: A[i, 0] + i, "E203: float32 and int64 do not meet without losing bits"),
        (DTypeError, lambda: F[i] + 1, "E203: bool and int64 do not meet"),
        (DTypeError, lambda: U[i] + 300, "E204: 300 does not fit in uint8"),
        (DTypeError, lambda: B[i] / 2, "E206: / of integers: int32 / int32"),
        (DTypeError, lambda: A[i, 0] // 2, "E207: // of floats: float32"),
        (DTypeError, lambda: D[i] % 2, "E207: % of floats: float64"),
        (DTypeError, lambda: F[i] * F[i], "E207: bools have no *"),
        (DTypeError, lambda: F[i] < F[j], "E207: bools have no order: <"),
        (DTypeError, lambda: -F[i], "E207: - of bool values"),
        (DTypeError, lambda: ~A[i, 0], "E207: ~ of float32 values"),
        (DTypeError, lambda: A[i, 0] & 1, "E207: float32 has no &"),
        (DTypeError, lambda: A[i, 0] << 1, "E207: float32 has no <<"),
        (
            DTypeError,
            lambda: B[i] ** 0.5,
            "E207: ** of integers takes a small literal integer as exponent, not 0.5",
        ),
        (DTypeError, lambda: 2 ** B[i], "E207: ** of integers takes a small literal integer"),
        (DTypeError, lambda: B[i] ** -1, "E207: ** -1: the exponent is not in 0 to 64"),
        (
            DTypeError,
            lambda: operations.where(B[i], 1, 2),
            "E207: the condition of td.where is no bool: B[i]",
        ),
        (DTypeError, lambda: operations.sqrt(B[i]), "E207: td.sqrt takes floats, not B[i]"),
        (DTypeError, lambda: operations.minimum(F[i], F[j]), "E207: minimum of bool values"),
        (DTypeError, lambda: operations.logical_not(B[i]), "E207: td.logical_not negates a condition"),
        (
            DTypeError,
            lambda: reductions.all(B[i], F[i]),
            "E207: td.all combines conditions, not int32 values",
        ),
        (DTypeError, lambda: reductions.sum(F[k], over=k), "E207: td.sum of conditions: F[k]"),
        (DTypeError, lambda: as_node(1), "E208: 1 alone has no dtype"),
        (DTypeError, lambda: reductions.sum(1, over=k), "E208: td.sum of numbers alone has no dtype"),
        (ArgumentTypeError, lambda: reductions.sum(A[i, k]), "E112: td.sum needs over="),
        (
            ArgumentTypeError,
            lambda: reductions.sum(A[i, 0], over=i),
            "E112: td.sum: over= is no reduction axis",
        ),
        (
            ArgumentTypeError,
            lambda: reductions.sum(A[i, 0], over="k"),
            "E112: td.sum: over= is no reduction axis",
        ),
        (
            ArgumentTypeError,
            lambda: reductions.sum(A[i, k], over=(k, k)),
            "E112: td.sum: over= names axis k twice",
        ),
        (ArgumentTypeError, lambda: reductions.max(A[i, k], 0.0), "E116: td.max reduces one value over axes"),
        (
            AxisScopeError,
            lambda: reductions.sum(reductions.sum(A[i, k], over=k) * A[j, k], over=k),
            "E106: axis k is summed over inside and outside",
        ),
        (ArgumentTypeError, lambda: as_index(1.5), "E113: an index is an integer, not 1.5"),
    ],
)
def test_misuse(error, function, text):
    with pytest.raises(error) as caught:
        function()
    message = str(caught.value)
    assert message.startswith(text), message
    lines = message.splitlines()
    assert len(lines) <= 10 and "test_handles.py" in lines[1], message
    assert str(pickle.loads(pickle.dumps(caught.value))) == message


def test_the_users_line_is_shown_whole(raises_text):
    text = raises_text(ShapeError, lambda: A[i])
    assert (
        text == "E102: A[i] has 1 subscript, A has rank 2\n  A is declared with shape (n, 5)\n  try: A[i, j]"
    )


def test_as_node():
    assert as_node(1, DTYPES["float32"]) is const(1, "float32")
    assert as_node(operations.where(i == j, 1, 0), DTYPES["int8"]).dtype.name == "int8"
    assert as_node(A[i, 0], DTYPES["int8"]).dtype.name == "float32"
    assert as_node(Z).dtype.name == "float32"
    assert as_index(np.int32(3)) is index_const(3)
    assert as_index(B[i]).dtype.name == "int64"


class Maker:
    """Stands in for declare's maker of unnamed stages."""

    def __call__(self, name, extents, element, origins):
        index = tuple(Expr(Var(f"d{place}", DTYPES["int64"], "axis")) for place in range(len(extents)))
        value = element(index)
        return name, extents, value, origins


@pytest.fixture
def maker(monkeypatch):
    made = Maker()
    monkeypatch.setattr(elementwise, "_maker", [made])
    return made


def test_whole_tensors_broadcast(maker):
    name, extents, value, origins = A + tensor("R", "float32", 5)
    assert name == "add" and extents == A.extents and str(value) == "A[d0, d1] + R[d1]"
    name, extents, value, origins = alpha * A
    assert str(value) == "alpha * A[d0, d1]" and origins == (alpha.param,)
    _, extents, value, _ = tensor("P", "float32", "n", 1) - tensor("Q", "float32", 1, 5)
    assert extents == (size_var("n"), index_const(5)) and str(value) == "P[d0, 0] - Q[0, d1]"
    assert str(operations.maximum(A, 0.0)[2]) == "max(A[d0, d1], 0.0)"
    assert str((B < 3)[2]) == "B[d0] < 3" and str((-B)[2]) == "-B[d0]"
    assert str(A.astype("float64")[2]) == "float64(A[d0, d1])"
    assert str((A + Z)[2]) == "A[d0, d1] + Z[()]"


def test_shapes_that_do_not_broadcast(maker, raises_text):
    text = raises_text(ShapeError, lambda: A + tensor("R", "float32", 4))
    assert text.splitlines()[0] == "E104: add: the shapes do not broadcast: A (n, 5) and R (4,)"
    assert "E104" in raises_text(ShapeError, lambda: B + tensor("R", "int32", 7))


def test_no_python_number_and_no_length(raises_text):
    assert raises_text(ArgumentTypeError, lambda: float(B[0])).startswith("E114: B[0] is no Python float")
    assert raises_text(ArgumentTypeError, lambda: int(B[0])).startswith("E114: B[0] is no Python int")
    assert raises_text(ArgumentTypeError, lambda: len(A)).startswith("E114: A has no length")
