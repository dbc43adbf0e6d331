"""Small programs that the tests of the rules share."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import tdsl as td


@pytest.fixture
def matmul() -> SimpleNamespace:
    """C = A @ B with symbolic sizes; `s` is the plain schedule."""
    m, n, p = td.size("m"), td.size("n"), td.size("p")
    A, B = td.placeholder("A", (m, p)), td.placeholder("B", (p, n))
    k = td.reduce_axis("k", p)
    C = td.compute("C", (m, n), lambda i, j: td.sum(A[i, k] * B[k, j], over=k))
    return SimpleNamespace(A=A, B=B, C=C, k=k, m=m, n=n, p=p, s=td.schedule(C))


@pytest.fixture
def blur() -> SimpleNamespace:
    """by reads three rows of bx, which reads inp."""
    h, w = td.size("h"), td.size("w")
    inp = td.placeholder("inp", (h + 2, w + 2))
    bx = td.compute("bx", (h + 2, w), lambda y, x: inp[y, x] + inp[y, x + 1] + inp[y, x + 2])
    by = td.compute("by", (h, w), lambda y, x: bx[y, x] + bx[y + 1, x] + bx[y + 2, x])
    return SimpleNamespace(inp=inp, bx=bx, by=by, h=h, w=w, s=td.schedule(by))
