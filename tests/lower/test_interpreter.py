"""The interpreter against computations by hand, and every access that it must refuse."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from tdsl.errors import InternalError
from tdsl.lower.interpreter import interpret
from tdsl.lower.ir import For, Kernel
from tdsl.lower.parser import parse_kernel
from tests.support.loop_ir import Case, elementwise, kernels, same_bits

NAN = float("nan")


def kernel(header: str, body: str) -> Kernel:
    """A kernel from its arguments, separated by semicolons, and its statements, indented from the left margin."""
    arguments = [line.strip() for line in header.split(";")]
    statements = ["  " + line for line in body.strip("\n").splitlines()]
    return parse_kernel("\n".join(["loops 1", "kernel test", *arguments, "begin", *statements]) + "\n")


def run(header: str, body: str, *, out: Any = None, partial: bool = False, **given: Any) -> Any:
    """The output C of a kernel. given: inputs as lists, sizes, params. out: its shape, or C's first values."""
    program = kernel(header, body)
    arrays = {}
    for argument in program.arguments:
        if argument.name in given and hasattr(argument, "extents"):
            arrays[argument.name] = np.array(given[argument.name], dtype=str(argument.dtype))
    dtype = next(str(argument.dtype) for argument in program.arguments if argument.name == "C")
    arrays["C"] = np.empty(out, dtype) if isinstance(out, tuple) else np.array(out, dtype)
    sizes = {name: given[name] for name in program.sizes if name in given}
    params = {name: value for name, value in given.items() if name not in arrays and name not in sizes}
    interpret(program, arrays, sizes, params, partial=partial)
    return arrays["C"].tolist()


def refused(header: str, body: str, **given: Any) -> str:
    """The message of the error."""
    with pytest.raises(InternalError) as caught:
        run(header, body, **given)
    return str(caught.value)


def message(what: str, *why: str) -> str:
    lines = [
        f"I999: {what}",
        "  noticed in lower.interpreter; this is a bug of tdsl, not of your program",
        *(f"  {line}" for line in why),
        "  try: report it at https://github.com/tdsl/tdsl/issues with this message and the program",
    ]
    return "\n".join(lines)


# ------------------------------------------------------------ by hand
def test_a_matrix_product() -> None:
    body = """
serial i in 0 .. m
  serial j in 0 .. n
    C[i, j] = int32(0)
    serial k in 0 .. 2
      C[i, j] = C[i, j] + A[i, k] * B[k, j]
"""
    header = "size m; size n; input A: int32[m, 2]; input B: int32[2, n]; output C: int32[m, n]"
    product = run(header, body, m=2, n=3, A=[[1, 2], [3, 4]], B=[[1, 0, 2], [0, 1, 3]], out=(2, 3))
    assert product == [[1, 2, 8], [3, 4, 18]]


def test_the_same_by_vectors_with_a_guarded_tail() -> None:
    body = """
parallel i in 0 .. m
  serial jo in 0 .. (n + 1) // 2
    allocate acc: int32[2] register
      vector jv in 0 .. 2
        acc[jv] = int32(0)
      serial k in 0 .. 2
        vector jv in 0 .. 2
          if jo * 2 + jv < n
            acc[jv] = acc[jv] + A[i, k] * B[k, jo * 2 + jv]
      vector jv in 0 .. 2
        if jo * 2 + jv < n
          C[i, jo * 2 + jv] = acc[jv]
"""
    header = "size m; size n; input A: int32[m, 2]; input B: int32[2, n]; output C: int32[m, n]"
    product = run(header, body, m=2, n=3, A=[[1, 2], [3, 4]], B=[[1, 0, 2], [0, 1, 3]], out=(2, 3))
    assert product == [[1, 2, 8], [3, 4, 18]]


def test_a_sliding_window_in_a_circular_buffer() -> None:
    body = """
allocate rows: int64[3] heap
  rows[0] = A[0]
  rows[1] = A[1]
  serial y in 0 .. n
    rows[(y + 2) % 3] = A[y + 2]
    C[y] = rows[y % 3] + rows[(y + 1) % 3] + rows[(y + 2) % 3]
"""
    header = "size n; input A: int64[n + 2]; output C: int64[n]"
    assert run(header, body, n=4, A=[1, 2, 3, 4, 5, 6], out=(4,)) == [6, 9, 12, 15]


