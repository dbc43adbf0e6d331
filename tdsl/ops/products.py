"""Products of vectors and matrices, and parts of matrices. Tensors in, a tensor out; leading axes are batches.

Names are the array API's and NumPy's; half precision is accumulated in float32, as `matmul` does.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import tdsl as td
from tdsl.ops.broadcasting import Extent, agree, is_one, summed_dtype
from tdsl.ops.elements import applied
from tdsl.ops.linear import einsum
from tdsl.ops.operator import op

Array = np.ndarray
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@op(reference=np.multiply.outer, cpu=td.schedules.pointwise)
def outer(x: td.Tensor, y: td.Tensor) -> td.Tensor:
    """The product of every element of x with every element of y.

    Args:
        x, y: any shapes.

    Returns: (*x.shape, *y.shape). Source: NumPy's `multiply.outer`; of vectors, the array API's `linalg.outer`.
    """

    def value(*at: td.Expr) -> td.Expr:
        return x[at[: x.ndim]] * y[at[x.ndim :]]

    return td.compute("outer", (*x.shape, *y.shape), value)


def _vecdot_reference(x: Array, y: Array) -> object:
    return np.einsum("...i,...i->...", x, y)


@op(reference=_vecdot_reference, cpu=td.schedules.products)
def vecdot(x: td.Tensor, y: td.Tensor) -> td.Tensor:
    """The sum of x * y along the last axis; the others broadcast. Source: the array API's `vecdot`, for real numbers."""
    return applied(einsum, "...i,...i->...", x, y)


@op(reference=lambda x, y: np.einsum("...ij,...j->...i", x, y), cpu=td.schedules.products)
def matvec(x: td.Tensor, y: td.Tensor) -> td.Tensor:
    """The product of matrices and vectors.

    Args:
        x: (..., m, k). y: (..., k), batches broadcast.

    Returns: (..., m). Source: NumPy's `matvec`, BLAS' gemv.
    """
    return applied(einsum, "...ij,...j->...i", x, y)


@op(reference=lambda x, y, axes=2: np.tensordot(x, y, axes), cpu=td.schedules.products)
def tensordot(x: td.Tensor, y: td.Tensor, axes: int = 2) -> td.Tensor:
    """The sum of products over the last `axes` axes of x and the first of y.

    Errors: E130 fewer axes than that, extents that differ. Source: the array API's `tensordot` with a number.
    """
    td.check(
        0 <= axes <= min(x.ndim, y.ndim),
        f"tensordot: {axes} axes of ranks {x.ndim} and {y.ndim}",
        error=td.ShapeError,
    )
    td.check(x.ndim + y.ndim - axes <= len(LETTERS), "tensordot: too many axes", error=td.ShapeError)
    left, right = LETTERS[: x.ndim], LETTERS[x.ndim - axes : x.ndim - axes + y.ndim]
    result = left[: x.ndim - axes] + right[axes:]
    return applied(einsum, f"{left},{right}->{result}", x, y)


def _gemm_reference(
    a: Array, b: Array, c: Array | None = None, alpha: float = 1.0, beta: float = 1.0, trans_a: bool = False,
    trans_b: bool = False,
) -> Array:  # fmt: skip
    product = alpha * ((a.T if trans_a else a) @ (b.T if trans_b else b))
    return product if c is None else product + beta * c


@op(reference=_gemm_reference, cpu=td.schedules.products)
def gemm(
    a: td.Tensor, b: td.Tensor, c: td.Tensor | None = None, alpha: float = 1.0, beta: float = 1.0,
    trans_a: bool = False, trans_b: bool = False,
) -> td.Tensor:  # fmt: skip
    """Alpha * a @ b + beta * c of matrices, a and b transposed first where asked.

    Args:
        a: (m, k), or (k, m) with trans_a. b: (k, n), or (n, k) with trans_b. c: broadcasts to (m, n), or None.

    Errors: E130 shapes that do not fit. Source: ONNX's Gemm, BLAS' gemm; PyTorch's `addmm` is `gemm(x, y, input)`.
    """
    td.check(a.ndim == 2 and b.ndim == 2, "gemm: a and b are matrices", error=td.ShapeError)
    product = applied(einsum, f"{'ki' if trans_a else 'ik'},{'jk' if trans_b else 'kj'}->ij", a, b)
    scaled = product if alpha == 1 else product * alpha
    if c is None:
        return scaled
    td.check(c.ndim <= 2, "gemm: c broadcasts to a matrix", error=td.ShapeError)
    for mine, theirs in zip(reversed(c.shape), reversed(product.shape), strict=False):
        if not is_one(mine):
            agree("gemm", mine, theirs, f"c {c.shape} does not broadcast to {product.shape}")
    return scaled + (c if beta == 1 else c * beta)


