"""docs/architecture.md: one program followed through every package; nothing in, the page with real printed output out.

All text between fences comes from running code. The target is written out, not this machine's, and nothing is timed, so
that the page is the same wherever it is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

import tdsl as td

TARGET = "cpu:x86-64-v3"


def declare() -> tuple[td.Tensor, td.Tensor]:
    """The program of the page: differences of means, any length."""
    n = td.size("n")
    a = td.placeholder("a", (n + 2,), "float32")
    mean = td.compute("mean", (n + 1,), lambda i: 0.5 * (a[i] + a[i + 1]))
    slope = td.compute("slope", (n,), lambda i: mean[i + 1] - mean[i])
    return mean, slope


def arrange(mean: td.Tensor, slope: td.Tensor) -> td.Schedule:
    """The schedule of the page: means once a strip of 64, vectors of 8, strips on threads."""
    return (
        td.schedule(slope, target=TARGET)
        .split(slope, "i", 64, into=("io", "ii"))
        .compute_at(mean, slope, "io")
        .vectorize(mean, "i", 8)
        .vectorize(slope, "ii", 8)
        .parallel(slope, "io")
    )


def refusal(attempt: Callable[[], object]) -> str:
    """What tdsl says to something it refuses."""
    try:
        attempt()
    except td.TdslError as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError("accepted")


def out_of_bounds() -> str:
    """A read that escapes."""
    n = td.size("n")
    a = td.placeholder("a", (n,), "float32")
    return refusal(lambda: td.compute("mean", (n,), lambda i: 0.5 * (a[i] + a[i + 1])))


def illegal(mean: td.Tensor, slope: td.Tensor) -> str:
    """Means stored outside the strips and computed inside, so that each strip relies on the one before: no threads."""
    slid = (
        td.schedule(slope, target=TARGET)
        .split(slope, "i", 64, into=("io", "ii"))
        .store_root(mean)
        .compute_at(mean, slope, "io")
    )
    return refusal(lambda: slid.parallel(slope, "io"))


def vector_body(text: str, at_most: int = 24) -> str:
    """The instructions of the generated code around its first vector store, at most `at_most` lines."""
    lines = text.splitlines()
    last = next(at for at, line in enumerate(lines) if re.search(r"\bstore <8 x float>", line))
    first = max(at for at, line in enumerate(lines[:last]) if line.endswith(":"))
    return "\n".join(lines[max(first, last + 1 - at_most) : last + 1])


def same_bits(mean: td.Tensor, slope: td.Tensor) -> str:
    """The declaration as it stands and the schedule, both interpreted, on a length that nothing divides."""
    a = np.random.default_rng(0).standard_normal(1003).astype(np.float32)
    plain = td.build(td.schedule(slope), target="interpret")(a)
    scheduled = td.build(arrange(mean, slope), target="interpret")(a)
    return (
        f">>> np.array_equal(plain(a), scheduled(a))      # 1001 slopes\n{np.array_equal(plain, scheduled)}"
    )


def fenced(text: str, language: str = "text") -> str:
    """A block of the page."""
    return f"```{language}\n{text.rstrip()}\n```"


def page() -> str:
    """The whole text."""
    mean, slope = declare()
    schedule = arrange(mean, slope)
    kernel = td.build(schedule)
    return PAGE.format(
        program=fenced(PROGRAM, "python"),
        bounds=fenced(out_of_bounds()),
        nest=fenced(str(schedule)),
        storage=fenced("\n".join(f"{key:<10} {value}" for key, value in schedule.storage(mean).items())),
        illegal=fenced(illegal(mean, slope)),
        json=fenced(schedule.to_json(), "json"),
        loops=fenced(kernel.source("loops")),
        llvm=fenced(vector_body(kernel.source("llvm")), "llvm"),
        same=fenced(same_bits(mean, slope), "python"),
    )


PROGRAM = """
n = td.size("n")
a = td.placeholder("a", (n + 2,), "float32")
mean = td.compute("mean", (n + 1,), lambda i: 0.5 * (a[i] + a[i + 1]))
slope = td.compute("slope", (n,), lambda i: mean[i + 1] - mean[i])