def test_loops_run_upwards_from_their_lower_bound_and_may_be_empty() -> None:
    body = """
serial i in 0 .. n
  C[i] = int64(0)
serial i in 1 .. n
  serial j in i .. 3
    C[i] = C[i] * 10 + j
"""
    assert run("size n; output C: int64[n]", body, n=5, out=(5,)) == [0, 12, 2, 0, 0]


def test_lets_params_and_sizes_are_values() -> None:
    body = """
let x: float32 = alpha * 2.0
  let k: int64 = n + 1
    C[0] = x + float32(k)
"""
    assert run("size n; param alpha: float32; output C: float32[1]", body, n=3, alpha=0.25, out=(1,)) == [4.5]


def test_a_contracted_product_is_rounded_once_or_twice() -> None:
    """(1 + 2**-12)**2 - (1 + 2**-11) is 2**-24: rounded twice, the product loses it."""
    header = "input A: float32[1]; output C: float32[1]"
    x = 1 + 2.0**-12
    for op, has_fma, expected in (
        ("contracted", True, 2.0**-24),
        ("contracted", False, 0.0),
        ("fma", False, 2.0**-24),
    ):
        for loop in ("serial", "vector"):
            body = f"{loop} i in 0 .. 1\n  C[i] = {op}(A[i], A[i], float32({-(1 + 2.0**-11)!r}))"
            arrays = {"A": np.array([x], "float32"), "C": np.empty(1, "float32")}
            interpret(kernel(header, body), arrays, has_fma=has_fma)
            assert arrays["C"][0] == expected


def test_arrays_of_any_strides() -> None:
    source = np.arange(24, dtype="int16").reshape(4, 6)
    target = np.zeros((4, 3), "int16")
    program = kernel(
        "input A: int16[3, 4]; output C: int16[3, 4]",
        "serial i in 0 .. 3\n  vector j in 0 .. 4\n    C[i, j] = A[i, j]",
    )
    interpret(program, {"A": source[:, ::-2].T, "C": target.T})
    assert (target == source[:, ::-2]).all()


# ------------------------------------------------------------ lanes
def test_lanes_read_before_they_write() -> None:
    for kind, expected in (("vector", [1, 2, 3, 4]), ("serial", [1, 1, 1, 1])):
        body = f"{kind} i in 0 .. 3\n  C[i + 1] = C[i]"
        assert run("output C: int8[4]", body, out=[1, 2, 3, 4], partial=True)[1:] == [1, *expected[1:3]]


def test_statements_of_lanes_run_one_after_the_other() -> None:
    body = """
vector i in 0 .. 4
  C[i] = int64(0) + i
  C[i] = C[3 - i] * 10 + i
"""
    assert run("output C: int64[4]", body, out=(4,)) == [30, 21, 12, 3]
    assert run("output C: int64[4]", body.replace("vector", "serial"), out=[9, 9, 9, 9], partial=True) == [
        90,
        91,
        912,
        903,
    ]


def test_a_condition_is_a_mask_and_its_other_branch_the_opposite_one() -> None:
    body = """
vector i in 0 .. 6
  if i % 2 == 0
    if i < 3
      C[i] = int64(1)
    else
      C[i] = int64(2)
  else
    C[i] = int64(3)
"""
    assert run("output C: int64[6]", body, out=(6,)) == [1, 3, 1, 3, 2, 3]


def test_a_condition_inside_a_condition_stops_the_lanes_of_both() -> None:
    body = "vector i in 0 .. 4\n  if i > 1\n    if i != 3\n      C[i] = int8(9)"
    assert run("output C: int8[4]", body, out=[1, 2, 3, 4], partial=True) == [1, 2, 9, 4]


def test_a_condition_that_is_the_same_for_all_lanes() -> None:
    body = "vector i in 0 .. 2\n  if n > 2\n    C[i] = i\n  else\n    C[i] = -i"
    assert run("size n; output C: int64[2]", body, n=3, out=(2,)) == [0, 1]
    assert run("size n; output C: int64[2]", body, n=2, out=(2,)) == [0, -1]


def test_lanes_that_a_mask_stops_read_and_write_nothing() -> None:
    body = "vector i in 0 .. 8\n  if i < n\n    C[i] = A[i + i - i]"
    assert run("size n; input A: int8[n]; output C: int8[n]", body, n=3, A=[5, 6, 7], out=(3,)) == [5, 6, 7]
    assert run("size n; input A: int8[n]; output C: int8[n]", body, n=0, A=[], out=(0,)) == []