def _bilinear_reference(x: Array, y: Array, weight: Array, bias: Array | None = None) -> Array:
    found = np.einsum("...i,oij,...j->...o", x, weight, y)
    return found if bias is None else found + bias


@op(reference=_bilinear_reference, cpu=td.schedules.products)
def bilinear(x: td.Tensor, y: td.Tensor, weight: td.Tensor, bias: td.Tensor | None = None) -> td.Tensor:
    """sum_ij x_i * weight_oij * y_j + bias_o.

    Args:
        x: (..., i). y: (..., j). weight: (o, i, j). bias: (o,), or None.

    Returns: (..., o). Errors: E130. Source: PyTorch's `functional.bilinear`.
    """
    td.check(weight.ndim == 3, "bilinear: weight has 3 axes", error=td.ShapeError)
    half = applied(einsum, "...i,oij->...oj", x, weight)
    found = applied(einsum, "...oj,...j->...o", half, y)
    if bias is None:
        return found
    td.check(bias.ndim == 1, "bilinear: bias is a vector", error=td.ShapeError)
    agree("bilinear", bias.shape[0], weight.shape[0], f"bias {bias.shape} for {weight.shape[0]} outputs")
    return found + bias


@op(reference=np.kron, cpu=td.schedules.pointwise)
def kron(x: td.Tensor, y: td.Tensor) -> td.Tensor:
    """The Kronecker product: blocks x[i, j] * y.

    Args:
        x: (m, n). y: (p, q), extents of y at least 1.

    Returns: (m * p, n * q). Errors: E130. Source: NumPy's `kron` of matrices.
    """
    td.check(x.ndim == 2 and y.ndim == 2, "kron: x and y are matrices", error=td.ShapeError)

    def value(i: td.Expr, j: td.Expr, k: td.Expr, m: td.Expr) -> td.Expr:
        return x[i, k] * y[j, m]

    blocks = td.compute("kron", (x.shape[0], y.shape[0], x.shape[1], y.shape[1]), value)
    return merged("kron", merged("kron", blocks, 0), 1)


