"""docs/reuse.md: what is computed again and what is not, counted; nothing in, the page with counts of the interpreter out.

Every number and every text between fences comes from running code, for arrays of the sizes that the page names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

import tdsl as td
from tdsl.lower.interpret_buffer import Buffer

TARGET = "cpu:x86-64-v3"
ROWS = 16

n, m = td.size("n"), td.size("m")


@contextmanager
def counting(made: Counter[str]) -> Iterator[None]:
    """Adds to `made` how often each buffer is stored into."""
    plain = Buffer.store

    def store(self: Buffer, index: tuple[int, ...], *rest: object) -> None:
        made[self.name] += 1
        plain(self, index, *rest)  # pyright: ignore[reportArgumentType]

    Buffer.store = store  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        Buffer.store = plain


def stores(s: td.Schedule, *shape: int) -> Counter[str]:
    """How often each buffer is stored into, for an input of ones of that shape."""
    made: Counter[str] = Counter()
    with counting(made):
        td.build(s, target="interpret")(np.ones(shape, np.float32))
    return made


def chain(count: int, reach: int = 2) -> tuple[list[td.Tensor], td.Schedule]:
    """Stages s1, s2, … of n rows in the end, each the sum of reach + 1 rows of the one before."""
    before = td.placeholder("x", (n + reach * count, m))
    stages: list[td.Tensor] = []
    for left in range(count - 1, -1, -1):

        def body(i: td.Expr, j: td.Expr, p: td.Tensor = before) -> td.Expr:
            return sum((p[i + d, j] for d in range(1, reach + 1)), p[i, j])

        before = td.compute(f"s{count - left}", (n + reach * left, m), body)
        stages.append(before)
    return stages, td.schedule(before, target=TARGET)


def placed(s: td.Schedule, stage: td.Tensor | str, host: td.Tensor, store: str, compute: str) -> td.Schedule:
    """A stage computed in one loop and stored in another."""
    if compute == "root":
        return s
    s = s.compute_at(stage, host, compute)
    if store == compute:
        return s
    return s.store_root(stage) if store == "root" else s.store_at(stage, host, store)


def row(*cells: object) -> str:
    """A row of a table."""
    return "| " + " | ".join(map(str, cells)) + " |"


def one_producer() -> str:
    """The table of a producer at every pair of loops."""
    lines = [
        row("stored in", "computed in", "rows made", "rows kept", "loops of `s2` that may be parallel"),
        "|---|---|---|---|---|",
    ]
    places = ("root", "io", "ii")
    for at, store in enumerate(places):
        for compute in places[at:]:
            stages, s = chain(2)
            s = placed(s.split("s2", "i", 4), "s1", stages[1], store, compute)
            lines.append(cells(s, store, compute))
            if store == "root" and compute != "root":
                least = s.min_fold("s1", "i")
                folded = None if least is None else s.fold("s1", "i", least)
                if folded is not None:
                    lines.append(cells(folded, f"root, `fold({least})`", compute))
    return "\n".join(lines)


def cells(s: td.Schedule, store: str, compute: str) -> str:
    """The row of a schedule of two stages."""
    made = stores(s, ROWS + 4, 1)["s1"]
    kept = s.storage("s1")["shape"]
    assert isinstance(kept, tuple)
    parallel = ", ".join(f"`{axis}`" for axis in s.parallel_axes("s2") if axis != "j") or "none"
    return row(store, compute, made, kept[0], parallel)


def chains() -> str:
    """The table of folds along chains."""
    lines = [row("stages", "rows made of each", "least folds"), "|---|---|---|"]
    for count in (2, 3, 5):
        stages, s = slid(count)
        least = [s.min_fold(stage, "i") for stage in stages[:-1]]
        for stage, factor in zip(stages[:-1], least, strict=True):
            s = s.fold(stage, "i", factor)
        made = stores(s, ROWS + 2 * count, 1)
        rows = ", ".join(str(made[f"s{number}"]) for number in range(1, count))
        lines.append(row(count, rows, ", ".join(map(str, least))))
    return "\n".join(lines)


def slid(count: int) -> tuple[list[td.Tensor], td.Schedule]:
    """A chain whose stages are stored at root and computed in the rows of the last one."""
    stages, s = chain(count)
    for stage in reversed(stages[:-1]):
        s = placed(s, stage, stages[-1], "root", "i")
    return stages, s


def early() -> str:
    """The loops of a chain with folds."""
    stages, s = slid(3)
    for stage in stages[:-1]:
        s = s.fold(stage, "i", 3)
    return str(s)


def regions() -> str:
    """The table of what a tile makes of its producer."""
    p = td.placeholder("p0", (4 * n,))
    P = td.compute("p", (4 * n,), lambda i: p[i] * 2)
    fourth = td.compute("c", (n,), lambda i: P[4 * i] + 1)
    lines = [row("read by", "tile", "made of the producer", "its box"), "|---|---|---|---|"]
    s = td.schedule(fourth, target=TARGET).split(fourth, "i", 8).compute_at(P, fourth, "io")
    lines.append(row("`p[4 * i]`", "8", stores(s, 32)["p"], 29))
    for text, read, box in (
        ("`p[i + j, i - j + n]`", lambda q, i, j: q[i + j, i - j + n], "15 x 15 = 225"),
        ("a cross of five points", lambda q, i, j: sum((q[i + a, j + b] for a, b in ((0, 1), (1, 0), (1, 2), (2, 1))), q[i + 1, j + 1]), "10 x 10 = 100"),
    ):  # fmt: skip
        lines.append(in_tiles(text, read, box))
    return "\n".join(lines)


def in_tiles(text: str, read: Callable[[td.Tensor, td.Expr, td.Expr], td.Expr], box: str) -> str:
    """The row of a producer that is computed in tiles of 8 x 8 of its reader."""
    x = td.placeholder("x", (2 * n + 2, 2 * n + 2))
    p = td.compute("p", (2 * n + 2, 2 * n + 2), lambda i, j: x[i, j] * 2)
    c = td.compute("c", (n, n), lambda i, j: read(p, i, j))
    s = td.schedule(c, target=TARGET).tile(c, {"i": 8, "j": 8}).compute_at(p, c, "jo")
    return row(text, "8 x 8", stores(s, 18, 18)["p"], box)


def limits() -> str:
    """Least folds where the loop cannot start early."""
    lines = [row("chain of three", "least folds of `s1`, `s2`"), "|---|---|"]
    for text, change, store, compute in limited():
        stages, s = chain(3)
        s = change(s)
        for stage in reversed(stages[:-1]):
            s = placed(s, stage, stages[-1], store, compute)
        least = ", ".join(str(s.min_fold(stage, "i")) for stage in stages[:-1])
        lines.append(row(text, least))
    return "\n".join(lines)


def limited() -> Sequence[tuple[str, Callable[[td.Schedule], td.Schedule], str, str]]:
    """(what is shown, what is done to the last stage first, where stages are stored, where computed)."""
    split = lambda s: s.split("s3", "i", 4)  # noqa: E731
    return (
        ("stored at root, computed in `i`", lambda s: s, "root", "i"),
        ("`split(s3, i, 4)`, stored in `io`, computed in `ii`", split, "io", "ii"),
        ("the same, `parallel(s3, io)`", lambda s: split(s).parallel("s3", "io"), "io", "ii"),
        ("the same, stored at root: two loops lie between", split, "root", "ii"),
        (
            "`unroll(s3, ii)`, stored in `io`, computed in `ii`",
            lambda s: split(s).unroll("s3", "ii"),
            "io",
            "ii",
        ),
    )


def page() -> str:
    """The whole page."""
    return f"""# What is reused when

