"""Pages of the codes S33x: directives that copy, move or replace parts of a program."""

from __future__ import annotations

from tdsl.error_pages.page import ErrorPage
from tdsl.error_pages.programs import BYTES, CHAIN, MATRIX
from tdsl.errors import ArgumentError, PlacementError

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
    ErrorPage(
        "S332",
        ArgumentError,
        "versions that overlap, or decide nothing",
        "`specialize` makes a version for the calls that satisfy a condition. Conditions of two versions may not hold "
        "together, so that their order says nothing, and a condition holds for some calls and not for others.",
        CHAIN + "td.schedule(b).specialize(n % 4 == 0).specialize(n % 8 == 0)",
        CHAIN + "td.schedule(b).specialize(n % 8 == 0).specialize(td.all(n % 4 == 0, n % 8 != 0))",
    ),
    ErrorPage(
        "S333",
        PlacementError,
        "steps that a version cannot have",
        "A version goes on from the schedule that its function is given, with steps of its own; what it may assume is its "
        "condition, and knobs are set for all versions at once.",
        CHAIN + "td.schedule(b).specialize(n % 8 == 0, lambda s: s.assume(n >= 8))",
        CHAIN + "td.schedule(b).specialize(td.all(n % 8 == 0, n >= 8))",
    ),
    ErrorPage(
        "S334",
        PlacementError,
        "changes that cannot be atomic",
        "`atomic` is for reductions of one value and for updates `U[at] = U[at] op e` with `e` free of U and op one of "
        "`+ - * & | ^ min max`, also as a chain of one operation (`U[at] + a - b`) and under conditions free of U "
        "(`td.where(c, U[at] + a, U[at])`): operations that commute, one element at a time. Lanes and promoted "
        "tiles change several.",
        CHAIN + "td.schedule(b).atomic(b)",
        MATRIX + 'td.schedule(C).atomic(C).reorder(C, "k", "i", "j").parallel(C, "k")',
    ),
    ErrorPage(
        "S335",
        PlacementError,
        "a dim that is aligned already, or laid out anew",
        "`align` rounds the extent of a dim up, once. A layout says by itself how an array is stored.",
        CHAIN + 'td.schedule(b).align(a, "i", 8).align(a, "i", 16)',
        CHAIN + 'td.schedule(b).align(a, "i", 16)',
    ),
    ErrorPage(
        "S336",
        PlacementError,
        "nothing that could be prefetched",
        "`prefetch` asks for cache lines whose addresses are known ahead: of arrays in memory, at subscripts that no data "
        "decides.",
        CHAIN + 'td.schedule(b).split(b, "i", 8).unroll(b, "ii").compute_at(a, b, "io").scope(a, "register")'
        '.prefetch(b, a, "io")',
        CHAIN + 'td.schedule(b).prefetch(a, x, "i", 8)',
    ),
    ErrorPage(
        "S337",
        PlacementError,
        "tiles that cannot be made ahead",
        "`double_buffer` makes the tile of a later iteration before the present one uses its own. The stage has to be computed "
        "and stored in a loop that runs serially, in memory, and to read nothing that this loop makes: it would not be there "
        "yet. What is double-buffered in the same loop moves along.",
        CHAIN + "td.schedule(b).double_buffer(a)",
        CHAIN + 'td.schedule(b).split(b, "i", 8).compute_at(a, b, "io").double_buffer(a)',
    ),
    ErrorPage(
        "S338",
        PlacementError,
        "stores that cannot go past the caches",
        "`stream` is for arrays in memory that are larger than the caches and not read again soon. What lives on the stack, in "
        "registers or in shared memory is small; what is changed at once has to be read first.",
        CHAIN + 'td.schedule(b).split(b, "i", 8).compute_at(a, b, "io").scope(a, "stack").stream(a)',
        CHAIN + 'td.schedule(b).vectorize(b, "i", 8).stream(b)',
    ),
    ErrorPage(
        "S146",
        ArgumentError,
        "an intrinsic that nobody declared",
        "`tensorize` takes the name of an instruction that tdsl knows, or what `td.intrinsic` declares. The message lists "
        "the names.",
        BYTES + 'td.schedule(C).tensorize(C, "j", "vpdpbusds")',
        BYTES + 'td.schedule(C).tensorize(C, "j", "vpdpbusd")',
    ),
    ErrorPage(
        "S147",
        PlacementError,
        "a tile that the instruction does not compute",
        "An instruction computes a sum of products of given dtypes on a tile of given extents. The stage has to be that sum, "
        "its factors casts of those dtypes, and the loops from the named one inwards have to make up the tile: those of the "
        "reduction its terms, the others its elements.",
        BYTES + 'td.schedule(C).tensorize(C, "k", "vpdpbusd")',
        BYTES + 'td.schedule(C).tensorize(C, "j", "vpdpbusd")',
    ),
)