def merged(what: str, x: td.Tensor, axis: int) -> td.Tensor:
    """X with an axis and its successor made one, in row-major order. Errors: E130 an empty second axis."""
    inner = x.shape[axis + 1]
    td.check(inner >= 1, f"{what}: an axis is empty", error=td.ShapeError)

    def value(*at: td.Expr) -> td.Expr:
        return x[(*at[:axis], at[axis] // inner, at[axis] % inner, *at[axis + 1 :])]

    return td.compute(what, (*x.shape[:axis], x.shape[axis] * inner, *x.shape[axis + 2 :]), value)


@op(reference=np.cross, cpu=td.schedules.pointwise)
def cross(x: td.Tensor, y: td.Tensor) -> td.Tensor:
    """The vector product along the last axis, of 3 elements.

    Args:
        x, y: (..., 3), of one shape.

    Errors: E130. Source: the array API's `linalg.cross`.
    """
    td.check(x.ndim == y.ndim and x.ndim > 0, f"cross: ranks {x.ndim} and {y.ndim}", error=td.ShapeError)
    for tensor in (x, y):
        agree("cross", tensor.shape[-1], 3, f"the last axis of {tensor.shape} has not 3 elements")
    for mine, theirs in zip(x.shape, y.shape, strict=True):
        agree("cross", mine, theirs, f"shapes {x.shape} and {y.shape} differ")

    def value(*at: td.Expr) -> td.Expr:
        rest, place = at[:-1], at[-1]
        terms = [
            x[(*rest, (axis + 1) % 3)] * y[(*rest, (axis + 2) % 3)]
            - x[(*rest, (axis + 2) % 3)] * y[(*rest, (axis + 1) % 3)]
            for axis in range(3)
        ]
        return td.where(place == 0, terms[0], td.where(place == 1, terms[1], terms[2]))

    return td.compute("cross", (*x.shape[:-1], 3), value)


# ---------------------------------------------------------------- parts of matrices


def _matrices(what: str, x: td.Tensor) -> None:
    td.check(x.ndim >= 2, f"{what}: x is made of matrices, not of {x.ndim} dimensions", error=td.ShapeError)


@op(reference=lambda x: np.swapaxes(x, -1, -2), cpu=td.schedules.copies)
def matrix_transpose(x: td.Tensor) -> td.Tensor:
    """The last two axes exchanged. Source: the array API's `matrix_transpose`."""
    _matrices("matrix_transpose", x)

    def value(*at: td.Expr) -> td.Expr:
        return x[(*at[:-2], at[-1], at[-2])]

    return td.compute("matrix_transpose", (*x.shape[:-2], x.shape[-1], x.shape[-2]), value)


def _square(what: str, x: td.Tensor) -> Extent:
    _matrices(what, x)
    agree(what, x.shape[-1], x.shape[-2], f"the matrices are {x.shape[-2]} by {x.shape[-1]}, not square")
    return x.shape[-1]


@op(reference=lambda x: np.asarray(np.trace(x, axis1=-2, axis2=-1)), cpu=td.schedules.along_axes)
def trace(x: td.Tensor) -> td.Tensor:
    """The sum of the diagonal; integers in 64 bits.

    Args:
        x: (..., n, n).

    Errors: E130 matrices that are not square. Source: the array API's `linalg.trace`, of square matrices.
    """
    k = td.reduce_axis("k", _square("trace", x))
    wide = summed_dtype(x)

    def value(*at: td.Expr) -> td.Expr:
        return td.sum(td.cast(x[(*at, k, k)], wide), over=k)

    return td.compute("trace", x.shape[:-2], value)


@op(reference=lambda x: np.diagonal(x, axis1=-2, axis2=-1), cpu=td.schedules.copies)
def diagonal(x: td.Tensor) -> td.Tensor:
    """The diagonal of each matrix, (..., n). As `trace`. Source: the array API's `linalg.diagonal`, of square matrices."""
    extent = _square("diagonal", x)

    def value(*at: td.Expr) -> td.Expr:
        return x[(*at, at[-1])]

    return td.compute("diagonal", (*x.shape[:-2], extent), value)


def _diag_reference(x: Array) -> Array:
    return x[..., None] * np.eye(x.shape[-1], dtype=x.dtype)


@op(reference=_diag_reference, cpu=td.schedules.copies)
def diag(x: td.Tensor) -> td.Tensor:
    """Matrices with the last axis of x on their diagonal and 0 elsewhere.

    Args:
        x: (..., n).

    Returns: (..., n, n). Source: PyTorch's `torch.diag_embed`.
    """
    td.check(x.ndim > 0, "diag: x is a scalar", error=td.ShapeError)

    def value(*at: td.Expr) -> td.Expr:
        return td.where(at[-2] == at[-1], x[at[:-1]], td.cast(0, x.dtype))

    return td.compute("diag", (*x.shape, x.shape[-1]), value)


@op(reference=np.tril, cpu=td.schedules.copies)
def tril(x: td.Tensor, k: int = 0) -> td.Tensor:
    """The elements with column <= row + k, 0 elsewhere. Args: x: (..., m, n). Source: the array API's `tril`."""
    _matrices("tril", x)
    return _triangle("tril", x, lambda row, column: column <= row + k)


@op(reference=np.triu, cpu=td.schedules.copies)
def triu(x: td.Tensor, k: int = 0) -> td.Tensor:
    """The elements with column >= row + k, 0 elsewhere. Args: x: (..., m, n). Source: the array API's `triu`."""
    _matrices("triu", x)
    return _triangle("triu", x, lambda row, column: column >= row + k)


def _triangle(name: str, x: td.Tensor, inside: Callable[[td.Expr, td.Expr], td.Expr]) -> td.Tensor:
    def value(*at: td.Expr) -> td.Expr:
        return td.where(inside(at[-2], at[-1]), x[at], td.cast(0, x.dtype))

    return td.compute(name, x.shape, value)