def test_a_let_of_lanes() -> None:
    body = "vector i in 0 .. 3\n  let x: int64 = i * i\n    unroll u in 0 .. 2\n      C[i * 2 + u] = x + u"
    assert run("output C: int64[6]", body, out=(6,)) == [0, 1, 1, 2, 4, 5]


def test_a_store_of_all_lanes_to_one_element_keeps_the_last() -> None:
    body = "vector i in 0 .. 4\n  if i < 3\n    C[0] = i"
    assert run("output C: int64[1]", body, out=(1,)) == [2]


# ------------------------------------------------------------ laziness
@pytest.mark.parametrize("kind", ["serial", "vector"])
def test_the_branch_that_is_not_taken_reads_nothing(kind: str) -> None:
    body = f"{kind} i in 0 .. 6\n  C[i] = where(i >= 2 and i < 5, A[i - 2], where(i < 2, int8(-1), A[5 - i]))"
    assert run("input A: int8[3]; output C: int8[6]", body, A=[5, 6, 7], out=(6,)) == [-1, -1, 5, 6, 7, 5]


def test_a_uniform_read_that_no_lane_takes() -> None:
    body = "vector i in 0 .. 4\n  C[i] = where(i + n < 0, A[n], int8(1))"
    assert run("size n; input A: int8[3]; output C: int8[4]", body, n=7, A=[1, 2, 3], out=(4,)) == [
        1,
        1,
        1,
        1,
    ]


def test_repeated_parts_under_different_lanes() -> None:
    """`A[i]` is read by the lanes of one branch first, then by all those of the other."""
    body = "vector i in 0 .. 4\n  C[i] = where(i < 3, where(i < 1, A[i], A[i] + 10), where(i > 5, A[i], int8(0)))"
    assert run("input A: int8[3]; output C: int8[4]", body, A=[1, 2, 3], out=(4,)) == [1, 12, 13, 0]
    part = "where(i < 2, A[i], A[4 - i])"
    body = f"vector i in 0 .. 4\n  C[i] = where(i < 1, {part}, {part} + 10)"
    assert run("input A: int8[3]; output C: int8[4]", body, A=[1, 2, 3], out=(4,)) == [1, 12, 13, 12]


# ------------------------------------------------------------ order
def test_parallel_loops_are_shuffled_by_a_seed() -> None:
    program = kernel("output C: int64[1]", "C[0] = int64(0)\nparallel i in 0 .. 9\n  C[0] = C[0] * 10 + i")

    def result(shuffle: int | None) -> int:
        arrays = {"C": np.empty(1, "int64")}
        interpret(program, arrays, shuffle=shuffle)
        return int(arrays["C"][0])

    assert result(None) == 12345678
    assert result(7) == result(7)
    drawn = {result(seed) for seed in range(5)}
    assert len(drawn) > 1
    assert {"".join(sorted(str(number).zfill(9))) for number in drawn} == {"012345678"}


@given(kernels())
def test_the_order_of_independent_iterations_does_not_matter(case: Case) -> None:
    plain, shuffled = case.arrays(), case.arrays()
    interpret(case.kernel, plain, case.sizes, case.params)
    interpret(case.kernel, shuffled, case.sizes, case.params, shuffle=1)
    assert all(same_bits(plain[name], shuffled[name]) for name in plain)


ALL_DTYPES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64",
)  # fmt: skip


@given(elementwise(dtypes=ALL_DTYPES))
def test_lanes_compute_what_single_values_do(case: Case) -> None:
    """Arrays go through expr.scalar_ops, single values mostly through Python numbers: two accounts of one semantics."""
    body = case.kernel.body
    assert isinstance(body, For)
    lanes, single = case.arrays(), case.arrays()
    interpret(case.kernel, lanes, case.sizes)
    interpret(replace(case.kernel, body=replace(body, kind="serial")), single, case.sizes)
    assert same_bits(lanes["C"], single["C"])


def test_expressions_deeper_than_the_stack() -> None:
    text = " + ".join(["A[i]"] * 3000)
    for kind in ("serial", "vector"):
        body = f"{kind} i in 0 .. 2\n  C[i] = {text}"
        assert run("input A: float32[2]; output C: float32[2]", body, A=[1, 2], out=(2,)) == [3000, 6000]


