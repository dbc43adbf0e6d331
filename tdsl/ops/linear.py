"""Products of matrices and Einstein sums. Tensors in, a tensor out.

Half precision is accumulated in float32 and rounded once, as PyTorch and ONNX Runtime do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

import tdsl as td
from tdsl.ops.broadcasting import NARROW, Extent, agree, broadcast_shapes, is_one
from tdsl.ops.operator import op
from tdsl.ops.row_classes import LONG_ROW

FEW = 8
"""Rows up to which a matrix is read where it lies; measured, see `td.schedules.few_rows`."""


def _is_row_by_matrix(x: tuple[int, ...], y: tuple[int, ...]) -> bool:
    return len(y) == 2 and y[-1] >= LONG_ROW and (len(x) == 1 or (len(x) == 2 and x[0] == 1))


def _has_two_rows(x: tuple[int, ...], y: tuple[int, ...], *_: tuple[int, ...]) -> bool:
    return len(x) > 1 and len(y) > 1 and 2 <= math.prod(x[:-1]) <= 3


def _has_few_rows(x: tuple[int, ...], y: tuple[int, ...], *_: tuple[int, ...]) -> bool:
    return len(x) > 1 and len(y) > 1 and 2 <= math.prod(x[:-1]) <= FEW


BY_ROWS = (
    td.SizeClass("2 or 3 rows", td.schedules.two_rows, _has_two_rows),
    td.SizeClass(f"4 to {FEW} rows", td.schedules.few_rows, _has_few_rows),
    td.schedules.products,
)


@op(
    reference=np.matmul,
    cpu=(td.SizeClass("row by matrix", td.schedules.row_by_matrix, _is_row_by_matrix), *BY_ROWS),
)
def matmul(x: td.Tensor, y: td.Tensor) -> td.Tensor:
    """The matrix product; leading axes are batches and broadcast.

    Args:
        x: (..., m, k), or (k,), a row. y: (..., k, n), or (k,), a column.

    Errors: E130 a scalar, inner extents that differ, batches that do not broadcast.
    Source: the array API's `matmul`, NumPy's rules for vectors.
    """
    td.check(x.ndim > 0 and y.ndim > 0, "matmul: a scalar has no rows: use multiply", error=td.ShapeError)
    inner = y.shape[-2] if y.ndim > 1 else y.shape[0]
    agree("matmul", x.shape[-1], inner, f"{x.shape} by {y.shape}: {x.shape[-1]} columns meet {inner} rows")
    batch = broadcast_shapes(
        "matmul", (x.shape[:-2], y.shape[:-2]), f"batches of {x.shape} and {y.shape} do not broadcast"
    )
    k = td.reduce_axis("k", x.shape[-1])
    rows = x.shape[-2:-1] if x.ndim > 1 else ()
    columns = y.shape[-1:] if y.ndim > 1 else ()
    dtype = _narrow("matmul", x, y)

    def value(*at: td.Expr) -> object:
        outer, inside = at[: len(batch)], at[len(batch) :]
        i, j = inside[: len(rows)], inside[len(rows) :]
        left = x[(*_batched(x, outer, 1 + len(rows)), *i, k)]
        right = y[(*_batched(y, outer, 1 + len(columns)), k, *j)]
        return _product_sum([left, right], (k,), dtype)

    return td.compute("matmul", (*batch, *rows, *columns), value)


def _batched(x: td.Tensor, outer: Sequence[td.Expr], own: int) -> tuple[td.Expr | int, ...]:
    """Subscripts of a tensor's batch axes: 0 where its extent is 1."""
    count = x.ndim - own
    at = outer[len(outer) - count :]
    return tuple(
        0 if is_one(extent) else subscript for extent, subscript in zip(x.shape[:count], at, strict=True)
    )


def _narrow(what: str, *tensors: td.Tensor) -> str | None:
    """The dtype of the result where all operands are of one half precision. Errors: E130 conditions only."""
    names = {tensor.dtype.name for tensor in tensors}
    td.check(names != {"bool"}, f"{what}: conditions have no product: cast one operand", error=td.DTypeError)
    (only,) = names if len(names) == 1 else ("",)
    return only if only in NARROW else None


def _product_sum(factors: Sequence[td.Expr], over: Sequence[td.AxisHandle], narrow: str | None) -> td.Expr:
    wide = [td.cast(factor, "float32") for factor in factors] if narrow else list(factors)
    term = wide[0]
    for factor in wide[1:]:
        term = term * factor
    total = td.sum(term, over=tuple(over)) if over else term
    return td.cast(total, narrow) if narrow else total


