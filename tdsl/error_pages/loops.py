"""Pages of the codes L1xx (lowering and limits), L2xx (Loop IR text) and G1xx (code generation and targets)."""

from __future__ import annotations

from tdsl.error_pages.page import ErrorPage
from tdsl.error_pages.programs import BYTES, CHAIN, SCALE
from tdsl.errors import (
    ArgumentError,
    ArgumentTypeError,
    FormatError,
    LimitError,
    TargetError,
)

PAGES: tuple[ErrorPage, ...] = (
    ErrorPage(
        "L104",
        LimitError,
        "a loop that must be written out, without a constant bound",
        "Register storage is values, so every loop that indexes it is unrolled, to a constant bound that must be "
        "proved; so are unrolled loops and lanes. Tile the axis by a constant and place the stage inside the tile.",
    ),
    ErrorPage(
        "L105",
        LimitError,
        "lanes over a data axis and over a reduction axis",
        "The lanes of a stage are one loop.",
    ),
    ErrorPage(
        "L106",
        LimitError,
        "an accumulator that cannot be promoted",
        "`promote` needs the bare reduction: where the stage's value is more than that, the epilogue belongs in a "
        "stage of its own.",
    ),
    ErrorPage(
        "L107",
        LimitError,
        "stack or register storage of unknown size",
        "`stack` and `register` storage has constant extents. Place the stage inside a tile of constant size, or leave "
        "it on the heap.",
        """
n = td.size("n")
x = td.placeholder("x", (n,))
y = td.compute("y", (n,), lambda i: x[i] * 2.0)
z = td.compute("z", (n,), lambda i: y[i] + 1.0)
td.build(td.schedule(z).scope(y, "stack"))
""",
        """
n = td.size("n")
x = td.placeholder("x", (n,))
y = td.compute("y", (n,), lambda i: x[i] * 2.0)
z = td.compute("z", (n,), lambda i: y[i] + 1.0)
td.build(td.schedule(z).split(z, "i", 8).compute_at(y, z, "io").scope(y, "stack"))
""",
    ),
    ErrorPage(
        "L108",
        LimitError,
        "more stack than a thread has",
        "Scope `stack` is for at most 64 KiB a thread. Larger scratch belongs on the heap, kept between calls.",
        SCALE
        + 'z = td.compute("z", (1000000,), lambda i: y[i] + 1.0)\ntd.build(td.schedule(z).scope(y, "stack"))',
        SCALE
        + 'z = td.compute("z", (1000000,), lambda i: y[i] + 1.0)\ntd.build(td.schedule(z).scope(y, "heap"))',
    ),
    ErrorPage(
        "L109",
        LimitError,
        "padding where there is no room",
        '`tail="pad"` computes the last, partial tile whole and needs scratch storage that can be made longer: not an '
        "output, whose array is the caller's, not a reduction's accumulators, nor storage with a layout or fold.",
        SCALE + 'td.build(td.schedule(y).vectorize(y, "i", 8, tail="pad"))',
        SCALE + 'td.build(td.schedule(y).vectorize(y, "i", 8, tail="mask"))',
    ),
    ErrorPage(
        "L110",
        LimitError,
        "storage of another thread",
        "Register storage is values of the thread that computes them. A stage in registers whose values are read inside "
        "a parallel loop is placed inside that loop, or stored on the stack or the heap. On a GPU the same holds for "
        "scope `local`: what threads make in parts is kept inside their loop, or in scope `shared`; and for scope "
        "`shared` and blocks.",
        """
x = td.placeholder("x", (4,))
y = td.compute("y", (4,), lambda i: x[i] * 2.0)
z = td.compute("z", (8,), lambda i: y[0] + y[3])
td.build(td.schedule(z).scope(y, "register").parallel(z, "i"))
""",
        """
x = td.placeholder("x", (4,))
y = td.compute("y", (4,), lambda i: x[i] * 2.0)
z = td.compute("z", (8,), lambda i: y[0] + y[3])
td.build(td.schedule(z).compute_at(y, z, "i").scope(y, "register").parallel(z, "i"))
""",
    ),
    ErrorPage(
        "L111",
        LimitError,
        "a loop that is written out and cut",
        "Unrolled loops, and loops that index registers, are written out to a constant bound; where full tiles end is "
        "known at the call only. Separate a loop outside of them.",
    ),
    ErrorPage(
        "L112",
        LimitError,
        "atomic changes in registers",
        "Registers belong to one thread; what several threads add to is in memory.",
    ),
    ErrorPage(
        "L113",
        LimitError,
        "a prefetch that later directives made impossible",
        "`prefetch` is said of a loop and of a tensor that the stage reads in it. Where the loop is moved or shared "
        "later, or the stage reads a copy, there is nothing left to ask for: prefetch comes last. Nor is there where the "
        "tensor is stored inside of that loop: the later iteration has another buffer.",
    ),
    ErrorPage(
        "L114",
        LimitError,
        "a tile that cannot become an instruction",
        "`tensorize` is said of the innermost loops of a stage, last: where later directives move them or place something "
        "inside, or a factor changes along a loop that the instruction takes it once for, there is no such tile. Nor is "
        "there one where every tile is partial: partial tiles run as loops.",
        """
A, B = td.placeholder("A", (64, 3), "uint8"), td.placeholder("B", (16, 3), "int8")
k = td.reduce_axis("k", 3)
C = td.compute("C", (64, 16), lambda i, j: td.sum(td.cast(A[i, k], "int32") * td.cast(B[j, k], "int32"), over=k))
td.build(td.schedule(C).split(C, "k", 4).reorder(C, "i", "ko", "ki", "j").tensorize(C, "ki", "vpdpbusd"))
""",
        BYTES + 'td.build(td.schedule(C).tensorize(C, "j", "vpdpbusd"), target="interpret")',
    ),
    ErrorPage(
        "L115",
        LimitError,
        "tiles that later directives keep from being made ahead",
        "`double_buffer` is said of a stage in a serial loop. Where later directives move the stage, change the loop, put what "
        "it reads into the loop, or make its tiles of different sizes, it cannot be made ahead any more.",
        CHAIN
        + 'td.build(td.schedule(b).split(b, "i", 8).compute_at(a, b, "io").double_buffer(a).parallel(b, "io"))',
        CHAIN + 'td.build(td.schedule(b).split(b, "i", 8).compute_at(a, b, "io").double_buffer(a))',
    ),
    ErrorPage(
        "L116",
        LimitError,
        "nothing that could be streamed",
        "Only whole vectors go past the caches. A stage that is not vectorised, whose lanes are a reduction's, or that changes "
        "its elements in place has none.",
        CHAIN + "td.build(td.schedule(b).stream(b))",
        CHAIN + 'td.build(td.schedule(b).vectorize(b, "i", 8).stream(b))',
    ),
    ErrorPage(
        "L121",
        LimitError,
        "a register tile that is too large",
        "The values of a register tile are written out one by one; far above the machine's registers they only spill. "
        "The message has the number and the limit.",
    ),
    ErrorPage(
        "L122",
        LimitError,
        "a kernel that grows too large",
        "The code of unrolled loops, lanes and register tiles adds up; beyond the limit in the message it would take "
        "minutes to compile and run no faster.",
    ),
    ErrorPage(
        "L123",
        LimitError,
        "more stack than a thread has, all stages together",
        "Stages in scope `stack` that live at once share the 64 KiB of a thread.",
    ),
    ErrorPage(
        "L124",
        LimitError,
        "loops that are nested too deeply",
        "The arrays of stages at root stand one inside another, and so do loops: some three hundred of them reach Python's "
        "limit of nested calls. Inlined stages have none.",
    ),
    ErrorPage(
        "L126",
        LimitError,
        "a sum in lanes that is read in its own loop",
        "Lanes over the terms of a reduction are combined after its loop. Where another stage shares that loop and reads the "
        "element in the iteration of the last term, it is not there yet: share a loop outside of the terms.",
    ),
    ErrorPage(
        "L125",
        LimitError,
        "a stage of too many operations",
        "One stage has at most 4096 different operations: each is proved, simplified and written out by itself. A Python loop "
        "that adds terms is a `td.sum` over an axis; what has parts is several stages.",
        """
x = td.placeholder("x", (8,))

def value(i):
    found = x[i]
    for _ in range(5000):
        found = found * 0.5 + 1
    return found

td.compute("y", (8,), value)
""",
        """
x = td.placeholder("x", (8,))
k = td.reduce_axis("k", 5000)
y = td.compute("y", (8,), lambda i: td.sum(x[i] * 0.5 + 1, over=k))
""",
    ),
    ErrorPage(
        "L201",
        FormatError,
        "Loop IR text that does not parse",
        "The text of Loop IR follows the printer's grammar; the message has the line and what was expected.",
    ),
    ErrorPage(
        "L202",
        FormatError,
        "Loop IR that names what it does not declare",
        "Every buffer, size and variable is declared before its use and lives until its block ends.",
    ),
    ErrorPage(
        "L203",
        FormatError,
        "Loop IR that is not well formed",
        "The verifier's rules: dtypes agree, ranks agree, vector loops hold no loops that are serial, register "
        "storage is indexed by constants and lanes.",
    ),
    ErrorPage(
        "L204",
        FormatError,
        "Loop IR of another format",
        "The text carries a format number in its first line; this version reads the ones it lists.",
    ),
    ErrorPage(
        "G101",
        TargetError,
        "no such target",
        'Targets are "cpu" (this machine), "cpu:NAME" (x86-64-v3, znver4, aarch64, …), "interpret", and "cuda:sm_NN".',
        SCALE + 'td.build(td.schedule(y), target="gpu")',
        SCALE + 'td.build(td.schedule(y), target="cpu")',
    ),
    ErrorPage(
        "G102",
        TargetError,
        "no such CPU",
        "CPU names are LLVM's; the vector width is read off a table by name, so a CPU that it lacks needs `features=`.",
        'td.Target("cpu", mcpu="zen4")',
        'td.Target("cpu", mcpu="znver4")',
    ),
    ErrorPage(
        "G103",
        TargetError,
        "a CPU of one architecture with the triple of another",
        "`mcpu=` and `triple=` name one machine; giving one of them is enough.",
        'td.Target("cpu", mcpu="znver4", triple="aarch64-linux-gnu")',
        'td.Target("cpu", mcpu="generic", triple="aarch64-linux-gnu")',
    ),
    ErrorPage(
        "G104",
        TargetError,
        "features that are none",
        'Features are LLVM\'s names, "avx512bf16" to add one, "-avx512f" to take one away with all that needs it.',
        'td.Target("cpu", mcpu="znver4", features=("AVX 512",))',
        'td.Target("cpu", mcpu="znver4", features=("avx512bf16",))',
    ),
    ErrorPage(
        "G105",
        ArgumentTypeError,
        "a target that is neither a name nor a td.Target",
        "`target=` takes a spelling or a `td.Target`.",
        SCALE + "td.build(td.schedule(y), target=3)",
        SCALE + 'td.build(td.schedule(y), target=td.Target("cpu"))',
    ),
    ErrorPage(
        "G106",
        TargetError,
        "details that this kind of target does not have",
        "The interpreter runs anywhere; a CUDA target is its architecture only.",
        'td.Target("interpret", mcpu="znver4")',
        'td.Target("interpret")',
    ),
    ErrorPage(
        "G107",
        TargetError,
        "a target that cannot be built for yet",
        "The target is known but this version has no code generator for it.",
    ),
    ErrorPage(
        "G108",
        TargetError,
        "an operation that the target does not have",
        "This dtype or function is not generated for this target; the message says what is.",
    ),
    ErrorPage(
        "G109",
        ArgumentError,
        "inputs that are not the kernel's",
        "Every input of the declaration must be needed by an output, and `inputs=[…]` lists exactly the placeholders "
        "and params that are.",
        """
x, unused = td.placeholder("x", (8,)), td.placeholder("unused", (8,))
y = td.compute("y", (8,), lambda i: x[i])
td.build(td.schedule(y), inputs=[x, unused])
""",
        """
x = td.placeholder("x", (8,))
y = td.compute("y", (8,), lambda i: x[i])
td.build(td.schedule(y), inputs=[x])
""",
    ),
    ErrorPage(
        "G110",
        ArgumentError,
        "no such source",
        'A kernel shows its "loops", its "llvm" and its "asm".',
        SCALE + 'td.build(td.schedule(y)).source("c")',
        SCALE + 'td.build(td.schedule(y)).source("loops")',
    ),
    ErrorPage(
        "G111",
        TargetError,
        "a kernel of another machine",
        "Code for a CPU with more features than this one, or of another architecture, can be looked at but not run.",
        SCALE + 'td.build(td.schedule(y), target="cpu:aarch64")(np.ones(1000000, "float32"))',
        SCALE + 'td.build(td.schedule(y), target="cpu")(np.ones(1000000, "float32"))',
    ),
    ErrorPage(
        "G112",
        ArgumentTypeError,
        "building what is no schedule",
        "`td.build` takes a schedule; `td.schedule(C)` makes one that runs the declaration as it is written.",
        SCALE + "td.build(y)",
        SCALE + "td.build(td.schedule(y))",
    ),
    ErrorPage(
        "G113",
        ArgumentError,
        "replaying a witness of no schedule",
        "The witness of a refused step carries the refused schedule, which `replay()` runs beside the declaration. A "
        "`td.Witness` made by hand has none.",
        SCALE + 'td.Witness("y", (0,), ({"i": 0}, {"i": 1}), {}, "flow").replay()',
        SCALE
        + """\
r = td.recurrence("r", (8,), lambda r, i: td.where(i == 0, 1, r[i - 1]), dtype="int32")
try:
    td.schedule(r).parallel(r, "i")
except td.IllegalSchedule as error:
    print(error.witness.replay())
""",
    ),
    ErrorPage(
        "G122",
        TargetError,
        "an architecture without a code generator",
        "Code is generated for x86-64 and AArch64; the interpreter runs anywhere.",
    ),
    ErrorPage(
        "G123",
        TargetError,
        "a target without the instruction",
        "`tensorize` names an instruction; a target that lacks it is refused, rather than given other code. Its features are "
        "those of its CPU and of `features=`. The interpreter runs the loops anywhere.",
        BYTES + 'td.build(td.schedule(C).tensorize(C, "j", "vpdpbusd"), target="cpu:x86-64-v3")',
        BYTES
        + 'td.build(td.schedule(C).tensorize(C, "j", "vpdpbusd"), target=td.Target(mcpu="x86-64-v4", features=("avx512vnni",)))',
    ),
    ErrorPage(
        "G124",
        TargetError,
        "an intrinsic that is not what it is declared to be",
        "Before an instruction of `td.intrinsic` is used it is tried in a process of its own: LLVM has to select it for the "
        "target, and where this machine can run it, it has to compute what was declared, extremes included (many "
        "instructions saturate where a sum wraps).",
    ),
    ErrorPage(
        "G131",
        ArgumentTypeError,
        "fuzzing what is no schedule",
        "`td.fuzz` takes the tensors to compute, or a schedule of them, or an operator, and draws random schedules of those. "
        "Of an operator it tries shapes until one is taken; where none is, `args=` says with which arrays it is called.",
        SCALE + "td.fuzz(lambda: y)",
        SCALE + "td.fuzz(y, seconds=0.5)",
    ),
    ErrorPage(
        "G132",
        ArgumentError,
        "a time, seed or tolerance that is none",
        "`seconds` is a positive number, `seed` a whole number, and `tolerance` between 0 and 1.",
        SCALE + "td.fuzz(y, seconds=0)",
        SCALE + "td.fuzz(y, seconds=0.5)",
    ),
    ErrorPage(
        "G133",
        ArgumentError,
        "nothing to compare schedules with",
        "`td.fuzz` runs the declaration in the interpreter first, at small sizes that keep its facts. None was found, or "
        "the interpreter needs too long: large constant extents are the usual reason.",
        """\
A = td.placeholder("A", (30000, 30000), "float32")
B = td.compute("B", (30000, 30000), lambda i, j: A[i, j] + 1)
td.fuzz(B, seconds=1)
""",
        """\
n = td.size("n")
A = td.placeholder("A", (n, n), "float32")
B = td.compute("B", (n, n), lambda i, j: A[i, j] + 1)
td.fuzz(B, seconds=1)
""",
    ),
)