s = (
    td.schedule(slope, target="cpu:x86-64-v3")
    .split(slope, "i", 64, into=("io", "ii"))
    .compute_at(mean, slope, "io")
    .vectorize(mean, "i", 8)
    .vectorize(slope, "ii", 8)
    .parallel(slope, "io")
)
""".strip()

PAGE = """# One program through every package

This page is made by `python docs/build_docs.py`; every output below is what the code printed then, and a test fails when
it would print something else.

```
expr  →  poly  →  declare  →  schedule  →  lower  →  codegen  →  runtime
what     may we?  proved      how         loops     text        run it
```

A package imports only what stands left of it, and the leaves `errors location dtypes target settings`
(`tests/test_architecture.py` has the table, and import-linter the contracts). Only `poly` knows isl; only `codegen` and
`runtime` know LLVM; `lower` asks nobody whether something is legal; `codegen` has never heard of a schedule.

The program of this page computes means of neighbours, then differences of means:

{program}

## expr: what a value is
Expressions are graphs of frozen, interned scalar nodes (`expr/node.py`): the same fields give the same object, so
comparing and remembering are exact and cheap. Tensors and stages (`expr/tensor.py`) are declarations over them. What the
nodes mean is defined by an interpreter here; everything further right is tested against it. Rewriting goes through one
driver and returns the same object where nothing changed.

## poly: what may be
Domains, reads and writes become integer relations in isl and answers come back as plain values: a proof, or the smallest
counterexample; a region; loop bounds; two iterations that collide. isl objects never leave a call.

## declare: nothing wrong gets in
The public verbs check names, ranks and dtypes, trace the callable, decide which products are fused with sums, and ask poly
to prove every read in bounds. A `mean` that forgot that `a` must be one longer is stopped on its line:

{bounds}

## schedule: how, and whether
A schedule is a tuple of directives, each a frozen record; its state is found by replaying them (`schedule/state.py`). After each
directive one checker judges the whole schedule. What it means as loops is a value too (`schedule/nest.py`), and
that is what `print(s)` shows:

{nest}

Each strip of 64 slopes needs 65 means, and that is what is stored, found by poly as the exact image of the reads:

{storage}

Had the means been stored outside the strips, each strip would rely on the last mean of the one before, and strips could not
run at the same time. Nobody wrote a rule for this; it follows from the dependences:

{illegal}

The record of it all is data:

{json}

## lower: from a nest to loops
Lowering expands what the schedule decided into Loop IR (`lower/ir.py`), a tree of statements over the same scalar
nodes, pass by pass: one file a pass, and a pipeline that reads as their table of contents. Loop IR prints, parses back, has
a verifier and an interpreter. The printed text alone reproduces any problem of code generation.

{loops}

## codegen: from loops to text
The code generator writes LLVM IR as text, already vectorised and unrolled; LLVM runs no passes over it, it selects
instructions and allocates registers ([why](adr/0001-llvm-ir-as-text-without-passes.md)). Loads and stores always state their alignment. This
is the block of the first vector store:

{llvm}

The calling convention is written down in `codegen/abi.py`: pointers, then sizes and strides in bytes, then an environment
with the thread pool and the scratch memory.

## runtime: from text to a call
The runtime loads the object code, solves sizes from shapes, checks every argument before anything is written, chooses the
body for contiguous arrays or the one for any strides, and calls. Threads come from a pool that is itself LLVM IR
(`runtime/pool.ll`), scratch memory from an arena kept between calls.

## The same bits
None of the directives above changes a bit, whatever the length:

{same}

`pipeline.py` is the one place that strings these packages together.
"""
