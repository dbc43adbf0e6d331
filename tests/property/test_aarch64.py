"""AArch64 under qemu-user: the same bits from every operator and conversion, from partial vectors and turned rows.

There are tests here only where the emulator and a linker are installed (tests/support/under_qemu.py).
"""

import numpy as np
import pytest

from tdsl.target import Target
from tests.codegen.llvm import kernels, test_blocked, test_expressions, test_narrow_floats, test_partial
from tests.support import under_qemu

TARGETS = [Target("cpu:aarch64"), Target("cpu:neoverse-n1")]

if under_qemu.EMULATOR and under_qemu.LINKER:
    everywhere = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.spelling)

    @pytest.fixture(autouse=True)
    def emulated(monkeypatch):
        for module in (kernels, test_expressions, test_narrow_floats, test_blocked, test_partial):
            monkeypatch.setattr(module, "Run", under_qemu.EmulatedRun)
        kernels.compiled.cache_clear()
        yield
        kernels.compiled.cache_clear()

    @everywhere
    @pytest.mark.parametrize("width", [0, 4, 16])
    @pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "uint16", "int64"])
    def test_operators(name, width, target):
        test_expressions.run_all(name, width, target)

    @everywhere
    @pytest.mark.parametrize("width", [0, 8])
    @pytest.mark.parametrize("name", test_narrow_floats.NARROW)
    def test_narrow_floats_both_ways(name, width, target):
        test_narrow_floats.test_every_value_widens_exactly(name, target, width)
        for kind in (np.float32, np.float64):
            test_narrow_floats.test_narrowing_rounds_once(name, kind, target, width)

    @everywhere
    @pytest.mark.parametrize(
        ("dtype", "lanes"), [("float32", 16), ("float32", 4), ("int8", 16), ("float16", 8)]
    )
    def test_rows_and_partial_vectors(dtype, lanes, target):
        a = test_blocked.values(dtype, lanes + 3, 37)
        kernels.agree(
            test_blocked.sums(lanes, dtype),
            {"A": a},
            {"n": lanes + 3, "m": 37},
            targets=[target],
            bodies=["contiguous"],
        )
        b = test_partial.values(dtype, 2 * lanes + 5)
        kernels.agree(
            test_partial.scaled(dtype, lanes),
            {"A": b},
            {"n": b.size},
            targets=[target],
            bodies=["contiguous"],
        )