def _linear_reference(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    found = x @ weight.T
    return found if bias is None else found + bias


@op(reference=_linear_reference, cpu=BY_ROWS)
def linear(x: td.Tensor, weight: td.Tensor, bias: td.Tensor | None = None) -> td.Tensor:
    """X @ weight.T + bias.

    Args:
        x: (..., k). weight: (n, k). bias: (n,), or None.

    Errors: E130 extents that differ. Source: PyTorch's `functional.linear`, ONNX's Gemm.
    """
    td.check(
        weight.ndim == 2, f"linear: weight is a matrix, not of {weight.ndim} dimensions", error=td.ShapeError
    )
    td.check(x.ndim > 0, "linear: x is a scalar", error=td.ShapeError)
    agree(
        "linear",
        x.shape[-1],
        weight.shape[1],
        f"x has {x.shape[-1]} features, weight takes {weight.shape[1]}",
    )
    k = td.reduce_axis("k", x.shape[-1])
    dtype = _narrow("linear", x, weight)

    def value(*at: td.Expr) -> object:
        return _product_sum([x[(*at[:-1], k)], weight[at[-1], k]], (k,), dtype)

    product = td.compute("linear", (*x.shape[:-1], weight.shape[0]), value)
    if bias is None:
        return product
    td.check(bias.ndim == 1, "linear: bias is a vector", error=td.ShapeError)
    agree(
        "linear",
        bias.shape[0],
        weight.shape[0],
        f"bias has {bias.shape[0]} entries for {weight.shape[0]} outputs",
    )
    return product + bias


@op(reference=np.einsum, cpu=td.schedules.products)
def einsum(equation: str, *operands: td.Tensor) -> td.Tensor:
    """The Einstein sum: "bij,bkj->bik"; without "->" the letters that occur once, in alphabetic order.

    Args:
        equation: letters and commas; "..." stands for leading axes, which broadcast.
        operands: a tensor for each of the terms; two axes of one letter agree, in one operand they take its diagonal.

    Errors: E130 an equation that cannot be read, a letter in the result that no operand has, extents that differ.
    Source: NumPy's `einsum`, ONNX's Einsum.
    """
    terms, result, batch = _equation(equation, operands)
    extents: dict[str, Extent] = {}
    for term, operand in zip(terms, operands, strict=True):
        for letter, extent in zip(reversed(term), reversed(operand.shape), strict=False):
            known = extents.setdefault(letter, extent)
            agree("einsum", known, extent, f"{letter!r} is {known} in one place and {extent} in another")
    letters = [letter for term in terms for letter in term]
    over = {
        letter: td.reduce_axis(f"k_{letter}", extents[letter])
        for letter in dict.fromkeys(letters)
        if letter not in result
    }

    def value(*at: td.Expr) -> object:
        outer, inside = at[: len(batch)], at[len(batch) :]
        places: dict[str, object] = {**dict(zip(result, inside, strict=True)), **over}
        factors = [
            operand[(*_batched(operand, outer, len(term)), *(places[letter] for letter in term))]
            for term, operand in zip(terms, operands, strict=True)
        ]
        return _product_sum(factors, tuple(over.values()), _narrow("einsum", *operands))

    return td.compute("einsum", (*batch, *(extents[letter] for letter in result)), value)


def _equation(equation: str, operands: Sequence[td.Tensor]) -> tuple[list[str], str, tuple[Extent, ...]]:
    """Letters of each operand, letters of the result, the shape of what "..." stands for."""
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    td.check(
        len(terms) == len(operands),
        f"einsum: {equation!r} has {len(terms)} terms for {len(operands)} operands",
    )
    for term in (*terms, right):
        plain = term.replace("...", "", 1)
        td.check(
            plain == "" or (plain.isascii() and plain.isalpha()),
            f"einsum: {term!r} in {equation!r} is not made of letters",
        )
    plains = [term.replace("...", "") for term in terms]
    rests: list[tuple[Extent, ...]] = []
    for term, plain, operand in zip(terms, plains, operands, strict=True):
        more = operand.ndim - len(plain)
        td.check(
            more == 0 or ("..." in term and more > 0),
            f"einsum: {term!r} names {len(plain)} axes of an operand that has {operand.ndim}",
            error=td.ShapeError,
        )
        if "..." in term:
            td.check(term.startswith("..."), f'einsum: "..." stands first in {term!r} only')
            rests.append(operand.shape[:more])
    used = [letter for plain in plains for letter in plain]
    result = (
        right.replace("...", "") if arrow else "".join(sorted(x for x in set(used) if used.count(x) == 1))
    )
    for letter in result:
        td.check(letter in used, f"einsum: no operand has the axis {letter!r} of the result")
    td.check(len(set(result)) == len(result), f"einsum: the result names an axis twice in {equation!r}")
    batch = broadcast_shapes("einsum", rests, f'the axes of "..." do not broadcast in {equation!r}')
    td.check(
        not (arrow and batch and "..." not in right), f'einsum: the result of {equation!r} leaves out "..."'
    )
    return plains, result, batch
