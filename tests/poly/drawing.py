"""Random small programs and arrangements: stencil chains, recurrences, reductions, updates, with any directives."""

from __future__ import annotations

import random

from tests.poly.programs import Plan, program, stage, update


def draw_program(dice: random.Random):
    return dice.choice([_chain, _recurrence, _reduction, _scan_chain, _update])(dice)


def _chain(dice):
    """Two or three 1-D or 2-D stencils, offsets 0 … 2, sometimes strided or clamped."""
    rank, length = dice.choice([1, 2]), dice.choice([2, 3])
    axes = ["y", "x"][:rank]
    sizes = ["h", "w"][:rank]
    stages, shapes = [], {}
    for number in range(length):
        grow = 2 * (length - 1 - number)
        extents = [f"{size} + {grow}" for size in sizes]
        domain = " and ".join(f"0 <= {axis} < {extent}" for axis, extent in zip(axes, extents))
        reads = []
        for source in range(number):
            if source == number - 1 or dice.random() < 0.3:
                for _ in range(dice.choice([1, 2, 3])):
                    reads.append(
                        (
                            f"s{source}",
                            ", ".join(_shifted(dice, axis, size) for axis, size in zip(axes, sizes)),
                        )
                    )
        stages.append(stage(f"s{number}", " ".join(axes), domain, reads))
        shapes[f"s{number}"] = ", ".join(extents)
    return program(sizes, *stages, shapes=shapes, outputs=[f"s{length - 1}"])


def _shifted(dice, axis, size):
    style = dice.random()
    if style < 0.1:
        return f"min({axis} + 1, {size} - 1)"
    if style < 0.2:
        return f"{axis} // 2"
    return f"{axis} + {dice.choice([0, 0, 1, 2])}"


def _recurrence(dice):
    """A 2-D recurrence with lexicographically negative offsets, and a reader of it."""
    offsets = [(-1, 0), (0, -1), (-1, -1), (-1, 1), (-2, 0), (0, -2), (-1, 2)]
    reads = []
    for dy, dx in dice.sample(offsets, dice.choice([1, 2, 3])):
        reads.append(("s0", f"y + {dy}, x + {dx}", f"y + {dy} >= 0 and 0 <= x + {dx} and x + {dx} < w"))
    first = stage("s0", "y x", "0 <= y < h and 0 <= x < w", reads)
    if dice.random() < 0.4:
        return program(["h", "w"], first, shapes={"s0": "h, w"}, outputs=["s0"])
    index = dice.choice(["y, x", "y, w - 1", "h - 1, x", "y, x // 2"])
    last = stage("s1", "y x", "0 <= y < h and 0 <= x < w", [("s0", index)])
    return program(["h", "w"], first, last, shapes={"s0": "h, w", "s1": "h, w"}, outputs=["s1"])


def _scan_chain(dice):
    """A 1-D recurrence between two stencils."""
    first = stage("s0", "y", "0 <= y < h + 2")
    scan = stage(
        "s1", "y", "0 <= y < h + 1", [("s1", "y - 1", "y > 0"), ("s0", f"y + {dice.choice([0, 1])}")]
    )
    reads = [("s1", f"y + {dice.choice([0, 1])}") for _ in range(2)]
    last = stage("s2", "y", "0 <= y < h", reads)
    return program(["h"], first, scan, last, shapes={"s0": "h + 2", "s1": "h + 1", "s2": "h"}, outputs=["s2"])


def _reduction(dice):
    """Rows times something, perhaps triangular, perhaps with a finish, perhaps read by another stage."""
    bound = dice.choice(["w", "y + 1", "2"])
    finish = dice.choice([None, [], [("s0", "y, 0")]])
    first = stage("s0", "y k", "0 <= y < h + 1 and 0 <= k < w + h + 2")
    total = stage(
        "s1",
        "y k",
        f"0 <= y < h and 0 <= k < {bound}",
        [("s0", dice.choice(["y, k", "y + 1, k"]))],
        over="k",
        finish=finish,
    )
    shapes = {"s0": "h + 1, w + h + 2", "s1": "h"}
    if dice.random() < 0.4:
        return program(["h", "w"], first, total, shapes=shapes, outputs=["s1"])
    last = stage("s2", "y", "0 <= y < h", [("s1", dice.choice(["y", "y // 2", "max(y - 1, 0)"]))])
    return program(["h", "w"], first, total, last, shapes=shapes | {"s2": "h"}, outputs=["s2"])


