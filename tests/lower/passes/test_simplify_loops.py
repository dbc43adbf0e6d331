"""Before and after, and the same meaning by the interpreter; each rule of the pass has a case that shows it alone."""

from __future__ import annotations

import pytest
from hypothesis import given

from tdsl.dtypes import DTYPES
from tdsl.expr.knowledge import Knowledge
from tdsl.expr.node import INT64, Binary, Compare, Node, Var, index_const, size_var
from tdsl.expr.rewrite import walk
from tdsl.expr.simplify import simplify
from tdsl.lower.interpreter import interpret
from tdsl.lower.ir import ArrayArgument, Block, For, If, Kernel, Statement, Store, block
from tdsl.lower.parser import parse_kernel
from tdsl.lower.passes import simplify_loops as the_pass
from tdsl.lower.passes.simplify_loops import simplify_loops
from tdsl.lower.printer import kernel_text
from tdsl.lower.rewrite_statement import walk_statements
from tdsl.lower.verifier import verify
from tests.support.loop_ir import Case, kernels, same_bits

HEAD = """\
loops 1
kernel test
size n
input A: float32[n]
input at: int64[n] in 0 .. n
output C: float32[n]
assume n >= 8
begin
"""


def indented(lines: str) -> str:
    return "".join(f"  {line}\n" for line in lines.strip("\n").splitlines())


def simplified(body: str) -> str:
    text = kernel_text(simplify_loops(parse_kernel(HEAD + indented(body))))
    assert text.startswith(HEAD)
    return "\n".join(line[2:] for line in text.removeprefix(HEAD).splitlines())


