"""One test an invariant: a kernel that breaks it alone, and the error that names pass and statement."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given

from tdsl.dtypes import DTYPES
from tdsl.errors import InternalError
from tdsl.expr.node import (
    BOOL,
    INT64,
    Binary,
    Cast,
    Compare,
    Fma,
    Load,
    Node,
    Read,
    Select,
    Var,
    const,
    index_const,
    size_var,
)  # fmt: skip
from tdsl.expr.tensor import Tensor
from tdsl.lower.ir import (
    Allocate,
    ArrayArgument,
    Block,
    For,
    If,
    Kernel,
    Let,
    LoopKind,
    ScalarArgument,
    Scope,
    Statement,
    Store,
)  # fmt: skip
from tdsl.lower.verifier import verify
from tests.support.loop_ir import Case, kernels

FLOAT, INT32 = DTYPES["float32"], DTYPES["int32"]
N, ZERO, ONE, FOUR = size_var("n"), index_const(0), index_const(1), index_const(4)
I = Var("i", INT64, "local")
HALF = const(0.5, FLOAT)
TENSOR = Tensor(name="A", extents=(N,), dtype=FLOAT)
ARGUMENTS = (
    ArrayArgument("A", FLOAT, (N,), "input"),
    ScalarArgument("alpha", FLOAT),
    ArrayArgument("C", FLOAT, (N,), "output"),
)


def kernel(
    body: Statement, *extra: ArrayArgument | ScalarArgument, sizes: tuple[str, ...] = ("n",)
) -> Kernel:
    return Kernel("scale", sizes, (*ARGUMENTS, *extra), body)


def loop(body: Statement, kind: LoopKind = "serial", lower: Node = ZERO, upper: Node = N) -> For:
    return For("i", lower, upper, kind, body)


def store(value: Node = HALF, *index: Node, buffer: str = "C") -> Store:
    return Store(buffer, index or (ZERO,), value)


def scratch(body: Statement, *extents: Node, scope: Scope = "heap", padding: int = 0) -> Allocate:
    return Allocate("T", FLOAT, extents, scope, body, padding)


def load(buffer: str, *index: Node) -> Load:
    return Load(buffer, FLOAT, index)


@dataclass(frozen=True)
class Broken:
    """A kernel and what the verifier says of it."""

    kernel: Kernel
    what: str
    place: str = ""


BROKEN: dict[str, Broken] = {
    # names
    "a variable without a binder": Broken(
        kernel(store(HALF, I)), "local i of int64 is not bound", "C[i] = float32(0.5)"
    ),
    "a variable of another kind": Broken(
        kernel(loop(store(HALF, Var("i", INT64, "axis")))), "axis i of int64 is not bound", "C[i] = float32(0.5)"
    ),
    "an operator that the dtype does not have": Broken(
        kernel(store(Binary("mod", HALF, HALF))), "mod of float32: float32(0.5) % 0.5",
        "C[0] = float32(0.5) % 0.5",
    ),
    "a variable of another dtype": Broken(
        kernel(Let("x", ONE, store(Var("x", FLOAT, "local")))), "local x of float32 is not bound", "C[0] = x"
    ),
    "a loop that shadows a size": Broken(
        kernel(For("n", ZERO, ONE, "serial", store())), "n is bound twice", "serial n in 0 .. 1"
    ),
    "a loop that shadows a loop": Broken(kernel(loop(loop(store()))), "i is bound twice", "serial i in 0 .. n"),
    "a let that shadows a param": Broken(
        kernel(Let("alpha", ONE, store())), "alpha is bound twice", "let alpha: int64 = 1"
    ),
    "two sizes of one name": Broken(kernel(store(), sizes=("n", "n")), "n is bound twice"),
    "a param named as a size": Broken(
        kernel(store(), ScalarArgument("n", FLOAT)), "n is bound twice", "param n: float32"
    ),
    "two arrays of one name": Broken(
        kernel(store(), ArrayArgument("A", INT32, (), "input")), "two arguments are named A", "input A: int32[]"
    ),
    "a buffer allocated in itself": Broken(
        kernel(scratch(scratch(store(), ONE), N)), "T is allocated twice", "allocate T: float32[1] heap"
    ),
    "a buffer past its body": Broken(
        kernel(Block((scratch(store(), N), store(load("T", ZERO))))), "T is not there to be read", "C[0] = T[0]"
    ),
    "a store to nothing": Broken(
        kernel(store(buffer="T")), "T is not there to be written", "T[0] = float32(0.5)"
    ),
    # arguments
    "an extent over a param": Broken(
        kernel(store(), ArrayArgument("B", FLOAT, (Cast(INT64, Var("alpha", FLOAT, "param")),), "input")),
        "param alpha of float32 is not bound", "input B: float32[int64(alpha)]",
    ),
    "an extent of another dtype": Broken(
        kernel(store(), ArrayArgument("B", FLOAT, (const(3, INT32),), "input")),
        "an extent or range is int32, not int64: int32(3)", "input B: float32[int32(3)]",
    ),
    "a range of floats": Broken(
        kernel(store(), ArrayArgument("B", FLOAT, (N,), "input", (ZERO, N))),
        "B of float32 has a range of values", "input B: float32[n] in 0 .. n",
    ),
    "an assumption that is a number": Broken(
        replace(kernel(store()), assumptions=(N,)), "an assumption is int64, not bool: n", "assume n"
    ),
    "an assumption that loads": Broken(
        replace(kernel(store()), assumptions=(Compare("ge", load("A", ZERO), HALF),)),
        "A is not there to be read", "assume A[0] >= 0.5",
    ),
    # stores and loads
    "an input that is written": Broken(
        kernel(store(buffer="A")), "A is an input and is written", "A[0] = float32(0.5)"
    ),
    "a store of another rank": Broken(
        kernel(store(HALF, ZERO, ZERO)), "C has 1 dimensions and 2 subscripts", "C[0, 0] = float32(0.5)"
    ),
    "a load of another rank": Broken(
        kernel(store(load("A"))), "A has 1 dimensions and 0 subscripts", "C[0] = A[()]"
    ),
    "a value of another dtype": Broken(
        kernel(store(const(0.5, "float64"))),
        "what C takes is float64, not float32: float64(0.5)", "C[0] = float64(0.5)"
    ),
    "a load of another dtype": Broken(
        kernel(store(Cast(FLOAT, Load("A", INT32, (ZERO,))))),
        "A of float32 is read as int32", "C[0] = float32(A[0])",
    ),
    "a subscript of another dtype": Broken(
        kernel(store(HALF, const(0, INT32))),
        "a subscript of C is int32, not int64: int32(0)", "C[int32(0)] = float32(0.5)"
    ),
    "a loaded subscript of another dtype": Broken(
        kernel(store(load("A", const(0, INT32)))),
        "a subscript of int32: A[int32(0)]", "C[0] = A[int32(0)]",
    ),
    # expressions
    "a read of a tensor": Broken(
        kernel(store(Read(TENSOR, (ZERO,)))), "A[0] belongs above Loop IR", "C[0] = A[0]"
    ),
    "operands of two dtypes": Broken(
        kernel(store(Binary("add", HALF, const(1, INT32)))),
        "add of float32 and int32: float32(0.5) + 1", "C[0] = float32(0.5) + 1",
    ),
    "a comparison of two dtypes": Broken(
        kernel(If(Compare("lt", N, const(1, INT32)), store())),
        "lt of int64 and int32: n < 1", "if n < 1",
    ),
    "a select on a number": Broken(
        kernel(store(Select(N, HALF, HALF))), "a condition of int64: where(n, float32(0.5), 0.5)",
        "C[0] = where(n, float32(0.5), 0.5)",
    ),
    "a select of two dtypes": Broken(
        kernel(store(Select(const(True, BOOL), HALF, N))),
        "where of float32 and int64: where(True, 0.5, n)", "C[0] = where(True, 0.5, n)",
    ),
    "an fma of two dtypes": Broken(
        kernel(store(Fma(HALF, N, HALF, False))),
        "fma of float32 and int64: fma(0.5, n, 0.5)", "C[0] = fma(0.5, n, 0.5)"
    ),
    # conditions and loops
    "a condition that is a number": Broken(kernel(If(N, store())), "a condition is int64, not bool: n", "if n"),
    "no such tail": Broken(
        kernel(If(Compare("lt", ZERO, N), store(), tail="none")), "there is no tail none", "if 0 < n tail none"
    ),
    "a bound of another dtype": Broken(
        kernel(loop(store(), upper=const(4, INT32))),
        "a loop bound is int32, not int64: int32(4)", "serial i in 0 .. int32(4)",
    ),
    "an unrolled loop to a size": Broken(
        kernel(loop(store(), "unroll")), "unroll loop i has no constant bounds", "unroll i in 0 .. n"
    ),
    "lanes from a size": Broken(
        kernel(loop(store(), "vector", N, FOUR)), "vector loop i has no constant bounds", "vector i in n .. 4"
    ),
    "a serial loop inside lanes": Broken(
        kernel(For("l", ZERO, FOUR, "vector", loop(store()))), "serial loop i stands inside lanes", "serial i in 0 .. n"
    ),
    "lanes inside lanes": Broken(
        kernel(For("l", ZERO, FOUR, "vector", loop(store(), "vector", ZERO, FOUR))),
        "vector loop i stands inside lanes", "vector i in 0 .. 4",
    ),
    "an allocation inside lanes": Broken(
        kernel(For("l", ZERO, FOUR, "vector", If(Compare("lt", ZERO, N), scratch(store(), FOUR)))),
        "T is allocated inside lanes", "allocate T: float32[4] heap",
    ),
    # allocations
    "an extent that is a float": Broken(
        kernel(scratch(store(), HALF)),
        "an extent is float32, not int64: float32(0.5)", "allocate T: float32[float32(0.5)] heap"
    ),
    "a negative extent": Broken(
        kernel(scratch(store(), index_const(-1))), "T has a negative extent", "allocate T: float32[-1] heap"
    ),
    "a stack of unknown size": Broken(
        kernel(scratch(store(), N, scope="stack")),
        "T in scope stack has no constant extents", "allocate T: float32[n] stack"
    ),
    "registers of unknown number": Broken(
        kernel(scratch(store(), N, scope="register")),
        "T in scope register has no constant extents", "allocate T: float32[n] register",
    ),
    "a stack that is too large": Broken(
        kernel(scratch(store(), index_const(128), index_const(128), scope="stack", padding=1)),
        "T needs 65540 bytes of stack, more than 65536", "allocate T: float32[128, 128] stack padding 1",
    ),
    "registers with padding": Broken(
        kernel(scratch(store(), FOUR, scope="register", padding=4)),
        "T in scope register has a padding of 4", "allocate T: float32[4] register padding 4",
    ),
    "a negative padding": Broken(
        kernel(scratch(store(), FOUR, padding=-1)), "T in scope heap has a padding of -1",
        "allocate T: float32[4] heap padding -1",
    ),
    "registers indexed by a loop": Broken(
        kernel(scratch(loop(store(HALF, I, buffer="T"), upper=FOUR), FOUR, scope="register")),
        "T in registers is indexed by i, which is no constant", "T[i] = float32(0.5)",
    ),
    "registers indexed by a size": Broken(
        kernel(scratch(store(load("T", Binary("sub", N, N))), FOUR, scope="register")),
        "T in registers is indexed by n, which is no constant", "C[0] = T[n - n]",
    ),
    "registers indexed through a let": Broken(
        kernel(scratch(loop(Let("x", I, store(load("T", Var("x", INT64, "local"))))), FOUR, scope="register")),
        "T in registers is indexed by x, which is no constant", "C[0] = T[x]",
    ),
    "registers indexed by memory through a let": Broken(
        kernel(
            scratch(
                Let("x", Load("at", INT64, ()), store(load("T", Var("x", INT64, "local")))), FOUR, scope="register"
            ),
            ArrayArgument("at", INT64, (), "input"),
        ),
        "T in registers is indexed by x, which is no constant", "C[0] = T[x]",
    ),
    "registers indexed by memory": Broken(
        kernel(scratch(store(load("T", Load("at", INT64, ()))), FOUR, scope="register"),
            ArrayArgument("at", INT64, (), "input")),
        "T in registers is indexed by memory, which is no constant", "C[0] = T[at[()]]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_what_is_broken_is_named(broken: Broken) -> None:
    with pytest.raises(InternalError) as caught:
        verify(broken.kernel, after="hoist")
    assert caught.value.what == broken.what
    noticed = "noticed in hoist; this is a bug of tdsl, not of your program"
    assert caught.value.why == ((noticed, f"in: {broken.place}") if broken.place else (noticed,))


def test_the_whole_message() -> None:
    with pytest.raises(InternalError) as caught:
        verify(BROKEN["a store to nothing"].kernel, after="hoist")
    assert str(caught.value) == (
        "I999: T is not there to be written\n"
        "  noticed in hoist; this is a bug of tdsl, not of your program\n"
        "  in: T[0] = float32(0.5)\n"
        "  try: report it at https://github.com/tdsl/tdsl/issues with this message and the program"
    )


@given(kernels())
def test_kernels_that_hold_come_back(case: Case) -> None:
    assert verify(case.kernel, after="test") is case.kernel


def test_registers_may_be_indexed_by_lanes_unrolled_loops_and_lets_of_them() -> None:
    x = Var("x", INT64, "local")
    index = Binary("add", I, ONE)
    body = Let("x", index, Store("T", (x, index), HALF))
    for kind in ("unroll", "vector"):
        good = kernel(
            scratch(
                For("i", ZERO, index_const(3), kind, body), index_const(4), index_const(4), scope="register"
            )
        )
        assert verify(good, after="test") is good


def test_names_are_free_again_after_their_scope() -> None:
    good = kernel(Block((loop(store(HALF, I)), loop(store(HALF, I)), Let("i", HALF, store()))))
    assert verify(good, after="test") is good
