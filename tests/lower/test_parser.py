"""Text and kernels: what the printer writes the parser reads back, and what nobody wrote gets an error with its line."""

from __future__ import annotations

import pytest
from hypothesis import given

from tdsl.dtypes import DTYPES
from tdsl.errors import FormatError
from tdsl.expr.node import Binary, Const, Load, Node, Select, Compare, const, index_const
from tdsl.lower.ir import ArrayArgument, Block, If, Kernel, Store
from tdsl.lower.parser import parse_kernel
from tdsl.lower.printer import kernel_text
from tests.support.loop_ir import Case, kernels

FLOAT = DTYPES["float32"]


@given(kernels(dtypes=(*("float16", "bfloat16", "int8", "uint16", "uint64"), "float32", "float64", "int64", "bool")))
def test_printed_kernels_parse_to_the_same(case: Case) -> None:
    text = kernel_text(case.kernel)
    assert parse_kernel(text) == case.kernel
    assert kernel_text(parse_kernel(text)) == text
