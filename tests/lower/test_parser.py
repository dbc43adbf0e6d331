"""Text and kernels: what the printer writes the parser reads back, and other text is an error with its line."""

from __future__ import annotations

import pytest
from hypothesis import given

from tdsl.errors import FormatError
from tdsl.lower.ir import If, Kernel, Store
from tdsl.lower.parser import parse_kernel
from tdsl.lower.passes.flatten_blocks import flatten_blocks
from tdsl.lower.printer import kernel_text
from tests.support.loop_ir import Case, kernels

ALL_DTYPES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "bfloat16", "float32",
    "float64",
)  # fmt: skip

HEAD = """\
loops 1
kernel scale
size n
param alpha: float32
input A: float32[n]
output C: float32[n]
assume n >= 1
begin
"""


@given(kernels(dtypes=ALL_DTYPES))
def test_printed_kernels_parse_to_the_same(case: Case) -> None:
    text = kernel_text(case.kernel)
    assert parse_kernel(text) == case.kernel
    assert kernel_text(parse_kernel(text)) == text


def test_blank_lines_and_trailing_spaces_mean_nothing() -> None:
    body = "  serial i in 0 .. n\n    C[i] = A[i]\n"
    assert parse_kernel(HEAD + "\n" + body.replace("\n", "  \n\n")) == parse_kernel(HEAD + body)


def test_a_parsed_kernel_is_in_normal_form() -> None:
    kernel = parse_kernel(HEAD + "  pass\n  serial i in 0 .. n\n    pass\n    C[i] = A[i]\n  pass\n")
    assert flatten_blocks(kernel) is kernel
    assert kernel_text(kernel) == HEAD + "  serial i in 0 .. n\n    C[i] = A[i]\n"


def test_names_may_be_words_of_the_text() -> None:
    """Identifiers that are no Python keywords are names, whatever they mean elsewhere in a line (semantics N6)."""
    text = """\
loops 1
kernel begin
size tail
size over
input serial: float32[tail, over]
output let: float32[tail]
begin
  serial min in 0 .. tail
    allocate heap: float32[over] heap
      serial where in 0 .. over
        if min < tail tail guard
          heap[where] = serial[min, where]
        else
          heap[where] = float32(0.0)
      let size: float32 = heap[min(over, 1) - 1]
        let[min] = where(size > 0.0, size, max(size, -size))
"""
    assert kernel_text(parse_kernel(text)) == text


def test_a_tail_is_no_part_of_the_condition() -> None:
    kernel = parse_kernel(
        HEAD + "  serial tail in 0 .. n\n    if tail < n tail mask\n      C[tail] = A[tail]\n"
    )
    (branch,) = [one for one in _walk(kernel) if isinstance(one, If)]
    assert branch.tail == "mask"


def test_an_element_of_rank_0() -> None:
    text = "loops 1\nkernel copy\ninput A: int8[]\noutput C: int8[]\nbegin\n  C[()] = A[()]\n"
    kernel = parse_kernel(text)
    assert isinstance(kernel.body, Store)
    assert kernel.body.index == ()
    assert kernel_text(kernel) == text


def _walk(kernel: Kernel) -> list[object]:
    from tdsl.lower.rewrite_statement import walk_statements

    return list(walk_statements(kernel.body))


# ------------------------------------------------------------ errors
ERRORS = {
    "another format": (
        "loops 2\nkernel scale\nbegin\n  pass\n",
        "L204: line 1 of the loops is not readable\n  expected loops 1, the format this version reads\n  loops 2",
    ),
    "no kernel": (
        "loops 1\nbegin\n",
        "L201: line 2 of the loops is not readable\n  expected kernel NAME\n  begin",
    ),
    "no such header line": (
        "loops 1\nkernel scale\nsizes n\nbegin\n  pass\n",
        "L201: line 3 of the loops is not readable\n"
        "  expected size, param, input, output, assume, line or begin\n"
        "  sizes n",
    ),
    "no such dtype": (
        "loops 1\nkernel scale\ninput A: float33[4]\nbegin\n  pass\n",
        "L201: line 3 of the loops is not readable\n"
        "  expected a dtype (there is no dtype 'float33')\n"
        "  input A: float33[4]",
    ),
    "the end": ("loops 1\nkernel scale\n", "L201: the loops end too early\n  expected begin"),
    "no body": (HEAD, "L201: the loops end too early\n  expected a statement, indented"),
    "no loop body": (
        HEAD + "  serial i in 0 .. n\n  pass\n",
        "L201: line 10 of the loops is not readable\n  expected a statement, indented\n  pass",
    ),
    "no statement": (
        HEAD + "  for i in range(n):\n",
        "L201: line 9 of the loops is not readable\n"
        "  expected a loop, if, let, allocate, pass, barrier or BUFFER[…] = VALUE\n"
        "  for i in range(n):",
    ),
    "no such loop": (
        HEAD + "  forall i in 0 .. n\n    C[i] = A[i]\n",
        "L201: line 9 of the loops is not readable\n"
        "  expected a loop, if, let, allocate, pass, barrier or BUFFER[…] = VALUE\n"
        "  forall i in 0 .. n",
    ),
    "too deep": (
        HEAD + "  C[0] = A[0]\n    C[1] = A[1]\n",
        "L201: line 10 of the loops is not readable\n  expected 2 spaces\n  C[1] = A[1]",
    ),
    "an odd number of spaces": (
        HEAD + "   C[0] = A[0]\n",
        "L201: line 9 of the loops is not readable\n  expected an even number of spaces\n  C[0] = A[0]",
    ),
    "else without if": (
        HEAD + "  C[0] = A[0]\n  else\n    pass\n",
        "L201: line 10 of the loops is not readable\n  expected the end\n  else",
    ),
    "no expression": (
        HEAD + "  C[0] = A[0] +\n",
        "L201: line 9 of the loops is not readable\n"
        "  expected an expression (this is no expression: an operand is missing)\n"
        "  A[0] +\n"
        "        ^",
    ),
    "an unknown variable": (
        HEAD + "  C[i] = A[0]\n",
        "L202: line 9 of the loops is not readable\n"
        "  expected an expression (this is no expression: i is not declared)\n"
        "  i\n"
        "  ^",
    ),
    "a variable past its loop": (
        HEAD + "  serial i in 0 .. n\n    C[i] = A[i]\n  C[0] = A[i]\n",
        "L202: line 11 of the loops is not readable\n"
        "  expected an expression (this is no expression: i is not declared)\n"
        "  A[i]\n"
        "    ^",
    ),
    "an unknown buffer": (
        HEAD + "  D[0] = A[0]\n",
        "L202: line 9 of the loops is not readable\n  expected a buffer, and D is not declared\n  D[0] = A[0]",
    ),
    "loops that do not fit": (
        HEAD + "  A[0] = C[0]\n",
        "L203: the loops are not well formed: A is an input and is written\n  in: A[0] = C[0]",
    ),
}


@pytest.mark.parametrize("text, message", ERRORS.values(), ids=ERRORS)
def test_errors_name_the_line_and_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_kernel(text)
    assert str(caught.value) == message
