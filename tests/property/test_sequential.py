"""Random recurrences and updates under random schedules: kernel, loops and declaration give the same bits.

The declaration's meaning is the interpreter of expressions; the loops are run by the interpreter of Loop IR and by
machine code. Directives that are refused are left out, so what remains is what legality accepted.
"""

from __future__ import annotations

import random

import numpy as np
import pytest

import tdsl as td
from tdsl.expr.interpreter import evaluate
from tdsl.pipeline import ordered_inputs

SEEDS = 60
KINDS = ["split", "reorder", "skew", "parallel", "fold", "rfactor"] * 2
KINDS += ["skew", "reverse", "vectorize", "unroll", "fuse", "tile"]


def drawn_recurrence(dice):
    """One or two tensors over (y, x) that read at drawn distances, perhaps against the written order."""
    h, w = td.size("h"), td.size("w")
    dtype = dice.choice(["int32", "float64", "float32"])
    inp = td.placeholder("inp", (h, w), dtype)
    turn = dice.choice([1, 1, -1])
    offsets = [(-1, 0), (0, -1), (-1, -1), (-1, 1), (-2, 0), (0, -2), (-1, 2)]
    chosen = dice.sample(offsets, dice.choice([1, 2, 3]))
    swap = dice.random() < 0.2
    chosen = [(turn * (dx if swap else dy), turn * (dy if swap else dx)) for dy, dx in chosen]

    def element(tensor, y, x, dy, dx):
        conditions = [] if dy == 0 else [y + dy >= 0] if dy < 0 else [y + dy < h]
        conditions += [] if dx == 0 else [x + dx >= 0] if dx < 0 else [x + dx < w]
        return td.where(td.all(*conditions), tensor[y + dy, x + dx], inp[y, x])

    if dice.random() < 0.3:
        half = len(chosen) // 2

        def pair(s, t, y, x):
            first, second = inp[y, x], inp[y, x] * 3
            for number, (dy, dx) in enumerate(chosen):
                first = first + element(t if number < half else s, y, x, dy, dx)
                second = second - element(s, y, x, dy, dx)
            return first, second

        made = td.recurrence(("s", "t"), (h, w), pair)
    else:

        def value(s, y, x):
            total = inp[y, x]
            for dy, dx in chosen:
                total = total + element(s, y, x, dy, dx) * 3
            return total

        made = (td.recurrence("s", (h, w), value),)
    if dice.random() < 0.4:
        last = td.compute(
            "last", (w,), lambda i: td.where(h > 0, made[0][td.maximum(h - 1, 0), i], 0), dtype=dtype
        )
        return (last,), "s", dtype
    return made, "s", dtype


