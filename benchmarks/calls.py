"""What a call costs: three small arrays through all checks, beside other compilers' calls and an empty Python function.

Each row is a statement timed as `timeit` does, in turns with the others of its case; the empty function of the same
arguments is a row, and the note gives the difference to it. The work is one addition of 4 x 4 float32.
"""

from __future__ import annotations

import importlib
import timeit
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import tdsl as td
from benchmarks import peers, record

TARGETS_NS = {"out=": 60, "inputs only": 150, "tensors, exchange API": 250, "tensors, __dlpack__": 3000}
"""Above an empty Python call."""

SHAPE = (4, 4)


def measure(threads: int, quick: bool) -> Iterator[record.Line]:
    """One row a way of calling."""
    arrays = {name: np.ones(SHAPE, np.float32) for name in "abc"}
    names: dict[str, Any] = {**arrays, "e": lambda a, b, out=None: None, "np": np, "f": addition()}
    peer, missing = peer_calls(arrays, names)
    for case, text, others in (
        ("out=", "(a, b, out=c)", {"NumPy ufunc": "np.add(a, b, out=c)", **peer}),
        ("inputs only", "(a, b)", {"NumPy ufunc": "np.add(a, b)"}),
    ):
        statements = {"empty Python call": f"e{text}", "tdsl": f"f{text}", **others}
        yield from rows(case, statements, names, threads, quick)
        yield from missing if case == "out=" else ()
    strided = {**names, "a": np.ones((4, 8), np.float32)[:, ::2], "e": names["e"]}
    yield from rows(
        "out=, strided",
        {"empty Python call": "e(a, b, out=c)", "tdsl": "f(a, b, out=c)"},
        strided,
        threads,
        quick,
    )
    yield from tensor_rows(threads, quick)


def addition() -> td.Kernel:
    """`c = a + b` of any sizes."""
    n, m = td.size("n"), td.size("m")
    a, b = td.placeholder("a", (n, m)), td.placeholder("b", (n, m))
    return td.build(td.schedule(td.compute("c", (n, m), lambda i, j: a[i, j] + b[i, j])))


def rows(
    case: str, statements: dict[str, str], names: dict[str, Any], threads: int, quick: bool
) -> Iterator[record.Line]:
    """Times the statements in turns."""
    timers = {who: timeit.Timer(statement, globals=names) for who, statement in statements.items()}
    for timer in timers.values():
        timer.timeit(100)
    repeats = {who: max(1, int(0.002 / max(1e-8, timer.timeit(100) / 100))) for who, timer in timers.items()}
    taken: dict[str, list[float]] = {who: [] for who in timers}
    for turn in range(3 if quick else 41):
        for who in list(timers) if turn % 2 == 0 else reversed(list(timers)):
            taken[who].append(timers[who].timeit(repeats[who]) / repeats[who])
    empty = min(taken["empty Python call"])
    for who, seconds in taken.items():
        above = f"best {1e9 * min(seconds):.0f} ns, {1e9 * (min(seconds) - empty):.0f} above the empty call"
        target = f", target {TARGETS_NS[case]}" if who == "tdsl" and case in TARGETS_NS else ""
        yield record.row(
            "calls",
            case,
            who,
            seconds=seconds,
            threads=threads,
            peer=who == "NumPy ufunc",
            note=above + target,
        )


def peer_calls(
    arrays: dict[str, np.ndarray], names: dict[str, Any]
) -> tuple[dict[str, str], list[record.Line]]:
    """Statements of the peers that are installed, their functions and arguments in `names`; rows for the others."""
    statements: dict[str, str] = {}
    absent: list[record.Line] = []
    for module, make in (("numba", numba_call), ("tvm", tvm_calls), ("halide", halide_call)):
        if peers.find(module) is None:
            absent.append(record.missing("calls", "out=", module, peers.EXTRA))
            continue
        for who, (function, arguments) in make(arrays).items():
            number = len(statements)
            names[f"p{number}"] = function
            names |= {f"p{number}{name}": value for name, value in zip("abc", arguments, strict=True)}
            statements[who] = f"p{number}(p{number}a, p{number}b, p{number}c)"
    return statements, absent


Call = tuple[Callable[..., object], list[Any]]
"""A function and its three arguments."""


def numba_call(arrays: dict[str, np.ndarray]) -> dict[str, Call]:
    """A compiled loop over the arrays."""
    numba = importlib.import_module("numba")

    @numba.njit
    def add(a, b, c):  # type: ignore[no-untyped-def]
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                c[i, j] = a[i, j] + b[i, j]

    add(*arrays.values())
    return {peers.version("numba"): (add, list(arrays.values()))}


def tvm_calls(arrays: dict[str, np.ndarray]) -> dict[str, Call]:
    """TVM's function with its own tensors and with NumPy arrays."""
    tvm, te = importlib.import_module("tvm"), importlib.import_module("tvm.te")
    first, second = (te.placeholder(SHAPE, "float32", name=name) for name in "ab")
    total = te.compute(SHAPE, lambda i, j: first[i, j] + second[i, j], name="c")
    kernel = tvm.compile(te.create_prim_func([first, second, total]), target="llvm")["main"]
    own = [tvm.runtime.tensor(arrays[name]) for name in "abc"]
    name = peers.version("apache-tvm")
    calls: dict[str, Call] = {f"{name}, own tensors": (kernel, own)}
    try:
        kernel(*arrays.values())
    except (TypeError, ValueError, RuntimeError):
        return calls
    return calls | {f"{name}, NumPy": (kernel, list(arrays.values()))}


def halide_call(arrays: dict[str, np.ndarray]) -> dict[str, Call]:
    """Halide's Callable with its own buffers."""
    hl = importlib.import_module("halide")
    first, second = hl.ImageParam(hl.Float(32), 2, "a"), hl.ImageParam(hl.Float(32), 2, "b")
    total, x, y = hl.Func("c"), hl.Var("x"), hl.Var("y")
    total[x, y] = first[x, y] + second[x, y]
    kernel = total.compile_to_callable([first, second])
    return {peers.version("halide"): (kernel, [hl.Buffer(array) for array in arrays.values()])}


def tensor_rows(threads: int, quick: bool) -> Iterator[record.Line]:
    """PyTorch's tensors with its C functions, and without them (as before PyTorch had any)."""
    torch = peers.find("torch")
    if torch is None:
        yield record.missing("calls", "tensors, exchange API", "PyTorch", "not installed: pip install torch")
        return
    names: dict[str, Any] = {name: torch.ones(SHAPE) for name in "abc"}
    names |= {"e": lambda a, b, out=None: None, "torch": torch, "f": addition()}
    statements = {
        "empty Python call": "e(a, b, out=c)", "tdsl": "f(a, b, out=c)", "tdsl, inputs only": "f(a, b)",
        "PyTorch": "torch.add(a, b, out=c)", "PyTorch, inputs only": "torch.add(a, b)",
    }  # fmt: skip
    yield from rows("tensors, exchange API", statements, names, threads, quick)
    module = importlib.import_module("tdsl.runtime.foreign_types")
    with_table, module.exchange_functions = module.exchange_functions, lambda kind: None  # type: ignore[attr-defined]
    try:
        names["f"] = addition()
        statements |= {"three np.from_dlpack": "np.from_dlpack(a), np.from_dlpack(b), np.from_dlpack(c)"}
        yield from rows("tensors, __dlpack__", statements, names | {"np": np}, threads, quick)
    finally:
        module.exchange_functions = with_table  # type: ignore[attr-defined]