def _update(dice):
    """An update in place: neighbours, strides, mirrored rows, triangles; perhaps read by another stage."""
    offsets = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    style = dice.random()
    if style < 0.5:
        reads = []
        for dy, dx in dice.sample(offsets, dice.choice([1, 2, 3])):
            reads.append(
                (f"y + {dy}, x + {dx}", f"0 <= y + {dy} and y + {dy} < h and 0 <= x + {dx} and x + {dx} < w")
            )
        domain, index, shape = "0 <= y < h and 0 <= x < w", "y, x", "h,w"
    elif style < 0.75:
        reads = [(dice.choice(["2 * y + 1", "y // 2", "2 * h - 1 - y", "y", "y + x"]),) for _ in range(2)]
        domain, index, shape = (
            "0 <= y < h and 0 <= x < h",
            dice.choice(["2 * y", "y", "x", "y + x", "y // 2"]),
            "2 * h",
        )
    else:
        reads = [("y, x",), ("y, y",), ("x, x",)][: dice.choice([1, 2, 3])]
        domain, index, shape = "0 <= y < h and y <= x < h", dice.choice(["y, x", "x, y"]), "h,h"
    if dice.random() < 0.6:
        return update(["h", "w"], "s0", "y x", domain, reads, index, shape).program
    rank = len(shape.split(","))
    last = stage(
        "s1", "y", "0 <= y < h", [("s0", ["", "y", "y, 0" if shape != "h,w" else "y, w - 1"][rank], "w > 0")]
    )
    return update(
        ["h", "w"], "s0", "y x", domain, reads, index, shape, outputs=["s1"], more=[last], shapes={"s1": "h"}
    ).program


def draw_plan(dice: random.Random, declared, steps: int) -> Plan:
    plan = Plan.of(declared)
    for number in range(steps):
        plan = _step(dice, plan, number)
    return plan


def _step(dice, plan, number):
    name = dice.choice(list(plan.stages))
    mine = plan.stages[name]
    loops = [loop.name for loop in mine.loops]
    fresh = f"n{number}"
    match dice.choice(
        [
            "split",
            "reorder",
            "reorder",
            "skew",
            "reverse",
            "fuse",
            "at",
            "at",
            "store",
            "fold",
            "mark",
            "mark",
        ]
    ):
        case "split":
            loop = dice.choice(loops)
            into = (loop, fresh) if dice.random() < 0.3 else (fresh + "o", fresh + "i")
            return plan.split(name, loop, dice.choice([2, 3]), into, relative=dice.random() < 0.8)
        case "reorder":
            return plan.reorder(name, *dice.sample(loops, len(loops)))
        case "skew" if len(loops) > 1 and not _fused(mine):
            loop, by = dice.sample(loops, 2)
            return plan.skew(name, loop, by, fresh, dice.choice([1, 1, 2, -1]))
        case "reverse" if not _fused(mine):
            return plan.reverse(name, dice.choice(loops), fresh)
        case "fuse" if len(loops) > 1:
            place = dice.randrange(len(loops) - 1)
            return plan.fuse(name, loops[place], loops[place + 1], fresh)
        case "at":
            host = dice.choice(list(plan.stages))
            if host > name:
                return plan.compute_at(
                    name, host, dice.choice([loop.name for loop in plan.stages[host].loops])
                )
        case "store":
            if mine.compute is not None:
                if dice.random() < 0.5:
                    plan = plan.rewind(name)
                if dice.random() < 0.4:
                    return plan.store_root(name)
                host = mine.compute.stage
                return plan.store_at(name, host, dice.choice([loop.name for loop in plan.stages[host].loops]))
        case "fold":
            return plan.fold(name, dice.randrange(len(mine.dims)), dice.choice([1, 2, 3, 4]))
        case "mark":
            loop = dice.choice(loops)
            return plan.mark(name, dice.choice(["parallel", "vector"]), loop)
    return plan


def _fused(arrangement):
    return any(type(relation).__name__ == "Fuse" for relation in arrangement.relations)