def drawn_update(dice):
    """Neighbours, triangles, mirrored and strided rows, targets from data, of an input or of a stage."""
    n = td.size("n", min=1)
    dtype = dice.choice(["int64", "float64", "uint8"])
    inp = td.placeholder("inp", (n, n), dtype)
    base = inp if dice.random() < 0.5 else td.compute("base", (n, n), lambda p, q: inp[p, q] + inp[q, p])
    style = dice.choice(["neighbours", "triangle", "rows", "data"])
    if style == "neighbours":
        y, x = td.axis("y", (1, n - 1)), td.axis("x", (1, n - 1))
        steps = dice.sample([(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)], dice.choice([1, 2, 3]))
        at = (y, x)

        def value(u):
            total = u[y, x]
            for dy, dx in steps:
                total = total + u[y + dy, x + dx]
            return total

    elif style == "triangle":
        y = td.axis("y", n)
        x = td.axis("x", (y, n)) if dice.random() < 0.5 else td.axis("x", (0, y + 1))
        at = dice.choice([(y, x), (x, y)])

        def value(u):
            return u[y, x] * 2 + u[y, y] - u[x, x]

    elif style == "rows":
        y, x = td.axis("y", n), td.axis("x", n)
        at = dice.choice([(y, 0), (0, x), (n - 1 - y, x), (y // 2, x)])
        source = dice.choice([(x, y), (n - 1 - y, x), (y // 2, 0)])

        def value(u):
            return u[at] + u[source]

    else:
        index = td.placeholder("index", (n,), "int32", range=(0, n))
        y, x = td.axis("y", n), td.axis("x", n)
        at = dice.choice([(index[y], x), (x, index[y]), (index[x], index[y])])

        def value(u):
            return u[at] + inp[y, x]

    return (td.update("s", base, over=(y, x), at=at, value=value),), "s", dtype


def scheduled(dice, outputs, stage):
    s = td.schedule(*outputs)
    for number in range(dice.randrange(0, 9)):
        s = step(dice, s, stage, f"n{number}")
    return s


def step(dice, s, stage, fresh):
    loops = s.axes(stage)
    loop = dice.choice(loops)
    try:
        match dice.choice(KINDS):
            case "split":
                return s.split(stage, loop, dice.choice([2, 3]), into=(fresh + "o", fresh + "i"))
            case "reorder":
                return s.reorder(stage, *dice.sample(loops, len(loops)))
            case "skew":
                return s.skew(
                    stage, loop, by=dice.choice(loops), into=fresh, factor=dice.choice([1, 1, 2, -1])
                )
            case "reverse":
                return s.reverse(stage, loop)
            case "parallel":
                return s.parallel(stage, loop)
            case "vectorize":
                return s.vectorize(stage, loop, dice.choice([2, 4]))
            case "unroll":
                return s.unroll(stage, loop, 2)
            case "fuse":
                return s.fuse(stage, *loops[:2])
            case "fold":
                return s.fold(stage, dice.choice(s.dims(stage)), dice.choice([2, 3, 4]))
            case "tile":
                return s.tile(stage, dict.fromkeys(loops[:2], 3))
            case _:
                return s.rfactor(stage, loop, name=fresh)
    except td.TdslError:
        return s


def arrays_for(dice, kernel_inputs, sizes, dtype):
    rng = np.random.default_rng(dice.randrange(1 << 30))
    rows, columns = sizes
    found = {}
    for name in kernel_inputs:
        if name == "index":
            found[name] = rng.integers(0, rows, rows).astype(np.int32)
        elif dtype.startswith("float"):
            found[name] = rng.standard_normal((rows, columns)).astype(dtype)
        else:
            found[name] = rng.integers(0, 100, (rows, columns)).astype(dtype)
    return found


def check(seed):
    dice = random.Random(seed)
    outputs, stage, dtype = dice.choice([drawn_recurrence, drawn_update])(dice)
    s = scheduled(dice, outputs, stage)
    square = s.declared.start.stages[0].stage.sizes[0].name == "n"
    kernels = [td.build(s, target="interpret"), td.build(s)]
    inputs = [one.name for one in ordered_inputs(s.state, None, None)]
    exact = "reassociates" not in s.history()
    for _ in range(3):
        rows = dice.randrange(1, 9)
        columns = rows if square else dice.randrange(1, 9)
        given = arrays_for(dice, inputs, (rows, columns), dtype)
        sizes = {"n": rows} if square else {"h": rows, "w": columns}
        want = evaluate(outputs, given, sizes)
        for kernel in kernels:
            got = kernel(*(given[name] for name in inputs))
            results = got if isinstance(got, tuple) else (got,)
            for tensor, result in zip(outputs, results, strict=True):
                equal = np.array_equal(result, want[tensor.name], equal_nan=True)
                if not equal and not exact:
                    equal = np.allclose(result, want[tensor.name], rtol=1e-4)
                assert equal, f"seed {seed}, sizes {sizes}\n{s.history()}\n{s}\n{result}\n{want[tensor.name]}"


@pytest.mark.parametrize("start", range(0, SEEDS, 10))
def test_kernels_loops_and_declarations_agree(start):
    for seed in range(start, start + 10):
        check(seed)