RULES = {
    "a condition that a loop's range implies": (
        "serial i in 0 .. n\n  if i < n + 1\n    C[i] = A[i]",
        "serial i in 0 .. n\n  C[i] = A[i]",
    ),
    "a condition that a loop's range excludes": (
        "serial i in 0 .. n\n  if i >= n\n    C[i] = A[i]\n  else\n    C[i] = A[0]",
        "serial i in 0 .. n\n  C[i] = A[0]",
    ),
    "a condition that an assumption implies": ("if n > 7\n  C[0] = A[0]", "C[0] = A[0]"),
    "a condition inside the same condition": (
        "serial i in 0 .. 2 * n\n  if i < n\n    if i < n and i > 2\n      C[i] = A[i]",
        "serial i in 0 .. n * 2\n  if i < n\n    if i > 2\n      C[i] = A[i]",
    ),
    "a condition inside its opposite": (
        "serial i in 0 .. n\n  if i < 3\n    C[i] = A[i]\n  else\n    if i >= 3\n      C[i] = A[0]",
        "serial i in 0 .. n\n  if i < 3\n    C[i] = A[i]\n  else\n    C[i] = A[0]",
    ),
    "clamps of a loop's range": (
        "serial i in 0 .. n\n  C[i] = A[min(max(i, 0), n - 1)]", "serial i in 0 .. n\n  C[i] = A[i]",
    ),
    "clamps under a condition": (
        "serial i in 0 .. n\n  if i > 0\n    C[i] = A[max(i - 1, 0)]",
        "serial i in 0 .. n\n  if i > 0\n    C[i] = A[i - 1]",
    ),
    "a loop that runs at least once": (
        "serial i in 0 .. n - 9\n  if n > 9\n    C[i] = A[i]", "serial i in 0 .. n - 9\n  C[i] = A[i]",
    ),
    "lanes within a tile": (
        "serial i in 0 .. n // 8\n  vector v in 0 .. 8\n    if i * 8 + v < n\n      C[i * 8 + v] = A[i * 8 + v]",
        "serial i in 0 .. n // 8\n  vector v in 0 .. 8\n    C[i * 8 + v] = A[i * 8 + v]",
    ),
    "an empty loop": ("C[0] = A[0]\nserial i in n .. 7\n  C[i] = A[i]", "C[0] = A[0]"),
    "a loop of one iteration": (
        "serial i in n - 1 .. n\n  C[i] = A[i]", "C[n - 1] = A[n - 1]",
    ),
    "a loop of one iteration or none": (
        "serial i in 0 .. min(n - 8, 1)\n  C[i] = A[i]", "serial i in 0 .. min(n - 8, 1)\n  C[i] = A[i]",
    ),
    "an unrolled loop of one iteration": (
        "serial i in 0 .. n\n  unroll u in 2 .. 3\n    C[i] = A[i] * float32(u)",
        "serial i in 0 .. n\n  C[i] = A[i] * 2.0",
    ),
    "lanes of one iteration stay": (
        "vector v in 0 .. 1\n  C[v] = A[v]", "vector v in 0 .. 1\n  C[v] = A[v]",
    ),
    "a loop of one iteration that memory starts": (
        "serial i in at[0] % 8 .. at[0] % 8 + 1\n  C[i] = A[i]", "let i: int64 = at[0] % 8\n  C[i] = A[i]",
    ),
    "a let of a name": ("let x: int64 = n\n  C[x - 1] = A[0]", "C[n - 1] = A[0]"),
    "a let of a constant": ("let x: float32 = float32(0.5)\n  C[0] = x", "C[0] = float32(0.5)"),
    "a let that nothing uses": ("let x: int64 = n * n\n  C[0] = A[0]", "C[0] = A[0]"),
    "a let that only an earlier one of its name is used of": (
        "let x: int64 = n // 3\n  C[x] = A[x]\nlet x: int64 = n // 5\n  C[0] = A[0]",
        "let x: int64 = n // 3\n  C[x] = A[x]\nC[0] = A[0]",
    ),
    "a let that only what went used": (
        "serial i in 0 .. n\n  let x: int64 = n // 3\n    if A[x] < 1.0\n      pass\n    C[i] = A[i]",
        "serial i in 0 .. n\n  C[i] = A[i]",
    ),
    "a let of nothing": ("C[0] = A[0]\nlet x: int64 = n // 3\n  if A[x] < 1.0\n    pass", "C[0] = A[0]"),
    "a let as a range": (
        "serial o in 0 .. n // 8\n  let x: int64 = o * 8 + 7\n    if x < n\n      C[x] = A[x]",
        "serial o in 0 .. n // 8\n  let x: int64 = o * 8 + 7\n    C[x] = A[x]",
    ),
    "an empty then": (
        "serial i in 0 .. n\n  if i < 3\n    pass\n  else\n    C[i] = A[i]",
        "serial i in 0 .. n\n  if i >= 3\n    C[i] = A[i]",
    ),
    "an empty else": (
        "serial i in 0 .. n\n  if i < 3\n    C[i] = A[i]\n  else\n    pass",
        "serial i in 0 .. n\n  if i < 3\n    C[i] = A[i]",
    ),
    "nothing at all": (
        "serial i in 0 .. n\n  if i < 3\n    pass\n  else\n    serial j in i .. i\n      C[j] = A[j]", "pass",
    ),
    "scratch that nothing uses": (
        "C[0] = A[0]\nallocate T: float32[4] heap\n  serial i in 3 .. 2\n    T[i] = A[i]", "C[0] = A[0]",
    ),
    "extents": (
        "allocate T: float32[max(n, 8)] heap\n  T[0] = A[0]\n  C[0] = T[0]",
        "allocate T: float32[n] heap\n  T[0] = A[0]\n  C[0] = T[0]",
    ),
    "an input's values are facts": (
        "if at[0] < 3\n  if at[0] < 4\n    C[0] = A[0]", "if at[0] < 3\n  C[0] = A[0]",
    ),
    "a tail's name stays with its condition": (
        "serial i in 0 .. n\n  if i < 3 and i < n tail mask\n    C[i] = A[i]",
        "serial i in 0 .. n\n  if i < 3 tail mask\n    C[i] = A[i]",
    ),
}  # fmt: skip


NO_FACTS = {
    "a condition over what may be written": """
allocate T: int64[1] heap
  T[0] = at[0]
  if T[0] < 3
    T[0] = at[1]
    if T[0] < 4
      C[0] = A[0]""",
    "a bound that may be written": """
allocate T: int64[1] heap
  T[0] = n
  serial i in 0 .. T[0] % 8
    T[0] = at[i]
    if 0 < T[0] % 8
      C[i] = A[i]""",
    "a let of what may be written": """
allocate T: int64[1] heap
  T[0] = n
  let x: int64 = T[0] % 8
    T[0] = at[0]
    if x == T[0] % 8
      C[0] = A[0]""",
}


