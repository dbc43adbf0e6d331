"""Pages of the codes S33x: directives that copy, move or replace parts of a program."""

from __future__ import annotations

from tdsl.error_pages.page import ErrorPage
from tdsl.error_pages.programs import CHAIN, MATRIX
from tdsl.errors import PlacementError

_TWO_READERS = (
    CHAIN
    + """c = td.compute("c", (n,), lambda i: a[i] * 0.5)
"""
)

PAGES: tuple[ErrorPage, ...] = (
    ErrorPage(
        "S330",
        PlacementError,
        "a clone that leaves the stage unread",
        "`clone(P, reader)` gives some readers a copy of `P`; the others, or the caller, keep the original.",
        CHAIN + 'td.schedule(b).clone(a, b, name="mine")',
        _TWO_READERS + 'td.schedule(b, c).clone(a, c, name="mine")',
    ),
    ErrorPage(
        "S331",
        PlacementError,
        "nothing to hoist",
        "`hoist(S, loop)` computes outside of a loop what is the same for all of its iterations: operations on elements "
        "and params that neither the loop nor those inside it change. Updates in place change what they read.",
        MATRIX + 'td.schedule(C).hoist(C, "k")',
        """
n = td.size("n")
x, A = td.placeholder("x", (n,)), td.placeholder("A", (n, n))
y = td.compute("y", (n, n), lambda i, j: A[i, j] / td.sqrt(x[i]))
td.schedule(y).hoist(y, "j")
""",
    ),
)
