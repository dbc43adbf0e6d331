"""Normal form: one statement never stands in a block, blocks never in blocks; and nothing else changes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tdsl.dtypes import DTYPES
from tdsl.expr.node import BOOL, const, index_const
from tdsl.lower.ir import ArrayArgument, Block, For, If, Kernel, Statement, Store
from tdsl.lower.parser import parse_kernel
from tdsl.lower.passes.flatten_blocks import flatten_blocks
from tdsl.lower.printer import kernel_text, statement_text
from tdsl.lower.rewrite_statement import rebuild
from tests.support.loop_ir import Case, kernels

ARGUMENTS = (ArrayArgument("C", DTYPES["int64"], (index_const(9),), "output"),)


def kernel(body: Statement) -> Kernel:
    return Kernel("test", (), ARGUMENTS, body)


def store(value: int) -> Store:
    return Store("C", (index_const(value),), index_const(value))


def test_blocks_in_blocks_are_spliced_in_and_empty_ones_vanish() -> None:
    nested = Block((store(0), Block((store(1), Block(()), Block((store(2),)))), Block(())))
    assert flatten_blocks(kernel(nested)).body == Block((store(0), store(1), store(2)))


def test_a_block_of_one_statement_is_the_statement_at_every_level() -> None:
    deep = For(
        "i", index_const(0), index_const(2), "serial", Block((If(const(True, BOOL), Block((store(0),))),))
    )
    assert statement_text(flatten_blocks(kernel(Block((deep,)))).body) == "\n".join(
        ["serial i in 0 .. 2", "  if True", "    C[0] = 0"]
    )


def test_an_empty_body_stays() -> None:
    empty = kernel(For("i", index_const(0), index_const(2), "serial", Block(())))
    assert flatten_blocks(empty) is empty


@given(kernels(), st.integers(0, 2**32))
def test_the_text_is_the_same_and_parses_to_the_normal_form(case: Case, choices: int) -> None:
    assert flatten_blocks(case.kernel) is case.kernel
    bits = iter(f"{choices:b}" * 500)

    def wrapped(statement: Statement) -> Statement:
        inside = rebuild(statement, wrapped)
        return Block((inside,)) if next(bits, "0") == "1" else inside

    messy = Kernel(
        case.kernel.name,
        case.kernel.sizes,
        case.kernel.arguments,
        wrapped(case.kernel.body),
        case.kernel.assumptions,
    )
    assert kernel_text(messy) == kernel_text(case.kernel)
    assert flatten_blocks(messy) == case.kernel
    assert parse_kernel(kernel_text(messy)) == case.kernel