@pytest.mark.parametrize("body", NO_FACTS.values(), ids=NO_FACTS)
def test_memory_that_may_change_decides_nothing(body: str) -> None:
    assert simplified(body) == body.strip()


@pytest.mark.parametrize("before, after", RULES.values(), ids=RULES)
def test_each_rule(before: str, after: str) -> None:
    assert simplified(before) == after
    assert simplified(after) == after


def test_the_same_kernel_where_nothing_changes() -> None:
    body = "parallel i in 0 .. n\n  if A[i] < 0.0 tail guard\n    C[i] = A[i] * A[i]\n  else\n    C[i] = A[at[i]]"
    kernel = parse_kernel(HEAD + indented(body))
    assert simplify_loops(kernel) is kernel


def skeleton(kernel: Kernel) -> list[str]:
    """The statements without their expressions."""
    names = ("var", "buffer", "kind", "scope", "tail")
    return [
        " ".join([type(one).__name__, *(str(getattr(one, name, "")) for name in names)])
        for one in walk_statements(kernel.body)
    ]


@given(kernels())
def test_the_meaning_is_the_same_and_once_is_enough(case: Case) -> None:
    """A second run finds no statement to drop; whether expressions settle at once is `expr.simplify`'s to test."""
    after = verify(simplify_loops(case.kernel), after="simplify_loops")
    assert skeleton(simplify_loops(after)) == skeleton(after)
    expected, found = case.arrays(), case.arrays()
    interpret(case.kernel, expected, case.sizes, case.params)
    interpret(after, found, case.sizes, case.params)
    assert all(same_bits(expected[name], found[name]) for name in expected)


def test_a_loop_of_one_iteration_with_a_long_start_becomes_a_let() -> None:
    """Substituting would repeat the expression at every use."""
    n, i = size_var("n"), Var("i", INT64, "local")
    start = n
    for divisor in range(2, 14):
        start = Binary(
            "min", Binary("floordiv", n, index_const(divisor)), Binary("mod", start, index_const(97))
        )
    body = Store("C", (i,), Binary("add", i, i))
    kernel = Kernel(
        "test", ("n",), (ArrayArgument("C", DTYPES["int64"], (n,), "output"),),
        For("i", start, Binary("add", start, index_const(1)), "serial", body),
    )  # fmt: skip
    assert " let i: int64 = " in kernel_text(simplify_loops(kernel))


def many(count: int) -> Kernel:
    """`count` guarded loops, one after the other."""
    n = size_var("n")
    parts: list[Statement] = []
    for position in range(count):
        i = Var(f"i{position}", INT64, "local")
        guard = Compare(
            "lt", Binary("add", i, index_const(position)), Binary("add", n, index_const(position))
        )
        parts.append(For(i.name, index_const(0), n, "serial", If(guard, Store("C", (i,), i))))
    return Kernel("test", ("n",), (ArrayArgument("C", DTYPES["int64"], (n,), "output"),), block(parts))


def test_work_grows_with_size_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times the statements: at most ten times the nodes visited."""
    visited = 0

    def counting(node: Node, known: Knowledge) -> Node:
        nonlocal visited
        visited += sum(1 for _ in walk(node))
        return simplify(node, known)

    def work(count: int) -> int:
        nonlocal visited
        visited = 0
        after = simplify_loops(many(count))
        assert isinstance(after.body, Block)
        assert all(isinstance(one, For) and isinstance(one.body, Store) for one in after.body.statements)
        return visited

    monkeypatch.setattr(the_pass, "simplify", counting)
    assert 5 * work(6) < work(60) <= 10 * work(6)


def test_what_comes_after_the_budget_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(the_pass, "BUDGET", 40)
    after = simplify_loops(many(20))
    assert isinstance(after.body, Block)
    kept = [isinstance(one, For) and isinstance(one.body, If) for one in after.body.statements]
    assert kept == sorted(kept)
    assert True in kept
    assert False in kept
