"""Pages of the codes S1xx: arguments of directives. S2xx to S4xx are in `legality.py`."""

from __future__ import annotations

from tdsl.error_pages.page import ErrorPage
from tdsl.error_pages.programs import BACKWARDS, CHAIN, MATRIX, ROWS, SCALE
from tdsl.errors import (
    ArgumentError,
    ArgumentTypeError,
    DuplicateNameError,
    LimitError,
    UnknownAxisError,
    UnknownStageError,
)

PAGES: tuple[ErrorPage, ...] = (
    ErrorPage(
        "S102",
        UnknownStageError,
        "no such stage",
        "Stages are named by their tensor or its name; inputs are none. The message lists the stages.",
        MATRIX + 'td.schedule(C).split("D", "i", 8)',
        MATRIX + 'td.schedule(C).split("C", "i", 8)',
    ),
    ErrorPage(
        "S103",
        UnknownStageError,
        "a stage that was inlined",
        "An inlined stage is part of its readers' expressions: it has no loops and no storage to direct.",
        CHAIN + 'td.schedule(b).inline(a).split(a, "i", 8)',
        CHAIN + 'td.schedule(b).inline(a).split(b, "i", 8)',
    ),
    ErrorPage(
        "S104",
        UnknownAxisError,
        "no such axis",
        "Loop directives name the axes of the stage as they now stand; the message lists them, and the stage that has "
        "an axis of that name.",
        MATRIX + 'td.schedule(C).split(C, "y", 8)',
        MATRIX + 'td.schedule(C).split(C, "i", 8)',
    ),
    ErrorPage(
        "S105",
        UnknownAxisError,
        "an axis that an earlier directive consumed",
        "`split`, `tile`, `fuse` and `vectorize` of a whole axis replace axes by new ones. The message says which "
        "directive did it, on which line, and what the new names are. Applying the same step twice ends here.",
        MATRIX + 'td.schedule(C).split(C, "i", 8).split(C, "i", 8)',
        MATRIX + 'td.schedule(C).split(C, "i", 8).split(C, "ii", 4)',
    ),
    ErrorPage(
        "S106",
        ArgumentTypeError,
        "an axis that is not given by name",
        "The axes of a stage are loops that directives make and unmake, so they are named by strings.",
        MATRIX + "td.schedule(C).split(C, k, 8)",
        MATRIX + 'td.schedule(C).split(C, "k", 8)',
    ),
    ErrorPage(
        "S107",
        UnknownAxisError,
        "no such dim",
        "Storage directives (`layout`, `fold`, `align`) name dims, the dimensions of the array, which never change; "
        "loop directives name axes. `s.dims(C)` and `s.axes(C)` list them.",
        CHAIN
        + 'td.schedule(b).split(b, "i", 8).store_at(a, b, "io").compute_at(a, b, "ii").fold(a, "io", 4)',
        CHAIN + 'td.schedule(b).split(b, "i", 8).store_at(a, b, "io").compute_at(a, b, "ii").fold(a, "i", 4)',
    ),
    ErrorPage(
        "S108",
        ArgumentError,
        "a factor that is too small",
        "Factors, widths and numbers of parts are at least one.",
        MATRIX + 'td.schedule(C).split(C, "i", 0)',
        MATRIX + 'td.schedule(C).split(C, "i", 8)',
    ),
    ErrorPage(
        "S109",
        ArgumentTypeError,
        "a factor that is no constant integer",
        "Factors, widths and numbers of parts are ints or knobs (`td.knob`): 2.5, True and expressions of sizes are "
        "refused.",
        MATRIX + 'td.schedule(C).split(C, "i", 2.5)',
        MATRIX + 'td.schedule(C).split(C, "i", 2)',
    ),
    ErrorPage(
        "S110",
        ArgumentError,
        "a word that the directive does not know",
        "Tails are guard, mask, peel, shift and pad; scopes are heap, stack and register (and the GPU's on CUDA); the "
        "message lists what this directive takes, for this target.",
        MATRIX + 'td.schedule(C).split(C, "i", 7, tail="ragged")',
        MATRIX + 'td.schedule(C).split(C, "i", 7, tail="peel")',
    ),
    ErrorPage(
        "S111",
        ArgumentError,
        "a new name that is no identifier",
        "Names given by `into=` and `name=` are Python identifiers and no keywords.",
        MATRIX + 'td.schedule(C).split(C, "i", 8, into=("i out", "i in"))',
        MATRIX + 'td.schedule(C).split(C, "i", 8, into=("i_out", "i_in"))',
    ),
    ErrorPage(
        "S112",
        ArgumentError,
        "a new axis whose name is taken",
        "Names given by `into=` must be free in the stage: no axis, retired axis or size of it.",
        MATRIX + 'td.schedule(C).split(C, "i", 8, into=("io", "j"))',
        MATRIX + 'td.schedule(C).split(C, "i", 8, into=("io", "ii"))',
    ),
    ErrorPage(
        "S113",
        ArgumentError,
        "a new stage whose name is taken",
        "Names given by `name=` must be free in the schedule: no stage and no input.",
        MATRIX + 'td.schedule(C).cache_read(A, C, name="B")',
        MATRIX + 'td.schedule(C).cache_read(A, C, name="Ap")',
    ),
    ErrorPage(
        "S114",
        ArgumentError,
        "a loop that is marked already",
        "A loop is serial, parallel, unrolled or vector lanes: one of them, once.",
        MATRIX + 'td.schedule(C).parallel(C, "i").unroll(C, "i")',
        MATRIX + 'td.schedule(C).parallel(C, "i").unroll(C, "j", 4)',
    ),
    ErrorPage(
        "S115",
        LimitError,
        "too many iterations to write out",
        "Unrolled loops and vector lanes are written out in the code. The message has the number and the limit. Split "
        "first and unroll the inner loop.",
        SCALE + 'td.schedule(y).unroll(y, "i")',
        SCALE + 'td.schedule(y).unroll(y, "i", 8)',
    ),
    ErrorPage(
        "S116",
        ArgumentError,
        "a split without factor, or with two kinds",
        "`split` takes a factor or `parts=` (of a constant extent), `tile` at least one axis with its factor.",
        MATRIX + 'td.schedule(C).split(C, "i", 8, parts=4)',
        MATRIX + 'td.schedule(C).split(C, "i", parts=4)',
    ),
    ErrorPage(
        "S117",
        ArgumentError,
        "splitting a fused loop",
        "A fused loop is an order over its parents, so it has no blocks of its own. Split the parents before, or give "
        "`parallel` a chunk.",
        MATRIX + 'td.schedule(C).fuse(C, "i", "j", into="t").split(C, "t", 8)',
        MATRIX + 'td.schedule(C).split(C, "j", 8).fuse(C, "i", "jo", into="t")',
    ),
    ErrorPage(
        "S118",
        ArgumentError,
        "a tail that the loop does not allow",
        "`shift` moves the last block back so that it is full: some elements are computed twice. That is for pure "
        "stages on serial and vector loops, where the output aliases no input. `pad` computes the last block whole "
        "into longer storage; over a reduction there is none, and terms past the end would be added.",
        MATRIX + 'td.schedule(C).split(C, "k", 7, tail="shift")',
        MATRIX + 'td.schedule(C).split(C, "k", 7, tail="peel")',
    ),
    ErrorPage(
        "S119",
        ArgumentError,
        "a wrong number of new names",
        "`into=` has one name a new axis, outermost first.",
        MATRIX + 'td.schedule(C).split(C, "i", 8, into=("io",))',
        MATRIX + 'td.schedule(C).split(C, "i", 8, into=("io", "ii"))',
    ),
    ErrorPage(
        "S120",
        ArgumentError,
        "an axis named twice",
        "Each axis stands once in the order that `reorder` or `fuse` is given, and `...` once.",
        MATRIX + 'td.schedule(C).reorder(C, "i", "j", "i")',
        MATRIX + 'td.schedule(C).reorder(C, "j", "i")',
    ),
    ErrorPage(
        "S121",
        ArgumentError,
        "a knob that cannot be one",
        "A knob has an identifier as its name, a list of integers, and a default among them.",
        'td.knob("ti", [4, 8], default=5)',
        'td.knob("ti", [4, 8], default=4)',
    ),
    ErrorPage(
        "S122",
        ArgumentError,
        "vector lanes that are not innermost",
        "Lanes run in lockstep inside all other loops, so `reorder` keeps them last.",
        MATRIX + 'td.schedule(C).vectorize(C, "j", 8).reorder(C, "jv", "i")',
        MATRIX + 'td.schedule(C).reorder(C, "j", "i").vectorize(C, "j", 8)',
    ),
    ErrorPage(
        "S123",
        ArgumentError,
        "fusing axes that are no neighbours",
        "`fuse` takes two or more loops that follow each other, outermost first. `reorder` brings them together.",
        MATRIX + 'td.schedule(C).fuse(C, "i", "k")',
        MATRIX + 'td.schedule(C).fuse(C, "i", "j")',
    ),
    ErrorPage(
        "S124",
        ArgumentError,
        "a stage that is vectorized already",
        "One loop of a stage is the vector lanes. Unroll another one for more work an iteration.",
        MATRIX + 'td.schedule(C).vectorize(C, "j", 8).vectorize(C, "i", 4)',
        MATRIX + 'td.schedule(C).vectorize(C, "j", 8).unroll(C, "i", 4)',
    ),
    ErrorPage(
        "S125",
        ArgumentError,
        "lanes or copies without a number",
        "Vector lanes and unrolled copies are a constant number. `vectorize(C, axis, width)` splits; without a width "
        "the whole axis must have a constant extent.",
        CHAIN + 'td.schedule(b).vectorize(b, "i")',
        CHAIN + 'td.schedule(b).vectorize(b, "i", 8)',
    ),
    ErrorPage(
        "S126",
        ArgumentError,
        "lanes over a reduction that cannot be halved",
        "A vectorized reduction keeps one partial result a lane and combines them by halves (lane l with l + width/2), "
        "so its width is a power of two.",
        MATRIX + 'td.schedule(C).vectorize(C, "k", 6)',
        MATRIX + 'td.schedule(C).vectorize(C, "k", 8)',
    ),
    ErrorPage(
        "S127",
        UnknownStageError,
        "no such tensor",
        "`cache_read` copies a tensor that some stage of this schedule reads.",
        MATRIX + 'td.schedule(C).cache_read("D", C, name="Dp")',
        MATRIX + 'td.schedule(C).cache_read("A", C, name="Ap")',
    ),
    ErrorPage(
        "S128",
        ArgumentTypeError,
        "assume without a condition",
        "`assume` takes a comparison of sizes, or `td.all` of several.",
        CHAIN + "td.schedule(b).assume(n)",
        CHAIN + "td.schedule(b).assume(n % 8 == 0)",
    ),
    ErrorPage(
        "S129",
        ArgumentError,
        "a condition on what the call does not know",
        "What is assumed is checked when the kernel is called, before anything is computed: conditions on the sizes "
        "and params of this schedule.",
        CHAIN + 'm = td.size("m")\ntd.schedule(b).assume(m <= 8)',
        CHAIN + "td.schedule(b).assume(n <= 8)",
    ),
    ErrorPage(
        "S130",
        ArgumentError,
        "a condition that never holds",
        "Assuming what is false would allow everything and run nothing.",
        CHAIN + "td.schedule(b).assume(n < n)",
        CHAIN + "td.schedule(b).assume(n < 64)",
    ),
    ErrorPage(
        "S131",
        ArgumentError,
        "a layout that is no callable of the dims",
        "`layout` takes a callable with one parameter a dim, which returns the subscripts of the storage: int64 "
        "expressions of the dims.",
        MATRIX + 'td.schedule(C).cache_read(B, C, name="Bp").layout("Bp", lambda k: (k // 8, k % 8))',
        MATRIX + 'td.schedule(C).cache_read(B, C, name="Bp").layout("Bp", lambda k, j: (j // 8, k, j % 8))',
    ),
    ErrorPage(
        "S133",
        ArgumentError,
        "nothing to schedule",
        "`td.schedule` takes the outputs: tensors that a stage computes, each once.",
        'x = td.placeholder("x", (8,))\ntd.schedule(x)',
        'x = td.placeholder("x", (8,))\ntd.schedule(td.compute("y", (8,), lambda i: x[i]))',
    ),
    ErrorPage(
        "S134",
        DuplicateNameError,
        "two things of one name in one schedule",
        "Placeholders, params, sizes and stages are arguments and handles by name, so two different ones may not share "
        "a name.",
        """
x = td.placeholder("x", (8,))
a = td.compute("a", (8,), lambda i: x[i] + 1)
b = td.compute("a", (8,), lambda i: a[i] * 2)
td.schedule(b)
""",
        """
x = td.placeholder("x", (8,))
a = td.compute("a", (8,), lambda i: x[i] + 1)
b = td.compute("b", (8,), lambda i: a[i] * 2)
td.schedule(b)
""",
    ),
    ErrorPage(
        "S135",
        ArgumentError,
        "no such step",
        "`without`, `replace` and `undo` name a step of this schedule: an entry of `s.steps`, or its position.",
        MATRIX + 'td.schedule(C).split(C, "i", 8).without(3)',
        MATRIX + 'td.schedule(C).split(C, "i", 8).without(0)',
    ),
    ErrorPage(
        "S136",
        ArgumentError,
        "no such argument of a step",
        "`replace` changes arguments of a step by the names that the step has; the message lists them.",
        MATRIX + 's = td.schedule(C).split(C, "i", 8)\ns.replace(0, width=16)',
        MATRIX + 's = td.schedule(C).split(C, "i", 8)\ns.replace(0, factor=16)',
    ),
    ErrorPage(
        "S137",
        ArgumentError,
        "a knob without that value",
        "`s.set` fixes knobs by name to one of their declared values; one name is one knob.",
        MATRIX + 'ti = td.knob("ti", [4, 8], default=4)\ntd.schedule(C).split(C, "i", ti).set(ti=16)',
        MATRIX + 'ti = td.knob("ti", [4, 8], default=4)\ntd.schedule(C).split(C, "i", ti).set(ti=8)',
    ),
    ErrorPage(
        "S138",
        ArgumentTypeError,
        "a function given to apply that returns no schedule",
        "`s.apply(function, …)` expects a function that takes a schedule and returns one: schedules are values.",
        MATRIX + "td.schedule(C).apply(lambda s: None)",
        MATRIX + 'td.schedule(C).apply(lambda s: s.split(C, "i", 8))',
    ),
    ErrorPage(
        "S139",
        ArgumentError,
        "a stage that is neither tensor nor name",
        "Stages and tensors are named by the tensor itself or by its name.",
        MATRIX + 'td.schedule(C).split(0, "i", 8)',
        MATRIX + 'td.schedule(C).split(C, "i", 8)',
    ),
    ErrorPage(
        "S140",
        ArgumentError,
        "a skew that is none",
        "A loop is skewed by another loop of its stage, by a constant that is not 0; loops over a reduction are not.",
        MATRIX + 'td.schedule(C).skew(C, "i", by="i", into="w")',
        MATRIX + 'td.schedule(C).skew(C, "j", by="i", into="w")',
    ),
    ErrorPage(
        "S141",
        ArgumentError,
        "a reduction turned round",
        "The terms of a reduction in reverse order are another sum, and no faster one.",
        MATRIX + 'td.schedule(C).reverse(C, "k")',
        MATRIX + 'td.schedule(C).reverse(C, "i")',
    ),
    ErrorPage(
        "S142",
        ArgumentError,
        "a recurrence without its first steps",
        "Where the written order of a recurrence reads elements before they are made, its schedules begin with the steps "
        "that put it right; they cannot be left out or changed.",
        BACKWARDS + "td.schedule(S).undo()",
        BACKWARDS + "td.schedule(S).steps",
    ),
    ErrorPage(
        "S143",
        ArgumentError,
        "a shift that is none",
        "A loop is shifted by a constant that is not 0, of at most 2^40.",
        MATRIX + 'td.schedule(C).shift(C, "i", 0)',
        MATRIX + 'td.schedule(C).shift(C, "i", 1)',
    ),
    ErrorPage(
        "S164",
        ArgumentError,
        "a question about no size",
        "`s.batch_invariant(size)` takes a size of the schedule, or its name; `td.schedule(…, exact=)` takes a bool.",
        MATRIX + 'td.schedule(C).batch_invariant("rows")',
        ROWS + 'td.schedule(total).batch_invariant("n")',
    ),
    ErrorPage(
        "S180",
        ArgumentError,
        "a reason for no step",
        "`s.because(reason)` notes one line of text at the last step, or at every step from number `since=` on.",
        MATRIX + 'td.schedule(C).because("fits into L1")',
        MATRIX + 'td.schedule(C).split(C, "i", 8).because("fits into L1")',
    ),
    ErrorPage(
        "S181",
        ArgumentError,
        "a product without reuse",
        "`td.schedules.gemm_blocked` tiles reductions of a product of two reads, one of which the last data axis moves, "
        "and the other not; other reductions have no tile to keep in registers.",
        ROWS + "td.schedules.gemm_blocked(td.schedule(total), total)",
        ROWS + "td.schedules.reduce_rows(td.schedule(total), total)",
    ),
    ErrorPage(
        "S182",
        ArgumentError,
        "tiles that threads do not divide",
        "`td.schedules.gemm_tiles` gives each thread of a block the same number of results, in groups of 4 neighbours: "
        "`thread_rows` is a multiple of 4 that divides `rows`, and so along columns.",
        MATRIX + "td.schedules.gemm_tiles(td.schedule(C), C, thread_rows=6)",
        MATRIX + "td.schedules.gemm_tiles(td.schedule(C), C, rows=64, thread_rows=4)",
    ),
    ErrorPage(
        "S183",
        ArgumentError,
        "a schedule function's count that is none",
        "Rows, columns, vectors and terms of the functions in `td.schedules` are positive integers: how many of them a "
        "tile has.",
        MATRIX + "td.schedules.gemm_blocked(td.schedule(C), C, rows=0)",
        MATRIX + "td.schedules.gemm_blocked(td.schedule(C), C, rows=4)",
    ),
    ErrorPage(
        "S144",
        ArgumentError,
        "a peel that is none",
        "`first=` and `last=` count iterations; one of them is at least 1.",
        MATRIX + 'td.schedule(C).peel(C, "i", first=0)',
        MATRIX + 'td.schedule(C).peel(C, "i", first=1, last=1)',
    ),
    ErrorPage(
        "S145",
        ArgumentError,
        "tiles that are not there",
        "`separate` puts full and partial tiles into loops of their own; tiles come of a split, and the loop that walks "
        "them is its outer one.",
        MATRIX + 'td.schedule(C).separate(C, "i")',
        MATRIX + 'td.schedule(C).split(C, "i", 8).separate(C, "io")',
    ),
)
