"""Loop IR as values: comparison, blocks in normal form, the arrays of a kernel."""

from __future__ import annotations

import pickle

from hypothesis import given

from tdsl.dtypes import DTYPES
from tdsl.expr.node import index_const
from tdsl.lower.ir import ArrayArgument, Block, Kernel, ScalarArgument, Store, arrays, block
from tests.support.loop_ir import Case, kernels


def store(value: int) -> Store:
    return Store("C", (index_const(0),), index_const(value))


def test_a_block_is_in_normal_form() -> None:
    assert block([]) == Block(())
    assert block([store(1)]) == store(1)
    assert block([store(1), Block((store(2), store(3))), Block(())]) == Block((store(1), store(2), store(3)))
    assert block([Block((store(1),))]) == store(1)


def test_arrays_leave_scalars_out_and_keep_the_order() -> None:
    a = ArrayArgument("A", DTYPES["float32"], (), "input")
    c = ArrayArgument("C", DTYPES["float32"], (), "output")
    assert arrays(Kernel("test", (), (a, ScalarArgument("x", DTYPES["float32"]), c), Block(()))) == (a, c)


@given(kernels())
def test_kernels_pickle(case: Case) -> None:
    again = pickle.loads(pickle.dumps(case.kernel))
    assert again == case.kernel
    assert hash(again) == hash(case.kernel)