def test_shared_parts_are_evaluated_once() -> None:
    """60 doublings written as `x + x` would be 2**60 evaluations."""
    lines = ["share shared.part1: uint64 = A[0]"]
    lines += [
        f"share shared.part{k}: uint64 = shared.part{k - 1} + (shared.part{k - 1} ^ 0)" for k in range(2, 61)
    ]
    body = "\n".join([*lines, "C[0] = shared.part60"])
    assert run("input A: uint64[1]; output C: uint64[1]", body, A=[1], out=(1,)) == [2**59]


# ------------------------------------------------------------ what is refused
OUT_OF_BOUNDS = {
    "a read past the end": ("C[0] = A[n]", "A[3] is read out of bounds", "A has the extents [3]"),
    "a read before the start": ("C[0] = A[n - 4]", "A[-1] is read out of bounds", "A has the extents [3]"),
    "a write past the end": ("C[n] = A[0]", "C[3] is written out of bounds", "C has the extents [3]"),
    "a write before the start": ("C[0 - n] = A[0]", "C[-3] is written out of bounds", "C has the extents [3]"),
    "a read in a loop": (
        "serial i in 0 .. 4\n  C[0] = A[i]", "A[3] is read out of bounds", "A has the extents [3]", "at i=3",
    ),
    "a read of a lane": (
        "serial i in 0 .. 1\n  vector v in 0 .. 4\n    if v > 0\n      C[i] = A[v]",
        "A[3] is read out of bounds", "A has the extents [3]", "at i=0",
    ),
    "a write of a lane": (
        "vector v in 0 .. 4\n  C[v] = A[0]", "C[3] is written out of bounds", "C has the extents [3]",
    ),
    "a subscript that wrapped": (
        "vector v in 0 .. 2\n  C[v] = A[v + 9223372036854775807]",
        "A[9223372036854775807] is read out of bounds", "A has the extents [3]",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    "body, what, why", [(body, what, why) for body, what, *why in OUT_OF_BOUNDS.values()], ids=OUT_OF_BOUNDS
)
def test_accesses_out_of_bounds(body: str, what: str, why: list[str]) -> None:
    header = "size n; input A: int8[n]; output C: int8[n]"
    assert refused(header, body, n=3, A=[1, 2, 3], out=(3,)) == message(what, *why)


def test_padding_may_be_read_and_not_used() -> None:
    body = """
allocate T: float32[2, 2] heap padding 1
  unroll i in 0 .. 2
    unroll j in 0 .. 2
      T[i, j] = float32(1.0)
  allocate S: float32[3] stack
    vector j in 0 .. 3
      S[j] = T[1, j]
    C[0] = S[1]
    C[1] = S[WHICH]
"""
    header = "output C: float32[2]"
    assert run(header, body.replace("WHICH", "0"), out=(2,)) == [1, 1]
    assert refused(header, body.replace("WHICH", "2"), out=(2,)) == message(
        "C[1] gets a value that depends on uninitialised memory"
    )
    assert refused(header, body.replace("T[1, j]", "T[1, j + 1]").replace("WHICH", "0"), out=(2,)) == message(
        "T[1, 3] is read out of bounds", "T has the extents [2, 2] and 1 more"
    )


UNDEFINED = {
    "stored": ("T[0] = A[0]\nC[0] = T[1]", "C[0] gets a value that depends on uninitialised memory"),
    "stored through scratch": (
        "serial i in 0 .. 2\n  T[i + 1] = T[i] + A[0]\nC[0] = T[2]",
        "C[0] gets a value that depends on uninitialised memory",
    ),
    "stored through a let": (
        "let x: int8 = T[1] * 0\n  C[0] = x", "C[0] gets a value that depends on uninitialised memory",
    ),
    "stored where its value does not matter": (
        "C[0] = T[1] - T[1]", "C[0] gets a value that depends on uninitialised memory",
    ),
    "stored by a lane": (
        "T[0] = A[0]\nvector v in 0 .. 2\n  C[v] = T[v]", "C[1] gets a value that depends on uninitialised memory",
    ),
    "stored by a lane through a let": (
        "T[0] = A[0]\nserial i in 0 .. 1\n  vector v in 0 .. 2\n"
        "    let x: int8 = T[v] + A[0]\n      if v > 0\n        C[v] = x",
        "C[1] gets a value that depends on uninitialised memory", "at i=0",
    ),
    "an output read before it is written": (
        "C[0] = C[1]", "C[0] gets a value that depends on uninitialised memory",
    ),
    "a condition": ("if T[0] > 0\n  C[0] = A[0]", "the condition T[0] > 0 depends on uninitialised memory"),
    "a condition of lanes": (
        "T[0] = A[0]\nvector v in 0 .. 2\n  if T[v] > 0\n    C[v] = A[0]",
        "the condition T[v] > 0 depends on uninitialised memory",
    ),
    "a bound": (
        "serial i in 0 .. int64(T[0])\n  C[0] = A[0]", "the bound int64(T[0]) depends on uninitialised memory",
    ),
    "a subscript of a store": (
        "C[int64(T[0])] = A[0]", "the subscript int64(T[0]) depends on uninitialised memory",
    ),
    "an extent": (
        "allocate S: int8[int64(T[0])] heap\n  C[0] = A[0]", "the extent int64(T[0]) depends on uninitialised memory",
    ),
    "never written": ("C[1] = A[0]", "C[0] is never written", "C is an output"),
}  # fmt: skip


@pytest.mark.parametrize(
    "body, what, why", [(body, what, why) for body, what, *why in UNDEFINED.values()], ids=UNDEFINED
)
def test_uninitialised_memory(body: str, what: str, why: list[str]) -> None:
    lines = "\n".join("  " + line for line in body.splitlines())
    program = f"allocate T: int8[4] heap\n{lines}"
    assert refused("input A: int8[1]; output C: int8[2]", program, A=[5], out=(2,)) == message(what, *why)


def test_undefined_values_that_decide_nothing() -> None:
    """Over-computed lanes may read, compute and store poison in scratch; a select passes it on lane by lane."""
    body = """
allocate T: float32[8] register
  unroll i in 0 .. 3
    T[i] = A[i]
  vector v in 0 .. 8
    T[v] = where(T[v] > 1.5, T[v] * 2.0, where(v < 3, 0.0, T[7 - v]))
  vector v in 0 .. 8
    if v < n
      C[v] = T[v]
"""
    assert run("size n; input A: float32[3]; output C: float32[n]", body, n=3, A=[1, 2, 3], out=(3,)) == [
        0,
        4,
        6,
    ]


def test_scratch_is_fresh_in_every_iteration() -> None:
    body = "serial i in 0 .. 2\n  allocate T: int64[1] heap\n    if i == 0\n      T[0] = i\n    C[i] = T[0]"
    assert refused("output C: int64[2]", body, out=(2,)) == message(
        "C[1] gets a value that depends on uninitialised memory", "at i=1"
    )


def test_partial_outputs_keep_what_they_hold() -> None:
    assert run("output C: int8[3]", "C[1] = C[0]", out=[5, 6, 7], partial=True) == [5, 5, 7]


ARGUMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "a size": ({"A": [1], "alpha": 1}, "the size n is not given"),
    "a param": ({"A": [1], "n": 1}, "the param alpha is not given"),
    "an array": ({"n": 1, "alpha": 1}, "the array A is not given"),
    "a shape": ({"n": 2, "alpha": 1, "A": [1, 0, 0]}, "A is int32[3], not int32[2]"),
    "a range": ({"n": 2, "alpha": 1, "A": [0, 2]}, "A holds values outside 0 .. 2"),
    "an assumption": ({"n": 0, "alpha": 1, "A": []}, "the assumption n >= 1 does not hold"),
}


@pytest.mark.parametrize("given, what", ARGUMENTS.values(), ids=ARGUMENTS)
def test_arguments_that_do_not_fit(given: dict[str, Any], what: str) -> None:
    header = "size n; param alpha: int32; input A: int32[n] in 0 .. n; output C: int32[n]; assume n >= 1"
    body = "serial i in 0 .. n\n  C[i] = A[i] * alpha"
    assert refused(header, body, out=(given.get("n", 1),), **given) == message(what)


def test_an_array_of_another_dtype() -> None:
    program = kernel("output C: int32[1]", "C[0] = int32(1)")
    with pytest.raises(InternalError, match=r"C is int64\[1\], not int32\[1\]"):
        interpret(program, {"C": np.zeros(1, "int64")})