This page is made by `python docs/build_docs.py`; every count below is of the interpreter, which runs the loops and counts
what is stored. A test fails when it would print something else.

A stage placed in a loop makes what is read there (semantics P2). Stored in a loop further out, it makes each element once while
its buffer lives (P3): what an earlier iteration made is not made again. So *where it is stored* says what is reused, and *where
it is computed* says when: `compute_at(P, S, a)` and `store_at(P, S, b)`, at any pair of loops, `b` at `a` or outside of it.

## One producer, every pair of loops
`s2` has {ROWS} rows, each the sum of three rows of `s1`, and runs in strips of four: `split("s2", "i", 4)`. {ROWS + 2} rows of `s1` are
read in all.

{one_producer()}

Stored at root, no row is made twice, wherever it is computed; stored in the strips, each strip makes its own six, two of which its
neighbour makes, too, and strips may run at once; stored with each row, three are made for one. The loops between storage and
computation carry what is reused, so they run in order. A fold keeps only what is still read, and says so where it cannot.

## Chains
Five stages, each of three rows of the one before, all stored at root and computed in the rows of the last one, which has {ROWS}:
every row of every stage is made once, and the least legal folds (`s.min_fold(stage, "i")`) hold what one row reads.

{chains()}

Without folds a stage makes a row in the first iteration that needs it, so that the first iteration makes all that the last stage
needs there. Where a stage is folded, those that read it are made ahead instead, one row an iteration, and the loop
starts early for them ([why](adr/0045-chains-with-folds-start-early.md)):

```text
{early()}
```

That works with steps (`p[2 * i]`), rates (`p[i // 2]`), gaps, rows read backwards, borders that are clamped, sums and
recurrences.

## Regions
What is made is what is read, not the box around it. The last column is what a box would have.

{regions()}

A region in many pieces is taken with what lies between them, where that is legal: what is made in vain is little work, what tells
the pieces apart is a condition at every point ([0040](adr/0040-regions-as-exact-as-it-takes.md)).

## What is not reused, or costs storage
{limits()}

- A loop starts early if it runs in order and is the only one between storage and computation, if what is read moves on steadily in it
  (not from both ends, not at two paces), and if it is none over a reduction, of an update, shared by `compute_with`, on a GPU, or
  with `double_buffer` in it. Elsewhere rows come as they are needed, and folds are deeper.
- A fold whose length divides the strip, `fold("s1", "i", 4)` of strips of four stored in `io`, may lie in registers: where a row
  is then does not depend on the strip. Three rows would (L104).
- Threads share nothing that a loop makes: `parallel` on a loop between storage and computation is refused; store inside of it, as in
  strips above, and the overlap is made by each.
- Of a recurrence, what is read needs all that came before it. Stored outside the loop it goes on where it stopped; stored
  inside, each iteration starts from the first element.
- An update is stored where it is computed, so nothing of it is reused.
- A stage without storage of its own (`inline`) is computed at every read.
"""
