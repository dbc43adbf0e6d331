"""Stages whose rows lie one after another in an array of one dim: `A[i * m + j]`, `x // m` and `x % m`, by sizes too.

In: a stage drawn over two axes. Out: the same over one, whose quotient and remainder take the place of the two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from tests.support.draw_terms import Dim, TensorInfo, factor
from tests.support.programs import StageDecl
from tests.support.terms import Term


def flattened(stage: StageDecl, dims: tuple[Dim, ...]) -> StageDecl:
    """A compute over (i, j) as one over i, of shape (rows * columns,)."""
    row, column = stage.axes
    columns = factor(dims[1].text())
    names = {row: f"({row} // {columns})", column: f"({row} % {columns})"}
    return replace(
        stage,
        shape=TensorInfo("", "", dims, flat=True).shape(),
        axes=(row,),
        body=tuple(_renamed(term, names) for term in stage.body),
        where=_text(stage.where, names),
    )


def _renamed(term: Term, names: Mapping[str, str]) -> Term:
    parts = tuple(_renamed(part, names) for part in term.parts)
    return replace(term, form=_text(term.form, names), bound=_text(term.bound, names), parts=parts)


def _text(text: str, names: Mapping[str, str]) -> str:
    return re.sub(rf"\b({'|'.join(names)})\b", lambda found: names[found[1]], text)
