"""Pages of the codes S2xx (legality), S3xx (placement and storage) and S4xx (saved schedules)."""

from __future__ import annotations

from tdsl.error_pages.page import ErrorPage
from tdsl.error_pages.programs import CHAIN, MATRIX, PAIR, ROWS
from tdsl.errors import FormatError, IllegalSchedule, PlacementError, UnprovenSchedule

_FOLDED = CHAIN + 'td.schedule(b).split(b, "i", 8).store_at(a, b, "io").compute_at(a, b, "ii")'

_CYCLE = """
n = td.size("n")
x = td.placeholder("x", (n,))
a = td.compute("a", (n,), lambda i: x[i] * 2.0)
b = td.compute("b", (n,), lambda i: a[i] + 1.0)
c = td.compute("c", (n,), lambda i: a[i] * b[i])
"""
"""What reads both, and what stands in between."""

_PAIR = """
n, m = td.size("n"), td.size("m")
x = td.placeholder("x", (n, m))
a = td.compute("a", (n, m), lambda i, j: x[i, j] * 2.0)
b = td.compute("b", (n,), lambda i: td.cast(i, "float32"))
"""

PAGES: tuple[ErrorPage, ...] = (
    ErrorPage(
        "S201",
        IllegalSchedule,
        "an order that runs a reader before what it reads",
        "The new order of loops, or the new place of a stage, puts an iteration before one that it depends on. The "
        "message shows the two iterations and the element; `.witness` holds them as data, and "
        "`print(error.witness.replay())` runs both orders.",
    ),
    ErrorPage(
        "S202",
        IllegalSchedule,
        "parallel iterations that touch one element",
        "Iterations of a parallel loop may run in any order and at once: none may write what another reads or writes. "
        "A reduction axis is refused for this reason: `rfactor` makes partial results, the same for any number of "
        "threads. So is a loop between the place where a stage is stored and the place where it is computed, since "
        "values are carried from one iteration to the next.",
        MATRIX + 'td.schedule(C).parallel(C, "k")',
        MATRIX + 'td.schedule(C).parallel(C, "i")',
    ),
    ErrorPage(
        "S203",
        IllegalSchedule,
        "storage that is overwritten before it is read",
        "A fold, a narrower storage level or a shared buffer lets a later value take the place of one that is still "
        "needed. The message names the smallest fold that keeps it.",
        _FOLDED + '.fold(a, "i", 2)',
        _FOLDED + '.fold(a, "i", 4)',
    ),
    ErrorPage(
        "S204",
        IllegalSchedule,
        "lanes that depend on each other",
        "Vector lanes run in lockstep, reads before writes, so no lane may read what another one writes in the same "
        "statement, nor two lanes write one element.",
    ),
    ErrorPage(
        "S205",
        IllegalSchedule,
        "a value that is read where it is not there",
        "In the new placement some iteration reads an element that is not computed, or whose buffer has ended.",
    ),
    ErrorPage(
        "S206",
        IllegalSchedule,
        "terms that would be added twice",
        "In the new arrangement some terms of a reduction run more than once.",
    ),
    ErrorPage(
        "S163",
        IllegalSchedule,
        "a step that an exact schedule refuses",
        "`td.schedule(…, exact=True)` keeps every bit of the declaration: a step that would add the terms of a floating-"
        "point sum in another order is refused. Orders of data axes, vectors over them and threads change no sum, nor does "
        "any order of a sum of integers or of a minimum.",
        MATRIX + 'td.schedule(C, exact=True).vectorize(C, "k", 8)',
        MATRIX + 'td.schedule(C, exact=True).vectorize(C, "j", 8)',
    ),
    ErrorPage(
        "S207",
        IllegalSchedule,
        "a recurrence that no order of its axes serves",
        "A recurrence may read what it has made before, in some order of its points. The written order of its axes is "
        "tried, then all permutations and reversals; where none makes every element before it is read, the message "
        "shows two points, and axes that would do. Elements that need each other in a cycle are named.",
        """
n = td.size("n")
F = td.recurrence("F", (n,), lambda F, i: F[i] + 1, dtype="int64")
td.schedule(F)
""",
        """
n = td.size("n")
F = td.recurrence("F", (n,), lambda F, i: td.where(i > 0, F[i - 1] + 1, 0), dtype="int64")
td.schedule(F)
""",
    ),
    ErrorPage(
        "S208",
        IllegalSchedule,
        "stages that need each other in one iteration",
        "Statements in a body stand in the order in which values flow within one iteration. With stages that share "
        "loops there may be no such order: a part of one needs a value that another makes later in the same iteration, "
        "and the other way round. Share loops further out, or share them with the stage in between, too. The witness is a value "
        "that is read before it is made where the body stands in the order of the declarations; every other order has one.",
        _CYCLE + 'td.schedule(c).compute_with(c, a, "i")',
        _CYCLE + 'td.schedule(c).compute_with((b, c), a, "i")',
    ),
    ErrorPage(
        "S210",
        UnprovenSchedule,
        "legality that is not decided",
        "An access goes through data or is not affine, so two iterations may or may not meet, or the question is too "
        "large for the budget of exact arithmetic. Without proof nothing is accepted. `.access` names what is opaque, "
        "`.fact` says what would decide it.",
    ),
    ErrorPage(
        "S301",
        PlacementError,
        "a reader outside the loop",
        "A stage may be placed at a loop when all its readers are inside it, directly or through stages placed there. "
        "The message lists the readers and where they stand; `.witness` is the smallest value that one outside would miss. It is "
        "None where a subscript comes from data: which element is read is then not known.",
        CHAIN + 'c = td.compute("c", (n,), lambda i: a[i] + b[i])\ntd.schedule(c).compute_at(a, c, "i")',
        CHAIN
        + 'c = td.compute("c", (n,), lambda i: a[i] + b[i])\n'
        + 'td.schedule(c).compute_at(b, c, "i").compute_at(a, c, "i")',
    ),
    ErrorPage(
        "S302",
        PlacementError,
        "an output that would not be a whole array",
        "Outputs are arrays of the caller, computed whole at root: they are neither placed in loops nor inlined.",
        CHAIN + 'td.schedule(a, b).compute_at(a, b, "i")',
        CHAIN + 'td.schedule(b).compute_at(a, b, "i")',
    ),
    ErrorPage(
        "S303",
        PlacementError,
        "a stage inside itself",
        "A stage cannot stand inside itself, directly or through the stages it is placed in.",
        CHAIN + 'td.schedule(b).compute_at(a, a, "i")',
        CHAIN + 'td.schedule(b).compute_at(a, b, "i")',
    ),
    ErrorPage(
        "S304",
        PlacementError,
        "a stage inside vector lanes",
        "Lanes run in lockstep, one statement after another, so no loop nest can stand inside them. The loop over "
        "vectors keeps the axis' name and can hold one.",
        CHAIN + 'td.schedule(b).vectorize(b, "i", 8).compute_at(a, b, "iv")',
        CHAIN + 'td.schedule(b).vectorize(b, "i", 8).compute_at(a, b, "i")',
    ),
    ErrorPage(
        "S305",
        PlacementError,
        "fusing loops with a stage between them",
        "A stage that is placed at the outer loop runs once an iteration of it; after the fuse there is no such place.",
    ),
    ErrorPage(
        "S306",
        PlacementError,
        "inlining a reduction",
        "Inlining replaces reads by the expression, so every reader would run the whole reduction again. Place the "
        "stage with `compute_at`.",
        MATRIX + 'D = td.compute("D", (64, 64), lambda i, j: C[i, j] + 1.0)\ntd.schedule(D).inline(C)',
        MATRIX
        + 'D = td.compute("D", (64, 64), lambda i, j: C[i, j] + 1.0)\ntd.schedule(D).compute_at(C, D, "j")',
    ),
    ErrorPage(
        "S307",
        PlacementError,
        "inlining a stage that has directives",
        "Directives of a stage's loops and storage have nothing to act on once it is inlined; what was written is "
        "never dropped silently. Leave them out, or inline first.",
        CHAIN + 'td.schedule(b).split(a, "i", 8).inline(a)',
        CHAIN + "td.schedule(b).inline(a)",
    ),
    ErrorPage(
        "S308",
        PlacementError,
        "names that would meet in one stage",
        "Inlining brings the sizes and params of a stage into its reader, where an axis of the same name stands.",
    ),
    ErrorPage(
        "S309",
        PlacementError,
        "a copy of what the reader does not read",
        "`cache_read(T, reader)` makes a copy of `T` for stages that read it.",
        CHAIN + 'td.schedule(b).cache_read(x, b, name="xc")',
        CHAIN + 'td.schedule(b).cache_read(x, a, name="xc")',
    ),
    ErrorPage(
        "S310",
        PlacementError,
        "cache_write after other directives of the stage",
        "`cache_write` moves the stage's expression into a new stage, so loops and placement of the stage come after, and so "
        "does what is placed in loops that only the new stage will have, as those of an update.",
        MATRIX + 'td.schedule(C).split(C, "i", 8).cache_write(C, name="acc", scope="heap")',
        MATRIX + 'td.schedule(C).cache_write(C, name="acc", scope="heap").split(C, "i", 8)',
    ),
    ErrorPage(
        "S311",
        PlacementError,
        "promoting the accumulator of no reduction",
        "`promote` stages the accumulator of a reduction; a pure stage has none.",
        CHAIN + 'td.schedule(b).promote(b, "i", name="tile", scope="heap")',
        MATRIX + 'td.schedule(C).promote(C, "j", name="tile", scope="register")',
    ),
    ErrorPage(
        "S312",
        PlacementError,
        "promoting where nothing is carried",
        "With no reduction loop inside the loop, each element would be read and written once: nothing to keep.",
        MATRIX + 'td.schedule(C).reorder(C, "k", "i", "j").promote(C, "j", name="tile", scope="heap")',
        MATRIX + 'td.schedule(C).promote(C, "j", name="tile", scope="register")',
    ),
    ErrorPage(
        "S313",
        PlacementError,
        "a tile that is promoted already",
        "One loop stages the accumulator once.",
    ),
    ErrorPage(
        "S314",
        PlacementError,
        "storage of an output",
        "An output's array is the caller's: whole, in row-major order, on the heap. `cache_write` makes a stage whose "
        "storage is the schedule's.",
        MATRIX + 'td.schedule(C).scope(C, "stack")',
        MATRIX + 'td.schedule(C).cache_write(C, name="acc", scope="heap")',
    ),
    ErrorPage(
        "S315",
        PlacementError,
        "a dim that is folded already",
        "A dim has one number of slots. Replace the earlier step.",
        _FOLDED + '.fold(a, "i", 4).fold(a, "i", 8)',
        _FOLDED + '.fold(a, "i", 8)',
    ),
    ErrorPage(
        "S316",
        PlacementError,
        "a fold together with a layout",
        "A dim is either folded or laid out anew.",
    ),
    ErrorPage(
        "S317",
        PlacementError,
        "partial results that cannot be kept",
        "`rfactor` keeps one partial result an iteration of a reduction loop, so the loop must be one that comes from "
        "splits alone and bears no mark yet.",
        MATRIX + 'td.schedule(C).rfactor(C, "i", name="part")',
        MATRIX + 'td.schedule(C).split(C, "k", 8).rfactor(C, "ki", name="part")',
    ),
    ErrorPage(
        "S318",
        PlacementError,
        "rfactor of reductions over different axes",
        "A stage whose reductions run over different axes, or one inside another, is declared as several stages first.",
    ),
    ErrorPage(
        "S340",
        PlacementError,
        "a shared loop without a counterpart",
        "`compute_with(P, S, a)` makes one loop of two: every loop of S from the outside down to `a` runs over an axis that "
        "P has, too, under the same name or the one that `align=` gives.",
        _PAIR + 'td.schedule(a, b).compute_with(b, a, "j")',
        _PAIR + 'td.schedule(a, b).compute_with(b, a, "i")',
    ),
    ErrorPage(
        "S341",
        PlacementError,
        "a shared loop that would be two things",
        "What is shared is one loop: how it is split, ordered and marked is said of the stage that the others are computed "
        "with. A loop of a joined stage may have been made and marked before, exactly as the other's.",
        _PAIR + 'td.schedule(a, b).compute_with(b, a, "i").parallel(b, "i")',
        _PAIR + 'td.schedule(a, b).compute_with(b, a, "i").parallel(a, "i")',
    ),
    ErrorPage(
        "S342",
        PlacementError,
        "storage of a stage that is computed with another",
        "It is stored where the stage is that it is computed with, so that both see each other's values.",
        PAIR + 'td.schedule(y, z).compute_with(z, y, "i").store_root(z)',
        PAIR + 'td.schedule(y, z).compute_with(z, y, "i")',
    ),
    ErrorPage(
        "S343",
        PlacementError,
        "a reduction that cannot run in a shared loop",
        "A reduction runs in a loop of another stage as one nest: initialised before that loop, finished after it. With "
        "several reductions in one stage, a promoted accumulator, or lanes of the other stage there is no such place. "
        "Share the loop outside of the lanes; each stage has lanes of its own.",
        ROWS + 'high = td.compute("high", (n,), lambda i: td.max(x[i, k], over=k))\n'
        'td.schedule(total, high).vectorize(total, "k", 8).compute_with(high, total, "kv")',
        ROWS + 'high = td.compute("high", (n,), lambda i: td.max(x[i, k], over=k))\n'
        'td.schedule(total, high).vectorize(total, "k", 8).vectorize(high, "k", 8).compute_with(high, total, "k")',
    ),
    ErrorPage(
        "S401",
        FormatError,
        "text that is no saved schedule",
        "`td.Schedule.from_json` reads what `to_json` wrote.",
        MATRIX + 'td.Schedule.from_json("{", C)',
        MATRIX + "td.Schedule.from_json(td.schedule(C).to_json(), C)",
    ),
    ErrorPage(
        "S402",
        FormatError,
        "a format that this version does not read",
        "Saved schedules carry a format number; older ones are read for as long as their fixtures pass, newer ones "
        "need a newer tdsl.",
    ),
    ErrorPage(
        "S403",
        FormatError,
        "a saved step that cannot be read",
        "A step names a directive or an argument that this version does not have.",
    ),
    ErrorPage(
        "S404",
        FormatError,
        "a saved schedule for another declaration",
        "A saved schedule holds steps and the outputs by name; it is judged again on what it is applied to.",
        MATRIX + CHAIN + 'td.Schedule.from_json(td.schedule(C).split(C, "i", 8).to_json(), b)',
        MATRIX + 'td.Schedule.from_json(td.schedule(C).split(C, "i", 8).to_json(), C)',
    ),
)
