"""The rows of the table of legality, asked of Halide, with a guarded read of its issues and how much it computes for a tile."""

from __future__ import annotations

import importlib
from typing import Any, Literal

import numpy as np

from tests.support.traps import Answer, Row


def ask(row: Row) -> Answer:
    """What Halide answers; what it accepts is run."""
    hl: Any = importlib.import_module("halide")
    kind, *loops = row.request
    if kind == "wavefront":
        return "no such directive"
    array = row.input()
    source = hl.Buffer(array)
    index = [hl.Var(f"d{place}") for place in range(array.ndim)]
    made = hl.Func("made")
    made[index] = source[index]
    names = _loops(hl, row)
    _Array(made)[eval(f"({row.at},)", {}, names)] = eval(row.value, {}, {**names, "A": _Array(made)})
    try:
        _asked(hl, made.update(), kind, [names[loop] for loop in loops])
        result = np.asarray(made.realize(list(array.shape[::-1]))).copy()
    except hl.HalideError:
        return "refused"
    return "accepted" if np.array_equal(result, row.expected(array)) else "accepted, wrong result"


class _Array:
    """A Func with the first subscript outermost, as in NumPy."""

    def __init__(self, func: Any) -> None:
        self.func = func

    def _turned(self, index: object) -> Any:
        parts = index if isinstance(index, tuple) else (index,)
        return list(reversed(parts))

    def __getitem__(self, index: object) -> Any:
        return self.func[self._turned(index)]

    def __setitem__(self, index: object, value: Any) -> None:
        self.func[self._turned(index)] = value


def _loops(hl: Any, row: Row) -> dict[str, Any]:
    """The loops of an RDom, the first outermost; bounds that depend on loops as conditions. n is a parameter."""
    size = hl.Param(hl.Int(32), "n", row.constants["n"])
    box, late = [], []
    for name, first, end in reversed(row.loops):
        try:
            low, high = (eval(bound, {}, {"n": size}) for bound in (first, end))
            box.append((low, high - low))
        except NameError:
            box.append((0, size))
            late.append((name, first, end))
    domain = hl.RDom(box)
    names: dict[str, Any] = {"n": size}
    for place, (name, _, _) in enumerate(reversed(row.loops)):
        names[name] = domain[place]
    for name, first, _ in late:
        domain.where(names[name] >= eval(first, {}, names))
    return names


def _asked(hl: Any, stage: Any, kind: str, loops: list[Any]) -> None:
    match kind:
        case "parallel":
            stage.parallel(loops[0])
        case "vectorize":
            stage.vectorize(loops[0], 4)
        case "reorder":
            stage.reorder(*reversed(loops))
        case "tile":
            outer, inner = loops
            parts = [hl.RVar(name) for name in ("xo", "yo", "xi", "yi")]
            stage.tile(inner, outer, *parts, 8, 8)


def guarded_read() -> Answer:
    """Issue 2373: a read of x - r under x >= r is taken for one that reaches far before the array."""
    hl: Any = importlib.import_module("halide")
    x = hl.Var("x")
    given = hl.ImageParam(hl.Int(32), 1)
    total = hl.Func("total")
    domain = hl.RDom([(0, 32)])
    domain.where(x >= domain.x)
    total[x] = 0
    total[x] += given[x - domain.x]
    given.set(hl.Buffer(np.arange(64, dtype=np.int32)))
    try:
        total.realize([64])
    except (hl.HalideError, RuntimeError):
        return "refused"
    return "accepted"


def trace_tile(which: Literal["stride", "diagonal"]) -> None:
    """Prints a line for every element of a producer that one tile of its consumer stores: a read at 4 * x in tiles of
    eight, or at (x + y, x - y) in tiles of 8 x 8.
    """
    hl: Any = importlib.import_module("halide")
    x, y = hl.Var("x"), hl.Var("y")
    made, out = hl.Func("made"), hl.Func("out")
    if which == "stride":
        made[x] = x
        out[x] = made[4 * x]
    else:
        made[x, y] = x + y
        out[x, y] = made[x + y, x - y]
    made.compute_root()
    made.trace_stores()
    out.realize([8] if which == "stride" else [8, 8])
